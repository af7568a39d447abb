//! What is read out of arguments, and what is known of the things a call touches.

use serde_json::{Value, json};

use crate::Story;
use crate::world::{Plan, Told, World, event, text};

pub(crate) const STORIES: &[Story] = &[
    ("sql_is_judged_by_what_it_does", by_deed),
    ("the_same_verb_on_two_tables_decides_differently", by_table),
    ("a_zone_is_not_crossed_and_an_unknown_one_is_the_strictest", by_zone),
    ("a_new_catalogue_comes_into_force_and_a_bad_one_does_not", new_catalogue),
    ("without_a_fit_catalogue_nothing_starts", bad_catalogue),
];

const SQL: &str = "facts.query = { sql = \"postgres\" }";

const CATALOGUE: &str = "[catalogue]\nfiles = [\"catalogue.toml\"]\n";

const TABLES: &str = r#"
[[resource]]
table = "crm.customers"
sensitivity = "personal"
zone = "eu"

[[resource]]
table = "crm.products"
sensitivity = "public"
zone = "eu"

[[resource]]
table = "us.orders"
sensitivity = "public"
zone = "us"
"#;

/// A gateway with a catalogue, in the zone `eu`.
async fn serving(policy: &'static str, catalogue: &str) -> World {
    let mut world = prepared(policy, catalogue);
    world.serve().await;
    world
}

fn prepared(policy: &'static str, catalogue: &str) -> World {
    let world = World::new(&Plan { policy, server: SQL, more: CATALOGUE, ..Plan::default() });
    let config = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
    world.write("countersign.toml", &format!("zone = \"eu\"\n{config}"));
    world.write("catalogue.toml", catalogue);
    world
}

/// The class of a refusal, or nothing when the call ran.
fn class(answer: &Value) -> Option<&str> {
    answer["result"]["_meta"]["dev.countersign/refusal"]["class"].as_str()
}

fn by_deed() -> Told {
    // B04
    Box::pin(async {
        let policy = "package countersign.sql\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            deny contains {\"id\": \"write\", \"reason\": \"Nothing is written ({facts.sql.writes}).\"} if {\n\
            \tcount(input.facts.sql.writes) > 0\n}\n\n\
            hold contains {\"id\": \"unread\", \"reason\": \"Nobody can say what it does.\", \"reviewers\": [\"group:ops\"]} if {\n\
            \tinput.facts.complete == false\n}\n";
        let world = World::serving(Plan { policy, server: SQL, ..Plan::default() }).await;
        let session = world.session(json!({})).await;
        let mut id = 0;
        let mut told = Vec::new();
        for query in [
            json!("SELECT name FROM shop.items WHERE id = 7 LIMIT 1"),
            json!("select 'delete from shop.items' as told from shop.items where id = 7 limit 1 -- drop table x"),
            json!("WITH gone AS (DELETE FROM shop.items RETURNING *) SELECT * FROM gone"),
            json!("/* harmless */ TRUNCATE shop.items"),
            json!("SELEC name FRO shop.items"),
            json!({ "text": "DROP TABLE shop.items" }),
        ] {
            id += 1;
            let answer = session.call(id, "echo", json!({ "query": query })).await;
            told.push(class(&answer).map(str::to_owned));
            if id == 4 {
                assert!(text(&answer).contains("Nothing is written (shop.items)."), "{answer}");
            }
        }
        let told: Vec<&str> = told.iter().map(|class| class.as_deref().unwrap_or("ran")).collect();
        assert_eq!((&told[..2], told[3]), (&["ran", "ran"][..], "denied"));
        // What was read certainly is denied; what was not is held, and never runs.
        assert!(told[2..].iter().all(|class| matches!(*class, "held" | "denied")), "{told:?}");
        assert_eq!(world.ledger().len(), 2);
    })
}

