//! Would a test notice if a rule were a little different?
//!
//! Each mutant is the policies with one small change. The tests that evaluate anything in the changed file run again: if
//! none of them fails, nobody would notice the change.

mod changes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use regorus::Engine;
use serde::Serialize;

use self::changes::{Change, changes};
use super::bounds;
use super::bundle::{Source, Sources};
use super::crew::share;
use super::problem::Problem;
use super::rehearse::{Cast, TestResult, parse};

pub use self::changes::Kind;

/// The longest one test of a mutant may take; one that takes longer has noticed something.
const LIMIT: Duration = Duration::from_secs(1);

/// What came of all mutants.
#[derive(Debug, Serialize)]
pub struct Hunt {
    /// How many mutants there were.
    pub mutants: usize,
    /// How many made a test fail.
    pub noticed: usize,
    /// How many could not be compiled, so there was nothing to notice.
    pub unfit: usize,
    /// Those no test noticed, in the order they are written.
    pub survivors: Vec<Mutant>,
}

/// One small change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mutant {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// What kind of change it is.
    pub kind: Kind,
    /// What stands there.
    pub before: String,
    /// What would stand there.
    pub after: String,
}

/// Why there is nothing to hunt.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The policies themselves.
    #[error("the policies are not fit")]
    Unfit(Vec<Problem>),
    /// What is broken already cannot show that it breaks.
    #[error("{0} does not pass as it is; mutants say something only about tests that pass")]
    Fails(String),
}

/// Told how many of how many are done.
pub type Progress<'p> = &'p (dyn Fn(usize, usize) + Sync);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Noticed,
    Survived,
    Unfit,
}

/// Makes every mutant and runs the tests against it.
pub fn hunt(sources: &Sources, workers: usize, progress: Progress<'_>) -> Result<Hunt, Refusal> {
    let mut engine = parse(sources).map_err(Refusal::Unfit)?;
    let modules = engine.get_modules().clone();
    let tests = Cast::of(&modules);
    let touched = touched(&engine, &tests, workers)?;
    let changes = changes(&modules);
    let bases: BTreeMap<String, Option<Engine>> = changes
        .iter()
        .map(|change| change.file.clone())
        .collect::<BTreeSet<String>>()
        .into_iter()
        .map(|file| {
            let engine = without(sources, &file);
            (file, engine)
        })
        .collect();
    let (done, all) = (AtomicUsize::new(0), changes.len());
    let fates = share(&changes, workers, &|change| {
        let concerned = tests.iter().zip(&touched).filter(|(_, files)| files.contains(&change.file));
        let base = bases.get(&change.file).and_then(Option::as_ref);
        let fate = base.map_or(Fate::Unfit, |base| fate(base, change, concerned.map(|(test, _)| test)));
        progress(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), all);
        fate
    });
    let count = |wanted: Fate| fates.iter().filter(|fate| **fate == wanted).count();
    let survived = changes.iter().zip(&fates).filter(|(_, fate)| **fate == Fate::Survived);
    let mut survivors: Vec<Mutant> = survived.map(|(change, _)| change.mutant()).collect();
    survivors.sort();
    Ok(Hunt { mutants: all, noticed: count(Fate::Noticed), unfit: count(Fate::Unfit), survivors })
}

/// The files each test evaluates something in. Every test must pass as things are.
fn touched(engine: &Engine, tests: &[Cast], workers: usize) -> Result<Vec<BTreeSet<String>>, Refusal> {
    let ran = share(tests, workers, &|test| {
        let mut engine = engine.clone();
        engine.set_enable_coverage(true);
        let result = test.play(&mut engine, LIMIT).result;
        let report = engine.get_coverage_report().ok();
        let files = report.into_iter().flat_map(|report| report.files).filter(|file| !file.covered.is_empty());
        (result, files.map(|file| file.path).collect())
    });
    let failed = |result: &TestResult| matches!(result, TestResult::Failed(_) | TestResult::Broken(_));
    if let Some((test, _)) = tests.iter().zip(&ran).find(|(_, (result, _))| failed(result)) {
        return Err(Refusal::Fails(format!("{}.{}", test.package, test.name)));
    }
    Ok(ran.into_iter().map(|(_, files)| files).collect())
}

/// Everything but one file, which each of its mutants is then added to.
fn without(sources: &Sources, file: &str) -> Option<Engine> {
    let policies = sources.policies.iter().filter(|source| source.path != file).cloned().collect();
    parse(&Sources { policies, data: sources.data.clone() }).ok()
}

fn fate<'t>(base: &Engine, change: &Change, tests: impl Iterator<Item = &'t Cast>) -> Fate {
    let mut engine = base.clone();
    let Source { path, text } = change.source();
    if engine.add_policy(path, text).is_err() {
        return Fate::Unfit;
    }
    bounds::install(&mut engine);
    for test in tests {
        match test.play(&mut engine.clone(), LIMIT).result {
            TestResult::Passed | TestResult::Todo => {}
            TestResult::Failed(_) | TestResult::Broken(_) => return Fate::Noticed,
        }
    }
    Fate::Survived
}

#[cfg(test)]
mod tests;
