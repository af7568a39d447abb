//! What calls say, read as the gateway reads them.

mod bypass;

use std::collections::BTreeMap;

use super::*;
use crate::facts::automatic::Start;
use crate::facts::plan::{Currency, Money as Amount, Plan, Told};
use crate::facts::resource::{Entry, Pattern, Tags};
use crate::wire::reader;

fn value(arguments: &str) -> Value {
    reader::strict(arguments.as_bytes(), &reader::Limits::REQUEST).unwrap()
}

fn told(told: &[(&str, Kind)]) -> Told {
    told.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect()
}

fn plan(server: &[(&str, Kind)], tool: &[(&str, Kind)]) -> Plan {
    Plan::new(&told(server), &BTreeMap::from([("pay".to_owned(), told(tool))]), &Start::unknown())
}

fn started(line: &str) -> Plan {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    Plan::new(&Told::new(), &BTreeMap::new(), &Start::of_program(&words[0], &words[1..], "/srv"))
}

fn look(plan: &Plan, tool: &str, arguments: &str, catalogue: &Catalogue) -> Facts {
    let arguments = value(arguments);
    let asked = Asked { server: "s", tool: Some(tool), address: None, arguments: Some(&arguments) };
    read(&asked, plan.of_tool(tool), catalogue)
}

fn facts(plan: &Plan, tool: &str, arguments: &str) -> Facts {
    look(plan, tool, arguments, &Catalogue::default())
}

fn sql() -> Kind {
    Kind::Sql(sql::Dialect::Postgres)
}

