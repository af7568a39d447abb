//! What is said of a message in plain words?
//!
//! The same for everybody who reads text: letters, cards and bodies of other receivers.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::line::line;
use crate::channels::message::{Matter, Message};
use crate::channels::notice::What;
use crate::facts::Risk;

/// Characters of a sentence that are shown.
pub const SENTENCE: usize = 400;
/// Characters of anything else.
pub const SHORT: usize = 200;
/// Facts that are told of one call.
const MOST_FACTS: usize = 16;

/// Something that is known, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What about.
    pub name: String,
    /// What.
    pub text: String,
    /// Whether it is a reason to look twice.
    pub warning: bool,
}

/// What happened, in a few words of ours.
pub const fn headline(what: What) -> &'static str {
    match what {
        What::Requested => "A call waits for you",
        What::Edited => "A call was changed and waits for you",
        What::Escalated => "A call still waits, and you are asked too",
        What::Reminded => "A call still waits, and its time is nearly over",
        What::Questioned => "Somebody asked about a call",
        What::Explained => "A question about a call was answered",
        What::Voted => "Somebody answered, and others still have to",
        What::Approved => "People agreed to a call",
        What::Rejected => "A call was denied",
        What::Expired => "Nobody decided about a call in time",
        What::Cancelled => "A call was given up by whoever asked",
        What::Superseded => "A call is void: something changed",
        What::Revoked => "What people agreed to was taken back",
        What::Lapsed => "A call was agreed to, and never used",
        What::Running => "A call is running",
        What::Succeeded => "A call ran",
        What::Failed => "A call ran, and failed",
        What::Unknown => "Nobody knows whether a call ran",
        What::Reconciled => "Somebody found out what became of a call",
        What::Many => "Several calls wait for you",
        What::Test => "This is a test",
    }
}

/// Whether nobody has to do anything about it any more.
pub const fn is_over(what: What) -> bool {
    matches!(
        what,
        What::Approved
            | What::Rejected
            | What::Expired
            | What::Cancelled
            | What::Superseded
            | What::Revoked
            | What::Lapsed
            | What::Running
            | What::Succeeded
            | What::Failed
            | What::Reconciled
    )
}

/// What it would do.
pub fn sentence(matter: &Matter) -> String {
    line(&matter.text(), SENTENCE)
}

/// Who asks, as far as it is proven.
pub fn asker(matter: &Matter) -> String {
    let by = &matter.asker;
    let agent = by.agent.as_deref().unwrap_or(&by.principal);
    let whole = by.user.as_deref().map_or_else(|| agent.to_owned(), |user| format!("{agent} for {user}"));
    line(&whole, SHORT)
}

/// Why people are asked.
pub fn reason(matter: &Matter) -> String {
    line(matter.reason.as_deref().unwrap_or_default(), SENTENCE)
}

/// What is known of it.
pub fn facts(matter: &Matter) -> Vec<Told> {
    let told = matter.facts().take(MOST_FACTS).map(|known| Told {
        name: line(&known.name, SHORT),
        text: line(&crate::review::sentence::joined(&known.words), SHORT),
        warning: known.warning,
    });
    told.collect()
}

/// The credentials it would run with.
pub fn credentials(matter: &Matter) -> Vec<String> {
    let told = matter.credentials.iter();
    told.map(|credential| line(&crate::review::sentence::joined(&credential.words()), SENTENCE)).collect()
}

/// What somebody said last, where the message is about that.
pub fn said(message: &Message) -> Option<String> {
    let matter = message.matter()?;
    let because =
        |reason: Option<&str>| reason.map(|reason| format!(": {}", line(reason, SENTENCE))).unwrap_or_default();
    match message.what {
        What::Questioned => {
            let asked = matter.asked.as_ref()?;
            Some(format!("{} asked: {}", line(&asked.by, SHORT), line(&asked.question, SENTENCE)))
        }
        What::Explained => {
            let answer = matter.asked.as_ref()?.asserted.as_deref()?;
            Some(format!("the agent says, and nobody checked: {}", line(answer, SENTENCE)))
        }
        What::Voted | What::Approved | What::Rejected => {
            let said = matter.said.as_ref()?;
            let word = match said.word {
                crate::approval::vote::Word::Yes => "agreed",
                crate::approval::vote::Word::No => "said no",
                crate::approval::vote::Word::BreakGlass => "broke the glass",
            };
            Some(format!("{} {word}{}", line(&said.by, SHORT), because(said.reason.as_deref())))
        }
        _ => None,
    }
}

/// How bad the worst of it could be.
pub fn risk(message: &Message) -> Risk {
    message.matters.iter().map(|matter| matter.risk).max().unwrap_or(Risk::Low)
}
