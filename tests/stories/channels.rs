//! Do those hear of a call who are to, and what may they say to it by the way they heard?

use countersign::channels::signature::{Checker, Claimed, Signer};
use countersign::clock::{Clock as _, SystemClock, Timestamp};
use countersign::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Story;
use crate::effects::class;
use crate::office::{Office, PEOPLE, POLICY};
use crate::receiver::{Came, Receiver, Says};
use crate::world::{Told, event};

pub(crate) const STORIES: &[Story] = &[
    ("a_webhook_hears_what_happens_to_a_call", heard),
    ("a_program_decides_only_what_a_rule_lets_it", programs),
    ("a_receiver_that_was_killed_before_it_said_so_hears_it_again", again),
    ("channels_are_listed_tried_out_and_given_again", told),
    ("whoever_looks_after_channels_sees_what_became_of_messages", page),
];

/// Keys of ours and of a program's, which no sample is.
pub(crate) const OURS: &str = "whsk_0bsYYrFyZPzqLVLJKRZkXjGKdEw9ZFbLb6cLzMPcrdY=";
const THEIRS: &str = "whsk_EBZ+1oX0MZWxJ3Q5R0mVDFs8WNGzg4l3ns5ojNtQxps=";

const PROGRAMS: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ci", "reason": "The pipeline looks.", "reviewers": ["automation:release-bot"]} if {
	input.call.tool == "echo"
}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"]} if {
	input.call.arguments.text == "both"
}

hold contains {"id": "die", "reason": "People only.", "reviewers": ["role:reviewer"], "severity": "low"} if {
	input.call.tool == "die"
}
"#;

/// The text of a configuration that lives for as long as the stories.
pub(crate) fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

pub(crate) fn public(key: &str) -> String {
    Signer::read(&Secret::new(key.to_owned())).unwrap().public().unwrap()
}

/// Whether a message is signed by our key, now.
fn assert_signed(came: &Came) {
    let checker = Checker::read(&Secret::new(public(OURS))).unwrap();
    checker.check(Claimed::of(&came.headers).unwrap(), &came.body, SystemClock.now()).unwrap();
}

fn heard() -> Told {
    // A26, WHK-06, WHK-09, NOT-10
    Box::pin(async {
        let receiver = Receiver::start().await;
        let more = format!(
            "{PEOPLE}\n[channels.ops]\nkind = \"webhook\"\nurl = {:?}\nkeys = [{OURS:?}]\n\
             headers = {{ Authorization = \"Bearer kept-to-ourselves\" }}\n",
            receiver.url
        );
        let office = Office::with(POLICY, kept(more), "100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({ "text": "ring \u{202e}gnir" })).await), "held");
        let (path, digest) = office.one().await;
        let came = receiver.came(1).await.remove(0);
        assert_signed(&came);
        assert_eq!(came.path, "/in?token=hush");
        assert_eq!(came.header("authorization"), "Bearer kept-to-ourselves");
        assert!(came.header("webhook-id").starts_with("msg_") && !came.header("webhook-id").contains('.'));
        let told = came.json();
        assert_eq!((&told["type"], &told["data"]["digest"]), (&json!("approval.requested"), &digest), "{told}");
        assert_eq!(told["data"]["state"], "pending");
        assert_eq!(told["data"]["revision"], 1);
        let sentence = told["data"]["sentence"].as_str().unwrap();
        assert!(sentence.contains("echo") && !sentence.contains('\u{202e}'), "{sentence}");
        let page = told["data"]["links"]["page"].as_str().unwrap();
        assert!(page.ends_with(&path.replace("/approvals/", "/calls/")), "{page}");
        assert_eq!(told["data"].get("call"), None, "no arguments unless they are wanted");
        assert!(came.body.len() < 2_000, "{told}");

        let yes = json!({ "digest": digest, "reason": "looked" });
        assert_eq!(office.post("ada", &format!("{path}/approve"), yes).await.1["state"], "approved");
        // An approved call is used by the same call.
        office.call(2, "echo", json!({ "text": "ring \u{202e}gnir" })).await;
        let all = receiver.came(4).await;
        let mut kinds: Vec<(i64, String)> =
            all.iter().map(|came| (came.json()["data"]["revision"].as_i64().unwrap(), came.kind())).collect();
        kinds.sort_unstable();
        let kinds: Vec<&str> = kinds.iter().map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(kinds, ["approval.requested", "approval.approved", "call.running", "call.succeeded"]);
        all.iter().for_each(assert_signed);
        let ids: std::collections::BTreeSet<&str> = all.iter().map(|came| came.header("webhook-id")).collect();
        assert_eq!(ids.len(), all.len(), "each message has a name of its own");
    })
}

/// What a program sends, signed.
async fn says(office: &Office, key: &str, at: Timestamp, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let signature = Signer::read(&Secret::new(key.to_owned())).unwrap().sign("msg_1", at, body.as_bytes());
    let request = office
        .world
        .request(Method::POST, "/channels/ci/answers")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", at.seconds().to_string())
        .header("webhook-signature", signature)
        .body(body);
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap())
}

