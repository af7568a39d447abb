//! Do the policies do what their own tests say?
//!
//! Tests are rules whose names begin with `test_`, in files whose names end in `_test.rego`, as `opa test` has them: each
//! passes when it is true; `todo_test_` is for one that is not written yet. They run in the same engine, as strict as a
//! call, on an engine of their own each, and as many at a time as there are processors.

mod coverage;
mod marks;

use std::collections::BTreeSet;
use std::time::Duration;

use regorus::unstable::{Module, Ref};
use regorus::{Engine, Value};
use serde::Serialize;

pub use self::coverage::{Coverage, Lines, Silence, Silent};
use self::marks::Marks;
pub(super) use self::marks::id;
use super::bounds;
use super::bundle::{Bundle, Sources};
use super::crew::share;
use super::evaluate::limit;
use super::files::is_test;
use super::probe::{End, Probe, Stop};
use super::problem::Problem;
use super::syntax::{Written, head, package, place};

/// The longest one test may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How many failures are looked into.
const EXPLAINED: usize = 25;

/// What came of all tests.
#[derive(Debug, Serialize)]
pub struct Rehearsal {
    /// One line for each test, in the order they are written.
    pub tests: Vec<Test>,
    /// Which rules spoke, and which lines were looked at.
    #[serde(flatten)]
    pub coverage: Coverage,
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
    /// It is not; where each of its bodies stopped.
    Failed(Vec<Stop>),
    /// It could not be evaluated.
    Broken(String),
    /// It is not written yet.
    Todo,
}

impl Rehearsal {
    /// The tests that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|test| matches!(test.result, TestResult::Failed(_) | TestResult::Broken(_)))
    }

    /// How many tests were run.
    pub fn ran(&self) -> usize {
        self.tests.iter().filter(|test| test.result != TestResult::Todo).count()
    }
}

/// Runs every test whose name, with its package before it, contains `filter`. The policies must be fit to judge by before anything runs.
pub fn rehearse(sources: &Sources, filter: &str, workers: usize) -> Result<Rehearsal, Vec<Problem>> {
    let policies = sources.policies.iter().filter(|source| !is_test(&source.path)).cloned().collect();
    Bundle::load(&Sources { policies, data: sources.data.clone() })?;
    let marks = Marks::on(sources)?;
    let mut engine = parse(&marks.sources)?;
    marks.listen(&mut engine);
    engine.set_enable_coverage(true);
    let named = |cast: &Cast| format!("{}.{}", cast.package, cast.name).contains(filter);
    let cast: Vec<Cast> = Cast::of(engine.get_modules()).into_iter().filter(named).collect();
    let ran = share(&cast, workers, &|cast| {
        let mut engine = engine.clone();
        let test = cast.play(&mut engine, LIMIT);
        (test, engine.get_coverage_report().ok())
    });
    let (mut tests, reports): (Vec<Test>, Vec<_>) = ran.into_iter().unzip();
    look_into(sources, &mut tests, workers)?;
    Ok(Rehearsal { tests, coverage: marks.coverage(reports.into_iter().flatten()) })
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

/// A test that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) package: String,
    pub(super) name: String,
    pub(super) place: String,
}

impl Cast {
    /// The tests of all files, each name of a package once, in the order they are written.
    pub(super) fn of(modules: &[Ref<Module>]) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for rule in Written::all(modules).into_iter().filter(|rule| is_test(rule.module.package.span.source.file())) {
            let (package, name) = (package(rule.module).join("."), rule.name());
            let is_one = name.starts_with("test_") || name.starts_with("todo_test_");
            if is_one && seen.insert((package.clone(), name.clone())) {
                found.push(Self { package, name, place: line(&place(head(rule.rule).span())) });
            }
        }
        found.sort_by(|a, b| a.place_key().cmp(&b.place_key()));
        found
    }

    fn place_key(&self) -> (&str, u32) {
        let (file, line) = self.place.rsplit_once(':').unwrap_or((&self.place, ""));
        (file, line.parse().unwrap_or(0))
    }

    pub(super) fn play(&self, engine: &mut Engine, longest: Duration) -> Test {
        let Self { package, name, place } = self.clone();
        limit(engine, longest);
        let answer =
            if name.starts_with("todo_") { None } else { Some(engine.eval_rule(format!("data.{package}.{name}"))) };
        let result = match answer {
            None => TestResult::Todo,
            Some(Ok(Value::Bool(true))) => TestResult::Passed,
            Some(Ok(_)) => TestResult::Failed(Vec::new()),
            Some(Err(error)) => {
                let problem = Problem::from_engine(&place, "test", &error);
                TestResult::Broken(format!("{}: {}", problem.place, problem.what))
            }
        };
        Test { package, name, place, result }
    }
}

/// Where the tests that failed stopped.
fn look_into(sources: &Sources, tests: &mut [Test], workers: usize) -> Result<(), Vec<Problem>> {
    let failed: Vec<&mut Test> =
        tests.iter_mut().filter(|test| matches!(test.result, TestResult::Failed(_))).take(EXPLAINED).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let probe = Probe::new(sources)?;
    let names: Vec<(String, String)> = failed.iter().map(|test| (test.package.clone(), test.name.clone())).collect();
    let stops = share(&names, workers, &|(in_package, name)| {
        let rules = Written::all(probe.modules()).into_iter();
        let own = rules.filter(|rule| package(rule.module).join(".") == *in_package && rule.name() == *name);
        own.flat_map(|rule| probe.follow(rule, None)).filter(|stop| stop.end != End::Holds).collect::<Vec<Stop>>()
    });
    for (test, stops) in failed.into_iter().zip(stops) {
        test.result = TestResult::Failed(stops);
    }
    Ok(())
}

/// `file:line` of `file:line:column`.
fn line(place: &str) -> String {
    place.rsplit_once(':').map_or(place, |(line, _)| line).to_owned()
}

#[cfg(test)]
mod tests;
