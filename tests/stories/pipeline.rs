//! Does a pipeline stand still until people have decided, and does it go on then?

use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::Story;
use crate::effects::class;
use crate::office::Office;
use crate::world::{Told, answer, text};

pub(crate) const STORIES: &[Story] =
    &[("a_pipeline_waits_for_people_and_goes_on", gated), ("a_pipeline_that_waits_ends_as_the_call_does", ends)];

/// What the pipeline is answered, which comes with eve's key and has no role.
async fn call(office: &Office, number: u64, arguments: Value) -> Value {
    let params = json!({ "name": "echo", "arguments": arguments });
    let post = office.world.modern_post(number, "tools/call", params).bearer_auth(&office.keys["eve"]);
    answer(&post.send().await.unwrap().text().await.unwrap())
}

/// A call that is held: its id, as the answer says it to programs.
async fn held(office: &Office, number: u64, arguments: Value) -> String {
    let told = call(office, number, arguments).await;
    assert_eq!(class(&told), "held", "{told}");
    let meta = &told["result"]["_meta"]["dev.countersign/refusal"];
    let id = meta["call"].as_str().unwrap_or_else(|| panic!("{told}"));
    id.to_owned()
}

fn waiting(office: &Office, who: &str, arguments: &[&str]) -> tokio::process::Command {
    let url = format!("http://{}", office.world.address);
    let mut command = office.world.command(&["wait", "--url", &url, "--key", "STORY_KEY"]);
    command.args(arguments).env("STORY_KEY", &office.keys[who]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn waited(office: &Office, who: &str, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = waiting(office, who, arguments).output().await.unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

async fn say(office: &Office, id: &str, verb: &str) {
    let path = format!("/approvals/{id}");
    let (_, card) = office.get("ada", &path).await;
    let body = json!({ "digest": card["digest"], "reason": "looked at" });
    let (status, told) = office.post("ada", &format!("{path}/{verb}"), body).await;
    assert_eq!(status, 200, "{told}");
}

fn gated() -> Told {
    // A26
    Box::pin(async {
        let office = Office::open("100ms").await;
        let id = held(&office, 1, json!({ "a": 1 })).await;
        let mut child = waiting(&office, "eve", &[&id, "--timeout", "30s"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // Told while it waits, so it waits.
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with("pending until ") && line.contains("role:reviewer"), "{line}");
        assert!(child.try_wait().unwrap().is_none() && office.world.ledger().is_empty());
        // The key it waits with agrees to nothing.
        let (_, card) = office.get("eve", &format!("/approvals/{id}")).await;
        let body = json!({ "digest": card["digest"] });
        assert_eq!(office.post("eve", &format!("/approvals/{id}/approve"), body).await.0, 403);
        say(&office, &id, "approve").await;
        let done = child.wait_with_output().await.unwrap();
        assert_eq!((done.status.code(), String::from_utf8(done.stdout).unwrap()), (Some(0), "approved\n".to_owned()));
        assert_eq!(text(&call(&office, 2, json!({ "a": 1 })).await), r#"{"a":1}"#);
        assert_eq!(office.world.ledger().len(), 1, "it ran once");
        assert_eq!(waited(&office, "eve", &[&id]).await.1, "succeeded\n");
    })
}

fn ends() -> Told {
    // A26
    Box::pin(async {
        let office = Office::open("100ms").await;
        let id = held(&office, 1, json!({ "a": 1 })).await;
        let (code, word, said) = waited(&office, "eve", &[&id, "--for", "50ms"]).await;
        assert_eq!((code, word.as_str()), (22, "pending\n"), "{said}");
        let unknown = "01a1ff4e-0000-7000-8000-000000000001";
        for (who, arguments, code, told) in [
            ("eve", vec![unknown], 3, "no such call"),
            ("uwe", vec![id.as_str(), "--for", "50ms"], 22, "missing"),
            ("bot", vec![&id], 5, "key:bot"),
            ("stray", vec![&id], 5, "stands under nobody"),
            ("eve", vec!["../me"], 2, "no id of a call"),
            ("eve", vec![&id, "--key", "STORY_NO_KEY"], 2, "STORY_NO_KEY is not set"),
            ("eve", vec![&id, "--url", "http://gw.example.com"], 2, "openly"),
            ("eve", vec![&id, "--url", "http://127.0.0.1:1", "--for", "50ms"], 4, "does not answer"),
        ] {
            let mut command = waiting(&office, who, &[]);
            // What is said last counts in a new command, where it is said once.
            if arguments.contains(&"--url") || arguments.contains(&"--key") {
                command = office.world.command(&["wait"]);
                command.env("COUNTERSIGN_KEY", &office.keys[who]);
                let url = format!("http://{}", office.world.address);
                if !arguments.contains(&"--url") {
                    command.args(["--url", &url]);
                }
            }
            let output = command.args(&arguments).output().await.unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{who} {arguments:?}: {said}");
            assert!(said.contains(told), "{who} {arguments:?}: {said}");
            assert!(!said.contains(&office.keys[who]), "{said}");
        }
        say(&office, &id, "deny").await;
        assert_eq!(waited(&office, "eve", &[&id]).await, (20, "rejected\n".to_owned(), String::new()));
        let id = held(&office, 2, json!({ "a": 2 })).await;
        let (status, _) = office.post("eve", &format!("/approvals/{id}/withdraw"), json!({})).await;
        assert_eq!(status, 200);
        assert_eq!(waited(&office, "eve", &[&id]).await, (23, "cancelled\n".to_owned(), String::new()));
        assert!(office.world.ledger().is_empty());
    })
}
