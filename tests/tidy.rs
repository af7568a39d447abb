//! The tree's own rules: what a stranger can rely on when they look for something.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Rooms whose files judge: no IO, no async, no clock, no chance. `except` names the shells among them.
const PURE: [(&str, &[&str]); 14] = [
    ("digest", &[]),
    ("call", &[]),
    ("intent", &[]),
    ("catalogue", &[]),
    ("facts", &[]),
    ("policy", &["src/policy/files.rs"]),
    ("passkey", &[]),
    ("approval", &[]),
    ("change", &[]),
    ("permit", &[]),
    ("outcome", &[]),
    ("audit", &[]),
    ("clients", &[]),
    // Framing a pipe is the one thing here that waits.
    ("wire", &["src/wire/lines.rs"]),
];

/// What a pure file must not contain.
const IMPURE: [&str; 9] =
    ["async fn", ".await", "std::fs", "SystemTime::", "Instant::now", "tokio::", "tracing::", "std::env", "getrandom"];

/// Who may know which crate.
const KNOWN_TO: [(&str, &[&str]); 17] = [
    ("rmcp::", &["src/downstream/oauth", "src/cli/demo/"]),
    ("oauth2::", &["src/downstream/oauth"]),
    ("regorus::", &["src/policy"]),
    ("sqlx::", &["src/store", "src/cli/demo/shop.rs", "src/credentials/postgres"]),
    ("rusqlite::", &["src/store"]),
    ("hyper::", &["src/front", "src/downstream/http", "src/downstream/oauth"]),
    ("reqwest::", &["src/identity"]),
    ("clap::", &["src/cli"]),
    ("askama::", &["src/review/pages", "src/front/pages", "src/audit/report", "src/cli/audit/report.rs"]),
    ("similar::", &["src/review/pages", "src/cli/onboard/difference.rs"]),
    ("anyhow::", &["src/cli", "src/policy", "src/downstream/oauth"]),
    ("sha2::", &["src/digest.rs"]),
    (
        "ring::",
        &[
            "src/gateway/ticket.rs",
            "src/identity/sign_in/oidc/id_token.rs",
            "src/passkey",
            "src/channels",
            "src/audit/cosignature.rs",
            "src/audit/note.rs",
            "src/store/seal.rs",
            "src/credentials/jwt/key.rs",
            "src/credentials/aws_sts/signature.rs",
            "src/credentials/postgres",
        ],
    ),
    ("openidconnect::", &["src/identity/sign_in/oidc/"]),
    ("ciborium::", &["src/passkey"]),
    ("tokio_tungstenite::", &["src/channels/slack"]),
    ("lettre::", &["src/channels/mail", "src/config/channels/mail.rs"]),
];

/// The rooms of the story, in its order.
const STORY: [&str; 10] = [
    "identity",
    "intent",
    "catalogue",
    "policy",
    "approval",
    "permit",
    "credentials",
    "downstream",
    "outcome",
    "audit",
];

fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "there is nothing below {folder}");
    found
}

/// The lines of a file that are code of ours: comments and in-file tests left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines());
    lines.take_while(|(_, line)| *line != "#[cfg(test)]").filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn expect_none(faults: &[String], advice: &str) {
    assert!(faults.is_empty(), "{advice}\n  {}", faults.join("\n  "));
}

#[test]
fn a_file_is_a_room_and_not_a_hall() {
    let mut faults = Vec::new();
    for (path, text) in files("src").into_iter().chain(files("tests")) {
        let lines = text.lines().count();
        if lines > 400 {
            faults.push(format!("{path}: {lines} lines"));
        }
    }
    expect_none(&faults, "files stop at 400 lines; cut them where the story cuts:");
}

