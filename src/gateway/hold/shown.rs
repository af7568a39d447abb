//! What are people shown of a call that waits?
//!
//! Who asks and why, what would be sent, why people are asked, and what was read out of the arguments. The arguments are as the record
//! holds them; where a rule covers some of them, what was read out of them is left away too, but for how bad it is.

use super::super::answer::Refusal;
use super::super::exchange::Exchange;
use super::super::weigh::Weighed;
use crate::credentials::wanted::Wanted;
use crate::facts::told::Facts;
use crate::gateway::Gateway;
use crate::object;
use crate::policy::decision::{Agreement, Finding};
use crate::review::credential::Credential;
use crate::review::why;
use crate::wire::json::{Object, Value};

/// Bytes of facts that are kept beside a call; of more, only how bad it is.
const MOST_FACTS: usize = 16 << 10;

impl Gateway {
    pub(super) fn shown(&self, exchange: &Exchange, weighed: &Weighed, agreement: &Agreement) -> String {
        let Weighed { call, judgement, shown, .. } = weighed;
        let refusal = Refusal::from_judgement(judgement);
        let session = &exchange.session;
        let user = call.caller.user.as_ref();
        let asks = |finding: &&Finding| agreement.all_of.iter().any(|said| said.finding == finding.name());
        let card = object! {
            "server" => &*call.server,
            "method" => call.action.method(),
            "target" => call.action.target(),
            "params" => shown.params.clone(),
            "masked" => shown.masked.at.iter().map(Value::from).collect::<Value>(),
            "redacted" => shown.redacted.iter().map(Value::from).collect::<Value>(),
            "definition" => call.tool.as_ref().map(|tool| tool.digest.to_string()),
            "principal" => call.caller.principal.as_str(),
            "proof" => call.caller.proof.method(),
            "agent" => call.caller.agent.as_deref(),
            "user" => user.map(|user| user.name.as_deref().unwrap_or(&user.id)),
            "client" => session.client.name().as_deref(),
            "session" => session.id.as_str(),
            "reason" => refusal.as_ref().map(|refusal| refusal.reason.as_str()),
            "findings" => agreement.all_of.iter().map(|said| Value::from(said.finding.as_str())).collect::<Value>(),
            "because" => judgement.findings.iter().filter(asks).map(|said| Value::Object(because(said))).collect::<Value>(),
            "credentials" => call.wanted.iter().map(credential).collect::<Value>(),
            "environment" => self.settings.environment.as_str(),
            "facts" => facts(&self.facts(call), !shown.masked.is_none()),
            "intent" => Value::from(why::told(exchange.intent())),
            "policy" => judgement.bundle.to_string(),
        };
        Value::Object(card).to_string()
    }
}

/// What would be made for it. The terms themselves are in the record, and in the digest.
fn credential(wanted: &Wanted) -> Value {
    // One that could not be said would make the whole card unreadable, and nobody agrees to that.
    serde_json::to_value(Credential::of(wanted)).map_or(Value::Null, Value::from)
}

fn because(finding: &Finding) -> Object {
    object! {
        "finding" => finding.name(),
        "reason" => finding.reason.as_deref(),
        "severity" => finding.severity.map(crate::policy::finding::Severity::word),
        "advice" => finding.advice.as_deref(),
        "link" => finding.link.as_deref(),
    }
}

fn facts(facts: &Facts, covered: bool) -> Value {
    let whole = serde_json::to_value(facts).ok().filter(|value| !covered && value.to_string().len() <= MOST_FACTS);
    whole.map_or_else(
        || {
            Value::Object(object! {
                "risk" => facts.risk.word(),
                "complete" => facts.complete,
                "bytes" => facts.bytes,
                "left_out" => if covered { "a rule covers some of the arguments" } else { "there is too much of it" },
            })
        },
        Value::from,
    )
}
