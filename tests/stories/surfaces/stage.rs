//! A gateway that asks by Slack, by letter and by webhook at once, and the people who read all of it.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::identity::local;
use reqwest::Method;
use serde_json::{Value, json};

use crate::channels::kept;
use crate::effects::class;
use crate::fake::{APP, BOT, Fake};
use crate::letterbox::{Letter, Manners, Server, plain_of};
use crate::office::Office;
use crate::reading::{buttons, labels};
use crate::receiver::Receiver;
use crate::visitor::{Seen, Visitor};

/// Everybody who answers, and by what; max has the agent.
const PEOPLE: &str = r#"
[people.ada]
accounts = ["key:ada", "slack:T1/U1"]
roles = ["reviewer"]
[people.ben]
accounts = ["key:ben"]
roles = ["reviewer"]
[people.ida]
accounts = ["key:ida"]
roles = ["reviewer"]
reach = ["post:ida@example.com", "post:ida1@example.com", "post:ida2@example.com", "post:ida3@example.com"]
[people.una]
accounts = ["key:una", "slack:T1/U7"]
groups = ["sec"]
reach = ["team:U7"]
[people.max]
accounts = ["key:max"]
"#;

/// All of it.
pub(super) struct Stage {
    pub(super) office: Office,
    pub(super) slack: Fake,
    pub(super) ops: Receiver,
    post: Server,
    letters: Vec<Letter>,
    presses: u32,
}

/// By what somebody answers who has a letter.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) path: String,
    pub(super) code: String,
}

/// The account of whoever runs these stories.
pub(super) fn own_account() -> String {
    local::caller().principal
}

impl Stage {
    /// Under this policy and with these routes; agents are answered after so long.
    pub(super) async fn open(policy: &'static str, routes: &str, wait: &str) -> Self {
        let (slack, ops, post) =
            (Fake::start().await, Receiver::start().await, Server::start(Manners::default()).await);
        let own = own_account();
        let more = format!(
            "{PEOPLE}[people.lea]\naccounts = [{own:?}]\nroles = [\"reviewer\"]\n[review]\nowner = true\n\
             [channels.team]\nkind = \"slack\"\nbot_token = {BOT:?}\napp_token = {APP:?}\nchannel = \"C1\"\n\
             team = \"T1\"\napi = {:?}\n\
             [channels.post]\nkind = \"mail\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             from = \"Countersign <gate@example.com>\"\nlink_is_enough = \"low\"\n\
             [channels.ops]\nkind = \"webhook\"\ndetails = \"full\"\nurl = {:?}\n{routes}",
            slack.url().as_str(),
            post.port,
            ops.url
        );
        let office = Office::with(policy, kept(more), wait).await;
        let stage = Self { office, slack, ops, post, letters: Vec::new(), presses: 0 };
        stage.listened(1).await;
        stage
    }

    /// Waits until what is pressed in Slack is heard, by this many connections that there ever were.
    pub(super) async fn listened(&self, opened: usize) {
        self.slack.until("a connection", |fake| (fake.connections() == (1, opened)).then_some(())).await;
    }

    /// A call that waits, and its address.
    pub(super) async fn held(&self, number: u64, arguments: Value) -> String {
        let known = self.pending().await;
        assert_eq!(class(&self.office.call(number, "echo", arguments).await), "held");
        let new: Vec<String> = self.pending().await.difference(&known).cloned().collect();
        let [id] = new.try_into().unwrap();
        id
    }

