//! What does the book say of a change?

use super::{Claimant, Wish};
use crate::approval::Approval;
use crate::approval::edit::{Edit, Stands};
use crate::approval::state::State;
use crate::approval::vote::{Vote, Voter};
use crate::audit::entry::{Claimed, Edited, Entry, Escalated, Event, Explained, Previewed, Questioned, Settled, Voted};
use crate::clock::Timestamp;

/// What the book says of a change.
pub(super) fn said(wish: &Wish, approval: &Approval, vote: Option<&Vote>, now: Timestamp) -> Vec<Entry> {
    let entry = |event| Entry { call: Some(approval.id.clone()), at: now, event };
    let settles =
        |by: Option<&Voter>, why: Option<String>| settled(approval, now, (by.map(|by| by.person.clone()), why));
    match wish {
        Wish::Vote { .. } => {
            let Some(vote) = vote else { return Vec::new() };
            let lacking = if approval.state == State::Pending { approval.lacking(now) } else { Vec::new() };
            vec![entry(Event::Voted(Voted {
                person: vote.by.person.clone(),
                account: vote.by.account.clone(),
                word: vote.word.text(),
                part: vote.part.text(),
                reason: vote.reason.clone(),
                digest: vote.digest.to_string(),
                bounds: vote.bounds.clone(),
                evidence: vote.evidence.claims().text(),
                assertion: vote.evidence.assertion().cloned().map(Box::new),
                state: approval.state.word(),
                lacking,
            }))]
        }
        Wish::Cancel(why) => vec![settles(None, Some((*why).to_owned()))],
        Wish::Supersede(why) => vec![settles(None, Some(why.clone()))],
        Wish::Revoke(by, why) => vec![settles(Some(by), why.clone())],
        Wish::Claim(Claimant { attempt, digest, entries }) => {
            let claimed = Claimed {
                attempt: attempt.clone(),
                digest: digest.to_string(),
                break_glass: approval.is_glass_broken(),
            };
            std::iter::once(entry(Event::Claimed(claimed))).chain(entries.iter().cloned()).collect()
        }
        Wish::Renew(_) => Vec::new(),
        Wish::Escalate(by) => {
            let (person, lacking) = (by.person.clone(), approval.lacking(now));
            vec![entry(Event::Escalated(Escalated { person, lacking }))]
        }
        Wish::Question { by, text } => {
            vec![entry(Event::Questioned(Questioned { person: by.person.clone(), text: text.clone() }))]
        }
        Wish::Explain(text) => {
            vec![entry(Event::Explained(Explained { text: text.clone(), provenance: "asserted" }))]
        }
        Wish::Propose { .. } | Wish::Unedit(_) => edits(approval).map(&entry).collect(),
        Wish::Edit { entries, .. } => entries.iter().cloned().chain(edits(approval).map(&entry)).collect(),
        Wish::Finish { entries, .. } => entries.iter().cloned().chain(std::iter::once(settles(None, None))).collect(),
        Wish::Reconcile { by, evidence, .. } => vec![settles(Some(by), Some(evidence.clone()))],
    }
}

/// What became of the last edit.
fn edits(approval: &Approval) -> impl Iterator<Item = Event> {
    let (digest, seen) = (approval.summary().to_string(), Previewed::of(&approval.seen));
    approval.edits.last().into_iter().map(move |Edit { by, changes, reason, stands, .. }| {
        let (outcome, reason, from) = match stands {
            Stands::Proposed => ("proposed", reason, None),
            Stands::Made { from } => ("made", reason, Some(from.to_string())),
            Stands::Refused { why } => ("refused", why, None),
        };
        let changes = changes.iter().map(|change| (change.at.clone(), change.to.clone())).collect();
        Event::Edited(Edited {
            person: by.clone(),
            outcome,
            changes,
            reason: reason.clone(),
            from,
            digest: digest.clone(),
            previews: if matches!(stands, Stands::Made { .. }) { seen.clone() } else { Vec::new() },
        })
    })
}

pub(super) fn settled(approval: &Approval, now: Timestamp, (by, why): (Option<String>, Option<String>)) -> Entry {
    let event = Event::Settled(Settled { state: approval.state.word(), by, why });
    Entry { call: Some(approval.id.clone()), at: now, event }
}
