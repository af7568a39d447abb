//! Which programs run other programs, and which of their words are those?

use super::judge::{Judge, Run};
use super::language::is_file;
use super::script::Reason;
use super::variable::Scope;
use super::word::{Expansion, Start, Word};
use crate::facts::risk::Risk;

const SHELLS: [&str; 15] = [
    "sh", "bash", "dash", "zsh", "ksh", "ash", "rbash", "fish", "mksh", "csh", "tcsh", "yash", "posh", "elvish",
    "xonsh",
];
/// Those of them that are read.
const READ: [&str; 5] = ["sh", "bash", "dash", "ash", "rbash"];

/// Program, options that take a value, options that do not, words before the program.
const PREFIXES: [(&str, &[&str], &[&str], usize); 18] = [
    ("env", &["-u", "-C", "--unset", "--chdir"], &["-i", "-", "--ignore-environment", "-0"], 0),
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T"], &["-n", "-E", "-H", "-S", "-b", "-k", "-A", "-P"], 0),
    ("doas", &["-u", "-C"], &["-n", "-L"], 0),
    ("toybox", &[], &[], 0),
    ("nice", &["-n", "--adjustment"], &[], 0),
    ("ionice", &["-c", "-n"], &["-t"], 0),
    ("nohup", &[], &[], 0),
    ("setsid", &[], &["-f", "-w", "-c"], 0),
    ("stdbuf", &["-i", "-o", "-e"], &[], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], &["-v", "--foreground", "--preserve-status"], 1),
    ("time", &["-f"], &["-p", "-v"], 0),
    ("command", &[], &["-p"], 0),
    ("builtin", &[], &[], 0),
    ("exec", &["-a"], &["-c", "-l"], 0),
    ("chroot", &["--userspec", "--groups"], &[], 1),
    ("busybox", &[], &[], 0),
    ("caffeinate", &["-t", "-w"], &["-d", "-i", "-m", "-s", "-u"], 0),
    ("xargs", &["-n", "-I", "-P", "-L", "-d", "-s", "-E", "-a"], &["-0", "-r", "-t", "-p", "-x", "--null"], 0),
];

pub(super) fn is_known(name: &str) -> bool {
    SHELLS.contains(&name)
        || PREFIXES.iter().any(|(prefix, ..)| *prefix == name)
        || ["eval", "source", ".", "ssh", "trap", "watch"].contains(&name)
}

/// True if the program was one of these, and everything it runs has been judged.
pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, arguments: &[Word]) -> bool {
    if SHELLS.contains(&name) {
        shell(judge, run, name, arguments);
    } else if let Some(prefix) = PREFIXES.iter().find(|(prefix, ..)| *prefix == name) {
        if matches!(name, "sudo" | "doas" | "chroot") {
            judge.raise(Risk::High, Reason::Privilege);
        }
        if name == "command" && arguments.first().is_some_and(|word| matches!(word.bare(), "-v" | "-V")) {
            return true;
        }
        if let Some(rest) = after(judge, prefix, arguments) {
            if name == "xargs" {
                fed(judge, run, arguments, rest);
            } else {
                inner(judge, run, name, rest);
            }
        }
        if name == "exec" && (run.fed || run.given.is_some()) {
            // From here on the shell itself reads what comes from there.
            judge.opaque(Reason::RunsOtherText);
        }
        if name == "env" && arguments.is_empty() {
            // What it prints may be a password.
            judge.raise(Risk::Medium, Reason::Sensitive);
        }
    } else {
        match name {
            "eval" => {
                judge.opaque(Reason::RunsOtherText);
                let text: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
                judge.text(&text.join(" "), run, name);
            }
            "trap" => {
                if let Some(word) = arguments.iter().find(|word| !word.text.starts_with('-')) {
                    text(judge, run, name, word);
                }
            }
            "watch" => {
                judge.raise(Risk::Medium, Reason::UnknownProgram);
                judge.opaque(Reason::OpaqueProgram);
            }
            "source" | "." => file(judge, arguments.first()),
            "ssh" => remote(judge, run, arguments),
            _ => return false,
        }
    }
    true
}

fn chain(run: &Run<'_>, name: &str) -> Vec<String> {
    let mut chain = run.through.clone();
    chain.push(name.to_owned());
    chain
}

fn inner(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    judge.run(&Run { words, through: chain(run, name), ..run.clone() });
}

/// What xargs runs: with words of its own, which may be options, at the end or where a sign of its own stands.
fn fed(judge: &mut Judge, run: &Run<'_>, options: &[Word], words: &[Word]) {
    let mut signs = vec!["{}"];
    let mut rest = options.iter();
    while let Some(word) = rest.next() {
        match word.text.strip_prefix("-I").or_else(|| word.text.strip_prefix("--replace=")) {
            Some("") => signs.extend(rest.next().map(|sign| sign.text.as_str())),
            Some(sign) => signs.push(sign),
            None => {}
        }
    }
    let mut words = words.to_vec();
    for word in &mut words {
        if signs.iter().any(|sign| word.text.contains(sign)) {
            word.holds(Expansion::Known);
        }
    }
    let mut added = Word::default();
    added.expand("{}", Start::Expansion);
    words.push(added);
    inner(judge, run, "xargs", &words);
}

