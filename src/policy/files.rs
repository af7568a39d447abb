//! Which files are the policies? The one place where policy touches a disk.

use std::path::{Path, PathBuf};

use super::bundle::{Source, Sources};
use super::problem::Problem;

/// Files larger than this are not policies.
const LARGEST: u64 = 1 << 20;
/// Folders deeper than this are not looked into.
const DEEPEST: usize = 8;

/// Which files count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Include {
    /// What judges: everything but tests.
    Policies,
    /// What judges, and its tests.
    PoliciesAndTests,
}

/// Reads policies and data from files and folders.
pub fn read(paths: &[PathBuf], include: Include) -> Result<Sources, Vec<Problem>> {
    let mut reading = Reading { include, sources: Sources::default(), problems: Vec::new() };
    for path in paths {
        reading.visit(path, 0);
    }
    if !reading.problems.is_empty() {
        return Err(reading.problems);
    }
    reading.sources.policies.sort_by(|a, b| a.path.cmp(&b.path));
    reading.sources.data.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(reading.sources)
}

/// Whether a file holds tests.
pub fn is_test(path: &str) -> bool {
    path.ends_with("_test.rego")
}

struct Reading {
    include: Include,
    sources: Sources,
    problems: Vec<Problem>,
}

impl Reading {
    fn visit(&mut self, path: &Path, depth: usize) {
        let problem = |what: String| Problem { place: path.display().to_string(), rule: "unreadable", what };
        let about = match std::fs::metadata(path) {
            Ok(about) => about,
            Err(error) => return self.problems.push(problem(format!("cannot be read: {error}; check policy.paths"))),
        };
        if about.is_dir() {
            if depth < DEEPEST {
                self.descend(path, depth);
            }
            return;
        }
        let name = path.display().to_string();
        let wanted = match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("rego") => self.include == Include::PoliciesAndTests || !is_test(&name),
            Some("json") => path.file_name().is_some_and(|name| name == "data.json"),
            _ => false,
        };
        if !wanted {
            return;
        }
        if about.len() > LARGEST {
            return self.problems.push(problem(format!("is larger than {LARGEST} bytes, which no policy is")));
        }
        match std::fs::read_to_string(path) {
            Ok(text) if path.extension().is_some_and(|kind| kind == "rego") => {
                self.sources.policies.push(Source { path: name, text });
            }
            Ok(text) => self.sources.data.push(Source { path: name, text }),
            Err(error) => self.problems.push(problem(format!("cannot be read: {error}"))),
        }
    }

    fn descend(&mut self, path: &Path, depth: usize) {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                let what = format!("cannot be listed: {error}");
                return self.problems.push(Problem { place: path.display().to_string(), rule: "unreadable", what });
            }
        };
        let mut inside: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        inside.sort();
        for path in inside {
            self.visit(&path, depth.saturating_add(1));
        }
    }
}
