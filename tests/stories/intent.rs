//! Does a decision know what was asked for, and by which evidence? Told with what clients really give their hooks, by the real
//! program started as a hook.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::Story;
use crate::effects::{class, entries};
use crate::office::Office;
use crate::world::{Plan, Told, World, text};

pub(crate) const STORIES: &[Story] = &[
    ("a_captured_prompt_is_tied_to_the_call_and_to_its_decision", captured),
    ("a_call_that_is_not_the_one_that_was_reported_is_an_alarm", altered),
    ("what_was_reported_stays_with_a_call_that_waits", waited),
    ("a_rationale_is_shown_as_the_model_s_own_and_never_sent", rationale),
    ("a_page_sets_apart_what_was_asked_for", set_apart),
    ("a_trace_is_carried_through", traced),
];

/// Calls of `echo` need a captured prompt.
pub(crate) const CAPTURED: &str = r#"package countersign.why

allow contains {"id": "all", "reason": "A story."}

require contains {"id": "asked", "reason": "Somebody must have asked for it.", "prompt": "captured"} if {
	input.call.tool == "echo"
}

deny contains {"id": "changed", "reason": "Something changed this call on its way."} if input.intent.mismatch
"#;

/// People are asked, and only where the client's hook reported.
const HELD: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.tool in {"echo", "die"}
}

require contains {"id": "asked", "reason": "Somebody must have asked for it.", "prompt": "captured"} if {
	input.call.tool == "die"
}

require contains {"id": "why", "reason": "Say why.", "rationale": "claimed"} if input.call.arguments.mode == "delete"
"#;

const PROMPT: &str = include_str!("../hooks/claude_code_prompt.json");
const TOOL: &str = include_str!("../hooks/claude_code_tool.json");
pub(crate) const WORDS: &str = "Delete the test orders of last week";

/// The prompt hook of Claude Code.
pub(crate) fn prompt(words: &str) -> Value {
    let mut payload: Value = serde_json::from_str(PROMPT).unwrap();
    payload["prompt"] = json!(words);
    payload
}

/// The hook of Claude Code before it uses a tool of the one server.
pub(crate) fn tool_use(id: &str, tool: &str, arguments: &Value) -> Value {
    let mut payload: Value = serde_json::from_str(TOOL).unwrap();
    payload["tool_use_id"] = json!(id);
    payload["tool_name"] = json!(format!("mcp__countersign__{tool}"));
    payload["tool_input"] = arguments.clone();
    payload
}

/// Starts the program as this client's hook; gives its code, what it printed, and what it said.
pub(crate) async fn hook(world: &World, client: &str, payload: &str) -> (i32, String, String) {
    hook_so(world, &["hook", client, "--device", "device.json", "--within", "20000"], payload).await
}

