//! Who decided about a call, in words?
//!
//! For whoever comes too late: they are told whose word it was, and not only that there was one.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::approval::vote::Word;

/// Who decided and how, where it was somebody: not the time, and not whoever asked.
pub fn whose_word(approval: &Approval) -> Option<String> {
    match approval.state {
        State::Pending | State::Ended(End::Expired | End::Cancelled | End::Superseded) => return None,
        State::Approved { .. } | State::Executing(_) | State::Unknown | State::Ended(_) => {}
    }
    let vote = approval.votes.last()?;
    let did = match vote.word {
        Word::Yes => "agreed",
        Word::No => "said no",
        Word::BreakGlass => "broke the glass",
    };
    Some(format!("{} {did}", vote.by.person))
}

/// The same for those who may see the call: also by which account, and when.
pub fn decided(approval: &Approval) -> Option<String> {
    let (word, vote) = (whose_word(approval)?, approval.votes.last()?);
    Some(format!("{word} with the account {} at {}", vote.by.account, vote.at))
}
