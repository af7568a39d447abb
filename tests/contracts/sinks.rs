//! What does every database promise about telling the record elsewhere?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign::clock::{Clock, HandClock, SystemClock, Timestamp};
use countersign::downstream::http::guard::Private;
use countersign::gateway::recorder::Recorder;
use countersign::sinks::{Beginning, Kind, Sink, Sinks};
use countersign::store::Store;
use countersign::store::entries::Wanted;
use countersign::store::settled::Tail;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::place::{Place, said};
use crate::tickets::gateways;

crate::promises![
    one_gateway_tells_a_sink_at_a_time,
    how_far_a_sink_was_told_is_moved_by_its_holder_alone,
    several_gateways_tell_a_file_every_entry_in_order,
    a_required_sink_that_takes_nothing_stops_what_is_new_and_no_other_does,
    a_tail_reads_every_entry_once_and_in_order,
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

async fn one_gateway_tells_a_sink_at_a_time(place: Arc<Place>) {
    let stores = gateways(&place).await;
    for store in &stores {
        store.begin_sink("siem", 7, at(1)).await.unwrap();
    }
    assert_eq!(stores[0].find_sink("siem").await.unwrap().unwrap().seq, 7);
    let both: Vec<_> = stores
        .iter()
        .cloned()
        .enumerate()
        .map(|(number, store)| {
            tokio::spawn(async move { store.hold_sink("siem", &number.to_string(), (at(2), at(10))).await.unwrap() })
        })
        .collect();
    let mut won = Vec::new();
    for one in both {
        won.push(one.await.unwrap());
    }
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let (winner, loser) = if won[0] { ("0", "1") } else { ("1", "0") };
    let store = &stores[0];
    assert!(store.hold_sink("siem", winner, (at(3), at(12))).await.unwrap(), "whoever has it keeps it");
    assert!(!store.hold_sink("siem", loser, (at(11), at(20))).await.unwrap());
    assert!(store.hold_sink("siem", loser, (at(12), at(20))).await.unwrap(), "when its time is over it is anybody's");
    store.let_go_of_sink("siem", loser).await.unwrap();
    assert!(store.hold_sink("siem", winner, (at(13), at(20))).await.unwrap(), "and when it was let go");
}

async fn how_far_a_sink_was_told_is_moved_by_its_holder_alone(place: Arc<Place>) {
    let store = place.open().await;
    store.begin_sink("siem", 0, at(1)).await.unwrap();
    assert!(store.hold_sink("siem", "a", (at(1), at(5))).await.unwrap());
    store.fail_sink("siem", "a", "it hangs").await.unwrap();
    assert_eq!(store.find_sink("siem").await.unwrap().unwrap().why, "it hangs");
    assert!(store.advance_sink("siem", "a", (3, at(2))).await.unwrap());
    assert!(store.hold_sink("siem", "b", (at(6), at(9))).await.unwrap());
    assert!(!store.advance_sink("siem", "a", (9, at(7))).await.unwrap());
    let cursor = store.find_sink("siem").await.unwrap().unwrap();
    assert_eq!((cursor.seq, &*cursor.why, &*cursor.holder), (3, "", "b"));
    store.begin_sink("siem", 0, at(8)).await.unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.find_sink("siem").await.unwrap().unwrap().seq, 3, "what is kept already is not begun anew");
    assert_eq!(store.waiting_since(3).await.unwrap(), None);
}

fn file(place: &Place, name: &str, required: Option<Duration>) -> Sink {
    Sink {
        name: name.to_owned(),
        format: countersign::audit::export::Format::Jsonl,
        kind: Kind::File { path: place.file().with_file_name(format!("{name}.jsonl")), rotate: u64::MAX },
        required,
        timeout: Duration::from_secs(5),
        from: Beginning::First,
    }
}

/// Waits until it is so.
macro_rules! until {
    ($so:expr) => {{
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !$so {
            looks.tick().await;
        }
    }};
}

