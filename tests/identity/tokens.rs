//! Tokens that get in and tokens that do not.

use std::sync::Arc;

use countersign::call::caller::{Person, Proof};
use countersign::identity::{Accept, MemoryBook, Reason};
use http::StatusCode;
use serde_json::json;

use crate::issuer::Issuer;
use crate::mint::{Key, hmac, public_rsa_forms, unsigned};
use crate::world::{GATEWAY, START, claims, claims_with, come, come_to, for_tokens, identity, issuer_options, options};

#[tokio::test]
async fn tokens_signed_in_every_accepted_way_get_in() {
    let (p256, ed) = (Key::p256(), Key::ed25519());
    let issuer = Issuer::start(&[Key::Rsa.jwk("r"), p256.jwk("p"), ed.jwk("e")]).await;
    let identity = for_tokens(&issuer);
    let claims = claims(&issuer);
    let pss = Key::Rsa.sign(&json!({ "alg": "PS256", "kid": "r" }), &claims);
    for token in [Key::Rsa.token("r", &claims), pss, p256.token("p", &claims), ed.token("e", &claims)] {
        let caller = come(&identity, &token, 0).await.unwrap();
        assert_eq!(caller.principal, format!("{}#u1", issuer.url));
        assert_eq!(caller.user, Some(Person { id: "alice@example.com".into(), name: None }));
    }
    // One issuer, one discovery, one fetch of its keys.
    assert_eq!((issuer.asked("/.well-known/openid-configuration"), issuer.asked("/keys")), (1, 1));
}

/// IDN-01, IDN-02.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn every_bad_token_is_refused_for_its_own_reason() {
    let (p256, ed, other_ed) = (Key::p256(), Key::ed25519(), Key::ed25519());
    let issuer = Issuer::start(&[Key::Rsa.jwk("r"), p256.jwk("p"), ed.jwk("e"), other_ed.jwk("e2")]).await;
    let stranger = Issuer::start(&[ed.jwk("e")]).await;
    let identity = for_tokens(&issuer);
    let good = claims(&issuer);
    let with = |changes| claims_with(&issuer, &changes);
    let sign = |changes| ed.token("e", &with(changes));
    let signed = ed.token("e", &good);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let (_, foreign_body) = Key::Rsa
        .token("r", &with(json!({ "sub": "root" })))
        .split_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let foreign_body = foreign_body.split_once('.').unwrap().0.to_owned();
    let head = message.split_once('.').unwrap().0;
    let [modulus, der] = public_rsa_forms();
    let rsa_jwk = Key::Rsa.jwk("r").to_string();
    let hs = json!({ "alg": "HS256", "kid": "r" });
    let cases = [
        ("another audience", sign(json!({ "aud": "https://other.example" })), Reason::Audience),
        ("no audience", sign(json!({ "aud": [] })), Reason::Audience),
        ("a client id, as in an ID token", sign(json!({ "aud": "claude" })), Reason::Audience),
        ("expired", sign(json!({ "exp": START - 60 })), Reason::Expired),
        ("without an end", sign(json!({ "exp": null })), Reason::Malformed),
        ("not yet good", sign(json!({ "nbf": START + 61 })), Reason::NotYet),
        ("made in the future", sign(json!({ "iat": START + 61 })), Reason::NotYet),
        ("an issuer we do not know", ed.token("e", &claims(&stranger)), Reason::Issuer),
        ("no issuer", sign(json!({ "iss": null })), Reason::Issuer),
        ("the issuer in another spelling", sign(json!({ "iss": format!("{}/", issuer.url) })), Reason::Issuer),
        ("alg none", unsigned(&json!({ "alg": "none" }), &good), Reason::Algorithm),
        ("alg none under a name", unsigned(&json!({ "alg": "nOnE", "kid": "e" }), &good), Reason::Algorithm),
        ("no signature", format!("{message}."), Reason::Signature),
        ("HMAC with the modulus", hmac(&hs, &good, &modulus), Reason::Algorithm),
        ("HMAC with the DER", hmac(&hs, &good, &der), Reason::Algorithm),
        ("HMAC with the JWK", hmac(&hs, &good, rsa_jwk.as_bytes()), Reason::Algorithm),
        ("HMAC that says it is RSA", hmac(&json!({ "alg": "RS256", "kid": "r" }), &good, &modulus), Reason::Signature),
        ("the name of another key", ed.token("e2", &good), Reason::Signature),
        ("the name of a key of another kind", ed.token("r", &good), Reason::SigningKey),
        ("the name of a key nobody has", ed.token("e3", &good), Reason::SigningKey),
        ("no name where there is a choice", ed.sign(&json!({ "alg": "EdDSA" }), &good), Reason::SigningKey),
        ("another key's signature", Key::ed25519().token("e", &good), Reason::Signature),
        ("another body", format!("{head}.{foreign_body}.{signature}"), Reason::Signature),
        (
            "its own key in the header",
            Key::ed25519().sign(&json!({ "alg": "EdDSA", "kid": "e", "jwk": other_ed.jwk("e") }), &good),
            Reason::Signature,
        ),
        (
            "a demand we do not know",
            ed.sign(&json!({ "alg": "EdDSA", "kid": "e", "crit": ["exp"] }), &good),
            Reason::Kind,
        ),
        (
            "another kind of token",
            ed.sign(&json!({ "alg": "EdDSA", "kid": "e", "typ": "dpop+jwt" }), &good),
            Reason::Kind,
        ),
        ("bound to a proof", sign(json!({ "cnf": { "jkt": "x" } })), Reason::Bound),
        ("nobody in it", sign(json!({ "sub": "" })), Reason::Claims),
        ("not a token", "x.y.z".to_owned(), Reason::Malformed),
        ("five parts, as when encrypted", format!("{signed}.YWJj.YWJj"), Reason::Malformed),
        ("endless", sign(json!({ "pad": "x".repeat(8000) })), Reason::TooLarge),
    ];
    for (what, token, why) in cases {
        let challenge = come(&identity, &token, 0).await.expect_err(what);
        assert_eq!(challenge.why, why, "{what}");
        assert_eq!(challenge.status(), StatusCode::UNAUTHORIZED, "{what}");
        let header = challenge.header().unwrap();
        let start = "Bearer resource_metadata=\"https://gw.example.com/.well-known/oauth-protected-resource/mcp\", \
                     error=\"invalid_token\", error_description=\"";
        assert!(header.starts_with(start), "{what}: {header}");
    }
    assert!(come(&identity, &signed, 0).await.is_ok());
    assert_eq!(stranger.asked("/keys"), 0, "an issuer that is not configured is never asked");
}

