//! Is Vault asked as its interface is documented, and is every lease of it taken back?

use countersign::config::credentials::vault::{Method, Vault as Options};
use countersign::config::measure::Period;
use countersign::credentials::provider::{Minted, NotMinted, Revoked};
use countersign::credentials::vault::Vault;
use countersign::object;
use countersign::secret::Secret;
use serde_json::{Value, json};

use crate::desk::{Desk, at, gone, span};
use crate::stand_in::{Says, StandIn};
use crate::token_exchange::word;

pub(crate) const ROOT: &str = "hvs.canary-root-4711";
pub(crate) const PASSWORD: &str = "canary-password-4711";
const LEASE: &str = "database/creds/readonly/2f6a614c";

pub(crate) fn options(url: &str) -> Options {
    Options {
        url: url.parse().unwrap(),
        namespace: None,
        token: Some(Secret::new(ROOT.to_owned())),
        role_id: None,
        secret_id: None,
        login: "approle".to_owned(),
        path: "database/creds/{scope}".to_owned(),
        method: Method::Read,
        scopes: vec!["readonly".to_owned(), "readwrite".to_owned()],
        value: "password".to_owned(),
        open: vec!["username".to_owned()],
        lifetime: None,
        timeout: Period::parse("200ms").unwrap(),
        allow_private: false,
    }
}

pub(crate) fn answer(lease: &str, seconds: u64) -> Value {
    json!({
        "request_id": "a", "lease_id": lease, "renewable": true, "lease_duration": seconds, "wrap_info": null,
        "data": { "username": "v-readonly-1", "password": PASSWORD }, "warnings": null, "auth": null,
    })
}

async fn minted(options: &Options) -> Result<Minted, NotMinted> {
    let provider = Vault::new(options);
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("readonly"), 60));
    provider.mint(&desk.order(&wanted)).await
}

#[test]
fn a_plan_names_the_path_and_how_long() {
    let desk = Desk::new(object! {});
    let written = Options {
        method: Method::Write,
        namespace: Some("team".to_owned()),
        lifetime: Some(span(300)),
        ..options("http://127.0.0.1:1")
    };
    let terms = |method: &str, more: &[(&str, &str)]| {
        let mut terms = json!({ "url": "http://127.0.0.1:1/", "method": method, "path": "database/creds/readonly" });
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        terms.as_object_mut().unwrap().extend(more);
        terms
    };
    for (options, ttl, terms) in [
        (options("http://127.0.0.1:1"), 60, terms("read", &[])),
        (written, 300, terms("write", &[("namespace", "team"), ("ttl", "60s")])),
    ] {
        let provider = Vault::new(&options);
        let planned = desk.plan(|asked, about| provider.plan(asked, about), (Some("readonly"), 60)).unwrap();
        assert_eq!((planned.ttl, planned.terms), (span(ttl), terms));
        assert_eq!(planned.reaches, ["what Vault gives at database/creds/readonly"]);
        for (scope, why) in
            [(Some("../sys"), "is more"), (Some("readonly readwrite"), "one word"), (None, "names no `scope`")]
        {
            let told = desk.plan(|asked, about| provider.plan(asked, about), (scope, 60)).unwrap_err().to_string();
            assert!(told.contains(why), "{scope:?}: {told}");
        }
    }
}

#[tokio::test]
async fn a_dynamic_secret_is_read_and_its_lease_is_taken_back() {
    // A43
    let server = StandIn::start([Says::json(200, &answer(LEASE, 60)), Says::Status(204, String::new())]).await;
    let provider = Vault::new(&Options { namespace: Some("team".to_owned()), ..options(&server.url) });
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("readonly"), 60));
    let minted = provider.mint(&desk.order(&wanted)).await.unwrap();
    assert_eq!((minted.handle.as_deref(), minted.expires), (Some(LEASE), at(60)));
    let part = |name| minted.material.part(name).unwrap().expose();
    assert_eq!((part("value"), part("password"), part("username")), (PASSWORD, PASSWORD, "v-readonly-1"));
    assert!(minted.material.secrets().all(|secret| secret.expose() == PASSWORD), "a name is no secret");
    assert_eq!(provider.revoke(&gone(Some(LEASE))).await, Ok(Revoked::Now));
    let came = server.came();
    assert_eq!((came[0].method.as_str(), came[0].path.as_str()), ("GET", "/v1/database/creds/readonly"));
    assert_eq!((came[1].method.as_str(), came[1].path.as_str()), ("PUT", "/v1/sys/leases/revoke"));
    assert_eq!(came[1].json(), json!({ "lease_id": LEASE, "sync": true }));
    for came in &came {
        assert_eq!((came.header("x-vault-token"), came.header("x-vault-namespace")), (ROOT, "team"));
    }
    // Nobody knows what an answer named that was lost.
    assert_eq!(provider.revoke(&gone(None)).await, Ok(Revoked::ByItself));
    let failed = provider.revoke(&gone(Some(LEASE))).await.unwrap_err();
    assert!(failed.0.contains("500"), "{failed}");
}

#[tokio::test]
async fn a_secret_is_written_for_with_the_time_it_is_to_live() {
    let server = StandIn::start([Says::json(200, &answer(LEASE, 60))]).await;
    minted(&Options { method: Method::Write, ..options(&server.url) }).await.unwrap();
    let came = server.came();
    assert_eq!((came[0].method.as_str(), came[0].json()), ("PUT", json!({ "ttl": "60s" })));
}

