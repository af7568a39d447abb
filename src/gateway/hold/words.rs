//! What does the agent hear of a call that waits, or waited?

use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::approval::vote::Word;
use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::answer::{Refusal, Retry};
use crate::gateway::desk::DeskError;
use crate::policy::decision::Judgement;

impl Gateway {
    /// What the client hears of an approval that did not come, or not yet.
    pub(super) async fn told(&self, approval: &Approval, judgement: &Judgement) -> Refusal {
        if let Some(refusal) = ended(approval) {
            return refusal;
        }
        let now = self.desk.now().await.unwrap_or(approval.opened);
        let said = Refusal::from_judgement(judgement);
        let why = said.as_ref().map_or("a rule asks for it", |said| said.reason.trim_end_matches('.'));
        let lacking = approval.lacking(now).join("; ");
        let asks = asks(approval);
        let reason = format!("{why}. It waits for people to agree ({lacking}){asks}");
        let hint = format!(
            "tell the person you work for that {} shows what waits; then make exactly the same call again: it takes up the same approval and nobody is asked twice",
            self.where_seen(approval)
        );
        let findings = said.map(|said| said.findings).unwrap_or_default();
        Refusal { findings, ..Refusal::new("held", Retry::Later, reason).hint(hint) }
    }
}

impl Gateway {
    /// What a client that waits is told, with where people see it.
    pub(super) fn progress(&self, approval: &Approval, now: Timestamp) -> String {
        format!("{}; see {}; reference {}", waits(approval, now), self.where_seen(approval), approval.id)
    }

    /// Where people see what waits.
    pub(super) fn where_seen(&self, approval: &Approval) -> String {
        match self.pages.get() {
            Some(pages) => format!("{pages}/calls/{}", approval.id),
            None => format!("`countersign approvals show {}`", approval.id),
        }
    }
}

/// What a client that waits is told.
pub(in crate::gateway) fn meanwhile(approval: &Approval, now: Timestamp) -> String {
    format!("{}; reference {}", waits(approval, now), approval.id)
}

fn waits(approval: &Approval, now: Timestamp) -> String {
    let lacking = approval.lacking(now).join("; ");
    format!("waiting for people to agree ({lacking}){}", asks(approval))
}

/// What somebody wants to know first.
fn asks(approval: &Approval) -> String {
    approval
        .open_question()
        .map_or_else(String::new, |(_, question)| format!(". One of them asks first: \"{}\"", question.text.trim()))
}

/// What the client hears of an approval nobody can use any more; nothing while somebody can.
pub(in crate::gateway) fn ended(approval: &Approval) -> Option<Refusal> {
    let no = approval.votes.iter().rev().find(|vote| vote.word == Word::No);
    Some(match approval.state {
        State::Pending => return None,
        State::Ended(End::Rejected) => {
            let why = no.and_then(|vote| vote.reason.as_deref()).unwrap_or("without a reason");
            Refusal::new("rejected", Retry::Useless, format!("a reviewer said no: {why}"))
                .hint("do it another way, as the reviewer says, or ask the person you work for")
        }
        State::Ended(End::Expired) => Refusal::new("expired", Retry::Later, "nobody agreed in time")
            .hint("ask the person you work for whether somebody can answer, then make the call again"),
        State::Ended(End::Lapsed) => Refusal::new("expired", Retry::Later, "people agreed, but the call came too late")
            .hint("make the call again; people are asked anew"),
        State::Executing(_) | State::Ended(End::Succeeded | End::Failed) => Refusal::new(
            "performed_already",
            Retry::Useless,
            "this call is performed, or was, on behalf of another request",
        )
        .hint("look for what it did before you do it again"),
        State::Unknown => Refusal::new("outcome_unknown", Retry::Useless, "the call may or may not have happened")
            .hint("do not repeat it; ask the person you work for to look"),
        State::Ended(End::Superseded) => changed("what people were shown is not what it was"),
        State::Approved { .. } | State::Ended(_) => {
            Refusal::new("withdrawn", Retry::Useless, format!("the approval is {}", approval.state.word()))
                .hint("make the call again if it is still wanted; people are asked anew")
        }
    })
}

pub(super) fn changed(why: &str) -> Refusal {
    Refusal::new("superseded", Retry::Later, why).hint("make the call again; people are asked about what it is now")
}

/// What cannot be kept does not wait, and what does not wait does not run.
pub(in crate::gateway) fn unkept(error: &DeskError) -> Refusal {
    match error {
        DeskError::Refused(refused) => Refusal::new("not_approved", Retry::Later, refused.to_string()),
        other => {
            tracing::error!(error = %other, "a call that must wait for people cannot be kept");
            Refusal::new(
                "approvals_unavailable",
                Retry::Later,
                "the call must wait for people, and that cannot be written down right now",
            )
            .hint("whoever runs this gateway finds the cause in its log")
        }
    }
}
