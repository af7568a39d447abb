//! What does a program do with its words?

use super::Access;
use super::judge::{Judge, Run};
use super::script::Reason;
use super::word::{Start, Word};
use crate::facts::risk::Risk;

/// No option makes these do more than read files and print.
const READERS: [&str; 25] = [
    "cat",
    "head",
    "tail",
    "grep",
    "egrep",
    "fgrep",
    "wc",
    "ls",
    "stat",
    "cut",
    "cmp",
    "diff",
    "md5sum",
    "nl",
    "sha256sum",
    "sha1sum",
    "od",
    "hexdump",
    "strings",
    "du",
    "df",
    "readlink",
    "realpath",
    "tac",
    "jq",
];
/// These read no file and change nothing.
const QUIET: [&str; 30] = [
    "echo", "printf", "true", "false", ":", "pwd", "cd", "whoami", "id", "uname", "basename", "dirname", "seq",
    "sleep", "test", "[", "tr", "which", "type", "exit", "return", "break", "continue", "set", "shift", "wait",
    "uptime", "ps", "expr", "[[",
];
/// Known programs that read, unless an option says otherwise.
const CAREFUL: [(&str, &[&str]); 8] = [
    ("sort", &["-o", "--o", "-T", "--compress"]),
    ("find", &["-exec", "-ok", "-delete", "-fprint", "-fls"]),
    ("date", &["-s", "--s"]),
    ("base64", &["-o"]),
    ("tree", &["-o"]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("hostname", &["-F", "-b"]),
    ("env", &[]),
];
const WRITERS: [&str; 12] =
    ["touch", "mkdir", "cp", "mv", "ln", "tee", "install", "truncate", "rmdir", "unlink", "patch", "mktemp"];
const DESTROYERS: [&str; 8] = ["shred", "wipefs", "mkfs", "fdisk", "parted", "dd", "blkdiscard", "mkfs.ext4"];
const PRIVILEGE: [&str; 14] = [
    "su", "chmod", "chown", "chgrp", "setcap", "passwd", "useradd", "usermod", "visudo", "setfacl", "runuser",
    "pkexec", "nsenter", "unshare",
];
const SYSTEM: [&str; 16] = [
    "kill",
    "pkill",
    "killall",
    "shutdown",
    "reboot",
    "halt",
    "poweroff",
    "systemctl",
    "service",
    "crontab",
    "at",
    "mount",
    "umount",
    "iptables",
    "sysctl",
    "insmod",
];
const REDEFINERS: [&str; 7] = ["alias", "hash", "enable", "unalias", "mapfile", "complete", "bind"];
/// Builtins that set variables.
const SETTERS: [&str; 8] = ["export", "unset", "declare", "typeset", "readonly", "local", "read", "let"];
const LANGUAGES: [&str; 10] =
    ["python", "python3", "python2", "perl", "ruby", "node", "php", "lua", "deno", "osascript"];
const MINI: [&str; 6] = ["awk", "gawk", "mawk", "sed", "vim", "ed"];
const SENDERS: [&str; 16] = [
    "curl", "wget", "nc", "ncat", "netcat", "socat", "telnet", "scp", "sftp", "rsync", "ftp", "nslookup", "dig",
    "ping", "host", "mail",
];

pub(super) fn is_known(name: &str) -> bool {
    [&READERS[..], &QUIET, &WRITERS, &DESTROYERS, &PRIVILEGE, &SYSTEM, &REDEFINERS, &LANGUAGES, &MINI, &SENDERS]
        .iter()
        .any(|list| list.contains(&name))
        || CAREFUL.iter().any(|(careful, _)| *careful == name)
        || ["rm", "git"].contains(&name)
        || SETTERS.contains(&name)
}

/// Adds what a known program does; one that is not known has been raised before.
pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    let has = |starts: &[&str]| words.iter().any(|word| starts.iter().any(|start| word.text.starts_with(start)));
    if READERS.contains(&name) {
        operands(words).for_each(|word| judge.reads(word));
    } else if QUIET.contains(&name) {
        // bash runs the substitutions of a subscript, also of one that was quoted.
        let tests = matches!(name, "test" | "[" | "[[") || name == "printf" && has(&["-v"]);
        if name == "printf" && has(&["-v"]) {
            for word in words {
                judge.assigns(word);
            }
        }
        if tests && words.iter().any(|word| word.text.contains('[') && word.text.contains(['$', '`'])) {
            judge.opaque(Reason::RunsOtherText);
        }
    } else if let Some((_, options)) = CAREFUL.iter().find(|(careful, _)| *careful == name) {
        careful(judge, run, name, words, options);
    } else if WRITERS.contains(&name) {
        judge.raise(Risk::Medium, Reason::Writes);
        operands(words).for_each(|word| judge.writes(word, Access::Write));
        if has(&["-f", "--force"]) {
            judge.raise(Risk::High, Reason::Destroys);
        }
    } else if DESTROYERS.contains(&name) {
        judge.raise(Risk::High, Reason::Destroys);
        for word in words {
            if let Some(path) = word.text.strip_prefix("of=") {
                judge.writes(&Word { text: path.to_owned(), ..word.clone() }, Access::Write);
            }
        }
    } else if PRIVILEGE.contains(&name) {
        judge.raise(Risk::High, Reason::Privilege);
        if matches!(name, "su" | "runuser" | "pkexec" | "nsenter" | "unshare") {
            judge.opaque(Reason::OpaqueProgram);
        }
    } else if SYSTEM.contains(&name) {
        judge.raise(Risk::High, Reason::ChangesSystem);
        if matches!(name, "crontab" | "at") {
            judge.opaque(Reason::RunsOtherText);
        }
    } else if REDEFINERS.contains(&name) {
        judge.opaque(Reason::Redefines);
    } else if LANGUAGES.contains(&name) {
        language(judge, run, words);
    } else if MINI.contains(&name) {
        mini(judge, name, words);
    } else if SENDERS.contains(&name) {
        sender(judge, run, name, words);
    } else {
        particular(judge, run, name, words);
    }
}