#[tokio::test]
async fn an_approle_signs_in_once_and_again_where_its_token_is_not_taken() {
    let signed_in =
        |token: &str| Says::json(200, &json!({ "auth": { "client_token": token, "lease_duration": 3600 } }));
    let denied = Says::json(403, &json!({ "errors": ["1 error occurred:\n\t* permission denied\n\n"] }));
    let revoked = || Says::Status(204, String::new());
    let server = StandIn::start([
        signed_in("hvs.first-4711"),
        Says::json(200, &answer(LEASE, 60)),
        revoked(),
        denied.clone(),
        signed_in("hvs.second-4711"),
        revoked(),
        denied,
        Says::Status(503, String::new()),
    ])
    .await;
    let provider = Vault::new(&Options {
        token: None,
        role_id: Some("role".to_owned()),
        secret_id: Some(Secret::new("canary-secret-id".to_owned())),
        ..options(&server.url)
    });
    let desk = Desk::new(object! {});
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("readonly"), 60));
    provider.mint(&desk.order(&wanted)).await.unwrap();
    assert_eq!(provider.revoke(&gone(Some(LEASE))).await, Ok(Revoked::Now));
    assert_eq!(provider.revoke(&gone(Some(LEASE))).await, Ok(Revoked::Now), "with a new token");
    provider.revoke(&gone(Some(LEASE))).await.unwrap_err();
    let came = server.came();
    assert_eq!(came[0].path, "/v1/auth/approle/login");
    assert_eq!(came[0].json(), json!({ "role_id": "role", "secret_id": "canary-secret-id" }));
    let tokens: Vec<_> = came.iter().map(|came| came.header("x-vault-token")).collect();
    let (none, first, second) = ("", "hvs.first-4711", "hvs.second-4711");
    assert_eq!(tokens, [none, first, first, first, none, second, second, none]);
}

#[tokio::test]
async fn what_stays_or_lives_longer_than_was_agreed_is_refused() {
    // CRE-02
    let usual = || options("http://127.0.0.1:1");
    let open = vec!["username".to_owned(), "password".to_owned()];
    for (options, says, wanted, why) in [
        (usual(), answer("", 2_764_800), "refused", "kind `fixed`"),
        (usual(), answer(LEASE, 3600), "refused", "taken back"),
        (usual(), answer(LEASE, 0), "refused", "over already"),
        (Options { open, ..usual() }, answer(LEASE, 60), "refused", "no secret"),
        (Options { method: Method::Write, ..usual() }, answer("", 60), "unsure", "has no lease"),
    ] {
        let server = StandIn::start([Says::json(200, &says), Says::Status(204, String::new())]).await;
        let options = Options { url: server.url.parse().unwrap(), ..options };
        let fault = minted(&options).await.err().unwrap();
        let told = fault.to_string();
        assert_eq!(word(&fault), wanted, "{told}");
        assert!(told.contains(why) && !told.contains("canary"), "{told}");
        let has_lease = says["lease_id"] != "";
        let revoked: Vec<Value> = server.came().iter().skip(1).map(|came| came.json()["lease_id"].clone()).collect();
        assert_eq!(revoked, if has_lease { vec![json!(LEASE)] } else { vec![] });
    }
    let server = StandIn::start([Says::json(200, &answer(LEASE, 3600)), Says::Status(500, String::new())]).await;
    assert_eq!(word(&minted(&options(&server.url)).await.err().unwrap()), "unsure");
}

#[tokio::test]
async fn a_vault_that_is_slow_or_away_or_says_no_is_told_apart() {
    // CRE-05, CRE-06
    for (says, wanted, why) in [
        (Says::Nothing, "unsure", "in time"),
        (Says::HangsUp, "unsure", "may have done it"),
        (Says::Status(500, String::new()), "unsure", "500"),
        (Says::Status(200, "canary".to_owned()), "unsure", "not the secret"),
        (Says::json(503, &json!({ "errors": ["Vault is sealed"] })), "unavailable", "sealed"),
        (Says::Status(429, String::new()), "unavailable", "429"),
        (Says::json(403, &json!({ "errors": ["permission denied"] })), "refused", "permission denied"),
        (Says::json(404, &json!({ "errors": ["canary"] })), "refused", "404"),
    ] {
        let server = StandIn::start([says.clone()]).await;
        let fault = minted(&options(&server.url)).await.err().unwrap();
        let told = fault.to_string();
        assert_eq!(word(&fault), wanted, "{says:?}: {told}");
        assert!(told.contains(why) && !told.contains("canary"), "{says:?}: {told}");
    }
    assert_eq!(word(&minted(&options(&StandIn::nobody().await)).await.err().unwrap()), "unavailable");
    // Signing in makes no credential, so what goes wrong there is never unsure.
    for says in [Says::Nothing, Says::HangsUp, Says::Status(500, String::new()), Says::Status(200, "{}".to_owned())] {
        let server = StandIn::start([says.clone()]).await;
        let signing_in = Options {
            token: None,
            role_id: Some("role".to_owned()),
            secret_id: Some(Secret::new("canary-secret-id".to_owned())),
            ..options(&server.url)
        };
        let fault = minted(&signing_in).await.err().unwrap();
        assert_eq!(word(&fault), "unavailable", "{says:?}: {fault}");
    }
}
