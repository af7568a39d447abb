use super::{Dialect, Facts, Reason, read};
use crate::facts::Risk::{self, Critical, High, Low, Medium};

/// What must be said: kinds (all of them), reads, writes, risk, and whether it is complete (`=`) or not (`?`).
type Row = (Dialect, &'static str, &'static str, &'static str, &'static str, Risk, char);

use Dialect::{Bigquery, Mssql, Mysql, Postgres, Snowflake, Sqlite};

fn words<'a>(set: impl IntoIterator<Item = &'a String>) -> String {
    set.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn kinds(facts: &Facts) -> String {
    let words = facts.deeds.kinds.iter().map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned());
    words.collect::<Vec<_>>().join(" ")
}

fn check(rows: &[Row]) {
    let mut faults = Vec::new();
    for (dialect, sql, want, reads, writes, risk, complete) in rows {
        let facts = read(sql, *dialect);
        let found = (
            kinds(&facts),
            words(&facts.deeds.reads),
            words(&facts.deeds.writes),
            facts.risk,
            if facts.complete { '=' } else { '?' },
        );
        let wanted = ((*want).to_owned(), (*reads).to_owned(), (*writes).to_owned(), *risk, *complete);
        if found != wanted {
            faults.push(format!(
                "{dialect:?}: {sql}\n  {found:?}\n  {wanted:?}\n  {:?} {:?}",
                facts.reasons, facts.deeds.functions
            ));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

#[test]
fn words_that_the_parser_takes_for_names_are_no_relations() {
    check(&[
        (Postgres, "DELETE FROM ONLY t WHERE id = 1", "delete", "", "t", Medium, '='),
        (Postgres, "SELECT * FROM ONLY (a), ONLY b WHERE a.id = 1", "select", "a b", "", Low, '='),
        (Postgres, "UPDATE ONLY a SET x = 1 WHERE id = 2", "update", "", "a", Medium, '='),
        (Postgres, "UPDATE a * SET x = 1 WHERE id = 2", "update", "", "a", Medium, '='),
        (Postgres, "TRUNCATE ONLY a, b CASCADE", "truncate", "", "a b", High, '='),
        (Postgres, "SELECT a * b FROM t WHERE id = 1", "select", "t", "", Low, '='),
        (Postgres, "TABLE crm.customers LIMIT 5", "select", "crm.customers", "", Low, '='),
        (Mysql, "TABLE a UNION TABLE b", "select", "a b", "", Medium, '='),
        (Mysql, "DELETE LOW_PRIORITY QUICK IGNORE FROM t WHERE id = 1", "delete", "", "t", Medium, '='),
        (Mysql, "UPDATE LOW_PRIORITY IGNORE t SET a = 1 WHERE id = 1", "update", "", "t", Medium, '='),
        (Mysql, "INSERT DELAYED IGNORE INTO t VALUES (1)", "insert", "", "t", Medium, '='),
        (Mysql, "REPLACE LOW_PRIORITY INTO t VALUES (1)", "insert", "", "t", Medium, '='),
        (Mysql, "SELECT SQL_NO_CACHE HIGH_PRIORITY STRAIGHT_JOIN * FROM t LIMIT 3", "select", "t", "", Low, '='),
        (Mysql, "SELECT replace(a, 'x', 'y') FROM t WHERE id = 2", "select", "t", "", Low, '='),
    ]);
}

#[test]
fn a_plan_is_no_write_until_it_is_measured() {
    check(&[
        (Postgres, "EXPLAIN DELETE FROM t", "explain", "", "", Low, '='),
        (Postgres, "EXPLAIN (COSTS, ANALYZE) DELETE FROM t", "delete explain", "", "t", High, '='),
        (Postgres, "EXPLAIN (ANALYZE false) DELETE FROM t", "explain", "", "", Low, '='),
        (Postgres, "EXPLAIN ANALYZE VERBOSE UPDATE t SET a = 1 WHERE id = 1", "update explain", "", "t", Medium, '='),
        (Mysql, "EXPLAIN ANALYZE SELECT * FROM t WHERE id = 1", "select explain", "t", "", Low, '='),
        (Mysql, "ANALYZE FORMAT=JSON DELETE FROM t", "delete explain", "", "t", High, '='),
        (Mysql, "DESCRIBE t", "explain", "", "", Low, '='),
        (Sqlite, "EXPLAIN QUERY PLAN SELECT * FROM t", "explain", "t", "", Low, '='),
        (Snowflake, "EXPLAIN USING TEXT SELECT * FROM t", "explain", "t", "", Low, '='),
    ]);
}

#[test]
fn what_a_query_writes_is_a_write() {
    check(&[
        (Postgres, "SELECT * INTO copy FROM t WHERE id = 1", "select create", "t", "copy", Medium, '='),
        (Mssql, "SELECT TOP 5 * INTO #x FROM dbo.t", "select create", "dbo.t", "#x", Medium, '='),
        (
            Postgres,
            "WITH d AS (DELETE FROM t WHERE id = 1 RETURNING *) SELECT * FROM d",
            "select delete",
            "",
            "t",
            Medium,
            '=',
        ),
        (
            Postgres,
            "WITH d AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM d",
            "select insert delete",
            "",
            "t u",
            High,
            '=',
        ),
        (Postgres, "WITH t AS (SELECT 1) INSERT INTO t SELECT 1", "select insert", "", "t", Medium, '='),
        (
            Postgres,
            "WITH users AS (SELECT * FROM users WHERE id = 3) SELECT * FROM users",
            "select",
            "users",
            "",
            Low,
            '=',
        ),
        (Postgres, "WITH c AS (SELECT 1) SELECT * FROM public.c LIMIT 1", "select", "public.c", "", Low, '='),
        (Postgres, "WITH c AS (SELECT 1) SELECT * FROM \"C\" LIMIT 1", "select", "C", "", Low, '='),
        (Postgres, "SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) x, c LIMIT 1", "select", "c", "", Low, '='),
        (Postgres, "SELECT * FROM t WHERE id = 1 FOR UPDATE", "select lock", "t", "", Medium, '='),
    ]);
}

#[test]
fn what_a_function_does_counts() {
    check(&[
        (Postgres, "SELECT nextval('s')", "select", "", "", Medium, '='),
        (Postgres, "SELECT my_cleanup(3)", "select", "", "", Medium, '='),
        (
            Mysql,
            "SELECT * FROM t INTO OUTFILE '/tmp/x' FIELDS TERMINATED BY ','",
            "select export file_io",
            "t",
            "",
            Critical,
            '=',
        ),
        (Mysql, "SELECT a INTO DUMPFILE '/x' FROM t WHERE id = 1", "select export file_io", "t", "", Critical, '='),
        (Mysql, "SELECT a INTO @x FROM t WHERE id = 1", "select", "t", "", Low, '='),
        (Mysql, "SELECT LOAD_FILE('/etc/passwd')", "select file_io", "", "", Critical, '='),
        (Sqlite, "SELECT load_extension('x')", "select host_exec", "", "", Critical, '='),
        (Sqlite, "SELECT writefile('a', x) FROM t LIMIT 1", "select file_io", "t", "", Critical, '='),
        (Bigquery, "SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", "select network", "", "", Critical, '='),
        (
            Bigquery,
            "SELECT * FROM `my-project.shop.orders` WHERE id = 1",
            "select",
            "my-project.shop.orders",
            "",
            Low,
            '=',
        ),
        (Mssql, "SELECT * FROM OPENROWSET(BULK 'c:\\x', SINGLE_CLOB) AS a", "select network", "", "", Critical, '?'),
        (Snowflake, "SELECT SYSTEM$CANCEL_QUERY('x')", "select admin", "", "", High, '='),
    ]);
}

#[test]
fn aliases_lead_to_what_is_changed() {
    check(&[
        (Mysql, "DELETE a FROM t a JOIN b ON a.id = b.id WHERE b.x = 1", "delete", "b", "t", Medium, '='),
        (Mysql, "DELETE FROM a, b USING t a JOIN u b ON a.id = b.id WHERE a.x = 1", "delete", "", "t u", Medium, '='),
        (Mysql, "UPDATE t a JOIN u b ON a.id = b.id SET b.x = 1 WHERE a.id = 1", "update", "t", "u", Medium, '='),
        (Mssql, "UPDATE a SET x = 1 FROM dbo.t a WHERE a.id = 1", "update", "", "dbo.t", Medium, '='),
        (
            Mssql,
            "DELETE a FROM dbo.t AS a JOIN dbo.u u ON u.id = a.id WHERE u.x = 3",
            "delete",
            "dbo.u",
            "dbo.t",
            Medium,
            '=',
        ),
        (Mssql, "DELETE FROM a FROM dbo.t a WHERE a.id = 1", "delete", "", "dbo.t", Medium, '='),
        (Mssql, "DELETE dbo.t WHERE id = 1", "delete", "", "dbo.t", Medium, '='),
        (Mssql, "DELETE TOP (10) FROM dbo.t", "delete", "", "dbo.t", Medium, '='),
        (Mssql, "WITH c AS (SELECT TOP 5 * FROM t ORDER BY id) DELETE FROM c", "delete", "t", "t", High, '='),
        (
            Postgres,
            "UPDATE t AS a SET x = b.x FROM u b WHERE b.id = a.id AND a.id = 4",
            "update",
            "u",
            "t",
            Medium,
            '=',
        ),
        (Postgres, "DELETE FROM t USING u WHERE t.id = u.id AND u.gone = 1", "delete", "u", "t", Medium, '='),
    ]);
}

#[test]
fn one_batch_is_all_its_statements() {
    check(&[
        (Mssql, "SELECT 1 DROP TABLE users", "select drop", "", "users", High, '='),
        (
            Mssql,
            "SELECT * FROM a WHERE id = 1 DELETE FROM b UPDATE c SET x = 1 WHERE id = 3",
            "select update delete",
            "a",
            "b c",
            High,
            '=',
        ),
        (
            Mssql,
            "IF EXISTS (SELECT 1 FROM a) DROP TABLE a ELSE TRUNCATE TABLE b",
            "truncate drop block",
            "a",
            "a b",
            High,
            '=',
        ),
        (Mssql, "SELECT 1\nGO\nDROP TABLE a\ngo 5", "select drop", "", "a", High, '='),
        (Mssql, "INSERT INTO a SELECT * FROM b WHERE id = 1", "select insert", "b", "a", Medium, '='),
        (
            Mssql,
            "MERGE t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET x = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id);",
            "merge",
            "s",
            "t",
            Medium,
            '=',
        ),
        (Mssql, "EXEC xp_cmdshell 'dir'", "host_exec execute", "", "", Critical, '?'),
        (Mssql, "EXEC sp_executesql N'DELETE FROM users'", "delete dynamic execute", "", "users", High, '?'),
        (Mssql, "EXEC('DROP TABLE users')", "drop dynamic execute", "", "users", High, '?'),
        (Postgres, "DO $$ BEGIN DELETE FROM users; END $$", "delete block", "", "users", High, '?'),
        (Postgres, "DO LANGUAGE plpython3u $$ import os $$", "host_exec block", "", "", Critical, '?'),
        (Snowflake, "EXECUTE IMMEDIATE 'DROP TABLE users'", "drop dynamic", "", "users", High, '?'),
        (Bigquery, "BEGIN DELETE FROM d.t WHERE true; END", "delete block", "", "d.t", High, '?'),
        (Mysql, "PREPARE s FROM 'DELETE FROM users'", "delete dynamic prepare", "", "users", High, '?'),
        (Postgres, "EXECUTE s", "execute", "", "", High, '?'),
    ]);
}

#[test]
fn a_comment_that_some_versions_run_is_read_both_ways() {
    for text in [
        "SELECT 1 /*!; DROP TABLE users */",
        "SELECT 1 /*!50000 ; DROP TABLE users */",
        "SELECT 1 /*M!100100 ; DROP TABLE users */",
    ] {
        let facts = read(text, Mysql);
        assert!(facts.deeds.writes.contains("users"), "{text}");
        assert!(facts.reasons.contains(&Reason::ExecutableComment) && facts.risk >= High, "{text}");
    }
    let facts = read("DELETE FROM t /*!50000 WHERE id = 1 */", Mysql);
    assert!(facts.deeds.unbounded.contains("t") && !facts.complete);
    assert!(read("SELECT '/*! ; DROP TABLE users */'", Mysql).complete);
}

#[test]
fn a_condition_bounds_only_if_it_leaves_rows_out() {
    let open = [
        "1=1",
        "true",
        "id = id",
        "id = 1 or 1=1",
        "x is not null or x is null",
        "x is not null",
        "'a' = 'a'",
        "not false",
        "1",
        "2 > 1",
        "id > 0",
        "id <> -1",
        "id + 0 = id",
        "id = 1 or id <> 1",
        "id > 5 or id <= 5",
        "name like '%'",
        "exists (select 1)",
        "id in (select id from t)",
        "(1=1) and (2=2)",
        "not (id = 1 and id = 2)",
        "id * 0 = 0",
        "coalesce(1, id) = 1",
        "id between -1 and 9999999999",
        "a = b",
        "id not in (1)",
        "case when id = 1 then true else true end",
        "(id = id) = true",
        "length(name) >= 0",
    ];
    for condition in open {
        for dialect in [Postgres, Mysql, Sqlite, Snowflake, Bigquery] {
            let facts = read(&format!("DELETE FROM t WHERE {condition}"), dialect);
            assert!(facts.deeds.unbounded.contains("t") && facts.risk >= High, "{dialect:?} {condition} {facts:?}");
        }
    }
    let bound = [
        "id = 1",
        "id in (1, 2)",
        "name like 'a%'",
        "id = 1 and 1=1",
        "id > 5",
        "created_at > '2026-01-01'",
        "a = 1 or b = 2",
        "id between 3 and 5",
        "not (id <> 4)",
        "id in (select user_id from gone)",
        "x is null",
    ];
    for condition in bound {
        for dialect in [Postgres, Mysql, Sqlite, Mssql, Snowflake, Bigquery] {
            let facts = read(&format!("DELETE FROM t WHERE {condition}"), dialect);
            assert!(facts.deeds.unbounded.is_empty() && facts.risk == Medium, "{dialect:?} {condition} {facts:?}");
        }
    }
    assert!(read("DELETE FROM t WHERE @x = 1", Mysql).deeds.unbounded.contains("t"));
    assert!(read("DELETE FROM t WHERE id = @x", Mysql).deeds.unbounded.is_empty());
}

#[test]
fn a_limit_counts_where_it_binds() {
    let rows: [(Dialect, &str, Option<u64>); 18] = [
        (Postgres, "SELECT * FROM t LIMIT 5", Some(5)),
        (Postgres, "SELECT * FROM t LIMIT ALL", None),
        (Postgres, "SELECT * FROM t LIMIT NULL", None),
        (Postgres, "SELECT * FROM t LIMIT $1", None),
        (Postgres, "SELECT * FROM t LIMIT 2 + 3", None),
        (Postgres, "SELECT * FROM t FETCH FIRST 7 ROWS ONLY", Some(7)),
        (Postgres, "SELECT * FROM t FETCH FIRST 7 ROWS WITH TIES", None),
        (Postgres, "SELECT * FROM a, (SELECT * FROM t LIMIT 5) b", None),
        (Postgres, "SELECT * FROM (SELECT * FROM t LIMIT 5) b", Some(5)),
        (Postgres, "(SELECT * FROM a LIMIT 2) UNION ALL (SELECT * FROM b LIMIT 3)", Some(5)),
        (Postgres, "SELECT * FROM a LIMIT 2; SELECT * FROM b LIMIT 3", Some(5)),
        (Postgres, "SELECT * FROM a LIMIT 2; SELECT * FROM b", None),
        (Mysql, "SELECT * FROM t LIMIT 10, 5", Some(5)),
        (Mssql, "SELECT TOP 5 * FROM t", Some(5)),
        (Mssql, "SELECT TOP (5) PERCENT * FROM t", None),
        (Mssql, "SELECT TOP 5 WITH TIES * FROM t ORDER BY a", None),
        (Bigquery, "FROM d.t |> LIMIT 4", Some(4)),
        (Sqlite, "SELECT * FROM t LIMIT -1", None),
    ];
    for (dialect, sql, limit) in rows {
        assert_eq!(read(sql, dialect).limit, limit, "{dialect:?} {sql}");
    }
}

#[test]
fn what_leaves_comes_in_or_runs_is_named() {
    check(&[
        (Postgres, "COPY t TO PROGRAM 'curl x'", "export host_exec", "t", "", Critical, '='),
        (Postgres, "COPY t TO STDOUT", "export", "t", "", High, '='),
        (Postgres, "COPY (SELECT * FROM t LIMIT 3) TO STDOUT", "select export", "t", "", Medium, '='),
        (Postgres, "COPY t FROM '/etc/passwd'", "import file_io", "", "t", Critical, '='),
        (Postgres, "COPY t FROM STDIN", "import", "", "t", Medium, '='),
        (Mysql, "LOAD DATA LOCAL INFILE '/x' INTO TABLE t", "import file_io", "", "t", Critical, '='),
        (Mssql, "BULK INSERT dbo.t FROM 'c:\\x'", "import file_io", "", "dbo.t", Critical, '='),
        (Mssql, "BACKUP DATABASE x TO DISK = 'c:\\x'", "export file_io admin", "*", "", Critical, '='),
        (Sqlite, "ATTACH 'x.db' AS y", "file_io attach", "", "", Critical, '='),
        (Sqlite, "VACUUM INTO '/tmp/x'", "export file_io admin", "*", "", Critical, '='),
        (Sqlite, "PRAGMA table_info(users)", "setting", "", "", Low, '='),
        (Snowflake, "COPY INTO @s/x FROM users", "export", "users", "@s/x", Critical, '='),
        (Snowflake, "COPY INTO users FROM @s", "import", "@s", "users", Medium, '='),
        (
            Bigquery,
            "EXPORT DATA OPTIONS (uri = 'gs://x') AS SELECT * FROM d.t",
            "select export",
            "d.t",
            "",
            Critical,
            '=',
        ),
        (Postgres, "DROP DATABASE x", "drop", "", "*", Critical, '='),
        (Postgres, "SET ROLE admin", "role", "", "", Critical, '='),
        (Postgres, "GRANT admin TO bob", "grant role", "", "", Critical, '='),
        (Postgres, "GRANT SELECT ON t TO bob", "grant", "", "", High, '='),
        (Postgres, "CREATE VIEW v AS SELECT * FROM t", "select create", "t", "v", Medium, '='),
        (Mysql, "CREATE TABLE a SELECT * FROM b LIMIT 4", "select create", "b", "a", Medium, '='),
        (Mysql, "SET GLOBAL x = 1", "setting admin", "", "", High, '='),
        (Mysql, "HANDLER t READ FIRST", "select", "t", "", Low, '='),
        (Postgres, "BEGIN; COMMIT", "transaction", "", "", Low, '='),
    ]);
}

#[test]
fn what_cannot_be_read_says_so() {
    for text in ["SELEC * FRM t", "SELECT 'a", "SELECT /* a", "SELECT 1 \0", "\\! rm -rf /"] {
        for dialect in [Postgres, Mysql, Sqlite, Mssql, Snowflake, Bigquery] {
            let facts = read(text, dialect);
            assert!(!facts.complete && facts.risk >= High && !facts.reasons.is_empty(), "{dialect:?} {text} {facts:?}");
        }
    }
    for text in ["", "  \n", "-- nothing\n", "/* nothing */", ";;"] {
        let facts = read(text, Postgres);
        assert_eq!((facts.statements, facts.risk, facts.complete), (0, Low, true), "{text}");
    }
    assert!(read(&"x".repeat(300 * 1024), Postgres).reasons.contains(&Reason::TooLong));
    assert!(
        read(&format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)), Postgres).reasons.contains(&Reason::TooDeep)
    );
    assert!(read(&format!("SELECT 1{}", " + 1".repeat(3500)), Postgres).reasons.contains(&Reason::TooDeep));
}

#[test]
fn columns_are_given_where_their_relation_is_certain() {
    let facts =
        read("SELECT c.email, o.total FROM crm.customers c JOIN orders o ON o.cid = c.id WHERE o.id = 3", Postgres);
    assert_eq!(words(&facts.deeds.columns["crm.customers"]), "email id");
    assert_eq!(words(&facts.deeds.columns["orders"]), "cid id total");
    let facts = read("UPDATE users SET email = 'x' WHERE id = 1", Postgres);
    assert_eq!(words(&facts.deeds.columns["users"]), "email id");
    assert_eq!(words(&read("SELECT * FROM users LIMIT 1", Postgres).deeds.columns["users"]), "*");
    assert_eq!(words(&read("SELECT * FROM \"a.b\".c LIMIT 1", Postgres).deeds.reads), "\"a.b\".c");
}
