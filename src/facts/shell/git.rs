//! What does git do?

use super::judge::Judge;
use super::operand::has;
use super::script::Reason;
use super::word::Word;
use crate::facts::risk::Risk;

/// Options that run programs, or write where they please.
const ODD: [&str; 16] = [
    "--output",
    "--ext-diff",
    "--textconv",
    "--filters",
    "-O",
    "--open",
    "--upload-pack",
    "--receive-pack",
    "--exec",
    "--config",
    "--template",
    "--tree-filter",
    "--extcmd",
    "--tool",
    "--command",
    "ext::",
];
const READS: [&str; 34] = [
    "status",
    "log",
    "diff",
    "show",
    "blame",
    "annotate",
    "ls-files",
    "ls-tree",
    "rev-parse",
    "rev-list",
    "describe",
    "shortlog",
    "grep",
    "cat-file",
    "merge-base",
    "for-each-ref",
    "show-ref",
    "show-branch",
    "name-rev",
    "cherry",
    "count-objects",
    "diff-tree",
    "diff-index",
    "diff-files",
    "whatchanged",
    "check-ignore",
    "check-attr",
    "var",
    "range-diff",
    "version",
    "--version",
    "help",
    "verify-commit",
    "verify-tag",
];
const CHANGES: [&str; 28] = [
    "add",
    "commit",
    "merge",
    "cherry-pick",
    "revert",
    "switch",
    "checkout",
    "init",
    "mv",
    "rm",
    "notes",
    "apply",
    "am",
    "worktree",
    "gc",
    "branch",
    "tag",
    "stash",
    "reset",
    "clean",
    "restore",
    "rebase",
    "reflog",
    "update-ref",
    "sparse-checkout",
    "format-patch",
    "archive",
    "update-index",
];
/// Changes that throw something away whatever their options.
const LOSES: [&str; 4] = ["clean", "restore", "rebase", "update-ref"];

pub(super) fn judge(judge: &mut Judge, words: &[Word]) {
    if words.iter().any(Word::may_be_option) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    let mut words = words;
    // Where it runs, and that nothing pages what it prints, changes nothing else.
    loop {
        match words {
            [first, _, rest @ ..] if first.bare() == "-C" => words = rest,
            [first, rest @ ..] if first.bare() == "--no-pager" => words = rest,
            _ => break,
        }
    }
    let Some((first, words)) = words.split_first() else { return };
    let verb = first.bare();
    let odd = words.iter().any(|word| ODD.iter().any(|odd| word.text.starts_with(odd)));
    if odd || verb.starts_with('-') && verb != "--version" {
        return judge.opaque(Reason::OptionUnknown);
    }
    let operands: Vec<&Word> = words.iter().filter(|word| !word.text.starts_with('-')).collect();
    let first = operands.first().map_or("", |word| word.text.as_str());
    match verb {
        _ if READS.contains(&verb) => {}
        "branch" | "tag" if operands.is_empty() && !has(words, &["-d", "-D", "--delete"]) => {}
        "stash" | "reflog" if matches!(first, "list" | "show") => {}
        "remote" if matches!(first, "" | "show" | "get-url") => {}
        "config" if has(words, &["--get", "--list", "-l"]) && operands.len() < 2 => {}
        // Settings name programs, and aliases are programs.
        "config" => judge.opaque(Reason::Redefines),
        "clone" | "fetch" | "pull" | "push" | "ls-remote" | "remote" | "submodule" => {
            far(judge, verb, words, &operands);
        }
        _ if CHANGES.contains(&verb) => {
            judge.raise(Risk::Medium, Reason::Writes);
            judge.scatters |=
                matches!(verb, "checkout" | "switch" | "merge" | "apply" | "am" | "stash" | "worktree" | "restore");
            if verb == "rebase" && has(words, &["-x", "-i"]) {
                judge.opaque(Reason::OpaqueProgram);
            }
            let gone =
                ["-D", "-d", "-f", "--delete", "--force", "drop", "clear", "-r", "--hard", "expire", "prune", "delete"];
            let discards = verb == "checkout" && words.iter().any(|word| word.text == "." || word.text == "--");
            if discards || LOSES.contains(&verb) || words.iter().any(|word| gone.contains(&word.text.as_str())) {
                judge.raise(Risk::High, Reason::Destroys);
            }
        }
        // An alias, or a program called git-….
        _ => judge.opaque(Reason::OptionUnknown),
    }
}

fn far(judge: &mut Judge, verb: &str, words: &[Word], operands: &[&Word]) {
    judge.raise(Risk::Medium, Reason::ReachesNetwork);
    judge.scatters |= verb != "push" && verb != "ls-remote" && verb != "remote";
    let place = operands.iter().enumerate().find(|(index, word)| {
        word.text.contains("://") || word.text.contains(':') && (verb != "push" && verb != "fetch" || *index == 0)
    });
    if let Some((_, word)) = place {
        judge.reaches(word, "git");
        if verb == "push" {
            judge.raise(Risk::Critical, Reason::DataLeaves);
        }
    }
    if verb == "push" && place.is_none() && operands.iter().any(|word| word.is_unknown()) {
        judge.opaque(Reason::HostNotLiteral);
    }
    let forces = ["-f", "-d", "--force", "--delete", "--mirror", "--prune", "--all"];
    if verb == "push" && (has(words, &forces) || operands.iter().any(|word| word.text.starts_with(['+', ':']))) {
        judge.raise(Risk::High, Reason::Destroys);
    }
    if matches!(verb, "clone" | "remote" | "submodule") {
        judge.raise(Risk::Medium, Reason::Writes);
    }
    // `-u` is the program on the other side, `-c` a setting; `foreach` runs text in every one.
    let runs = verb == "clone" && has(words, &["-u", "-c"])
        || verb == "submodule" && !operands.iter().all(|word| is_quiet(word));
    if runs {
        judge.opaque(Reason::OpaqueProgram);
    }
}

fn is_quiet(word: &Word) -> bool {
    matches!(word.text.as_str(), "status" | "init" | "update" | "sync" | "summary")
}
