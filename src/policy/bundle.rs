//! Are these policies fit to judge by? Sources become a prepared bundle, or every reason why not.

use std::collections::BTreeMap;
use std::time::Duration;

use regorus::unstable::{Module, Ref};
use regorus::{Engine, Value, cache};

use super::concern::Concern;
use super::decision::Effect;
use super::evaluate::limit;
use super::footprint::{Footprint, Memory, Places, footprints};
use super::index::{Condition, conditions};
use super::input::{Input, Phase};
use super::kept::{self, Kept};
use super::lint::Known;
use super::pace::{self, Pace};
use super::problem::{Problem, first_words};
use super::{bounds, lint, syntax};
use crate::digest::Digest;

/// One file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it is shown in errors.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Everything a bundle is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Rego files, tests left out.
    pub policies: Vec<Source>,
    /// JSON files.
    pub data: Vec<Source>,
}

/// Policies that passed every check.
pub struct Bundle {
    engine: Engine,
    data: Value,
    digest: Digest,
    rules: Vec<EffectRule>,
    memory: Memory,
    places: Places,
    kept: Vec<Kept>,
    concern: Concern,
}

/// One effect of one package.
#[derive(Clone, Debug)]
pub struct EffectRule {
    /// The package below `countersign`.
    pub policy: String,
    /// The word.
    pub effect: Effect,
    /// Whether it counts.
    pub mode: Mode,
    /// Where the engine finds it.
    pub(super) path: String,
    /// When it can have anything to say; none of them: always.
    pub(super) conditions: Vec<Condition>,
    /// What it reads, when its answers can be kept.
    pub(super) footprint: Option<Footprint>,
    /// How it is asked.
    pub(super) pace: Pace,
}

/// Whether a package's findings count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Enforce,
    /// They are recorded as what they would have done.
    Shadow,
}

/// The longest one rule may take when it is looked at for the first time.
const PREPARING: Duration = Duration::from_secs(1);
/// How many compiled patterns are kept; walking more than are kept compiles each again.
const PATTERNS: usize = 4096;
/// Names at the top of `data` that belong to rules.
const RESERVED: [&str; 2] = ["countersign", "gate"];

impl Bundle {
    /// Checks and prepares policies. Either all of them are fit, or none is used.
    pub fn load(sources: &Sources) -> Result<Self, Vec<Problem>> {
        Self::load_despite(sources, None, &[])
    }

    /// The same where it is known who there is: whatever name is written down must be somebody's.
    pub fn load_among(sources: &Sources, known: &Known) -> Result<Self, Vec<Problem>> {
        Self::load_despite(sources, Some(known), &[])
    }

