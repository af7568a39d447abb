//! What does a command of the client program do?

use super::tally::Tally;
use super::{Dialect, Kind, Reason};
use crate::facts::Risk;

/// Commands of MySQL's client that begin with a word no statement begins with.
pub(super) const MYSQL: [&str; 9] =
    ["system", "source", "delimiter", "tee", "pager", "edit", "connect", "charset", "rehash"];

/// Reads a command: what programs and files it uses.
#[expect(clippy::too_many_lines, reason = "the commands are lists")]
pub(super) fn read(line: &str, dialect: Dialect) -> Tally {
    let mut tally = Tally::default();
    tally.note(Kind::ClientMeta, Risk::High);
    tally.doubt(Reason::ClientCommand);
    let line = line.trim().to_ascii_lowercase();
    let name = line.split([' ', '\t', '(', '\'']).next().unwrap_or_default();
    let runs = name.starts_with("\\!")
        || name.contains("!!")
        || line.contains('|')
        || line.contains(" program ")
        || matches!(
            name,
            ".shell"
                | ".system"
                | "system"
                | "!system"
                | "!spool"
                | "!edit"
                | "pager"
                | "edit"
                | "\\e"
                | "\\ef"
                | "\\ev"
                | ".excel"
                | "\\setenv"
                | ":ed"
                | "\\p"
                | "\\gexec"
        );
    let files = matches!(
        name,
        "\\copy"
            | "\\i"
            | "\\ir"
            | "\\include"
            | "\\include_relative"
            | "\\o"
            | "\\out"
            | "\\w"
            | "\\write"
            | "\\g"
            | "\\lo_import"
            | "\\lo_export"
            | "\\."
            | "\\t"
            | ".import"
            | ".output"
            | ".once"
            | ".read"
            | ".open"
            | ".save"
            | ".backup"
            | ".restore"
            | ".clone"
            | ".dump"
            | ".load"
            | ".log"
            | ".archive"
            | ".ar"
            | ".cd"
            | "source"
            | "tee"
            | ":r"
            | ":out"
            | ":error"
            | ":perftrace"
            | "!source"
            | "!load"
            | "!spool"
    );
    if runs || name == ".load" {
        tally.note(Kind::HostExec, Risk::Critical);
    }
    if files {
        tally.note(Kind::FileIo, Risk::Critical);
    }
    match name {
        "\\copy" if line.contains(" from ") => tally.note(Kind::Import, Risk::Critical),
        ".import" | ".restore" | "\\lo_import" => tally.note(Kind::Import, Risk::Critical),
        "\\copy" | "\\lo_export" | ".output" | ".once" => tally.note(Kind::Export, Risk::Critical),
        ".backup" | ".save" | ".dump" | ".clone" => {
            tally.note(Kind::Export, Risk::Critical);
            tally.read("*".to_owned());
        }
        "\\c" | "\\connect" | ":connect" | "connect" => tally.note(Kind::Network, Risk::High),
        _ => {}
    }
    if name == "\\copy" {
        let mut words = line.split_ascii_whitespace().skip(1);
        if let Some(table) = words.next().filter(|table| !table.starts_with('(')) {
            let table = table.split('(').next().unwrap_or_default().to_owned();
            if tally.deeds.kinds.contains(&Kind::Import) { tally.write(table) } else { tally.read(table) }
        }
    }
    if dialect == Dialect::Sqlite
        && matches!(
            name,
            ".tables"
                | ".schema"
                | ".indexes"
                | ".databases"
                | ".help"
                | ".show"
                | ".mode"
                | ".headers"
                | ".timer"
                | ".width"
                | ".quit"
                | ".exit"
        )
    {
        tally.seen = Some(Risk::Medium);
    }
    tally
}
