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
use super::decision::{Decision, Denial, DenyCode, Effect, Finding, Grant, Held, Judgement};
use super::finding::{self, Context};
use super::input::Input;
use super::problem::first_words;
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
}

impl Bundle {
    /// Judges one call. The watch was started by whoever has a clock, and says how long it took.
    pub fn decide(&self, input: &Input, digest: Digest, watch: Watch<'_>) -> Judgement {
        self.decide_within(input, digest, watch, Reach::Indexed)
    }

    pub(super) fn decide_within(&self, input: &Input, digest: Digest, watch: Watch<'_>, reach: Reach) -> Judgement {
        let call = [Effect::Allow, Effect::Deny, Effect::Hold, Effect::Hide, Effect::Warn];
        let (heard, decision) = match self.hear(input, &call, watch, reach) {
            Ok(heard) => {
                let decision = strictest(&heard.findings, digest);
                (heard, decision)
            }
            Err((heard, denial)) => (heard, Decision::Deny(denial)),
        };
        let Heard { findings, shadow } = heard;
        let micros = u64::try_from(watch().as_micros()).unwrap_or(u64::MAX);
        Judgement { decision, findings, shadow, bundle: self.digest(), micros }
    }

    /// Whether a tool is listed. An error hides it.
    pub fn visible(&self, input: &Input, watch: Watch<'_>) -> Visibility {
        match self.hear(input, &[Effect::Hide], watch, Reach::Indexed) {
            Ok(heard) if heard.findings.is_empty() => Visibility::Visible,
            _ => Visibility::Hidden,
        }
    }

    fn hear(
        &self,
        input: &Input,
        effects: &[Effect],
        watch: Watch<'_>,
        reach: Reach,
    ) -> Result<Heard, (Heard, Denial)> {
        let concerned = |rule: &EffectRule| {
            effects.contains(&rule.effect)
                && (reach != Reach::Indexed || rule.conditions.iter().any(|condition| condition.may_hold(&input.key)))
        };
        let (value, mut heard, mut engine) = (input.value(), Heard::default(), None);
        // What counts goes first: a candidate in shadow uses only the time that is left.
        for mode in [Mode::Enforce, Mode::Shadow] {
            let rules = self.rules().iter().enumerate().filter(|(_, rule)| rule.mode == mode && concerned(rule));
            for (number, rule) in rules {
                let footprint = rule.footprint.as_ref().filter(|_| reach == Reach::Indexed);
                let question = footprint.and_then(|footprint| Some((number, footprint.of(&value)?)));
                let known = question.as_ref().and_then(|question| self.memory().recall(question));
                let said = known.map_or_else(
                    || {
                        let said = ask(engine.get_or_insert_with(|| self.engine_about(&value)), rule, watch)?;
                        if let Some(question) = question.filter(|_| bounds::is_light(&said)) {
                            self.memory().keep(question, said.clone());
                        }
                        Ok(said)
                    },
                    Ok,
                );
                match (said.and_then(|said| self.read(rule, &value, &said)), mode) {
                    (Ok(found), Mode::Enforce) => heard.findings.extend(found),
                    (Ok(found), Mode::Shadow) => heard.shadow.extend(found),
                    (Err(denial), Mode::Enforce) => return Err((heard, denial)),
                    // A candidate that fails must not stop anybody; that it failed is what its author wants to know.
                    (Err(denial), Mode::Shadow) => heard.shadow.push(failure(rule, denial)),
                }
            }
        }
        Ok(heard)
    }

    fn engine_about(&self, input: &Value) -> Engine {
        let mut engine = self.engine();
        engine.set_input(input.clone());
        engine
    }

    fn read(&self, rule: &EffectRule, input: &Value, said: &Value) -> Result<Vec<Finding>, Denial> {
        let context = Context { policy: &rule.policy, effect: rule.effect, input, data: self.data() };
        finding::read(context, said)
            .map_err(|malformed| Denial { code: DenyCode::PolicyMalformed, detail: Some(malformed.to_string()) })
    }
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
        Decision::Hold(Held::new(digest))
    } else {
        Decision::Allow(Grant::new(digest))
    }
}

/// A limit reached inside a function comes without its type, so its words count too.
fn failed(rule: &EffectRule, error: &anyhow::Error) -> Denial {
    let text = first_words(error);
    let limit = error.downcast_ref::<LimitError>().is_some() || text.contains("execution exceeded time limit");
    let code = if limit { DenyCode::PolicyTimeout } else { DenyCode::PolicyError };
    Denial { code, detail: Some(format!("{}: {text}", rule.path)) }
}

fn failure(rule: &EffectRule, denial: Denial) -> Finding {
    Finding {
        policy: rule.policy.clone(),
        effect: rule.effect,
        id: Some("failed".to_owned()),
        reason: denial.detail,
        severity: None,
        advice: None,
        link: None,
    }
}

/// The engine's values are shared between threads; this is where that is relied upon.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Value>();
    shared::<Bundle>();
};

#[cfg(test)]
mod tests;