fn by_table() -> Told {
    // A10
    Box::pin(async {
        let policy = "package countersign.data\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            deny contains {\"id\": \"sensitive\", \"reason\": \"This data is {facts.resources.*.sensitivity}.\"} if {\n\
            \tsome resource in input.facts.resources\n\tresource.sensitivity != \"public\"\n}\n";
        let world = serving(policy, TABLES).await;
        let session = world.session(json!({})).await;
        let read = |table: &str| json!({ "query": format!("SELECT name FROM {table} WHERE id = 7 LIMIT 1") });
        for (id, table, runs) in [
            (1, "crm.products", true),
            (2, "crm.customers", false),
            (3, "CRM.Customers", false),
            (4, "\"crm\".\"customers\"", false),
            (5, "crm.products p JOIN crm.customers c ON c.id = p.id", false),
            (6, "crm.payroll", false),
        ] {
            let answer = session.call(id, "echo", read(table)).await;
            assert_eq!(class(&answer), (!runs).then_some("denied"), "{table}: {answer}");
        }
        let book = world.book().await;
        let decided: Vec<&Value> = book.iter().filter(|entry| event(entry) == "decided").collect();
        assert!(
            decided.iter().all(|entry| entry["catalogue"].as_str().is_some_and(|name| name.starts_with("sha256:")))
        );
    })
}

fn by_zone() -> Told {
    // A11
    Box::pin(async {
        let policy = "package countersign.zones\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            hold contains {\"id\": \"crossing\", \"reason\": \"This leaves the zone {zone}.\", \"reviewers\": [\"group:ops\"]} if {\n\
            \tsome resource in input.facts.resources\n\tresource.zone != input.zone\n}\n";
        let world = serving(policy, TABLES).await;
        let session = world.session(json!({})).await;
        let read = |table: &str| json!({ "query": format!("SELECT name FROM {table} WHERE id = 7 LIMIT 1") });
        for (id, arguments, runs) in [
            (1, read("crm.customers"), true),
            (2, read("us.orders"), false),
            (3, read("crm.payroll"), false),
            (4, json!({ "url": "https://somewhere.example/" }), false),
            (5, json!({ "note": "hello" }), true),
        ] {
            let answer = session.call(id, "echo", arguments).await;
            assert_eq!(class(&answer), (!runs).then_some("held"), "{answer}");
            assert!(runs || text(&answer).contains("This leaves the zone eu."), "{answer}");
        }
    })
}

fn new_catalogue() -> Told {
    // A12
    Box::pin(async {
        let policy = "package countersign.data\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n\n\
            deny contains {\"id\": \"unknown\", \"reason\": \"Nobody knows this.\"} if {\n\
            \tsome resource in input.facts.resources\n\tresource.known == false\n}\n";
        let host = "[[resource]]\nhost = \"*.acme.example\"\n";
        let mut world = serving(policy, "").await;
        let id = world.session(json!({})).await.id;
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": { "name": "echo", "arguments": { "url": "https://www.acme.example/" } } });
        let ask = async |world: &World| {
            let reply = world.post(call.to_string()).header("mcp-session-id", &id).send().await.unwrap();
            reply.text().await.unwrap()
        };
        assert!(ask(&world).await.contains("Nobody knows this."));
        world.write("catalogue.toml", host);
        world.logged("a new catalogue is in force").await;
        assert!(!ask(&world).await.contains("Nobody knows this."));
        world.write("catalogue.toml", "[[resource]]\nhots = \"x\"\n");
        assert!(world.logged("the old one stays in force").await.contains("did you mean `host`?"));
        assert!(!ask(&world).await.contains("Nobody knows this."));
        let operated: Vec<String> = world
            .book()
            .await
            .iter()
            .filter(|entry| event(entry) == "operated")
            .map(|entry| entry["what"].as_str().unwrap().to_owned())
            .collect();
        assert!(
            operated.contains(&"catalogue_loaded".to_owned()) && operated.contains(&"catalogue_refused".to_owned())
        );
    })
}

fn bad_catalogue() -> Told {
    Box::pin(async {
        let world = prepared(crate::world::POLICY, "[[resource]]\ntable = \"a\"\n[[resource]]\ntable = \"A\"\n");
        let (code, told) = world.run(&["serve"]).await;
        assert_eq!(code, 1, "{told}");
        assert!(
            told.contains("catalogue.toml:4") && told.contains("catalogue.toml:2 says something of the same"),
            "{told}"
        );
        let (_, told) = world.run(&["check"]).await;
        assert!(told.contains("catalogue.toml:4"), "{told}");
    })
}
