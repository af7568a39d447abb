//! Secrets as they slip into arguments, and what looks like one and is none. No row is a token of anybody: `§` stands
//! for a body of letters and digits, `¤` for a hexadecimal one, `¶` for capitals.

use proptest::prelude::*;

use super::*;
use crate::object;
use crate::wire::json::Object;

const WORD: &str = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3vW5xY7zA9";
const HEX: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f900112233445566778899aabbccddeeff";

const TEXTS: &[(&str, Class)] = &[
    ("AKIA¶", Class::CloudKey),
    ("key=ASIA¶;", Class::CloudKey),
    ("AIza§", Class::CloudKey),
    ("ya29.§", Class::CloudKey),
    ("GOCSPX-§", Class::CloudKey),
    ("dop_v1_¤", Class::CloudKey),
    ("ghp_§", Class::SourceToken),
    ("curl -H 'X: gho_§'", Class::SourceToken),
    ("ghs_§", Class::SourceToken),
    ("github_pat_§", Class::SourceToken),
    ("glpat-§", Class::SourceToken),
    ("npm_§", Class::RegistryToken),
    ("//registry/:_authToken=npm_§", Class::RegistryToken),
    ("pypi-Ag§", Class::RegistryToken),
    ("dckr_pat_§", Class::RegistryToken),
    ("xoxb-§", Class::MessengerToken),
    ("xapp-§", Class::MessengerToken),
    ("https://hooks.slack.com/services/T§", Class::MessengerToken),
    ("sk_live_§", Class::PaymentKey),
    ("rk_test_§", Class::PaymentKey),
    ("whsec_§", Class::PaymentKey),
    ("sk-§", Class::ModelKey),
    ("sk-proj-§", Class::ModelKey),
    ("sk-ant-§", Class::ModelKey),
    ("hf_§", Class::ModelKey),
    ("hvs.§", Class::ServiceToken),
    ("shpat_¤", Class::ServiceToken),
    ("eyJ§.eyJ§.§", Class::SignedToken),
    ("token eyJ§.eyJ§.§!", Class::SignedToken),
    ("-----BEGIN RSA PRIVATE KEY-----\nabc", Class::PrivateKey),
    ("x\n-----BEGIN PRIVATE KEY-----", Class::PrivateKey),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", Class::PrivateKey),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----", Class::PrivateKey),
    ("Authorization: Bearer §", Class::Authorization),
    ("authorization: BASIC bWFyeTpodW50ZXIy", Class::Authorization),
    ("https://mary:hunter2@example.com/", Class::UrlPassword),
    ("see HTTPS://x:%40word@example.com", Class::UrlPassword),
    ("git clone https://§@example.com/a.git", Class::UrlPassword),
    ("postgres://mary:hunter2@db/shop", Class::ConnectionString),
    ("mongodb+srv://a:b@c.example", Class::ConnectionString),
    ("redis://:hunter2@cache:6379", Class::ConnectionString),
    ("Server=db;User Id=sa;Password=S3cr3t!x9;", Class::ConnectionString),
    ("AccountName=a;AccountKey=§==;EndpointSuffix=x", Class::ConnectionString),
    ("export DB_PASSWORD=S3cr3t!x9", Class::Password),
    ("{\"password\": \"S3cr3t!x9\"}", Class::Password),
    ("{\\\"password\\\":\\\"S3cr3t!x9\\\"}", Class::Password),
    ("mysql --password S3cr3t!x9", Class::Password),
    ("mysql --password=S3cr3t!x9", Class::Password),
    ("passwd: 'S3cr3t!x9'", Class::Password),
    ("?api_key=§&x=1", Class::NamedToken),
    ("client-secret: §", Class::NamedToken),
    ("AWS_SECRET_ACCESS_KEY=§", Class::NamedToken),
];

const HARMLESS: &[&str] = &[
    "",
    "an ordinary sentence about a password and a token",
    "AKIA is how they begin",
    "AKIAabcdefghijklmnop",
    "the task-scheduler-for-everybody-and-more",
    "sk-learn-is-a-library-for-python-people",
    "ghp_short",
    "foo_eyJ",
    "eyJhbGciOi.short",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "https://example.com/a@b:c",
    "https://mary@example.com/",
    "postgres://mary:${PASSWORD}@db/shop",
    "postgres://mary:<password>@db/shop",
    "mary:hunter2@example.com",
    "password=${DB_PASSWORD}",
    "PASSWORD=changeme",
    "password: string",
    "token = get_token(request)",
    "page_token=aB3dE5fG7hJ9kL1m",
    "Basic training for beginners",
    "bearer of good news everybody",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "550e8400-e29b-41d4-a716-446655440000",
    "tokens: 1000",
];

