//! Which functions reach out of the database, by their names alone?
//!
//! Only names that no honest schema uses for something else stand here; the tree knows many more.

use super::super::{Dialect, FunctionClass, Kind};
use crate::facts::Risk;

/// The class of a function or procedure, by its last name.
pub(super) fn class(name: &str, dialect: Dialect) -> Option<FunctionClass> {
    let mut lower = [0; 32];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    let lower = std::str::from_utf8(lower).ok()?;
    match dialect {
        Dialect::Postgres => postgres(lower),
        Dialect::Mysql => mysql(lower),
        Dialect::Sqlite => match lower {
            "load_extension" => Some(FunctionClass::Program),
            "readfile" | "writefile" => Some(FunctionClass::File),
            _ => None,
        },
        Dialect::Mssql => mssql(lower),
        Dialect::Snowflake => None,
        Dialect::Bigquery => (lower == "external_query").then_some(FunctionClass::Network),
    }
}

fn postgres(name: &str) -> Option<FunctionClass> {
    Some(match name {
        "pg_read_file"
        | "pg_read_binary_file"
        | "pg_ls_dir"
        | "pg_ls_logdir"
        | "pg_ls_waldir"
        | "pg_stat_file"
        | "pg_file_write"
        | "lo_import"
        | "lo_export" => FunctionClass::File,
        "dblink" | "dblink_exec" | "dblink_connect" | "dblink_connect_u" | "dblink_send_query" => {
            FunctionClass::Network
        }
        "query_to_xml" | "query_to_xmlschema" | "query_to_xml_and_xmlschema" => FunctionClass::Dynamic,
        _ => return None,
    })
}

fn mysql(name: &str) -> Option<FunctionClass> {
    Some(match name {
        "load_file" => FunctionClass::File,
        "sys_exec" | "sys_eval" => FunctionClass::Program,
        _ => return None,
    })
}

fn mssql(name: &str) -> Option<FunctionClass> {
    Some(match name {
        "xp_cmdshell" | "sp_oacreate" | "sp_oamethod" => FunctionClass::Program,
        "xp_dirtree" | "xp_fileexist" | "xp_subdirs" | "xp_delete_file" => FunctionClass::File,
        "openrowset" | "opendatasource" | "openquery" => FunctionClass::Network,
        "sp_executesql" => FunctionClass::Dynamic,
        _ => return None,
    })
}

/// What it means that such a function is called.
pub(super) fn meaning(class: FunctionClass) -> Option<(Kind, Risk)> {
    match class {
        FunctionClass::File => Some((Kind::FileIo, Risk::Critical)),
        FunctionClass::Program => Some((Kind::HostExec, Risk::Critical)),
        FunctionClass::Network => Some((Kind::Network, Risk::Critical)),
        FunctionClass::Dynamic => Some((Kind::Dynamic, Risk::High)),
        FunctionClass::Writes | FunctionClass::Admin | FunctionClass::Waits | FunctionClass::Unknown => None,
    }
}
