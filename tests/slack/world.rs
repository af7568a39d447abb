//! A desk, a store and a Slack, and a carrier who brings what is to be told.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::approval::Approval;
use countersign::approval::asker::Asker;
use countersign::approval::people::{Listed, People};
use countersign::approval::vote::{Evidence, Voter, Word};
use countersign::call::CallId;
use countersign::channels::message::{Details, Matter, Message};
use countersign::channels::notice::What;
use countersign::channels::slack::answer::Room;
use countersign::channels::slack::{Mode, Slack, SlackOptions};
use countersign::channels::{Parcel, Went};
use countersign::clock::{HandClock, Timestamp};
use countersign::digest::Digest;
use countersign::facts::Risk;
use countersign::gateway::desk::{Desk, Wish};
use countersign::secret::Secret;
use countersign::store::{Durability, Store, StoreOptions};
use http::{HeaderMap, StatusCode};
use ring::hmac;
use serde_json::{Value, json};

use crate::fake::{APP, BOT, Fake};
pub(crate) use crate::reading::{buttons, labels, read};

pub(crate) const SECRET: &str = "8f742231b10e8888abcd99e85a5";
pub(crate) const START: i64 = 1_800_000_000;

/// Everything there is.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) slack: Arc<Slack>,
    pub(crate) room: Room,
    pub(crate) clock: Arc<HandClock>,
    count: std::sync::atomic::AtomicU32,
    _directory: tempfile::TempDir,
}

/// What is different about a call.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) id: &'static str,
    pub(crate) arguments: Value,
    pub(crate) severity: &'static str,
    pub(crate) evidence: Value,
    pub(crate) quorum: u32,
    pub(crate) person: Option<&'static str>,
}

impl Default for Held {
    fn default() -> Self {
        let (id, severity, quorum) = ("0193a-1", "medium", 1);
        Self {
            id,
            arguments: json!({ "to": "Ada", "amount": 120 }),
            severity,
            evidence: Value::Null,
            quorum,
            person: None,
        }
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((START + seconds) * 1_000_000)
}

/// How Slack is used in these stories.
pub(crate) fn options(fake: &Fake, mode: Mode) -> SlackOptions {
    SlackOptions {
        name: "team".to_owned(),
        team: None,
        bot_token: Secret::new(BOT.to_owned()),
        mode,
        channel: "C1".to_owned(),
        max_risk: Risk::Medium,
        by_email: false,
        api: fake.url(),
    }
}

pub(crate) fn by_http() -> Mode {
    Mode::Http { signing_secret: Secret::new(SECRET.to_owned()) }
}

pub(crate) fn by_socket() -> Mode {
    Mode::Socket { app_token: Secret::new(APP.to_owned()) }
}

fn people() -> People {
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    let person = |name: &str, accounts: &[&str]| Listed {
        name: name.to_owned(),
        accounts: set(accounts),
        groups: set(&[]),
        roles: set(&["reviewer"]),
    };
    People::new([
        person("ada", &["os:ada", "slack:T1/U1"]),
        person("ben", &["os:ben", "slack:T1/U2"]),
        person("bob", &["os:bob", "slack:T1/U3"]),
        person("cy@example.com", &["os:cy"]),
        Listed { roles: set(&[]), ..person("eve", &["slack:T1/U5"]) },
    ])
}

impl World {
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::with(mode, |_| {}).await
    }

    pub(crate) async fn with(mode: Mode, change: impl FnOnce(&mut SlackOptions)) -> Self {
        let fake = Fake::start().await;
        let mut options = options(&fake, mode);
        change(&mut options);
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("book.db").display());
        let store = Store::open(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap();
        let clock = Arc::new(HandClock::at(at(0)));
        let hands: Arc<HandClock> = Arc::clone(&clock);
        let desk = Desk::new(store.clone(), hands);
        desk.people.store(Arc::new(people()));
        let pages = Some("https://gw.example.com".parse().unwrap());
        let room = Room { desk, store, pages };
        let slack = Slack::new(options).unwrap();
        Self { fake, slack, room, clock, count: std::sync::atomic::AtomicU32::new(0), _directory: directory }
    }

    /// A call that waits.
    pub(crate) async fn hold(&self, held: Held) {
        let agreement = json!({ "all_of": [{
            "finding": "money/large", "reviewers": ["role:reviewer"], "quorum": held.quorum, "each": false,
            "show": [], "by": "other", "evidence": held.evidence,
        }] });
        let asker = Asker {
            principal: "key:ci".to_owned(),
            person: held.person.map(str::to_owned),
            also: BTreeSet::new(),
            accounts: BTreeSet::new(),
        };
        let (digest, repeat) = (Digest::of_bytes("call", held.id.as_bytes()), Digest::of_bytes("repeat", b""));
        let id = CallId::from_record(held.id);
        let approval =
            Approval::open((id, digest, repeat), asker, serde_json::from_value(agreement).unwrap(), self.now());
        let shown = json!({
            "server": "shop", "method": "tools/call", "target": "pay", "reason": "more than 100", "environment": "production",
            "params": { "name": "pay", "arguments": held.arguments }, "because": [{ "severity": held.severity }],
        });
        assert!(self.room.desk.open(approval, shown.to_string(), Vec::new()).await.unwrap());
    }

    pub(crate) fn now(&self) -> Timestamp {
        countersign::clock::Clock::now(&*self.clock)
    }

