//! Which calls wait, told so that one look is enough?

use askama::Template;

use super::super::page::Item;
use super::super::risk::risk;
use super::super::sentence::{Word, sentence};
use super::address::Show;
use super::frame::{Frame, When};
use super::seen::{Seen, Told};
use super::value::hides;
use crate::approval::state::State;
use crate::clock::Timestamp;
use crate::facts::Risk;
use crate::policy::finding::evidence::Needed;

/// Calls, newest first.
#[derive(Debug, Template)]
#[template(path = "inbox.html", config = "src/review/pages/askama.toml")]
pub struct InboxPage {
    /// What stands round it.
    pub frame: Frame,
    /// Which are listed.
    pub show: Show,
    /// The calls.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One call, or several that are identical.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names the newest of them.
    pub id: String,
    /// What it would do.
    pub sentence: Vec<Word>,
    /// How bad it could be.
    pub risk: Risk,
    /// Why people are asked.
    pub reason: Option<Seen>,
    /// Who asks.
    pub asker: Seen,
    /// Where it stands, in words.
    pub state: String,
    /// When it was opened.
    pub opened: When,
    /// When time decides, where it will.
    pub until: Option<When>,
    /// How many there are.
    pub count: usize,
    /// The digest a yes names, where one tap may say it.
    pub tap: Option<String>,
}

impl Row {
    /// Of one of a page.
    pub fn of(item: &Item) -> Self {
        let card = &item.card;
        let risk = risk(&card.shown);
        let may = card.you.as_ref().is_some_and(|you| you.may.contains(&"approve"));
        // What is bad, and what a credential is made for, needs a look; and several calls need several answers.
        let signed = card.you.as_ref().is_some_and(|you| you.suffices == Some(Needed::Passkey));
        let tap = (may
            && !signed
            && risk <= Risk::Medium
            && item.count == 1
            && !hides(&card.shown.params)
            && card.shown.credentials.is_empty())
        .then(|| card.digest.clone());
        Self {
            id: card.id.clone(),
            sentence: sentence(&card.shown),
            risk,
            reason: card.shown.reason.as_deref().map(Seen::from),
            asker: asker(card),
            state: state(card.state).to_owned(),
            opened: moment(&card.opened),
            until: card.until.as_deref().filter(|_| card.state == State::Pending.word()).map(moment),
            count: item.count,
            tap,
        }
    }
}

/// Who asks, as far as that was proven.
pub fn asker(card: &super::super::card::Card) -> Seen {
    let agent = card.shown.more.get("agent").and_then(serde_json::Value::as_str);
    match (agent, card.asker.person.as_deref()) {
        (Some(agent), Some(person)) => Seen(format!("{agent} for {person}")),
        (Some(agent), None) => Seen(agent.to_owned()),
        (None, Some(person)) => Seen(person.to_owned()),
        (None, None) => Seen(card.asker.principal.clone()),
    }
}

/// Where a call stands, for people.
pub fn state(word: &str) -> &str {
    match word {
        "pending" => "waits for people",
        "approved" => "approved, not yet run",
        "executing" => "is running",
        "outcome_unknown" => "nobody knows whether it ran",
        "rejected" => "denied",
        "expired" => "expired: nobody decided in time",
        "cancelled" => "given up by whoever asked",
        "superseded" => "void: something changed",
        "lapsed" => "approved, and never used",
        "revoked" => "approval taken back",
        "succeeded" => "approved, and ran",
        "failed" => "approved, and failed",
        "reconciled_succeeded" => "ran, as a person found out",
        "reconciled_failed" => "did not run, as a person found out",
        other => other,
    }
}

/// A time as a card has it.
pub fn moment(text: &str) -> When {
    let time: Option<jiff::Timestamp> = text.parse().ok();
    When(Timestamp::from_micros(time.map_or(0, jiff::Timestamp::as_microsecond)))
}
