//! What an issuer does to us: it changes its keys, goes away, lies, and sends us elsewhere.

use countersign::identity::Reason;
use http::StatusCode;

use crate::issuer::Issuer;
use crate::mint::Key;
use crate::world::{LOG, claims, come, for_tokens};

#[tokio::test]
async fn a_new_key_is_found_at_once_and_unknown_names_do_not_hammer_the_issuer() {
    let (old, new) = (Key::ed25519(), Key::p256());
    let issuer = Issuer::start(&[old.jwk("old")]).await;
    let identity = for_tokens(&issuer);
    let claims = claims(&issuer);
    come(&identity, &old.token("old", &claims), 0).await.unwrap();
    issuer.publish_keys(&[old.jwk("old"), new.jwk("new")]);
    come(&identity, &new.token("new", &claims), 10).await.unwrap();
    assert_eq!(issuer.asked("/keys"), 2);
    for seconds in 10..20 {
        let challenge = come(&identity, &new.token(&format!("guess{seconds}"), &claims), seconds).await.unwrap_err();
        assert_eq!(challenge.why, Reason::SigningKey);
    }
    assert_eq!(issuer.asked("/keys"), 2, "once in ten seconds");
    come(&identity, &new.token("guess", &claims), 20).await.unwrap_err();
    assert_eq!(issuer.asked("/keys"), 3);
}

#[tokio::test]
async fn a_key_the_issuer_took_back_is_refused_within_a_minute() {
    let (leaked, fresh) = (Key::ed25519(), Key::ed25519());
    let issuer = Issuer::start(&[leaked.jwk("leaked")]).await;
    let identity = for_tokens(&issuer);
    let token = leaked.token("leaked", &claims(&issuer));
    come(&identity, &token, 0).await.unwrap();
    issuer.publish_keys(&[fresh.jwk("fresh")]);
    // The worst case: checked again just before the keys are too old, and remembered from then on.
    come(&identity, &token, 29).await.unwrap();
    come(&identity, &token, 43).await.unwrap();
    assert_eq!(come(&identity, &token, 60).await.unwrap_err().why, Reason::SigningKey);
}

#[tokio::test]
async fn calls_do_not_wait_while_aging_keys_are_fetched_again() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let identity = for_tokens(&issuer);
    let token = key.token("k", &claims(&issuer));
    come(&identity, &token, 0).await.unwrap();
    come(&identity, &token, 31).await.unwrap();
    let fetched = async {
        while issuer.asked("/keys") < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), fetched).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_is_away_is_missed_for_an_hour_and_then_nobody_gets_in() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let identity = for_tokens(&issuer);
    let token = key.token("k", &claims(&issuer));
    come(&identity, &token, 0).await.unwrap();
    issuer.go_away(true);
    for seconds in [50, 1000, 3599] {
        come(&identity, &token, seconds).await.unwrap();
    }
    // Over what is remembered, and past the hour.
    let challenge = come(&identity, &token, 3620).await.unwrap_err();
    assert_eq!((challenge.why, challenge.status()), (Reason::IssuerAway, StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(challenge.header(), None, "another token would not help");
    issuer.go_away(false);
    come(&identity, &token, 3640).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_was_never_there_lets_nobody_in_and_is_asked_rarely() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    issuer.go_away(true);
    let identity = for_tokens(&issuer);
    let token = key.token("k", &claims(&issuer));
    for seconds in 0..10 {
        assert_eq!(come(&identity, &token, seconds).await.unwrap_err().why, Reason::IssuerAway);
    }
    assert_eq!(issuer.asked("/.well-known/openid-configuration"), 1);
    let log = String::from_utf8(LOG.0.lock().unwrap().clone()).unwrap();
    let told = log.lines().any(|line| line.contains("cannot be fetched") && line.contains(&issuer.url));
    assert!(told, "the operator is told");
    issuer.go_away(false);
    come(&identity, &token, 10).await.unwrap();
}

#[tokio::test]
async fn callers_that_come_together_cause_one_fetch() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let identity = for_tokens(&issuer);
    let token = key.token("k", &claims(&issuer));
    let all = (0..50).map(|_| come(&identity, &token, 0));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(issuer.asked("/keys"), 1);
}

#[tokio::test]
async fn the_other_well_known_place_is_asked_too() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    issuer.withdraw("/.well-known/openid-configuration");
    issuer.publish("/.well-known/oauth-authorization-server", &issuer.document(&issuer.url));
    come(&for_tokens(&issuer), &key.token("k", &claims(&issuer)), 0).await.unwrap();
}

/// SSR-07: documents that lie, redirects, and answers without end lead nowhere.
#[tokio::test]
async fn an_issuer_that_misbehaves_is_not_believed() {
    let key = Key::ed25519();
    let token = |issuer: &Issuer| key.token("k", &claims(issuer));
    let keys = serde_json::json!({ "keys": [key.jwk("k")] }).to_string();

    let liar = Issuer::start(&[key.jwk("k")]).await;
    liar.publish("/.well-known/openid-configuration", &liar.document("https://login.example.com"));
    assert_eq!(come(&for_tokens(&liar), &token(&liar), 0).await.unwrap_err().why, Reason::IssuerAway);
    assert_eq!(liar.asked("/keys"), 0);

    let mover = Issuer::start(&[key.jwk("k")]).await;
    mover.publish("/elsewhere", &keys);
    mover.move_page("/keys", "/elsewhere");
    assert_eq!(come(&for_tokens(&mover), &token(&mover), 0).await.unwrap_err().why, Reason::IssuerAway);
    assert_eq!(mover.asked("/elsewhere"), 0, "redirects are not followed");

    let flood = Issuer::start(&[key.jwk("k")]).await;
    flood.publish("/keys", &format!("{keys}{}", " ".repeat(1 << 20)));
    assert_eq!(come(&for_tokens(&flood), &token(&flood), 0).await.unwrap_err().why, Reason::IssuerAway);

    let babbler = Issuer::start(&[]).await;
    babbler.publish("/keys", "not keys");
    assert_eq!(come(&for_tokens(&babbler), &token(&babbler), 0).await.unwrap_err().why, Reason::IssuerAway);
}

/// SSR-08: proxy variables in the environment do not route key fetches elsewhere. The same story as a child process with
/// such variables; nothing listens where they point.
#[test]
fn proxy_variables_in_the_environment_are_not_looked_at() {
    let story = "outage::the_other_well_known_place_is_asked_too";
    let nowhere = "http://127.0.0.1:9";
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", story])
        .envs(
            ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
                .map(|name| (name, nowhere)),
        )
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && text.contains("1 passed"), "{text}");
}
