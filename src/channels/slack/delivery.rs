//! How does a message come to Slack, and how does every copy of it stay true?
//!
//! Where a message stands is kept with the revision it shows. It is always made from the newest state there is, and nothing
//! older is ever put over it: not by a delivery that was late, and not by another gateway that was slow. What is posted and not
//! written down, because somebody pulled the plug in between, is posted once more; a press on the first copy takes it in again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Slack;
use super::action::Spot;
use super::api::Trouble;
use super::blocks::{Card, Told, aside};
use crate::channels::message::{Details, Matter, Message};
use crate::channels::notice::What;
use crate::channels::{Parcel, Went};
use crate::clock::Timestamp;
use crate::review::card::Shown;
use crate::store::approvals::KeptApproval;
use crate::store::{Store, StoreError};

/// Things said in a thread that are remembered, so that they are said once.
const MOST_TOLD: usize = 8;
/// A message that others change at the same moment is looked at again this often.
const MOST_LOOKS: usize = 4;

/// Where a message stands, and what it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    channel: String,
    ts: String,
    #[serde(default)]
    revision: i64,
    #[serde(default)]
    told: Vec<String>,
}

/// A call as it is now.
pub(super) struct Newest {
    pub(super) matter: Matter,
    at: String,
    long: Option<String>,
}

impl Newest {
    /// As the store has it, with the arguments if a channel is told of them.
    pub(super) fn of(kept: &KeptApproval, details: Details, now: Timestamp) -> Result<Self, StoreError> {
        let at = kept.approval.votes.last().map_or(now, |vote| vote.at).to_string();
        let matter = Matter::of(kept, details, None, now)?;
        let long = if details == Details::Full { Some(Shown::sent(kept)?) } else { None };
        Ok(Self { matter, at, long })
    }

    async fn find(store: &Store, matter: &Matter, message: &Message, now: Timestamp) -> Result<Self, StoreError> {
        let details = if matter.arguments.is_some() { Details::Full } else { Details::Thin };
        let kept = store.find_approval(&matter.id).await?.filter(|kept| kept.version >= matter.revision);
        let mut newest = match kept {
            Some(kept) => Self::of(&kept, details, now)?,
            None => Self { matter: matter.clone(), at: message.at.clone(), long: None },
        };
        newest.matter.page.clone_from(&matter.page);
        Ok(newest)
    }

    pub(super) fn card(&self, slack: &Slack) -> Card {
        let told = Told { matter: &self.matter, at: &self.at, long: self.long.as_deref() };
        Card::of(told, slack.options().max_risk)
    }
}

impl Slack {
    /// Tells what a parcel says, wherever that is.
    pub async fn deliver(&self, parcel: &Parcel, store: &Store) -> Went {
        match self.carried(parcel, store).await {
            Ok(said) => Went::Taken { said },
            Err(trouble) => trouble.went(),
        }
    }

    async fn carried(&self, parcel: &Parcel, store: &Store) -> Result<String, Trouble> {
        let message = &parcel.message;
        let to = if parcel.to.is_empty() { self.options.channel.as_str() } else { parcel.to.as_str() };
        let matter = match (message.what, message.matter()) {
            (What::Test, _) => return self.posted(to, &Card::test()).await.map(|spot| said(&spot)),
            (What::Many, _) | (_, None) => {
                return self.posted(to, &Card::of_many(message)).await.map(|spot| said(&spot));
            }
            (_, Some(matter)) => matter,
        };
        let row = self.row(&matter.id);
        let _turn = match row {
            Some(row) => Some(row.lock().await),
            None => None,
        };
        let places = store.posted(&self.options.name, &matter.id).await?;
        let is_here = |(recipient, place): &(String, String)| recipient == to || Place::read(place).channel == to;
        let mut here = places.iter().any(is_here);
        let (mut shown, mut trouble): (usize, Option<Trouble>) = (0, None);
        for (recipient, _) in &places {
            match self.renewed((recipient, matter), parcel, store).await {
                Ok(()) => shown = shown.saturating_add(1),
                // Somebody deleted the message. Who is asked again is asked by a new one.
                Err(gone) if gone.code() == Some("message_not_found") => here &= recipient != to,
                // What has to be put right is told only when nothing is left to be tried again.
                Err(other) if trouble.as_ref().is_none_or(|known| other.passes() && !known.passes()) => {
                    trouble = Some(other);
                }
                Err(_) => {}
            }
        }
        let mut said_of = format!("{shown} messages show it");
        if message.what.asks() && !here {
            let newest = Newest::find(store, matter, message, parcel.now).await?;
            if newest.matter.state == "pending" {
                let spot = self.posted(to, &newest.card(self)).await?;
                said_of = said(&spot);
                let Spot { channel, ts } = spot;
                let place = Place { channel, ts, revision: newest.matter.revision, told: vec![told(message)] };
                store.put_posted((&self.options.name, to), &matter.id, &place.text(), parcel.now).await?;
            } else if places.is_empty() {
                "nobody is asked about it any more".clone_into(&mut said_of);
            }
        }
        trouble.map_or(Ok(said_of), Err)
    }

