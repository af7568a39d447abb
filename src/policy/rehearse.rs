//! Do the policies do what their own tests say?
//!
//! Tests are rules whose names begin with `test_`, in files whose names end in `_test.rego`, as `opa test` has them: each
//! passes when it is true. They run in the same engine, as strict as a call, on an engine of their own each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regorus::unstable::{Module, Ref, Rule, RuleHead};
use regorus::{Engine, Value};
use serde::Serialize;

use super::bounds;
use super::bundle::{Bundle, Source, Sources};
use super::decision::Effect;
use super::evaluate::limit;
use super::files::is_test;
use super::problem::Problem;
use super::syntax::{Written, head, package, place, policy};

/// The longest one test may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What came of all tests.
#[derive(Debug, Serialize)]
pub struct Rehearsal {
    /// One line for each test, in the order they are written.
    pub tests: Vec<Test>,
    /// How many effect rules there are.
    pub rules: usize,
    /// Those that no test made say anything.
    pub silent: Vec<Silent>,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// Its package.
    pub package: String,
    /// Its name.
    pub name: String,
    /// `file:line`.
    pub place: String,
    /// How it ended.
    #[serde(flatten)]
    pub result: TestResult,
}

/// How a test ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "why")]
pub enum TestResult {
    /// It is true.
    Passed,
    /// It is not.
    Failed,
    /// It could not be evaluated.
    Broken(String),
}

/// An effect rule that never spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silent {
    /// `policy/effect`.
    pub rule: String,
    /// `file:line`.
    pub place: String,
}

impl Rehearsal {
    /// The tests that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|test| test.result != TestResult::Passed)
    }
}

/// Runs every test whose name contains `filter`. The policies must be fit to judge by before anything runs.
pub fn rehearse(sources: &Sources, filter: &str) -> Result<Rehearsal, Vec<Problem>> {
    let (tests, policies): (Vec<Source>, Vec<Source>) =
        sources.policies.iter().cloned().partition(|source| is_test(&source.path));
    Bundle::load(&Sources { policies, data: sources.data.clone() })?;
    let mut engine = parse(sources)?;
    engine.set_enable_coverage(true);
    let modules = engine.get_modules().clone();
    let mut found = Vec::new();
    let mut covered: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for path in tests.iter().map(|source| &source.path) {
        for (module, rule) in rules_of(&modules, path) {
            if !rule.contains(filter) {
                continue;
            }
            let mut engine = engine.clone();
            found.push(run(&mut engine, module, &rule));
            if let Ok(report) = engine.get_coverage_report() {
                for file in report.files {
                    covered.entry(file.path).or_default().extend(file.covered);
                }
            }
        }
    }
    let effects: Vec<Written<'_>> = Written::all(&modules).into_iter().filter(is_effect).collect();
    let silent = effects.iter().filter(|rule| !spoke(rule, &covered)).map(|rule| Silent {
        rule: format!("{}/{}", policy(rule.module).unwrap_or_default(), rule.name()),
        place: line(&place(head(rule.rule).span())),
    });
    Ok(Rehearsal { tests: found, rules: effects.len(), silent: silent.collect() })
}

/// An engine with everything in it, tests included.
pub(crate) fn parse(sources: &Sources) -> Result<Engine, Vec<Problem>> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    let mut problems = Vec::new();
    for source in &sources.policies {
        if let Err(error) = engine.add_policy(source.path.clone(), source.text.clone()) {
            problems.push(Problem::from_engine(&source.path, "parse", &error));
        }
    }
    for source in &sources.data {
        if let Err(error) = Value::from_json_str(&source.text).and_then(|data| engine.add_data(data)) {
            problems.push(Problem::from_engine(&source.path, "data", &error));
        }
    }
    bounds::install(&mut engine);
    limit(&mut engine, LIMIT);
    if problems.is_empty() { Ok(engine) } else { Err(problems) }
}

/// The tests of one file, by name, each once.
fn rules_of<'a>(modules: &'a [Ref<Module>], path: &str) -> Vec<(&'a Module, String)> {
    let mut found: Vec<(&Module, String)> = Vec::new();
    for module in modules.iter().filter(|module| module.package.span.source.file() == path) {
        for rule in Written::all(std::slice::from_ref(module)) {
            let name = rule.name();
            if name.starts_with("test_") && !found.iter().any(|(_, known)| *known == name) {
                found.push((module, name));
            }
        }
    }
    found
}

fn run(engine: &mut Engine, module: &Module, name: &str) -> Test {
    let package = package(module).join(".");
    let rule = module.policy.iter().find(|rule| Written { module, rule }.name() == name);
    let place = rule.map(|rule| line(&place(head(rule).span()))).unwrap_or_default();
    bounds::renew();
    let result = match engine.eval_rule(format!("data.{package}.{name}")) {
        Ok(Value::Bool(true)) => TestResult::Passed,
        Ok(_) => TestResult::Failed,
        Err(error) => {
            let problem = Problem::from_engine(&place, "test", &error);
            TestResult::Broken(format!("{}: {}", problem.place, problem.what))
        }
    };
    Test { package, name: name.to_owned(), place, result }
}

fn is_effect(rule: &Written<'_>) -> bool {
    policy(rule.module).is_some() && Effect::from_word(&rule.name()).is_some()
}

/// A finding that was made leaves the lines of its head covered. The engine counts lines, so a rule on one line counts
/// as having spoken as soon as it was looked at.
fn spoke(rule: &Written<'_>, covered: &BTreeMap<String, BTreeSet<u32>>) -> bool {
    let Rule::Spec { span, head, bodies } = rule.rule else { return true };
    let first = span.line;
    let mut last = first.saturating_add(u32::try_from(span.text().matches('\n').count()).unwrap_or(u32::MAX));
    if let (RuleHead::Set { key: Some(key), .. }, Some(body)) = (head, bodies.first()) {
        let above = body.query.span.line.saturating_sub(1);
        let ends = first.saturating_add(u32::try_from(key.span().text().matches('\n').count()).unwrap_or(u32::MAX));
        last = last.min(ends.min(above).max(first));
    }
    covered.get(span.source.file()).is_some_and(|lines| lines.range(first..=last).next().is_some())
}

/// `file:line` of `file:line:column`.
fn line(place: &str) -> String {
    place.rsplit_once(':').map_or(place, |(line, _)| line).to_owned()
}

#[cfg(test)]
mod tests;
