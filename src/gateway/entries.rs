//! What is written down of a call, step by step?

use super::answer::Refusal;
use super::exchange::Exchange;
use crate::audit::entry::{Arrived, Decided, Entry, Event, Finished, Refused, Verdict};
use crate::call::Call;
use crate::digest::Digest;
use crate::outcome::Outcome;
use crate::policy::decision::{Decision, Judgement};
use crate::wire::message::Answer;

/// It arrived and found its server.
pub(super) fn arrived(exchange: &Exchange, call: &Call) -> Entry {
    let session = &exchange.session;
    let caller = &session.caller;
    let arrived = Arrived {
        principal: caller.principal.clone(),
        proof: caller.proof.method(),
        agent: caller.agent.clone(),
        user: caller.user.as_ref().map(|user| user.id.clone()),
        session: session.id.clone(),
        client: session.client.name(),
        transport: session.door.word(),
        protocol: session.client.protocol.clone(),
        method: call.action.method().to_owned(),
        server: call.server.to_string(),
        target: call.action.target().to_owned(),
        params: call.params.clone(),
        digest: call.digest.to_string(),
        definition: call.tool.as_ref().map(|tool| tool.digest.to_string()),
        traceparent: exchange.traceparent().map(str::to_owned),
    };
    Entry { call: Some(call.id.clone()), at: call.arrived, event: Event::Arrived(Box::new(arrived)) }
}

/// Policy said something.
pub(super) fn decided(judgement: &Judgement, catalogue: Option<Digest>) -> Decided {
    let (outcome, code, detail) = match &judgement.decision {
        Decision::Allow(_) => (Verdict::Allow, None, None),
        Decision::Hold(_) => (Verdict::Hold, None, None),
        Decision::Deny(denial) => (Verdict::Deny, Some(denial.code), denial.detail.clone()),
    };
    Decided {
        outcome,
        code,
        detail,
        findings: judgement.findings.clone(),
        shadow: judgement.shadow.clone(),
        policy: judgement.bundle.to_string(),
        catalogue: catalogue.map(|catalogue| catalogue.to_string()),
        micros: judgement.micros,
    }
}

/// It ended before it was sent.
pub(super) fn refused(refusal: &Refusal) -> Event {
    Event::Refused(Refused { class: refusal.class, why: refusal.reason.clone(), target: None, principal: None })
}

/// It is over; also gives what the client hears.
pub(super) fn finished(outcome: Outcome, micros: u64) -> (Event, Answer) {
    let Outcome { ending, digest, bytes, error, answer } = outcome;
    let digest = digest.map(|digest| digest.to_string());
    (Event::Finished(Finished { outcome: ending, digest, bytes, error, micros }), answer)
}