/// The words after a wrapper's own.
fn after<'w>(judge: &mut Judge, prefix: &(&str, &[&str], &[&str], usize), words: &'w [Word]) -> Option<&'w [Word]> {
    let (name, valued, plain, before) = *prefix;
    let mut rest = words;
    let mut before = before;
    let mut over = false;
    loop {
        let all = rest;
        let (first, others) = all.split_first()?;
        let text = first.text.as_str();
        if !first.is_literal() && (first.assigns.is_none() || first.splits) {
            judge.opaque(Reason::OptionNotLiteral);
        }
        rest = others;
        let option = !over;
        match text {
            "--" if option => over = true,
            _ if option && valued.contains(&text) => rest = others.get(1..)?,
            _ if option && plain.contains(&text) => {}
            _ if option && name == "nice" && text.strip_prefix('-').is_some_and(is_digits) => {}
            _ if option && text.starts_with('-') && name != "builtin" => {
                // `-n10` and `--signal=9` carry their value; anything else may hide where the program begins.
                let carries = valued.iter().any(|option| text.starts_with(option) && text.len() > option.len());
                if !carries || name == "env" {
                    judge.opaque(Reason::OptionUnknown);
                }
            }
            _ if matches!(name, "env" | "sudo" | "doas") && text.contains('=') => judge.assigns(first, Scope::Programs),
            _ if before > 0 => before = before.saturating_sub(1),
            _ => return Some(all),
        }
    }
}

/// A word that is run as text.
fn text(judge: &mut Judge, run: &Run<'_>, name: &str, word: &Word) {
    if !word.is_literal() {
        judge.opaque(Reason::RunsOtherText);
    }
    judge.text(&word.text, run, name);
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn file(judge: &mut Judge, word: Option<&Word>) {
    judge.raise(Risk::Medium, Reason::UnknownProgram);
    match word {
        Some(word) if word.is_literal() && is_file(&word.text) => {
            judge.ran.insert(word.text.trim_start_matches("./").to_owned());
            judge.reads(word);
        }
        _ => judge.opaque(Reason::RunsOtherText),
    }
}

fn shell(judge: &mut Judge, run: &Run<'_>, name: &str, arguments: &[Word]) {
    if !READ.contains(&name) {
        judge.opaque(Reason::OpaqueLanguage);
    }
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if !word.is_literal() {
            return file(judge, Some(word));
        }
        let option = word.text.as_str();
        if option == "--version" || option == "--help" {
            return;
        }
        let bundle = option.starts_with(['-', '+']) && !option.starts_with("--");
        if bundle && option.starts_with('-') && option.contains('c') {
            if option.contains(['o', 'O']) {
                // Which word is the text depends on the order of the letters.
                judge.opaque(Reason::TwoReadings);
            }
            let found = words.find(|word| !word.text.starts_with('-'));
            return match found {
                Some(word) => text(judge, run, name, word),
                None => judge.opaque(Reason::Unreadable),
            };
        }
        if bundle && option.contains(['o', 'O']) {
            words.next();
        } else if option.starts_with("--rcfile") || option.starts_with("--init-file") {
            return judge.opaque(Reason::RunsOtherText);
        } else if option == "-s" || option == "-" {
            break;
        } else if !option.starts_with(['-', '+']) {
            return file(judge, Some(word));
        }
    }
    match run.given {
        Some(word) => text(judge, run, name, word),
        None if run.fed => judge.opaque(Reason::RunsOtherText),
        None => judge.raise(Risk::Medium, Reason::UnknownProgram),
    }
}

fn remote(judge: &mut Judge, run: &Run<'_>, arguments: &[Word]) {
    judge.raise(Risk::High, Reason::RunsElsewhere);
    let mut words = arguments;
    let mut host = None;
    // Options stand before the host and after it.
    while let Some((word, others)) = words.split_first() {
        if !word.text.starts_with('-') {
            if host.is_some() {
                break;
            }
            host = Some(word);
        } else if word.text == "--" && host.is_some() {
            words = others;
            break;
        } else if word.text.contains(['o', 'F', 'J', 'S', 'W', 'w', 'L', 'R', 'D', 'E', 'I']) {
            // ProxyCommand and its like run programs here, and tunnels lead elsewhere.
            judge.opaque(Reason::OptionUnknown);
        }
        let valued = |last| "BbcDEeFIiJLlmOopPQRSWw".contains(last);
        let skip = word.text.starts_with('-') && word.text.ends_with(valued) && !word.text.starts_with("--");
        words = others.get(usize::from(skip)..).unwrap_or_default();
    }
    let Some(host) = host else { return };
    judge.reaches(host, "ssh");
    if run.fed {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    let rest = words;
    if rest.is_empty() {
        match run.given {
            Some(given) => text(judge, run, "ssh", given),
            None if run.fed => judge.opaque(Reason::RunsOtherText),
            None => {}
        }
        return;
    }
    if rest.iter().any(|word| !word.is_literal()) {
        judge.opaque(Reason::RunsOtherText);
    }
    if rest.iter().any(Word::substitutes) {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    let joined: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
    judge.text(&joined.join(" "), run, "ssh");
}
