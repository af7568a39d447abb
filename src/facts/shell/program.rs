//! What does a program do with its words?

use super::Access;
use super::judge::{Judge, Run};
use super::operand::{has, is, operands};
use super::script::Reason;
use super::variable::Scope;
use super::word::Word;
use super::{control, git, language, reader, transfer};
use crate::facts::risk::Risk;

/// These read no file and change nothing.
const QUIET: [&str; 50] = [
    "echo", "printf", "true", "false", ":", "pwd", "cd", "whoami", "id", "uname", "basename", "dirname", "seq",
    "sleep", "test", "[", "tr", "which", "type", "exit", "return", "break", "continue", "set", "shift", "wait",
    "uptime", "ps", "expr", "[[", "pushd", "popd", "dirs", "jobs", "times", "groups", "arch", "nproc", "free", "lscpu",
    "lsblk", "who", "tty", "locale", "getconf", "pgrep", "whereis", "clear", "yes", "lsof",
];
const WRITERS: [&str; 14] = [
    "touch", "mkdir", "cp", "mv", "ln", "tee", "install", "truncate", "rmdir", "unlink", "patch", "mktemp", "mkfifo",
    "rename",
];
const DESTROYERS: [&str; 12] = [
    "shred",
    "wipefs",
    "fdisk",
    "parted",
    "dd",
    "blkdiscard",
    "sfdisk",
    "sgdisk",
    "mkswap",
    "cryptsetup",
    "lvremove",
    "srm",
];
const PRIVILEGE: [&str; 27] = [
    "su", "chmod", "chown", "chgrp", "chattr", "setcap", "passwd", "chpasswd", "useradd", "usermod", "userdel",
    "adduser", "deluser", "groupadd", "gpasswd", "chsh", "mknod", "visudo", "setfacl", "runuser", "pkexec", "nsenter",
    "unshare", "sudoedit", "newgrp", "capsh", "setpriv",
];
const SYSTEM: [&str; 23] = [
    "kill", "pkill", "killall", "shutdown", "reboot", "halt", "poweroff", "init", "telinit", "service", "crontab",
    "at", "batch", "mount", "umount", "iptables", "nft", "ufw", "sysctl", "insmod", "modprobe", "rmmod", "swapoff",
];
const REDEFINERS: [&str; 12] = [
    "alias",
    "hash",
    "enable",
    "unalias",
    "mapfile",
    "readarray",
    "complete",
    "compgen",
    "bind",
    "shopt",
    "fc",
    "history",
];
/// Builtins that set variables.
const SETTERS: [&str; 9] = ["export", "unset", "declare", "typeset", "readonly", "local", "read", "let", "getopts"];
/// They run another program that stands in their words, in a way that is not read.
const RUNNERS: [&str; 46] = [
    "parallel",
    "entr",
    "flock",
    "script",
    "strace",
    "ltrace",
    "tmux",
    "screen",
    "systemd-run",
    "unbuffer",
    "rlwrap",
    "fakeroot",
    "proot",
    "firejail",
    "bwrap",
    "taskset",
    "chrt",
    "numactl",
    "perf",
    "valgrind",
    "prlimit",
    "setarch",
    "faketime",
    "xvfb-run",
    "run-parts",
    "start-stop-daemon",
    "sg",
    "npx",
    "uvx",
    "pipx",
    "bunx",
    "ld.so",
    "lxc",
    "ansible",
    "hyperfine",
    "direnv",
    "nix-shell",
    "nix",
    "pssh",
    "watchexec",
    "vagrant",
    "rsh",
    "mosh",
    "sshpass",
    "autossh",
    "ssh-agent",
];

pub(super) fn is_known(name: &str) -> bool {
    [&QUIET[..], &WRITERS, &DESTROYERS, &PRIVILEGE, &SYSTEM, &REDEFINERS, &SETTERS, &RUNNERS]
        .iter()
        .any(|list| list.contains(&name))
        || reader::is_known(name)
        || ["rm", "git", "tar", "printenv"].contains(&name)
        || name.starts_with("mkfs")
        || name.starts_with("ld-linux")
        || language::is_known(name)
        || transfer::is_known(name)
        || control::is_known(name)
}