    /// Makes one message show the newest, and says in its thread what belongs there.
    async fn renewed(
        &self,
        (recipient, matter): (&str, &Matter),
        parcel: &Parcel,
        store: &Store,
    ) -> Result<(), Trouble> {
        let message = &parcel.message;
        for _ in 0..MOST_LOOKS {
            let Some(place) = self.place(store, recipient, &matter.id).await? else { return Ok(()) };
            let newest = Newest::find(store, matter, message, parcel.now).await?;
            let again = matches!(message.what, What::Escalated | What::Reminded);
            let is_news = !place.told.contains(&told(message));
            let stands = newest.matter.revision;
            let changes = place.revision < stands || (place.revision == stands && again && is_news);
            if changes {
                self.updated(&place, &newest.card(self)).await?;
            }
            if is_news && let Some((blocks, text)) = aside(matter, message.what) {
                let mut arguments = arguments(&place.channel, &text, &blocks);
                put(&mut arguments, "thread_ts", place.ts.clone());
                self.api.call("chat.postMessage", &arguments).await?;
            }
            let Some(now) = self.place(store, recipient, &matter.id).await? else { return Ok(()) };
            if changes && now.revision > stands {
                // Another gateway was faster, and we may have put something older over what it showed.
                let behind = Place { revision: 0, ..now };
                store.put_posted((&self.options.name, recipient), &matter.id, &behind.text(), parcel.now).await?;
                continue;
            }
            let shown = Place { revision: stands.max(now.revision), ..now }.with(told(message));
            store.put_posted((&self.options.name, recipient), &matter.id, &shown.text(), parcel.now).await?;
            return Ok(());
        }
        Err(Trouble::Away("others change the same message all the time".to_owned()))
    }

    /// Takes in a message that was posted and not written down.
    pub(super) async fn adopt(&self, spot: &Spot, kept: &KeptApproval, store: &Store, now: Timestamp) {
        let id = kept.approval.id.as_str();
        let adopted = async {
            let places = store.posted(&self.options.name, id).await?;
            let known = places.iter().map(|(_, place)| Place::read(place));
            if known.into_iter().any(|place| place.channel == spot.channel && place.ts == spot.ts) {
                return Ok(());
            }
            let place = Place { channel: spot.channel.clone(), ts: spot.ts.clone(), ..Place::default() };
            let recipient = format!("{}/{}", spot.channel, spot.ts);
            store.put_posted((&self.options.name, &recipient), id, &place.text(), now).await
        };
        if let Err(error) = adopted.await {
            tracing::warn!(channel = self.options.name, call = id, %error, "a message in Slack will not show what becomes of the call");
        }
    }

    async fn place(&self, store: &Store, recipient: &str, call: &str) -> Result<Option<Place>, StoreError> {
        let all = store.posted(&self.options.name, call).await?;
        Ok(all.into_iter().find(|(known, _)| known == recipient).map(|(_, place)| Place::read(&place)))
    }

    async fn posted(&self, to: &str, card: &Card) -> Result<Spot, Trouble> {
        let mut arguments = arguments(to, &card.text, &card.blocks);
        put(&mut arguments, "unfurl_links", false);
        put(&mut arguments, "unfurl_media", false);
        put(&mut arguments, "mrkdwn", false);
        let answer = self.api.call("chat.postMessage", &arguments).await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let spot = text("channel").zip(text("ts")).map(|(channel, ts)| Spot { channel, ts });
        spot.ok_or_else(|| Trouble::Away("its answer does not say where the message stands".to_owned()))
    }

    async fn updated(&self, place: &Place, card: &Card) -> Result<(), Trouble> {
        let mut arguments = arguments(&place.channel, &card.text, &card.blocks);
        put(&mut arguments, "ts", place.ts.clone());
        self.api.call("chat.update", &arguments).await.map(drop)
    }
}

impl Place {
    /// What cannot be read is a place that shows nothing yet.
    fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn with(mut self, told: String) -> Self {
        if !self.told.contains(&told) {
            self.told.push(told);
        }
        let more = self.told.len().saturating_sub(MOST_TOLD);
        self.told.drain(..more);
        self
    }
}

/// What every message is sent with: nothing in it is looked for names or links.
pub(super) fn arguments(channel: &str, text: &str, blocks: &[Value]) -> Value {
    json!({ "channel": channel, "text": text, "blocks": blocks, "parse": "none", "link_names": false })
}

pub(super) fn put(arguments: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(members) = arguments.as_object_mut() {
        members.insert(key.to_owned(), value.into());
    }
}

/// Names one change, whoever is told of it.
fn told(message: &Message) -> String {
    format!("{} {}", message.what.word(), message.at)
}

fn said(spot: &Spot) -> String {
    format!("posted in {} as {}", spot.channel, spot.ts)
}
