//! What is written down of a call, step by step?

use std::collections::BTreeSet;

use super::answer::Refusal;
use super::budget::goes_beyond;
use super::exchange::Exchange;
use super::weigh::{Shown, Weighed};
use crate::audit::entry::{Arrived, Decided, Entry, Event, Finished, Heard, Refused, Verdict};
use crate::call::CallId;
use crate::credentials::wanted::Wanted;
use crate::digest::Digest;
use crate::outcome::Outcome;
use crate::policy::decision::{Decision, Judgement, Said};
use crate::policy::finding::limit::LimitTerms;
use crate::policy::imprint::Imprint;
use crate::wire::message::Answer;

/// It arrived and found its server.
pub(super) fn arrived(exchange: &Exchange, weighed: &Weighed) -> Entry {
    arrival(weighed, what_arrived(exchange, weighed))
}

/// The same of a call the gateway makes for one that waits.
pub(super) fn arrived_for(exchange: &Exchange, weighed: &Weighed, waits: &CallId) -> Entry {
    arrival(weighed, Arrived { preview_of: Some(waits.to_string()), ..what_arrived(exchange, weighed) })
}

fn arrival(Weighed { call, .. }: &Weighed, arrived: Arrived) -> Entry {
    Entry { call: Some(call.id.clone()), at: call.arrived, event: Event::Arrived(Box::new(arrived)) }
}

fn what_arrived(exchange: &Exchange, Weighed { call, shown, .. }: &Weighed) -> Arrived {
    let session = &exchange.session;
    let caller = &session.caller;
    Arrived {
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
        params: shown.params.clone(),
        redacted: shown.redacted.clone(),
        masked: shown.masked.at.clone(),
        asked: shown.asked.map(|digest| digest.to_string()),
        digest: call.digest.to_string(),
        definition: call.tool.as_ref().map(|tool| tool.digest.to_string()),
        preview_of: None,
        traceparent: exchange.traceparent().map(str::to_owned),
        intent: exchange.intent().clone(),
    }
}

/// Policy said something.
pub(super) fn decided(
    judgement: &Judgement,
    input: Imprint,
    refusal: Option<&Refusal>,
    (catalogue, wanted): (Option<Digest>, &[Wanted]),
) -> Decided {
    let (outcome, code, detail) = match &judgement.decision {
        Decision::Allow(_) => (Verdict::Allow, None, None),
        Decision::Hold(_) => (Verdict::Hold, None, None),
        Decision::Deny(denial) => (Verdict::Deny, Some(denial.code), denial.detail.clone()),
    };
    Decided {
        outcome,
        heard: Heard {
            code,
            detail,
            findings: judgement.findings.clone(),
            shadow: judgement.shadow.clone(),
            policy: judgement.bundle.to_string(),
            micros: judgement.micros,
        },
        exceeded: exceeded(judgement, refusal),
        catalogue: catalogue.map(|catalogue| catalogue.to_string()),
        credentials: wanted.iter().map(Wanted::recorded).collect(),
        input,
    }
}

/// The limits the refusal is about, or what people are asked.
fn exceeded(judgement: &Judgement, refusal: Option<&Refusal>) -> BTreeSet<String> {
    let named = refusal.map(|refusal| refusal.findings.as_slice()).unwrap_or_default();
    let over = |said: &&Said<LimitTerms>| named.contains(&said.finding) || goes_beyond(&judgement.decision, said);
    judgement.apply.limit.iter().filter(over).map(|said| said.finding.clone()).collect()
}

/// It ended before it was sent.
pub(super) fn refused(refusal: &Refusal) -> Event {
    Event::Refused(Refused {
        class: refusal.class,
        why: refusal.sealed.as_ref().unwrap_or(&refusal.reason).clone(),
        target: None,
        principal: None,
    })
}

/// It is over; also gives what the client hears. What the server said is kept without what is covered.
pub(super) fn finished(outcome: Outcome, shown: &Shown, micros: u64) -> (Event, Answer) {
    let Outcome { ending, digest, bytes, error, answer, words: _ } = outcome;
    let digest = digest.map(|digest| digest.to_string());
    let error = error.map(|error| shown.masked.scrubbed(&error));
    (Event::Finished(Finished { outcome: ending, digest, bytes, error, micros }), answer)
}
