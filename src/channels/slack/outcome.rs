//! What is somebody told who pressed a button?

use super::api::Trouble;
use super::blocks::Elsewhere;
use super::who::Stranger;
use crate::approval::Approval;
use crate::approval::edit::Stands;
use crate::approval::state::{End, State};
use crate::review::decided::decided;
use crate::review::fault::Fault;

/// What came of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was taken; the call as it is now.
    Done(Box<Approval>),
    /// The same question waits for its answer already.
    Asked,
    /// Nothing was typed that differs.
    Unchanged,
    /// They are nobody who answers.
    Stranger(Stranger),
    /// It is not agreed to here.
    Elsewhere(Elsewhere),
    /// It was not taken; the call as it is now, where it is theirs to see.
    Fault(Box<Fault>, Option<Box<Approval>>),
    /// Slack did not do what it was asked to.
    Trouble(Trouble),
}

impl Outcome {
    /// In words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Done(approval) => done(approval),
            Self::Asked => "The agent is asked this already, and has not answered yet.".to_owned(),
            Self::Unchanged => "Nothing was changed: what was sent off is what stands there.".to_owned(),
            Self::Stranger(why) => why.to_string(),
            Self::Elsewhere(why) => format!("Nothing was done: {why}."),
            Self::Fault(fault, now) => {
                let so = now.as_ref().and_then(|approval| stands(approval)).unwrap_or_default();
                format!("Nothing was done: {fault}.{so}")
            }
            Self::Trouble(why) => format!("Nothing was done. {why}."),
        }
    }

    /// The same for a notification, in words of ours alone.
    pub(super) const fn notification(&self) -> &'static str {
        match self {
            Self::Done(_) | Self::Asked => "Your answer is written down",
            _ => "Nothing was done",
        }
    }
}

fn done(approval: &Approval) -> String {
    match &approval.state {
        State::Ended(End::Rejected) => "You said no; the agent is told why.".to_owned(),
        State::Pending => match (approval.votes.last(), approval.questions.last(), approval.edits.last()) {
            (_, _, Some(edit)) if edit.stands == Stands::Proposed => {
                "Your change is proposed. The tool's schema and the rules are asked; the message shows what comes of it."
                    .to_owned()
            }
            (_, Some(asked), _) if asked.answer.is_none() => "The agent is asked; its answer comes in the thread.".to_owned(),
            _ => "Your yes is written down; others still have to agree.".to_owned(),
        },
        State::Approved { .. } => "You agreed, and nobody is missing: it may run.".to_owned(),
        other => format!("It is {} now.", other.word()),
    }
}

/// Where it stands, and by whose word, where somebody has decided.
fn stands(approval: &Approval) -> Option<String> {
    if approval.state == State::Pending {
        return None;
    }
    let state = approval.state.word().replace('_', " ");
    Some(decided(approval).map_or_else(|| format!(" It is {state}."), |by| format!(" It is {state}: {by}.")))
}
