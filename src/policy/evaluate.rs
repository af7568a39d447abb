//! What do the policies say about this input?
//!
//! The interpreter of regorus, on an engine of its own for every evaluation. Each effect of each package is one question,
//! so that one that has no answer takes nothing else with it. Whatever goes wrong is a deny: an error, a time-out, a
//! finding that is none. An answer that depends on nothing but what comes again is kept. The one thing here that is not a function of its arguments is time, which can only turn an
//! answer into a deny.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, LimitError, Value};

use super::bounds;
use super::bundle::{Bundle, EffectRule, Mode};
use super::decision::{
    Agreement, Apply, Decision, Denial, DenyCode, Detail, Effect, Finding, Grant, Held, Judgement, Release, Said,
    Withheld,
};
use super::finding::change::Change;
use super::finding::{self, Context};
use super::index::{Shown, Sight, Truth};
use super::input::{Input, Phase};
use super::problem::first_words;
use super::shown::shown;
use crate::digest::Digest;

/// The longest a whole evaluation may take. Policies that need more are wrong, and a call must not wait for them.
pub const LIMIT: Duration = Duration::from_millis(50);
/// How many statements the engine runs between two looks at its clock.
const INTERVAL: u32 = 16;

/// Tells how long the evaluation has been running.
pub type Watch<'w> = &'w dyn Fn() -> Duration;

/// Whether a tool is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// It is.
    Visible,
    /// It is not, and calling it by name is a deny.
    Hidden,
}

/// Which rules are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those that may have something to say.
    Indexed,
    /// All of them; what the index is held against.
    #[cfg(test)]
    Whole,
}

/// What one phase heard.
#[derive(Debug, Default)]
struct Heard {
    findings: Vec<Finding>,
    shadow: Vec<Finding>,
    /// Packages in shadow mode that failed; their words are the engine's and no templates.
    failed: Vec<Finding>,
}

impl Bundle {
    /// Judges one call. The watch was started by whoever has a clock, and says how long it took.
    pub fn decide(&self, input: &Input, digest: Digest, watch: Watch<'_>) -> Judgement {
        self.decide_within(input, digest, watch, Reach::Indexed)
    }

    pub(super) fn decide_within(&self, input: &Input, digest: Digest, watch: Watch<'_>, reach: Reach) -> Judgement {
        let (heard, failed) = self.hear(input, Phase::Call, watch, reach);
        let decision = failed.map_or_else(|| strictest(&heard.findings, digest), Decision::Deny);
        let apply = asked(&heard.findings);
        let Heard { findings, shadow, .. } = heard;
        Judgement { decision, apply, findings, shadow, bundle: self.digest(), micros: micros(watch) }
    }

    /// Judges what came back of a call that was allowed. An error withholds it.
    pub fn release(&self, input: &Input, watch: Watch<'_>) -> Release {
        self.release_within(input, watch, Reach::Indexed)
    }

    pub(super) fn release_within(&self, input: &Input, watch: Watch<'_>, reach: Reach) -> Release {
        let (heard, failed) = self.hear(input, Phase::Result, watch, reach);
        let failed = failed.map(|Denial { code, detail }| Withheld { code, detail, until: None });
        let withheld = failed.or_else(|| withheld(&heard.findings));
        let labels = heard.findings.iter().filter_map(|finding| match &finding.detail {
            Detail::Label { label } => Some(label.as_str().to_owned()),
            _ => None,
        });
        let labels = labels.collect();
        let Apply { redact, mask, .. } = asked(&heard.findings);
        let Heard { findings, shadow, .. } = heard;
        Release { withheld, redact, mask, labels, findings, shadow, bundle: self.digest(), micros: micros(watch) }
    }

    /// Whether a tool is listed. An error hides it.
    pub fn visible(&self, input: &Input, watch: Watch<'_>) -> Visibility {
        self.visible_within(input, watch, Reach::Indexed)
    }

