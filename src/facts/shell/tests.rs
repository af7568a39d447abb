//! Command lines and what must be said of them.

use proptest::prelude::*;

use super::{Dialect, LONGEST, Reason, read};
use crate::facts::risk::Risk;

mod table;

fn risk(text: &str) -> Risk {
    read(text, Dialect::Bash).risk
}

fn names(text: &str) -> Vec<String> {
    read(text, Dialect::Bash).commands.into_iter().map(|command| command.name).collect()
}

#[test]
fn every_row_of_the_table_holds() {
    let mut faults = Vec::new();
    for (line, wanted, complete) in table::ROWS {
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

#[test]
fn what_nests_or_repeats_without_end_is_answered() {
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
    ] {
        let text = piece.repeat(LONGEST / piece.len());
        let facts = read(&text, Dialect::Bash);
        assert!(facts.risk >= Risk::High || facts.complete, "{piece:?}");
    }
}

#[test]
fn facts_serialise_with_lower_case_words() {
    let json = serde_json::to_value(read("rm -rf / &", Dialect::Bash)).unwrap();
    assert_eq!(json["risk"], "high");
    assert_eq!(json["writes"][0]["access"], "delete");
    assert_eq!(json["commands"][0]["background"], true);
}

fn row() -> impl Strategy<Value = &'static str> {
    (0..table::ROWS.len()).prop_map(|index| table::ROWS[index].0)
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
        let keyword = ["if", "while", "for", "case", "until", "function", "f", "time", "x"].contains(&name.as_str());
        let after = line.strip_prefix(&name).unwrap();
        prop_assume!(name.len() > 1 && !keyword && !after.starts_with(['=', '(']));
        let (head, tail) = name.split_at(1);
        for changed in [format!("'{name}'{after}"), format!("\\{line}"), format!("{head}''{tail}{after}"), format!("{head}\\\n{tail}{after}")] {
            prop_assert!(risk(&changed) >= risk(line), "{changed:?}");
        }
    }
}
