//! Is a token server asked as RFC 8693 says, and is nothing taken from it that is more than was agreed?

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::call::caller::Proof;
use countersign::config::credentials::token_exchange::{ClientAuth, Subject, TokenExchange as Options};
use countersign::config::measure::Period;
use countersign::credentials::jwt::Signing;
use countersign::credentials::provider::{Minted, NotMinted, Revoked};
use countersign::credentials::token_exchange::TokenExchange;
use countersign::object;
use countersign::secret::Secret;
use serde_json::{Value, json};

use crate::desk::{CALLERS_TOKEN, Desk, NOW, at, gone, signing, span};
use crate::jwt::checked;
use crate::stand_in::{Says, StandIn};

pub(crate) const CLIENT_SECRET: &str = "canary client/secret:4711";
pub(crate) const TOKEN: &str = "canary.issued-token.4711";

pub(crate) fn options(url: &str) -> Options {
    Options {
        url: format!("{url}/token").parse().unwrap(),
        client_id: "gate way".to_owned(),
        client_secret: Some(Secret::new(CLIENT_SECRET.to_owned())),
        auth: ClientAuth::ClientSecretBasic,
        subject: Subject::Caller,
        issuer: None,
        authority: None,
        audience: Some("orders".to_owned()),
        resource: None,
        scopes: vec!["read".to_owned(), "refund".to_owned()],
        lifetime: Some(span(300)),
        revoke_url: Some(format!("{url}/revoke").parse().unwrap()),
        timeout: Period::parse("200ms").unwrap(),
        allow_private: false,
    }
}

pub(crate) fn answer() -> Value {
    json!({
        "access_token": TOKEN, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer", "expires_in": 300, "scope": "refund",
    })
}

async fn minted(options: &Options, signing: &Signing<'_>) -> Result<Minted, NotMinted> {
    let provider = TokenExchange::new(options, signing).unwrap();
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("refund"), 60));
    provider.mint(&desk.order(&wanted)).await
}

#[tokio::test]
async fn a_plan_names_all_that_is_asked_for() {
    let provider = TokenExchange::new(&options("http://127.0.0.1:1"), &signing().await).unwrap();
    let desk = Desk::new(object! {});
    let planned = desk.plan(|asked, about| provider.plan(asked, about), (Some("refund"), 60)).unwrap();
    assert_eq!(planned.ttl, span(300), "as long as its tokens really live");
    assert_eq!(planned.reaches, ["orders as refund"]);
    let terms = json!({
        "url": "http://127.0.0.1:1/token", "subject": "caller", "audience": "orders", "scope": "refund"
    });
    assert_eq!(planned.terms, terms);
    for (desk, asked, why) in [
        (Desk::new(object! {}), (Some("admin"), 60), "`admin` is more"),
        (Desk::new(object! {}), (None, 60), "names no `scope`"),
        (Desk::proven(object! {}, Proof::Key { id: "k".to_owned() }), (Some("read"), 60), "came without"),
    ] {
        let told = desk.plan(|asked, about| provider.plan(asked, about), asked).unwrap_err().to_string();
        assert!(told.contains(why), "{asked:?}: {told}");
    }
}

#[tokio::test]
async fn what_was_planned_with_another_configuration_is_not_asked_for() {
    let server = StandIn::start([]).await;
    let signing = signing().await;
    let provider = TokenExchange::new(&options(&server.url), &signing).unwrap();
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("refund"), 60));
    let elsewhere = Options { audience: Some("billing".to_owned()), ..options(&server.url) };
    let changed = TokenExchange::new(&elsewhere, &signing).unwrap();
    assert_eq!(word(&changed.mint(&desk.order(&wanted)).await.err().unwrap()), "refused");
    let mut desk = desk;
    desk.bearer.token = None;
    let told = provider.mint(&desk.order(&wanted)).await.err().unwrap().to_string();
    assert!(told.contains("not at hand"), "{told}");
    assert!(server.came().is_empty());
}

