use super::*;
use crate::store::{Durability, StoreOptions};

const LASTING: Lasting = Lasting { idle: Duration::from_secs(100), longest: Duration::from_secs(1000) };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

async fn store() -> Store {
    Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_browser_is_somebody_until_it_is_idle_or_its_time_is_over() {
    let store = store().await;
    let caller = owner::owner();
    let cookie = SignIn::begin(&store, (&caller, How::Link), LASTING, at(0)).await.unwrap();
    let find = async |seconds| SignIn::find(&store, &cookie, LASTING, at(seconds)).await.unwrap();
    assert_eq!(*find(99).await.unwrap().caller, caller);
    assert!(find(198).await.is_some(), "it was used a moment ago");
    assert!(find(300).await.is_none(), "it was not used for a while");
    let cookie = SignIn::begin(&store, (&caller, How::Link), LASTING, at(0)).await.unwrap();
    for seconds in (50..1000).step_by(50) {
        assert!(SignIn::find(&store, &cookie, LASTING, at(seconds)).await.unwrap().is_some(), "{seconds}");
    }
    assert!(SignIn::find(&store, &cookie, LASTING, at(1000)).await.unwrap().is_none(), "its time is over");
}

#[tokio::test]
async fn a_form_belongs_to_one_browser() {
    // IDN-08
    let store = store().await;
    let caller = owner::owner();
    let mut found = Vec::new();
    for _ in 0..2 {
        let cookie = SignIn::begin(&store, (&caller, How::Link), LASTING, at(0)).await.unwrap();
        found.push(SignIn::find(&store, &cookie, LASTING, at(1)).await.unwrap().unwrap());
    }
    assert!(found[0].is_ours(found[0].form_token()));
    for other in ["", found[1].form_token(), found[0].form_token().split_at(1).1] {
        assert!(!found[0].is_ours(other), "{other}");
    }
}

#[tokio::test]
async fn a_link_works_once_and_not_for_long() {
    let store = store().await;
    let first = owner::invite(&store, at(0)).await.unwrap();
    let second = owner::invite(&store, at(0)).await.unwrap();
    assert_eq!(owner::accept(&store, &first, at(1)).await.unwrap(), None, "a newer one was made");
    assert_eq!(owner::accept(&store, "guess", at(1)).await.unwrap(), None);
    assert_eq!(owner::accept(&store, &second, at(1)).await.unwrap(), Some(owner::owner()));
    assert_eq!(owner::accept(&store, &second, at(1)).await.unwrap(), None, "it was used");
    let late = owner::invite(&store, at(0)).await.unwrap();
    assert_eq!(owner::accept(&store, &late, at(900)).await.unwrap(), None, "it is too late");
}

#[tokio::test]
async fn software_is_never_signed_in() {
    let store = store().await;
    let person = owner::owner();
    let token = |delegation: Vec<String>| Proof::Token {
        issuer: "https://i".to_owned(),
        scopes: Vec::new(),
        delegation,
        expires: 0,
    };
    for caller in [
        Caller { proof: Proof::Nothing, ..person.clone() },
        Caller { proof: Proof::Key { id: "k".to_owned() }, ..person.clone() },
        Caller { proof: Proof::Os { uid: 0 }, ..person.clone() },
        Caller { proof: token(vec!["bot".to_owned()]), ..person.clone() },
        Caller { proof: token(Vec::new()), agent: Some("bot".to_owned()), ..person.clone() },
    ] {
        assert!(SignIn::begin(&store, (&caller, How::Provider), LASTING, at(0)).await.is_err(), "{caller:?}");
    }
    let caller = Caller { proof: token(Vec::new()), ..person };
    SignIn::begin(&store, (&caller, How::Provider), LASTING, at(0)).await.unwrap();
}
