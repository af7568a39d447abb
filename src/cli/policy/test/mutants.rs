//! `countersign policy test --mutants`: which changes to a rule would no test notice?

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use serde_json::json;

use super::super::super::exit::Exit;
use super::super::super::output::{Mark, Output};
use super::super::refusal::refuse;
use super::super::{counted, workers};
use super::TestArgs;
use crate::policy::files::{self, Include};
use crate::policy::mutants::{Hunt, Refusal, hunt};

pub(super) fn run(paths: &[PathBuf], args: &TestArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let sources = match files::read(paths, Include::PoliciesAndTests) {
        Ok(sources) => sources,
        Err(problems) => return refuse(&problems, args.json, out),
    };
    let watched = io::stderr().is_terminal();
    let progress = |done: usize, all: usize| {
        if watched {
            // Only for whoever watches; where it cannot be told, the work goes on.
            drop(write!(io::stderr(), "\r{done} of {all} mutants"));
        }
    };
    let hunted = hunt(&sources, workers(), &progress);
    if watched {
        drop(write!(io::stderr(), "\r\u{1b}[K"));
    }
    let hunt = match hunted {
        Ok(hunt) => hunt,
        Err(Refusal::Unfit(problems)) => return refuse(&problems, args.json, out),
        Err(refusal @ Refusal::Fails(_)) => return Err(refusal.into()),
    };
    if args.json {
        let result = if hunt.survivors.is_empty() { "ok" } else { "survivors" };
        out.json(&json!({ "version": 1, "result": result, "hunt": hunt }))?;
    } else {
        tell(&hunt, out)?;
    }
    Ok(if args.fail_on_survivors && !hunt.survivors.is_empty() { Exit::Failed } else { Exit::Done })
}

fn tell(hunt: &Hunt, out: &mut Output<'_>) -> io::Result<()> {
    for mutant in &hunt.survivors {
        out.marked(Mark::Warn, &format!("{}:{}  {} → {}", mutant.file, mutant.line, mutant.before, mutant.after))?;
    }
    let mutants = counted(hunt.mutants, "mutant", "mutants");
    let unfit = if hunt.unfit == 0 { String::new() } else { format!(", {} could not be compiled", hunt.unfit) };
    let survivors = hunt.survivors.len();
    out.line(&format!("{mutants}: {} noticed by a test, {survivors} by none{unfit}.", hunt.noticed))?;
    if survivors > 0 {
        out.line("A change no test notices is a test nobody wrote, or a rule that nothing depends on.")?;
    }
    Ok(())
}
