//! May the agent have what came back?
//!
//! Asked only where a rule may have something to say, and then before anything of a result passes: a result, an error, a
//! question of the server and a task alike. The result of a task is judged as what the call that began it was judged as;
//! a task nobody here knows is withheld where rules speak of any result of its server.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Gateway;
use super::answer::{Refusal, Retry};
use super::exchange::Exchange;
use crate::audit::entry::{Heard, Passage, Released};
use crate::call::Action;
use crate::change::{self, Edit, Mask, Unapplied};
use crate::digest::{Digest, canonical};
use crate::downstream::Reply;
use crate::facts::returned;
use crate::object;
use crate::outcome::view::{self, View};
use crate::outcome::{self, Outcome, Words};
use crate::policy::decision::{DenyCode, Effect, Finding, Release, Said};
use crate::policy::finding::change::Change;
use crate::policy::imprint::Trace;
use crate::policy::input::{self, Input, NoPart, Part, Returned};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Request, RpcError, code};

/// Where programs find what was changed.
pub const CHANGED: &str = "dev.countersign/changed";

/// More places than this are not told.
const MOST_TOLD: usize = 50;

/// Whether rules may speak of what comes back.
#[derive(Clone, Debug)]
pub(super) enum Scrutiny {
    /// None does; it passes as it comes.
    None,
    /// They do, and this was judged of the call.
    Of(Box<Input>),
    /// They do, and which call it belongs to is not known here.
    Unknown,
}

impl Scrutiny {
    /// Whether what a server says before its result has to wait for it.
    pub(super) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Looked at once more when nobody spoke of it before: other policies may have come into force meanwhile.
    pub(super) fn or_else(self, again: impl FnOnce() -> Self) -> Self {
        if self.is_none() { again() } else { self }
    }
}

/// What passes.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// For the record; none when nobody was asked.
    pub(super) released: Option<Released>,
    /// What the session is called from now on because of it.
    pub(super) labels: BTreeSet<String>,
    /// Where the result was changed.
    pub(super) changed: BTreeSet<String>,
    /// What people do not see of the result.
    pub(super) masks: Vec<Said<Change>>,
    /// What the agent is told instead of the result.
    pub(super) refusal: Option<Refusal>,
}

impl Passed {
    /// Whether the agent gets what the server sent.
    pub(super) fn is_as_it_came(&self) -> bool {
        self.refusal.is_none() && self.changed.is_empty()
    }
}

impl Gateway {
    /// Whether rules may speak of what comes back of this call.
    pub(super) fn scrutiny(&self, exchange: &Exchange, (server, action): (&str, &Action), input: &Input) -> Scrutiny {
        let of = |input: &Input| {
            if self.judge.speaks_of_result(input) { Scrutiny::Of(Box::new(input.clone())) } else { Scrutiny::None }
        };
        let Action::Task { id, .. } = action else { return of(input) };
        match exchange.session.memory.began_by(server, id) {
            Some(input) => of(&input),
            None if self.judge.speaks_of_results_from(server) => Scrutiny::Unknown,
            None => Scrutiny::None,
        }
    }

