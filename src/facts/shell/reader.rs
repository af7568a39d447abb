//! What does a program read, and when does it do more than that?

use super::Access;
use super::judge::{Judge, Run};
use super::operand::{is, operands};
use super::script::Reason;
use super::word::{Expansion, Word};
use crate::facts::risk::Risk;

/// No option makes these do more than read files and print.
const READERS: [&str; 41] = [
    "cat",
    "head",
    "tail",
    "grep",
    "egrep",
    "fgrep",
    "zgrep",
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
    "sha512sum",
    "b2sum",
    "cksum",
    "od",
    "hexdump",
    "strings",
    "du",
    "df",
    "readlink",
    "realpath",
    "tac",
    "jq",
    "comm",
    "paste",
    "join",
    "column",
    "fold",
    "fmt",
    "rev",
    "expand",
    "zcat",
    "xzcat",
    "bzcat",
    "dir",
];
/// Known programs that read, unless an option says otherwise.
const CAREFUL: [(&str, &[&str]); 12] = [
    ("sort", &["-o", "--o", "-T", "--compress"]),
    ("find", &["-exec", "-ok", "-delete", "-fprint", "-fls"]),
    ("date", &["-s", "--s"]),
    ("base64", &["-o", "--o"]),
    ("tree", &["-o", "--o"]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("hostname", &["-F", "-b", "--file"]),
    ("file", &["-C", "--compile"]),
    ("shuf", &["-o", "--o"]),
    ("iconv", &["-o", "--o"]),
    ("uniq", &[]),
    ("xxd", &["-r"]),
];

pub(super) fn is_known(name: &str) -> bool {
    READERS.contains(&name) || CAREFUL.iter().any(|(careful, _)| *careful == name)
}

pub(super) fn judge(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word]) {
    match CAREFUL.iter().find(|(careful, _)| *careful == name) {
        Some((_, options)) => careful(judge, run, name, words, options),
        None => operands(name, words).into_iter().for_each(|word| judge.reads(word)),
    }
}

fn careful(judge: &mut Judge, run: &Run<'_>, name: &str, words: &[Word], options: &[&str]) {
    if words.iter().any(Word::may_be_option) {
        judge.opaque(Reason::OptionNotLiteral);
    }
    let acts = words.iter().any(|word| options.iter().any(|option| is(&word.text, option)));
    if name == "find" {
        let starts = words.iter().take_while(|word| !word.text.starts_with(['-', '(', '!']));
        starts.for_each(|word| judge.reads(word));
        if acts {
            found(judge, run, words);
        }
        return;
    }
    let files = operands(name, words);
    if matches!(name, "uniq" | "xxd") {
        // The second one is written.
        if let [_, written, ..] = files.as_slice() {
            judge.writes(written, Access::Write);
        }
        files.first().into_iter().for_each(|word| judge.reads(word));
        return;
    }
    let sets = matches!(name, "date" | "hostname") && files.iter().any(|word| !word.text.starts_with('+'));
    if !matches!(name, "date" | "hostname") {
        for word in files {
            judge.reads(word);
        }
    }
    if sets || acts {
        judge.opaque(Reason::Writes);
    }
}

/// What `find` does with what it finds.
fn found(judge: &mut Judge, run: &Run<'_>, words: &[Word]) {
    if words.iter().any(|word| word.text == "-delete") {
        judge.raise(Risk::High, Reason::Destroys);
    }
    let mut rest = words;
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        if first.text.starts_with("-exec") || first.text.starts_with("-ok") {
            let end = others.iter().position(|word| word.text == ";" || word.text == "+").unwrap_or(others.len());
            // `{}` stands for what is found, which begins with where the search began.
            let mark = |word: &Word| {
                let mut word = word.clone();
                if word.text.contains("{}") {
                    word.holds(Expansion::Known);
                }
                word
            };
            let inner: Vec<Word> = others.iter().take(end).map(mark).collect();
            let mut through = run.through.clone();
            through.push("find".to_owned());
            judge.run(&Run { words: &inner, through, ..run.clone() });
            rest = others.get(end..).unwrap_or_default();
        } else if first.text.starts_with("-fprint") || first.text == "-fls" {
            judge.raise(Risk::High, Reason::Destroys);
            others.first().into_iter().for_each(|word| judge.writes(word, Access::Write));
        }
    }
}
