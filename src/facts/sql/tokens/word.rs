//! Which words matter to the second opinion?

/// A word that matters. Whether it is a keyword depends on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Alter,
    Analyze,
    As,
    Attach,
    Backup,
    Begin,
    Bulk,
    Call,
    Case,
    Copy,
    Create,
    Data,
    Delete,
    Deny,
    Do,
    Drop,
    Dumpfile,
    Else,
    End,
    Exec,
    Explain,
    Export,
    For,
    From,
    Function,
    Go,
    Grant,
    If,
    Immediate,
    Infile,
    Insert,
    Into,
    Kill,
    Limit,
    Load,
    Local,
    Lock,
    Loop,
    Materialized,
    Merge,
    Not,
    Object,
    Of,
    On,
    Or,
    Outfile,
    Prepare,
    Program,
    Rename,
    Replace,
    Restore,
    Role,
    Routine,
    Select,
    Set,
    Shutdown,
    Statistics,
    Table,
    Then,
    To,
    Transaction,
    Truncate,
    Update,
    Upkeep,
    Use,
    Where,
    While,
    With,
}

/// By their first letter.
static KEYS: [&[(&str, Key)]; 26] = [
    &[
        ("AGGREGATE", Key::Routine),
        ("ALTER", Key::Alter),
        ("ANALYSE", Key::Analyze),
        ("ANALYZE", Key::Analyze),
        ("AS", Key::As),
        ("ATTACH", Key::Attach),
    ],
    &[("BACKUP", Key::Backup), ("BEGIN", Key::Begin), ("BULK", Key::Bulk)],
    &[("CALL", Key::Call), ("CASE", Key::Case), ("COLUMN", Key::Object), ("COPY", Key::Copy), ("CREATE", Key::Create)],
    &[
        ("DATA", Key::Data),
        ("DATABASE", Key::Object),
        ("DBCC", Key::Upkeep),
        ("DELETE", Key::Delete),
        ("DENY", Key::Deny),
        ("DETACH", Key::Attach),
        ("DO", Key::Do),
        ("DROP", Key::Drop),
        ("DUMPFILE", Key::Dumpfile),
    ],
    &[
        ("ELSE", Key::Else),
        ("END", Key::End),
        ("EVENT", Key::Routine),
        ("EXEC", Key::Exec),
        ("EXECUTE", Key::Exec),
        ("EXPLAIN", Key::Explain),
        ("EXPORT", Key::Export),
        ("EXTENSION", Key::Object),
    ],
    &[("FETCH", Key::Limit), ("FOR", Key::For), ("FROM", Key::From), ("FUNCTION", Key::Function)],
    &[("GO", Key::Go), ("GRANT", Key::Grant), ("GROUP", Key::Role)],
    &[],
    &[
        ("IF", Key::If),
        ("IMMEDIATE", Key::Immediate),
        ("INDEX", Key::Object),
        ("INFILE", Key::Infile),
        ("INSERT", Key::Insert),
        ("INTO", Key::Into),
    ],
    &[("JOIN", Key::Limit)],
    &[("KILL", Key::Kill)],
    &[
        ("LIMIT", Key::Limit),
        ("LOAD", Key::Load),
        ("LOCAL", Key::Local),
        ("LOCK", Key::Lock),
        ("LOGIN", Key::Role),
        ("LOOP", Key::Loop),
    ],
    &[("MATERIALIZED", Key::Materialized), ("MERGE", Key::Merge)],
    &[("NOT", Key::Not)],
    &[("OF", Key::Of), ("ON", Key::On), ("OR", Key::Or), ("OUTFILE", Key::Outfile)],
    &[
        ("PACKAGE", Key::Routine),
        ("PREPARE", Key::Prepare),
        ("PROC", Key::Routine),
        ("PROCEDURE", Key::Routine),
        ("PROGRAM", Key::Program),
    ],
    &[],
    &[
        ("RECONFIGURE", Key::Upkeep),
        ("RENAME", Key::Rename),
        ("REPEAT", Key::Loop),
        ("REPLACE", Key::Replace),
        ("RESTORE", Key::Restore),
        ("REVOKE", Key::Grant),
        ("ROLE", Key::Role),
    ],
    &[
        ("SCHEMA", Key::Object),
        ("SELECT", Key::Select),
        ("SEQUENCE", Key::Object),
        ("SET", Key::Set),
        ("SHUTDOWN", Key::Shutdown),
        ("STAGE", Key::Object),
        ("STATISTICS", Key::Statistics),
    ],
    &[
        ("TABLE", Key::Table),
        ("TASK", Key::Routine),
        ("THEN", Key::Then),
        ("TO", Key::To),
        ("TOP", Key::Limit),
        ("TRAN", Key::Transaction),
        ("TRANSACTION", Key::Transaction),
        ("TRIGGER", Key::Routine),
        ("TRUNCATE", Key::Truncate),
        ("TYPE", Key::Object),
    ],
    &[("UPDATE", Key::Update), ("USE", Key::Use), ("USER", Key::Role), ("USING", Key::Limit)],
    &[("VACUUM", Key::Upkeep), ("VIEW", Key::Object)],
    &[
        ("WAREHOUSE", Key::Object),
        ("WHERE", Key::Where),
        ("WHILE", Key::While),
        ("WITH", Key::With),
        ("WORK", Key::Transaction),
    ],
    &[],
    &[],
    &[],
];

/// The longest of them.
const LONGEST: usize = 12;

/// The word's meaning, whatever its case.
pub(super) fn key(word: &str) -> Option<Key> {
    if word.len() > LONGEST {
        return None;
    }
    let letter = word.as_bytes().first()?.to_ascii_uppercase().checked_sub(b'A')?;
    let words = KEYS.get(usize::from(letter))?;
    words.iter().find(|(name, _)| name.len() == word.len() && name.eq_ignore_ascii_case(word)).map(|(_, key)| *key)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, LONGEST, key};

    #[test]
    fn every_word_is_found() {
        for (letter, words) in ('A'..).zip(KEYS) {
            for (word, meaning) in words {
                assert!(word.starts_with(letter) && word.len() <= LONGEST, "{word}");
                assert_eq!(key(&word.to_lowercase()), Some(*meaning), "{word}");
            }
        }
        assert_eq!(key("deleted"), None);
        assert_eq!(key("a_word_that_is_long"), None);
    }
}