    pub(super) fn visible_within(&self, input: &Input, watch: Watch<'_>, reach: Reach) -> Visibility {
        match self.hear(input, Phase::List, watch, reach) {
            (heard, None) if heard.findings.is_empty() => Visibility::Visible,
            _ => Visibility::Hidden,
        }
    }

    /// Asks every rule that has a word in this phase. What was heard before something failed is kept.
    fn hear(&self, input: &Input, phase: Phase, watch: Watch<'_>, reach: Reach) -> (Heard, Option<Denial>) {
        let value = input.value();
        let mut heard = Heard::default();
        let failed = self.ask_all(input, phase, (&value, watch, reach), &mut heard).err();
        heard.settle(phase, &value, self.data());
        (heard, failed)
    }

    fn ask_all(
        &self,
        input: &Input,
        phase: Phase,
        (value, watch, reach): (&Value, Watch<'_>, Reach),
        heard: &mut Heard,
    ) -> Result<(), Denial> {
        let glance = self.places().glance(value);
        let sight = Sight { key: &input.key, glance: &glance, result: Shown::Now, item: None };
        let concerned = |rule: &EffectRule| {
            rule.effect.phases().contains(&phase)
                && (reach != Reach::Indexed || rule.conditions.iter().any(|way| way.truth(&sight) != Truth::No))
        };
        let mut engine = None;
        // What counts goes first: a candidate in shadow uses only the time that is left.
        for mode in [Mode::Enforce, Mode::Shadow] {
            let rules = self.rules().iter().enumerate().filter(|(_, rule)| rule.mode == mode && concerned(rule));
            for (number, rule) in rules {
                let footprint = rule.footprint.as_ref().filter(|_| reach == Reach::Indexed);
                let question = footprint.and_then(|footprint| Some((number, footprint.of(&glance)?)));
                let known = question.as_ref().and_then(|question| self.memory().recall(question));
                let said = known.map_or_else(
                    || {
                        let said = ask(engine.get_or_insert_with(|| self.engine_about(value)), rule, watch)?;
                        if let Some(question) = question.filter(|_| bounds::is_light(&said)) {
                            self.memory().keep(question, said.clone());
                        }
                        Ok(said)
                    },
                    Ok,
                );
                match (said.and_then(|said| read(rule, &said)), mode) {
                    (Ok(found), Mode::Enforce) => heard.findings.extend(found),
                    (Ok(found), Mode::Shadow) => heard.shadow.extend(found),
                    (Err(denial), Mode::Enforce) => return Err(denial),
                    // A candidate that fails must not stop anybody; that it failed is what its author wants to know.
                    (Err(denial), Mode::Shadow) => heard.failed.push(failure(rule, denial)),
                }
            }
        }
        Ok(())
    }

    fn engine_about(&self, input: &Value) -> Engine {
        let mut engine = self.engine();
        engine.set_input(input.clone());
        engine
    }
}

impl Heard {
    /// Leaves out what is about another phase, and fills in the words without what must not be shown.
    fn settle(&mut self, phase: Phase, input: &Value, data: &Value) {
        let changes: Vec<&Change> = self.findings.iter().filter_map(change).collect();
        let shown = shown(input, &changes);
        let here = |finding: &Finding| change(finding).is_none_or(|change| change.phase() == phase);
        for findings in [&mut self.findings, &mut self.shadow] {
            findings.retain(here);
            for finding in findings {
                finding.render(&shown, data);
            }
        }
        self.shadow.append(&mut self.failed);
    }
}

fn change(finding: &Finding) -> Option<&Change> {
    match &finding.detail {
        Detail::Change(change) => Some(change),
        _ => None,
    }
}

fn read(rule: &EffectRule, said: &Value) -> Result<Vec<Finding>, Denial> {
    let context = Context { policy: &rule.policy, effect: rule.effect };
    finding::read(context, said)
        .map_err(|malformed| Denial { code: DenyCode::PolicyMalformed, detail: Some(malformed.to_string()) })
}

fn micros(watch: Watch<'_>) -> u64 {
    u64::try_from(watch().as_micros()).unwrap_or(u64::MAX)
}

fn ask(engine: &mut Engine, rule: &EffectRule, watch: Watch<'_>) -> Result<Value, Denial> {
    let left = LIMIT.saturating_sub(watch());
    if left.is_zero() {
        let detail = format!("{} was not reached in time", rule.path);
        return Err(Denial { code: DenyCode::PolicyTimeout, detail: Some(detail) });
    }
    limit(engine, left);
    engine.eval_rule(rule.path.clone()).map_err(|error| failed(rule, &error))
}

/// Lets the engine run no longer than this for its next question.
pub(super) fn limit(engine: &mut Engine, limit: Duration) {
    let check_interval = NonZeroU32::new(INTERVAL).unwrap_or(NonZeroU32::MIN);
    bounds::renew();
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval });
}

