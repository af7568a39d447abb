//! API keys, and requests that prove nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign::call::caller::Proof;
use countersign::identity::api_key::{self, Holder, NewKey};
use countersign::identity::{Accept, Arrival, BadOptions, Identity, KeyBookWrite as _, MemoryBook, Reason, StoredKey};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::issuer::Issuer;
use crate::mint::Key;
use crate::world::{CountingBook, at, bearer, claims, come, identity, issuer_options, options};

fn key(name: &str) -> (NewKey, StoredKey) {
    let holder = Holder { name: name.into(), groups: vec!["ci".into()], agent: Some("robot".into()), user: None };
    api_key::make(holder, at(0), &zeroize::Zeroizing::new(countersign::clock::chance().unwrap()))
}

fn for_keys(book: &Arc<CountingBook>) -> Identity {
    identity(options(Accept::Keys, Vec::new()), Arc::<CountingBook>::clone(book))
}

#[tokio::test]
async fn a_key_gets_in_and_the_book_is_opened_once_in_five_seconds() {
    let book = Arc::new(CountingBook::default());
    let identity = for_keys(&book);
    let (new, stored) = key("ci-bot");
    book.keys.add(stored.clone()).await.unwrap();
    for second in 0..5 {
        let caller = come(&identity, new.expose(), second).await.unwrap();
        assert_eq!((caller.principal.as_str(), caller.agent.as_deref()), ("key:ci-bot", Some("robot")));
        assert_eq!(caller.proof, Proof::Key { id: stored.id.clone() });
    }
    assert_eq!(book.opened.load(Ordering::SeqCst), 1);
    book.keys.revoke(&stored.id, at(4)).await.unwrap();
    let challenge = come(&identity, new.expose(), 5).await.unwrap_err();
    assert_eq!((challenge.why, challenge.status()), (Reason::RevokedKey, StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_key_of_nobody_is_refused_and_a_mistyped_one_does_not_open_the_book() {
    let book = Arc::new(CountingBook::default());
    let identity = for_keys(&book);
    let (new, _) = key("nobody");
    assert_eq!(come(&identity, new.expose(), 0).await.unwrap_err().why, Reason::UnknownKey);
    assert_eq!(book.opened.load(Ordering::SeqCst), 1);
    let mut mistyped = new.expose().to_owned();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == '0' { '1' } else { '0' });
    let challenge = come(&identity, &mistyped, 0).await.unwrap_err();
    assert_eq!(challenge.why, Reason::UnknownKey);
    assert_eq!(book.opened.load(Ordering::SeqCst), 1);
    // Where no tokens are taken nobody is sent to sign in: some clients would stop using their key.
    assert!(challenge.header().unwrap().starts_with("Bearer realm=\"countersign\", error=\"invalid_token\""));
}

#[tokio::test]
async fn a_book_that_cannot_be_read_lets_nobody_in() {
    let book = Arc::new(CountingBook::default());
    let identity = for_keys(&book);
    let (new, stored) = key("ci-bot");
    book.keys.add(stored).await.unwrap();
    book.away.store(true, Ordering::SeqCst);
    let challenge = come(&identity, new.expose(), 0).await.unwrap_err();
    assert_eq!((challenge.why, challenge.status()), (Reason::BookAway, StatusCode::SERVICE_UNAVAILABLE));
    book.away.store(false, Ordering::SeqCst);
    come(&identity, new.expose(), 0).await.unwrap();
}

#[tokio::test]
async fn each_listener_takes_the_proofs_it_was_told_to_take() {
    let signing = Key::ed25519();
    let issuer = Issuer::start(&[signing.jwk("k")]).await;
    let token = signing.token("k", &claims(&issuer));
    let (new, stored) = key("ci-bot");
    let cases = [
        (Accept::Keys, None, Some(Reason::TokensNotTaken)),
        (Accept::Tokens, Some(Reason::KeysNotTaken), None),
        (Accept::KeysAndTokens, None, None),
    ];
    for (accept, for_key, for_token) in cases {
        let book = MemoryBook::with([stored.clone()]);
        let identity = identity(options(accept, vec![issuer_options(&issuer)]), Arc::new(book));
        let why = |result: Result<_, countersign::identity::Challenge>| result.err().map(|challenge| challenge.why);
        assert_eq!(why(come(&identity, new.expose(), 0).await), for_key, "{accept:?}");
        assert_eq!(why(come(&identity, &token, 0).await), for_token, "{accept:?}");
    }
}

/// IDN-04, and IDN-07's second half: loopback or not, nothing shown means nobody in.
#[tokio::test]
async fn nothing_shown_is_refused_whatever_else_is_said() {
    let identity = for_keys(&Arc::default());
    let mut headers = HeaderMap::new();
    for name in ["x-forwarded-user", "x-remote-user", "x-auth-request-user", "x-forwarded-for", "cookie"] {
        headers.insert(name, HeaderValue::from_static("root"));
    }
    let challenge = identity.identify(&headers, at(0)).await.unwrap_err();
    assert_eq!((challenge.why, challenge.status()), (Reason::Missing, StatusCode::UNAUTHORIZED));
    assert_eq!(challenge.header(), Some("Bearer realm=\"countersign\""), "no error code when nothing was shown");
}

#[tokio::test]
async fn a_good_key_in_the_wrong_place_is_refused() {
    let book = Arc::new(CountingBook::default());
    let identity = for_keys(&book);
    let (new, stored) = key("ci-bot");
    book.keys.add(stored).await.unwrap();
    let headers = bearer(new.expose());
    let query = format!("access_token={}", new.expose());
    let arrival = Arrival { query: Some(&query), ..Arrival::from(&headers) };
    let challenge = identity.identify(arrival, at(0)).await.unwrap_err();
    assert_eq!((challenge.why, challenge.status()), (Reason::InQuery, StatusCode::BAD_REQUEST));
    let mut twice = headers.clone();
    twice.append("authorization", headers["authorization"].clone());
    assert_eq!(identity.identify(&twice, at(0)).await.unwrap_err().why, Reason::Ambiguous);
    assert!(identity.identify(&headers, at(0)).await.is_ok());
}

#[tokio::test]
async fn a_listener_for_anyone_looks_at_nothing() {
    let identity = identity(options(Accept::Anyone, Vec::new()), Arc::new(MemoryBook::default()));
    let caller = identity.identify(&bearer("csk_whatever"), at(0)).await.unwrap();
    assert_eq!((caller.principal.as_str(), &caller.proof), ("anyone", &Proof::Nothing));
}

#[tokio::test]
async fn a_name_in_the_address_cannot_write_into_the_challenge() {
    let signing = Key::ed25519();
    let issuer = Issuer::start(&[signing.jwk("k")]).await;
    let identity = crate::world::for_tokens(&issuer);
    let headers = HeaderMap::new();
    let ask = async |server| {
        let arrival = Arrival { server: Some(server), ..Arrival::from(&headers) };
        identity.identify(arrival, at(0)).await.unwrap_err().header().unwrap().to_owned()
    };
    let metadata = "Bearer resource_metadata=\"https://gw.example.com/.well-known/oauth-protected-resource/mcp";
    assert_eq!(ask("files").await, format!("{metadata}/files\""));
    assert_eq!(ask("x\", realm=\"evil").await, format!("{metadata}\""));
}

#[tokio::test]
async fn options_that_cannot_work_are_refused_at_the_start() {
    let issuer = Issuer::start(&[]).await;
    let named = |name: &str| {
        let mut options = issuer_options(&issuer);
        name.clone_into(&mut options.issuer);
        options
    };
    let with = |issuers| Identity::new(options(Accept::Tokens, issuers), Arc::new(MemoryBook::default())).err();
    assert_eq!(with(Vec::new()), Some(BadOptions::NoIssuer));
    for bad in ["login", "https://login.example.com/#x", "https://login.example.com/?x"] {
        assert_eq!(with(vec![named(bad)]), Some(BadOptions::Issuer(bad.to_owned())));
    }
    let twice = "https://login.example.com";
    assert_eq!(with(vec![named(twice), named(twice)]), Some(BadOptions::Twice(twice.to_owned())));
}