fn programs() -> Told {
    // NOT-09, A22, A26
    Box::pin(async {
        let receiver = Receiver::start().await;
        let more = format!(
            "{PEOPLE}\n[channels.ci]\nkind = \"webhook\"\nurl = {:?}\nkeys = [{OURS:?}]\nanswers = {{ automation = \
             \"release-bot\", key = {:?}, may_decide = true, max_risk = \"medium\" }}\n",
            receiver.url,
            public(THEIRS)
        );
        let office = Office::with(PROGRAMS, kept(more), "100ms").await;
        // By a message of its own.
        assert_eq!(class(&office.call(1, "echo", json!({ "text": "a" })).await), "held");
        let (path, digest) = office.one().await;
        let id = path.trim_start_matches("/approvals/");
        let told = receiver.came(1).await[0].json();
        assert!(told["data"]["links"]["answers"].as_str().unwrap().ends_with("/channels/ci/answers"), "{told}");
        let yes = json!({ "decision": "approve", "id": id, "digest": digest });
        let now = SystemClock.now();
        let old = Timestamp::from_micros(now.micros() - 360_000_000);
        assert_eq!(says(&office, OURS, now, &yes).await.1["code"], "signature_invalid");
        assert_eq!(says(&office, THEIRS, old, &yes).await.1["code"], "signature_invalid");
        let stale = json!({ "decision": "approve", "id": id, "digest": format!("sha256:{}", "0".repeat(64)) });
        assert_eq!(says(&office, THEIRS, now, &stale).await.1["code"], "stale");
        let more = json!({ "decision": "approve", "id": id, "digest": digest, "person": "ada" });
        assert_eq!(says(&office, THEIRS, now, &more).await.1["code"], "malformed");
        // People are not asked by a hold that asks a program.
        assert_eq!(office.post("ada", &format!("{path}/approve"), json!({ "digest": digest })).await.0, 403);
        assert_eq!(says(&office, THEIRS, now, &yes).await, (200, json!({ "state": "approved" })));
        assert_eq!(says(&office, THEIRS, now, &yes).await.1["code"], "already_voted", "the same again decides nothing");
        let (_, card) = office.get("ada", &path).await;
        assert_eq!(card["votes"][0]["by"]["person"], "automation:release-bot");
        assert_eq!(card["votes"][0]["by"]["account"], "channel:ci");

        // By its reply: of two holds it meets its own alone.
        receiver.says_first([Says::Status(200, &[], json!({ "decision": "approve" }).to_string())]);
        assert_eq!(class(&office.call(2, "echo", json!({ "text": "both" })).await), "held");
        let (path, digest) = office.one().await;
        let card = until(&office, &path, |card| card["votes"][0].is_object()).await;
        assert_eq!((&card["state"], card["lacking"].as_array().unwrap().len()), (&json!("pending"), 1), "{card}");
        let yes = json!({ "digest": digest, "reason": "looked" });
        assert_eq!(office.post("ada", &format!("{path}/approve"), yes).await.1["state"], "approved");

        // What asks people hears no program.
        receiver.says_first([Says::Status(200, &[], json!({ "decision": "approve" }).to_string())]);
        assert_eq!(class(&office.call(3, "die", json!({})).await), "held");
        let (path, digest) = office.one().await;
        let id = path.trim_start_matches("/approvals/");
        let yes = json!({ "decision": "approve", "id": id, "digest": digest });
        assert_eq!(says(&office, THEIRS, SystemClock.now(), &yes).await.1["code"], "not_eligible");
        let (_, card) = office.get("ada", &path).await;
        assert_eq!((&card["state"], card["votes"].as_array().unwrap().len()), (&json!("pending"), 0));
        let book = office.world.book().await;
        let rejected =
            book.iter().filter(|entry| event(entry) == "rejected_answer" || entry["class"] == "rejected_answer");
        assert!(rejected.count() >= 3, "who tries without proof is on record: {book:#?}");
    })
}

/// The card, once it is so.
async fn until(office: &Office, path: &str, so: impl Fn(&Value) -> bool) -> Value {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..500 {
        looks.tick().await;
        let (_, card) = office.get("ada", path).await;
        if so(&card) {
            return card;
        }
    }
    panic!("it never was so");
}

