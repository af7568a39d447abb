//! What do the policies say about this input?
//!
//! The interpreter of regorus, on an engine of its own for every evaluation. Whatever goes wrong is a deny: an error, a
//! time-out, a finding that is none. The one thing here that is not a function of its arguments is the engine's time
//! limit, and it can only turn an answer into a deny.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, LimitError, Value};

use super::bundle::{Bundle, EffectRule, Mode, first_words};
use super::decision::{Decision, Denial, DenyCode, Effect, Finding, Grant, Held, Judgement};
use super::finding::{self, Context};
use super::index::Condition;
use super::input::Input;
use crate::digest::Digest;

/// Whether a tool is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// It is.
    Visible,
    /// It is not, and calling it by name is a deny.
    Hidden,
}

/// What one phase heard.
#[derive(Debug, Default)]
struct Heard {
    findings: Vec<Finding>,
    shadow: Vec<Finding>,
}

impl Bundle {
    /// Judges one call. `micros` is filled in by whoever has a clock.
    pub fn decide(&self, input: &Input, digest: Digest) -> Judgement {
        let call = [Effect::Allow, Effect::Deny, Effect::Hold, Effect::Hide, Effect::Warn];
        let (heard, decision) = match self.hear(input, &call) {
            Ok(heard) => {
                let decision = strictest(&heard.findings, digest);
                (heard, decision)
            }
            Err((heard, denial)) => (heard, Decision::Deny(denial)),
        };
        let Heard { findings, shadow } = heard;
        Judgement { decision, findings, shadow, bundle: self.digest(), micros: 0 }
    }

    /// Whether a tool is listed. An error hides it.
    pub fn visible(&self, input: &Input) -> Visibility {
        match self.hear(input, &[Effect::Hide]) {
            Ok(heard) if heard.findings.is_empty() => Visibility::Visible,
            _ => Visibility::Hidden,
        }
    }

    /// What every fixed rule says about the tool this input is about. One that fails is not learnt: it is asked each time.
    fn learn(&self, value: &Value) -> BTreeMap<String, Value> {
        let mut engine = self.engine_for(value);
        let gates = self.rules().iter().flat_map(|rule| {
            let gates = rule.conditions.iter().flat_map(Condition::gates);
            gates.map(|gate| gate_path(&rule.policy, gate))
        });
        let fixed = self.rules().iter().filter(|rule| rule.fixed).map(|rule| rule.path.clone());
        let paths: BTreeSet<String> = fixed.chain(gates).collect();
        paths.into_iter().filter_map(|path| engine.eval_rule(path.clone()).ok().map(|said| (path, said))).collect()
    }

    fn engine_for(&self, value: &Value) -> Engine {
        let mut engine = self.engine();
        engine.set_input(value.clone());
        engine
    }

    fn hear(&self, input: &Input, effects: &[Effect]) -> Result<Heard, (Heard, Denial)> {
        let value = input.value();
        let known = self.memory().recall(&input.lasting, || self.learn(&value));
        let mut engine = None;
        let mut heard = Heard::default();
        for rule in self.rules() {
            if !effects.contains(&rule.effect) || !concerned(rule, input, &known) {
                continue;
            }
            let context = Context { policy: &rule.policy, effect: rule.effect, input: &value, data: self.data() };
            let said = match known.get(&rule.path) {
                Some(said) => Ok(said.clone()),
                None => engine.get_or_insert_with(|| self.engine_for(&value)).eval_rule(rule.path.clone()),
            };
            let found = match said {
                Ok(said) => finding::read(context, &said).map_err(|malformed| Denial {
                    code: DenyCode::PolicyMalformed,
                    detail: Some(malformed.to_string()),
                }),
                Err(error) => Err(failed(&error)),
            };
            match (found, rule.mode) {
                (Ok(found), Mode::Enforce) => heard.findings.extend(found),
                (Ok(found), Mode::Shadow) => heard.shadow.extend(found),
                (Err(denial), Mode::Enforce) => return Err((heard, denial)),
                // A candidate that fails must not stop anybody; that it failed is what its author wants to know.
                (Err(denial), Mode::Shadow) => heard.shadow.push(failure(&rule.policy, rule.effect, denial)),
            }
        }
        Ok(heard)
    }
}

/// Whether a rule can have anything to say about this call.
fn concerned(rule: &EffectRule, input: &Input, known: &BTreeMap<String, Value>) -> bool {
    rule.conditions.iter().any(|condition| {
        condition.may_hold(&input.key)
            && condition.gates().iter().all(|gate| {
                let said = known.get(&gate_path(&rule.policy, gate));
                !matches!(said, Some(Value::Undefined | Value::Bool(false)))
            })
    })
}

fn gate_path(policy: &str, gate: &str) -> String {
    format!("data.countersign.{policy}.{gate}")
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

fn failed(error: &anyhow::Error) -> Denial {
    let text = first_words(error);
    let limit = error.downcast_ref::<LimitError>().is_some() || text.contains("time limit");
    let code = if limit { DenyCode::PolicyTimeout } else { DenyCode::PolicyError };
    Denial { code, detail: Some(text) }
}

fn failure(policy: &str, effect: Effect, denial: Denial) -> Finding {
    Finding {
        policy: policy.to_owned(),
        effect,
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