    /// Judges what came back, and changes it as the rules want it.
    pub(super) async fn release(&self, exchange: &Exchange, scrutiny: &Scrutiny, outcome: &mut Outcome) -> Passed {
        let mut passed = Passed::default();
        let input = match scrutiny {
            Scrutiny::None => return passed,
            Scrutiny::Of(input) => input,
            Scrutiny::Unknown => {
                let reason = "the call that began this task is not known to this gateway any more, so nobody can judge \
                              its result";
                passed.refusal = Some(withheld(reason.to_owned()));
                return passed;
            }
        };
        let Some(came) = came_back(outcome) else {
            // A result that is no object cannot be shown to rules.
            passed.refusal = outcome.answer.is_ok().then(|| withheld("it has no form anybody can judge".to_owned()));
            return passed;
        };
        let (release, trace) = match part(&came, outcome.bytes.unwrap_or(0)) {
            Ok(part) => {
                let input = Input::for_result(input, part);
                (self.rules_on_result(&input), Some(Trace::of(&input)))
            }
            Err(error) => (self.judge.unreadable(&error.to_string()), None),
        };
        // Most results pass as they are, and a large one is not copied for that.
        let untouched = release.redact.is_empty() && release.mask.is_empty();
        let mut result = if untouched { Object::new() } else { came.as_object().cloned().unwrap_or_default() };
        drop(came);
        if let Err(error) = &mut outcome.answer {
            // Members nobody knows are shown to no rule, and so to nobody else.
            error.extra = Object::new();
        }
        let mut told = heard(&release, trace);
        let Release { withheld: kept, redact, mask, labels, .. } = release;
        let labelled = self.label(&exchange.session, &labels).await;
        // Other gateways would not know what this result has made of the session.
        let unlabelled = labelled.map_err(|error| format!("the labels of the session cannot be kept: {error}"));
        let kept = kept.map(|kept| (kept.code, kept.detail));
        let kept = kept.or_else(|| unlabelled.err().map(|why| (DenyCode::PolicyError, Some(why))));
        let redactions: Vec<&Change> = redact.iter().map(|said| &said.terms).collect();
        let kept = kept.or_else(|| match redacted(&redactions, &mut result) {
            Ok(changed) => {
                passed.changed = changed;
                None
            }
            Err(error) => Some((DenyCode::RedactionFailed, Some(error.to_string()))),
        });
        // Of a result nothing is written down, of an error its text.
        let covered = (!mask.is_empty()).then(|| masked(&mask, &result, &self.mask));
        if kept.is_none() && !passed.changed.is_empty() {
            told.outcome = Passage::Changed;
            told.redacted.clone_from(&passed.changed);
            told.digest = Some(put_back(outcome, result).to_string());
        }
        outcome.error = outcome.error.take().map(|error| covered.unwrap_or(error));
        if let Some((code, detail)) = kept {
            passed.refusal = Some(refusal(code, &told));
            // The record does not hold what is kept from the agent, also not as an error's text.
            outcome.error = outcome.error.take().map(|_| "withheld".to_owned());
            (told.outcome, told.heard.code, told.heard.detail) = (Passage::Withheld, Some(code), detail);
        }
        passed.labels = labels;
        passed.masks = mask;
        passed.released = Some(told);
        passed
    }

    /// A result that passed, as people may see it. Nothing of it where that cannot be said for certain.
    pub(super) fn cover(&self, passed: &Passed, result: &Value) -> Value {
        let (false, Value::Object(members)) = (passed.masks.is_empty(), result) else { return result.clone() };
        let mut covered = members.clone();
        let edits: Result<Vec<Edit>, Unapplied> =
            passed.masks.iter().map(|said| Edit::masking(&said.terms, &self.mask)).collect();
        match edits.and_then(|edits| change::in_result(&edits, &mut covered)) {
            Ok(_) => Value::Object(covered),
            Err(_) => Value::Null,
        }
    }

    /// Whether a server may ask the client this while its call runs: a question carries words out as a result does. One
    /// that would have to be changed is not asked.
    pub(super) async fn may_ask(
        &self,
        exchange: &Exchange,
        scrutiny: &Scrutiny,
        request: &Request,
    ) -> Result<(), RpcError> {
        if scrutiny.is_none() || request.params.is_empty() {
            return Ok(());
        }
        let asked = object! { "method" => request.method.as_str(), "params" => request.params.clone() };
        let result = object! { "resultType" => "input_required", "inputRequests" => object! { "q" => asked } };
        let mut outcome = outcome::read(Reply::Answered(Ok(Value::Object(result))));
        let passed = self.release(exchange, scrutiny, &mut outcome).await;
        if passed.is_as_it_came() {
            return Ok(());
        }
        Err(RpcError::new(code::REFUSED, "a policy of the gateway keeps this question from the client"))
    }
}

/// What a server answered, an error too. Nothing when it did not answer.
fn came_back(outcome: &Outcome) -> Option<Cow<'_, Value>> {
    match &outcome.answer {
        Ok(result @ Value::Object(_)) => Some(Cow::Borrowed(result)),
        Err(error) if outcome.words == Words::Server => {
            let text = Value::from(object! { "type" => "text", "text" => error.message.as_str() });
            let mut result = object! { "content" => vec![text], "isError" => true };
            if let Some(data) = &error.data {
                result.insert("structuredContent", data.clone());
            }
            Some(Cow::Owned(Value::Object(result)))
        }
        Ok(_) | Err(_) => None,
    }
}

/// What the rules said, for the record.
fn heard(release: &Release, result: Option<Trace>) -> Released {
    Released {
        outcome: Passage::Passed,
        heard: Heard {
            code: None,
            detail: None,
            findings: release.findings.clone(),
            shadow: release.shadow.clone(),
            policy: release.bundle.to_string(),
            micros: release.micros,
        },
        labels: release.labels.clone(),
        redacted: BTreeSet::new(),
        digest: None,
        result,
    }
}

