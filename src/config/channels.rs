//! By which channels are people asked?

mod mail;
mod slack;
mod teams;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

pub use self::mail::Mail;
pub use self::slack::Slack;
pub use self::teams::Teams;
pub use self::webhook::{Answers, Webhook};
use super::fault::Subject;
use super::routing::{self, Filter, RESERVED};
use super::section::{Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};

/// One channel.
#[derive(Clone, Debug, JsonSchema)]
pub struct Channel {
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// Of what it hears at all.
    #[schemars(flatten)]
    pub filter: Filter,
    /// Whether it is told the arguments too, as the record holds them. Default: `full` in Slack, where nobody can agree to what
    /// they are not shown; `thin` everywhere else.
    #[schemars(with = "Option<Details>")]
    pub details: Details,
}

/// What a channel is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Signed messages to a program.
    Webhook(Box<Webhook>),
    /// A workspace of Slack.
    Slack(Box<Slack>),
    /// A channel of Teams.
    Teams(Box<Teams>),
    /// Letters.
    Mail(Box<Mail>),
}

/// How much a channel is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Details {
    /// No arguments.
    Thin,
    /// The arguments too.
    Full,
}

/// The word of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindWord {
    /// Signed messages to a program.
    Webhook,
    /// A workspace of Slack.
    Slack,
    /// A channel of Teams.
    Teams,
    /// Letters.
    Mail,
}

const KIND: Wanted = Wanted("what the channel is", "webhook");

impl Channel {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<BTreeMap<String, Self>> {
        let read = root.named("channels")?.into_iter().map(|(name, at, section)| {
            let is_taken = RESERVED.contains(&name.as_str());
            let fits = if ServerName::parse(&name).is_some() && !is_taken {
                Ok(())
            } else {
                let what = format!("`{}` cannot be the name of a channel", name.replace(char::is_control, "\u{fffd}"));
                let next = if is_taken {
                    "name it otherwise; in `to` of a route this word means something else"
                } else {
                    "a small letter first, then small letters, digits and `-`, at most 24 in all"
                };
                Err(root.note(&at, what, next.to_owned(), Subject::Shown))
            };
            let channel = section.and_then(|section| Self::read(&section));
            fits.and(channel).map(|channel| (name, channel))
        });
        // Each of them is looked at, so that every fault is told at once.
        read.collect::<Vec<Reading<_>>>().into_iter().collect()
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let filter = routing::filter(section);
        // Which keys belong here depends on it, so that without it nothing else is looked at.
        let word = section.required("kind", KIND, KindWord::of)?;
        let usual = if word == KindWord::Slack { Details::Full } else { Details::Thin };
        let details = section.word("details", usual);
        let kind = match word {
            KindWord::Webhook => Webhook::read(section).map(|webhook| Kind::Webhook(Box::new(webhook))),
            KindWord::Teams => Teams::read(section).map(|teams| Kind::Teams(Box::new(teams))),
            KindWord::Mail => Mail::read(section).map(|mail| Kind::Mail(Box::new(mail))),
            KindWord::Slack => Slack::read(section).map(|slack| Kind::Slack(Box::new(slack))),
        };
        section.close();
        Ok(Self { kind: kind?, filter: filter?, details: details? })
    }
}

/// The programs that may decide by one of these.
pub(super) fn automations(channels: &BTreeMap<String, Channel>) -> BTreeSet<String> {
    let answers = channels.values().filter_map(|channel| channel.kind.answers());
    answers.map(|answers| answers.automation.clone()).collect()
}

impl Kind {
    /// Whether nobody hears by it who has no address there.
    pub const fn needs_address(&self) -> bool {
        matches!(self, Self::Mail(_))
    }

    /// Whether somebody can have an address there.
    pub const fn has_addresses(&self) -> bool {
        matches!(self, Self::Mail(_) | Self::Slack(_))
    }

    /// Who may decide by it.
    pub const fn answers(&self) -> Option<&Answers> {
        match self {
            Self::Webhook(webhook) => webhook.answers.as_ref(),
            Self::Slack(_) | Self::Teams(_) | Self::Mail(_) => None,
        }
    }
}

words!(KindWord: "webhook" => Webhook, "slack" => Slack, "teams" => Teams, "mail" => Mail);
words!(Details: "thin" => Thin, "full" => Full);
