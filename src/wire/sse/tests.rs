use proptest::prelude::*;

use super::*;

fn read(bytes: &[u8]) -> (Vec<Event>, Option<String>, Option<Duration>) {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    decoder.push(bytes, &mut events).unwrap();
    (events, decoder.last_id().map(str::to_owned), decoder.retry())
}

fn message(data: &str) -> Event {
    Event { name: None, data: data.as_bytes().to_vec() }
}

#[test]
fn the_rules_of_the_standard_hold() {
    let cases: &[(&str, &[Event])] = &[
        ("data: a\n\n", &[message("a")]),
        ("data:a\r\rdata:b\r\n\r\ndata: c\n\n", &[message("a"), message("b"), message("c")]),
        ("\u{feff}data: a\n\n", &[message("a")]),
        ("data: \u{feff}a\n\n\u{feff}data: b\n\n", &[message("\u{feff}a")]),
        (": a comment\n\ndata: a\n\n", &[message("a")]),
        ("data: a\ndata:  b\ndata\n\n", &[message("a\n b\n")]),
        ("data\n\n", &[message("")]),
        ("data\ndata\n\n", &[message("\n")]),
        ("event: x\n\n", &[]),
        ("event: ping\ndata: a\n\ndata: b\n\n", &[Event { name: Some("ping".into()), ..message("a") }, message("b")]),
        ("unknown: 1\ndata: a\n\n", &[message("a")]),
        ("data: a", &[]),
        ("data: a\n", &[]),
    ];
    for (text, events) in cases {
        assert_eq!(read(text.as_bytes()).0, *events, "{text:?}");
    }
}

#[test]
fn ids_and_pauses_are_remembered() {
    assert_eq!(read(b"id: 7\ndata:\n\n").1.as_deref(), Some("7"));
    assert_eq!(read(b"id: 7\n\nid\ndata: a\n\n").1, None, "an empty id forgets the last");
    assert_eq!(read(b"id: 7\n\nid: 8\n").1.as_deref(), Some("7"), "an id counts when its event ends");
    assert_eq!(read(b"id: a\0b\n\n").1, None);
    assert_eq!(read(b"retry: 1500\n\n").2, Some(Duration::from_millis(1500)));
    assert_eq!(
        read(b"retry: 1500\nretry: soon\nretry:\nretry: 99999999999999999999999\n\n").2.unwrap().as_millis(),
        1500
    );
}

#[test]
fn a_reconnected_stream_forgets_the_half_read_event() {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    decoder.push(b"id: 7\n\nretry: 20\nevent: half\ndata: never ended", &mut events).unwrap();
    decoder.reconnect();
    decoder.push(b"\xef\xbb\xbfdata: b\n\n", &mut events).unwrap();
    assert_eq!((events, decoder.last_id()), (vec![message("b")], Some("7")));
    assert_eq!(decoder.retry(), Some(Duration::from_millis(20)));
}

#[test]
fn an_event_without_an_end_is_cut_at_the_limit() {
    // PRO-17, on a small scale: the memory held never passes the limit, in one line or in many.
    for piece in [&b"data: aaaaaaaaaaaaaaaaaaaaaaaaa"[..], b"data: aaaaaaaaaaa\n"] {
        let mut decoder = Decoder::with_limit(1000);
        let mut events = Vec::new();
        let cut = (0..1000).find_map(|_| {
            assert!(decoder.line.len() + decoder.data.len() <= 1001);
            decoder.push(piece, &mut events).err()
        });
        assert_eq!((cut, events.len()), (Some(TooLarge(1000)), 0));
    }
}

#[test]
fn line_ends_cannot_break_out_of_what_is_written() {
    let mut out = String::new();
    event(Some("a\nid: 9"), Some("1\r\n\n"), "one\r\ntwo\rthree\n", &mut out);
    assert_eq!(out, "event: aid: 9\nid: 1\ndata: one\ndata: two\ndata: three\ndata: \n\n");
    let mut out = String::new();
    comment("wait\ndata: no", &mut out);
    retry(Duration::from_secs(2), &mut out);
    assert_eq!(out, ": wait\n: data: no\n\nretry: 2000\n\n");
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        text in "(data|id|event|retry|:|\u{feff})?(: ?)?[a-z0-9é]{0,5}(\n|\r|\r\n){0,3}",
        more in prop::collection::vec("(data|id|event|retry|)(: ?)?[a-z0-9é]{0,5}(\n|\r|\r\n){1,3}", 0..12),
        cuts in prop::collection::vec(1_usize..6, 0..40),
    ) {
        let whole = text + &more.concat();
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        let mut rest = whole.as_bytes();
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            decoder.push(piece, &mut events).unwrap();
            rest = after;
        }
        let together = read(whole.as_bytes());
        prop_assert_eq!((events, decoder.last_id().map(str::to_owned), decoder.retry()), together);
    }

    #[test]
    fn what_is_written_is_read_again(
        name in prop::option::of("[a-z]{1,8}"), id in prop::option::of("[!-~]{1,8}"), data in "[^\r]{0,60}",
    ) {
        let mut out = String::new();
        comment("first", &mut out);
        event(name.as_deref(), id.as_deref(), &data, &mut out);
        let (events, last, _) = read(out.as_bytes());
        prop_assert_eq!(events, vec![Event { name, data: data.into_bytes() }]);
        prop_assert_eq!(last, id);
    }
}
