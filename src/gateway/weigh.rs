//! May it, and what exactly? What is asked is changed first where policy wants that, and what runs is what was judged.
//!
//! A redaction makes another call of it, with another digest, and that one is judged anew. If the rules want the new one
//! changed again, no call is ever the one that was judged, and it is denied.

use std::collections::BTreeSet;

use super::Gateway;
use super::exchange::Exchange;
use super::memory::Counts;
use super::reach::Reach;
use crate::call::{Call, Parts};
use crate::change::{self, Changes, Edit, Mask, Unapplied};
use crate::digest::Digest;
use crate::policy::decision::{Apply, Decision, Denial, DenyCode, Finding, Judgement, Said};
use crate::policy::finding::change::Change;
use crate::policy::input::{Input, Part};
use crate::wire::json::Object;

/// A call as it will be sent, if it is.
#[derive(Debug)]
pub(super) struct Weighed {
    /// The call.
    pub(super) call: Call,
    /// The call as it was asked for, when it was changed.
    pub(super) before: Option<Call>,
    /// What was judged.
    pub(super) input: Input,
    /// What was said of it.
    pub(super) judgement: Judgement,
    /// What others see of it.
    pub(super) shown: Shown,
}

/// What those see of a call who are not its server.
#[derive(Debug)]
pub(super) struct Shown {
    /// The parameters for the record.
    pub(super) params: Object,
    /// Where the arguments were changed.
    pub(super) redacted: BTreeSet<String>,
    /// What the record covers.
    pub(super) masked: Changes,
    /// Names the call as it was asked for, when it was changed.
    pub(super) asked: Option<Digest>,
}

impl Weighed {
    /// The call as it was asked for.
    pub(super) fn asked(&self) -> &Call {
        self.before.as_ref().unwrap_or(&self.call)
    }

    /// Drops what a call does not need that waits: it is weighed anew before it runs.
    pub(super) fn thin(&mut self) {
        self.input.thin();
        self.shown.params = Object::new();
    }
}

impl Gateway {
    /// Judges a call, changed as the rules want it.
    pub(super) async fn weigh(&self, exchange: &Exchange, reach: &Reach, call: Call) -> Weighed {
        self.weigh_as(exchange, reach, (call, Counts::Yes)).await
    }

    /// The same for a call that the agent did not make, or not now.
    pub(super) async fn weigh_as(
        &self,
        exchange: &Exchange,
        reach: &Reach,
        (mut call, counts): (Call, Counts),
    ) -> Weighed {
        // What it runs with is said anew by those who judge it now.
        call.require(Vec::new());
        let (past, trouble) = match self.past_of(&exchange.session, counts).await {
            Ok(past) => (past, None),
            Err(error) => {
                let past = exchange.session.memory.part(&exchange.session.id, self.clock.now());
                (past, Some(format!("the labels of the session cannot be read: {error}")))
            }
        };
        let input = self.input(exchange, &call, past.clone());
        let mut judgement = self.rules_on_call(&input, call.digest);
        if let Some(trouble) = trouble {
            deny(&mut judgement, DenyCode::PolicyError, trouble);
        }
        let mut weighed = self.redact(exchange, reach, (call, past), (input, judgement));
        self.require(exchange.intent(), &mut weighed);
        weighed
    }

    fn redact(
        &self,
        exchange: &Exchange,
        reach: &Reach,
        (call, past): (Call, Part),
        (input, mut judgement): (Input, Judgement),
    ) -> Weighed {
        if judgement.apply.redact.is_empty() {
            let (params, masked) = self.covered(&call, &input, &judgement, &Apply::default());
            let shown = Shown { params, redacted: BTreeSet::new(), masked, asked: None };
            return Weighed { call, before: None, input, judgement, shown };
        }
        let wanted = std::mem::take(&mut judgement.apply);
        let (mut redacted, mut asked, mut before) = (BTreeSet::new(), None, None);
        let (mut call, mut input) = (call, input);
        let mut params = call.params.clone();
        match apply(&wanted.redact, &judgement, &mut params) {
            Ok(changes) if changes.is_none() => judgement.apply = wanted.clone(),
            Ok(changes) => {
                asked = Some(call.digest);
                redacted = changes.at;
                before = Some(call.clone());
                call = with_params(call, params);
                input = self.input(exchange, &call, past);
                let mut second = self.rules_on_call(&input, call.digest);
                self.check_again(reach, &call, &mut second);
                judgement = joined(&judgement, second);
            }
            Err(error) => {
                judgement.apply = wanted.clone();
                deny(&mut judgement, DenyCode::RedactionFailed, error.to_string());
            }
        }
        let (params, masked) = self.covered(&call, &input, &judgement, &wanted);
        Weighed { call, before, input, judgement, shown: Shown { params, redacted, masked, asked } }
    }

