//! Does a token the gateway signs say which call it is for, and can everybody check it who reads the published keys?

use countersign::config::credentials::jwt::Jwt as Options;
use countersign::config::measure::Period;
use countersign::credentials::jwt::{Jwt, Signing};
use countersign::credentials::provider::{NotMinted, Order, Revoked};
use countersign::object;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::desk::{Desk, LEASE, NOW, at, gone, signing};

pub(crate) fn options() -> Options {
    Options {
        audience: "https://orders.example.com".to_owned(),
        issuer: None,
        scopes: vec!["read".to_owned(), "refund".to_owned()],
        rotate: Period::parse("7d").unwrap(),
    }
}

/// What a token says to whoever reads the published keys.
pub(crate) fn checked(token: &str, published: &Value, audience: &str) -> Value {
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = published["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert!(key.get("d").is_none());
    let key = DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    validation.validate_exp = false;
    decode::<Value>(token, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn a_plan_names_all_that_the_token_will_say() {
    let jwt = Jwt::new(&options(), &signing().await).unwrap();
    let desk = Desk::new(object! {});
    let plan = |asked| desk.plan(|asked, about| jwt.plan(asked, about), asked);
    let planned = plan((Some("refund  read"), 60)).unwrap();
    assert_eq!(planned.scope.as_deref(), Some("refund read"));
    assert_eq!(planned.reaches, ["https://orders.example.com as refund read"]);
    let terms = json!({
        "iss": "https://gw.example.com", "aud": "https://orders.example.com", "seconds": 60, "scope": "refund read"
    });
    assert_eq!(planned.terms, terms);
    assert!(!planned.standing);
    for (asked, why) in [
        ((Some("admin"), 60), "`admin` is more"),
        ((Some("read admin"), 60), "`admin` is more"),
        ((None, 60), "names no `scope`"),
        ((Some(" "), 60), "empty"),
        ((Some("read"), 3601), "cannot be taken back"),
    ] {
        let told = plan(asked).unwrap_err().to_string();
        assert!(told.contains(why), "{asked:?}: {told}");
    }
    let nowhere = Jwt::new(&options(), &Signing { public_url: None, ..signing().await }).unwrap_err();
    assert!(nowhere.to_string().contains("issuer"), "{nowhere}");
}

#[tokio::test]
async fn a_token_is_for_one_call_and_checked_by_the_published_keys() {
    // A41, A42: short, for one action, and nothing more than was planned.
    let signing = signing().await;
    let jwt = Jwt::new(&options(), &signing).unwrap();
    let desk = Desk::new(object! { "amount" => 4_i64 });
    let wanted = desk.wanted(|asked, about| jwt.plan(asked, about), (Some("refund"), 30));
    let minted = jwt.mint(&desk.order(&wanted)).await.unwrap();
    assert_eq!((minted.expires, minted.handle), (at(30), None));
    let token = minted.material.part("value").unwrap().expose().to_owned();
    let published = signing.keys.published(at(0)).await.unwrap();
    let claims = checked(&token, &published, "https://orders.example.com");
    let said = json!({
        "iss": "https://gw.example.com", "aud": "https://orders.example.com", "scope": "refund",
        "sub": "https://login.example.com#alice", "act": { "sub": "claude" }, "person": "alice@example.com",
        "iat": NOW, "nbf": NOW, "exp": NOW + 30, "jti": LEASE,
        "action": desk.call.digest.to_string(), "call": desk.call.id.as_str(), "server": "orders", "tool": "refund",
    });
    assert_eq!(claims, said);
    assert_eq!(jwt.revoke(&gone(None)).await, Ok(Revoked::ByItself));
}

#[tokio::test]
async fn a_token_ends_with_the_lease_and_is_not_made_for_one_that_is_over() {
    let signing = signing().await;
    let jwt = Jwt::new(&options(), &signing).unwrap();
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| jwt.plan(asked, about), (Some("read"), 60));
    let order = Order { expires: at(10), ..desk.order(&wanted) };
    assert_eq!(jwt.mint(&order).await.unwrap().expires, at(10));
    let late = Order { now: at(60), ..desk.order(&wanted) };
    assert!(matches!(jwt.mint(&late).await, Err(NotMinted::Refused(_))));
    let other = countersign::credentials::wanted::Wanted { terms: json!({}), ..wanted.clone() };
    assert!(matches!(jwt.mint(&desk.order(&other)).await, Err(NotMinted::Refused(_))));
}

#[tokio::test]
async fn gateways_that_share_a_database_check_each_others_tokens() {
    let store = crate::desk::store().await;
    let [one, other] = [(); 2].map(|()| {
        let keys = countersign::credentials::jwt::keys::Keys::new(store.clone(), std::time::Duration::from_hours(24));
        std::sync::Arc::new(keys)
    });
    let there = Signing { keys: one, ..signing().await };
    let jwt = Jwt::new(&options(), &there).unwrap();
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| jwt.plan(asked, about), (Some("read"), 60));
    let minted = jwt.mint(&desk.order(&wanted)).await.unwrap();
    let token = minted.material.part("value").unwrap();
    checked(token.expose(), &other.published(at(0)).await.unwrap(), "https://orders.example.com");
}
