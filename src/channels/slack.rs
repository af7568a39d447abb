//! How are people asked in Slack?
//!
//! A call is posted once to everybody it is told to, and every message about it shows where it stands from then on: a button
//! that was used, here or elsewhere, is gone. What is pressed comes back over a connection we opened (Socket Mode) or as a
//! signed request; both end at the same place. Who pressed it is known by an account that the configuration gives to a person,
//! and by nothing else unless it says so; and it is evidence of an account and no more, so that rules which want more are met
//! elsewhere. Nothing about a call is believed because a button said it.

mod action;
pub mod answer;
mod api;
pub mod blocks;
mod delivery;
pub mod limits;
mod modal;
mod outcome;
pub mod signature;
pub mod socket;
mod who;
mod words;

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::downstream::http::guard::{Private, Reach, reach_of};
use crate::facts::Risk;
use crate::secret::Secret;
use api::Api;

/// Where Slack is spoken to, unless the configuration says otherwise.
pub const API: &str = "https://slack.com/api/";
/// Presses that are remembered, so that the same one does nothing twice.
const MOST_REMEMBERED: usize = 4096;
/// Calls are told of one after the other, in this many rows.
const ROWS: usize = 16;

/// How Slack is used.
#[derive(Clone)]
pub struct SlackOptions {
    /// The channel's configured name.
    pub name: String,
    /// The workspace. Nothing: the one the token is of.
    pub team: Option<String>,
    /// The app's token (`xoxb-`).
    pub bot_token: Secret,
    /// How presses come back.
    pub mode: Mode,
    /// Where messages go that are for nobody in particular: an id, or `#name`.
    pub channel: String,
    /// The highest risk of a call that can be agreed to here.
    pub max_risk: Risk,
    /// Whether the e-mail address of a Slack account may name a person.
    pub by_email: bool,
    /// Where Slack is spoken to.
    pub api: Url,
}

/// How presses come back.
#[derive(Clone)]
pub enum Mode {
    /// Over a connection we open.
    Socket {
        /// The token that opens it (`xapp-`).
        app_token: Secret,
    },
    /// As requests to us.
    Http {
        /// What they are signed with.
        signing_secret: Secret,
    },
}

/// Why Slack cannot be used as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// The address is none to send tokens to.
    #[error("`{0}` is no address to send Slack's tokens to; write an https address such as {API}")]
    Api(Url),
}

/// A workspace that is asked and told.
pub struct Slack {
    options: SlackOptions,
    api: Api,
    team: OnceCell<String>,
    pressed: Mutex<Remembered>,
    rows: [tokio::sync::Mutex<()>; ROWS],
    trouble: Mutex<Option<String>>,
    /// What is done after Slack was answered.
    pub tasks: TaskTracker,
}

#[derive(Default)]
struct Remembered {
    keys: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Slack {
    /// Prepares everything; connects to nothing.
    pub fn new(options: SlackOptions) -> Result<Arc<Self>, SlackError> {
        let reach = reach_of(&options.api, Private::Refused);
        let local = reach == Reach::Loopback && options.api.scheme() == "http";
        if options.api.scheme() != "https" && !local || options.api.cannot_be_a_base() {
            return Err(SlackError::Api(options.api));
        }
        let api = Api::new(&options.api, reach, options.bot_token.clone());
        let (pressed, rows, trouble) = (Mutex::default(), Default::default(), Mutex::default());
        Ok(Arc::new(Self { options, api, team: OnceCell::new(), pressed, rows, trouble, tasks: TaskTracker::new() }))
    }

    /// How it is used.
    pub const fn options(&self) -> &SlackOptions {
        &self.options
    }

    /// Why nothing that is pressed comes back, where nothing does.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Whether this is the first time; from now on it is not.
    fn is_new(&self, key: &str) -> bool {
        let mut pressed = self.pressed.lock().unwrap_or_else(PoisonError::into_inner);
        if !pressed.keys.insert(key.to_owned()) {
            return false;
        }
        pressed.order.push_back(key.to_owned());
        if pressed.order.len() > MOST_REMEMBERED
            && let Some(oldest) = pressed.order.pop_front()
        {
            pressed.keys.remove(&oldest);
        }
        true
    }

    /// The row of a call: what is told of one call is told in order.
    fn row(&self, call: &str) -> Option<&tokio::sync::Mutex<()>> {
        let place = call.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.rows.get(place.checked_rem(ROWS).unwrap_or_default())
    }
}

impl fmt::Debug for SlackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackOptions")
            .field("name", &self.name)
            .field("team", &self.team)
            .field("mode", &self.mode)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Socket { .. }) { "Mode::Socket" } else { "Mode::Http" })
    }
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").field("options", &self.options).finish_non_exhaustive()
    }
}
