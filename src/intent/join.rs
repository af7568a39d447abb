//! Which report is about this call?
//!
//! By the client's own id for the use of the tool, and then tool and arguments must be those that were reported: an id with
//! something else behind it means that somebody changed the call on the way, and is an alarm. Without an id a call is found by
//! its likeness: the same caller, tool and arguments within seconds; where that fits uses from more than one prompt, nothing is
//! known.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::client::Client;
use super::meta::Named;
use super::{Provenance, Source};
use crate::call::caller::Caller;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A use of a tool without an id is looked for so long after it was reported.
pub const LIKENESS_MICROS: i64 = 10_000_000;
/// Clients cut names that are longer; what was cut is not compared.
const CUT: usize = 60;

/// A use of a tool that was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// Whoever reported it: a device's id, or the principal of a caller.
    pub by: String,
    /// The device's name; nothing when it was no device.
    pub device: Option<String>,
    /// Whose calls the device reports.
    pub principals: Vec<String>,
    /// The software.
    pub client: String,
    /// Its own name for the conversation.
    pub session: String,
    /// Its own name for what one prompt leads to.
    pub turn: Option<String>,
    /// The model at work.
    pub model: Option<String>,
    /// The client's id for it.
    pub tool_use: Option<String>,
    /// The tool, as the client names it.
    pub tool: String,
    /// Names the arguments.
    pub arguments: Digest,
    /// When.
    pub at: Timestamp,
}

/// A prompt that was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompted {
    /// The client's own name for what it leads to.
    pub turn: Option<String>,
    /// Names its words.
    pub digest: Digest,
    /// When.
    pub at: Timestamp,
}

/// The call that arrived, as its client sent it.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// The tool by the name the client used.
    pub tool: &'a str,
    /// Names the arguments, before anything is taken out of them.
    pub arguments: Digest,
    /// What its client says beside it.
    pub named: &'a Named,
}

/// What fits a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// This use of the tool.
    Exactly(&'a Reported),
    /// The id is this one's; tool or arguments are not.
    Altered(&'a Reported),
    /// One of these, by likeness.
    Alike(Vec<&'a Reported>),
    /// Nothing.
    Nothing,
}

impl Reported {
    /// Whether this reports calls of this caller.
    pub fn covers(&self, caller: &Caller) -> bool {
        let is = |name: &String| *name == caller.principal || caller.user.as_ref().is_some_and(|user| user.id == *name);
        match self.device {
            Some(_) => self.principals.iter().any(is),
            None => self.by == caller.principal,
        }
    }

    /// How sure what it says is at best.
    pub const fn surely(&self) -> Provenance {
        // Whoever comes with a caller's own key may be the agent itself.
        if self.device.is_some() { Provenance::Captured } else { Provenance::Asserted }
    }

    /// Who said so.
    pub fn source(&self) -> Source {
        Source { client: self.client.clone(), device: self.device.clone() }
    }
}

/// What was reported by this id.
pub fn by_id<'a>(call: &Arrived<'_>, reported: &'a [Reported]) -> Found<'a> {
    let same = |one: &&Reported| one.arguments == call.arguments && is_tool(&one.tool, call.tool);
    match (reported.iter().find(|one| !same(one)), reported.first()) {
        (Some(other), _) => Found::Altered(other),
        (None, Some(first)) => Found::Exactly(first),
        (None, None) => Found::Nothing,
    }
}

/// What was reported of a call with the same arguments just before.
pub fn by_likeness<'a>(call: &Arrived<'_>, reported: &'a [Reported], now: Timestamp) -> Found<'a> {
    let since = now.micros().saturating_sub(LIKENESS_MICROS);
    let fits = |one: &&Reported| {
        let same_session = call.named.session.as_ref().is_none_or(|session| *session == one.session);
        one.at.micros() >= since && one.arguments == call.arguments && is_tool(&one.tool, call.tool) && same_session
    };
    let alike: Vec<&Reported> = reported.iter().filter(fits).collect();
    if alike.is_empty() { Found::Nothing } else { Found::Alike(alike) }
}

/// The prompt a use of a tool came of, among those of its conversation up to then, newest first.
pub fn prompt_of<'a>(tool_use: &Reported, prompts: &'a [Prompted]) -> Option<&'a Prompted> {
    let named = tool_use.turn.as_ref();
    let same = named.and_then(|turn| prompts.iter().find(|prompt| prompt.turn.as_ref() == Some(turn)));
    let sure = Client::from_word(&tool_use.client).is_none_or(Client::names_turns) && named.is_some();
    if sure { same } else { same.or_else(|| prompts.first()) }
}

/// Whether a client's name for a tool is the one we offered: clients put the server's name before it, and write `_` for what
/// they do not like in it.
fn is_tool(reported: &str, asked: &str) -> bool {
    let plain = |name: &str| -> String {
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    };
    let (reported, asked) = (plain(reported), plain(asked));
    let ends = reported.strip_suffix(&asked).is_some_and(|before| before.is_empty() || before.ends_with('_'));
    ends || reported.len() >= CUT
}
