//! What happens to a call whose client does not wait for its answer?

use std::time::Duration;

use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::identity::make_key;
use crate::waiting::{id, waiting, waits_for_ada, world};
use crate::world::{Session, Told, World, answer, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_client_that_takes_tasks_has_a_handle_at_once_and_the_result_later", directed),
    ("a_task_that_was_denied_is_completed_and_says_why", denied),
    ("a_task_goes_on_after_the_gateway_was_killed", survives),
    ("a_task_that_is_cancelled_never_runs", cancelled),
    ("tasks_are_for_those_who_said_that_they_take_them", undeclared),
    ("a_client_that_listens_hears_the_end_of_its_task", listens),
    ("a_client_of_2025_11_25_asks_for_a_task_and_waits_for_its_result", wanted),
    ("a_model_goes_on_waiting_by_a_reference", referred),
    ("a_reference_is_worth_nothing_to_anybody_else", stolen),
];

/// A client of the extension.
async fn ask(world: &World, number: u64, method: &str, params: Value) -> Value {
    let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let reply = world.modern_post_as(&capabilities, number, method, params).send().await.unwrap();
    answer(&reply.text().await.unwrap())
}

/// A call that became a task: the task's id and the id of the call that waits.
async fn task(world: &World, arguments: Value) -> (String, String) {
    let made = ask(world, 1, "tools/call", json!({ "name": "echo", "arguments": arguments })).await;
    assert_eq!(
        (&made["result"]["resultType"], &made["result"]["status"]),
        (&json!("task"), &json!("working")),
        "{made}"
    );
    let call = id(&waiting(world, 1).await[0]).to_owned();
    assert!(made["result"]["statusMessage"].as_str().unwrap().contains(&call), "{made}");
    (made["result"]["taskId"].as_str().unwrap().to_owned(), call)
}

/// What a task came to, once it has.
async fn end(world: &World, task: &str) -> Value {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    loop {
        looks.tick().await;
        let found = ask(world, 2, "tasks/get", json!({ "taskId": task })).await;
        assert_eq!(found["result"]["resultType"], "complete", "{found}");
        if found["result"]["status"] != "working" {
            return found["result"].clone();
        }
    }
}

async fn approve(world: &World, call: &str) {
    let (code, told) = world.run(&["approvals", "approve", call]).await;
    assert_eq!(code, 0, "{told}");
}

