//! The pages people answer on, good and bad, and what is said about them.

use insta::assert_snapshot;

use super::*;
use crate::config::Config;
use crate::config::tests::{around, complaint, read};

const ACME: &str = "[review.providers.acme]\nissuer = \"https://login.example.com/t\"\nclient_id = \"countersign\"\n";

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_whole_section_is_understood() {
    let text = "[http]\npublic_url = \"https://gw.example.com\"\n[review]\nidle = \"30m\"\nlongest = \"8h\"\n\
        [review.providers.acme]\nname = \"Acme Ltd\"\nissuer = \"https://login.example.com\"\nclient_id = \"countersign\"\n\
        client_secret = \"${OIDC}\"\nscopes = [\"openid\", \"groups\"]\nclaims = { user = \"upn\", groups = \"realm.roles\" }\n\
        email_verified = \"trusted\"\nallow_private = true\nclock_skew = \"5s\"\n\
        [review.roles]\nreviewer = [\"sec team\"]\nbreak-glass = [\"on-call\"]\n";
    let config =
        Config::from_text(text, &around(&[("OIDC", "p5J2m0Qx7Yv3Kd8f")])).unwrap_or_else(|error| panic!("{error}"));
    let Review { idle, longest, owner, look, providers, roles } = &config.review;
    assert!(look.is_none());
    assert_eq!((idle.to_string(), longest.to_string(), owner), ("30m".to_owned(), "8h".to_owned(), &false));
    let acme = &providers["acme"];
    assert_eq!((acme.name.as_str(), acme.issuer.as_str()), ("Acme Ltd", "https://login.example.com"));
    assert_eq!(acme.client_secret.as_ref().map(Secret::expose), Some("p5J2m0Qx7Yv3Kd8f"));
    assert_eq!(acme.scopes, ["openid", "groups"]);
    let claims = PersonClaims { user: "upn".into(), name: "name".into(), groups: "realm.roles".into() };
    assert_eq!((&acme.claims, acme.email_verified), (&claims, EmailVerified::Trusted));
    assert!(acme.allow_private && acme.clock_skew.to_string() == "5s");
    let by_role = [("break-glass", set(&["on-call"])), ("reviewer", set(&["sec team"]))];
    assert_eq!(roles.by_role(), by_role.map(|(role, groups)| (role.to_owned(), groups)).into());
    assert!(!format!("{config:?}").contains("p5J2m0Qx7Yv3Kd8f"));
    assert!(!config.source.settings.iter().any(|setting| setting.value.to_string().contains("p5J2m0Qx7Yv3Kd8f")));
}

#[test]
fn everything_has_a_default() {
    for (http, provider, owner) in [
        ("", "", false),
        ("[http]\n", "", true),
        ("[http]\nlisten = \"[::1]:4180\"\n", "", true),
        ("[http]\nlisten = \"0.0.0.0:4180\"\n", "", false),
        ("[http]\n", ACME, false),
        ("[http]\n[review]\nowner = true\n", ACME, true),
        ("[http]\n[review]\nowner = false\n", "", false),
    ] {
        let config = read(&format!("{http}{provider}")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.review.owner, owner, "{http}{provider}");
        assert_eq!((config.review.idle.to_string(), config.review.longest.to_string()), ("1h".into(), "12h".into()));
    }
    let acme = &read(ACME).unwrap().review.providers["acme"];
    assert_eq!((acme.name.as_str(), acme.email_verified), ("acme", EmailVerified::Required));
    assert!(acme.client_secret.is_none() && !acme.allow_private);
    assert_eq!(acme.scopes, ["openid", "email", "profile"]);
    assert_eq!(acme.claims.user, "email");
}

