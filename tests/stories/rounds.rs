//! Questions that are answered later, elsewhere, twice or never.

use serde_json::{Value, json};

use crate::Story;
use crate::database::Database;
use crate::identity::{KEYS, make_key};
use crate::world::{Agent, MODERN, Plan, Told, World, answer, event, modern, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_ticket_works_once_for_whom_and_what_it_was_made", tickets),
    ("a_ticket_is_nobody_elses", strangers),
    ("a_ticket_outlives_the_gateway_that_made_it", restart),
    ("what_is_asked_at_one_gateway_is_answered_at_another", one_file),
    ("a_caller_cannot_leave_any_number_of_questions_open", crowded),
    ("ids_are_taken_for_as_long_as_somebody_waits", ids),
    ("a_client_that_leaves_with_a_question_takes_its_call_along", leaves),
];

/// Told where there is a Postgres: two gateways that listen share no SQLite file.
pub(crate) const WITH_POSTGRES: &[Story] = &[("postgres::two_replicas_answer_each_others_questions", one_database)];

/// The reply to what `ask` asks, with a ticket. It fits a server of either era.
fn reply(ticket: &str, arguments: &Value) -> Value {
    let said = json!({ "action": "accept", "content": { "name": "Ada" } });
    json!({ "name": "ask", "arguments": arguments, "inputResponses": { "name": said, "q": said }, "requestState": ticket })
}

fn ticket(asked: &Value) -> String {
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    asked["result"]["requestState"].as_str().unwrap().to_owned()
}

fn refused(answer: &Value, why: &str) {
    let said = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(said.contains("`requestState`") && said.contains(why), "{why}: {answer}");
}

const SPENT: &str = "used before, has expired, or belongs to another request or caller; send the call anew";
const ELSEWHERE: &str = "in another process of this gateway, or waited in one that has ended";

async fn asked(world: &World) -> String {
    ticket(&world.modern(1, "tools/call", json!({ "name": "ask", "arguments": {} })).await)
}

