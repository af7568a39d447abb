//! Is the token service of Amazon asked for a session that may do what this call needs, and no more?

use std::collections::BTreeMap;

use countersign::config::credentials::aws_sts::AwsSts as Options;
use countersign::config::measure::Period;
use countersign::credentials::aws_sts::AwsSts;
use countersign::credentials::aws_sts::policy::Template;
use countersign::credentials::provider::{Minted, NotMinted, Revoked};
use countersign::digest::{hex, sha256};
use countersign::object;
use countersign::secret::Secret;
use countersign::wire::json::Object;
use ring::hmac;
use serde_json::{Value, json};

use crate::desk::{Desk, LEASE, at, gone, span};
use crate::stand_in::{Came, Says, StandIn};
use crate::token_exchange::word;

pub(crate) const SECRET: &str = "canary/4711/wJalrXUtnFEMI";
pub(crate) const SESSION_SECRET: &str = "canary/session/4711";
pub(crate) const SESSION_TOKEN: &str = "canary//session//token//4711==";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::{/bucket}/{/key}"}]}"#;

pub(crate) fn options(url: &str) -> Options {
    Options {
        region: "eu-central-1".to_owned(),
        endpoint: Some(url.parse().unwrap()),
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: Secret::new(SECRET.to_owned()),
        session_token: None,
        role_arn: "arn:aws:iam::123456789012:role/reports".to_owned(),
        external_id: Some("gw-4711".to_owned()),
        policies: BTreeMap::from([("read".to_owned(), Template::parse(POLICY).unwrap())]),
        tagged: false,
        timeout: Period::parse("200ms").unwrap(),
        allow_private: false,
    }
}

pub(crate) fn arguments() -> Object {
    object! { "bucket" => "reports", "key" => "2026/q1.csv" }
}

/// As the documentation of `AssumeRole` shows it.
pub(crate) fn answer(seconds: i64) -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n<AssumeRoleResult>\n\
         <AssumedRoleUser><AssumedRoleId>A:cs</AssumedRoleId><Arn>arn:aws:sts::1:x</Arn></AssumedRoleUser>\n\
         <Credentials>\n<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>\n<SecretAccessKey>{SESSION_SECRET}</SecretAccessKey>\n\
         <SessionToken>\n {SESSION_TOKEN}\n</SessionToken>\n<Expiration>{}</Expiration>\n</Credentials>\n\
         <PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>\n</AssumeRoleResponse>",
        at(seconds)
    )
}

/// What the documentation says the signature of a request is, made from what came.
fn signature(came: &Came) -> String {
    let names = ["content-type", "host", "x-amz-date", "x-amz-security-token"];
    let lines: Vec<String> = names.iter().map(|name| format!("{name}:{}\n", came.header(name))).collect();
    let request = format!(
        "{}\n{}\n\n{}\n{}\n{}",
        came.method,
        came.path,
        lines.concat(),
        names.join(";"),
        hex(&sha256(&came.body))
    );
    let scope = "20231114/eu-central-1/sts/aws4_request";
    let text = format!("AWS4-HMAC-SHA256\n20231114T221320Z\n{scope}\n{}", hex(&sha256(request.as_bytes())));
    let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let first = sign(format!("AWS4{SECRET}").as_bytes(), "20231114");
    let key = ["eu-central-1", "sts", "aws4_request"].iter().fold(first, |key, word| sign(key.as_ref(), word));
    hex(sign(key.as_ref(), &text).as_ref())
}

async fn minted(options: &Options) -> Result<Minted, NotMinted> {
    let provider = AwsSts::new(options).unwrap();
    let desk = Desk::new(arguments());
    let wanted = desk.wanted(|asked, about| provider.plan(asked, about), (Some("read"), 60));
    provider.mint(&desk.order(&wanted)).await
}

