//! What does a program do that reads another language?

use super::Access;
use super::judge::{Judge, Run};
use super::operand::is;
use super::script::Reason;
use super::word::Word;
use crate::facts::risk::Risk;

/// Their version may stand behind their name.
const LANGUAGES: [&str; 27] = [
    "python",
    "pypy",
    "perl",
    "ruby",
    "jruby",
    "node",
    "nodejs",
    "php",
    "lua",
    "luajit",
    "osascript",
    "tclsh",
    "wish",
    "expect",
    "ts-node",
    "tsx",
    "Rscript",
    "R",
    "julia",
    "groovy",
    "elixir",
    "escript",
    "guile",
    "runghc",
    "ghci",
    "octave",
    "jshell",
];
/// They have programs of their own in their words, in a way that is not read.
const OPAQUE: [&str; 28] = [
    "vim",
    "vi",
    "nvim",
    "ex",
    "ed",
    "view",
    "emacs",
    "nano",
    "m4",
    "gdb",
    "bc",
    "dc",
    "gnuplot",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "duckdb",
    "mongo",
    "mongosh",
    "redis-cli",
    "sqlcmd",
    "snowsql",
    "cqlsh",
    "clickhouse-client",
    "bq",
    "deno",
    "bun",
];
const SHELLS_OF_OTHERS: [&str; 5] = ["pwsh", "powershell", "cmd", "wsl", "nu"];
const MINI: [&str; 6] = ["awk", "gawk", "mawk", "nawk", "sed", "gsed"];
/// Modules of Python that run text or other programs.
const RUNNERS: [&str; 10] =
    ["timeit", "code", "pdb", "cProfile", "profile", "trace", "runpy", "asyncio", "pip", "idlelib"];
/// Options without a value that change nothing about what is run.
const PLAIN: [&str; 7] = ["-u", "-B", "-E", "-s", "-O", "-w", "-"];

pub(super) fn is_known(name: &str) -> bool {
    plain(name).is_some() || OPAQUE.contains(&name) || MINI.contains(&name) || SHELLS_OF_OTHERS.contains(&exe(name))
}

/// The language, without version and ending.
fn plain(name: &str) -> Option<&'static str> {
    let bare = exe(name).trim_end_matches(|last: char| last.is_ascii_digit() || last == '.' || last == '-');
    LANGUAGES.iter().find(|language| language.eq_ignore_ascii_case(bare)).copied()
}

fn exe(name: &str) -> &str {
    name.strip_suffix(".exe").unwrap_or(name)
}

pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    if let Some(language) = plain(name) {
        full(judge, run, language, words);
    } else if MINI.contains(&name) {
        mini(judge, name, words);
    } else if is_harmless(name, words) {
        judge.raise(Risk::Medium, Reason::UnknownProgram);
    } else if SHELLS_OF_OTHERS.contains(&exe(name)) {
        judge.opaque(Reason::OpaqueLanguage);
    } else {
        judge.opaque(Reason::OpaqueProgram);
    }
}

fn is_harmless(name: &str, words: &[Word]) -> bool {
    let asks = !words.is_empty() && words.iter().all(|word| matches!(word.bare(), "--version" | "--help"));
    let verb = words.first().map_or("", Word::bare);
    asks || matches!(name, "deno" | "bun") && matches!(verb, "test" | "fmt" | "lint" | "check" | "install")
}

fn full(judge: &mut Judge, run: &Run<'_>, language: &str, words: &[Word]) {
    let asks = ["--version", "-V", "-v", "--help", "-h"];
    if let [word] = words
        && asks.contains(&word.bare())
        && !run.fed
    {
        return;
    }
    judge.raise(Risk::Medium, Reason::UnknownProgram);
    if language == "python"
        && let [first, module, ..] = words
        && first.bare() == "-m"
        && module.is_literal()
    {
        if RUNNERS.contains(&module.text.as_str()) && module.text != "pip" {
            judge.opaque(Reason::OpaqueProgram);
        }
        return;
    }
    // Options after the script are its own.
    let own = words.iter().take_while(|word| word.text.starts_with('-') || !word.is_literal()).collect::<Vec<_>>();
    let script = words.get(own.len());
    if own.iter().any(|word| !word.is_literal()) {
        return judge.opaque(Reason::RunsOtherText);
    }
    if own.iter().any(|word| !PLAIN.contains(&word.text.as_str())) {
        return judge.opaque(Reason::OpaqueProgram);
    }
    match script {
        Some(word) if !own.iter().any(|word| word.text == "-") && is_file(&word.text) => {
            judge.ran.insert(word.text.trim_start_matches("./").to_owned());
            judge.reads(word);
        }
        None if !run.fed && run.given.is_none() => {}
        _ => judge.opaque(Reason::RunsOtherText),
    }
}

