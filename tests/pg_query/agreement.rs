//! Is anything that PostgreSQL's own parser sees missing from the facts?
#![cfg(test)]
#![allow(dead_code)]

#[path = "../facts/ask.rs"]
mod ask;
#[path = "../facts/case.rs"]
mod case;
#[path = "../facts/chance.rs"]
mod chance;
#[path = "../facts/disguise.rs"]
mod disguise;
mod postgres;
#[path = "../facts/split.rs"]
mod split;

use countersign::facts::sql::Dialect;

use ask::{Answer, ask, rank};
use case::{Case, cases};
use chance::{Chance, disturb};
use disguise::disguises;
use postgres::{Deeds, deeds};

/// The cases for PostgreSQL, read from the folder they stand in.
fn texts() -> Vec<Case> {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    cases().into_iter().filter(|case| case.dialect == Dialect::Postgres).collect()
}

/// What the facts leave out of what PostgreSQL would do.
fn missing(done: &Deeds, facts: &Answer) -> Vec<String> {
    let mut out = Vec::new();
    let kinds = facts.set("kinds");
    let plain = |name: &String| {
        let usual = |c: &char| c.is_alphanumeric() || "._*#".contains(*c);
        // PostgreSQL cuts names after 63 bytes; what is left of a name that was that long is its beginning.
        name.to_lowercase().chars().filter(usual).take(40).collect::<String>()
    };
    let writes: Vec<String> = facts.set("writes").iter().map(plain).collect();
    let reads: Vec<String> = facts.set("reads").iter().map(plain).collect();
    let hold = |set: &[String], name: &String| set.iter().any(|known| known == "*" || *known == plain(name));
    for kind in &done.kinds {
        // Several words say the same; one of them must stand there.
        if !kind.split('/').any(|kind| kinds.contains(kind)) {
            out.push(format!("kind {kind} is not in {kinds:?}"));
        }
    }
    for name in &done.writes {
        if !hold(&writes, name) {
            out.push(format!("{name} is written and not in {writes:?}"));
        }
    }
    if facts.complete() {
        for name in &done.reads {
            if !hold(&reads, name) && !hold(&writes, name) {
                out.push(format!("{name} is read and not in {reads:?}"));
            }
        }
    }
    if rank(facts.risk()) < rank(done.risk) {
        out.push(format!("risk {} instead of {}", facts.risk(), done.risk));
    }
    if done.opaque && facts.complete() {
        out.push("it cannot be known, and is complete".to_owned());
    }
    out
}

fn judge(texts: impl IntoIterator<Item = String>, least: usize) {
    let mut parsed = 0;
    let mut faults = Vec::new();
    for text in texts {
        let Some(done) = deeds(&text) else { continue };
        parsed += 1;
        let out = missing(&done, &ask(&text, Dialect::Postgres));
        if !out.is_empty() {
            faults.push(format!("{}\n    {}", text.escape_debug(), out.join("\n    ")));
        }
    }
    println!("{parsed} texts that PostgreSQL understands");
    assert!(parsed >= least, "PostgreSQL understands {parsed} texts only");
    let shown: Vec<&str> = faults.iter().map(String::as_str).take(60).collect();
    assert!(faults.is_empty(), "{} of {parsed}, the first of them:\n{}", faults.len(), shown.join("\n"));
}

#[test]
fn nothing_postgres_sees_in_the_table_is_missing() {
    judge(texts().into_iter().map(|case| case.sql), 90);
}

#[test]
fn nothing_postgres_sees_in_a_disguise_is_missing() {
    let disguised = texts().into_iter().flat_map(|case| disguises(&case, &case.answer())).map(|disguise| disguise.sql);
    judge(disguised, 1000);
}

#[test]
fn nothing_postgres_sees_in_noise_is_missing() {
    let cases = texts();
    let mut chance = Chance::new(18);
    let noise = (0..60_000).map(|_| {
        let (one, other) = (chance.pick(&cases), chance.pick(&cases));
        // A NUL ends a text for PostgreSQL's parser, and no client sends one.
        disturb(&one.sql, &other.sql, &mut chance).replace('\0', " ")
    });
    judge(noise, 3000);
}
