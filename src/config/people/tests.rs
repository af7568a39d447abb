//! People, good and bad, and what is said about them.

use std::io;
use std::path::PathBuf;

use insta::assert_snapshot;

use super::*;
use crate::config::tests::{around, complaint, read};
use crate::config::{Config, Request};
use crate::policy::lint::Known;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

const ADA: &str = "[people.ada]\n\
    accounts = [\"os:ada\", \"key:ada-laptop\", \"https://login.example.com#4711\", \"slack:T0AB/U12\"]\n\
    groups = [\"dba\"]\nroles = [\"reviewer\"]\n[people.\"Bob Smith\"]\n";

#[test]
fn people_are_understood() {
    let config = read(ADA).unwrap_or_else(|error| panic!("{error}"));
    let ada = Person {
        accounts: set(&["os:ada", "key:ada-laptop", "https://login.example.com#4711", "slack:T0AB/U12"]),
        groups: set(&["dba"]),
        roles: set(&["reviewer"]),
        ..Person::default()
    };
    let bob = Person { accounts: set(&["os:Bob Smith"]), ..Person::default() };
    assert_eq!(config.people, BTreeMap::from([("ada".to_owned(), ada), ("Bob Smith".to_owned(), bob)]));
    let shown = |name: &str| {
        let setting = config.source.settings.iter().find(|setting| setting.name == name).unwrap();
        format!("{} {}", setting.value, setting.origin)
    };
    assert_eq!(shown("people.ada.groups"), r#"["dba"] countersign.toml:3"#);
    assert_eq!(shown("people.Bob Smith.accounts"), r#"["os:Bob Smith"] default"#);
    assert!(read("").unwrap().people.is_empty() && read("[people]\n").unwrap().people.is_empty());
}

#[test]
fn an_account_is_one_person() {
    // A21, A22: else one human being could be two.
    assert_snapshot!(complaint("[people.bob]\naccounts = [\"os:bob\", \"key:k\"]\n[people.ada]\naccounts = [\n  \"key:k\",\n]\n"), @r#"
    the configuration has one fault:

    countersign.toml:5:3: `key:k` belongs to `bob` already
     5 |   "key:k",
       |   ^^^^^^^
       = keep it under one of the two; an account is one person
    "#);
    assert_snapshot!(complaint("[people.ada]\naccounts = [\"os:bob\"]\n[people.bob]\ngroups = [\"dba\"]\n"), @r#"
    the configuration has one fault:

    countersign.toml:2:13: `os:bob` belongs to `bob` already, because [people.bob] names no `accounts`
     2 | accounts = ["os:bob"]
       |             ^^^^^^^^
       = keep it under one of the two; an account is one person
    "#);
    let hidden = "[people.ada]\naccounts = [\"key:${NAME}\"]\n[people.bob]\naccounts = [\"key:hush\"]\n[people.eve]\naccounts = [\"key:${NAME}\"]\n";
    let error = Config::from_text(hidden, &around(&[("NAME", "hush")])).unwrap_err().to_string();
    assert!(
        error.contains("countersign.toml:6:") && error.contains("what stands behind ${NAME} belongs to"),
        "{error}"
    );
}

#[test]
fn every_mistake_is_told_with_its_line_and_the_next_step() {
    for (text, place, what, next) in [
        ("[people.\"\"]", "1:", "`` cannot be the name of a person", "without spaces around it"),
        ("[people.\" ada\"]", "1:", "` ada` cannot be the name of a person", "such as `ada`"),
        ("[people.\"a\\u0007\"]", "1:", "`a\u{fffd}` cannot be the name", "such as `ada`"),
        ("[people.ada]\naccounts = [\"\"]", "2:13", "`` is not an account", "write `os:LOGIN`"),
        ("[people.ada]\naccounts = [\"os:ada \"]", "2:13", "is not an account", "`ISSUER#SUBJECT`"),
        ("[people.ada]\naccounts = [\"os: ada\"]", "2:13", "is not an account", "`key:NAME`"),
        ("[people.ada]\naccounts = [\"ada\"]", "2:13", "`ada` is not an account", "as the record names callers"),
        ("[people.ada]\naccounts = [\"os:\"]", "2:13", "`os:` is not an account", "`os:LOGIN`"),
        ("[people.ada]\naccounts = [\"https://e.com\"]", "2:13", "is not an account", "`ISSUER#SUBJECT`"),
        ("[people.ada]\naccounts = [\"https://e.com#\"]", "2:13", "is not an account", "`ISSUER#SUBJECT`"),
        ("[people.ada]\naccounts = [\"key:a\\nb\"]", "2:13", "`key:a\u{fffd}b` is not an account", "`key:NAME`"),
        ("[people.ada]\naccounts = [\"slack:U12\"]", "2:13", "`slack:U12` is not an account", "`slack:TEAM/USER`"),
        ("[people.ada]\naccounts = [\"slack:T1/ada\"]", "2:13", "is not an account", "`slack:TEAM/USER`"),
        ("[people.ada]\naccounts = [\"slack:U1/T1\"]", "2:13", "is not an account", "`slack:TEAM/USER`"),
        ("[people.ada]\naccounts = [\"slack:T1/U1/U2\"]", "2:13", "is not an account", "`slack:TEAM/USER`"),
        ("[people.ada]\naccounts = []", "1:1", "nobody could answer as `ada`", "name an account"),
        ("[people.ada]\naccounts = \"os:ada\"", "2:12", "a list of texts should stand here", "write a list"),
        ("[people.ada]\ngroups = [\"dba\", \"\"]", "2:18", "`` is not a group", "such as `dba`"),
        ("[people.ada]\ngroups = [\" dba\"]", "2:11", "` dba` is not a group", "without spaces around it"),
        ("[people.ada]\nroles = [\"a\\tb\"]", "2:10", "`a\u{fffd}b` is not a role", "such as `reviewer`"),
        ("[people.ada]\nroles = [3]", "2:10", "a text should stand here", "write a text"),
        ("[people.ada]\nrolls = [\"x\"]", "2:1", "unknown key `rolls` in [people.ada]", "did you mean `roles`?"),
        ("[people]\nada = \"os:ada\"", "2:7", "a table should stand here", "write a table"),
        ("people = [\"ada\"]", "1:10", "a table of tables should stand here", "write a table"),
    ] {
        let error = complaint(text);
        let first = format!("the configuration has one fault:\n\ncountersign.toml:{place}");
        assert!(error.starts_with(&first) && error.contains(what) && error.contains(next), "{text}\n{error}");
    }
    let many = complaint("[people.ada]\naccounts = [\"x\", \"y\"]\ngroups = [\"\"]\nroles = [\"\"]\nrole = 1\n");
    assert!(many.starts_with("the configuration has 5 faults"), "{many}");
}

#[test]
fn whom_rules_can_name_is_read_without_the_servers() {
    let request = Request { file: Some(PathBuf::from("countersign.toml")), ..Request::default() };
    let loaded = |reader: fn(&std::path::Path) -> io::Result<String>| {
        let mut around = around(&[]);
        around.reader = reader;
        Known::load(&request, &around).map(|known| known.reviewers)
    };
    let servers = "[servers.a]\ncommand = \"x\"\nenv = { A = \"${NOT_SET}\" }\n";
    assert_eq!(loaded(|_| Ok(String::new())).unwrap(), None);
    let known = loaded(|_| Ok(format!("{ADA}[servers.a]\ncommand = \"x\"\nenv = {{ A = \"${{NOT_SET}}\" }}\n")));
    let known = known.unwrap().unwrap();
    assert!(read(&format!("{ADA}{servers}")).is_err());
    assert_eq!(known, read(ADA).unwrap().reviewers().unwrap());
    let all = (known.people, known.groups, known.roles, known.others);
    assert_eq!(all, (set(&["ada", "Bob Smith"]), set(&["dba"]), set(&["reviewer"]), Others::Nobody));
    let issuer = "[[identity.issuers]]\nissuer = \"https://login.example.com\"\naudience = \"x\"\n";
    assert_eq!(read(&format!("{ADA}{issuer}")).unwrap().reviewers().unwrap().others, Others::Issuers);
    let with_issuer = loaded(|_| Ok(format!("{ADA}[[identity.issuers]]\nissuer = \"https://login.example.com\"\n")));
    assert_eq!(with_issuer.unwrap().unwrap().others, Others::Issuers);
    let providers = loaded(|_| {
        let review = "[review.providers.a]\nclient_secret = \"${NOT_SET}\"\n[review.roles]\nauditor = [\"audit\"]\n";
        Ok(format!("{ADA}{review}"))
    });
    let known = providers.unwrap().unwrap();
    assert_eq!((known.others, known.roles), (Others::Issuers, set(&["auditor", "reviewer"])));
    assert!(loaded(|_| Ok("[people.ada]\naccounts = [\"x\"]\n".to_owned())).is_err());
}