pub(crate) async fn hook_so(world: &World, arguments: &[&str], payload: &str) -> (i32, String, String) {
    let mut command = world.command(arguments);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut input = child.stdin.take().unwrap();
    // Whoever does not want to read it has ended.
    drop(input.write_all(payload.as_bytes()).await);
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The same where it works.
pub(crate) async fn report(world: &World, payload: &Value) {
    let done = hook(world, "claude-code", &payload.to_string()).await;
    assert_eq!(done, (0, String::new(), String::new()), "{payload}");
}

pub(crate) async fn enroll(world: &World, more: &[&str]) {
    let words = ["hook", "enroll", "--name", "laptop-7", "--device", "device.json"];
    let (code, told) = world.run(&[&words[..], more].concat()).await;
    assert_eq!(code, 0, "{told}");
}

/// A call under the id that Claude Code gives it.
pub(crate) fn under(id: &str, tool: &str, arguments: &Value) -> Value {
    json!({ "name": tool, "arguments": arguments, "_meta": { "claudecode/toolUseId": id, "progressToken": 2 } })
}

fn captured() -> Told {
    // A49
    Box::pin(async {
        let world = World::new(&Plan { policy: CAPTURED, ..Plan::default() });
        enroll(&world, &["--for", "anyone"]).await;
        let mut world = world;
        world.serve().await;
        let session = world.session(json!({})).await;
        let arguments = json!({ "table": "orders", "limit": 1 });

        let refused = session.ask(1, "tools/call", under("toolu_0", "echo", &arguments)).await;
        assert_eq!(class(&refused), "requirement_unmet");
        assert!(text(&refused).contains("countersign hook install"), "{refused}");

        report(&world, &prompt(WORDS)).await;
        report(&world, &tool_use("toolu_1", "echo", &arguments)).await;
        let told = session.ask(2, "tools/call", under("toolu_1", "echo", &arguments)).await;
        assert_eq!(text(&told), r#"{"limit":1,"table":"orders"}"#);
        assert_eq!(world.ledger().len(), 1, "nothing was sent without");

        let prompted = entries(&world, "prompted").await;
        let digest = countersign::digest::Digest::of_bytes("prompt", WORDS.as_bytes()).to_string();
        assert_eq!(prompted.len(), 1);
        assert_eq!((&prompted[0]["digest"], &prompted[0]["device"]), (&json!(digest), &json!("laptop-7")));
        assert_eq!((&prompted[0]["client"], &prompted[0]["provenance"]), (&json!("claude-code"), &json!("captured")));
        let arrived = entries(&world, "arrived").await;
        assert_eq!(arrived[0]["intent"], json!({ "tool_use": "toolu_0" }), "nothing was reported of the first");
        assert_eq!(
            arrived[1]["intent"],
            json!({
                "prompt": { "digest": digest, "provenance": "captured" },
                "source": { "client": "claude-code", "device": "laptop-7" },
                "tool_use": "toolu_1", "session": "8c35adc1-5f0e-4c1b-9a53-1d7c1f4f0a11",
            })
        );
        // The decision holds what it was made of, and the book holds nobody's words.
        let decided = entries(&world, "decided").await;
        assert_eq!(decided[0]["code"], "requirement_unmet", "{}", decided[0]);
        assert!(decided[0]["detail"].as_str().unwrap().contains("it is missing"), "{}", decided[0]);
        let known = &decided[1]["input"]["intent"];
        assert_eq!((&known["prompt"]["provenance"], &known["device"]), (&json!("captured"), &json!("laptop-7")));
        assert!(!world.book().await.iter().any(|entry| entry.to_string().contains("test orders")));

        // Another prompt: the next call is for that one. A report that is repeated counts once.
        report(&world, &prompt("A zero \u{0} does not stand in the way of what comes after it")).await;
        report(&world, &prompt("Now count the rest")).await;
        report(&world, &tool_use("toolu_2", "echo", &arguments)).await;
        session.ask(3, "tools/call", under("toolu_2", "echo", &arguments)).await;
        let arrived = entries(&world, "arrived").await;
        let second = countersign::digest::Digest::of_bytes("prompt", b"Now count the rest").to_string();
        assert_eq!(arrived[2]["intent"]["prompt"]["digest"], second);
        assert_eq!(std::fs::read_dir(world.path("book-reports")).unwrap().count(), 0, "what was taken in is gone");
    })
}

fn altered() -> Told {
    // A49
    Box::pin(async {
        let world = World::new(&Plan { policy: CAPTURED, ..Plan::default() });
        enroll(&world, &["--for", "anyone"]).await;
        let mut world = world;
        world.serve().await;
        let session = world.session(json!({})).await;
        report(&world, &prompt(WORDS)).await;
        report(&world, &tool_use("toolu_1", "echo", &json!({ "table": "test_orders" }))).await;
        report(&world, &tool_use("toolu_2", "echo", &json!({ "a": 1 }))).await;

        // Other arguments under the id, and another tool.
        let other = session.ask(1, "tools/call", under("toolu_1", "echo", &json!({ "table": "orders" }))).await;
        assert_eq!(class(&other), "denied", "{other}");
        let tool = session.ask(2, "tools/call", under("toolu_2", "strange", &json!({ "a": 1 }))).await;
        assert_eq!(class(&tool), "denied", "{tool}");
        assert!(world.ledger().is_empty());
        let arrived = entries(&world, "arrived").await;
        assert!(arrived.iter().all(|entry| entry["intent"]["mismatch"] == true));
        assert!(
            arrived.iter().all(|entry| entry["intent"]["prompt"].is_null()),
            "what was reported is of another call"
        );
        let alarms = entries(&world, "mismatched").await;
        assert_eq!(alarms.len(), 2);
        assert_eq!(alarms[0]["call"], arrived[0]["call"]);
        assert_eq!((&alarms[0]["tool_use"], &alarms[0]["device"]), (&json!("toolu_1"), &json!("laptop-7")));
        assert_ne!(alarms[0]["reported"], alarms[0]["arrived"]);
        assert_eq!(alarms[1]["arrived_tool"], "strange");
        let logged = world.logged("something changed it on the way").await;
        assert!(logged.contains("toolu_1"), "{logged}");
    })
}

fn waited() -> Told {
    // A29, A49
    Box::pin(async {
        let office = Office::under(HELD, "100ms").await;
        let world = &office.world;
        enroll(world, &["--for", "key:bot"]).await;
        let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        report(world, &prompt(&format!("Let the story end.\nThe token is {secret}"))).await;
        let arguments = json!({ "code": 0 });
        report(world, &tool_use("toolu_1", "die", &arguments)).await;
        let params = under("toolu_1", "die", &arguments);
        let held = call_under(&office, 1, &params).await;
        assert_eq!(class(&held), "held", "{held}");

        // Whoever looks sees what was asked for, apart from what the rule says, and by which evidence.
        let (path, digest) = office.one().await;
        let (_, card) = office.get("ada", &path).await;
        assert_eq!(card["shown"]["reason"], "Somebody must look");
        let intent = &card["shown"]["intent"];
        assert_eq!(intent["prompt"]["provenance"], "captured");
        assert_eq!(intent["prompt"]["told"], "captured by Claude Code hook on laptop-7");
        assert_eq!(intent["prompt"]["text"], "Let the story end.\n[a secret was here]");
        let id = path.trim_start_matches("/approvals/");
        let (_, told) = world.run(&["approvals", "show", id]).await;
        assert!(
            told.contains("captured by Claude Code hook on laptop-7") && told.contains("| Let the story end."),
            "{told}"
        );
        assert!(!world.book().await.iter().any(|entry| entry.to_string().contains(secret)));

        // The reference says nothing of why; what was known of the call it stands for still counts.
        let reference = held["result"]["_meta"]["dev.countersign/refusal"]["waits"]["reference"].clone();
        assert_eq!(office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await.0, 200);
        let told = office.call(2, "countersign_wait", json!({ "reference": reference })).await;
        assert_ne!(told["result"]["_meta"]["dev.countersign/refusal"]["class"], "requirement_unmet", "{told}");
        assert_eq!(world.ledger().len(), 1, "{told}");
    })
}

/// A call with everything that is said beside it.
async fn call_under(office: &Office, number: u64, params: &Value) -> Value {
    let mut body = crate::world::modern(number, "tools/call", params.clone());
    for (name, said) in params["_meta"].as_object().unwrap() {
        body["params"]["_meta"][name] = said.clone();
    }
    let name = params["name"].as_str().unwrap();
    let post = office.world.post(body.to_string()).header("mcp-protocol-version", "2026-07-28");
    let post = post.header("mcp-method", "tools/call").header("mcp-name", name).bearer_auth(&office.keys["bot"]);
    crate::world::answer(&post.send().await.unwrap().text().await.unwrap())
}

fn rationale() -> Told {
    // A29
    Box::pin(async {
        let office = Office::under(HELD, "100ms").await;
        let world = &office.world;
        let post = world.modern_post(1, "tools/list", json!({})).bearer_auth(&office.keys["bot"]);
        let listed = crate::world::answer(&post.send().await.unwrap().text().await.unwrap());
        let tools = listed["result"]["tools"].as_array().unwrap();
        let asks = |name: &str| {
            let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
            tool["inputSchema"]["properties"]["countersign_reason"].is_object()
        };
        assert!(asks("echo") && asks("die"), "people may have to decide: {listed}");
        assert!(!asks("strange"), "nobody is ever asked about it");

        // It is named after the call without it: pins, digests and grants are those of the server's own tool.
        let hostile = "Ada asked for it. <script>alert(1)</script>\u{202e}";
        let held = office.call(2, "echo", json!({ "a": 1, "countersign_reason": hostile })).await;
        assert_eq!(class(&held), "held");
        let (path, digest) = office.one().await;
        let again = office.call(3, "echo", json!({ "a": 1, "countersign_reason": "In other words." })).await;
        assert_eq!(class(&again), "held");
        assert_eq!(office.one().await.0, path, "it is the same call");
        let (_, card) = office.get("ada", &path).await;
        assert_eq!(card["shown"]["params"]["arguments"], json!({ "a": 1 }));
        assert_eq!(card["shown"]["reason"], "Somebody must look", "what a rule says stands apart");
        let said = &card["shown"]["intent"]["rationale"];
        assert_eq!((&said["provenance"], &said["text"]), (&json!("claimed"), &json!(hostile)));
        assert_eq!(card["shown"]["intent"]["prompt"]["provenance"], "missing");
        assert_eq!(office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await.0, 200);
        let told = office.call(4, "echo", json!({ "a": 1 })).await;
        assert_eq!(text(&told), r#"{"a":1}"#, "the server never hears of it");
        let arrived = entries(world, "arrived").await;
        assert_eq!(arrived[0]["intent"]["rationale"]["provenance"], "claimed");

        // A rule may want it, and says how to give it.
        let refused = office.call(5, "strange", json!({ "mode": "delete" })).await;
        assert_eq!(class(&refused), "requirement_unmet");
        assert!(text(&refused).contains("countersign_reason"), "{refused}");
        let given = office.call(6, "strange", json!({ "mode": "delete", "countersign_reason": "Max asked." })).await;
        assert!(given["result"]["_meta"]["dev.countersign/refusal"].is_null(), "{given}");
        let wrong = office.call(7, "echo", json!({ "countersign_reason": 7 })).await;
        assert_eq!(class(&wrong), "arguments_invalid");
        assert!(!world.ledger().iter().any(|call| call.to_string().contains("countersign_reason")));
    })
}

fn set_apart() -> Told {
    // A29
    Box::pin(async {
        let (world, mut owner) = crate::pages::open("").await;
        enroll(&world, &["--for", "anyone"]).await;
        report(&world, &prompt("Clean up\n<script>alert('prompt')</script>")).await;
        let said = json!({ "a": 1, "countersign_reason": "It is safe, approve it\u{202e} <b>now</b>" });
        // Its own hook sees the arguments with the reason in them.
        report(&world, &tool_use("toolu_1", "echo", &said)).await;
        let session = world.session(json!({})).await;
        assert_eq!(class(&session.ask(1, "tools/call", under("toolu_1", "echo", &said)).await), "held");
        let call = crate::waiting::id(&crate::waiting::waiting(&world, 1).await[0]).to_owned();
        let page = owner.get(&format!("/calls/{call}")).await;
        for wanted in
            ["captured by Claude Code hook on laptop-7", "not a permission", "nobody has checked it", "Clean up"]
        {
            assert!(page.text.contains(wanted), "{wanted}: {}", page.text);
        }
        assert!(page.text.contains(">U+202E</mark>"), "what would not be seen is: {}", page.text);
        for raw in ["<script>alert", "<b>now", "verified"] {
            assert!(!page.text.contains(raw), "{raw}: {}", page.text);
        }
        let (why, reason) = (page.text.find("What it was asked for"), page.text.find("class=\"because\""));
        assert!(reason < why, "what a rule says stands first and apart");

        // A call that was changed on its way is a reason to look twice.
        report(&world, &tool_use("toolu_2", "echo", &json!({ "a": 2 }))).await;
        assert_eq!(class(&session.ask(2, "tools/call", under("toolu_2", "echo", &json!({ "a": 3 }))).await), "held");
        let all = crate::waiting::waiting(&world, 2).await;
        let other = all.iter().map(crate::waiting::id).find(|id| *id != call).unwrap();
        let page = owner.get(&format!("/calls/{other}")).await;
        assert!(page.text.contains("is not what arrived"), "{}", page.text);
    })
}

fn traced() -> Told {
    Box::pin(async {
        let world = World::serving(Plan::default()).await;
        let session = world.session(json!({})).await;
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let meta = json!({ "traceparent": trace, "tracestate": "x=1", "dev.countersign/intent": "{}" });
        session.ask(1, "tools/call", json!({ "name": "echo", "arguments": {}, "_meta": meta })).await;
        let sent = &world.ledger()[0]["params"]["_meta"];
        assert_eq!((&sent["traceparent"], &sent["tracestate"]), (&json!(trace), &json!("x=1")));
        assert!(sent["dev.countersign/intent"].is_null(), "nobody but the gateway says this");
        assert_eq!(entries(&world, "arrived").await[0]["traceparent"], trace);
    })
}
