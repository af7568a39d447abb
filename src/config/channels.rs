//! By which channels are people asked?

mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;

pub use self::webhook::{Answers, Webhook};
use super::fault::{Subject, closest};
use super::section::{Given, Privacy, Reading, Section, Wanted};
use super::servers::ServerName;
use super::word::{Word as _, words};
use crate::channels::notice::What;

/// One channel.
#[derive(Clone, Debug, JsonSchema)]
pub struct Channel {
    /// What it is.
    #[schemars(skip)]
    pub kind: Kind,
    /// Of what it hears. Default: of everything that happens to a call.
    #[schemars(with = "Option<Vec<What>>")]
    pub events: BTreeSet<What>,
    /// It hears of calls of this risk and above.
    #[schemars(extend("default" = "low"))]
    pub risk_from: RiskWord,
    /// Whether it is told the arguments too, as the record holds them.
    #[schemars(extend("default" = "thin"))]
    pub details: Details,
}

/// What a channel is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Signed messages to a program.
    Webhook(Box<Webhook>),
}

/// How bad a call could be, as the file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskWord {
    /// Any.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical only.
    Critical,
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
}

const KIND: Wanted = Wanted("what the channel is", "webhook");

impl Channel {
    pub(super) fn read_all(root: &Section<'_>) -> Reading<BTreeMap<String, Self>> {
        let read = root.named("channels")?.into_iter().map(|(name, at, section)| {
            let fits = if ServerName::parse(&name).is_some() {
                Ok(())
            } else {
                let what = format!("`{}` cannot be the name of a channel", name.replace(char::is_control, "\u{fffd}"));
                let next = "a small letter first, then small letters, digits and `-`, at most 24 in all".to_owned();
                Err(root.note(&at, what, next, Subject::Shown))
            };
            let channel = section.and_then(|section| Self::read(&section));
            fits.and(channel).map(|channel| (name, channel))
        });
        // Each of them is looked at, so that every fault is told at once.
        read.collect::<Vec<Reading<_>>>().into_iter().collect()
    }

    fn read(section: &Section<'_>) -> Reading<Self> {
        let events = section.texts("events", &[], Privacy::Open).and_then(|given| events(section, given));
        let risk_from = section.word("risk_from", RiskWord::Low);
        let details = section.word("details", Details::Thin);
        // Which keys belong here depends on it, so that without it nothing else is looked at.
        let kind = match section.required("kind", KIND, KindWord::of)? {
            KindWord::Webhook => Webhook::read(section).map(|webhook| Kind::Webhook(Box::new(webhook))),
        };
        section.close();
        Ok(Self { kind: kind?, events: events?, risk_from: risk_from?, details: details? })
    }
}

/// The programs that may decide by one of these.
pub(super) fn automations(channels: &BTreeMap<String, Channel>) -> BTreeSet<String> {
    let answers = channels.values().filter_map(|channel| channel.kind.answers());
    answers.map(|answers| answers.automation.clone()).collect()
}

impl Kind {
    /// Who may decide by it.
    pub const fn answers(&self) -> Option<&Answers> {
        match self {
            Self::Webhook(webhook) => webhook.answers.as_ref(),
        }
    }
}

fn events(section: &Section<'_>, all: Vec<Given>) -> Reading<BTreeSet<What>> {
    if all.is_empty() {
        return Ok(What::ALL.into_iter().collect());
    }
    let event = |given: Given| {
        What::of_word(&given.text).filter(|what| *what != What::Many).ok_or_else(|| {
            let words = What::ALL.iter().map(|what| what.word());
            let next = match closest(&given.text, words.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write some of: {}", words.collect::<Vec<_>>().join(", ")),
            };
            let (told, subject) = given.told(Subject::Shown);
            section.note(&given.at, format!("{told} is nothing that happens to a call"), next, subject)
        })
    };
    let all: Vec<Reading<What>> = all.into_iter().map(event).collect();
    all.into_iter().collect()
}

words!(KindWord: "webhook" => Webhook);
words!(RiskWord: "low" => Low, "medium" => Medium, "high" => High, "critical" => Critical);
words!(Details: "thin" => Thin, "full" => Full);
