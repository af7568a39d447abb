use super::*;
use crate::audit::entry::{Entry, Event, Fault, Listed, Operated, Rejected};
use crate::call::CallId;
use crate::cli::output::Paint;
use crate::clock::Timestamp;
use crate::gateway::recorder::Recorder;
use crate::store::{Durability, StoreOptions};

const CALL: &str = "019a3f20-77c1-7abc-8def-000000000001";
const OTHER: &str = "019a3f20-77c1-7abd-8def-000000000002";

fn entry(call: Option<&str>, event: Event) -> Entry {
    Entry { call: call.map(CallId::from_record), at: Timestamp::from_micros(1_763_705_531_123_456), event }
}

fn fault(call: Option<&str>, what: &str) -> Entry {
    entry(call, Event::Fault(Fault { what: what.to_owned() }))
}

async fn book(entries: Vec<Entry>) -> (Store, Recorder) {
    let options = StoreOptions::new("sqlite::memory:", Durability::Process).unwrap();
    let store = Store::open(&options).await.unwrap();
    let recorder = Recorder::start(store.clone());
    recorder.write(entries).await.unwrap();
    (store, recorder)
}

async fn say(store: &Store, verb: Verb) -> anyhow::Result<String> {
    let mut written = Vec::new();
    run(&LogArgs { verb }, store, &mut Output::new(&mut written, Paint::Plain)).await?;
    Ok(String::from_utf8(written).unwrap())
}

fn tail() -> Tail {
    Tail { lines: 20, follow: false, json: false, call: None, events: Vec::new() }
}

fn written(event: &str, body: &str) -> Written {
    let at = Timestamp::from_micros(1_763_705_531_123_456);
    Written { seq: 7, call: Some(CallId::from_record(CALL)), at, event: event.to_owned(), body: body.to_owned() }
}

