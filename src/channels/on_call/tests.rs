//! Services that answer, answer nonsense, stay silent, or are not there.
#![expect(clippy::arithmetic_side_effects, reason = "the sums of tests are small, and a test may stop")]

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::channels::routing::duty::Rota;
use crate::clock::HandClock;
use crate::config::Period;
use crate::secret::Secret;

const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((1_000_000 + seconds) * SECOND)
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

/// Answers requests one after the other, the last of these for ever; `None` is silence. Counts them, and keeps the last.
#[derive(Debug, Default)]
struct Served {
    count: AtomicUsize,
    last: std::sync::Mutex<String>,
}

async fn serve(answers: Vec<Option<(u16, String)>>) -> (Url, Arc<Served>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/on-call?team=dba", listener.local_addr().unwrap())).unwrap();
    let served = Arc::new(Served::default());
    let counted = Arc::clone(&served);
    drop(tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0; 1];
                if stream.read(&mut byte).await.unwrap_or(0) == 0 {
                    break;
                }
                request.extend(byte);
            }
            let number = counted.count.fetch_add(1, Ordering::SeqCst);
            *counted.last.lock().unwrap() = String::from_utf8(request).unwrap();
            match answers.get(number.min(answers.len() - 1)).unwrap() {
                Some((status, body)) => {
                    let head =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
                    let head = format!("{head}location: http://127.0.0.1:1/\r\n\r\n");
                    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
                }
                None => silent.push(stream),
            }
        }
    }));
    (url, served)
}

fn asking(url: Url, fallback: &[&str], clock: &Arc<HandClock>) -> Duties {
    let service = Service { url, bearer: Some(Secret::new("tok-51c0".to_owned())), allow_private: false };
    let on_call = OnCall { source: Source::Service(service), fallback: names(fallback) };
    let people = names(&["ada", "bob", "eve"]).into_iter().collect();
    Duties::new([("dba".to_owned(), on_call)].into(), people, Arc::<HandClock>::clone(clock))
}

fn says(people: &str) -> (u16, String) {
    (200, format!("{{\"people\": {people}, \"until\": \"later\"}}"))
}

#[tokio::test]
async fn an_answer_is_believed_for_a_minute() {
    // A35: whoever is on call is told.
    let (url, served) = serve(vec![Some(says("[\"ada\", \"nobody\"]")), Some(says("[\"bob\"]"))]).await;
    let clock = Arc::new(HandClock::at(at(0)));
    let duties = asking(url, &["eve"], &clock);
    for (seconds, who, asked) in [(0, "ada", 1), (59, "ada", 1), (60, "bob", 2), (61, "bob", 2), (0, "bob", 3)] {
        clock.set(at(seconds));
        assert_eq!(duties.now().await["dba"], [who], "{seconds}");
        assert_eq!(served.count.load(Ordering::SeqCst), asked, "{seconds}");
    }
    let request = served.last.lock().unwrap().to_lowercase();
    assert!(request.starts_with("get /on-call?team=dba http/1.1"), "{request}");
    assert!(request.contains("authorization: bearer tok-51c0\r\n"), "{request}");
    assert!(!format!("{duties:?}").contains("tok-51c0"));
}

#[tokio::test]
async fn many_who_want_to_know_ask_once() {
    let (url, served) = serve(vec![Some(says("[\"ada\"]"))]).await;
    let duties = asking(url, &[], &Arc::new(HandClock::at(at(0))));
    let all = join_all((0..20).map(|_| duties.now())).await;
    assert!(all.iter().all(|found| found["dba"] == ["ada"]));
    assert_eq!(served.count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_cannot_be_used_falls_back() {
    for answer in [
        Some((200, "[]".to_owned())),
        Some((200, "{\"people\": \"ada\"}".to_owned())),
        Some((200, "{\"people\": [1]}".to_owned())),
        Some((200, "{".to_owned())),
        Some((200, format!("{{\"people\": [\"{}\"]}}", "a".repeat(2 << 20)))),
        Some((500, "{\"people\": [\"ada\"]}".to_owned())),
        // Nothing is followed elsewhere.
        Some((302, "{\"people\": [\"ada\"]}".to_owned())),
        Some(says("[]")),
        Some(says("[\"nobody\"]")),
    ] {
        let (url, served) = serve(vec![answer.clone()]).await;
        let duties = asking(url, &["eve"], &Arc::new(HandClock::at(at(0))));
        assert_eq!(duties.now().await["dba"], ["eve"], "{answer:?}");
        assert_eq!(duties.now().await["dba"], ["eve"], "{answer:?}");
        assert_eq!(served.count.load(Ordering::SeqCst), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn what_was_said_last_holds_for_some_hours() {
    let (url, served) = serve(vec![Some(says("[\"ada\"]")), Some((503, String::new()))]).await;
    let clock = Arc::new(HandClock::at(at(0)));
    let duties = asking(url, &["eve"], &clock);
    for (seconds, who, asked) in
        [(0, "ada", 1), (60, "ada", 2), (119, "ada", 2), (43_199, "ada", 3), (43_300, "eve", 4)]
    {
        clock.set(at(seconds));
        assert_eq!(duties.now().await["dba"], [who], "{seconds}");
        assert_eq!(served.count.load(Ordering::SeqCst), asked, "{seconds}");
    }
}

#[tokio::test]
async fn a_silent_service_makes_nobody_wait_for_long() {
    let (url, served) = serve(vec![None]).await;
    let duties = asking(url, &["eve"], &Arc::new(HandClock::at(at(0))));
    let begun = std::time::Instant::now();
    let all = join_all((0..3).map(|_| duties.now())).await;
    assert!(all.iter().all(|found| found["dba"] == ["eve"]));
    // Not a second time within the minute.
    assert_eq!(duties.now().await["dba"], ["eve"]);
    assert!(begun.elapsed() < PATIENCE * 2, "{:?}", begun.elapsed());
    assert_eq!(served.count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_inside_is_asked() {
    // SSR-01: the address is looked at again when it is connected.
    for url in ["https://10.0.0.1/", "https://169.254.169.254/", "http://10.0.0.1/", "http://93.184.216.34/"] {
        let duties = asking(Url::parse(url).unwrap(), &["eve"], &Arc::new(HandClock::at(at(0))));
        let begun = std::time::Instant::now();
        assert_eq!(duties.now().await["dba"], ["eve"], "{url}");
        assert!(begun.elapsed() < PATIENCE, "{url}");
    }
}

#[tokio::test]
async fn people_who_take_turns_are_known_without_asking() {
    let rota = Rota { people: names(&["ada", "gone"]), start: at(0), shift: Period::parse("1h").unwrap() };
    let on_call = OnCall { source: Source::Rota(rota), fallback: names(&["eve"]) };
    let clock = Arc::new(HandClock::at(at(0)));
    let people = names(&["ada", "eve"]).into_iter().collect();
    let duties = Duties::new([("dba".to_owned(), on_call)].into(), people, Arc::<HandClock>::clone(&clock));
    for (seconds, who) in [(0, "ada"), (3600, "eve"), (7200, "ada")] {
        clock.set(at(seconds));
        assert_eq!(duties.now().await["dba"], [who], "{seconds}");
    }
}