fn directed() -> Told {
    // B01, PRO-14
    Box::pin(async {
        let world = world("30s").await;
        let hello = ask(&world, 1, "server/discover", json!({})).await;
        let declared = &hello["result"]["capabilities"]["extensions"]["io.modelcontextprotocol/tasks"];
        assert!(declared.is_object(), "{hello}");
        let three = json!({ "content": [{ "type": "text", "text": "3" }] });
        let at_once = ask(&world, 1, "tools/call", json!({ "name": "reply", "arguments": { "result": three } })).await;
        assert_eq!(text(&at_once), "3", "a call that waits for nobody is no task: {at_once}");
        let (task, call) = task(&world, json!({ "a": 1 })).await;
        assert_eq!(world.ledger().len(), 1, "nothing was sent before somebody agreed");
        let update = json!({ "taskId": task, "inputResponses": { "q": { "action": "accept", "content": { "approve": true } } } });
        let ignored = ask(&world, 3, "tasks/update", update).await;
        assert_eq!(ignored["result"]["resultType"], "complete", "{ignored}");
        let found = ask(&world, 4, "tasks/get", json!({ "taskId": task })).await;
        assert_eq!(found["result"]["status"], "working", "the agent cannot agree for people: {found}");
        approve(&world, &call).await;
        let end = end(&world, &task).await;
        assert_eq!(end["status"], "completed", "{end}");
        assert_eq!(end["result"]["content"][0]["text"], r#"{"a":1}"#, "{end}");
        assert!(end["ttlMs"].is_u64() && end["pollIntervalMs"].is_u64(), "{end}");
        assert_eq!(world.ledger().len(), 2);
    })
}

fn denied() -> Told {
    Box::pin(async {
        let world = world("30s").await;
        let (task, call) = task(&world, json!({})).await;
        let (code, told) = world.run(&["approvals", "deny", &call, "--reason", "archive them instead"]).await;
        assert_eq!(code, 0, "{told}");
        let end = end(&world, &task).await;
        assert_eq!(end["status"], "completed", "a no is an answer, not a fault: {end}");
        assert_eq!(class(&json!({ "result": end["result"] })), "rejected");
        assert!(end["result"]["content"][0]["text"].as_str().unwrap().contains("archive them instead"), "{end}");
        assert!(world.ledger().is_empty());
    })
}

fn survives() -> Told {
    // EXE-01, EXE-04
    Box::pin(async {
        let mut world = world("30s").await;
        let (task, call) = task(&world, json!({ "a": 1 })).await;
        world.kill().await;
        approve(&world, &call).await;
        world.serve().await;
        assert!(world.ledger().is_empty(), "nothing runs before its client asks for it");
        let first = end(&world, &task).await;
        assert_eq!(first["result"]["content"][0]["text"], r#"{"a":1}"#, "{first}");
        world.kill().await;
        world.serve().await;
        assert_eq!(end(&world, &task).await["result"], first["result"], "what came of it is kept");
        assert_eq!(world.ledger().len(), 1);
    })
}

fn cancelled() -> Told {
    // APR-11
    Box::pin(async {
        let world = world("30s").await;
        let (task, call) = task(&world, json!({})).await;
        let done = ask(&world, 3, "tasks/cancel", json!({ "taskId": task })).await;
        assert_eq!(done["result"]["resultType"], "complete", "{done}");
        assert_eq!(end(&world, &task).await["status"], "cancelled");
        let (code, told) = world.run(&["approvals", "approve", &call]).await;
        assert!(code == 1 && told.contains("cancelled already"), "{told}");
        assert!(world.ledger().is_empty());
    })
}

fn undeclared() -> Told {
    Box::pin(async {
        let world = world("100ms").await;
        let (task, _) = task(&world, json!({})).await;
        for method in ["tasks/get", "tasks/cancel", "tasks/update"] {
            let refused = world.modern(3, method, json!({ "taskId": task })).await;
            assert_eq!(refused["error"]["code"], -32021, "{method}: {refused}");
        }
        let deaf = world.modern(4, "subscriptions/listen", json!({ "notifications": { "taskIds": [task] } })).await;
        assert_eq!(deaf["error"]["code"], -32021, "{deaf}");
        let made = world.modern(5, "tools/call", json!({ "name": "echo", "arguments": { "b": 1 } })).await;
        assert_eq!(class(&made), "held", "who did not say so gets no task: {made}");
        let params = json!({ "name": "countersign_wait", "arguments": { "reference": reference(&made) } });
        let still = world.modern(7, "tools/call", params).await;
        assert_eq!((class(&still), &still["result"]["resultType"]), ("held", &json!("complete")), "{still}");
        let unknown = ask(&world, 6, "tasks/get", json!({ "taskId": "countersign__00" })).await;
        assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    })
}

fn listens() -> Told {
    Box::pin(async {
        let world = world("30s").await;
        let (task, call) = task(&world, json!({ "a": 1 })).await;
        let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
        let wanted = json!({ "notifications": { "taskIds": [task] } });
        let post = world.modern_post_as(&capabilities, 7, "subscriptions/listen", wanted);
        let mut stream = post.send().await.unwrap();
        let mut heard = String::new();
        let mut hear = async |wanted: &str| {
            while !heard.contains(wanted) {
                let more = stream.chunk().await.unwrap().expect("the stream goes on");
                heard.push_str(std::str::from_utf8(&more).unwrap());
            }
            heard.clone()
        };
        assert!(hear("acknowledged").await.contains(&task), "it says which tasks it will speak of");
        approve(&world, &call).await;
        let heard = hear("\n\n").await + &hear("\"completed\"").await;
        assert!(heard.contains("notifications/tasks") && heard.contains(r#"{\"a\":1}"#), "{heard}");
    })
}

fn wanted() -> Told {
    // B01
    Box::pin(async {
        let world = world("100ms").await;
        let session = world.session_of("2025-11-25", json!({ "tasks": {} })).await.unwrap();
        let tools = session.ask(1, "tools/list", json!({})).await;
        let support = |name: &str| {
            let tools = tools["result"]["tools"].as_array().unwrap().iter();
            tools.clone().find(|tool| tool["name"] == name).unwrap()["execution"]["taskSupport"].clone()
        };
        assert_eq!(
            (support("echo"), support("reply")),
            (json!("optional"), Value::Null),
            "only what may wait: {tools}"
        );
        let call = async |number, tool: &str, arguments: Value| {
            let params = json!({ "name": tool, "arguments": arguments, "task": { "ttl": 60_000 } });
            let made = session.ask(number, "tools/call", params).await;
            assert_eq!(made["result"]["task"]["status"], "working", "{made}");
            (made["result"]["task"]["taskId"].as_str().unwrap().to_owned(), made)
        };
        // The TypeScript SDK 1.x says with every question about a task that it wants one.
        let about = |task: &str| json!({ "taskId": task, "task": {} });
        let result = async |number, task: &str| session.ask(number, "tasks/result", about(task)).await;
        let three = json!({ "content": [{ "type": "text", "text": "3" }] });
        let (task, _) = call(2, "reply", json!({ "result": three })).await;
        assert_eq!(text(&result(3, &task).await), "3", "who wants a task has one, also where nobody is asked");
        let (task, made) = call(4, "echo", json!({ "a": 1 })).await;
        let waits = id(&waiting(&world, 1).await[0]).to_owned();
        let told = &made["result"]["_meta"]["io.modelcontextprotocol/model-immediate-response"];
        assert!(told.as_str().unwrap().contains(&waits), "{made}");
        let (ended, ()) = tokio::join!(result(5, &task), approve(&world, &waits));
        assert_eq!(text(&ended), r#"{"a":1}"#);
        let related = &ended["result"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"];
        assert_eq!(related, &json!(task), "{ended}");
        let found = session.ask(6, "tasks/get", about(&task)).await;
        assert_eq!(found["result"]["status"], "completed", "{found}");
        let (task, _) = call(7, "echo", json!({ "b": 1 })).await;
        let gone = session.ask(8, "tasks/cancel", json!({ "taskId": task })).await;
        assert_eq!(gone["result"]["status"], "cancelled", "{gone}");
        assert!(result(9, &task).await["error"]["message"].as_str().unwrap().contains("cancelled"));
        assert_eq!(world.ledger().len(), 2);
    })
}

/// A pending answer's reference.
fn reference(pending: &Value) -> String {
    assert_eq!(class(pending), "held", "{pending}");
    let waits = &pending["result"]["_meta"]["dev.countersign/refusal"]["waits"];
    let reference = waits["reference"].as_str().unwrap_or_else(|| panic!("{pending}"));
    assert!(text(pending).contains(reference) && text(pending).contains("countersign_wait"), "{pending}");
    reference.to_owned()
}

async fn wait(session: &Session<'_>, number: u64, reference: &str) -> Value {
    session.call(number, "countersign_wait", json!({ "reference": reference })).await
}

fn referred() -> Told {
    // A18, B01
    Box::pin(async {
        let world = world("200ms").await;
        let session = world.session(json!({})).await;
        let tools = session.ask(1, "tools/list", json!({})).await;
        let names: Vec<_> = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        assert!(names.contains(&&json!("countersign_wait")), "{names:?}");
        let pending = session.call(2, "echo", json!({ "a": 1 })).await;
        let reference = reference(&pending);
        let again = wait(&session, 3, &reference).await;
        assert_eq!(class(&again), "held");
        let call = id(&waiting(&world, 1).await[0]).to_owned();
        let (ended, ()) = tokio::join!(wait(&session, 4, &reference), approve(&world, &call));
        let ended = if ended["result"]["isError"] == json!(true) { wait(&session, 5, &reference).await } else { ended };
        assert_eq!(text(&ended), r#"{"a":1}"#, "{ended}");
        assert_eq!(
            text(&wait(&session, 6, &reference).await),
            r#"{"a":1}"#,
            "the answer is kept, and nothing runs twice"
        );
        assert_eq!(world.ledger().len(), 1);
        let lost = wait(&session, 7, "countersign__1234").await;
        assert_eq!(class(&lost), "unknown_reference");
    })
}

fn stolen() -> Told {
    Box::pin(async {
        let mut world = waits_for_ada();
        let config = world.path("countersign.toml");
        let text = std::fs::read_to_string(&config).unwrap().replace("accept = [\"anyone\"]", "accept = [\"keys\"]");
        std::fs::write(&config, text).unwrap();
        let key = async |name: &str| format!("Bearer {}", make_key(&world, name, &[]).await);
        let (alice, bob) = (key("alice").await, key("bob").await);
        world.serve().await;
        let ask = async |who: &str, number, method: &str, params: Value| {
            let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
            let post = world.modern_post_as(&capabilities, number, method, params).header("authorization", who);
            answer(&post.send().await.unwrap().text().await.unwrap())
        };
        let made = ask(&alice, 1, "tools/call", json!({ "name": "echo", "arguments": {} })).await;
        let task = json!({ "taskId": made["result"]["taskId"] });
        for method in ["tasks/get", "tasks/cancel"] {
            let refused = ask(&bob, 2, method, task.clone()).await;
            assert_eq!(refused["error"]["code"], -32602, "somebody else's task does not exist: {refused}");
        }
        let mine = ask(&alice, 3, "tasks/get", task).await;
        assert_eq!(mine["result"]["status"], "working", "{mine}");
    })
}
