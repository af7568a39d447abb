//! Are these policies fit to judge by? Sources become a prepared bundle, or every reason why not.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use regorus::unstable::Module;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::decision::Effect;
use super::fixed::{Fixed, Memory};
use super::index::{Condition, conditions};
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
    /// Whether it says the same about the same tool.
    pub(super) fixed: bool,
}

/// Whether a package's findings count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Enforce,
    /// They are recorded as what they would have done.
    Shadow,
}

/// One reason why policies are not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// The file, and the line where it is known.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// The longest an evaluation may take. Policies that need more are wrong, and a call must not wait for them.
const LIMIT: Duration = Duration::from_millis(50);
const INTERVAL: u32 = 16;
/// Names at the top of `data` that belong to rules.
const RESERVED: [&str; 2] = ["countersign", "gate"];

impl Bundle {
    /// Checks and prepares policies. Either all of them are fit, or none is used.
    pub fn load(sources: &Sources) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_gather_prints(true);
        for source in &sources.policies {
            if let Err(error) = engine.add_policy(source.path.clone(), source.text.clone()) {
                problems.push(Problem { place: source.path.clone(), what: first_words(&error) });
            }
        }
        let data = read_data(&sources.data, &mut engine, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let rules = effect_rules(&mut engine)?;
        if rules.is_empty() {
            let what = "no policy is here; write one package below `countersign` with at least one `allow`";
            return Err(vec![Problem { place: "policies".to_owned(), what: what.to_owned() }]);
        }
        let mut bundle = Self { engine, data, digest: digest(sources), rules, memory: Memory::default() };
        bundle.prepare()?;
        Ok(bundle)
    }

    /// Names sources and data together.
    pub const fn digest(&self) -> Digest {
        self.digest
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

    /// What fixed rules said before.
    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// An engine of its own for one evaluation; everything heavy is shared.
    pub(super) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// The first evaluation does the preparation that clones made afterwards share, and shows errors no check foresees.
    fn prepare(&mut self) -> Result<(), Vec<Problem>> {
        let blank = Value::from_json_str(BLANK).unwrap_or_else(|_| Value::new_object());
        let mut problems = Vec::new();
        for rule in &mut self.rules {
            self.engine.set_input(blank.clone());
            match self.engine.eval_rule(format!("data.countersign.{}.mode", rule.policy)) {
                Ok(Value::String(mode)) if &*mode == "shadow" => rule.mode = Mode::Shadow,
                Ok(Value::String(mode)) if &*mode != "enforce" => problems.push(Problem {
                    place: rule.policy.clone(),
                    what: format!("`mode` is \"enforce\" or \"shadow\", not \"{mode}\""),
                }),
                // A package without a mode enforces.
                _ => {}
            }
            if let Err(error) = self.engine.eval_rule(rule.path.clone()) {
                problems.push(Problem { place: rule.path.clone(), what: first_words(&error) });
            }
        }
        let timer =
            ExecutionTimerConfig { limit: LIMIT, check_interval: NonZeroU32::new(INTERVAL).unwrap_or(NonZeroU32::MIN) };
        self.engine.set_execution_timer_config(timer);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("digest", &self.digest).field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// An input in which every documented part is there and says nothing.
const BLANK: &str = r#"{"version":1,"phase":"call","time":{"now":"1970-01-01T00:00:00.000+00:00","unix_ms":0,"weekday":"thursday","hour":0,"minute":0,"date":"1970-01-01","zone":"UTC"},"call":{"id":"","server":"","tool":null,"method":"","target":"","arguments":{},"digest":""},"tool":null,"server":{"name":"","transport":"stdio","trust":"claims","labels":{}},"facts":{},"principal":{"id":"","agent":null,"user":null,"groups":[],"auth":{"method":"none","issuer":null,"scopes":[],"delegation":[]}},"client":{"name":null,"version":null,"protocol":"","transport":"stdio"},"session":{"id":"","calls":0},"intent":null,"environment":"","approval":null}"#;

fn read_data(sources: &[Source], engine: &mut Engine, problems: &mut Vec<Problem>) -> Value {
    for source in sources {
        let problem = |what: String| Problem { place: source.path.clone(), what };
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

fn effect_rules(engine: &mut Engine) -> Result<Vec<EffectRule>, Vec<Problem>> {
    let mut found: BTreeMap<(String, Effect), Vec<Condition>> = BTreeMap::new();
    let mut packages: BTreeMap<String, Vec<&Module>> = BTreeMap::new();
    let modules = engine.get_modules();
    for module in modules {
        packages.entry(module.package.refr.span().text().to_owned()).or_default().push(module);
    }
    let fixed: BTreeMap<String, Fixed> =
        packages.iter().map(|(name, modules)| (name.clone(), Fixed::of(modules))).collect();
    let nothing = Fixed::default();
    let mut problems = Vec::new();
    for module in modules {
        let span = module.package.refr.span();
        let package = span.text().to_owned();
        let Some(policy) = package.strip_prefix("countersign.") else { continue };
        if policy.contains(['.', '[']) {
            let place = format!("{}:{}", span.source.file(), span.line);
            let what = format!("`{package}` is too deep; a policy is a package directly below `countersign`");
            problems.push(Problem { place, what });
            continue;
        }
        for (effect, condition) in conditions(module, fixed.get(&package).unwrap_or(&nothing)) {
            found.entry((policy.to_owned(), effect)).or_default().push(condition);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let rules = found.into_iter().map(|((policy, effect), conditions)| {
        let path = format!("data.countersign.{policy}.{}", effect.word());
        let package = fixed.get(&format!("countersign.{policy}"));
        let fixed = package.is_some_and(|fixed| fixed.contains(effect.word()));
        EffectRule { policy, effect, mode: Mode::Enforce, path, conditions, fixed }
    });
    Ok(rules.collect())
}

fn digest(sources: &Sources) -> Digest {
    let mut all: Vec<_> = sources.policies.iter().chain(&sources.data).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let named = all.into_iter().map(|source| (source.path.clone(), source.text.clone()));
    Digest::of_object("bundle", &named.collect())
}

/// The engine's own words without its decoration.
pub(super) fn first_words(error: &impl std::fmt::Display) -> String {
    error.to_string().trim().to_owned()
}
