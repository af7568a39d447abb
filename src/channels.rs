//! How are people asked?
//!
//! ```text
//! a change of a call -> notice -> routing -> deliveries -> channel -> a person
//!    (one transaction)          (who hears)   (outbox)
//! ```
//!
//! A change and its notice are one transaction. From then on everything may happen twice and nothing is forgotten: routing
//! names each delivery after the change, the channel and whoever hears it, so the same one is made once however often it is
//! tried; and a delivery is kept until the channel took it, its time is over, or somebody gave it up aloud. What comes back by a
//! channel is believed only as far as it is proven, and is decided at the same desk as everything else.

pub mod automation;
pub mod digest;
pub mod link;
pub mod mail;
pub mod message;
pub mod notice;
pub mod on_call;
pub mod outbox;
pub mod patience;
pub mod routing;
pub mod signature;
pub mod slack;
pub mod teams;
pub mod template;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::store::Store;
use automation::Automation;
use mail::Mail;
use message::{Details, Message};
use routing::filter::Filter;
use slack::Slack;
use teams::Teams;
use webhook::Webhook;

/// Every channel, by its name.
pub type Channels = BTreeMap<String, Channel>;

/// One channel.
#[derive(Debug)]
pub struct Channel {
    /// How it carries a message.
    pub kind: Kind,
    /// Of what it hears at all.
    pub filter: Filter,
    /// How much it is told.
    pub details: Details,
    /// The program that may decide by it.
    pub answers: Option<Automation>,
}

/// How a channel carries a message.
#[derive(Debug)]
pub enum Kind {
    /// To a program.
    Webhook(Webhook),
    /// To people, in Slack.
    Slack(Arc<Slack>),
    /// To people, as cards in Teams.
    Teams(Teams),
    /// To people, as letters.
    Mail(Box<Mail>),
}

/// One message for one channel.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Names the delivery; the same however often it is tried.
    pub id: String,
    /// To whom, in words of the channel; empty: to whoever it always goes to.
    pub to: String,
    /// What.
    pub message: Message,
    /// When it is made.
    pub now: Timestamp,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Went {
    /// It was taken.
    Taken {
        /// What the receiver said, for people.
        said: String,
    },
    /// It was not, and may be later.
    Later {
        /// Why.
        why: String,
        /// Not before this much time has gone by, if the receiver says so.
        after: Option<Duration>,
    },
    /// It was not, and never will be.
    Refused {
        /// Why.
        why: String,
    },
    /// The receiver wants no more of anything.
    Gone {
        /// Why.
        why: String,
    },
}

impl Channel {
    /// The workspace, where it is one of Slack.
    pub const fn slack(&self) -> Option<&Arc<Slack>> {
        match &self.kind {
            Kind::Slack(slack) => Some(slack),
            Kind::Webhook(_) | Kind::Teams(_) | Kind::Mail(_) => None,
        }
    }

    /// Whether people read it. They need not hear that something was asked of them when nothing is any more.
    pub const fn is_read_by_people(&self) -> bool {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.is_read_by_people(),
            Kind::Slack(_) | Kind::Teams(_) | Kind::Mail(_) => true,
        }
    }

    /// What receivers check its messages with, where they may know it.
    pub fn public_keys(&self) -> Vec<String> {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.public_keys(),
            Kind::Slack(_) | Kind::Teams(_) | Kind::Mail(_) => Vec::new(),
        }
    }

    /// How long one message may take.
    pub const fn patience(&self) -> Duration {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.patience(),
            // Several messages, and places that are looked up.
            Kind::Slack(_) => Duration::from_mins(1),
            Kind::Teams(_) => Duration::from_secs(25),
            Kind::Mail(_) => Duration::from_secs(35),
        }
    }

    /// Carries one message; says what became of it, and what a program replied that may decide.
    pub async fn deliver(&self, parcel: &Parcel, store: &Store) -> (Went, Option<Vec<u8>>) {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.deliver(parcel).await,
            Kind::Slack(slack) => (slack.deliver(parcel, store).await, None),
            Kind::Teams(teams) => (teams.deliver(parcel).await, None),
            Kind::Mail(mail) => (mail.deliver(parcel).await, None),
        }
    }
}

impl Kind {
    /// One word for people.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::Mail(_) => "mail",
        }
    }
}
