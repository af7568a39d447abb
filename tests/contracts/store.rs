//! What does every database promise?

use std::sync::Arc;
use std::task::{Context, Poll};

use countersign::call::caller::Person;
use countersign::catalogue::pins::Pinned;
use countersign::clock::Timestamp;
use countersign::digest::Digest;
use countersign::gateway::recorder::Recorder;
use countersign::identity::{Revoked, StoredKey};
use countersign::store::entries::Wanted;
use countersign::store::pins::{Agreement, Sighting, Wish};
use countersign::store::{Durability, Store, StoreError};

use crate::place::{Place, call, of, said};

crate::promises![
    entries_come_back_in_the_order_they_were_written,
    lines_are_chosen_by_event_and_by_call,
    a_follower_sees_what_comes_after,
    whoever_looks_back_sees_one_stretch_of_the_book,
    hostile_text_comes_back_as_it_was,
    many_writers_share_commits_and_none_is_mixed_up,
    what_was_begun_is_written_even_when_the_caller_goes_away,
    every_durability_writes,
    a_reader_sees_everything_and_adds_nothing,
    a_closed_book_takes_no_more,
    a_newer_schema_is_refused,
    an_empty_database_is_nothing_for_a_reader,
    a_key_is_added_once_found_listed_and_taken_back_once,
    a_pin_keeps_what_was_agreed_until_somebody_agrees_anew,
    a_zero_character_is_refused_everywhere,
];

async fn all(store: &Store) -> Vec<String> {
    let lines = store.following(&Wanted::default(), 0, 100_000).await.unwrap();
    lines.into_iter().map(|line| line.body).collect()
}

async fn entries_come_back_in_the_order_they_were_written(place: Arc<Place>) {
    let recorder = Recorder::start(place.open().await);
    let id = call(1);
    recorder.write(vec![of(&id, "one"), of(&id, "two"), of(&id, "three")]).await.unwrap();
    recorder.write(vec![said("four")]).await.unwrap();
    recorder.close().await;
    let store = place.open().await;
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    let bodies: Vec<&str> = lines.iter().map(|line| line.body.as_str()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"event":"operated","what":"started","detail":"one"}"#,
            r#"{"event":"operated","what":"started","detail":"two"}"#,
            r#"{"event":"operated","what":"started","detail":"three"}"#,
            r#"{"event":"fault","what":"four"}"#,
        ]
    );
    assert!(lines.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!((lines[0].call.clone(), lines[0].at, lines[0].event.as_str()), (Some(id), at(2), "operated"));
    assert_eq!((lines[3].call.clone(), lines[3].at, lines[3].event.as_str()), (None, at(1), "fault"));
    assert_eq!(store.latest(&Wanted::default(), 2).await.unwrap(), lines[2..]);
}

async fn lines_are_chosen_by_event_and_by_call(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    recorder.write(vec![of(&call(1), "a"), of(&call(2), "b"), said("c"), of(&call(1), "d")]).await.unwrap();
    let count = async |call: &str, events: &[&str]| {
        let events = events.iter().map(|&event| event.to_owned()).collect();
        store.latest(&Wanted { call: call.to_owned(), events }, 10).await.unwrap().len()
    };
    assert_eq!(count("", &[]).await, 4);
    assert_eq!(count("", &["operated"]).await, 3);
    assert_eq!(count("", &["fault", "operated"]).await, 4);
    // The beginning of a code is not the code.
    assert_eq!(count("", &["oper", "_ault"]).await, 0);
    assert_eq!(count("01990001", &[]).await, 2);
    assert_eq!(count("01990001", &["fault"]).await, 0);
    assert_eq!(store.of_call("0199000", 10).await.unwrap().len(), 3);
    assert_eq!(store.of_call(call(2).as_str(), 10).await.unwrap().len(), 1);
    assert_eq!(store.of_call("0199_", 10).await.unwrap(), []);
}

async fn a_follower_sees_what_comes_after(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    recorder.write(vec![said("before")]).await.unwrap();
    let end = store.end().await.unwrap();
    assert_eq!(store.following(&Wanted::default(), end, 10).await.unwrap(), []);
    recorder.write(vec![said("after"), said("later")]).await.unwrap();
    let lines = store.following(&Wanted::default(), end, 1).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.body.as_str()).collect::<Vec<_>>(),
        [r#"{"event":"fault","what":"after"}"#]
    );
}

