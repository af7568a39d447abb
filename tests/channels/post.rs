//! An outbox over a store of its own, a desk with calls that wait, and a clock that is set by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use countersign::approval::Approval;
use countersign::approval::asker::Asker;
use countersign::approval::people::{Listed, People};
use countersign::approval::vote::{Evidence, Voter, Word};
use countersign::call::CallId;
use countersign::channels::message::Details;
use countersign::channels::on_call::Duties;
use countersign::channels::outbox::Outbox;
use countersign::channels::routing::Routes;
use countersign::channels::routing::filter::Filter;
use countersign::channels::template::{self, Template};
use countersign::channels::webhook::{Webhook, WebhookOptions};
use countersign::channels::{Channel, Kind};
use countersign::clock::{Clock, HandClock, Timestamp};
use countersign::digest::Digest;
use countersign::downstream::http::guard::Private;
use countersign::gateway::desk::{Desk, Wish};
use countersign::policy::decision::Agreement;
use countersign::store::{Durability, Store, StoreOptions};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::receiver::Receiver;

/// When everything begins.
pub(crate) const BEGIN: i64 = 1_800_000_000;

pub(crate) struct Post {
    pub(crate) store: Store,
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Arc<HandClock>,
    _dir: TempDir,
    stop: CancellationToken,
}

/// A channel to this receiver.
pub(crate) fn webhook(receiver: &Receiver) -> Channel {
    of(receiver, None)
}

fn of(receiver: &Receiver, body: Option<Template>) -> Channel {
    let options = WebhookOptions {
        url: Url::parse(&receiver.url).unwrap(),
        signers: Vec::new(),
        headers: BTreeMap::new(),
        body,
        timeout: Duration::from_millis(500),
        private: Private::Refused,
        may_decide: false,
        answers_at: None,
    };
    let filter = Filter::default();
    Channel { kind: Kind::Webhook(Webhook::new(options)), filter, details: Details::Thin, answers: None }
}

/// The same to people, who read what happened and to which call.
pub(crate) fn read_by_people(receiver: &Receiver) -> Channel {
    of(receiver, Some(Template::read("{what} {id}", template::Kind::Text, &template::Lists::new()).unwrap()))
}

impl Post {
    /// With these channels.
    pub(crate) async fn open(channels: impl IntoIterator<Item = (&'static str, Channel)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("book.db").display());
        let store = Store::open(&StoreOptions::new(&url, Durability::Process).unwrap()).await.unwrap();
        let clock = Arc::new(HandClock::at(at(0)));
        let desk = Desk::new(store.clone(), shared(&clock));
        let listed = ["ada", "ida"].map(|name| Listed {
            name: name.to_owned(),
            accounts: [format!("key:{name}")].into(),
            groups: ["dba".to_owned()].into(),
            ..Listed::default()
        });
        desk.people.store(Arc::new(People::new(listed)));
        let post = Self { store, desk, clock, _dir: dir, stop: CancellationToken::new() };
        post.begin(channels);
        post
    }

    /// Another outbox over the same store, as another gateway has one.
    pub(crate) fn begin(&self, channels: impl IntoIterator<Item = (&'static str, Channel)>) {
        self.begin_routed(channels, Routes::default());
    }

    /// The same with routes.
    pub(crate) fn begin_routed(&self, channels: impl IntoIterator<Item = (&'static str, Channel)>, routes: Routes) {
        let channels: BTreeMap<String, Channel> =
            channels.into_iter().map(|(name, channel)| (name.to_owned(), channel)).collect();
        let filters = channels.iter().map(|(name, channel)| (name.clone(), channel.filter.clone())).collect();
        let routes = Routes { channels: filters, ..routes };
        let duties = Duties::new(BTreeMap::new(), BTreeSet::new(), shared(&self.clock));
        let outbox = Outbox::new((Arc::clone(&self.desk), self.store.clone()), channels, (routes, duties), None);
        tokio::spawn(outbox.run(self.stop.clone()));
    }

    /// A call that waits from now on, for half an hour.
    pub(crate) async fn hold(&self, id: &str) {
        let agreement: Agreement = serde_json::from_value(json!({ "all_of": [
            { "finding": "story/ask", "reviewers": ["group:dba"], "quorum": 1, "each": false, "by": "other", "ttl": "30m", "show": [] },
        ] }))
        .unwrap();
        let named = (call(id), digest(id), digest("repeat"));
        let asker = Asker { principal: "key:bot".to_owned(), ..Asker::default() };
        let approval = Approval::open(named, asker, agreement, self.desk.now().await.unwrap());
        let shown =
            json!({ "server": "shop", "method": "tools/call", "target": "drop", "params": {}, "reason": "why" });
        assert!(self.desk.open(approval, shown.to_string(), Vec::new()).await.unwrap());
    }

    /// Somebody's answer.
    pub(crate) async fn says(&self, id: &str, who: &str, word: Word) {
        let account = format!("key:{who}");
        let by = Voter {
            person: who.to_owned(),
            account: account.clone(),
            accounts: [account].into(),
            groups: ["dba".to_owned()].into(),
            ..Voter::default()
        };
        let (reason, digest) = (Some("so".to_owned()), digest(id));
        let wish = Wish::Vote { by, word, reason, digest, bounds: None, evidence: Evidence::Account };
        self.desk.act(id, wish).await.unwrap();
    }

    /// Moves the clock to so many seconds after the beginning.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.set(at(seconds));
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The same clock, for those who only read it.
fn shared(clock: &Arc<HandClock>) -> Arc<dyn Clock> {
    Arc::<HandClock>::clone(clock)
}

pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((BEGIN + seconds) * 1_000_000)
}

fn call(id: &str) -> CallId {
    serde_json::from_value(json!(id)).unwrap()
}

fn digest(text: &str) -> Digest {
    Digest::of_bytes("story", text.as_bytes())
}
