//! `countersign policy check`: would the gateway take these policies?

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::exit::Exit;
use super::super::output::{Mark, Output};
use super::refusal::{Form, refuse_as};
use super::{Examples, Global, chosen, counted};
use crate::config::Surroundings;
use crate::policy::bundle::{Bundle, Mode, Source, Sources};
use crate::policy::files::{self, Include, is_test};
use crate::policy::lint::Known;
use crate::policy::problem::Problem;
use crate::policy::rehearse::parse;

/// What `policy check` takes.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Files or folders; those of the configuration if left out
    paths: Vec<PathBuf>,
    /// Print JSON; the same as --format json
    #[arg(long)]
    json: bool,
    /// In which form
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    format: Form,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy check", "would the gateway take the policies of the configuration?"),
    ("countersign policy check policies --format github", "remarks on a pull request, where something is wrong"),
]);

/// Runs the verb.
pub(super) fn run(args: &CheckArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let form = if args.json { Form::Json } else { args.format };
    let known = Known::load(&global.request(), &Surroundings::of_this_process()?)?;
    check(&chosen(&args.paths, global)?, &known, form, out)
}

fn check(paths: &[PathBuf], known: &Known, form: Form, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let read = files::read(paths, Include::PoliciesAndTests);
    let count = read.as_ref().map_or(0, |sources| sources.policies.len());
    let bundle = read.and_then(|sources| fit(&sources, known));
    match (bundle, form) {
        (Ok(bundle), Form::Text | Form::Github) => {
            for (policy, mode) in bundle.packages() {
                let shadow = if mode == Mode::Shadow { ", in shadow" } else { "" };
                out.marked(Mark::Ok, &format!("{policy}: {}{shadow}", effects(&bundle, policy).join(", ")))?;
            }
            let policies = counted(bundle.packages().len(), "policy", "policies");
            out.line(&format!(
                "{policies} in {}, fit to judge by. {}",
                counted(count, "file", "files"),
                bundle.digest()
            ))?;
            Ok(Exit::Done)
        }
        (Ok(bundle), Form::Json) => {
            let policies = bundle.packages().into_iter().map(|(policy, mode)| {
                let mode = if mode == Mode::Shadow { "shadow" } else { "enforce" };
                json!({ "policy": policy, "mode": mode, "effects": effects(&bundle, policy) })
            });
            let policies: Vec<_> = policies.collect();
            let digest = bundle.digest().to_string();
            out.json(&json!({ "version": 1, "result": "ok", "digest": digest, "policies": policies, "problems": [] }))?;
            Ok(Exit::Done)
        }
        (Err(problems), form) => refuse_as(&problems, form, out),
    }
}

/// As the gateway would load them, with names that are somebody's, and the tests beside them at least parsed.
fn fit(sources: &Sources, known: &Known) -> Result<Bundle, Vec<Problem>> {
    let live = |source: &&Source| !is_test(&source.path);
    let policies = sources.policies.iter().filter(live).cloned().collect();
    let bundle = Bundle::load_among(&Sources { policies, data: sources.data.clone() }, known)?;
    parse(sources)?;
    Ok(bundle)
}

fn effects(bundle: &Bundle, policy: &str) -> Vec<&'static str> {
    bundle.rules().iter().filter(|rule| rule.policy == policy).map(|rule| rule.effect.word()).collect()
}