async fn whoever_looks_back_sees_one_stretch_of_the_book(place: Arc<Place>) {
    let store = place.open().await;
    assert_eq!(store.place_after(at(5)).await.unwrap(), 1, "an empty book begins at its first place");
    let recorder = Recorder::start(store.clone());
    // Those of a call are of the second microsecond, the others of the first.
    recorder.write(vec![said("a"), said("b"), of(&call(1), "c"), of(&call(2), "d")]).await.unwrap();
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    let [first, second, third, last] = [0, 1, 2, 3].map(|place: usize| lines[place].seq);
    let seen = async |events: &[&str], between, limit| -> Vec<i64> {
        store.between(events, between, limit).await.unwrap().iter().map(|line| line.seq).collect()
    };
    assert_eq!(seen(&["fault", "operated"], (last + 1, 0), 9).await, [last, third, second, first]);
    assert_eq!(seen(&["fault", "operated"], (last, second), 9).await, [third, second]);
    assert_eq!(seen(&["fault", "operated"], (last + 1, 0), 1).await, [last]);
    assert_eq!(seen(&["fault"], (last + 1, 0), 9).await, [second, first]);
    assert_eq!(seen(&["faul", "_ault"], (last + 1, 0), 9).await, Vec::<i64>::new());
    assert!(store.place_after(at(0)).await.unwrap() <= first);
    assert_eq!(store.place_after(at(1)).await.unwrap(), third);
    assert!(store.place_after(at(2)).await.unwrap() > last);
}