#[test]
fn arguments_that_say_nothing_cost_no_facts() {
    let facts = facts(&plan(&[], &[]), "t", r#"{"query":"cats","name":"x","count":3,"deep":{"er":[1,{"a":"b"}]}}"#);
    assert!(facts.is_nothing(), "{facts:?}");
    assert!(facts.bytes > 40);
}

#[test]
fn what_the_operator_says_counts_and_names_say_the_rest() {
    let plan = plan(&[("query", sql()), ("/deep/link", Kind::Url), ("note_path", Kind::Nothing)], &[]);
    let facts = facts(
        &plan,
        "t",
        r#"{"query":"select 1","deep":{"link":"https://a.example/x","file":"/a"},"note_path":"/etc/shadow","target_file":"/b"}"#,
    );
    assert_eq!(facts.sql.as_ref().unwrap().arguments, ["/query"]);
    assert_eq!(facts.sql.as_ref().unwrap().dialect, Some(sql::Dialect::Postgres));
    let at = |facts: &[Url]| facts.iter().map(|url| url.argument.clone()).collect::<Vec<_>>();
    assert_eq!(at(&facts.urls), ["/deep/link"]);
    let paths: Vec<(&str, &str)> =
        facts.paths.iter().map(|path| (path.argument.as_str(), path.facts.path.as_str())).collect();
    assert_eq!(paths, [("/deep/file", "/a"), ("/target_file", "/b")]);
    assert_eq!(facts.paths[1].raw, "/b");
}

#[test]
fn names_reach_one_level_inside_and_lists_count_one_by_one() {
    let plan = plan(&[], &[]);
    let facts = facts(
        &plan,
        "t",
        r#"{"paths":["/a","/b"],"edits":[{"path":"/c","text":"x"}],"options":{"cwd":"/d","more":{"path":"/e"}},"files":3,"link":true}"#,
    );
    let paths: Vec<&str> = facts.paths.iter().map(|path| path.argument.as_str()).collect();
    assert_eq!(paths, ["/paths/0", "/paths/1", "/edits/0/path", "/options/cwd"]);
    assert!(facts.complete);
}

#[test]
fn an_argument_that_is_not_what_it_is_said_to_be_is_not_passed_over() {
    let kinds = [sql(), Kind::Shell(shell::Dialect::Bash), Kind::Path(Paths::default()), Kind::Url];
    for kind in kinds {
        let plan = plan(&[("x", kind.clone())], &[]);
        for other in [r#"{"x":7}"#, r#"{"x":{"sql":"drop table a"}}"#, r#"{"x":[["a"]]}"#, r#"{"x":false}"#] {
            let facts = facts(&plan, "t", other);
            assert!(!facts.complete && facts.risk >= Risk::High, "{kind:?} {other}: {facts:?}");
            assert!(serde_json::to_string(&facts).unwrap().contains("not_text"), "{kind:?} {other}");
        }
        assert!(facts(&plan, "t", r#"{"x":null,"y":1}"#).is_nothing());
    }
}

#[test]
fn sql_in_nobody_knows_which_dialect_may_do_anything() {
    let facts = facts(&plan(&[], &[]), "t", r#"{"sql":"select 1","statements":["a"]}"#);
    let sql = facts.sql.unwrap();
    assert_eq!((sql.risk, sql.complete, sql.dialect), (Risk::High, false, None));
    assert!(sql.reasons.contains(&merged_doubt(Doubt::DialectUnknown)));
    assert!(sql.deeds.writes.contains("*"));
    assert_eq!(sql.arguments, ["/sql", "/statements/0"]);
    assert_eq!(facts.resources.len(), 4, "{:?}", facts.resources);
}

fn merged_doubt(doubt: Doubt) -> super::super::merged::SqlDoubt {
    super::super::merged::SqlDoubt::Argument(doubt)
}

#[test]
fn a_command_by_its_name_is_read_and_words_apart_are_not_overlooked() {
    let plan = plan(&[], &[]);
    let facts = |arguments: &str| facts(&plan, "t", arguments).shell.unwrap();
    assert!(facts(r#"{"command":"ls -l"}"#).complete);
    let apart = facts(r#"{"command":"rm","args":["-rf","/"]}"#);
    assert!(!apart.complete && apart.risk >= Risk::High);
    assert!(!facts(r#"{"command":["rm","-rf"]}"#).complete);
}

#[test]
fn money_is_what_the_tool_is_said_to_move() {
    let amount =
        |currency: &str| Kind::Money(Amount { currency: Currency::At(currency.to_owned()), unit: money::Unit::Minor });
    let plan = plan(&[("fee", amount("/currency"))], &[("amount", amount("/currency"))]);
    let pay = |arguments: &str| facts(&plan, "pay", arguments).money;
    let paid = pay(r#"{"amount":1250,"currency":"EUR"}"#).unwrap();
    assert_eq!(
        (paid.facts.amount, paid.facts.decimal.as_deref(), paid.argument.as_str()),
        (Some(1250), Some("12.50"), "/amount")
    );
    assert!(!pay(r#"{"currency":"EUR"}"#).unwrap().facts.complete, "a payment that names no amount");
    let large = pay(r#"{"amount":"99999999999999999999999","currency":"EUR"}"#).unwrap();
    assert_eq!((large.facts.amount, large.facts.complete), (None, false));
    assert!(facts(&plan, "other", "{}").money.is_none());
    let both = facts(&plan, "pay", r#"{"amount":1,"fee":2,"currency":"EUR"}"#);
    assert!(both.reasons.contains(&Reason::TooMany));
}

#[test]
fn known_servers_are_read_by_their_own_names() {
    let files = started("npx -y @modelcontextprotocol/server-filesystem /srv/work");
    let facts_of = |plan: &Plan, tool: &str, arguments: &str| facts(plan, tool, arguments);
    let inside = facts_of(&files, "read_file", r#"{"path":"/srv/work/a"}"#);
    assert_eq!(inside.paths[0].facts.root.as_deref(), Some("/srv/work"));
    assert_eq!((inside.resources[0].access, inside.risk), (Access::Read, Risk::Low));
    let moved = facts_of(&files, "move_file", r#"{"source":"/srv/work/a","destination":"/srv/work/../b"}"#);
    assert!(moved.paths[1].facts.escapes && moved.risk == Risk::High);
    assert_eq!(moved.resources[0].access, Access::Write);
    let searched = facts_of(&files, "search_files", r#"{"path":"/srv/work","pattern":"*.rs","excludePatterns":["x"]}"#);
    assert!(searched.complete && searched.paths.len() == 1);
    let lite = started("uvx mcp-server-sqlite --db-path /x.db");
    assert_eq!(
        facts_of(&lite, "read_query", r#"{"query":"select 1"}"#).sql.unwrap().dialect,
        Some(sql::Dialect::Sqlite)
    );
    let github = started("npx -y @modelcontextprotocol/server-github");
    let hub = facts_of(&github, "get_file_contents", r#"{"owner":"acme","repo":"site","path":"src/a.rs"}"#);
    assert!(hub.paths.is_empty());
    assert_eq!((hub.resources[0].kind, hub.resources[0].name.as_str()), (Thing::Repository, "acme/site"));
    assert!(
        facts_of(&started("npx -y @modelcontextprotocol/server-memory"), "t", r#"{"path":"/a","sql":"x"}"#)
            .is_nothing()
    );
    let page = facts_of(&started("uvx mcp-server-fetch"), "fetch", r#"{"url":"http://169.254.169.254/"}"#);
    assert_eq!(page.risk, Risk::Critical);
}

#[test]
fn the_address_of_a_resource_is_read() {
    let plan = plan(&[], &[]);
    let look = |address: &str| {
        let asked = Asked { server: "s", tool: None, address: Some(address), arguments: None };
        read(&asked, plan.of_tool(""), &Catalogue::default())
    };
    let file = look("file:///srv/a%20b");
    assert_eq!((file.paths[0].facts.path.as_str(), file.paths[0].argument.as_str()), ("/srv/a b", "target"));
    assert!(file.complete);
    assert!(!look("file:///srv/%2e%2e/etc/shadow").complete);
    assert_eq!(look("file:///etc/shadow").risk, Risk::High);
    assert_eq!(look("file:///C:/x/y").paths[0].facts.path, "c:/x/y");
    assert!(look("memory://notes/1").paths.is_empty());
}

#[test]
fn what_is_touched_is_joined_with_what_is_known_of_it() {
    let entry = |kind, pattern, word: &str| Entry {
        pattern: Pattern::read(kind, pattern).unwrap(),
        server: None,
        tags: Tags { zone: word.to_owned(), ..Tags::default() },
    };
    let catalogue = Catalogue::new(vec![
        entry(Thing::Host, "good.example", "eu"),
        entry(Thing::Path, "/srv/**", "us"),
        entry(Thing::Tool, "s/t", "everywhere"),
    ])
    .unwrap();
    let zones = |arguments: &str| {
        let facts = look(&plan(&[], &[]), "t", arguments, &catalogue);
        facts
            .resources
            .iter()
            .map(|resource| format!("{}={}", resource.name, resource.tags.zone))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        zones(r#"{"url":"https://good.example/x","path":"/srv/a"}"#),
        "good.example=eu /srv/a=us s/t=everywhere"
    );
    // What another client may read as another host says nothing of this one.
    assert_eq!(zones(r#"{"url":"https://good.example\\@evil.example/"}"#), "good.example=unknown s/t=everywhere");
    assert_eq!(zones(r#"{"path":"/srv/%2e%2e/etc"}"#), "/srv/%2e%2e/etc=unknown s/t=everywhere");
    assert_eq!(
        zones(r#"{"command":"curl -o /srv/x https://good.example"}"#),
        "good.example=eu /srv/x=us s/t=everywhere"
    );
    assert_eq!(zones("{}"), "s/t=everywhere");
}

#[test]
fn there_is_an_end_to_everything() {
    let many = |name: &str, count: usize| format!("{{\"{name}\":[{}\"/a\"]}}", "\"/a\",".repeat(count));
    for (name, count) in [("paths", MOST), ("urls", MOST)] {
        let facts = facts(&plan(&[], &[]), "t", &many(name, count));
        assert!(!facts.complete && facts.reasons.contains(&Reason::TooMany) && facts.risk >= Risk::High);
        assert!(facts.paths.len() <= MOST && facts.urls.len() <= MOST);
    }
    let facts = facts(&plan(&[("q", sql())], &[]), "t", &many("q", MOST));
    assert!(!facts.complete && facts.sql.unwrap().arguments.len() <= MOST);
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let facts = facts(&plan(&[], &[]), "t", r#"{"text":"key AKIAIOSFODNN7EXAMPLE","a":{"password":"k9#mQ2xv81Lp"}}"#);
    assert_eq!(facts.secrets.len(), 2, "{:?}", facts.secrets);
    assert_eq!(facts.risk, Risk::High);
    assert!(facts.complete);
}