    /// What waits.
    pub(super) async fn pending(&self) -> BTreeSet<String> {
        let (_, page) = self.office.get("ada", "/approvals?state=pending").await;
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["card"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The card of a call.
    pub(super) async fn card(&self, id: &str) -> Value {
        self.office.get("ada", &format!("/approvals/{id}")).await.1
    }

    /// An answer over HTTP.
    pub(super) async fn says(&self, who: &str, id: &str, verb: &str) -> (u16, Value) {
        let digest = self.card(id).await["digest"].clone();
        self.office.post(who, &format!("/approvals/{id}/{verb}"), json!({ "digest": digest, "reason": "so" })).await
    }

    /// The message about a call that stands in a channel of Slack, once it does and looks like this.
    pub(super) async fn message(&self, (channel, id): (&str, &str), so: impl Fn(&Value) -> bool) -> Value {
        let of_it = |message: &Value| message["blocks"].to_string().contains(id) && !is_list(message) && so(message);
        self.slack.until("a message", |fake| fake.messages(channel).into_iter().find(of_it)).await
    }

    /// The press of this button of a message, by this account.
    pub(super) fn press(&mut self, user: &str, channel: &str, message: &Value) -> Value {
        self.presses += 1;
        let button = buttons(message).into_iter().find(|button| button["text"]["text"] == "Approve").unwrap();
        let at = self.slack.messages(channel).iter().position(|known| known == message).unwrap();
        json!({
            "type": "block_actions", "user": { "id": user, "team_id": "T1" }, "team": { "id": "T1" },
            "trigger_id": format!("trigger-{}", self.presses),
            "container": { "type": "message", "channel_id": channel, "message_ts": self.slack.stands(channel)[at] },
            "actions": [{ "type": "button", "action_id": button["action_id"], "value": button["value"],
                "action_ts": format!("18000{:05}.000100", self.presses) }],
        })
    }

    /// Has Slack tell it.
    pub(super) fn pushes(&self, id: &str, press: &Value) {
        let envelope =
            json!({ "envelope_id": id, "type": "interactive", "accepts_response_payload": true, "payload": press });
        self.slack.push(&envelope);
    }

    /// What is told in private to whoever pressed last, once so many were told.
    pub(super) async fn whispered(&self, count: usize) -> String {
        let told = |fake: &Fake| fake.whispers().get(count - 1).map(|(_, said)| said.clone());
        self.slack.until("a word in private", told).await
    }

    /// The first letter to this address that is not taken yet and says this, as plain text.
    pub(super) async fn letter(&mut self, to: &str, says: &str) -> String {
        let to = format!("TO:<{to}@example.com>");
        loop {
            let fits = |letter: &Letter| letter.to == to && plain_of(&letter.data).contains(says);
            if let Some(at) = self.letters.iter().position(fits) {
                return plain_of(&self.letters.remove(at).data);
            }
            let next = tokio::time::timeout(Duration::from_mins(1), self.post.letter()).await;
            self.letters.push(next.unwrap_or_else(|_| panic!("no letter to {to} says {says}: {:?}", self.letters)));
        }
    }

    /// How many letters to this address that came until now say this.
    pub(super) fn letters(&self, says: &str) -> usize {
        self.letters.iter().filter(|letter| plain_of(&letter.data).contains(says)).count()
    }

    /// The calls that this webhook heard this of.
    pub(super) fn heard(&self, kind: &str) -> Vec<String> {
        let of_kind = self.ops.all().into_iter().filter(|came| came.kind() == kind);
        of_kind.map(|came| came.json()["data"]["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until it has heard this of this call; says what.
    pub(super) async fn told(&self, kind: &str, id: &str) -> Value {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..2_000 {
            looks.tick().await;
            let came = self.ops.all().into_iter().map(|came| came.json());
            if let Some(told) = came.into_iter().find(|told| told["type"] == kind && told["data"]["id"] == id) {
                return told;
            }
        }
        panic!("{kind} of {id} never came: {:#?}", self.ops.all());
    }
}

/// Whether it is a list of calls.
pub(super) fn is_list(message: &Value) -> bool {
    message["blocks"][0]["text"]["text"].as_str().is_some_and(|text| text.ends_with("tool calls wait for people"))
}

/// Whether it can be agreed to there.
pub(super) fn asks(message: &Value) -> bool {
    labels(message).contains(&"Approve".to_owned())
}

/// Every way to answer that stands in a letter.
pub(super) fn ways(letter: &str) -> Vec<Way> {
    let paths = letter.lines().filter_map(|line| line.split_once("/l/").map(|(_, token)| format!("/l/{token}")));
    let codes = letter.lines().filter_map(|line| line.strip_prefix("With this code: "));
    paths.zip(codes).map(|(path, code)| Way { path, code: code.to_owned() }).collect()
}

/// Sends the form of a page that was opened before.
pub(super) async fn sent(visitor: &mut Visitor, (way, page): (&Way, &str), verb: &str) -> Seen {
    let fields = [("page", page), ("say", verb), ("code", way.code.as_str()), ("reason", "by link")];
    let headers = [("origin", "null".to_owned()), ("sec-fetch-site", "same-origin".to_owned())];
    visitor.ask(Method::POST, &way.path, &headers, Some(&fields)).await
}
