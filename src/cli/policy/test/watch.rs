//! `countersign policy test --watch`: what is different after each change?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::super::super::exit::Exit;
use super::super::super::output::{Mark, Output};
use super::super::refusal::refuse;
use super::super::{counted, workers};
use super::{TestArgs, report};
use crate::policy::files::{self, Include};
use crate::policy::problem::Problem;
use crate::policy::rehearse::{Rehearsal, Test, TestResult, rehearse};

/// How often files are looked at. A person does not notice less, and a disk does not notice more.
const PAUSE: Duration = Duration::from_millis(250);
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 8;

/// What names a state of the files.
type Stamp = BTreeMap<PathBuf, (SystemTime, u64)>;

/// How it was when it was last looked at.
enum Last {
    Nothing,
    Unfit(Vec<Problem>),
    Ran(Rehearsal),
}

pub(super) fn run(paths: &[PathBuf], args: &TestArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut last = Last::Nothing;
    loop {
        let stamp = stamp(paths);
        let read = files::read(paths, Include::PoliciesAndTests);
        let now = match read.and_then(|sources| rehearse(&sources, &args.run, workers())) {
            Ok(rehearsal) => Last::Ran(rehearsal),
            Err(problems) => Last::Unfit(problems),
        };
        match (&last, &now) {
            (Last::Unfit(before), Last::Unfit(problems)) if before == problems => {}
            (_, Last::Unfit(problems)) => {
                refuse(problems, false, out)?;
            }
            (Last::Ran(before), Last::Ran(rehearsal)) => different(before, rehearsal, out)?,
            (_, Last::Ran(rehearsal)) => report::tell(rehearsal, args, out)?,
            (_, Last::Nothing) => {}
        }
        last = now;
        while stamp == self::stamp(paths) {
            std::thread::sleep(PAUSE);
        }
    }
}

/// The tests that ended differently, and one line for all.
fn different(before: &Rehearsal, now: &Rehearsal, out: &mut Output<'_>) -> std::io::Result<()> {
    let known =
        |test: &Test| before.tests.iter().find(|other| (&other.package, &other.name) == (&test.package, &test.name));
    for test in &now.tests {
        let before = known(test).map(|test| &test.result);
        match (&test.result, before) {
            // A failure that stops elsewhere, or with other values, is another failure.
            (result, Some(before)) if result == before => {}
            (TestResult::Failed(_) | TestResult::Broken(_), _) => report::failure(test, out)?,
            (TestResult::Passed, before) => {
                let how = if before.is_some() { "passes now" } else { "is new and passes" };
                out.marked(Mark::Ok, &format!("{} {}  {how}", test.package, test.name))?;
            }
            (TestResult::Todo, _) => {}
        }
    }
    let gone = before
        .tests
        .iter()
        .filter(|old| !now.tests.iter().any(|test| (&test.package, &test.name) == (&old.package, &old.name)));
    for test in gone {
        out.marked(Mark::Warn, &format!("{} {}  is gone", test.package, test.name))?;
    }
    for rule in
        now.coverage.silent.iter().filter(|rule| !before.coverage.silent.iter().any(|old| old.rule == rule.rule))
    {
        out.marked(Mark::Warn, &format!("{}  {}  says nothing in a test any more", rule.rule, rule.place))?;
    }
    let failed = now.failures().count();
    let verdict = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
    out.line(&format!("{}, {verdict}.", counted(now.ran(), "test", "tests")))
}

fn stamp(paths: &[PathBuf]) -> Stamp {
    let mut found = Stamp::new();
    paths.iter().for_each(|path| look(path, 0, &mut found));
    found
}

/// What cannot be looked at is like what is not there; reading it tells why.
fn look(path: &Path, depth: usize, found: &mut Stamp) {
    let Ok(about) = std::fs::metadata(path) else { return };
    if about.is_file() {
        if path.extension().is_some_and(|kind| kind == "rego" || kind == "json") {
            found.insert(path.to_owned(), (about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len()));
        }
    } else if depth < DEEPEST {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| look(&entry.path(), depth.saturating_add(1), found));
    }
}