#[tokio::test]
async fn the_callers_token_is_exchanged_and_what_came_is_taken_back_once() {
    // A43: after the call it is revoked by the token itself, which nothing keeps after that.
    let server = StandIn::start([
        Says::json(200, &answer()),
        Says::Status(503, String::new()),
        Says::Status(200, String::new()),
    ])
    .await;
    let provider = TokenExchange::new(&options(&server.url), &signing().await).unwrap();
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("refund"), 60));
    let minted = provider.mint(&desk.order(&wanted)).await.unwrap();
    assert_eq!(minted.material.part("value").unwrap().expose(), TOKEN);
    assert_eq!((minted.expires, minted.handle.as_deref()), (at(300), None));
    let failed = provider.revoke(&gone(None)).await.unwrap_err();
    assert!(failed.0.contains("503"), "{failed}");
    assert_eq!(provider.revoke(&gone(None)).await, Ok(Revoked::Now));
    assert_eq!(provider.revoke(&gone(None)).await, Ok(Revoked::ByItself), "nothing is kept of it");
    let came = server.came();
    let asked: Vec<_> = came[0].form().into_iter().collect();
    let wanted = [
        ("audience", "orders"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("scope", "refund"),
        ("subject_token", CALLERS_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ];
    assert_eq!(asked, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // RFC 6749, section 2.3.1: both are written as in a form before they are joined.
    let basic = BASE64.encode("gate+way:canary+client%2Fsecret%3A4711");
    for came in &came {
        assert_eq!(came.header("authorization"), format!("Basic {basic}"));
    }
    assert_eq!((came.len(), came[2].path.as_str()), (3, "/revoke"));
    assert_eq!(came[2].form()["token"], TOKEN);
}

#[tokio::test]
async fn the_gateway_names_the_person_and_the_agent_and_proves_itself_by_its_key() {
    let server = StandIn::start([Says::json(200, &answer())]).await;
    let signing = signing().await;
    let options = Options {
        auth: ClientAuth::PrivateKeyJwt,
        client_secret: None,
        subject: Subject::Gateway,
        authority: Some("https://login.example.com".to_owned()),
        ..options(&server.url)
    };
    minted(&options, &signing).await.unwrap();
    let form = server.came()[0].form();
    let published = signing.keys.published(at(0)).await.unwrap();
    let subject = checked(&form["subject_token"], &published, "https://login.example.com");
    assert_eq!((&subject["sub"], &subject["act"]["sub"]), (&json!("alice@example.com"), &json!("claude")));
    assert_eq!((&subject["iss"], &subject["exp"]), (&json!("https://gw.example.com"), &json!(NOW + 60)));
    assert_eq!(form["subject_token_type"], "urn:ietf:params:oauth:token-type:jwt");
    let client = checked(&form["client_assertion"], &published, "https://login.example.com");
    assert_eq!((&client["iss"], &client["sub"]), (&json!("gate way"), &json!("gate way")));
    assert!(!server.came()[0].headers.contains_key("authorization"));
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn what_is_more_than_was_agreed_is_taken_back_and_refused() {
    // CRE-02
    for (change, why) in [
        (json!({ "scope": "refund admin" }), "may do more"),
        (json!({ "expires_in": 3600 }), "lives until"),
        (json!({ "expires_in": null }), "expires_in"),
        (json!({ "expires_in": 0 }), "over already"),
        (json!({ "token_type": "DPoP" }), "no bearer token"),
        (json!({ "issued_token_type": "urn:ietf:params:oauth:token-type:refresh_token" }), "another kind"),
        (json!({ "refresh_token": "canary-refresh" }), "refresh token"),
    ] {
        let mut said = answer();
        said.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let ok = || Says::Status(200, String::new());
        let server = StandIn::start([Says::json(200, &said), ok(), ok()]).await;
        let options = options(&server.url);
        let Err(NotMinted::Refused(told)) = minted(&options, &signing().await).await else { panic!("{change}") };
        assert!(told.contains(why) && told.contains("taken back"), "{change}: {told}");
        let came = server.came();
        assert_eq!(came[1].form()["token"], TOKEN);
        let refresh = came.get(2).map(|came| came.form()["token"].clone());
        assert_eq!(refresh.as_deref(), change.get("refresh_token").and_then(Value::as_str));
        // Where it cannot be taken back, it is waited out.
        server.says(Says::json(200, &said));
        let unsure = minted(&Options { revoke_url: None, ..options }, &signing().await).await;
        assert!(matches!(unsure, Err(NotMinted::Unsure(_))), "{change}");
    }
}

#[tokio::test]
async fn a_server_that_is_slow_or_away_or_says_no_is_told_apart() {
    // CRE-05, CRE-06
    let error = |name: &str| json!({ "error": name, "error_description": "canary" });
    for (says, wanted, why) in [
        (Says::Nothing, "unsure", "in time"),
        (Says::HangsUp, "unsure", "may have done it"),
        (Says::Status(500, String::new()), "unsure", "500"),
        (Says::Status(502, String::new()), "unsure", "502"),
        (Says::Status(200, "{\"access_token\":\"canary".to_owned()), "unsure", "RFC 8693"),
        (Says::Status(503, String::new()), "unavailable", "503"),
        (Says::Status(429, String::new()), "unavailable", "429"),
        (Says::json(400, &error("temporarily_unavailable")), "unavailable", "temporarily_unavailable"),
        (Says::json(400, &error("invalid_scope")), "refused", "invalid_scope"),
        (Says::json(400, &error("canary_code")), "refused", "status 400"),
        (Says::json(401, &error("invalid_client")), "refused", "invalid_client"),
        (Says::Status(307, String::new()), "refused", "redirects"),
    ] {
        let server = StandIn::start([says.clone()]).await;
        let fault = minted(&options(&server.url), &signing().await).await.err().unwrap();
        let told = fault.to_string();
        assert_eq!(word(&fault), wanted, "{says:?}: {told}");
        assert!(told.contains(why) && !told.contains("canary"), "{says:?}: {told}");
    }
    let away = minted(&options(&StandIn::nobody().await), &signing().await).await.err().unwrap();
    assert_eq!(word(&away), "unavailable", "{away}");
}

pub(crate) fn word(fault: &NotMinted) -> &'static str {
    match fault {
        NotMinted::Refused(_) => "refused",
        NotMinted::Unavailable(_) => "unavailable",
        NotMinted::Unsure(_) => "unsure",
    }
}