#[test]
fn every_mistake_is_told_with_its_line_and_the_next_step() {
    let acme = |line: &str| format!("{ACME}{line}");
    for (text, place, what, next) in [
        ("[review]\nidle = \"0s\"".to_owned(), "2:8", "`0s` is not a time with its unit", "such as `1h`"),
        ("[review]\nowner = \"x\"".to_owned(), "2:9", "is not true or false", "false"),
        ("[review]\nider = \"1h\"".to_owned(), "2:1", "unknown key `ider` in [review]", "did you mean `idle`?"),
        (
            "[review.providers.Acme]\nissuer = \"https://e.com\"\nclient_id = \"c\"".to_owned(),
            "1:19",
            "`Acme` cannot be the name of a provider",
            "a small letter first",
        ),
        ("[review.providers.a]\nclient_id = \"c\"".to_owned(), "1:1", "has no `issuer`", "https://login.example.com"),
        ("[review.providers.a]\nissuer = \"https://e.com\"".to_owned(), "1:1", "has no `client_id`", "countersign"),
        (acme("name = \" \""), "4:8", "is not a text", "Acme"),
        (acme("client_secret = \"changeme\""), "4:17", "a secret from a sample", "the one your provider made"),
        (acme("scopes = [\"email\"]"), "4:11", "without the scope `openid`", "add `openid`"),
        (acme("scopes = [\"openid\", \"a b\"]"), "4:21", "`a b` is not a scope", "email"),
        (acme("claims = { user = \"\" }"), "4:19", "is not the name of a claim", "email"),
        (acme("claims = { mail = \"x\" }"), "4:12", "unknown key `mail`", "known here: groups, name, user"),
        (acme("email_verified = \"require\""), "4:18", "`require` is no `email_verified`", "did you mean `required`?"),
        (acme("[review.roles]\nreviewers = [\"x\"]"), "5:1", "unknown key `reviewers`", "did you mean `reviewer`?"),
        (acme("[review.roles]\nreviewer = [\" x\"]"), "5:13", "is not a group", "sec-team"),
    ] {
        is_told(&text, place, [what, next]);
    }
}

fn is_told(text: &str, place: &str, parts: [&str; 2]) {
    let error = complaint(text);
    let first = format!("the configuration has one fault:\n\ncountersign.toml:{place}");
    let whole = error.starts_with(&first) && parts.iter().all(|part| error.contains(part));
    assert!(whole, "{text}\n{error}");
}

#[test]
fn what_stands_side_by_side_must_fit() {
    for (text, place, what, next) in [
        (
            "[review.roles]\nauditor = [\"x\"]".to_owned(),
            "2:11",
            "nobody says who is in which group",
            "[review.providers.NAME]",
        ),
        (
            "[http]\nlisten = \"0.0.0.0:1\"\n[review]\nowner = true".to_owned(),
            "4:9",
            "sign in as the owner from the whole network at 0.0.0.0:1",
            "127.0.0.1",
        ),
        (
            format!("[http]\npublic_url = \"http://gw.example.com\"\n{ACME}"),
            "2:14",
            "people cannot sign in at http://gw.example.com/",
            "https address",
        ),
        (
            "[review.providers.a]\nissuer = \"https://10.1.2.3\"\nclient_id = \"c\"".to_owned(),
            "2:10",
            "`10.1.2.3` is a private address",
            "allow_private",
        ),
        (
            "[review.providers.a]\nissuer = \"http://e.com\"\nclient_id = \"c\"".to_owned(),
            "2:10",
            "plain http to `e.com`",
            "https",
        ),
    ] {
        is_told(&text, place, [what, next]);
    }
    let hidden = complaint("[review.providers.a]\nissuer = \"https://u:hush@e.com\"\nclient_id = \"c\"\n");
    assert!(!hidden.contains("hush"), "{hidden}");
    let open = "[http]\nlisten = \"0.0.0.0:4180\"\n";
    assert_snapshot!(complaint(&format!("{open}{ACME}")), @r"
    the configuration has one fault:

    http.public_url: people cannot sign in at http://0.0.0.0:4180/: what comes back could be read on the way
       = write the https address people reach this gateway by
    ");
}

#[test]
fn groups_of_a_provider_are_known_to_rules() {
    let people = "[people.ada]\nroles = [\"reviewer\"]\n";
    let known = |text: &str| read(&format!("{people}{text}")).unwrap().reviewers().unwrap();
    assert_eq!(known("").others, crate::policy::lint::reviewers::Others::Nobody);
    let known = known(&format!("{ACME}[review.roles]\noperator = [\"ops\"]\n"));
    assert_eq!(known.others, crate::policy::lint::reviewers::Others::Issuers);
    assert_eq!(known.roles, set(&["operator", "reviewer"]));
}
