//! What does every database promise about devices, and about what they report?

use std::sync::Arc;

use countersign::clock::Timestamp;
use countersign::identity::Revoked;
use countersign::intent::report::Report;
use countersign::store::devices::KeptDevice;
use countersign::store::reports::KeptReport;
use countersign::store::{Store, StoreError};

use crate::place::Place;
use crate::tickets::gateways;

crate::promises![
    a_device_is_itself_until_it_is_revoked,
    a_report_counts_once_at_whichever_gateway,
    what_was_reported_is_found_and_forgotten,
];

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn device(id: &str, name: &str) -> KeptDevice {
    KeptDevice {
        id: id.into(),
        name: name.into(),
        public_key: "whpk_AA".into(),
        principals: vec!["os:ada".into(), "key:ada \" 'x".into()],
        made: at(1),
        revoked: None,
    }
}

fn report(text: &str) -> Report {
    Report::read(text.as_bytes()).unwrap()
}

async fn keep(store: &Store, (id, by): (&str, &str), seconds: i64, text: &str) -> bool {
    let report = report(text);
    store.keep_report(KeptReport { id, by, at: at(seconds), report: &report, words: Some("words") }).await.unwrap()
}

async fn a_device_is_itself_until_it_is_revoked(place: Arc<Place>) {
    let store = place.open().await;
    assert!(!store.is_reported_to().await.unwrap());
    let one = device("a1", "laptop-7");
    store.add_device(&one).await.unwrap();
    assert!(store.is_reported_to().await.unwrap());
    for taken in [device("a1", "other"), device("b2", "laptop-7")] {
        let error = store.add_device(&taken).await.unwrap_err();
        assert!(matches!(error, StoreError::Exists(_)), "{error}");
    }
    assert_eq!(store.find_device("a1").await.unwrap(), Some(one.clone()));
    assert_eq!(store.find_device("A1").await.unwrap(), None);
    assert_eq!(store.find_device("a\0").await.unwrap(), None);
    assert!(matches!(store.revoke_device("a1", at(5)).await.unwrap(), Revoked::Now));
    assert!(matches!(store.revoke_device("a1", at(9)).await.unwrap(), Revoked::Earlier(first) if first == at(5)));
    assert!(matches!(store.revoke_device("b2", at(5)).await.unwrap(), Revoked::Unknown));
    assert!(!store.is_reported_to().await.unwrap());
    store.add_device(&device("b2", "laptop-7")).await.unwrap();
    let listed = store.list_devices().await.unwrap();
    assert_eq!(listed.iter().map(|device| device.revoked).collect::<Vec<_>>(), [Some(at(5)), None]);
}

const PROMPT: &str = r#"{"client":"claude-code","session":"s1","turn":"t1","prompt":{"text":"do it"}}"#;
const USE: &str = r#"{"client":"claude-code","session":"s1","model":"m","tool_use":{"id":"u1","tool":"mcp__a__b","arguments":{"a":1}}}"#;

async fn a_report_counts_once_at_whichever_gateway(place: Arc<Place>) {
    let stores = gateways(&place).await;
    assert!(keep(&stores[0], ("a1.m1", "a1"), 5, PROMPT).await);
    assert!(!keep(&stores[1], ("a1.m1", "a1"), 9, PROMPT).await);
    assert!(keep(&stores[1], ("a1.m2", "a1"), 6, USE).await);
    assert!(!keep(&stores[0], ("a1.m2", "a1"), 6, USE).await);
}

async fn what_was_reported_is_found_and_forgotten(place: Arc<Place>) {
    let store = place.open().await;
    store.add_device(&device("a1", "laptop-7")).await.unwrap();
    keep(&store, ("a1.m1", "a1"), 5, PROMPT).await;
    keep(&store, ("a1.m3", "a1"), 8, &PROMPT.replace("do it", "later")).await;
    keep(&store, ("a1.m4", "a1"), 5, &PROMPT.replace("s1", "s2")).await;
    keep(&store, ("a1.m2", "a1"), 6, USE).await;
    let found = store.uses_by_id("u1").await.unwrap();
    assert_eq!((found.len(), found[0].device.as_deref()), (1, Some("laptop-7")));
    assert_eq!((&found[0].principals, found[0].model.as_deref()), (&device("", "").principals, Some("m")));
    assert_eq!(store.uses_by_id("U1").await.unwrap(), []);
    assert_eq!(store.uses_by_id("u\0").await.unwrap(), []);
    assert_eq!(store.uses_alike(found[0].arguments, at(6)).await.unwrap(), found);
    assert_eq!(store.uses_alike(found[0].arguments, at(7)).await.unwrap(), []);
    // Only what was asked for before, in the same conversation.
    let prompts = store.prompts_before(&found[0]).await.unwrap();
    assert_eq!((prompts.len(), prompts[0].at, prompts[0].turn.as_deref()), (1, at(5), Some("t1")));
    assert_eq!(store.words_of(&prompts[0].digest.to_string()).await.unwrap().as_deref(), Some("words"));
    assert_eq!(store.words_of("sha256:").await.unwrap(), None);
    let nul = report(PROMPT);
    let refused =
        store.keep_report(KeptReport { id: "x", by: "a1", at: at(1), report: &nul, words: Some("a\0") }).await;
    assert!(matches!(refused, Err(StoreError::Unstorable(_))));

    store.revoke_device("a1", at(9)).await.unwrap();
    assert_eq!(store.uses_by_id("u1").await.unwrap(), [], "what a revoked device reported counts no more");
    assert_eq!(store.sweep_reports(at(8)).await.unwrap(), 3);
    assert_eq!(store.prompts_before(&found[0]).await.unwrap(), []);
    assert_eq!(store.words_of(&prompts[0].digest.to_string()).await.unwrap(), None);
}
