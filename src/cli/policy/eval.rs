//! `countersign policy eval`: what would the gateway say to this call?

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;

use super::super::exit::Exit;
use super::super::output::Output;
use super::recorded;
use super::refusal::refuse;
use super::stops::line;
use super::{Examples, Global, chosen};
use crate::policy::bundle::{Bundle, Sources};
use crate::policy::document::{self, Setting};
use crate::policy::explain::judge;
use crate::policy::files::{self, Include};
use crate::policy::input::Input;
use crate::policy::problem::Problem;
use crate::policy::told::{Placed, Told};

/// Which document, and by which policies it is judged.
#[derive(Args, Debug)]
pub(super) struct Asked {
    /// A file with the input, whole or as {server, tool, arguments}; - reads standard input; or a call on record, by its id
    #[arg(value_name = "CALL")]
    call: String,
    /// Files or folders with policies; those of the configuration if left out
    #[arg(long, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// Put a value into the input, such as environment=production or call.arguments.limit=5
    #[arg(long = "with", value_name = "PATH=VALUE", value_parser = super::super::setting)]
    with: Vec<Setting>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// What `policy eval` takes.
#[derive(Args, Debug)]
pub(super) struct EvalArgs {
    #[command(flatten)]
    asked: Asked,
    /// Print the whole input, as rules see it, and judge nothing
    #[arg(long)]
    document: bool,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy eval call.json --with environment=production", "what would be said to this in production?"),
    (
        "countersign policy eval - --json <<< '{\"server\": \"db\", \"tool\": \"query\", \"arguments\": {\"sql\": \"DROP TABLE t\"}}'",
        "the decision, for a script",
    ),
]);

/// Runs the verb.
pub(super) fn run(args: &EvalArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let inputs = args.asked.inputs(global)?;
    if args.document {
        for input in &inputs {
            let text = input.to_json().context("the input cannot be written down")?;
            let document: serde_json::Value = serde_json::from_str(&text)?;
            if inputs.len() == 1 { out.json(&document)? } else { out.json_line(&document)? }
        }
        return Ok(Exit::Done);
    }
    let (bundle, sources) = match args.asked.bundle(global)? {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, args.asked.json, out),
    };
    for input in &inputs {
        let begun = Instant::now();
        let verdict = match judge(&bundle, &sources, input, &|| begun.elapsed()) {
            Ok(verdict) => verdict,
            Err(problems) => return refuse(&problems, args.asked.json, out),
        };
        match (args.asked.json, inputs.len()) {
            (true, 1) => out.json(&verdict)?,
            (true, _) => out.json_line(&verdict)?,
            (false, _) => {
                heading(&verdict, input, out)?;
                findings(&verdict, out)?;
                line(2, &format!("policies {}", verdict.policy), out)?;
            }
        }
    }
    Ok(Exit::Done)
}

impl Asked {
    /// The documents. A file whose name ends in `.jsonl` has one on each line.
    pub(super) fn inputs(&self, global: &Global) -> anyhow::Result<Vec<Input>> {
        if recorded::is_call(&self.call) && !Path::new(&self.call).exists() {
            let input = recorded::input(&self.call, global)?;
            if self.with.is_empty() {
                return Ok(vec![input]);
            }
            let text = input.to_json().context("the input cannot be written down")?;
            return Ok(vec![document::read(&text, &self.with)?]);
        }
        let mut text = String::new();
        if self.call == "-" {
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        } else {
            let read = std::fs::read_to_string(&self.call);
            text = read.map_err(|error| Exit::NotFound.error(format!("{} cannot be read: {error}", self.call)))?;
        }
        let named = |at: usize| if at == 0 { self.call.clone() } else { format!("{}:{at}", self.call) };
        let lines: Vec<(usize, &str)> = if Path::new(&self.call).extension().is_some_and(|kind| kind == "jsonl") {
            (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).collect()
        } else {
            vec![(0, text.as_str())]
        };
        let read = |(at, text)| document::read(text, &self.with).with_context(|| format!("{} is no input", named(at)));
        lines.into_iter().map(read).collect()
    }

    /// The policies, compiled as the gateway would, and what they were compiled from.
    pub(super) fn bundle(&self, global: &Global) -> anyhow::Result<Result<(Bundle, Sources), Vec<Problem>>> {
        let read = files::read(&chosen(&self.policies, global)?, Include::Policies);
        Ok(read.and_then(|sources| Ok((Bundle::load(&sources)?, sources))))
    }
}

/// The decision, and what it is about.
pub(super) fn heading(verdict: &Told, input: &Input, out: &mut Output<'_>) -> anyhow::Result<()> {
    let document: serde_json::Value = serde_json::from_str(&input.to_json().unwrap_or_default())?;
    let word = |pointer: &str| document.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
    let by = match word("/principal/id") {
        "" => String::new(),
        id => format!("  by {id}"),
    };
    let outcome = verdict.outcome.word().to_uppercase();
    let code = verdict.code.and_then(|code| serde_json::to_value(code).ok());
    let code = code.as_ref().and_then(serde_json::Value::as_str).map_or_else(String::new, |code| format!("  {code}"));
    out.line(&format!("{outcome}  {}/{}{by}{code}", word("/call/server"), word("/call/target")))?;
    if let Some(arguments) =
        document.pointer("/call/arguments").filter(|arguments| **arguments != serde_json::json!({}))
    {
        line(2, &format!("arguments {arguments}"), out)?;
    }
    if let Some(detail) = &verdict.detail {
        detail.lines().try_for_each(|text| line(2, text, out))?;
    }
    Ok(())
}

fn findings(verdict: &Told, out: &mut Output<'_>) -> std::io::Result<()> {
    let each = verdict
        .findings
        .iter()
        .map(|placed| (placed, ""))
        .chain(verdict.shadow.iter().map(|placed| (placed, "in shadow: ")));
    for (Placed { finding, at }, shadow) in each {
        let at = at.as_deref().unwrap_or("-");
        let reason = finding.reason.as_deref().unwrap_or_default();
        line(2, format!("{shadow}{:<8} {}  {at}  {reason}", finding.effect.word(), finding.name()).trim_end(), out)?;
    }
    if verdict.findings.is_empty() {
        line(2, "No rule said anything.", out)?;
    }
    if !verdict.labels.is_empty() {
        let labels: Vec<&str> = verdict.labels.iter().map(String::as_str).collect();
        line(2, &format!("the session is labelled {}", labels.join(", ")), out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
