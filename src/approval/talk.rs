//! What can people do with a call that waits, besides saying yes or no?
//!
//! They ask more people, ask what they need to know, and ask for other arguments. None of it makes an agreement: it adds
//! people, or words, or begins the agreement anew.

use super::edit::{Edit, Stands};
use super::event::Refused;
use super::precondition::Precondition;
use super::question::{Question, Said};
use super::scope::Scope;
use super::state::State;
use super::vote::Voter;
use super::{Approval, quorum};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// Questions one call may bring up.
const MOST_QUESTIONS: usize = 20;
/// Edits one call may go through.
const MOST_EDITS: usize = 20;

impl Approval {
    /// The question the agent has to answer next.
    pub fn open_question(&self) -> Option<(usize, &Question)> {
        self.questions.iter().enumerate().find(|(_, question)| question.answer.is_none())
    }

    /// The edit that nobody who has the call has looked at.
    pub fn proposed_edit(&self) -> Option<&Edit> {
        self.edits.last().filter(|edit| edit.stands == Stands::Proposed)
    }

    /// The edits that were made, in order.
    pub fn made_edits(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter().filter(|edit| matches!(edit.stands, Stands::Made { .. }))
    }

    /// Whether this person could have those asked at once who would be asked after a while; why not, when they could not.
    pub fn may_escalate(&self, by: &Voter, now: Timestamp) -> Result<(), Refused> {
        self.is_pending_for(by, now)?;
        let waits = self.agreement.all_of.iter().filter_map(|said| said.terms.escalate.as_ref());
        let later = waits.filter(|escalation| !quorum::is_due(escalation, self, now)).count();
        if later == 0 || self.escalated.is_some() {
            return Err(Refused::NobodyLater);
        }
        Ok(())
    }

    pub(super) fn escalated(&self, by: &Voter, now: Timestamp) -> Result<Self, Refused> {
        self.may_escalate(by, now)?;
        Ok(Self { escalated: Some(now), ..self.clone() })
    }

    pub(super) fn questioned(&self, by: &Voter, text: String, now: Timestamp) -> Result<Self, Refused> {
        self.is_pending_for(by, now)?;
        if text.trim().is_empty() {
            return Err(Refused::NoWords);
        }
        if self.questions.len() >= MOST_QUESTIONS {
            return Err(Refused::TooMuch);
        }
        let mut next = self.clone();
        next.questions.push(Question { by: by.person.clone(), text, at: now, answer: None });
        Ok(next)
    }

    pub(super) fn told(&self, text: String, now: Timestamp) -> Result<Self, Refused> {
        if self.state != State::Pending {
            return Err(self.refused());
        }
        if text.trim().is_empty() {
            return Err(Refused::NoWords);
        }
        let mut next = self.clone();
        let open = next.questions.iter_mut().find(|question| question.answer.is_none());
        open.ok_or(Refused::NothingAsked)?.answer = Some(Said { text, at: now });
        Ok(next)
    }

    pub(super) fn proposed(&self, by: &Voter, (about, edit): (Digest, Edit), now: Timestamp) -> Result<Self, Refused> {
        self.is_pending_for(by, now)?;
        if about != self.summary() {
            return Err(Refused::OtherCall);
        }
        if edit.changes.is_empty() || edit.reason.trim().is_empty() {
            return Err(Refused::NoWords);
        }
        if self.proposed_edit().is_some() || self.edits.len() >= MOST_EDITS {
            return Err(Refused::TooMuch);
        }
        let mut next = self.clone();
        next.edits.push(Edit { by: by.person.clone(), at: now, stands: Stands::Proposed, ..edit });
        Ok(next)
    }

    /// From here on it is about another call.
    pub(super) fn edited(
        &self,
        to: Digest,
        (scope, seen): (Option<Scope>, Vec<Precondition>),
    ) -> Result<Self, Refused> {
        let mut next = self.with_looked_at(Stands::Made { from: self.summary() })?;
        next.digest = to;
        next.scope = scope;
        next.seen = seen;
        if let Some(edit) = next.edits.last() {
            next.asker.also.insert(edit.by.clone());
        }
        Ok(next)
    }

    pub(super) fn unedited(&self, why: String) -> Result<Self, Refused> {
        self.with_looked_at(Stands::Refused { why })
    }

    fn with_looked_at(&self, stands: Stands) -> Result<Self, Refused> {
        if self.state != State::Pending {
            return Err(self.refused());
        }
        let mut next = self.clone();
        let last = next.edits.last_mut().filter(|edit| edit.stands == Stands::Proposed);
        last.ok_or(Refused::NothingAsked)?.stands = stands;
        Ok(next)
    }

    fn is_pending_for(&self, by: &Voter, now: Timestamp) -> Result<(), Refused> {
        if self.state == State::Pending { self.asks(by, now) } else { Err(self.refused()) }
    }
}