/// Programs that need a rule of their own.
fn particular(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    match name {
        "rm" => {
            operands(words).for_each(|word| judge.writes(word, Access::Delete));
            judge.raise(Risk::Medium, Reason::Writes);
            let option = |word: &Word| word.text.starts_with('-') || word.expands;
            if words.iter().any(option) {
                judge.raise(Risk::High, Reason::Destroys);
            }
        }
        "git" => git(judge, words),
        "tar" => tar(judge, words),
        _ if SETTERS.contains(&name) => {
            for word in words {
                judge.assigns(word);
            }
            if words.iter().any(|word| word.text.contains('[')) {
                judge.opaque(Reason::Unreadable);
            }
        }
        _ if run.fed => judge.raise(Risk::Medium, Reason::UnknownProgram),
        _ => {}
    }
}

fn operands(words: &[Word]) -> impl Iterator<Item = &Word> {
    words.iter().filter(|word| !word.text.starts_with('-'))
}

fn careful(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word], options: &[&str]) {
    operands(words).for_each(|word| judge.reads(word));
    if words.iter().any(|word| word.start != Start::Literal) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    // Short options may be bundled: `-uo` is `-o`.
    let bundled = |text: &str, option: &str| {
        let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
        text.starts_with('-') && !text.starts_with("--") && letter.is_some_and(|letter| text.contains(letter))
    };
    let acts = |text: &str| options.iter().any(|option| text.starts_with(option) || bundled(text, option));
    let sets = matches!(name, "date" | "hostname") && operands(words).any(|word| !word.text.starts_with('+'));
    if !sets && !words.iter().any(|word| acts(&word.text)) {
        return;
    }
    if name != "find" {
        judge.opaque(Reason::Writes);
        return;
    }
    if words.iter().any(|word| word.text == "-delete" || word.text.starts_with("-f")) {
        judge.raise(Risk::High, Reason::Destroys);
    }
    let mut rest = words;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if first.text.starts_with("-exec") || first.text.starts_with("-ok") {
            let end = others.iter().position(|word| word.text == ";" || word.text == "+").unwrap_or(others.len());
            let inner: Vec<Word> = others.iter().take(end).map(found).collect();
            let mut through = run.through.clone();
            through.push("find".to_owned());
            judge.run(&Run { words: &inner, through, ..run.clone() });
            rest = others.get(end..).unwrap_or_default();
        }
    }
}

