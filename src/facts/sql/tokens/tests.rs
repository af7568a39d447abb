use super::super::{Dialect, Kind, Reason};
use super::{Opinion, opinion};
use crate::facts::Risk;

const ALL: [Dialect; 6] =
    [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite, Dialect::Mssql, Dialect::Snowflake, Dialect::Bigquery];

fn kinds(text: &str, dialect: Dialect) -> Vec<Kind> {
    opinion(text, dialect).kinds.into_iter().collect()
}

fn doubts(text: &str, dialect: Dialect) -> Vec<Reason> {
    opinion(text, dialect).doubts.into_iter().collect()
}

#[test]
fn a_statement_is_known_by_its_first_word() {
    for dialect in ALL {
        assert_eq!(kinds("delete from t", dialect), [Kind::Delete]);
        assert_eq!(kinds("select 1; /* ; */ DeLeTe\nFROM t", dialect), [Kind::Delete]);
        assert_eq!(kinds("with a as (select 1) delete from t", dialect), [Kind::Delete]);
        assert_eq!(kinds("with a as (delete from t returning 1) select 1", dialect), [Kind::Delete]);
        assert_eq!(kinds("with a as (update t set b = 1 returning 1) select 1", dialect), [Kind::Update]);
        assert_eq!(kinds("drop table t", dialect), [Kind::Drop]);
        assert_eq!(kinds("create or replace view t as select 1", dialect), [Kind::Create]);
        assert_eq!(kinds("grant select on t to u", dialect), [Kind::Grant]);
        assert_eq!(opinion("select 1; select 2;;", dialect).statements, 2);
    }
}

#[test]
fn a_name_a_string_and_a_comment_are_no_statement() {
    for dialect in ALL {
        for text in [
            "select '; delete from t'",
            "select 'it''s; delete from t'",
            "select 1 -- ; delete from t",
            "select 1 /* ; delete from t */",
            "select \"delete\" from t",
            "select 1 as update_at, t.delete, grant_id from t",
            "select replace(a, 'b', 'c') from t",
            "select case when a then b else c end from t for update",
            "",
        ] {
            let said = opinion(text, dialect);
            assert_eq!(said.kinds.len(), 0, "{dialect:?}: {text}");
            assert_eq!(said.doubts.len(), 0, "{dialect:?}: {text}");
        }
    }
}

