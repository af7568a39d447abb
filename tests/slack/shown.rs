//! What stands in Slack, and what must not.

use serde_json::{Value, json};

use crate::fake::{APP, BOT};
use crate::world::{Held, SECRET, World, by_http, labels, read};

/// Messages and windows as they leave, for the check against the types of Slack's own SDK.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slack/sent.json");

#[tokio::test]
async fn only_what_the_record_holds_is_posted() {
    // NOT-10: what a rule covers is covered in Slack too, and no secret of ours is in anything that leaves.
    let world = World::start(by_http()).await;
    let arguments = json!({ "card": "[masked]", "note": "call me" });
    world.hold(Held { arguments: arguments.clone(), ..Held::default() }).await;
    world.carry(&[""]).await;
    let message = world.fake.messages("C1").pop().unwrap();
    let blocks = message["blocks"].as_array().unwrap().iter();
    let boxed = blocks.filter_map(|block| {
        (block.pointer("/elements/0/type")? == "rich_text_preformatted")
            .then(|| block.pointer("/elements/0/elements/0/text"))?
    });
    let [shown] = boxed.collect::<Vec<&Value>>().try_into().unwrap();
    let shown: Value = serde_json::from_str(shown.as_str().unwrap()).unwrap();
    // REN-13
    assert_eq!(shown, json!({ "name": "pay", "arguments": arguments }));
    // What devices show on a locked screen says nothing of the call.
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("medium risk") && !text.contains("pay") && !text.contains("call me"), "{text}");
    let all = format!("{:?} {:?}", world.fake.asked(""), world.slack);
    assert!(!all.contains(BOT) && !all.contains(APP) && !all.contains(SECRET));
}

#[tokio::test]
async fn no_mark_of_an_agent_is_obeyed_on_the_way() {
    // REN-01, REN-02, REN-03
    let world = World::start(by_http()).await;
    let text = "<!channel> *Approved* <https://evil.example|https://bank.example> ```\u{202e}";
    world.hold(Held { arguments: json!({ "to": text, text: 1 }), ..Held::default() }).await;
    world.carry(&[""]).await;
    let message = world.fake.messages("C1").pop().unwrap();
    let whole = message.to_string();
    assert!(
        !whole.contains("mrkdwn\":true") && !whole.contains("\"type\":\"mrkdwn\"") && !whole.contains('\u{202e}'),
        "{whole}"
    );
    assert!(!whole.contains("\"url\":\"https://evil"), "{whole}");
    assert_eq!(
        (&message["unfurl_links"], &message["unfurl_media"], &message["mrkdwn"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert!(read(&message["blocks"]).contains("<!channel>"), "it is shown as it is");
    assert_eq!(message["blocks"][0]["text"]["text"], "Waits for people · medium risk");
    assert!(labels(&message).contains(&"Approve".to_owned()));
    world.fake.is_content();
}

#[tokio::test]
async fn what_leaves_is_what_was_checked_against_the_types_of_slack() {
    let world = World::start(by_http()).await;
    world.hold(Held { arguments: json!({ "amount": 120, "to": "Ada", "tags": ["a"] }), ..Held::default() }).await;
    world.carry(&[""]).await;
    for label in ["Deny", "Ask", "Edit"] {
        world.pressed(&world.press("U1", "C1", label)).await;
    }
    world.pressed(&world.press("U1", "C1", "Ask")).await;
    world.pressed(&world.submit("U1", &[("Question", "why?")])).await;
    world.carry(&[""]).await;
    world.pressed(&world.press("U1", "C1", "Approve")).await;
    world.carry(&[""]).await;
    let methods = ["chat.postMessage", "chat.update", "chat.postEphemeral", "views.open", "views.update"];
    let sent: serde_json::Map<String, Value> =
        methods.into_iter().map(|method| (method.to_owned(), world.fake.asked(method).into())).collect();
    let sent = format!("{}\n", serde_json::to_string_pretty(&sent).unwrap());
    if std::env::var_os("COUNTERSIGN_KEEP").is_some() {
        std::fs::write(KEPT, &sent).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        sent == kept,
        "tests/slack/sent.json is stale; run: COUNTERSIGN_KEEP=1 cargo test --test slack what_leaves"
    );
    world.fake.is_content();
}