/// Adds what a known program does; one that is not known has been raised before.
pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    if reader::is_known(name) {
        reader::judge(judge, run, name, words);
    } else if QUIET.contains(&name) {
        quiet(judge, name, words);
    } else if WRITERS.contains(&name) {
        writer(judge, name, words);
    } else if DESTROYERS.contains(&name) || name.starts_with("mkfs") {
        destroyer(judge, name, words);
    } else if PRIVILEGE.contains(&name) {
        judge.raise(Risk::High, Reason::Privilege);
        if matches!(
            name,
            "su" | "runuser" | "pkexec" | "nsenter" | "unshare" | "sudoedit" | "newgrp" | "capsh" | "setpriv"
        ) {
            judge.opaque(Reason::OpaqueProgram);
        } else if name.starts_with("ch") {
            operands(name, words).into_iter().skip(1).for_each(|word| judge.writes(word, Access::Write));
        }
    } else if SYSTEM.contains(&name) {
        if name == "crontab" && matches!(words, [word] if word.bare() == "-l") {
            return;
        }
        judge.raise(Risk::High, Reason::ChangesSystem);
        if matches!(name, "crontab" | "at" | "batch") {
            judge.opaque(Reason::RunsOtherText);
        }
    } else if REDEFINERS.contains(&name) {
        judge.opaque(Reason::Redefines);
    } else if SETTERS.contains(&name) {
        judge.sets(name, words);
    } else if RUNNERS.contains(&name) || name.starts_with("ld-linux") {
        judge.opaque(Reason::OpaqueProgram);
    } else if language::is_known(name) {
        language::judge(judge, run, name, words);
    } else if transfer::is_known(name) {
        transfer::judge(judge, run, name, words);
    } else if control::is_known(name) {
        control::judge(judge, run, name, words);
    } else {
        particular(judge, name, words);
    }
}

/// Programs that need a rule of their own.
fn particular(judge: &mut Judge, name: &str, words: &[Word]) {
    match name {
        "rm" => remove(judge, words),
        "git" => git::judge(judge, words),
        "tar" => tar(judge, words),
        "openssl" if words.iter().any(|word| word.text == "s_client") => {
            judge.raise(Risk::Critical, Reason::DataLeaves);
        }
        // What it prints may be a password.
        "printenv" => judge.raise(Risk::Medium, Reason::Sensitive),
        _ => {
            // A shell among the words of a program that is not known is probably run.
            let shell = |word: &Word| {
                matches!(word.text.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "dash" | "sudo" | "eval"))
            };
            if words.iter().any(shell) {
                judge.opaque(Reason::OpaqueProgram);
            }
        }
    }
}

fn remove(judge: &mut Judge, words: &[Word]) {
    judge.raise(Risk::Medium, Reason::Writes);
    let everything =
        words.iter().any(|word| is(&word.text, "-r") || is(&word.text, "-R") || word.text == "--recursive");
    for word in operands("rm", words) {
        judge.writes(word, Access::Delete);
        if everything || word.text == "/*" {
            judge.empties(word);
        }
    }
    if words.iter().any(|word| word.text.starts_with('-') && word.text != "--" || !word.is_literal()) {
        judge.raise(Risk::High, Reason::Destroys);
    }
}