#[test]
fn each_dialect_ends_its_strings_and_comments_its_own_way() {
    let delete = [Kind::Delete];
    assert_eq!(kinds("select $a$ ; delete from t $a$", Dialect::Postgres), []);
    assert_eq!(kinds("select $a$ $b$ $a$; delete from t; --$b$", Dialect::Postgres), delete);
    assert_eq!(kinds(r"select E'\'; delete from t; --'", Dialect::Postgres), []);
    assert_eq!(kinds(r"select '\'; delete from t; --'", Dialect::Postgres), delete);
    assert_eq!(kinds("select E'a'\n'\\' ; ' ; delete from t; --'", Dialect::Postgres), delete);
    assert_eq!(kinds("/* /* */ delete from t */ select 1", Dialect::Postgres), []);
    assert_eq!(kinds("/* /* */ delete from t", Dialect::Mysql), delete);
    assert_eq!(kinds(r"select '\'; delete from t; -- '", Dialect::Mysql), []);
    assert_eq!(kinds("select 1 # ; delete from t", Dialect::Mysql), []);
    assert_eq!(kinds("select 1--; delete from t\n", Dialect::Postgres), []);
    assert_eq!(kinds("select 1--1; delete from t\n", Dialect::Mysql), delete);
    assert_eq!(kinds("select 1; /*!50000 delete */ from t", Dialect::Mysql), delete);
    assert_eq!(kinds("select 1; /*M!100100 delete */ from t", Dialect::Mysql), delete);
    assert_eq!(kinds("select \"; delete from t\"", Dialect::Mysql), []);
    assert_eq!(kinds("select [; delete from t]", Dialect::Mssql), []);
    assert_eq!(kinds("select [a]]; delete from t]", Dialect::Mssql), []);
    assert_eq!(kinds("select [a]]; delete from t", Dialect::Sqlite), delete);
    assert_eq!(kinds("select $$ ; delete from t $$", Dialect::Snowflake), []);
    assert_eq!(kinds("select 1 // ; delete from t", Dialect::Snowflake), []);
    assert_eq!(kinds("select '''a'; delete from t '''", Dialect::Bigquery), []);
    assert_eq!(kinds(r#"select r"\"; delete from t""#, Dialect::Bigquery), []);
    assert_eq!(kinds("select `; delete from t`", Dialect::Bigquery), []);
}

#[test]
fn a_plan_is_no_execution() {
    assert_eq!(kinds("explain delete from t", Dialect::Postgres), [Kind::Explain]);
    assert_eq!(kinds("explain analyze delete from t", Dialect::Postgres), [Kind::Delete, Kind::Explain]);
    assert_eq!(kinds("explain (costs off, analyze) delete from t", Dialect::Postgres), [Kind::Delete, Kind::Explain]);
    assert_eq!(kinds("explain (analyze on, analyze off) delete from t", Dialect::Postgres), [Kind::Explain]);
    assert_eq!(kinds("analyze format=json delete from t", Dialect::Mysql), [Kind::Delete]);
    assert_eq!(kinds("explain query plan delete from t", Dialect::Sqlite), [Kind::Explain]);
}

#[test]
fn statements_in_t_sql_need_nothing_between_them() {
    let said = |text| kinds(text, Dialect::Mssql);
    assert_eq!(said("select 1 delete from t"), [Kind::Delete]);
    assert_eq!(said("select * from a where b = 1 update t set c = 2"), [Kind::Update]);
    assert_eq!(said("if exists (select 1) drop table t"), [Kind::Drop]);
    assert_eq!(said("select 1\nGO\ndelete t"), [Kind::Delete]);
    assert_eq!(said("begin try delete t end try"), [Kind::Delete]);
    assert_eq!(said("create table t (a int references b on delete cascade on update set null)"), [Kind::Create]);
    assert_eq!(said("create procedure p as delete from t; drop table u"), [Kind::Create]);
    assert_eq!(said("create procedure p as delete from t\ngo\ndrop table u"), [Kind::Create, Kind::Drop]);
    assert_eq!(said("update statistics t"), []);
    assert_eq!(said("drop table if exists t"), [Kind::Drop]);
    assert_eq!(said("exec master..xp_cmdshell 'dir'"), [Kind::HostExec, Kind::Execute]);
    assert_eq!(said("[master]..[xp_cmdshell] 'dir'"), [Kind::HostExec]);
    assert_eq!(said("exec ('delete from t')"), [Kind::Dynamic]);
}

#[test]
fn what_reaches_out_is_critical() {
    let critical = |text, dialect| assert_eq!(opinion(text, dialect).risk, Risk::Critical, "{text}");
    critical("select pg_read_file('/etc/passwd')", Dialect::Postgres);
    critical("select \"pg_read_file\" /**/ ('/etc/passwd')", Dialect::Postgres);
    critical("copy t to program 'curl x'", Dialect::Postgres);
    critical("copy (select 1) to '/tmp/x'", Dialect::Postgres);
    critical("select 1 into/**/outfile '/tmp/x'", Dialect::Mysql);
    critical("select load_file('/etc/passwd')", Dialect::Mysql);
    critical("select load_extension('x')", Dialect::Sqlite);
    critical("select * from openrowset('a', 'b', 'c')", Dialect::Mssql);
    for text in ["select pg_read_file from t", "drop function pg_read_file(text)", "insert into dblink (a) values (1)"]
    {
        assert!(opinion(text, Dialect::Postgres).risk < Risk::Critical, "{text}");
    }
}

#[test]
fn kept_code_is_not_run() {
    let trigger =
        "create trigger a after insert on t begin delete from u; update v set w = case when 1 then 2 end; end";
    for dialect in [Dialect::Sqlite, Dialect::Mysql] {
        assert_eq!(kinds(trigger, dialect), [Kind::Create]);
        assert_eq!(kinds(&format!("{trigger}; delete from t"), dialect), [Kind::Delete, Kind::Create]);
    }
}

#[test]
fn what_readers_disagree_about_is_a_doubt() {
    assert_eq!(doubts("select 'a", Dialect::Postgres), [Reason::Unclosed]);
    assert_eq!(doubts("select /* a", Dialect::Sqlite), [Reason::Unclosed]);
    assert_eq!(doubts("select 1\0", Dialect::Sqlite), [Reason::Nul]);
    assert_eq!(doubts("select 'a\0'", Dialect::Sqlite), [Reason::Nul]);
    assert_eq!(doubts("select\u{a0}1", Dialect::Mssql), [Reason::Boundaries]);
    assert_eq!(doubts("select \u{2019}a\u{2019}", Dialect::Mssql), [Reason::Boundaries]);
    assert_eq!(doubts(r"select 'a\'", Dialect::Postgres), [Reason::ServerMode]);
    assert_eq!(doubts("select 1 /*! + 1 */", Dialect::Mysql), [Reason::ExecutableComment]);
    assert_eq!(doubts("\\! ls", Dialect::Postgres), [Reason::ClientCommand]);
    assert_eq!(doubts("select 'größe', \"naïve\", größe from 表", Dialect::Postgres), []);
}

#[test]
fn whatever_it_is_there_is_an_answer() {
    let pieces = [
        "'", "\"", "`", "[", "$a$", "/*", "*/", "--", "E'", "\\", "(", ";", "as (", "é", "\0", "q", "\n", "@", "begin ",
    ];
    for dialect in ALL {
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let Opinion { statements, .. } = opinion(&format!("{one}{two}{three}"), dialect);
                    assert!(statements <= 3);
                }
            }
        }
    }
}
