//! How is a person or a program told why policies are not fit?

use std::collections::BTreeSet;

use serde_json::json;

use super::super::exit::Exit;
use super::super::output::Output;
use super::counted;
use crate::policy::problem::Problem;

/// Tells every problem and ends the command.
pub(super) fn refuse(problems: &[Problem], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    if json {
        let told = problems.iter().map(|problem| {
            let (file, line, column) = problem.position();
            json!({ "file": file, "line": line, "column": column, "rule": problem.rule, "what": problem.what })
        });
        let told: Vec<_> = told.collect();
        out.json(&json!({ "version": 1, "result": "fail", "digest": null, "policies": [], "problems": told }))?;
        return Ok(Exit::Failed);
    }
    for problem in problems {
        out.lines(&problem.to_string())?;
    }
    let files: BTreeSet<&str> = problems.iter().map(|problem| problem.position().0).collect();
    let (problems, files) = (counted(problems.len(), "problem", "problems"), counted(files.len(), "file", "files"));
    out.line(&format!("{problems} in {files}. Nothing was loaded."))?;
    Ok(Exit::Failed)
}
