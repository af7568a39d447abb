//! Which programs run other programs, and which of their words are those?

use super::judge::{Judge, Run};
use super::script::Reason;
use super::word::{Start, Word};
use crate::facts::risk::Risk;

const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "rbash", "fish"];

/// Program, options that take a value, options that do not, words before the program.
const PREFIXES: [(&str, &[&str], &[&str], usize); 17] = [
    ("env", &["-u", "-C", "--unset", "--chdir"], &["-i", "-", "--ignore-environment", "-0"], 0),
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T"], &["-n", "-E", "-H", "-S", "-b", "-k", "-A", "-P"], 0),
    ("doas", &["-u", "-C"], &["-n", "-L"], 0),
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
        || ["eval", "source", ".", "ssh", "docker", "podman", "kubectl", "trap", "watch"].contains(&name)
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
        if name == "exec" && run.fed {
            judge.opaque(Reason::RunsOtherText);
        }
    } else {
        match name {
            "eval" => {
                judge.opaque(Reason::RunsOtherText);
                let text: Vec<&str> = arguments.iter().map(|word| word.text.as_str()).collect();
                judge.text(&text.join(" "), &chain(run, name));
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
            "docker" | "podman" | "kubectl" => container(judge, run, name, arguments),
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
        word.expands |= signs.iter().any(|sign| word.text.contains(sign));
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
    loop {
        let (first, others) = rest.split_first()?;
        let text = first.text.as_str();
        if !first.is_literal() && first.assigns.is_none() {
            judge.opaque(Reason::OptionNotLiteral);
        }
        if text == "--" {
            return others.get(before..);
        } else if valued.contains(&text) {
            rest = others.get(1..)?;
        } else if plain.contains(&text) {
            rest = others;
        } else if text.starts_with('-') && name != "builtin" {
            // `-n10` and `--signal=9` carry their value; anything else may hide where the program begins.
            let carries = valued.iter().any(|option| text.starts_with(option) && text.len() > option.len());
            if !carries || name == "env" {
                judge.opaque(Reason::OptionUnknown);
            }
            rest = others;
        } else if matches!(name, "env" | "sudo" | "doas") && text.contains('=') {
            judge.assigns(first);
            rest = others;
        } else if before > 0 {
            before = before.saturating_sub(1);
            rest = others;
        } else {
            return Some(rest);
        }
    }
}

/// A word that is run as text.
fn text(judge: &mut Judge, run: &Run<'_>, name: &str, word: &Word) {
    if !word.is_literal() {
        judge.opaque(Reason::RunsOtherText);
    }
    judge.text(&word.text, &chain(run, name));
}

fn file(judge: &mut Judge, word: Option<&Word>) {
    judge.raise(Risk::Medium, Reason::UnknownProgram);
    match word {
        Some(word) if word.is_literal() && word.text != "-" && !word.text.starts_with("/dev/") => {
            judge.ran.insert(word.text.trim_start_matches("./").to_owned());
            judge.reads(word);
        }
        _ => judge.opaque(Reason::RunsOtherText),
    }
}

fn shell(judge: &mut Judge, run: &Run<'_>, name: &str, arguments: &[Word]) {
    if matches!(name, "zsh" | "fish") {
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
        if option.starts_with('-') && !option.starts_with("--") && option.contains('c') {
            let found = words.find(|word| !word.text.starts_with('-'));
            return match found {
                Some(word) => text(judge, run, name, word),
                None => judge.opaque(Reason::Unreadable),
            };
        }
        if matches!(option, "-o" | "+o" | "-O" | "+O") {
            words.next();
        } else if matches!(option, "--rcfile" | "--init-file") {
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
    let mut words = arguments.iter();
    let host = loop {
        let Some(word) = words.next() else { return };
        if !word.text.starts_with('-') {
            break word;
        }
        if word.text.starts_with("-o") {
            // ProxyCommand and its like run programs here.
            judge.opaque(Reason::OptionUnknown);
        }
        if word.text.len() == 2 && word.text.ends_with(|last| "BbcDEeFIiJLlmOopQRSWw".contains(last)) {
            words.next();
        }
    };
    judge.reaches(host, "ssh");
    if run.fed {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    let rest = words.as_slice();
    if rest.is_empty() {
        if let Some(given) = run.given {
            text(judge, run, "ssh", given);
        }
        return;
    }
    if rest.iter().any(|word| !word.is_literal()) {
        judge.opaque(Reason::RunsOtherText);
    }
    if rest.iter().any(|word| word.substitutes) {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    let joined: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
    judge.text(&joined.join(" "), &chain(run, "ssh"));
}

fn container(judge: &mut Judge, run: &Run<'_>, name: &str, arguments: &[Word]) {
    let verb = arguments.first().map_or("", Word::bare);
    match verb {
        "ps" | "images" | "logs" | "version" | "info" | "get" | "describe" | "top" => {}
        "exec" if arguments.len() > 2 => {
            judge.raise(Risk::Medium, Reason::RunsElsewhere);
            let mut rest = arguments.get(1..).unwrap_or_default();
            while let Some((first, others)) = rest.split_first().filter(|(first, _)| first.text.starts_with('-')) {
                let plain = ["-i", "-t", "-it", "-ti", "-d", "--"].contains(&first.text.as_str());
                if !plain {
                    judge.opaque(Reason::OptionUnknown);
                }
                rest = others;
            }
            let rest = rest.get(1..).unwrap_or_default();
            match rest.split_first() {
                Some((first, others)) if first.text == "--" => inner(judge, run, name, others),
                _ => inner(judge, run, name, rest),
            }
        }
        _ => judge.opaque(Reason::RunsElsewhere),
    }
}