/// `{}` stands for what is found, which begins with where the search began.
fn found(word: &Word) -> Word {
    Word { expands: word.expands || word.text.contains("{}"), ..word.clone() }
}

fn language(judge: &mut Judge, run: &Run<'_>, words: &[Word]) {
    let script = operands(words).next();
    if words.iter().all(|word| matches!(word.bare(), "--version" | "-V")) && !words.is_empty() {
        return;
    }
    judge.raise(Risk::Medium, Reason::UnknownProgram);
    if words.first().is_some_and(|word| word.bare() == "-m") {
        return;
    }
    if words.iter().any(|word| word.text.starts_with('-') && word.text != "-") {
        judge.opaque(Reason::OpaqueProgram);
    }
    if words.iter().any(|word| word.start != Start::Literal || word.substitutes) {
        judge.opaque(Reason::RunsOtherText);
    }
    match script {
        Some(word) if word.is_literal() && !word.text.starts_with("/dev/") => {
            judge.ran.insert(word.text.trim_start_matches("./").to_owned());
        }
        None if !run.fed && run.given.is_none() => {}
        _ => judge.opaque(Reason::RunsOtherText),
    }
}

/// Programs whose first operand is a program of their own.
fn mini(judge: &mut Judge, name: &str, words: &[Word]) {
    let script = operands(words).next();
    let text = script.map_or("", |word| word.text.as_str());
    let options = words.iter().filter(|word| word.text.starts_with('-'));
    let harmless = match name {
        "sed" => text.ends_with('p') && text.bytes().all(|byte| byte.is_ascii_digit() || b"p,$".contains(&byte)),
        "awk" | "gawk" | "mawk" => {
            !["system", "|", ">", "getline", "@", "close"].iter().any(|word| text.contains(word))
        }
        _ => false,
    };
    let options = options.clone().all(|word| word.text == "-n" || word.text.starts_with("-F"));
    if script.is_some_and(Word::is_literal) && harmless && options {
        operands(words).skip(1).for_each(|word| judge.reads(word));
        if words.iter().any(|word| word.start != Start::Literal) {
            judge.opaque(Reason::OptionNotLiteral);
        }
        return;
    }
    judge.opaque(Reason::OpaqueProgram);
    if words.iter().any(|word| word.text.starts_with("-i") || word.text.starts_with("--in")) {
        operands(words).skip(1).for_each(|word| judge.writes(word, Access::Write));
    }
}

