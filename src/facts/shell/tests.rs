//! Command lines and what must be said of them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Dialect, LONGEST, Reason, read};
use crate::facts::risk::Risk;

mod table;
mod tricks;

fn risk(text: &str) -> Risk {
    read(text, Dialect::Bash).risk
}

fn names(text: &str) -> Vec<String> {
    read(text, Dialect::Bash).commands.into_iter().map(|command| command.name).collect()
}

fn rows() -> impl Iterator<Item = &'static (&'static str, Risk, bool)> {
    table::ROWS.iter().chain(tricks::ROWS)
}

#[test]
fn every_row_of_the_table_holds() {
    let mut faults = Vec::new();
    for (line, wanted, complete) in rows() {
        let facts = read(line, Dialect::Bash);
        if facts.risk != *wanted || facts.complete != *complete {
            faults.push(format!(
                "{line:?}: {:?} {} {:?}, not {wanted:?} {complete}",
                facts.risk, facts.complete, facts.reasons
            ));
        }
    }
    assert!(faults.is_empty(), "{} rows\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn programs_inside_programs_are_commands_of_their_own() {
    for (line, wanted) in table::PROGRAMS {
        assert_eq!(names(line), *wanted, "{line:?}");
    }
}

#[test]
fn files_and_hosts_are_those_the_line_names() {
    for (line, reads, writes, hosts) in table::PLACES {
        let facts = read(line, Dialect::Bash);
        let paths = |files: &[super::File]| -> Vec<String> { files.iter().map(|file| file.path.clone()).collect() };
        assert_eq!(paths(&facts.reads), *reads, "read by {line:?}");
        assert_eq!(paths(&facts.writes), *writes, "written by {line:?}");
        let reached: Vec<String> = facts.networks.iter().map(|network| network.host.clone()).collect();
        assert_eq!(reached, *hosts, "reached by {line:?}");
    }
}

#[test]
fn files_and_hosts_are_named_as_written() {
    let facts = read("cat 'a b' < in >> \"$X\"; curl https://u@example.com:8443/x -o out", Dialect::Bash);
    let files = |files: &[super::File]| -> Vec<(String, bool)> {
        files.iter().map(|file| (file.path.clone(), file.literal)).collect()
    };
    assert_eq!(files(&facts.reads), [("in".to_owned(), true), ("a b".to_owned(), true)]);
    assert_eq!(files(&facts.writes), [("$X".to_owned(), false), ("out".to_owned(), true)]);
    assert_eq!(facts.networks[0].host, "example.com");
}

#[test]
fn other_languages_and_long_texts_are_opaque() {
    for (text, dialect) in [("ls", Dialect::PowerShell), ("dir", Dialect::Cmd)] {
        let facts = read(text, dialect);
        assert!(!facts.complete && facts.risk >= Risk::High && facts.commands.is_empty());
    }
    let long = "a ".repeat(LONGEST);
    assert!(!read(&long, Dialect::Bash).complete);
    assert!(!read("echo $'\\x72m'", Dialect::Posix).complete, "sh and bash disagree");
}

/// Whether a line is answered soon in one of some tries: a busy machine is nobody's fault.
#[expect(clippy::disallowed_methods, reason = "what is measured here is the time it takes")]
fn is_soon(text: &str) -> bool {
    let most = Duration::from_millis(if cfg!(debug_assertions) { 150 } else { 50 });
    (0..40).any(|_| {
        let start = Instant::now();
        read(text, Dialect::Bash);
        start.elapsed() < most
    })
}

#[test]
fn what_nests_or_repeats_without_end_is_answered_soon() {
    for piece in [
        "$(",
        "`",
        "(",
        "{ ",
        "\"$(",
        "${a:-",
        "env ",
        "sudo sh -c ",
        "eval ",
        "a|",
        "$((",
        "<(",
        "cat <<E\n",
        "a=(",
        "if ",
        "((",
        "ls a;",
        "cat a ",
        "rm a ",
        "curl a ",
        "find -exec ",
        "find . -exec ls \\; ",
        "a=1 ",
        "1",
        "a",
        "\\\n",
        "'",
        "\"",
        "x() {",
        "xargs ",
        "[[ ",
        "$x",
        "*",
        "{a,",
        "a\n",
        "\n",
        "#",
        "a[",
        "$[",
        "${x:",
        "case x in ",
        "sh -c 'sh -c ",
        "s/a/b/;",
        "./a ",
        "/a/../",
        "mkdir ./a ",
    ] {
        let text = piece.repeat(LONGEST / piece.len());
        let facts = read(&text, Dialect::Bash);
        assert!(facts.risk >= Risk::High || facts.complete, "{piece:?}");
        assert!(is_soon(&text), "{piece:?}");
    }
    // A path that climbs, and a number that could be a name with an equals sign again and again.
    assert!(is_soon(&format!("cat {}", "../".repeat(LONGEST / 4))));
    assert!(is_soon(&format!("{}{}", "1".repeat(LONGEST / 2), "=".repeat(LONGEST / 2))));
}

#[test]
fn lines_that_are_changed_at_random_are_answered() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 1).unwrap() % below.max(1)
    };
    let lines: Vec<&str> = rows().map(|(line, ..)| *line).collect();
    let pieces = [
        "$(", "`", "'", "\"", "\\", "\n", "<<", "{", "}", "((", "))", "[[", "|", "&", ";", "#", "\u{a0}", "=", "$", "*",
    ];
    for _ in 0..6000 {
        let mut text: Vec<char> = lines[next(lines.len())].chars().collect();
        for _ in 0..=next(4) {
            let place = next(text.len() + 1);
            match next(4) {
                0 if !text.is_empty() => drop(text.remove(place.min(text.len() - 1))),
                1 => drop(text.splice(place..place, lines[next(lines.len())].chars())),
                2 => text.truncate(place),
                _ => drop(text.splice(place..place, pieces[next(pieces.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        for dialect in [Dialect::Bash, Dialect::Posix] {
            let facts = read(&text, dialect);
            assert!(facts.complete || facts.risk >= Risk::High, "{text:?}");
        }
    }
}

#[test]
fn facts_serialise_with_lower_case_words() {
    let json = serde_json::to_value(read("rm -rf a &", Dialect::Bash)).unwrap();
    assert_eq!(json["risk"], "high");
    assert_eq!(json["writes"][0]["access"], "delete");
    assert_eq!(json["commands"][0]["background"], true);
}

fn row() -> impl Strategy<Value = &'static str> {
    let lines: Vec<&str> = rows().map(|(line, ..)| *line).collect();
    prop::sample::select(lines)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        read(&text, Dialect::Bash);
    }

    #[test]
    fn no_text_of_shell_characters_panics(text in "[a-c$(){}<>|&;`'\"\\\\ \n*=#!-]{0,80}") {
        read(&text, Dialect::Bash);
        read(&text, Dialect::Posix);
    }

    #[test]
    fn a_shell_around_it_never_lowers_the_risk(line in row()) {
        let inner = quoted(line);
        for wrapped in [
            format!("sh -c {inner}"), format!("bash -lc {inner}"), format!("env X=1 sh -c {inner}"),
            format!("eval {inner}"), format!("sudo sh -c {inner}"), format!("timeout 5 sh -c {inner}"),
            format!("X=1 sh -c {inner}"), format!("bash <<'X_Y'\n{line}\nX_Y"), format!("  {line}  # a comment"),
            format!("true; {line}"), format!("true && {line}"), format!("\\\n{line}"),
        ] {
            prop_assert!(risk(&wrapped) >= risk(line), "{wrapped:?} is {:?}", risk(&wrapped));
        }
    }

    #[test]
    fn a_group_around_it_never_lowers_the_risk(line in row()) {
        // A stray bracket inside of brackets closes them, and is another text.
        prop_assume!(!read(line, Dialect::Bash).reasons.contains(&Reason::Unreadable));
        for wrapped in [
            format!("({line}\n)"), format!("{{ {line}\n}}"), format!("echo \"$({line}\n)\""),
            format!("if true; then {line}\nfi"), format!("f() {{ {line}\n}}; f"), format!("cat <({line}\n)"),
        ] {
            prop_assert!(risk(&wrapped) >= risk(line), "{wrapped:?} is {:?}", risk(&wrapped));
        }
    }

    #[test]
    fn quoting_the_program_never_lowers_the_risk(line in row()) {
        let name: String = line.chars().take_while(char::is_ascii_lowercase).collect();
        // A quoted keyword is another program, and an assignment no longer one.
        let keyword = ["if", "while", "for", "case", "until", "function", "f", "time", "x", "coproc", "select"].contains(&name.as_str());
        let after = line.strip_prefix(&name).unwrap();
        prop_assume!(name.len() > 1 && !keyword && !after.starts_with(['=', '(']));
        let (head, tail) = name.split_at(1);
        for changed in [format!("'{name}'{after}"), format!("\\{line}"), format!("{head}''{tail}{after}"), format!("{head}\\\n{tail}{after}")] {
            prop_assert!(risk(&changed) >= risk(line), "{changed:?}");
        }
    }
}
