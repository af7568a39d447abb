//! `countersign policy schema`: what do rules see?

use super::super::exit::Exit;
use super::super::output::Output;
use super::Examples;
use crate::policy::schema;

/// Shown under its help.
pub(super) const EXAMPLES: Examples = Examples([
    ("countersign policy schema", "which fields are there?"),
    ("countersign policy schema > input.schema.json", "completion and checks in an editor"),
]);

/// Runs the verb.
pub(super) fn run(out: &mut Output<'_>) -> anyhow::Result<Exit> {
    out.json(&schema::input())?;
    Ok(Exit::Done)
}