    /// What was changed must fit the tool as what was asked did, and nothing may be left to change.
    fn check_again(&self, reach: &Reach, call: &Call, judgement: &mut Judgement) {
        if matches!(judgement.decision, Decision::Deny(_)) {
            return;
        }
        let mut again = call.params.clone();
        let settled = apply(&judgement.apply.redact, judgement, &mut again);
        if let Err(why) = settled.map_err(|error| error.to_string()).and_then(|changes| {
            if changes.is_none() {
                Ok(())
            } else {
                Err("the rules want the changed arguments changed again".to_owned())
            }
        }) {
            return deny(judgement, DenyCode::RedactionFailed, why);
        }
        if let Err(why) = self.still_fits(reach, call) {
            deny(judgement, DenyCode::RedactionFailed, why);
        }
    }

    /// What the record holds. Where policy could not say what must be covered, all arguments are, if anything might be.
    fn covered(&self, call: &Call, input: &Input, judgement: &Judgement, first: &Apply) -> (Object, Changes) {
        let mask = &self.mask;
        let failed = matches!(&judgement.decision, Decision::Deny(Denial { code, .. }) if is_fault(*code));
        if failed && self.judge.may_cover(input) {
            return everything(call, mask);
        }
        let mut wanted: Vec<&Change> = Vec::new();
        let masks = first.mask.iter().chain(&judgement.apply.mask);
        // What was not sent may still be in the arguments; it is not written down either.
        let unsent = matches!(judgement.decision, Decision::Deny(_));
        let redactions = first.redact.iter().chain(&judgement.apply.redact).filter(|_| unsent);
        for Said { terms, .. } in masks.chain(redactions) {
            if !wanted.contains(&terms) {
                wanted.push(terms);
            }
        }
        if wanted.is_empty() {
            return (call.params.clone(), Changes::default());
        }
        let edits: Result<Vec<Edit>, Unapplied> =
            wanted.into_iter().map(|change| Edit::masking(change, mask)).collect();
        let mut params = call.params.clone();
        match edits.and_then(|edits| change::in_arguments(&edits, &mut params)) {
            Ok(changes) => (params, changes),
            Err(error) => {
                tracing::error!(call = %call.id, %error, "a mask could not be applied; the record shows no arguments");
                everything(call, mask)
            }
        }
    }
}

/// The same call with other parameters, and so with another digest.
fn with_params(call: Call, params: Object) -> Call {
    let Call { id, caller, server, action, tool, arrived, naming, .. } = call;
    Call::new(Parts { id, caller, server, action, params, tool, arrived, naming })
}

/// Changes the arguments of a call that may run; of any other nothing is sent.
fn apply(wanted: &[Said<Change>], judgement: &Judgement, params: &mut Object) -> Result<Changes, Unapplied> {
    if matches!(judgement.decision, Decision::Deny(_)) {
        return Ok(Changes::default());
    }
    let edits: Vec<Edit> = wanted.iter().map(|said| Edit::of(&said.terms)).collect::<Result<_, _>>()?;
    change::in_arguments(&edits, params)
}

fn everything(call: &Call, mask: &Mask) -> (Object, Changes) {
    let mut params = call.params.clone();
    let changes = change::all_arguments(mask, &mut params);
    (params, changes)
}

/// What the second look came to, with what had been changed until then.
fn joined(first: &Judgement, mut second: Judgement) -> Judgement {
    let known = |finding: &Finding| second.findings.contains(finding);
    let changed: Vec<Finding> =
        first.findings.iter().filter(|finding| is_change(finding) && !known(finding)).cloned().collect();
    second.findings.extend(changed);
    second.micros = second.micros.saturating_add(first.micros);
    second
}

const fn is_change(finding: &Finding) -> bool {
    matches!(finding.detail, crate::policy::decision::Detail::Change(_))
}

pub(super) fn deny(judgement: &mut Judgement, code: DenyCode, why: String) {
    if !matches!(judgement.decision, Decision::Deny(_)) {
        judgement.decision = Decision::Deny(Denial { code, detail: Some(why) });
    }
}

const fn is_fault(code: DenyCode) -> bool {
    matches!(code, DenyCode::PolicyError | DenyCode::PolicyTimeout | DenyCode::PolicyMalformed)
}
