//! Is it the same call again, and do the rules still want the same of it?

use super::words::ended;
use crate::approval::Approval;
use crate::call::{Call, CallId, Parts};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::gateway::Gateway;
use crate::gateway::answer::Refusal;
use crate::gateway::budget::beyond_limits;
use crate::gateway::desk::DeskError;
use crate::gateway::exchange::Exchange;
use crate::gateway::memory::Counts;
use crate::gateway::reach::Reach;
use crate::gateway::weigh::Weighed;
use crate::object;
use crate::policy::decision::{Agreement, Decision, Judgement};

/// How long a no stands. An agent that asks for the same in a loop hears it again, and nobody is asked.
const STANDS_MICROS: i64 = 60_000_000;

impl Gateway {
    /// Judges a call once more that waits. It is no new call of its session; and what people are asked to let go beyond a limit
    /// they are still asked, however much is left by now.
    pub(super) async fn weigh_again(
        &self,
        exchange: &Exchange,
        reach: &Reach,
        (call, asked): (Call, &Agreement),
    ) -> Weighed {
        let mut again = self.weigh_as(exchange, reach, (call, Counts::No)).await;
        beyond_limits(&mut again.judgement, asked);
        again
    }

    /// The no that somebody said to the same call just now.
    pub(super) async fn said_no_to(&self, repeat: &Digest) -> Result<Option<Refusal>, DeskError> {
        let now = self.desk.now().await?;
        let since = Timestamp::from_micros(now.micros().saturating_sub(STANDS_MICROS));
        let Some(id) = self.store.approval_rejected_after(repeat, since).await? else { return Ok(None) };
        let hint =
            "do it another way, as the reviewer says; about exactly this call nobody is asked again for a minute";
        Ok(ended(&self.desk.look(&id).await?).map(|refusal| refusal.hint(hint)))
    }
}

/// Names the same call however often it is made: who asks which server for what.
pub(super) fn repeat(call: &Call) -> Digest {
    let named = object! {
        "principal" => call.caller.principal.as_str(),
        "agent" => call.caller.agent.as_deref(),
        "server" => &*call.server,
        "method" => call.action.method(),
        "target" => call.action.target(),
    };
    Digest::of_object("repeat", &named).with(&call.naming.of_object("repeat", &call.params))
}

/// The same call under the name of the one that waits.
pub(super) fn renamed(call: &Call, id: CallId) -> Call {
    let Call { caller, server, action, params, tool, arrived, naming, .. } = call.clone();
    Call::new(Parts { id, caller, server, action, params, tool, arrived, naming })
}

/// Whether the rules still want what people are asked for. A call that somebody made harmless may need nobody's word any
/// more; the people who were asked give theirs all the same.
pub(super) fn asks_the_same(judgement: &Judgement, approval: &Approval) -> bool {
    match &judgement.decision {
        Decision::Hold(held) => held.terms().asks_as(&approval.agreement),
        Decision::Allow(_) => approval.made_edits().next().is_some(),
        Decision::Deny(_) => false,
    }
}
