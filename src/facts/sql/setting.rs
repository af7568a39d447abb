//! Which settings change, and for whom?

use sqlparser::tokenizer::{Token, Word};

use super::statement::{Reading, word};
use super::words::{Words, is};
use super::{Dialect, Kind};
use crate::facts::Risk;

/// Settings that take a guard away, or change what names and words mean.
const GUARDS: [&str; 37] = [
    "row_security",
    "session_replication_role",
    "default_transaction_read_only",
    "transaction_read_only",
    "search_path",
    "local_preload_libraries",
    "session_preload_libraries",
    "dynamic_library_path",
    "allow_system_table_mods",
    "lo_compat_privileges",
    "standard_conforming_strings",
    "backslash_quote",
    "log_statement",
    "sql_log_bin",
    "foreign_key_checks",
    "sql_safe_updates",
    "sql_mode",
    "local_infile",
    "general_log",
    "general_log_file",
    "slow_query_log_file",
    "secure_file_priv",
    "init_connect",
    "identity_insert",
    "read_only",
    "super_read_only",
    "unique_checks",
    "log_bin_trust_function_creators",
    "event_scheduler",
    "check_constraint_checks",
    "session_authorization",
    "role",
    "quoted_identifier",
    "ansi_nulls",
    "ansi_quotes",
    "no_backslash_escapes",
    "tx_read_only",
];

/// PRAGMAs that only tell, when nothing is set.
const TELLING: [&str; 36] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "foreign_key_check",
    "database_list",
    "collation_list",
    "function_list",
    "module_list",
    "pragma_list",
    "compile_options",
    "integrity_check",
    "quick_check",
    "page_count",
    "freelist_count",
    "data_version",
    "user_version",
    "schema_version",
    "application_id",
    "encoding",
    "page_size",
    "journal_mode",
    "foreign_keys",
    "cache_size",
    "synchronous",
    "auto_vacuum",
    "busy_timeout",
    "locking_mode",
    "temp_store",
    "mmap_size",
    "query_only",
    "stats",
    "recursive_triggers",
];

/// Reads SET, RESET, USE, PRAGMA and DISCARD.
pub(super) fn read(reading: &mut Reading<'_>, tokens: &[Token]) {
    let mut words = Words::new(tokens);
    if words.eat("pragma") {
        return pragma(reading, words);
    }
    if words.eat("use") {
        let role = words.is_any(&["role", "secondary"]);
        return if role {
            reading.tally.note(Kind::Role, Risk::Critical);
        } else {
            reading.tally.note(Kind::Setting, Risk::Medium);
        };
    }
    if words.eat("discard") {
        return reading.tally.note(Kind::Setting, Risk::Medium);
    }
    let sets = words.is("set");
    words.skip(1);
    if !sets {
        // MySQL's RESET forgets logs; elsewhere it takes a setting back.
        if reading.dialect == Dialect::Mysql {
            return reading.tally.note(Kind::Admin, Risk::High);
        }
        if words.eat_any(&["role", "session authorization"]) {
            return reading.tally.note(Kind::Role, Risk::Critical);
        }
        return reading.tally.note(Kind::Setting, if words.is_any(&GUARDS) { Risk::High } else { Risk::Medium });
    }
    set(reading, tokens, words);
}

