//! `countersign policy schema`: what do rules see, what may they say, and what follows?

use clap::{Args, ValueEnum};

use super::super::exit::Exit;
use super::super::output::Output;
use super::Examples;
use crate::policy::schema;

/// What `policy schema` takes.
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// Which of them
    #[arg(value_enum, default_value_t = Form::Input)]
    of: Form,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// What rules see
    Input,
    /// What rules may say, word by word
    Finding,
    /// What follows
    Decision,
}

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy schema > input.schema.json", "completion and checks in an editor"),
    ("countersign policy schema finding", "what may a rule say?"),
]);

/// Runs the verb.
pub(super) fn run(args: &SchemaArgs, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    out.json(&match args.of {
        Form::Input => schema::input(),
        Form::Finding => schema::finding(),
        Form::Decision => schema::decision(),
    })?;
    Ok(Exit::Done)
}
