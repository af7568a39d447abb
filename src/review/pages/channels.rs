//! By which channels are people asked, and did they hear?

use askama::Template;

use super::frame::{Frame, When};
use super::seen::Seen;
use crate::channels::{Channel, Channels};
use crate::store::deliveries::{Counted, Delivery, Standing};

/// Channels, and what was delivered by them.
#[derive(Debug, Template)]
#[template(path = "channels.html", config = "src/review/pages/askama.toml")]
pub struct ChannelsPage {
    /// What stands round it.
    pub frame: Frame,
    /// The channels.
    pub channels: Vec<Stands>,
    /// The last messages, the newest first.
    pub rows: Vec<Row>,
    /// Whether whoever looks may have something delivered again.
    pub may_redeliver: bool,
}

/// How one channel fares.
#[derive(Clone, Debug)]
pub struct Stands {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Why it is given nothing more, if it is not.
    pub closed: Option<Seen>,
    /// Whether its last message was not taken.
    pub failing: bool,
    /// How many messages wait, were delivered, and were given up.
    pub counts: [i64; 3],
    /// What receivers check with.
    pub keys: Vec<String>,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names it.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// To whom.
    pub to: Seen,
    /// Of what.
    pub what: &'static str,
    /// The call.
    pub call: Option<String>,
    /// Where it stands.
    pub state: &'static str,
    /// Whether it can be delivered again.
    pub is_over: bool,
    /// When it was made.
    pub made: When,
    /// When it is tried again.
    pub due: Option<When>,
    /// How often it was tried.
    pub tries: u32,
    /// What became of the last attempt, and how long that took.
    pub last: Option<(Seen, u64)>,
}

impl Stands {
    /// Of all channels.
    pub fn all(channels: &Channels, counts: &[Counted], closed: &[(String, String)], failing: &[String]) -> Vec<Self> {
        let stands = |(name, channel): (&String, &Channel)| {
            let count = |state| {
                let mine = counts.iter().filter(|count| count.channel == *name && count.state == state);
                mine.map(|count| count.count).sum()
            };
            Self {
                name: name.clone(),
                kind: channel.kind.word(),
                closed: closed.iter().find(|(closed, _)| closed == name).map(|(_, why)| Seen::from(why.as_str())),
                failing: failing.contains(name),
                counts: [Standing::Waiting, Standing::Delivered, Standing::Dead].map(count),
                keys: channel.public_keys(),
            }
        };
        channels.iter().map(stands).collect()
    }
}

impl Row {
    /// Of a message.
    pub fn of(delivery: &Delivery) -> Self {
        let last = delivery.log.last().map(|attempt| (Seen::from(attempt.said.as_str()), attempt.took));
        Self {
            id: delivery.id.clone(),
            channel: delivery.channel.clone(),
            to: Seen::from(delivery.to.as_str()),
            what: delivery.message.what.word(),
            call: delivery.approval.clone(),
            state: delivery.state.word(),
            is_over: delivery.due.is_none(),
            made: When(delivery.made),
            due: delivery.due.map(When),
            tries: delivery.tries,
            last,
        }
    }
}
