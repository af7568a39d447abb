//! What must the facts of a text be?
//!
//! A case is the text and below it a line `=> kinds | reads … | writes … | risk | limit N | unbounded … | incomplete`.
//! Kinds are exact, or with `+` at least those. What is not named is empty, and the answer is complete; `?` is anything.
//! Limit and unbounded count only where they stand. `⟦a0⟧` is the character of that number.

use std::collections::BTreeSet;

use countersign::facts::sql::Dialect;

use super::ask::{Answer, DIALECTS, ask, rank};

/// A set that must be found.
#[derive(Debug)]
enum Wanted {
    Anything,
    AtLeast(BTreeSet<String>),
    Exactly(BTreeSet<String>),
}

/// A text and what must be said of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) place: String,
    pub(super) dialect: Dialect,
    pub(super) sql: String,
    kinds: Wanted,
    reads: Wanted,
    writes: Wanted,
    unbounded: Wanted,
    risks: Vec<String>,
    limit: Option<u64>,
    complete: Option<bool>,
}

/// The cases of every dialect.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (dialect, word) in DIALECTS {
        let file = format!("tests/facts/sql/{word}.txt");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut sql: Vec<&str> = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(wanted) = line.strip_prefix("=> ") {
                cases.push(case(format!("{file}:{number}"), dialect, &sql.join("\n"), wanted));
                sql.clear();
            } else if !line.starts_with("## ") && !line.is_empty() {
                sql.push(line);
            }
        }
        assert!(sql.is_empty(), "{file}: the last case has no `=>`");
    }
    cases
}

fn case(place: String, dialect: Dialect, sql: &str, wanted: &str) -> Case {
    let mut case = Case {
        place,
        dialect,
        sql: unescape(sql),
        kinds: Wanted::Anything,
        reads: Wanted::Exactly(BTreeSet::new()),
        writes: Wanted::Exactly(BTreeSet::new()),
        unbounded: Wanted::Anything,
        risks: Vec::new(),
        limit: None,
        complete: Some(true),
    };
    let mut fields = wanted.split('|').map(str::trim);
    case.kinds = match fields.next().unwrap() {
        "?" => Wanted::Anything,
        kinds => match kinds.strip_suffix('+') {
            Some(kinds) => Wanted::AtLeast(words(kinds)),
            None => Wanted::Exactly(words(kinds)),
        },
    };
    for field in fields {
        let (name, rest) = field.split_once(' ').unwrap_or((field, ""));
        match name {
            "reads" => case.reads = names(rest),
            "writes" => case.writes = names(rest),
            "unbounded" => case.unbounded = names(rest),
            "limit" => case.limit = Some(rest.parse().unwrap()),
            "incomplete" => case.complete = Some(false),
            "complete" if rest == "?" => case.complete = None,
            "?" => case.risks = Vec::new(),
            risk => case.risks = risks(risk),
        }
    }
    case
}

fn risks(words: &str) -> Vec<String> {
    if let Some(least) = words.strip_prefix(">=") {
        return ["low", "medium", "high", "critical"][rank(least)..].iter().map(|risk| (*risk).to_owned()).collect();
    }
    words.split('/').map(|risk| ["low", "medium", "high", "critical"][rank(risk)].to_owned()).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn names(text: &str) -> Wanted {
    let set = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
    match text.strip_prefix(">=") {
        _ if text == "?" => Wanted::Anything,
        Some(text) => Wanted::AtLeast(set(text)),
        None => Wanted::Exactly(set(text)),
    }
}

fn unescape(text: &str) -> String {
    let mut pieces = text.split('⟦');
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('⟧').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}

impl Wanted {
    fn differs(&self, name: &str, found: &BTreeSet<String>) -> Option<String> {
        let (fits, wanted) = match self {
            Self::Anything => return None,
            Self::AtLeast(wanted) => (wanted.is_subset(found), wanted),
            Self::Exactly(wanted) => (wanted == found, wanted),
        };
        (!fits).then(|| format!("{name} {found:?} instead of {wanted:?}"))
    }
}

impl Case {
    pub(super) fn answer(&self) -> Answer {
        ask(&self.sql, self.dialect)
    }

    /// What the answer says and must not.
    pub(super) fn faults(&self) -> Vec<String> {
        let answer = self.answer();
        let mut faults: Vec<String> = [
            self.kinds.differs("kinds", &answer.set("kinds")),
            self.reads.differs("reads", &answer.set("reads")),
            self.writes.differs("writes", &answer.set("writes")),
            self.unbounded.differs("unbounded", &answer.set("unbounded")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !self.risks.is_empty() && !self.risks.iter().any(|risk| risk == answer.risk()) {
            faults.push(format!("risk {} instead of {}", answer.risk(), self.risks.join("/")));
        }
        if self.limit.is_some() && self.limit != answer.limit() {
            faults.push(format!("limit {:?} instead of {:?}", answer.limit(), self.limit));
        }
        if self.complete.is_some_and(|complete| complete != answer.complete()) {
            faults.push(format!("complete {} because {:?}", answer.complete(), answer.set("reasons")));
        }
        faults
    }
}