async fn hostile_text_comes_back_as_it_was(place: Arc<Place>) {
    // AUD-14
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    let hostile = "'; DROP TABLE entry; --\n\u{1b}[2J\u{0}\u{202e}$1 %s \\ \" 漢字 \u{1f642}";
    recorder.write(vec![said(hostile)]).await.unwrap();
    let lines = store.latest(&Wanted::default(), 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert!(!lines[0].body.chars().any(char::is_control), "{}", lines[0].body);
    let body: serde_json::Value = serde_json::from_str(&lines[0].body).unwrap();
    assert_eq!(body["what"], hostile);
}

async fn many_writers_share_commits_and_none_is_mixed_up(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    let writers = (0..32_u32).map(|writer| {
        let recorder = recorder.clone();
        tokio::spawn(async move {
            for round in 0..20_u32 {
                let entry = |part: u32| of(&call(writer), &format!("{round}.{part}"));
                recorder.write((0..3).map(entry).collect()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let lines = store.following(&Wanted::default(), 0, 10_000).await.unwrap();
    assert_eq!(lines.len(), 32 * 20 * 3);
    // The lines of one write stand next to each other, and the writes of one caller in their order.
    assert!(lines.chunks(3).all(|three| three.iter().all(|line| line.call == three[0].call)));
    for writer in 0..32 {
        let own: Vec<_> = store.of_call(call(writer).as_str(), 100).await.unwrap();
        let expected = (0..20).flat_map(|round| (0..3).map(move |part| format!("{round}.{part}")));
        assert!(
            own.iter()
                .map(|line| line.body.clone())
                .eq(expected.map(|detail| format!(r#"{{"event":"operated","what":"started","detail":"{detail}"}}"#)))
        );
    }
}

async fn what_was_begun_is_written_even_when_the_caller_goes_away(place: Arc<Place>) {
    // STO-08: a caller is dropped at each of the first points at which it waits.
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    for polls in 1..=8_u32 {
        let mut write = Box::pin(recorder.write(vec![of(&call(polls), "a"), of(&call(polls), "b")]));
        let mut left = polls;
        std::future::poll_fn(|context: &mut Context<'_>| {
            left -= 1;
            let done = write.as_mut().poll(context);
            if done.is_ready() || left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        drop(write);
        // The book still works, and what the dropped caller began stands before this or not at all.
        recorder.write(vec![said("still here")]).await.unwrap();
        assert_eq!(store.of_call(call(polls).as_str(), 10).await.unwrap().len(), 2);
    }
}

async fn every_durability_writes(place: Arc<Place>) {
    for durability in [Durability::Process, Durability::Power] {
        let options = place.surely(durability);
        let opened = Store::open(&options).await;
        if let (Durability::Power, Err(StoreError::Refused { what, .. })) = (durability, &opened) {
            // A throw-away Postgres runs without fsync, and says so.
            assert!(what.contains("fsync = off"), "{what}");
            continue;
        }
        let recorder = Recorder::start(opened.unwrap());
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let recorder = recorder.clone();
                tokio::spawn(async move { recorder.write(vec![said("x"), said("y")]).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        recorder.close().await;
    }
    assert!(matches!(all(&place.open().await).await.len(), 16 | 32));
}

async fn a_reader_sees_everything_and_adds_nothing(place: Arc<Place>) {
    let recorder = Recorder::start(place.open().await);
    recorder.write(vec![said("one")]).await.unwrap();
    let reader = Store::open_reader(&place.options()).await.unwrap();
    assert_eq!(all(&reader).await.len(), 1);
    recorder.write(vec![said("two")]).await.unwrap();
    assert_eq!(all(&reader).await.len(), 2);
    let refused = Recorder::start(reader.clone()).write(vec![said("three")]).await.unwrap_err();
    assert_eq!(refused.to_string(), "audit_unavailable: the record was opened for reading only");
    assert_eq!(all(&reader).await.len(), 2);
}

async fn a_closed_book_takes_no_more(place: Arc<Place>) {
    let recorder = Recorder::start(place.open().await);
    recorder.write(vec![said("one")]).await.unwrap();
    assert!(recorder.healthy());
    recorder.clone().close().await;
    recorder.write(vec![said("two")]).await.unwrap_err();
    assert!(!recorder.healthy());
    assert_eq!(all(&place.open().await).await.len(), 1);
}

async fn a_newer_schema_is_refused(place: Arc<Place>) {
    place.open().await.close().await;
    place.meddle("INSERT INTO schema_version (number) VALUES (4711)").await;
    for opened in [Store::open(&place.options()).await, Store::open_reader(&place.options()).await] {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 4711, .. }), "{error}");
        assert!(error.to_string().contains("use the newer countersign"));
    }
}

async fn an_empty_database_is_nothing_for_a_reader(place: Arc<Place>) {
    place.meddle("CREATE TABLE other (x INTEGER)").await;
    let error = Store::open_reader(&place.options()).await.unwrap_err();
    assert!(matches!(error, StoreError::Older { found: 0, .. }), "{error}");
    place.open().await.close().await;
    Store::open_reader(&place.options()).await.unwrap();
}

async fn a_key_is_added_once_found_listed_and_taken_back_once(place: Arc<Place>) {
    let store = place.open().await;
    let first = StoredKey {
        id: "3f9a".to_owned(),
        name: "ci-bot".to_owned(),
        hash: Digest::of_bytes("t", b"secret"),
        groups: vec!["ci".to_owned(), "night, shift".to_owned()],
        agent: Some("actions".to_owned()),
        user: Some(Person { id: "alice".to_owned(), name: None }),
        made: at(5),
        revoked: None,
    };
    let second =
        StoredKey { id: "0000".to_owned(), groups: vec![], agent: None, user: None, made: at(6), ..first.clone() };
    store.add_key(&second).await.unwrap();
    store.add_key(&first).await.unwrap();
    let again = StoredKey { name: "other".to_owned(), ..first.clone() };
    assert!(matches!(store.add_key(&again).await, Err(StoreError::Exists(_))));
    assert_eq!(store.find_key("3f9a").await.unwrap(), Some(first.clone()));
    assert_eq!(store.find_key("3F9A").await.unwrap(), None);
    assert_eq!(store.list_keys().await.unwrap(), [first.clone(), second]);
    assert_eq!(store.revoke_key("3f9a", at(7)).await.unwrap(), Revoked::Now);
    assert_eq!(store.revoke_key("3f9a", at(8)).await.unwrap(), Revoked::Earlier(at(7)));
    assert_eq!(store.revoke_key("none", at(8)).await.unwrap(), Revoked::Unknown);
    assert_eq!(store.find_key("3f9a").await.unwrap(), Some(StoredKey { revoked: Some(at(7)), ..first }));
}

async fn a_pin_keeps_what_was_agreed_until_somebody_agrees_anew(place: Arc<Place>) {
    // TOO-01
    let store = place.open().await;
    let [a, b, c] = ["a", "b", "c"].map(|text| Digest::of_bytes("t", text.as_bytes()));
    let see = async |server: &str, agreed: Option<Digest>, seen: Digest, changes: u32, time: i64| {
        let pinned = Pinned { agreed, seen, changes };
        let definition = format!("{{\"seen\":\"{seen}\"}}");
        let sighting = Sighting { server, tool: "drop_table", pinned: &pinned, definition: &definition, at: at(time) };
        store.see_pin(sighting).await.unwrap();
    };
    let agree = async |digest: Digest| {
        let wish = Wish { server: "shop", tool: "drop_table", digest, by: "os:alice", at: at(9) };
        store.agree_pin(wish).await.unwrap()
    };
    assert_eq!(agree(a).await, Agreement::Unknown);
    see("shop", Some(a), a, 0, 1).await;
    see("other", None, c, 0, 1).await;
    see("shop", Some(b), b, 1, 2).await;
    // A later look cannot agree, whatever it says.
    let known = store.pins_of("shop").await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known["drop_table"], Pinned { agreed: Some(a), seen: b, changes: 1 });
    assert_eq!(agree(a).await, Agreement::Moved(b));
    assert_eq!(agree(b).await, Agreement::Agreed);
    let kept = store.list_pins("shop").await.unwrap().remove(0);
    assert_eq!(kept.pinned, Pinned { agreed: Some(b), seen: b, changes: 0 });
    assert_eq!((kept.agreed_by.as_deref(), kept.first_seen, kept.last_seen), (Some("os:alice"), at(1), at(2)));
    assert_eq!(kept.definition, format!("{{\"seen\":\"{b}\"}}"));
    assert_eq!(store.pins_of("other").await.unwrap()["drop_table"], Pinned { agreed: None, seen: c, changes: 0 });
    assert_eq!(store.list_pins("").await.unwrap().len(), 2);
}

async fn a_zero_character_is_refused_everywhere(place: Arc<Place>) {
    let store = place.open().await;
    let digest = Digest::of_bytes("t", b"a");
    let pinned = Pinned { agreed: None, seen: digest, changes: 0 };
    let sighting = Sighting { server: "shop", tool: "a\0b", pinned: &pinned, definition: "{}", at: at(1) };
    assert!(matches!(store.see_pin(sighting).await, Err(StoreError::Unstorable(_))));
    assert_eq!(store.find_key("a\0b").await.unwrap(), None);
    assert_eq!(store.of_call("a\0b", 1).await.unwrap(), []);
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}
