//! Is there a text that makes the reader of SQL fall or hang?
#![no_main]

use countersign::facts::sql::{Dialect, read};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the dialect.
fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let dialects = [
        Dialect::Postgres,
        Dialect::Mysql,
        Dialect::Sqlite,
        Dialect::Mssql,
        Dialect::Snowflake,
        Dialect::Bigquery,
    ];
    let dialect = dialects[usize::from(*first) % dialects.len()];
    let facts = read(&String::from_utf8_lossy(rest), dialect);
    assert_eq!(facts.complete, facts.reasons.is_empty());
});