fn sender(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    judge.raise(Risk::Medium, Reason::ReachesNetwork);
    let copies = matches!(name, "scp" | "sftp" | "rsync");
    let fetches = matches!(name, "curl" | "wget");
    for word in operands(words) {
        let remote = word.text.contains("://") || copies && word.text.contains(':') || word.substitutes;
        if remote || !word.is_literal() || !fetches && !copies || fetches && word.text.contains('.') {
            judge.reaches(word, name);
        }
    }
    let sends = words.iter().any(|word| {
        let text = word.text.as_str();
        let short = text.starts_with('-') && !text.starts_with("--") && text.contains(['d', 'F', 'T']);
        let long = ["--data", "--form", "--upload", "--post", "--body", "--json", "--url-query", "--config"];
        name == "curl" && short || text == "-K" || fetches && long.iter().any(|start| text.starts_with(start))
    });
    let last_is_remote = operands(words).last().is_some_and(|word| word.text.contains(':') || !word.is_literal());
    let plain = matches!(name, "nc" | "ncat" | "netcat" | "socat" | "telnet" | "ftp" | "mail" | "sftp");
    if sends || plain || copies && last_is_remote || (run.fed || run.given.is_some()) && !copies {
        judge.raise(Risk::Critical, Reason::DataLeaves);
    }
    if words.iter().any(|word| word.text.starts_with("-e") || word.text.to_ascii_lowercase().contains("exec"))
        && !fetches
    {
        judge.opaque(Reason::OpaqueProgram);
    }
    let mut pairs = words.iter().zip(words.iter().skip(1));
    for (_, file) in pairs.by_ref().filter(|(option, _)| {
        matches!(option.text.as_str(), "-o" | "-O" | "--output" | "--output-document")
            || fetches && option.text.starts_with('-') && option.text.ends_with('o')
    }) {
        if file.text != "-" {
            judge.writes(file, Access::Write);
        }
    }
    // Without a name it is saved under the last part of its address.
    let named = words.iter().any(|word| word.text.starts_with("-O") || word.text.contains("--remote-name"));
    let bundled = words.iter().any(|word| word.text.starts_with('-') && word.text.ends_with('O'));
    if name == "wget" || fetches && (named || bundled) {
        for word in operands(words).filter(|word| word.text.contains('/')) {
            let last = word.text.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            judge.writes(&Word { text: last.to_owned(), ..word.clone() }, Access::Write);
        }
    }
    if copies || fetches && words.iter().any(|word| word.text.starts_with("-O")) || name == "wget" {
        judge.raise(Risk::Medium, Reason::Writes);
    }
}

/// Some options of tar run programs.
fn tar(judge: &mut Judge, words: &[Word]) {
    let runs = ["--checkpoint-a", "--to-c", "--use-c", "--rsh", "--info-s", "--new-v", "-I", "-F"];
    if words.iter().any(|word| word.start != Start::Literal || runs.iter().any(|start| word.text.starts_with(start))) {
        judge.opaque(Reason::OptionUnknown);
    }
}

fn git(judge: &mut Judge, words: &[Word]) {
    let verb = words.first().map_or("", Word::bare);
    if words.iter().any(|word| word.start != Start::Literal) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    let odd =
        ["--output", "--ext-diff", "--textconv", "-O", "--open", "--upload-pack", "--receive-pack", "--exec", "ext::"];
    if verb.is_empty()
        || verb.starts_with('-') && verb != "--version"
        || words.iter().any(|word| odd.iter().any(|odd| word.text.starts_with(odd)))
    {
        return judge.opaque(Reason::OptionUnknown);
    }
    match verb {
        "status" | "log" | "diff" | "show" | "blame" | "ls-files" | "rev-parse" | "describe" | "shortlog"
        | "ls-tree" | "grep" | "--version" => {}
        "reset" | "clean" | "filter-branch" | "gc" | "restore" | "checkout" | "rebase" | "config" | "bisect"
        | "submodule" => {
            judge.raise(Risk::High, Reason::Destroys);
        }
        "clone" | "fetch" | "pull" | "push" | "remote" => {
            judge.raise(Risk::Medium, Reason::ReachesNetwork);
            for word in operands(words).filter(|word| word.text.contains(':')) {
                judge.reaches(word, "git");
                if verb == "push" {
                    judge.raise(Risk::Critical, Reason::DataLeaves);
                }
            }
            if words
                .iter()
                .any(|word| word.text.starts_with("-f") || word.text.starts_with("--") || word.text.starts_with('+'))
            {
                judge.raise(Risk::High, Reason::Destroys);
            }
        }
        _ => {
            judge.raise(Risk::Medium, Reason::Writes);
            let removes = ["-D", "-d", "-f", "--delete", "--force", "drop", "clear", "-r"];
            if words.iter().any(|word| removes.contains(&word.text.as_str())) {
                judge.raise(Risk::High, Reason::Destroys);
            }
        }
    }
}