/// Whether a name is a file's and not that of a stream.
pub(super) fn is_file(text: &str) -> bool {
    text != "-"
        && !text.is_empty()
        && !text.contains("/dev/")
        && !text.starts_with("/proc")
        && !text.contains("/fd/")
        && !text.starts_with("//")
        && !text.contains("://")
}

/// Programs whose first operand is a program of their own.
fn mini(judge: &mut Judge, name: &str, words: &[Word]) {
    let sed = name.ends_with("sed");
    let mut options = Vec::new();
    let mut scripts = Vec::new();
    let mut files = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "--" => files.extend(rest.by_ref()),
            "-e" if sed => scripts.extend(rest.next()),
            "-F" | "-v" if !sed => options.extend(rest.next().map(|_| "-F")),
            text if text.starts_with('-') && text.len() > 1 => options.push(text),
            _ => files.push(word),
        }
    }
    if scripts.is_empty() && !files.is_empty() {
        scripts.push(files.remove(0));
    }
    let safe = |text: &str| if sed { text.split(';').all(is_quiet_sed) } else { is_quiet_awk(text) };
    let quiet = !scripts.is_empty() && scripts.iter().all(|script| script.is_literal() && safe(&script.text));
    let in_place = |option: &str| sed && (is(option, "-i") || option.starts_with("--in-place"));
    let known = |option: &&str| {
        if sed {
            let bundle = option.len() > 1 && option.bytes().skip(1).all(|letter| b"nErsz".contains(&letter));
            bundle || option.starts_with("-i") || *option == "--in-place" || *option == "--quiet"
        } else {
            option.starts_with("-F")
        }
    };
    if words.iter().any(Word::may_be_option) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    let empty = files.iter().any(|word| word.text.is_empty());
    if !quiet || !options.iter().all(known) || empty {
        judge.opaque(Reason::OpaqueProgram);
    }
    for word in files {
        if options.iter().any(|option| in_place(option)) {
            judge.writes(word, Access::Write);
        } else {
            judge.reads(word);
        }
    }
}

/// `s/a/b/g`, `1,5p`, `/x/d`: nothing that runs or writes.
fn is_quiet_sed(script: &str) -> bool {
    let script = script.trim();
    if script.contains('\n') {
        return false;
    }
    let address = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b",$ !".contains(&byte));
    let place = script.find(|next: char| !next.is_ascii_digit() && !",$ !".contains(next)).unwrap_or(script.len());
    let (before, command) = script.split_at_checked(place).unwrap_or((script, ""));
    if !address(before) {
        return false;
    }
    if let Some(rest) = command.strip_prefix('/') {
        // The first slash ends it in every reading when no other follows.
        return rest.split_once('/').is_some_and(|(regex, command)| {
            !regex.contains(['\\', '[']) && matches!(command, "p" | "d" | "q" | "=" | "!d" | "!p")
        });
    }
    if let Some(rest) = command.strip_prefix('s') {
        let mut signs = rest.chars();
        let Some(sign) = signs.next().filter(|sign| sign.is_ascii_punctuation() && *sign != '\\') else { return false };
        let mut parts = vec![String::new()];
        while let Some(next) = signs.next() {
            if next == sign {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(next);
                part.extend((next == '\\').then(|| signs.next()).flatten());
            }
        }
        let [_, _, flags] = parts.as_slice() else { return false };
        return flags.bytes().all(|flag| flag.is_ascii_digit() || b"gpiI".contains(&flag));
    }
    matches!(command, "p" | "d" | "q" | "=" | "")
}

fn is_quiet_awk(text: &str) -> bool {
    !["system", "|", ">", "getline", "@", "close"].iter().any(|word| text.contains(word))
}
