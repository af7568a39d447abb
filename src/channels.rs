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

pub mod link;
pub mod mail;
pub mod message;
pub mod notice;
pub mod signature;
pub mod teams;
pub mod template;

use std::time::Duration;

use crate::clock::Timestamp;
use message::Message;

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