#[test]
fn a_file_is_a_noun_with_a_question_above() {
    let mut faults = Vec::new();
    for (path, text) in files("src").into_iter().chain(files("tests")) {
        let name = Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
        if ["util", "utils", "common", "helpers", "misc", "manager", "types", "mod"].contains(&name.as_str()) {
            faults.push(format!("{path}: `{name}` says nothing; name it after what a stranger would look for"));
        }
        if !text.starts_with("//!") && !is_test(&path) {
            faults.push(format!("{path}:1: begin with a line that says which question the file answers"));
        }
    }
    expect_none(&faults, "files are nouns with headers:");
}

#[test]
fn judgement_touches_nothing() {
    let mut faults = Vec::new();
    for (path, text) in files("src") {
        let room = path.trim_start_matches("src/").split(['/', '.']).next().unwrap();
        let Some((_, except)) = PURE.iter().find(|(pure, _)| *pure == room) else { continue };
        if except.contains(&path.as_str()) || is_test(&path) {
            continue;
        }
        for (line, text) in code(&text) {
            for word in IMPURE {
                if text.contains(word) {
                    faults.push(format!("{path}:{line}: {word}"));
                }
            }
        }
    }
    expect_none(&faults, "pure rooms take time, chance and files as arguments; move this to a shell:");
}

#[test]
fn a_crate_is_known_where_it_belongs() {
    let mut faults = Vec::new();
    for (path, text) in files("src") {
        if is_test(&path) {
            continue;
        }
        for (line, text) in code(&text) {
            for (name, places) in KNOWN_TO {
                let used = text.contains(&format!("use {name}"))
                    || text.contains(&format!(" {name}"))
                    || text.contains(&format!("<{name}"));
                if used && !places.iter().any(|place| path.starts_with(place)) {
                    faults.push(format!("{path}:{line}: {name} belongs into {}", places.join(", ")));
                }
            }
        }
    }
    expect_none(&faults, "who may import what:");
}

#[test]
fn the_story_has_one_order() {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let table: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("//! | ")?.split('|').nth(1)?.trim().strip_prefix("[`")?.split('`').next())
        .collect();
    assert_eq!(table, STORY, "the table of lib.rs tells the story in another order");
    let modules: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| STORY.contains(module))
        .collect();
    assert_eq!(modules, STORY, "the modules of lib.rs stand in another order");
}

#[test]
fn nothing_is_unfinished_and_nothing_sleeps_and_hopes() {
    let unfinished = ["#[ignore", "todo!(", "unimplemented!("];
    let asleep = ["thread::sleep(", "time::sleep("];
    let mut faults = Vec::new();
    for (path, text) in files("src").into_iter().chain(files("tests")) {
        if path == "tests/tidy.rs" {
            continue;
        }
        let tests = path.starts_with("tests/") && !path.starts_with("tests/bench/") || is_test(&path);
        for (line, text) in (1..).zip(text.lines()) {
            let found = unfinished.iter().chain(asleep.iter().filter(|_| tests)).find(|word| text.contains(**word));
            if let Some(word) = found {
                faults.push(format!("{path}:{line}: {word}"));
            }
        }
    }
    expect_none(&faults, "tests wait for events; code that is not done is not there:");
}

#[test]
fn no_dependency_changes_what_a_number_or_a_connection_is() {
    // PAR-22: with arbitrary_precision on, an argument could be named like serde_json's own marker and become a number.
    let tree = |arguments: &[&str]| {
        let output =
            Command::new(env!("CARGO")).arg("tree").args(["--offline", "--locked"]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let features = tree(&["--edges", "normal,features", "--invert", "serde_json"]);
    assert!(features.contains("serde_json"), "the dependency graph could not be read");
    assert!(
        !features.contains("arbitrary_precision"),
        "a dependency turns on serde_json/arbitrary_precision:\n{features}"
    );
    let all = tree(&["--edges", "normal", "--prefix", "none"]);
    for unwanted in ["openssl ", "openssl-sys ", "native-tls "] {
        assert!(!all.contains(unwanted), "{unwanted}is in the graph; rustls is what is used here");
    }
    assert!(all.contains("rmcp v3.9.0"), "rmcp is pinned exactly");
}