/// Whether the files of the database hold this text.
fn kept(world: &World, text: &str) -> bool {
    let files = ["book.db", "book.db-wal"].map(|name| std::fs::read(world.path(name)).unwrap());
    files.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

fn tickets() -> Told {
    // PRO-11, PRO-12
    Box::pin(async {
        let world = World::serving(MODERN).await;
        let state = asked(&world).await;
        assert!(kept(&world, "sha256:"), "this is where things are kept");
        assert!(
            !kept(&world, &state) && !kept(&world, "the server's own"),
            "neither ticket nor state can be read there"
        );
        let again = async |id, state: &str, arguments| world.modern(id, "tools/call", reply(state, &arguments)).await;
        for at in [0, 5, 6, state.len() - 1] {
            let other = if state.as_bytes()[at] == b'0' { "1" } else { "0" };
            let mut bent = state.clone();
            bent.replace_range(at..=at, other);
            refused(&again(2, &bent, json!({})).await, SPENT);
        }
        refused(&again(3, "the server's own", json!({})).await, SPENT);
        refused(&again(4, &state, json!({ "other": 1 })).await, SPENT);
        let answer = again(5, &state, json!({})).await;
        assert!(text(&answer).contains("Ada") && text(&answer).contains("the server's own"), "{answer}");
        refused(&again(6, &state, json!({})).await, SPENT);
        assert_eq!(world.ledger().len(), 2, "the question and the one good reply");
        let book = world.book().await;
        let rejected = book.iter().filter(|entry| event(entry) == "rejected");
        let classes: Vec<_> = rejected.map(|entry| entry["class"].as_str().unwrap().to_owned()).collect();
        assert_eq!(classes, vec!["rejected_state"; 7], "and every bad one is in the record");
        assert!(!kept(&world, &state), "nobody finds a ticket in the database");
    })
}

fn strangers() -> Told {
    // PRO-11
    Box::pin(async {
        let mut world = World::new(&Plan { http: KEYS.http, ..MODERN });
        let config = std::fs::read_to_string(world.path("countersign.toml")).unwrap();
        let (before, after) = config.split_once("[policy]").unwrap();
        let (http, story) = before.split_once("[servers.story]").unwrap();
        let story = format!("[servers.story]{story}");
        let twin = story.replace("servers.story", "servers.twin");
        world.write("countersign.toml", &format!("{http}{story}{twin}[policy]{after}"));
        world.serve().await;
        let (alice, bob) = (make_key(&world, "alice", &[]).await, make_key(&world, "bob", &[]).await);
        let ask = async |key: &str, path: &str, params: Value| {
            let body = modern(1, "tools/call", params);
            let post = world.request(reqwest::Method::POST, path).bearer_auth(key).body(body.to_string());
            let post =
                post.header("content-type", "application/json").header("accept", "application/json, text/event-stream");
            let post = post.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
            let reply = post.header("mcp-name", "ask").send().await.unwrap();
            answer(&reply.text().await.unwrap())
        };
        let state = ticket(&ask(&alice, "/mcp/story", json!({ "name": "ask", "arguments": {} })).await);
        refused(&ask(&bob, "/mcp/story", reply(&state, &json!({}))).await, SPENT);
        // The same tool of another server must not get this server's state.
        refused(&ask(&alice, "/mcp/twin", reply(&state, &json!({}))).await, SPENT);
        assert!(text(&ask(&alice, "/mcp/story", reply(&state, &json!({}))).await).contains("Ada"));
        assert_eq!(world.ledger().len(), 2);
    })
}

fn restart() -> Told {
    // PRO-12
    Box::pin(async {
        let mut world = World::serving(MODERN).await;
        let state = asked(&world).await;
        world.stop().await;
        world.serve().await;
        let answer = world.modern(2, "tools/call", reply(&state, &json!({}))).await;
        assert!(text(&answer).contains("Ada") && text(&answer).contains("the server's own"), "{answer}");
        world.stop().await;
        world.serve().await;
        refused(&world.modern(3, "tools/call", reply(&state, &json!({}))).await, SPENT);
        // A call ends with its gateway, and so does what it asked.
        let mut world = World::serving(Plan::default()).await;
        let state = asked(&world).await;
        world.stop().await;
        world.serve().await;
        refused(&world.modern(2, "tools/call", reply(&state, &json!({}))).await, ELSEWHERE);
        assert_eq!(world.ledger().len(), 1);
    })
}

/// A gateway, whichever way one speaks to it.
enum Door {
    Http(World),
    Stdio(Agent),
}

impl Door {
    async fn ask(&mut self, id: u64, params: Value) -> Value {
        match self {
            Self::Http(world) => world.modern(id, "tools/call", params).await,
            Self::Stdio(agent) => {
                agent.say(&modern(id, "tools/call", params).to_string()).await;
                agent.hear().await
            }
        }
    }
}

/// Two gateways on one store, in front of modern servers or of legacy ones.
async fn two(mut one: Door, mut two: Door, plan: &Plan) {
    let ask = json!({ "name": "ask", "arguments": {} });
    let state = ticket(&one.ask(1, ask).await);
    let reply = || reply(&state, &json!({}));
    if plan.env == MODERN.env {
        assert!(text(&two.ask(2, reply()).await).contains("the server's own"));
    } else {
        // The call waits where it was made: nobody else can answer it, and nobody takes the answer away.
        refused(&two.ask(2, reply()).await, ELSEWHERE);
        assert!(text(&one.ask(2, reply()).await).contains("Ada"));
        refused(&two.ask(3, reply()).await, ELSEWHERE);
    }
    refused(&one.ask(4, reply()).await, SPENT);
    if plan.env == MODERN.env {
        refused(&two.ask(5, reply()).await, SPENT);
    }
}

fn one_file() -> Told {
    // PRO-12
    Box::pin(async {
        for plan in [MODERN, Plan::default()] {
            let world = World::new(&plan);
            let (here, there) = (Agent::start(&world), Agent::start(&world));
            two(Door::Stdio(here), Door::Stdio(there), &plan).await;
        }
    })
}

fn one_database() -> Told {
    // PRO-12
    Box::pin(async {
        for (number, plan) in [MODERN, Plan::default()].into_iter().enumerate() {
            let database = Database::make(&format!("rounds_{number}")).await;
            let mut doors = Vec::new();
            for _ in 0..2 {
                let mut world = World::new(&plan);
                database.keeps(&world);
                world.serve().await;
                doors.push(Door::Http(world));
            }
            let there = doors.pop().unwrap();
            two(doors.pop().unwrap(), there, &plan).await;
            database.remove().await;
        }
    })
}

fn crowded() -> Told {
    Box::pin(async {
        for plan in [MODERN, Plan::default()] {
            let legacy = plan.env != MODERN.env;
            let world = World::serving(plan).await;
            let ask = async |id| world.modern(id, "tools/call", json!({ "name": "ask", "arguments": {} })).await;
            let mut state = String::new();
            for id in 1..=64 {
                state = ticket(&ask(id).await);
            }
            let one_more = ask(65).await;
            if legacy {
                // The server hears that nobody can be asked, and answers as it likes.
                assert!(text(&one_more).contains("null"), "{one_more}");
            } else {
                let said = one_more["error"]["message"].as_str().unwrap();
                assert!(said.contains("64 questions are open for this caller; answer some first"), "{said}");
                world.modern(66, "tools/call", reply(&state, &json!({}))).await;
                ticket(&ask(67).await);
            }
        }
    })
}

fn ids() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let echo = || json!({ "name": "echo", "arguments": {} });
        for _ in 0..2 {
            let state = asked(&world).await;
            // The client has its answer to 1. Another one of the same caller may count as it does.
            assert_eq!(text(&world.modern(1, "tools/call", echo()).await), "{}");
            let answer = world.modern(2, "tools/call", reply(&state, &json!({}))).await;
            assert!(text(&answer).contains("Ada"), "{answer}");
        }
        let state = asked(&world).await;
        let hanging = world.modern_post(2, "tools/call", json!({ "name": "hang", "arguments": {} }));
        let hanging = tokio::spawn(hanging.send());
        while !world.ledger().iter().any(|call| call["params"]["name"] == "hang") {
            tokio::task::yield_now().await;
        }
        // Nor does it matter to a ticket that another one has an open request with the same id.
        let answer = world.modern(2, "tools/call", reply(&state, &json!({}))).await;
        assert!(text(&answer).contains("Ada"), "{answer}");
        hanging.abort();
    })
}

fn leaves() -> Told {
    Box::pin(async {
        let world = World::new(&Plan::default());
        let mut agent = Agent::start(&world);
        agent.say(&modern(1, "tools/call", json!({ "name": "ask", "arguments": {} })).to_string()).await;
        ticket(&agent.hear().await);
        assert_eq!(agent.leave().await, 0);
        // The server hears that nobody will answer; whether it still says something to that decides how the call ends.
        let events = world.events().await;
        assert!(events.last().is_some_and(|event| event == "finished" || event == "cancelled"), "{events:?}");
    })
}
