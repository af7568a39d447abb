//! Is it the same call again, and do the rules still want the same of it?

use crate::approval::Approval;
use crate::call::{Call, CallId, Parts};
use crate::digest::Digest;
use crate::object;
use crate::policy::decision::{Decision, Judgement};

/// Names the same call however often it is made: who asks which server for what.
pub(super) fn repeat(call: &Call) -> Digest {
    let named = object! {
        "principal" => call.caller.principal.as_str(),
        "agent" => call.caller.agent.as_deref(),
        "server" => &*call.server,
        "method" => call.action.method(),
        "target" => call.action.target(),
    };
    Digest::of_object("repeat", &named).with(&Digest::of_object("params", &call.params))
}

/// The same call under the name of the one that waits.
pub(super) fn renamed(call: &Call, id: CallId) -> Call {
    let Call { caller, server, action, params, tool, arrived, .. } = call.clone();
    Call::new(Parts { id, caller, server, action, params, tool, arrived })
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
