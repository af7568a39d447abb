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
pub mod link;
pub mod mail;
pub mod message;
pub mod notice;
pub mod outbox;
pub mod patience;
pub mod signature;
pub mod teams;
pub mod template;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::facts::Risk;
use automation::Automation;
use message::{Details, Matter, Message};
use notice::What;
use webhook::Webhook;

/// Every channel, by its name.
pub type Channels = BTreeMap<String, Channel>;

/// One channel.
#[derive(Debug)]
pub struct Channel {
    /// How it carries a message.
    pub kind: Kind,
    /// Of what it hears.
    pub events: BTreeSet<What>,
    /// It hears of calls of this risk and above.
    pub risk_from: Risk,
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
    /// Which attempt this is, from one.
    pub attempt: u32,
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
    /// Whether it hears of this.
    pub fn hears(&self, what: What, matter: &Matter) -> bool {
        self.events.contains(&what) && matter.risk >= self.risk_from
    }

    /// Whether people read it. They need not hear that something was asked of them when nothing is any more.
    pub const fn is_read_by_people(&self) -> bool {
        match self.kind {
            Kind::Webhook(_) => false,
        }
    }

    /// What receivers check its messages with, where they may know it.
    pub fn public_keys(&self) -> Vec<String> {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.public_keys(),
        }
    }

    /// How long one message may take.
    pub const fn patience(&self) -> Duration {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.patience(),
        }
    }

    /// Carries one message; says what became of it, and what a program replied that may decide.
    pub async fn deliver(&self, parcel: &Parcel) -> (Went, Option<Vec<u8>>) {
        match &self.kind {
            Kind::Webhook(webhook) => webhook.deliver(parcel).await,
        }
    }
}

impl Kind {
    /// One word for people.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
        }
    }
}