/// Nothing said is a no; among what was said, the strictest holds.
fn strictest(findings: &[Finding], digest: Digest) -> Decision {
    let said = |effect| findings.iter().any(|finding| finding.effect == effect);
    let deny = |code| Decision::Deny(Denial { code, detail: None });
    if said(Effect::Deny) {
        deny(DenyCode::Denied)
    } else if said(Effect::Hide) {
        deny(DenyCode::Hidden)
    } else if !said(Effect::Allow) {
        deny(DenyCode::NoRuleAllowed)
    } else if said(Effect::Hold) {
        Decision::Hold(Held::new(digest, agreement(findings, Effect::Hold)))
    } else {
        Decision::Allow(Grant::new(digest))
    }
}

/// All holds of these findings together.
fn agreement(findings: &[Finding], effect: Effect) -> Agreement {
    let holds = findings.iter().filter(|finding| finding.effect == effect);
    let all_of = holds.filter_map(|finding| match &finding.detail {
        Detail::Hold(terms) => Some(said(finding, terms)),
        _ => None,
    });
    Agreement { all_of: all_of.collect() }
}

fn said<T: Clone>(finding: &Finding, terms: &T) -> Said<T> {
    Said { finding: finding.name(), terms: terms.clone() }
}

/// What findings ask the gateway to do.
fn asked(findings: &[Finding]) -> Apply {
    let mut apply = Apply::default();
    for finding in findings {
        match (finding.effect, &finding.detail) {
            (Effect::Redact, Detail::Change(change)) => apply.redact.push(said(finding, change)),
            (_, Detail::Change(change)) => apply.mask.push(said(finding, change)),
            (_, Detail::Require(requirement)) => apply.require.push(said(finding, requirement)),
            (_, Detail::Limit(terms)) => apply.limit.push(said(finding, terms)),
            (_, Detail::None | Detail::Hold(_) | Detail::Label { .. }) => {}
        }
    }
    apply
}

/// One that nobody can release is stricter than any that somebody can.
fn withheld(findings: &[Finding]) -> Option<Withheld> {
    let said: Vec<&Finding> = findings.iter().filter(|finding| finding.effect == Effect::Withhold).collect();
    let for_good = said.iter().any(|finding| finding.detail == Detail::None);
    let until = (!for_good).then(|| agreement(findings, Effect::Withhold));
    (!said.is_empty()).then_some(Withheld { code: DenyCode::Withheld, detail: None, until })
}

/// A limit reached inside a function comes without its type, so its words count too.
fn failed(rule: &EffectRule, error: &anyhow::Error) -> Denial {
    let text = first_words(error);
    let limit = error.downcast_ref::<LimitError>().is_some() || text.contains("execution exceeded time limit");
    let code = if limit { DenyCode::PolicyTimeout } else { DenyCode::PolicyError };
    Denial { code, detail: Some(format!("{}: {text}", rule.path)) }
}

fn failure(rule: &EffectRule, denial: Denial) -> Finding {
    let mut finding = Finding::silent(&rule.policy, rule.effect);
    finding.id = Some("failed".to_owned());
    finding.reason = denial.detail;
    finding
}

/// The engine's values are shared between threads; this is where that is relied upon.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Value>();
    shared::<Bundle>();
};

#[cfg(test)]
mod tests;
