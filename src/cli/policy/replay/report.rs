//! How is a replay told: to a person, to a program, in a pull request?

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::counted;
use super::Span;
use crate::audit::entry::Verdict;
use crate::cli::output::{Mark, Output};
use crate::replay::tally::{Change, Group, Kind, Tally};
use crate::visible::harmless;

/// Groups shown of each kind; all of them stand in the JSON.
const SHOWN: usize = 12;

/// What a replay came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) tally: &'a Tally,
    pub(super) paths: &'a [PathBuf],
    pub(super) digest: &'a str,
    pub(super) span: Span,
}

impl Report<'_> {
    /// For a person.
    pub(super) fn text(&self, out: &mut Output<'_>) -> io::Result<()> {
        let tally = self.tally;
        out.line(&format!("{} since {}, against {}", self.decisions(), self.span.since, self.against()))?;
        out.line("")?;
        for kind in Kind::DIFFERENT {
            let count = tally.of(kind);
            let mark = match kind {
                Kind::NewlyAllowed if count > 0 => Mark::Fail,
                Kind::NewlyHeld | Kind::NewlyDenied if count > 0 => Mark::Warn,
                _ => Mark::Ok,
            };
            out.marked(mark, &format!("{:<14}{count:>9}", kind.words()))?;
            let groups = tally.groups_of(kind);
            for (change, group) in groups.iter().take(SHOWN) {
                out.line(&format!("      {:>9}  {}  {}", group.count, steps(change), change.because()))?;
                for example in &group.examples {
                    let target = format!("{}/{}", example.server, example.target);
                    out.line(&format!("                 {}  {target}  {}", example.call, example.principal))?;
                }
            }
            if groups.len() > SHOWN {
                let rest = groups.len().saturating_sub(SHOWN);
                out.line(&format!(
                    "                 and {}; see --json",
                    counted(rest, "other cause", "other causes")
                ))?;
            }
        }
        out.marked(Mark::Ok, &format!("{:<14}{:>9}", Kind::Same.words(), tally.of(Kind::Same)))?;
        out.line("")?;
        out.line(&self.people())?;
        for line in self.inexact() {
            out.line(&line)?;
        }
        if tally.judged == 0 && tally.inexact.is_empty() {
            out.line("Nothing was decided in that time; look further back with --since.")?;
        }
        Ok(())
    }

    /// For a program.
    pub(super) fn json(&self) -> Value {
        let tally = self.tally;
        let groups = Kind::DIFFERENT.into_iter().flat_map(|kind| tally.groups_of(kind)).map(|(change, group)| {
            json!({
                "kind": change.kind, "from": change.from, "to": change.to, "because": change.because(),
                "says": change.says, "silent": change.silent, "count": group.count, "examples": group.examples,
            })
        });
        let inexact: u64 = tally.inexact.values().sum();
        json!({
            "version": 1,
            "since": self.span.since.to_string(),
            "until": self.span.until.map(|until| until.to_string()),
            "against": { "digest": self.digest, "paths": self.paths },
            "recorded_by": tally.policies,
            "judged": tally.judged,
            "newly_allowed": tally.of(Kind::NewlyAllowed),
            "newly_held": tally.of(Kind::NewlyHeld),
            "newly_denied": tally.of(Kind::NewlyDenied),
            "other_reasons": tally.of(Kind::OtherReasons),
            "same": tally.of(Kind::Same),
            "holds": { "recorded": tally.holds, "would_be": tally.would_hold },
            "results_not_judged_again": tally.results,
            "inexact": inexact,
            "inexact_because": tally.inexact,
            "changes": groups.collect::<Vec<_>>(),
        })
    }

    /// For a pull request.
    pub(super) fn markdown(&self) -> String {
        let tally = self.tally;
        let newly = tally.of(Kind::NewlyAllowed);
        let mut text = String::from("## Policy replay\n\n");
        let head = match newly {
            0 => "No recorded call would be newly allowed.".to_owned(),
            _ => format!("**{} would be newly allowed.**", counted(count(newly), "recorded call", "recorded calls")),
        };
        let since = self.span.since;
        text.extend([format!("{head} {} since {since}, against {}.\n\n", self.decisions(), code(&self.against()))]);
        text.push_str("| | decisions |\n| --- | ---: |\n");
        for kind in Kind::DIFFERENT.into_iter().chain([Kind::Same]) {
            text.extend([format!("| {} | {} |\n", kind.words(), tally.of(kind))]);
        }
        for kind in Kind::DIFFERENT {
            let groups = tally.groups_of(kind);
            if groups.is_empty() {
                continue;
            }
            text.extend([format!("\n### {}\n\n| decisions | from → to | because | examples |\n", title(kind))]);
            text.push_str("| ---: | --- | --- | --- |\n");
            for (change, group) in groups {
                text.extend([format!(
                    "| {} | {} | {} | {} |\n",
                    group.count,
                    steps(change),
                    code(&change.because()),
                    examples(group)
                )]);
            }
        }
        text.extend([format!("\n{}\n", self.people())]);
        for line in self.inexact() {
            text.extend([format!("\n{line}\n")]);
        }
        text
    }

    fn decisions(&self) -> String {
        counted(count(self.tally.judged), "decision", "decisions")
    }

    fn against(&self) -> String {
        let paths: Vec<String> = self.paths.iter().map(|path| path.display().to_string()).collect();
        paths.join(", ")
    }

    fn people(&self) -> String {
        let (were, would) = (self.tally.holds, self.tally.would_hold);
        let asked = |held: u64| counted(count(held), "call", "calls");
        format!("People were asked about {}, and would be asked about {}.", asked(were), asked(would))
    }

    fn inexact(&self) -> Vec<String> {
        let line = |(why, skipped): (&String, &u64)| {
            let decisions = counted(count(*skipped), "decision", "decisions");
            format!("{decisions} could not be repeated exactly: {why}.")
        };
        let results = (self.tally.results > 0).then(|| {
            let results = counted(count(self.tally.results), "result was", "results were");
            format!("{results} judged too; what a result says is not kept, so that is not repeated.")
        });
        self.tally.inexact.iter().map(line).chain(results).collect()
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Hold => "hold",
        Verdict::Deny => "deny",
    }
}

fn steps(change: &Change) -> String {
    if change.from == change.to {
        word(change.to).to_owned()
    } else {
        format!("{} → {}", word(change.from), word(change.to))
    }
}

fn title(kind: Kind) -> String {
    let words = kind.words();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn examples(group: &Group) -> String {
    let shown = group.examples.iter().map(|example| {
        format!("{} ({})", code(&format!("{}/{}", example.server, example.target)), code(&example.call))
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Names come from servers and agents: nothing in them may become markup or end a cell.
fn code(text: &str) -> String {
    let text = harmless(text).replace('`', "'").replace('|', "\\|");
    format!("`{text}`")
}