    /// What is told of a call as it is now.
    pub(crate) async fn message(&self, id: &str, what: What) -> Message {
        let kept = self.room.store.find_approval(id).await.unwrap().unwrap();
        let matter = Matter::of(&kept, Details::Full, self.room.pages.as_ref(), self.now()).unwrap();
        Message::of(what, self.now(), matter)
    }

    pub(crate) fn parcel(&self, to: &str, message: Message) -> Parcel {
        Parcel { id: "d".to_owned(), to: to.to_owned(), message, now: self.now() }
    }

    pub(crate) async fn bring(&self, to: &str, id: &str, what: What) -> Went {
        let parcel = self.parcel(to, self.message(id, what).await);
        self.slack.deliver(&parcel, &self.room.store).await
    }

    /// Brings everything that is to be told by now to these recipients, as whoever carries deliveries does.
    pub(crate) async fn carry(&self, to: &[&str]) -> Vec<What> {
        let mut told = Vec::new();
        for notice in self.room.store.notices_due(self.now(), 100).await.unwrap() {
            for to in to {
                let went = self.bring(to, &notice.approval, notice.what).await;
                assert!(matches!(went, Went::Taken { .. }), "{went:?}");
            }
            self.room.store.put_deliveries(&[], &[notice.id.as_str()]).await.unwrap();
            told.push(notice.what);
        }
        told
    }

    /// A vote by another door.
    pub(crate) async fn vote(&self, id: &str, person: &str, word: Word) {
        let account = format!("os:{person}");
        let by: Voter = self.room.desk.people.load().of_account(&account).unwrap();
        let digest = self.room.desk.look(id).await.unwrap().summary();
        let (reason, evidence) = (Some("because".to_owned()), Evidence::Account);
        let wish = Wish::Vote { by, word, reason, digest, bounds: None, evidence };
        self.room.desk.act(id, wish).await.unwrap();
    }

    /// The payload of a button of the newest message in a channel, pressed by this account.
    pub(crate) fn press(&self, user: &str, channel: &str, label: &str) -> Value {
        let count = self.count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let message = self.fake.messages(channel).pop().unwrap();
        let button = buttons(&message).into_iter().find(|button| button["text"]["text"] == label);
        let button = button.unwrap_or_else(|| panic!("no button {label} in {message}"));
        let trigger = format!("trigger-{count}");
        self.fake.trigger(&trigger);
        json!({
            "type": "block_actions", "user": { "id": user, "team_id": "T1" }, "team": { "id": "T1" }, "trigger_id": trigger,
            "container": { "type": "message", "channel_id": channel, "message_ts": self.ts(channel) },
            "actions": [{ "type": "button", "action_id": button["action_id"], "value": button["value"],
                "action_ts": format!("18000{count:05}.000100") }],
        })
    }

    /// Where the newest message of a channel stands.
    fn ts(&self, channel: &str) -> String {
        self.fake.stands(channel).pop().unwrap()
    }

    /// Sends a payload as Slack does.
    pub(crate) async fn send(&self, payload: &Value) -> (StatusCode, String) {
        let body: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
        let headers = signed(body.as_bytes(), self.now().seconds());
        self.request(&headers, body.as_bytes()).await
    }

    pub(crate) async fn request(&self, headers: &HeaderMap, body: &[u8]) -> (StatusCode, String) {
        let (status, said) = self.slack.interaction(headers, body, &self.room).await;
        (status, String::from_utf8(said).unwrap())
    }

    /// The same, and everything that follows from it is done.
    pub(crate) async fn pressed(&self, payload: &Value) {
        assert_eq!(self.send(payload).await, (StatusCode::OK, String::new()));
        self.done().await;
    }

    /// Waits until nothing follows any more.
    pub(crate) async fn done(&self) {
        self.slack.tasks.close();
        self.slack.tasks.wait().await;
        self.slack.tasks.reopen();
    }

    /// The newest window, and what is sent when it is filled in like this.
    pub(crate) fn submit(&self, user: &str, typed: &[(&str, &str)]) -> Value {
        let count = self.count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let view = self.fake.window();
        let mut values = serde_json::Map::new();
        for block in view["blocks"].as_array().unwrap().iter().filter(|block| block["type"] == "input") {
            let typed = typed.iter().find(|(label, _)| block["label"]["text"] == *label).map(|(_, text)| json!(text));
            let value = typed.unwrap_or_else(|| block["element"]["initial_value"].clone());
            let (id, name) = (block["block_id"].as_str().unwrap(), block["element"]["action_id"].as_str().unwrap());
            values.insert(id.to_owned(), json!({ name: { "type": "plain_text_input", "value": value } }));
        }
        json!({
            "type": "view_submission", "user": { "id": user, "team_id": "T1" }, "team": { "id": "T1" },
            "view": { "id": format!("V{count}"), "hash": "h", "callback_id": view["callback_id"],
                "private_metadata": view["private_metadata"], "state": { "values": values } },
        })
    }

    pub(crate) async fn state(&self, id: &str) -> &'static str {
        self.room.desk.look(id).await.unwrap().state.word()
    }
}

/// The headers of a request that Slack signed at this second.
pub(crate) fn signed(body: &[u8], seconds: i64) -> HeaderMap {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let text = [format!("v0:{seconds}:").as_bytes(), body].concat();
    let signature = format!("v0={}", countersign::digest::hex(hmac::sign(&key, &text).as_ref()));
    let mut headers = HeaderMap::new();
    headers.insert("x-slack-request-timestamp", seconds.to_string().parse().unwrap());
    headers.insert("x-slack-signature", signature.parse().unwrap());
    headers
}