#[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
fn set(reading: &mut Reading<'_>, tokens: &[Token], mut words: Words<'_>) {
    let dialect = reading.dialect;
    let tally = &mut *reading.tally;
    let wide = words.is_any(&["global", "persist", "persist_only"])
        || words.rest().iter().any(|token| matches!(token, Token::Word(Word { value, .. }) if starts_global(value)));
    words.eat_any(&["session authorization"]).then(|| tally.note(Kind::Role, Risk::Critical));
    if tally.deeds.kinds.contains(&Kind::Role) {
        return;
    }
    let here = words;
    words.eat_any(&["session", "local", "global", "persist", "persist_only"]);
    if words.is("authorization")
        || words.eat("role") && dialect != Dialect::Mssql
        || words.eat("default role")
        || words.eat("password")
    {
        return tally.note(Kind::Role, Risk::Critical);
    }
    if words.is("transaction") || words.is("constraints") {
        return tally.note(Kind::Transaction, Risk::Low);
    }
    if words.eat("characteristics") || here.any_run("read write") {
        return tally.note(Kind::Setting, if here.any_run("read write") { Risk::High } else { Risk::Low });
    }
    if words.eat("statement")
        && let Some(at) = words.find(&["for"])
    {
        // MariaDB sets for one statement, which follows.
        tally.note(Kind::Setting, Risk::Medium);
        let rest = tokens.get(at.saturating_add(1)..).unwrap_or_default().to_vec();
        return reading.tail(rest);
    }
    let variable = matches!(words.peek(), Some(Token::Word(Word { value, .. })) if value.starts_with('@') && !value.starts_with("@@"));
    let guard = words.rest().iter().any(|token| match token {
        Token::Word(Word { value, .. }) => {
            let name = value.trim_start_matches('@').to_ascii_lowercase();
            GUARDS.contains(&name.rsplit('.').next().unwrap_or_default())
        }
        _ => false,
    });
    let risk = match () {
        () if wide || guard => Risk::High,
        () if variable => Risk::Low,
        () if words.is_any(&[
            "names",
            "time",
            "timezone",
            "charset",
            "character",
            "nocount",
            "datefirst",
            "dateformat",
            "language",
        ]) =>
        {
            Risk::Low
        }
        () => Risk::Medium,
    };
    tally.note(Kind::Setting, risk);
    if wide {
        tally.note(Kind::Admin, Risk::High);
    }
    // What is set may be a query.
    let Some(at) =
        words.rest().iter().position(|token| matches!(token, Token::Eq | Token::Assignment) || is(token, "to"))
    else {
        return;
    };
    let value = words.rest().get(at.saturating_add(1)..).unwrap_or_default();
    if value.contains(&Token::LParen) {
        let mut query = vec![word("SELECT")];
        query.extend(value.iter().filter(|token| !matches!(token, Token::Assignment)).cloned());
        let before = reading.tally.deeds.kinds.contains(&Kind::Select);
        reading.tail(query);
        if !before {
            reading.tally.deeds.kinds.remove(&Kind::Select);
        }
    }
}

fn starts_global(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("@@global") || name.starts_with("@@persist")
}

fn pragma(reading: &mut Reading<'_>, mut words: Words<'_>) {
    let tally = &mut *reading.tally;
    let name = words.name().unwrap_or_default().to_ascii_lowercase();
    let name = name.rsplit('.').next().unwrap_or_default();
    let sets = words.peek() == Some(&Token::Eq);
    let asks = TELLING.contains(&name);
    let takes_name = name.contains("info") || name.contains("_list") || name.contains("check");
    let calls = words.peek() == Some(&Token::LParen);
    tally.returns = true;
    if asks && !sets && (!calls || takes_name) {
        return tally.note(Kind::Setting, Risk::Low);
    }
    let key = matches!(name, "key" | "rekey" | "hexkey" | "hexrekey" | "textkey" | "textrekey" | "cipher_migrate");
    let guard = key
        || matches!(
            name,
            "writable_schema"
                | "journal_mode"
                | "trusted_schema"
                | "foreign_keys"
                | "ignore_check_constraints"
                | "query_only"
                | "temp_store_directory"
                | "data_store_directory"
                | "schema_version"
                | "synchronous"
                | "cell_size_check"
                | "defer_foreign_keys"
                | "recursive_triggers"
                | "legacy_alter_table"
        );
    tally.note(Kind::Setting, if guard { Risk::High } else { Risk::Medium });
    if name.ends_with("_directory") {
        tally.note(Kind::FileIo, Risk::Critical);
    }
    if name == "writable_schema" {
        tally.write("sqlite_master".to_owned());
    }
    if name == "rekey" || name == "hexrekey" {
        tally.write("*".to_owned());
    }
}