/// Puts what is left of a result in its place, and names it.
fn put_back(outcome: &mut Outcome, mut result: Object) -> Digest {
    let whole = Value::Object(result.clone());
    let digest = Digest::of_bytes("result", canonical(&whole).as_bytes());
    if let Err(error) = &mut outcome.answer {
        error.message = first_text(&result).unwrap_or_else(|| "the server answered with an error".to_owned());
        error.data = result.remove("structuredContent");
        outcome.error = Some(outcome::shortened(&error.message));
    } else {
        outcome.answer = Ok(whole);
    }
    digest
}

fn part(result: &Value, bytes: u64) -> Result<Part, NoPart> {
    let view = view::of(result, bytes);
    let facts = input::result_facts(&returned::read(&view))?;
    let View { is_error, content, structured, text, bytes, rows, .. } = &view;
    Ok(input::result(Returned {
        is_error: *is_error,
        content,
        structured: *structured,
        text,
        bytes: *bytes,
        rows: *rows,
        facts: &facts,
    }))
}

/// An error's text for the record, without what is masked.
fn masked(wanted: &[Said<Change>], result: &Object, mask: &Mask) -> String {
    let mut covered = result.clone();
    let edits: Result<Vec<Edit>, Unapplied> = wanted.iter().map(|said| Edit::masking(&said.terms, mask)).collect();
    let done = edits.and_then(|edits| change::in_result(&edits, &mut covered));
    done.ok().and_then(|_| first_text(&covered)).map_or_else(|| mask.mark(""), |text| outcome::shortened(&text))
}

fn first_text(result: &Object) -> Option<String> {
    let text = result.get("content")?.as_array()?.first()?.get("text")?.as_str()?;
    Some(text.to_owned())
}

fn redacted(changes: &[&Change], result: &mut Object) -> Result<BTreeSet<String>, Unapplied> {
    if changes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let edits: Vec<Edit> = changes.iter().map(|change| Edit::of(change)).collect::<Result<_, _>>()?;
    Ok(change::in_result(&edits, result)?.at)
}

fn refusal(code: DenyCode, told: &Released) -> Refusal {
    let spoke = || told.heard.findings.iter().filter(|finding| finding.effect == Effect::Withhold);
    let reasons: Vec<&str> = spoke().filter_map(|finding| finding.reason.as_deref()).collect();
    let reason = match code {
        DenyCode::Withheld if !reasons.is_empty() => reasons.join(" "),
        DenyCode::Withheld => "a policy keeps it from you".to_owned(),
        DenyCode::RedactionFailed => {
            "it holds something that must be taken out and cannot be taken out for certain".to_owned()
        }
        DenyCode::PolicyTimeout => "the policies took too long to judge it".to_owned(),
        _ => {
            "the policies failed while they judged it; whoever runs this gateway finds the cause in its log".to_owned()
        }
    };
    let advice: Vec<&str> = spoke().filter_map(|finding| finding.advice.as_deref()).collect();
    let findings = spoke().map(Finding::name).collect();
    let refusal = withheld(reason);
    let hint = if advice.is_empty() { refusal.hint.clone() } else { Some(advice.join(" ")) };
    Refusal { hint, findings, ..refusal }
}

fn withheld(reason: String) -> Refusal {
    Refusal::new("result_withheld", Retry::Useless, reason)
        .hint("do not repeat it: whatever the call does, it has done")
}

/// Tells the agent where what it sent, or what it got, was changed.
pub(super) fn tell_changes(answer: &mut Answer, arguments: &BTreeSet<String>, result: &BTreeSet<String>) {
    let mut changed = Object::new();
    for (name, places) in [("arguments", arguments), ("result", result)] {
        if !places.is_empty() {
            changed.insert(name, places.iter().take(MOST_TOLD).map(Value::from).collect::<Value>());
        }
    }
    if changed.is_empty() {
        return;
    }
    match answer {
        Ok(Value::Object(result)) => {
            let mut meta = result.object("_meta").cloned().unwrap_or_default();
            meta.insert(CHANGED, changed);
            result.insert("_meta", meta);
        }
        Err(RpcError { data, .. }) => {
            if let Value::Object(data) = data.get_or_insert_with(|| Value::Object(Object::new())) {
                data.insert(CHANGED, changed);
            }
        }
        Ok(_) => {}
    }
}
