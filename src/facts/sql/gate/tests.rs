use super::super::Dialect::{Bigquery, Mssql, Mysql, Postgres, Snowflake, Sqlite};
use super::super::read;

#[test]
fn a_small_stack_is_enough_for_whatever_is_nested() {
    let nests = [
        ("SELECT ", "(", "1", ")"),
        ("SELECT * FROM ", "(", "t", ")"),
        ("", "(", "SELECT 1", ")"),
        ("SELECT ", "CASE WHEN ", "1", " THEN 1 END"),
        ("SELECT ", "f(", "1", ")"),
        ("SELECT ", "ARRAY[", "1", "]"),
        ("SELECT ", "CAST(", "1", " AS int)"),
        ("SELECT ", "(SELECT ", "1", ")"),
        ("", "SELECT * FROM (", "SELECT 1", ") x"),
        ("SELECT ", "IF(current_time(", "x", "),1)"),
        ("SELECT ", "case-", "c", ""),
        ("SELECT ", "NOT ", "1", ""),
        ("SELECT ", "- ", "1", ""),
        ("SELECT * FROM ", "(a JOIN ", "t", ")"),
        ("", "WITH a AS (", "SELECT 1", ") SELECT 1"),
        ("SELECT 1 WHERE ", "EXISTS (SELECT 1 WHERE ", "1", ")"),
        ("", "EXPLAIN ", "SELECT 1", ""),
        ("", "BEGIN ", "SELECT 1", " END"),
        ("", "PREPARE a AS ", "SELECT 1", ""),
        ("SELECT 1", " IS NULL", "", ""),
        ("SELECT 1", " UNION SELECT 1", "", ""),
        ("SELECT 1", "::int", "", ""),
        ("SELECT a", "[1]", "", ""),
        ("SELECT 1", " AND 1", "", ""),
        ("SELECT * FROM t", " JOIN t ON a = b", "", ""),
        ("SELECT '1'", " COLLATE x", "", ""),
    ];
    let thread = std::thread::Builder::new().stack_size(1536 * 1024).spawn(move || {
        for (before, open, inside, close) in nests {
            for count in [10, 26, 240, 390, 1400, 2900] {
                for dialect in [Postgres, Mysql, Sqlite, Mssql, Snowflake, Bigquery] {
                    let text = format!("{before}{}{inside}{}", open.repeat(count), close.repeat(count));

                    assert!(read(&text, dialect).statements < 4000);
                }
            }
        }
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn long_lists_of_values_are_thinned_and_nothing_else() {
    let many = format!("INSERT INTO t VALUES {}(1, pg_read_file('x'))", "(1, 'a', NULL), ".repeat(9000));
    let facts = read(&many, Postgres);
    assert_eq!(facts.deeds.functions.len(), 1, "{:?}", facts.reasons);
    let list = format!("SELECT * FROM t WHERE id IN ({}(SELECT id FROM u WHERE id = 1))", "1, ".repeat(9000));
    assert!(read(&list, Postgres).deeds.reads.contains("u"));
    assert_eq!(read(&format!("VALUES (1){}", ", (2)".repeat(40)), Postgres).limit, Some(41));
}