fn again() -> Told {
    // WHK-08, NOT-07
    Box::pin(async {
        let receiver = Receiver::start().await;
        receiver.says(Says::Nothing);
        let more =
            format!("{PEOPLE}\n[channels.ops]\nkind = \"webhook\"\nurl = {:?}\ntimeout = \"2s\"\n", receiver.url);
        let mut office = Office::with(POLICY, kept(more), "100ms").await;
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        let first = receiver.came(1).await.remove(0);
        // It was delivered, and nobody could write that down any more.
        office.world.kill().await;
        receiver.says(Says::status(200));
        office.world.serve_so(&["--set", "limits.approval_wait=100ms"]).await;
        let second = receiver.came(2).await.remove(1);
        assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
        assert_eq!(first.body, second.body);
        let (path, _) = office.one().await;
        assert_eq!(office.get("ada", &path).await.1["state"], "pending", "a receiver that hangs decides nothing");
    })
}

fn told() -> Told {
    // WHK-02, WHK-03
    Box::pin(async {
        let receiver = Receiver::start().await;
        let more =
            format!("{PEOPLE}\n[channels.ops]\nkind = \"webhook\"\nurl = {:?}\nkeys = [{OURS:?}]\n", receiver.url);
        let mut office = Office::with(POLICY, kept(more), "100ms").await;
        receiver.says_first([Says::Status(301, &[("location", "http://169.254.169.254/")], String::new())]);
        let (code, said) = office.world.run(&["channels", "test", "ops"]).await;
        assert!(code != 0 && said.contains("redirects are not followed"), "{said}");
        let (code, said) = office.world.run(&["channels", "test", "ops"]).await;
        assert_eq!(code, 0, "{said}");
        let came = receiver.came(2).await.remove(1);
        assert_signed(&came);
        assert_eq!(came.kind(), "channel.test");
        let (code, said) = office.world.run(&["channels", "test", "opps"]).await;
        assert!(code != 0 && said.contains("did you mean `ops`?"), "{said}");

        receiver.says_first([Says::status(410)]);
        assert_eq!(class(&office.call(1, "echo", json!({})).await), "held");
        office.world.logged("the channel is closed").await;
        let (_, said) = office.world.run(&["channels", "list"]).await;
        assert!(said.contains("ops") && said.contains("webhook") && said.contains("closed: 410 Gone"), "{said}");
        assert!(!said.contains("hush") && !said.contains("whsk_"), "{said}");
        assert!(said.contains(&public(OURS)), "what receivers check with: {said}");
        let (_, said) = office.world.run(&["channels", "deliveries", "--state", "dead", "--json"]).await;
        let dead: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
        let (code, said) = office.world.run(&["channels", "redeliver", dead["id"].as_str().unwrap()]).await;
        assert_eq!(code, 0, "{said}");
        let came = receiver.came(4).await.remove(3);
        assert_eq!(came.header("webhook-id"), dead["id"].as_str().unwrap());
        let (_, said) = office.world.run(&["channels", "list"]).await;
        assert!(!said.contains("closed"), "who gives it something again opens it: {said}");
    })
}

fn page() -> Told {
    // A35, A36: what fails is said where people answer, and is mended there.
    Box::pin(async {
        let receiver = Receiver::start().await;
        receiver.says(Says::Status(500, &[], "<b>no</b> \u{202e}".to_owned()));
        let channel = format!("[channels.ops]\nkind = \"webhook\"\nurl = {:?}\n", receiver.url);
        let (world, mut owner) = crate::pages::open(&channel).await;
        let call = crate::pages::held(&world, "echo", json!({ "limit": 1 })).await;
        receiver.came(1).await;
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
        let seen = loop {
            looks.tick().await;
            let seen = owner.get("/inbox").await;
            if seen.text.contains("did not take the last message") {
                break seen;
            }
        };
        assert!(seen.text.contains("<a href=\"/channels\">"), "{}", seen.text);
        let seen = owner.get("/channels").await;
        assert_eq!(seen.status, 200);
        assert!(seen.text.contains("500 Internal Server Error") && seen.text.contains(&call), "{}", seen.text);
        assert!(!seen.text.contains("<b>no</b>") && !seen.text.contains('\u{202e}') && !seen.text.contains("hush"));
        receiver.says_first([Says::status(410)]);
        receiver.came(2).await;
        receiver.says(Says::status(200));
        let (id, form) = loop {
            looks.tick().await;
            let seen = owner.get("/channels").await;
            if seen.text.contains("data-state=\"dead\"") && seen.text.contains("410 Gone") {
                break (seen.field("id"), seen.field("form"));
            }
        };
        let done = owner.post("/channels/redeliver", &[("form", &form), ("id", &id)]).await;
        assert_eq!(done.goes_to(), "/channels", "{}", done.text);
        let came = receiver.came(3).await;
        assert_eq!(came[2].header("webhook-id"), id);
        assert!(world.book().await.iter().any(|entry| entry["what"] == "redelivered"), "who did it is on record");
        while owner.get("/inbox").await.text.contains("did not take the last message") {
            looks.tick().await;
        }
        let unknown = owner.post("/channels/redeliver", &[("form", &form), ("id", "msg_none")]).await;
        assert_eq!(unknown.status, 404);
    })
}
