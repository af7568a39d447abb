use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::call::caller::{Caller, Proof};
use crate::call::{Action, Call, CallId, Parts};
use crate::clock::Timestamp;
use crate::credentials::postgres::ceiling::Ceiling;
use crate::facts::automatic::Start;
use crate::facts::plan::{Kind as Reads, Plan, Told};
use crate::facts::reading::{self, Asked as Read};
use crate::facts::resource::Catalogue;
use crate::facts::sql::Dialect;
use crate::object;
use crate::policy::finding::require::Credential;
use crate::policy::finding::span::Span;
use crate::secret::Secret;

fn options() -> Options {
    let line = |relation: &str, verbs: &str| {
        let verbs: BTreeSet<Verb> = verbs.split(' ').map(|word| Verb::of(word).unwrap()).collect();
        (Relation::of(relation, "public").unwrap(), verbs)
    };
    Options {
        url: Secret::new("postgres://localhost/x".to_owned()),
        schema: "public".to_owned(),
        ceiling: Ceiling::new([
            line("public.orders", "select insert update"),
            line("public.*", "select"),
            line("audit.log", "insert"),
        ]),
        statement_timeout: std::time::Duration::from_secs(30),
        connections: 2,
    }
}

/// The lines people are shown, or why there is no role.
fn planned(sql: Option<&str>, scope: Option<&str>) -> Result<String, String> {
    let caller =
        Caller { principal: "os:a".into(), agent: None, user: None, groups: Vec::new(), proof: Proof::Nothing };
    let arguments = sql.map_or_else(crate::wire::json::Object::new, |sql| object! { "sql" => sql });
    let call = Call::new(Parts {
        id: CallId::from_record("c"),
        caller: caller.into(),
        server: "db".into(),
        action: Action::Tool("query".to_owned()),
        params: object! { "name" => "query", "arguments" => arguments },
        tool: None,
        naming: crate::digest::Naming::new([5; 32]),
        arrived: Timestamp::default(),
    });
    let told = Told::from([("sql".to_owned(), Reads::Sql(Dialect::Postgres))]);
    let plan = Plan::new(&told, &BTreeMap::new(), &Start::unknown());
    let read = Read { server: "db", tool: Some("query"), address: None, arguments: call.params.get("arguments") };
    let facts = reading::read(&read, plan.of_tool("query"), &Catalogue::default());
    let credential = Credential { provider: "orders".to_owned(), scope: scope.map(str::to_owned), ttl: None };
    let asked = Asked { credential: &credential, ttl: Span::of_seconds(60).unwrap() };
    let planned = super::plan(&options(), &asked, &About { call: &call, facts: &facts });
    planned.map(|planned| planned.reaches.join("; ")).map_err(|unfit| unfit.to_string())
}

#[test]
fn a_role_gets_what_the_statement_names_and_nothing_else() {
    // A42.
    for (sql, rights) in [
        ("SELECT * FROM items", "select on public.items"),
        ("SELECT * FROM Items JOIN orders USING (id)", "select on public.items; select on public.orders"),
        ("UPDATE orders SET paid = true WHERE id = 3", "select, update on public.orders"),
        ("INSERT INTO orders (id) SELECT id FROM items", "select on public.items; insert on public.orders"),
        ("INSERT INTO audit.log VALUES (1)", "insert on audit.log"),
    ] {
        assert_eq!(planned(Some(sql), None).as_deref(), Ok(rights), "{sql}");
    }
}

#[test]
fn what_is_more_than_allowed_or_not_certain_gets_no_role() {
    for (sql, why) in [
        ("DELETE FROM orders WHERE id = 3", "delete on public.orders"),
        ("UPDATE items SET price = 0 WHERE id = 1", "update on public.items"),
        ("SELECT * FROM secret.keys", "select on secret.keys"),
        ("DROP TABLE orders", "more than read and change rows"),
        ("SELECT pg_read_file('/etc/passwd')", "pg_read_file"),
        ("SELECT * FROM", "for certain"),
        ("DO $$ BEGIN DELETE FROM orders; END $$", "role"),
    ] {
        let told = planned(Some(sql), None).unwrap_err();
        assert!(told.contains(why), "{sql}: {told}");
    }
}

#[test]
fn a_scope_speaks_where_there_is_no_statement_and_bounds_where_there_is_one() {
    assert_eq!(planned(None, Some("select, update on orders")).as_deref(), Ok("select, update on public.orders"));
    assert!(planned(None, None).unwrap_err().contains("no `scope`"));
    for bad in ["select", "drop on public.orders", "select on public.*", "select on a.b.c", "select on \"x\""] {
        assert!(planned(None, Some(bad)).unwrap_err().contains("is no scope"), "{bad}");
    }
    // CRE-02: the statement needs more than the rule lets it have.
    let told = planned(Some("UPDATE orders SET paid = true WHERE id = 3"), Some("select on public.orders"));
    assert!(told.unwrap_err().contains("update on public.orders, which is more than the rule's scope"));
    assert!(planned(Some("SELECT 1 FROM items"), Some("select on public.items")).is_ok());
}