async fn several_gateways_tell_a_file_every_entry_in_order(place: Arc<Place>) {
    let stores = gateways(&place).await;
    let stop = CancellationToken::new();
    let mut running = Vec::new();
    for store in &stores {
        let sinks = Sinks::start(store.clone(), Arc::new(SystemClock), vec![file(&place, "log", None)]).await.unwrap();
        running.push(tokio::spawn(sinks.run(stop.clone())));
    }
    let writing: Vec<_> = stores
        .iter()
        .cloned()
        .map(|store| {
            tokio::spawn(async move {
                let recorder = Recorder::start(store);
                for number in 0..60 {
                    recorder.write(vec![said(&number.to_string()), said("again")]).await.unwrap();
                }
            })
        })
        .collect();
    for one in writing {
        one.await.unwrap();
    }
    let path = place.file().with_file_name("log.jsonl");
    let all = stores.len() * 120;
    until!(std::fs::read_to_string(&path).unwrap_or_default().lines().count() >= all);
    stop.cancel();
    for one in running {
        one.await.unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let places: Vec<i64> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap()).collect();
    let written = stores[0].following(&Wanted::default(), 0, 10_000).await.unwrap();
    assert_eq!(places, written.iter().map(|line| line.seq).collect::<Vec<_>>());
}

async fn a_required_sink_that_takes_nothing_stops_what_is_new_and_no_other_does(place: Arc<Place>) {
    // AUD-15: whoever connects is let in and never answered.
    let store = place.open().await;
    let clock = Arc::new(HandClock::at(at(100)));
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}/ingest", deaf.local_addr().unwrap()).parse().unwrap();
    let hung = |name: &str, required| Sink {
        kind: Kind::Http { url: url.clone(), headers: BTreeMap::new(), private: Private::Refused },
        timeout: Duration::from_millis(300),
        ..file(&place, name, required)
    };
    let minute = Some(Duration::from_mins(1));
    let all = vec![hung("must", minute), hung("may", None), file(&place, "log", minute)];
    let theirs: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
    let sinks = Sinks::start(store.clone(), theirs, all).await.unwrap();
    let recorder = Recorder::start(store.clone());
    recorder.guard(sinks.gate());
    recorder.admits().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&sinks).run(stop.clone()));
    let mut entry = said("waits");
    entry.at = at(100);
    recorder.write(vec![entry]).await.unwrap();
    until!(store.find_sink("must").await.unwrap().unwrap().why.contains("it took nothing within 300ms"));
    until!(store.find_sink("log").await.unwrap().unwrap().seq == 1);
    clock.set(at(160));
    recorder.admits().unwrap();
    clock.set(at(161));
    until!(recorder.admits().is_err());
    let refused = recorder.admits().unwrap_err().to_string();
    assert!(refused.starts_with("audit_unavailable: the sink `must` is 61 s behind"), "{refused}");
    // What happened is still written down, and when the sink takes it again things run again.
    recorder.write(vec![said("refused")]).await.unwrap();
    let mut heard = answering(deaf);
    until!(recorder.admits().is_ok());
    let first = heard.recv().await.unwrap();
    assert!(first.starts_with("POST /ingest HTTP/1.1\r\n") && first.contains("waits"), "{first}");
    stop.cancel();
    running.await.unwrap();
}

/// Answers whoever has connected and whoever connects, and gives what they said.
fn answering(listener: TcpListener) -> mpsc::UnboundedReceiver<String> {
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut said = String::new();
            let mut bytes = [0_u8; 8192];
            // Small enough to be complete when its last line is.
            while !said.ends_with("}\n") {
                match stream.read(&mut bytes).await {
                    Ok(length @ 1..) => said.push_str(&String::from_utf8_lossy(&bytes[..length])),
                    _ => break,
                }
            }
            // Whoever has gone does not hear it.
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await);
            drop(tell.send(said));
        }
    });
    told
}

async fn a_tail_reads_every_entry_once_and_in_order(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    let (mut tail, mut read) = (Tail::after(0), Vec::new());
    for number in 0..25 {
        recorder.write(vec![said(&number.to_string())]).await.unwrap();
        read.extend(next(&mut tail, &store).await);
    }
    assert_eq!(read.len(), 25);
    assert_eq!((tail.last(), next(&mut tail, &store).await.len()), (read[24], 0));
    let end = store.settled_end().await.unwrap();
    assert_eq!((end.place, end.settled), (read[24], true));
}

async fn next(tail: &mut Tail, store: &Store) -> Vec<i64> {
    tail.next(store, 10).await.unwrap().iter().map(|line| line.seq).collect()
}