#[test]
fn a_plan_says_what_the_session_reaches_and_how_long_it_really_lives() {
    // A42
    let provider = AwsSts::new(&options("http://127.0.0.1:1")).unwrap();
    let plan = |desk: &Desk, asked| desk.plan(|asked, about| provider.plan(asked, about), asked);
    let planned = plan(&Desk::new(arguments()), (Some("read"), 60)).unwrap();
    assert_eq!(planned.ttl, span(900), "no session is shorter");
    let role = "arn:aws:iam::123456789012:role/reports";
    let line = "allow s3:GetObject on arn:aws:s3:::reports/2026/q1.csv";
    assert_eq!(planned.reaches, [format!("a session of {role}").as_str(), line]);
    let policy: Value = serde_json::from_str(planned.terms["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::reports/2026/q1.csv");
    let rest = ["Endpoint", "RoleArn", "DurationSeconds", "ExternalId", "Region", "Tagged"]
        .map(|key| planned.terms[key].clone());
    assert_eq!(json!(rest), json!(["http://127.0.0.1:1/", role, 900, "gw-4711", "eu-central-1", false]));
    for (arguments, asked, why) in [
        (arguments(), (Some("write"), 60), "`write` is more"),
        (arguments(), (None, 60), "names no `scope`"),
        (arguments(), (Some("read"), 43_201), "12h at most"),
        (object! { "bucket" => "*", "key" => "k" }, (Some("read"), 60), "/bucket"),
        (object! { "bucket" => "b" }, (Some("read"), 60), "/key"),
        (object! { "bucket" => "b", "key" => 7_i64 }, (Some("read"), 60), "no text"),
    ] {
        let told = plan(&Desk::new(arguments), asked).unwrap_err().to_string();
        assert!(told.contains(why), "{asked:?}: {told}");
    }
    let whole = AwsSts::new(&Options { policies: BTreeMap::new(), ..options("http://127.0.0.1:1") }).unwrap();
    let planned = Desk::new(arguments()).plan(|asked, about| whole.plan(asked, about), (None, 1000)).unwrap();
    assert_eq!(planned.ttl, span(1000));
    assert!(planned.reaches[1].contains("no session policy"), "{:?}", planned.reaches);
}

#[tokio::test]
async fn a_role_is_assumed_in_the_name_of_the_lease() {
    let server = StandIn::start([Says::Status(200, answer(900))]).await;
    let session_token = Some(Secret::new("canary-own-token".to_owned()));
    let minted = minted(&Options { session_token, ..options(&server.url) }).await.unwrap();
    let part = |name| minted.material.part(name).unwrap().expose();
    assert_eq!(part("access_key_id"), "ASIAIOSFODNN7EXAMPLE");
    assert_eq!((part("secret_access_key"), part("session_token")), (SESSION_SECRET, SESSION_TOKEN));
    assert_eq!(minted.material.secrets().count(), 2, "the id of a key is no secret");
    assert_eq!((minted.expires, minted.handle), (at(900), None));
    let came = server.came();
    let mut form = came[0].form();
    let policy: Value = serde_json::from_str(&form.remove("Policy").unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::reports/2026/q1.csv");
    let asked: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let session = format!("cs-{LEASE}");
    assert_eq!(
        asked,
        [
            ("Action", "AssumeRole"),
            ("DurationSeconds", "900"),
            ("ExternalId", "gw-4711"),
            ("RoleArn", "arn:aws:iam::123456789012:role/reports"),
            ("RoleSessionName", session.as_str()),
            ("Version", "2011-06-15"),
        ]
    );
    let authorization = came[0].header("authorization");
    let begins = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20231114/eu-central-1/sts/aws4_request, \
                  SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=";
    assert_eq!(authorization, format!("{begins}{}", signature(&came[0])));
    assert_eq!(came[0].header("x-amz-date"), "20231114T221320Z");
    assert_eq!(came[0].header("x-amz-security-token"), "canary-own-token");
    assert_eq!(format!("http://{}", came[0].header("host")), server.url, "it is the one that was signed");
    let provider = AwsSts::new(&options(&server.url)).unwrap();
    assert_eq!(provider.revoke(&gone(None)).await, Ok(Revoked::ByItself));
}

#[tokio::test]
async fn sessions_can_carry_the_call_and_the_caller() {
    let server = StandIn::start([Says::Status(200, answer(900))]).await;
    minted(&Options { tagged: true, ..options(&server.url) }).await.unwrap();
    let form = server.came()[0].form();
    let call = Desk::new(arguments()).call.id.to_string();
    for (key, value) in [
        ("SourceIdentity", call.as_str()),
        ("Tags.member.1.Key", "countersign:call"),
        ("Tags.member.1.Value", &call),
        ("TransitiveTagKeys.member.1", "countersign:call"),
        ("Tags.member.2.Value", "https___login.example.com_alice"),
    ] {
        assert_eq!(form[key], value, "{key}");
    }
}

#[tokio::test]
async fn what_aws_says_is_told_apart() {
    // CRE-02, CRE-05, CRE-06
    let error = |code: &str| {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>canary</Message></Error></ErrorResponse>")
    };
    for (says, wanted, why) in [
        (Says::Nothing, "unsure", "in time"),
        (Says::HangsUp, "unsure", "may have done it"),
        (Says::Status(500, String::new()), "unsure", "500"),
        (Says::Status(200, answer(3600)), "unsure", "lives until"),
        (Says::Status(200, answer(-1)), "unsure", "over already"),
        (Says::Status(200, answer(900).replace("<Expiration>", "<Expires>")), "unsure", "not the session"),
        (Says::Status(200, answer(900).replace("canary/", "&amp;")), "unsure", "not the session"),
        (Says::Status(200, answer(900) + &answer(900)), "unsure", "not the session"),
        (Says::Status(503, error("ServiceUnavailable")), "unavailable", "ServiceUnavailable"),
        (Says::Status(400, error("Throttling")), "unavailable", "Throttling"),
        (Says::Status(403, error("AccessDenied")), "refused", "AccessDenied"),
        (Says::Status(400, error("canary")), "refused", "status 400"),
    ] {
        let server = StandIn::start([says.clone()]).await;
        let fault = minted(&options(&server.url)).await.err().unwrap();
        let told = fault.to_string();
        assert_eq!(word(&fault), wanted, "{says:?}: {told}");
        assert!(told.contains(why) && !told.contains("canary"), "{says:?}: {told}");
    }
    assert_eq!(word(&minted(&options(&StandIn::nobody().await)).await.err().unwrap()), "unavailable");
}
