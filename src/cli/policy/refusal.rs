//! How is a person or a program told why policies are not fit?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::exit::Exit;
use super::super::output::Output;
use super::counted;
use super::stops::line;
use crate::policy::problem::Problem;

/// In which form problems are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// As remarks on a pull request of GitHub
    Github,
}

/// Tells every problem and ends the command.
pub(super) fn refuse(problems: &[Problem], json: bool, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    refuse_as(problems, if json { Form::Json } else { Form::Text }, out)
}

/// The same in a form of choice.
pub(super) fn refuse_as(problems: &[Problem], form: Form, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let mut files = Files::default();
    match form {
        Form::Json => {
            let told = problems.iter().map(|problem| {
                let (file, line, column) = problem.position();
                let excerpt = files.line(problem);
                json!({ "file": file, "line": line, "column": column, "rule": problem.rule, "what": problem.what, "excerpt": excerpt })
            });
            let told: Vec<_> = told.collect();
            out.json(&json!({ "version": 1, "result": "fail", "digest": null, "policies": [], "problems": told }))?;
        }
        Form::Github => {
            for problem in problems {
                let (file, line, column) = problem.position();
                let what = escaped(&problem.what);
                out.line(&format!("::error file={file},line={line},col={column},title={}::{what}", problem.rule))?;
            }
        }
        Form::Text => {
            problems.iter().try_for_each(|problem| one(problem, &mut files, out))?;
            let files: BTreeSet<&str> = problems.iter().map(|problem| problem.position().0).collect();
            let (problems, files) =
                (counted(problems.len(), "problem", "problems"), counted(files.len(), "file", "files"));
            out.line(&format!("{problems} in {files}. Nothing was loaded."))?;
        }
    }
    Ok(Exit::Failed)
}

/// What is wrong, the line it is written on, and what to do.
fn one(problem: &Problem, files: &mut Files, out: &mut Output<'_>) -> std::io::Result<()> {
    let (_, at, column) = problem.position();
    // The engine's own words have their excerpt in them.
    let Some(text) = files.line(problem).filter(|_| !problem.what.contains('\n')) else {
        return out.lines(&problem.to_string());
    };
    let (what, help) = match problem.what.split_once(". ") {
        Some((what, help)) => (format!("{what}."), Some(help)),
        None => (problem.what.clone(), None),
    };
    out.line(&format!("{}  {}  {what}", problem.place, problem.rule))?;
    let number = at.to_string();
    line(2, &format!("{number} | {}", text.replace('\t', "    ")), out)?;
    let before = column.saturating_sub(1);
    let indent: usize =
        text.chars().take(usize::try_from(before).unwrap_or(0)).map(|c| if c == '\t' { 4 } else { 1 }).sum();
    let word = text.chars().skip(usize::try_from(before).unwrap_or(0));
    let length = word.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"')).count().max(1);
    line(2, &format!("{} | {}{}", " ".repeat(number.len()), " ".repeat(indent), "^".repeat(length)), out)?;
    match help {
        Some(help) => line(2, &format!("{} = {help}", " ".repeat(number.len())), out),
        None => Ok(()),
    }
}

/// As GitHub wants text on one line.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The files problems are in, each read once; what cannot be read has no excerpt.
#[derive(Default)]
struct Files(BTreeMap<String, Option<String>>);

impl Files {
    fn line(&mut self, problem: &Problem) -> Option<String> {
        let (file, line, _) = problem.position();
        let text = self.0.entry(file.to_owned()).or_insert_with(|| std::fs::read_to_string(file).ok());
        let before = usize::try_from(line).ok()?.checked_sub(1)?;
        text.as_ref()?.lines().nth(before).map(str::to_owned)
    }
}