fn quiet(judge: &mut Judge, name: &str, words: &[Word]) {
    // bash runs the substitutions of a subscript, also of one that was quoted.
    let tests = matches!(name, "test" | "[" | "[[");
    if name == "printf" && has(words, &["-v"]) {
        for word in words.iter().take(2) {
            let name = Word { text: word.text.trim_start_matches("-v").to_owned(), ..word.clone() };
            judge.assigns(&name, Scope::Shell);
        }
        if words.iter().take(2).any(Word::is_unknown) {
            judge.opaque(Reason::Redefines);
        }
    }
    if name == "wait" && has(words, &["-p"]) {
        for word in words {
            judge.assigns(word, Scope::Shell);
        }
    }
    if tests && words.iter().any(|word| word.text.contains('[') && word.text.contains(['$', '`'])) {
        judge.opaque(Reason::RunsOtherText);
    }
    if tests
        && words
            .windows(2)
            .any(|two| matches!(two, [sign, name] if matches!(sign.bare(), "-v" | "-R") && name.is_unknown()))
    {
        judge.opaque(Reason::RunsOtherText);
    }
    let plain = |word: &Word| {
        matches!(word.text.as_str(), "-o" | "+o" | "pipefail" | "errexit" | "nounset" | "--" | "-")
            || word.text.starts_with(['-', '+']) && word.text.bytes().skip(1).all(|letter| b"euxofCv".contains(&letter))
    };
    // After `--` they are the arguments of the shell, and some of its options change how everything is read.
    if name == "set" && !words.iter().take_while(|word| word.text != "--").all(plain) {
        judge.opaque(Reason::Redefines);
    }
}

fn writer(judge: &mut Judge, name: &str, words: &[Word]) {
    judge.raise(Risk::Medium, Reason::Writes);
    let files = operands(name, words);
    let copies =
        matches!(name, "cp" | "mv" | "ln" | "install") && !has(words, &["-t", "-d", "--target", "--directory"]);
    match files.split_last() {
        Some((last, sources)) if copies && !sources.is_empty() => {
            for word in sources {
                if name == "mv" {
                    judge.writes(word, Access::Delete);
                } else {
                    judge.reads(word);
                }
                // Under its own name, if the last one is a folder.
                judge.lands(word);
            }
            judge.writes(last, Access::Write);
        }
        _ => {
            let access = if matches!(name, "rmdir" | "unlink") { Access::Delete } else { Access::Write };
            for word in files {
                judge.writes(word, access);
            }
        }
    }
    judge.scatters |= name == "patch" || copies && has(words, &["-r", "-R", "-a"]);
    if words.iter().any(|word| word.text.starts_with("-f") || word.text == "--force") || name == "truncate" {
        judge.raise(Risk::High, Reason::Destroys);
    }
}

fn destroyer(judge: &mut Judge, name: &str, words: &[Word]) {
    judge.raise(Risk::High, Reason::Destroys);
    for word in words {
        let part = |path: &str| Word { text: path.to_owned(), ..word.clone() };
        if name != "dd" && !word.text.starts_with('-') {
            judge.writes(word, Access::Write);
        } else if let Some(path) = word.text.strip_prefix("of=") {
            judge.writes(&part(path), Access::Write);
        } else if let Some(path) = word.text.strip_prefix("if=") {
            judge.reads(&part(path));
        }
    }
}

/// Some options of tar run programs; the first word is options also without a dash.
fn tar(judge: &mut Judge, words: &[Word]) {
    let runs = ["--checkpoint-a", "--to-c", "--use-c", "--rsh", "--rmt", "--info-s", "--new-v", "-I", "-F"];
    let first = words.first().map_or("", |word| word.text.trim_start_matches('-'));
    let old = words.first().is_some_and(|word| !word.text.starts_with('-')) && first.contains(['I', 'F']);
    if words.iter().any(Word::may_be_option) || has(words, &runs) || old {
        judge.opaque(Reason::OptionUnknown);
    }
    if has(words, &["-t", "--list"]) || first.starts_with('t') {
        return operands("tar", words).into_iter().skip(1).take(1).for_each(|word| judge.reads(word));
    }
    judge.raise(Risk::Medium, Reason::Writes);
    if has(words, &["-x", "--extract", "--get"]) || first.contains('x') {
        judge.scatters = true;
    } else {
        for word in words.iter().filter(|word| word.text.contains(".t")) {
            judge.writes(word, Access::Write);
        }
    }
    for word in words.iter().filter(|word| word.text.contains(':') && !word.text.starts_with("--")) {
        judge.reaches(word, "tar");
    }
}