#[tokio::test]
async fn one_issuer_cannot_sign_for_another() {
    let (key, other) = (Key::ed25519(), Key::ed25519());
    let (first, second) = (Issuer::start(&[key.jwk("k")]).await, Issuer::start(&[other.jwk("k")]).await);
    let issuers = vec![issuer_options(&first), issuer_options(&second)];
    let identity = identity(options(Accept::Tokens, issuers), Arc::new(MemoryBook::default()));
    let forged = other.token("k", &claims(&first));
    assert_eq!(come(&identity, &forged, 0).await.unwrap_err().why, Reason::Signature);
    let honest = other.token("k", &claims(&second));
    assert_eq!(come(&identity, &honest, 0).await.unwrap().principal, format!("{}#u1", second.url));
}

#[tokio::test]
async fn a_token_is_good_where_its_audience_says_and_nowhere_else() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let identity = for_tokens(&issuer);
    let cases = [
        ("countersign".to_owned(), [true, true, true]),
        (GATEWAY.to_owned(), [true, true, true]),
        (format!("{GATEWAY}/mcp"), [true, false, false]),
        (format!("{GATEWAY}/mcp/files"), [false, true, false]),
    ];
    for (audience, expected) in cases {
        let token = key.token("k", &claims_with(&issuer, &json!({ "aud": ["x", audience] })));
        // Twice, so that what was remembered for one endpoint is seen not to open another.
        for _ in 0..2 {
            for (server, good) in [None, Some("files"), Some("mail")].into_iter().zip(expected) {
                let result = come_to(&identity, &token, server, 0).await;
                assert_eq!(result.is_ok(), good, "{audience} at {server:?}");
            }
        }
    }
}

/// IDN-10: only a signed claim of an exchange puts a person behind an agent.
#[tokio::test]
async fn delegation_is_proven_by_the_issuer_or_not_at_all() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let identity = for_tokens(&issuer);
    let alone = json!({ "sub": "agent-7", "azp": "agent-7", "email": null, "on_behalf_of": "boss@example.com" });
    let caller = come(&identity, &key.token("k", &claims_with(&issuer, &alone)), 0).await.unwrap();
    assert_eq!((caller.user.as_ref(), caller.agent.as_deref()), (None, Some("agent-7")));

    let exchanged = json!({ "sub": "alice", "act": { "sub": "agent-7", "act": { "sub": "portal" } } });
    let caller = come(&identity, &key.token("k", &claims_with(&issuer, &exchanged)), 0).await.unwrap();
    assert_eq!(caller.user.as_ref().unwrap().id, "alice@example.com");
    assert_eq!(caller.agent.as_deref(), Some("agent-7"));
    let Proof::Token { delegation, .. } = &caller.proof else { panic!("not a token") };
    assert_eq!(delegation, &["agent-7", "portal"]);
}

#[tokio::test]
async fn a_token_without_the_scope_gets_403_and_is_told_which() {
    let key = Key::ed25519();
    let issuer = Issuer::start(&[key.jwk("k")]).await;
    let mut options = options(Accept::Tokens, vec![issuer_options(&issuer)]);
    options.scopes = vec!["mcp:call".into()];
    let identity = identity(options, Arc::new(MemoryBook::default()));
    let poor = key.token("k", &claims_with(&issuer, &json!({ "scope": "mcp:list" })));
    let challenge = come(&identity, &poor, 0).await.unwrap_err();
    assert_eq!(challenge.status(), StatusCode::FORBIDDEN);
    let header = challenge.header().unwrap();
    assert!(header.contains("error=\"insufficient_scope\"") && header.ends_with("scope=\"mcp:call\""), "{header}");
    let rich = key.token("k", &claims_with(&issuer, &json!({ "scope": "mcp:list mcp:call" })));
    assert!(come(&identity, &rich, 0).await.is_ok());
}