#[test]
fn each_event_is_told_on_one_line() {
    let table = [
        (
            "arrived",
            r#"{"principal":"os:alice","server":"shop","target":"drop_table","method":"tools/call"}"#,
            "os:alice                  shop/drop_table                       tools/call",
        ),
        (
            "edited",
            r#"{"person":"ada","outcome":"made","changes":{"/limit":"100"},"reason":"fewer"}"#,
            "ada                       /limit                                made: fewer",
        ),
        (
            "decided",
            r#"{"outcome":"deny","code":"denied","findings":[{"policy":"any","id":"a","effect":"allow","reason":"why not"},{"policy":"sql","id":"no-drop","effect":"deny","reason":"never drop"},{"policy":"x","id":"y","effect":"warn","reason":"hm"}]}"#,
            "                          sql/no-drop                           deny: never drop",
        ),
        (
            "decided",
            r#"{"outcome":"deny","code":"policy_error","detail":"data.x: broken","findings":[]}"#,
            "                                                                deny policy_error: data.x: broken",
        ),
        (
            "decided",
            r#"{"outcome":"allow","findings":[{"policy":"any","id":"a","effect":"allow","reason":"why not"}]}"#,
            "                          any/a                                 allow: why not",
        ),
        (
            "finished",
            r#"{"outcome":"failed","error":"boom","micros":81}"#,
            "                          81 µs                                 failed: boom",
        ),
        (
            "released",
            r#"{"outcome":"withheld","code":"withheld","findings":[{"policy":"flow","id":"seen","effect":"label","label":"private"},{"policy":"flow","id":"rows","effect":"withhold","reason":"too many rows"}]}"#,
            "                          flow/rows                             withheld: too many rows",
        ),
        (
            "released",
            r#"{"outcome":"withheld","code":"redaction_failed","detail":"no JSON","findings":[]}"#,
            "                                                                withheld redaction_failed: no JSON",
        ),
        ("dispatched", r#"{"server":"shop"}"#, "                          shop"),
        (
            "refused",
            r#"{"class":"unknown_tool","why":"no such tool","target":"x"}"#,
            "                          x                                     unknown_tool: no such tool",
        ),
        ("from_the_future", r#"{"a":1}"#, "                                                                {\"a\":1}"),
    ];
    for (event, text, expected) in table {
        let line = written(event, text);
        let row = columns::row(&line, &body(&line));
        let code = if event == "from_the_future" { "from_the_…" } else { event };
        let start = format!("2025-11-21T06:12:11.123Z  019a3f20-77c1-7abc  {code:10}  ");
        assert_eq!(row, format!("{start}{expected}"), "{event}");
    }
}

#[tokio::test]
async fn hostile_text_stays_in_its_line() {
    // AUD-14
    let hostile = "a\nb\r\u{1b}[2J\u{9b}31m\u{202e}\u{2028}{\"event\":\"forged\"}";
    let (store, _) = book(vec![fault(Some(CALL), hostile)]).await;
    let outputs = [
        say(&store, Verb::Tail(tail())).await.unwrap(),
        say(&store, Verb::Tail(Tail { json: true, ..tail() })).await.unwrap(),
        say(&store, Verb::Show(Show { call: CALL.to_owned(), json: false })).await.unwrap(),
        say(&store, Verb::Show(Show { call: CALL.to_owned(), json: true })).await.unwrap(),
    ];
    for (text, lines) in outputs.iter().zip([2, 1, 2, 1]) {
        assert_eq!(text.lines().count(), lines, "{text}");
        assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2028}'))), "{text}");
    }
    for text in [&outputs[1], &outputs[3]] {
        let line: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!((line["what"].as_str(), line["event"].as_str()), (Some(hostile), Some("fault")));
    }
}

#[tokio::test]
async fn a_line_of_json_has_its_frame_first_and_keeps_every_digit() {
    let listed = Listed { principal: "os:alice".into(), method: "tools/list".into(), given: u64::MAX, hidden: 0 };
    let (store, _) = book(vec![entry(None, Event::Listed(listed))]).await;
    let text = say(&store, Verb::Tail(Tail { json: true, ..tail() })).await.unwrap();
    let expected = r#"{"seq":1,"at":"2025-11-21T06:12:11.123Z","call":null,"event":"listed","principal":"os:alice","method":"tools/list","given":18446744073709551615,"hidden":0}"#;
    assert_eq!(text.trim_end(), expected);
    let torn = written("fault", "{\"half");
    assert!(json(&torn).ends_with(",\"event\":\"fault\",\"unreadable\":\"{\\\"half\"}\n"), "{}", json(&torn));
}

#[tokio::test]
async fn a_call_is_shown_whole_by_the_beginning_of_its_id() {
    let operated = Event::Operated(Operated { what: "started", detail: "here".into() });
    let rejected =
        Rejected { class: "rejected_parse", why: "bad".into(), transport: "http", principal: None, method: None };
    let entries = vec![
        entry(Some(CALL), operated),
        fault(Some(OTHER), "elsewhere"),
        fault(Some(CALL), "there"),
        entry(None, Event::Rejected(rejected)),
    ];
    let (store, _) = book(entries).await;
    let show = async |call: &str| say(&store, Verb::Show(Show { call: call.to_owned(), json: false })).await;
    let text = show("019a3f20-77c1-7abc").await.unwrap();
    assert_eq!(
        text,
        "2025-11-21T06:12:11.123Z  operated\n    what: started\n    detail: here\n\
         2025-11-21T06:12:11.123Z  fault\n    what: there\n"
    );
    for (call, exit, word) in [("019a", Exit::Usage, "several calls"), ("ffff", Exit::NotFound, "no call")] {
        let error = show(call).await.unwrap_err();
        assert_eq!(Exit::of(&error), exit);
        assert!(error.to_string().contains(word), "{error}");
    }
    let only = Tail { call: Some(OTHER.to_owned()), events: vec!["fault".into()], json: true, ..tail() };
    assert_eq!(say(&store, Verb::Tail(only)).await.unwrap().lines().count(), 1);
    let newest = Tail { lines: 1, ..tail() };
    assert!(say(&store, Verb::Tail(newest)).await.unwrap().contains("rejected_parse: bad"));
}

/// Hands every line to whoever waits for it.
#[derive(Debug)]
struct Lines(tokio::sync::mpsc::UnboundedSender<String>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.send(text).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn following_tells_what_comes_and_nothing_twice() {
    let (store, recorder) = book(vec![fault(None, "before")]).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let following = async {
        let verb = Verb::Tail(Tail { follow: true, json: true, ..tail() });
        run(&LogArgs { verb }, &store, &mut Output::new(&mut Lines(tell), Paint::Plain)).await
    };
    let writing = async {
        assert!(told.recv().await.unwrap().contains("before"));
        for what in ["one", "two"] {
            recorder.write(vec![fault(None, what)]).await.unwrap();
            assert!(told.recv().await.unwrap().contains(what));
        }
        // Nobody reads any more: following ends with the pipe.
        drop(told);
        recorder.write(vec![fault(None, "three")]).await.unwrap();
    };
    let (ended, ()) = tokio::join!(following, writing);
    ended.unwrap_err();
}
