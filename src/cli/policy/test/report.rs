//! What is a person told about a rehearsal?

use std::collections::BTreeMap;
use std::io;

use super::super::super::output::{Mark, Output};
use super::super::{counted, stops};
use super::TestArgs;
use crate::policy::rehearse::{Coverage, Rehearsal, Silence, Test, TestResult};

/// Failures first, then one line for each package, then what no test reached.
pub(super) fn tell(rehearsal: &Rehearsal, args: &TestArgs, out: &mut Output<'_>) -> io::Result<()> {
    rehearsal.failures().try_for_each(|test| failure(test, out))?;
    for test in rehearsal.tests.iter().filter(|test| test.result == TestResult::Todo) {
        out.marked(Mark::Warn, &format!("{} {}  {}  is still to be written", test.package, test.name, test.place))?;
    }
    packages(rehearsal, out)?;
    let failed = rehearsal.failures().count();
    if rehearsal.tests.is_empty() {
        let about = if args.run.is_empty() { String::new() } else { format!(" whose name contains `{}`", args.run) };
        return out.line(&format!("There is no test{about}."));
    }
    let verdict = if failed == 0 { "all passed".to_owned() } else { format!("{failed} failed") };
    let coverage = &rehearsal.coverage;
    let spoke = coverage.rules.saturating_sub(coverage.silent.len());
    let tests = counted(rehearsal.ran(), "test", "tests");
    out.line(&format!("{tests}, {verdict}. Rules that said something: {spoke} of {}.", coverage.rules))?;
    if args.run.is_empty() || args.coverage {
        silent(coverage, out)?;
    }
    if args.coverage {
        lines(coverage, out)?;
    }
    match args.threshold {
        Some(least) if coverage.percent() < least => {
            let percent = coverage.percent();
            out.marked(Mark::Fail, &format!("{percent:.1} of a hundred rules said something; at least {least} must"))
        }
        _ => Ok(()),
    }
}

/// One test that did not pass, and the values where it stopped.
pub(super) fn failure(test: &Test, out: &mut Output<'_>) -> io::Result<()> {
    let Test { package, name, place, result } = test;
    out.marked(Mark::Fail, &format!("{package} {name}  {place}"))?;
    match result {
        TestResult::Broken(why) => why.lines().try_for_each(|line| out.line(&format!("      {line}"))),
        TestResult::Failed(at) => stops::tell(at, 6, out),
        TestResult::Passed | TestResult::Todo => Ok(()),
    }
}

fn packages(rehearsal: &Rehearsal, out: &mut Output<'_>) -> io::Result<()> {
    let mut packages: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for test in rehearsal.tests.iter().filter(|test| test.result != TestResult::Todo) {
        let (all, passed) = packages.entry(&test.package).or_default();
        *all = all.saturating_add(1);
        *passed = passed.saturating_add(usize::from(test.result == TestResult::Passed));
    }
    for (package, (all, passed)) in packages {
        let mark = if all == passed { Mark::Ok } else { Mark::Fail };
        out.marked(mark, &format!("{package}: {passed} of {} passed", counted(all, "test", "tests")))?;
    }
    Ok(())
}

fn silent(coverage: &Coverage, out: &mut Output<'_>) -> io::Result<()> {
    coverage.silent.iter().try_for_each(|rule| {
        let why = match rule.silence {
            Silence::NeverSpoke => "never said anything in a test",
            Silence::NotAsked => "was not asked by any test",
        };
        out.line(&format!("      {} {}  {}  {why}", rule.effect.word(), rule.rule, rule.place))
    })
}

fn lines(coverage: &Coverage, out: &mut Output<'_>) -> io::Result<()> {
    let rows: Vec<Vec<String>> = coverage
        .lines
        .iter()
        .map(|(file, lines)| {
            let all = lines.covered.len().saturating_add(lines.not_covered.len());
            let missed: Vec<String> = lines.not_covered.iter().map(ToString::to_string).collect();
            vec![file.clone(), format!("{} of {all}", lines.covered.len()), missed.join(", ")]
        })
        .collect();
    out.table(&["FILE", "LINES", "NOT LOOKED AT"], &rows)
}
