//! Stories, tables and a search about one approval.
#![expect(clippy::arithmetic_side_effects, reason = "the sums of tests are small, and a test may stop")]

mod evidence;
mod grant;
mod model;
mod people;
mod quorum;
mod row;
mod search;
mod seen;
mod talk;
mod time;

use std::collections::BTreeSet;

use super::*;
use crate::policy::decision::Said;
use crate::policy::finding::hold::{By, Escalation, HoldTerms, Reviewer};
use crate::policy::finding::pointer::Pointer;
use crate::policy::finding::preview::{Preview, Question};
use crate::policy::finding::span::Span;
use crate::wire::json::Value;
use precondition::Seen;
use state::Outcome;
use vote::Evidence;

const SECOND: i64 = 1_000_000;
/// When every approval of these tests is opened.
const OPENED: i64 = 1_000 * SECOND;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(OPENED + seconds * SECOND)
}

fn span(seconds: u64) -> Span {
    Span::of_seconds(seconds).unwrap()
}

fn digest(of: &str) -> Digest {
    Digest::of_bytes("test", of.as_bytes())
}

fn reviewers(names: &[&str]) -> Vec<Reviewer> {
    names.iter().map(|name| Reviewer::try_from((*name).to_owned()).unwrap()).collect()
}

/// One of these, and somebody else than who asked.
fn asks(names: &[&str]) -> HoldTerms {
    HoldTerms {
        reviewers: reviewers(names),
        quorum: 1,
        each: false,
        ttl: None,
        escalate: None,
        show: vec![],
        by: By::Other,
        grant: None,
        preview: None,
        evidence: None,
    }
}

fn later(seconds: u64, to: &[&str]) -> Escalation {
    Escalation { after: span(seconds), to: reviewers(to) }
}

fn agreement(holds: Vec<HoldTerms>) -> Agreement {
    let said = |(number, terms)| Said { finding: format!("rules/hold-{number}"), terms };
    Agreement { all_of: holds.into_iter().enumerate().map(said).collect() }
}

/// Jana's agent asks, with a key, for somebody; three others had a part in it.
fn asker() -> Asker {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Asker {
        principal: "key:agent".to_owned(),
        person: Some("jana".to_owned()),
        also: set(&["key-owner", "delegator", "editor"]),
        accounts: set(&["oidc:jana", "slack:jana"]),
    }
}

fn open(holds: Vec<HoldTerms>) -> Approval {
    let names = (CallId::from("call-1".to_owned()), digest("this"), digest("again"));
    Approval::open(names, asker(), agreement(holds), at(0))
}

/// What a server said before people were asked.
fn seen(said: Seen) -> Precondition {
    let within = span(3);
    let arguments = Question::of(crate::object! { "sql" => "SELECT 1" });
    let take = Pointer::try_from("/content/0/text".to_owned()).ok();
    let preview = Preview { tool: "query".into(), arguments, take, within, may_differ: 10 };
    let call = Some(CallId::from("call-0".to_owned()));
    Precondition { finding: "rules/hold-0".into(), server: "shop".into(), preview, call, seen: said }
}

/// The same, when it said so many.
fn counted(count: u64) -> Precondition {
    let result = Value::from(crate::object! { "content" => count });
    seen(Seen::of(&CallId::from("call-1".to_owned()), None, (&result, &result)))
}

/// A person with one account of their own.
fn person(name: &str, groups: &[&str]) -> Voter {
    let account = format!("oidc:{name}");
    Voter {
        person: name.to_owned(),
        accounts: [account.clone()].into(),
        account,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        roles: BTreeSet::new(),
    }
}

fn linked(voter: Voter, accounts: &[&str]) -> Voter {
    Voter {
        accounts: voter.accounts.iter().cloned().chain(accounts.iter().map(|a| (*a).to_owned())).collect(),
        ..voter
    }
}

fn says(word: Word, by: &Voter) -> Vote {
    // What a voter says about their part and the time is not believed.
    Vote {
        by: by.clone(),
        word,
        part: Part::Countersigns,
        reason: (word == Word::No).then(|| "not today".to_owned()),
        digest: digest("this"),
        at: at(-1_000_000),
        bounds: None,
        evidence: Evidence::Account,
    }
}

fn yes(approval: &Approval, by: &Voter, seconds: i64) -> Result<Approval, Refused> {
    approval.after(Event::Voted(says(Word::Yes, by)), at(seconds)).map(|next| next.approval)
}

fn no(approval: &Approval, by: &Voter, seconds: i64) -> Result<Approval, Refused> {
    approval.after(Event::Voted(says(Word::No, by)), at(seconds)).map(|next| next.approval)
}

fn attempt(lease: i64) -> Attempt {
    Attempt { id: "attempt-1".to_owned(), lease: at(lease) }
}

/// A claim at this time, for 30 seconds, with whoever voters are now.
fn claim<'a>(approval: &Approval, seconds: i64, now: &'a dyn Fn(&Voter) -> Option<&'a Voter>) -> Result<Next, Refused> {
    let claim = Claim { attempt: attempt(seconds + 30), digest: digest("this"), now };
    approval.after(Event::Claimed(claim), at(seconds))
}

/// A claim when everybody is who they were.
fn claim_as_voted(approval: &Approval, seconds: i64) -> Result<Next, Refused> {
    let voters: Vec<&Voter> = approval.votes.iter().map(|vote| &vote.by).collect();
    claim(approval, seconds, &|voter| voters.iter().find(|known| **known == voter).copied())
}

fn plain(approval: &Approval, event: Event<'_>, seconds: i64) -> Result<Approval, Refused> {
    approval.after(event, at(seconds)).map(|next| next.approval)
}

fn finished(end: Outcome) -> Event<'static> {
    Event::Finished { attempt: "attempt-1".to_owned(), end }
}

/// One that Bob of operations has agreed to after ten seconds.
fn approved() -> Approval {
    yes(&open(vec![asks(&["group:ops"])]), &person("bob", &["ops"]), 10).unwrap()
}

fn executing() -> Approval {
    claim_as_voted(&approved(), 20).unwrap().approval
}

/// One approval in every state there is.
fn everywhere() -> Vec<Approval> {
    let pending = open(vec![asks(&["group:ops"])]);
    let bob = person("bob", &["ops"]);
    let unknown = executing().due(at(50)).unwrap();
    vec![
        pending.clone(),
        approved(),
        executing(),
        unknown.clone(),
        no(&pending, &bob, 1).unwrap(),
        pending.due(pending.deadline).unwrap(),
        plain(&pending, Event::Cancelled, 1).unwrap(),
        plain(&approved(), Event::Superseded, 11).unwrap(),
        approved().due(at(310)).unwrap(),
        plain(&approved(), Event::Revoked(bob), 11).unwrap(),
        plain(&executing(), finished(Outcome::Succeeded), 21).unwrap(),
        plain(&executing(), finished(Outcome::Failed), 21).unwrap(),
        plain(&unknown, Event::Reconciled { happened: true }, 60).unwrap(),
        plain(&unknown, Event::Reconciled { happened: false }, 60).unwrap(),
    ]
}
