//! Is the passkey that signed an answer this person's own?
//!
//! Asked when the answer is given, whichever door it comes by, and again when the call is claimed: a passkey somebody removed
//! in between, because they lost it, lets nothing run any more.

use super::{Desk, DeskError, Wish};
use crate::approval::vote::{Evidence, Vote, Voter, Word};
use crate::call::CallId;
use crate::passkey::{Assertion, PasskeyError, went_on};
use crate::store::passkeys::KeptPasskey;

impl Desk {
    /// The wish, if no passkey signed it, or this person's own passkey signed exactly it.
    pub(super) async fn vouched(&self, id: &str, wish: Wish) -> Result<Wish, DeskError> {
        let Wish::Vote { by, word, evidence: Evidence::Passkey(assertion), .. } = &wish else { return Ok(wish) };
        match self.check(id, &wish, (by, assertion)).await {
            // A no is believed without.
            Err(DeskError::Passkey(_)) if *word == Word::No => Ok(wish.with_evidence(Evidence::Account)),
            checked => checked.map(|()| wish),
        }
    }

    async fn check(&self, id: &str, wish: &Wish, (by, assertion): (&Voter, &Assertion)) -> Result<(), DeskError> {
        let kept = self.own(by, assertion).await?.ok_or(PasskeyError::Unknown)?;
        let call = CallId::from_record(id);
        assertion.verify(&wish.signed(&call).ok_or(PasskeyError::Challenge)?)?;
        let counter = assertion.counter()?;
        went_on(kept.counter, counter)?;
        // Of two who sign with one counter at once, one is a copy.
        let taken = self.store.used_passkey(&kept.id, counter, self.now().await?).await?;
        if taken { Ok(()) } else { Err(PasskeyError::Cloned.into()) }
    }

    /// Those who signed with a passkey that is not theirs any more.
    pub(super) async fn disowned(&self, votes: &[Vote]) -> Result<Vec<Voter>, DeskError> {
        let mut disowned = Vec::new();
        for vote in votes {
            if let Some(assertion) = vote.evidence.assertion()
                && self.own(&vote.by, assertion).await?.is_none()
            {
                disowned.push(vote.by.clone());
            }
        }
        Ok(disowned)
    }

    async fn own(&self, by: &Voter, assertion: &Assertion) -> Result<Option<KeptPasskey>, DeskError> {
        let kept = self.store.find_passkey(&assertion.credential_id()).await?;
        let is_theirs = |kept: &KeptPasskey| kept.account == by.account || by.accounts.contains(&kept.account);
        let is_it = |kept: &KeptPasskey| kept.public_key == assertion.public_key().to_string();
        Ok(kept.filter(|kept| is_theirs(kept) && is_it(kept)))
    }
}

#[cfg(test)]
mod tests;
