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
/// How long files must stay as they are before they are read: who saves a file first empties it.
const STILL: Duration = Duration::from_millis(40);
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 8;

/// What names a state of the files.
type Stamp = BTreeMap<PathBuf, (SystemTime, u64)>;

pub(super) fn run(paths: &[PathBuf], args: &TestArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    // What does not load takes nothing away from the last run that did: its tests are what the next is compared with.
    let mut ran: Option<Rehearsal> = None;
    let mut unfit: Option<Vec<Problem>> = None;
    loop {
        let stamp = settled(paths);
        let read = files::read(paths, Include::PoliciesAndTests);
        match read.and_then(|sources| rehearse(&sources, &args.run, workers())) {
            Ok(now) => {
                match &ran {
                    Some(before) => different(before, &now, out)?,
                    None => report::tell(&now, args, out)?,
                }
                (ran, unfit) = (Some(now), None);
            }
            Err(problems) if unfit.as_ref() == Some(&problems) => {}
            Err(problems) => {
                refuse(&problems, false, out)?;
                unfit = Some(problems);
            }
        }
        while stamp == self::stamp(paths) {
            std::thread::sleep(PAUSE);
        }
    }
}

/// The files once nobody is writing them.
fn settled(paths: &[PathBuf]) -> Stamp {
    let mut before = stamp(paths);
    loop {
        std::thread::sleep(STILL);
        let now = stamp(paths);
        if now == before {
            return now;
        }
        before = now;
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
    for path in paths {
        look(path, 0, &mut found);
    }
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