/// Under a name: the name, the value, the class.
const NAMED: &[(&str, &str, Option<Class>)] = &[
    ("password", "S3cr3t!x9", Some(Class::Password)),
    ("dbPassword", "correct-horse-7", Some(Class::Password)),
    ("PASS_PHRASE", "correct-horse-7", Some(Class::Password)),
    ("token", "§", Some(Class::NamedToken)),
    ("X-Api-Key", "§", Some(Class::NamedToken)),
    ("clientSecret", "¤", Some(Class::NamedToken)),
    ("token", "ghp_§", Some(Class::SourceToken)),
    ("password", "", None),
    ("password", "short", None),
    ("password", "aaaaaaaaaaaa", None),
    ("password", "${PASSWORD}", None),
    ("password", "<your password>", None),
    ("password", "********", None),
    ("nextPageToken", "§", None),
    ("max_tokens", "12345678", None),
    ("title", "§", None),
    ("passwordless", "§", None),
];

fn filled(text: &str) -> String {
    text.replace('§', WORD).replace('¤', HEX).replace('¶', "Q7R2S9T4U1V6W3X8")
}

#[test]
fn known_forms_are_found_wherever_they_stand() {
    for (text, class) in TEXTS {
        let text = filled(text);
        assert!(scan::classes(&text).contains(class), "{text}: {:?}", scan::classes(&text));
        let value = Value::from(object! { "a/b" => vec![Value::Null, object! { "c~" => text.as_str() }.into()] });
        let facts = read(&value);
        assert!(facts.found.contains(&Found { at: "/a~1b/1/c~0".into(), class: *class }), "{text}: {facts:?}");
        let shown = serde_json::to_string(&facts).unwrap();
        assert!(!shown.contains("S3cr3t") && !shown.contains("hunter2") && !shown.contains("aB3dE5"), "{shown}");
    }
}

#[test]
fn what_only_looks_like_a_secret_is_left_alone() {
    for text in HARMLESS {
        assert_eq!(scan::classes(text), BTreeSet::new(), "{text}");
    }
}

#[test]
fn a_value_is_a_secret_by_its_name_when_it_looks_like_one() {
    for (name, value, class) in NAMED {
        let value = filled(value);
        let facts = read(&Value::from(object! { *name => value.as_str() }));
        assert_eq!(facts.found.first().map(|found| found.class), *class, "{name}: {value}");
        assert!(facts.found.len() <= 1 && facts.complete, "{name}: {value}");
    }
}

#[test]
fn a_secret_as_a_name_is_not_repeated() {
    let value = Value::from(object! { filled("ghp_§") => object! { "password" => "S3cr3t!x9" } });
    let facts = read(&value);
    let places: Vec<_> = facts.found.iter().map(|found| (found.at.as_str(), found.class)).collect();
    assert_eq!(places, [("/*", Class::SourceToken), ("/*/password", Class::Password)]);
}

#[test]
fn what_was_not_looked_at_is_said() {
    let mut deep = Value::from("x");
    for _ in 0..=DEEPEST {
        deep = Value::Array(vec![deep]);
    }
    assert_eq!(read(&deep).reasons, BTreeSet::from([Reason::TooDeep]));
    let many = Value::Array(vec![Value::from(filled("ghp_§")); MOST + 1]);
    assert_eq!((read(&many).found.len(), read(&many).reasons), (MOST, BTreeSet::from([Reason::TooMany])));
    let long = Value::from("a".repeat(MOST_BYTES + 1));
    assert_eq!((read(&long).complete, read(&long).reasons), (false, BTreeSet::from([Reason::TooLong])));
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,300}", name in ".{0,20}") {
        let mut members = Object::new();
        members.insert(name, text);
        let facts = read(&Value::from(members));
        prop_assert_eq!(facts.complete, facts.reasons.is_empty());
    }

    #[test]
    fn a_token_is_found_in_any_text_and_never_repeated(
        before in "[a-zA-Z0-9 =:/@\"'\\\\é-]{0,40}",
        after in "( .{0,40})?",
        row in 0..30_usize,
    ) {
        let (token, class) = TEXTS[row];
        let text = format!("{before} {}{after}", filled(token));
        let facts = read(&Value::from(text.as_str()));
        prop_assert!(facts.found.iter().any(|found| found.class == class), "{}", text);
        let shown = serde_json::to_string(&facts).unwrap();
        prop_assert!(!shown.contains("aB3dE5") && !shown.contains("0a1b2c"));
    }
}