    /// The same without the checks of these names; for tests that need policies no author would keep.
    pub(super) fn load_despite(
        sources: &Sources,
        known: Option<&Known>,
        unheard: &[&str],
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_gather_prints(true);
        for source in &sources.policies {
            if let Err(error) = engine.add_policy(source.path.clone(), source.text.clone()) {
                problems.push(Problem::from_engine(&source.path, "parse", &error));
            }
        }
        let data = read_data(&sources.data, &mut engine, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let modules = engine.get_modules();
        let mut problems = lint::check(modules);
        problems.extend(known.into_iter().flat_map(|known| lint::strangers(modules, known)));
        problems.retain(|problem| !unheard.contains(&problem.rule));
        over_rules(modules, &data, &mut problems);
        let ((rules, places), concern) = (effect_rules(modules, &data), Concern::read(sources, modules));
        if rules.is_empty() && problems.is_empty() {
            let what = "no policy is here. Write a package below `countersign` with at least one `allow`.";
            problems.push(Problem { place: "policies".to_owned(), rule: "no-policy", what: what.to_owned() });
        }
        if !problems.is_empty() {
            problems.sort_by(|a, b| a.position().cmp(&b.position()));
            return Err(problems);
        }
        bounds::install(&mut engine);
        cache::configure(cache::Config { regex: PATTERNS, glob: PATTERNS });
        let digest = digest(sources);
        let kept = kept::keep(digest, sources);
        let mut bundle = Self { engine, data, digest, rules, memory: Memory::default(), places, kept, concern };
        bundle.prepare()?;
        Ok(bundle)
    }

    /// Names sources and data together.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What it was made of, to be kept before it judges.
    pub fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// Every effect of every package.
    pub fn rules(&self) -> &[EffectRule] {
        &self.rules
    }

    /// The packages, in order.
    pub fn packages(&self) -> BTreeMap<&str, Mode> {
        self.rules.iter().map(|rule| (rule.policy.as_str(), rule.mode)).collect()
    }

    /// What rules know beside the input.
    pub(super) const fn data(&self) -> &Value {
        &self.data
    }

    /// What the policies are about.
    pub(super) const fn concern(&self) -> &Concern {
        &self.concern
    }

    /// Answers given before.
    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Where footprints point to.
    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    /// An engine of its own for one evaluation; everything heavy is shared.
    pub(super) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// The first evaluation does the preparation that clones made afterwards share, and shows errors no check foresees.
    fn prepare(&mut self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        for phase in Phase::ALL {
            self.engine.set_input(Input::blank(phase).value());
            for rule in self.rules.iter_mut().filter(|rule| rule.effect.phases().contains(&phase)) {
                limit(&mut self.engine, PREPARING);
                // The check of `mode` lets only the two words pass.
                let mode = self.engine.eval_rule(format!("data.countersign.{}.mode", rule.policy));
                rule.mode = match mode {
                    Ok(Value::String(mode)) if &*mode == "shadow" => Mode::Shadow,
                    _ => Mode::Enforce,
                };
                if let Err(error) = self.engine.eval_rule(rule.path.clone()) {
                    problems.push(Problem::from_engine(&rule.path, "fails-at-once", &error));
                }
            }
        }
        problems.dedup_by(|a, b| a.place == b.place && a.rule == b.rule);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("digest", &self.digest).field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

fn read_data(sources: &[Source], engine: &mut Engine, problems: &mut Vec<Problem>) -> Value {
    for source in sources {
        let problem = |what: String| Problem { place: source.path.clone(), rule: "data", what };
        let value = match Value::from_json_str(&source.text) {
            Ok(value @ Value::Object(_)) => value,
            Ok(_) => {
                problems.push(problem("data must be an object".to_owned()));
                continue;
            }
            Err(error) => {
                problems.push(problem(first_words(&error)));
                continue;
            }
        };
        // The engine lets a data document replace a rule silently: a deny could be emptied by a file.
        for reserved in RESERVED {
            if value.as_object().is_ok_and(|members| members.contains_key(&Value::from(reserved))) {
                problems
                    .push(problem(format!("`{reserved}` at the top of data would replace rules; choose another name")));
            }
        }
        if let Err(error) = engine.add_data(value) {
            problems.push(problem(first_words(&error)));
        }
    }
    engine.get_data()
}

/// The engine lets a document replace a rule of the same path without a word: a file could empty a deny.
fn over_rules(modules: &[Ref<Module>], data: &Value, problems: &mut Vec<Problem>) {
    for module in modules {
        let (package, mut below) = (syntax::package(module), data);
        let mut met = true;
        for name in &package {
            let Value::Object(members) = below else { break };
            let Some(member) = members.get(&Value::from(name.as_str())) else {
                met = false;
                break;
            };
            below = member;
        }
        if met {
            let what =
                format!("data at `{}` would replace the rules there. Choose another name in data.", package.join("."));
            let place = syntax::place(module.package.refr.span());
            problems.push(Problem { place, rule: "data-over-rule", what });
        }
    }
}

fn effect_rules(modules: &[Ref<Module>], data: &Value) -> (Vec<EffectRule>, Places) {
    let mut found: BTreeMap<(String, Effect), Vec<Condition>> = BTreeMap::new();
    let mut places = Places::default();
    for (policy, effect, condition) in conditions(modules, data, &mut places) {
        found.entry((policy, effect)).or_default().push(condition);
    }
    let mut footprints = footprints(modules, data, &mut places);
    let slow = pace::slow(modules);
    let rules = found.into_iter().map(|((policy, effect), conditions)| {
        let path = format!("data.countersign.{policy}.{}", effect.word());
        let names: Vec<String> = path.split('.').map(str::to_owned).collect();
        let pace = if slow.contains(&names) { Pace::Aside } else { Pace::Quick };
        let footprint = footprints.remove(&names);
        EffectRule { policy, effect, mode: Mode::Enforce, path, conditions, footprint, pace }
    });
    (rules.collect(), places)
}

fn digest(sources: &Sources) -> Digest {
    let mut all: Vec<_> = sources.policies.iter().chain(&sources.data).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let named = all.into_iter().map(|source| (source.path.clone(), source.text.clone()));
    Digest::of_object("bundle", &named.collect())
}

#[cfg(test)]
mod tests;
