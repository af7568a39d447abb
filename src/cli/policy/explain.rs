//! `countersign policy explain`: which rules fired, which nearly did, and on which condition did they stop?

use std::time::Instant;

use clap::Args;
use serde_json::Value;

use super::super::exit::Exit;
use super::super::output::Output;
use super::eval::{Asked, heading};
use super::refusal::refuse;
use super::stops::{self, line};
use super::{Examples, Global, counted};
use crate::policy::explain::{Answer, Explained, Explanation, explain};
use crate::policy::input::Input;
use crate::policy::probe::Stop;

/// What `policy explain` takes.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    asked: Asked,
    /// Show those rules too that look only at something the call does not have
    #[arg(long)]
    all: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy explain 019a3f20-77c1-7abc", "why was this held, and what would have to be different?"),
    (
        "countersign policy explain call.json --with call.arguments.limit=5 --json",
        "the same with another limit, for a script",
    ),
]);

/// Runs the verb.
pub(super) fn run(args: &ExplainArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let inputs = args.asked.inputs(global)?;
    let (bundle, sources) = match args.asked.bundle(global)? {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, args.asked.json, out),
    };
    for input in &inputs {
        let begun = Instant::now();
        let explanation = match explain(&bundle, &sources, input, &|| begun.elapsed()) {
            Ok(explanation) => explanation,
            Err(problems) => return refuse(&problems, args.asked.json, out),
        };
        if args.asked.json {
            if inputs.len() == 1 { out.json(&explanation)? } else { out.json_line(&explanation)? }
        } else {
            tell(&explanation, input, args.all, out)?;
        }
    }
    Ok(Exit::Done)
}

/// The decision, then what fired, then what nearly did.
fn tell(explanation: &Explanation, input: &Input, all: bool, out: &mut Output<'_>) -> anyhow::Result<()> {
    heading(&explanation.verdict, input, out)?;
    out.line("")?;
    let fired = explanation.rules.iter().filter(|rule| rule.answer == Answer::Fired);
    let stopped = explanation.rules.iter().filter(|rule| rule.answer != Answer::Fired);
    let (near, far): (Vec<&Explained>, Vec<&Explained>) = stopped.partition(|rule| all || is_near(rule));
    for rule in fired.chain(near) {
        let shadow = if rule.mode == "shadow" { " (in shadow)" } else { "" };
        let head = format!("{:<8} {}{shadow}  {}", rule.effect.word(), rule.rule, rule.place);
        match &rule.answer {
            Answer::Fired => line(2, &format!("{head}  fired"), out)?,
            Answer::Stopped(at) => {
                line(2, &head, out)?;
                stops::tell(at, 6, out)?;
            }
        }
    }
    out.line("")?;
    if !far.is_empty() {
        let rules = counted(far.len(), "rule looks", "rules look");
        line(2, &format!("{rules} only at something this call does not have; --all shows where they stopped."), out)?;
    }
    match explanation.elsewhere {
        0 => {}
        1 => line(2, "1 rule is about other tools.", out)?,
        many => line(2, &format!("{} are about other tools.", counted(many, "rule", "rules")), out)?,
    }
    Ok(line(2, &format!("policies {}", explanation.verdict.policy), out)?)
}

/// Whether the call has anything of what the rule looked at when it stopped.
fn is_near(rule: &Explained) -> bool {
    fn looked_at_something(stop: &Stop) -> bool {
        if !stop.inside.is_empty() {
            return stop.inside.iter().any(looked_at_something);
        }
        let nothing = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        stop.values.is_empty() || stop.values.iter().any(|named| !named.values.iter().all(nothing))
    }
    match &rule.answer {
        Answer::Fired => true,
        Answer::Stopped(stops) => stops.iter().any(looked_at_something),
    }
}
