//! Is it now within these hours?
//!
//! Hours are read off the clock on the wall of a place. Those that cross midnight belong to the day on which they begin. On the
//! two nights a year on which that clock jumps they are an hour shorter or longer, as they are for people.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use schemars::JsonSchema;

use crate::clock::Timestamp;

/// Hours of some days, at a place.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Hours {
    /// By which clock, as an IANA name: `Europe/Berlin`.
    #[schemars(with = "String")]
    pub zone: TimeZone,
    /// On which days they begin. Empty: on every day.
    #[schemars(extend("default" = []))]
    pub days: BTreeSet<Day>,
    /// When they begin.
    #[schemars(extend("default" = "00:00"))]
    pub from: Wall,
    /// When they are over; on the day after where this is earlier than `from`.
    #[schemars(extend("default" = "24:00"))]
    pub to: Wall,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
pub enum Day {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

/// What the clock on the wall shows, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(u16);

impl Hours {
    /// Whether this time is within them.
    pub fn contain(&self, now: Timestamp) -> bool {
        let instant = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default();
        let local = instant.to_zoned(self.zone.clone());
        let minutes = |count: i8| u16::try_from(count).unwrap_or_default();
        let shown = Wall(minutes(local.hour()).saturating_mul(60).saturating_add(minutes(local.minute())));
        let today = self.begin_on(local.weekday());
        if self.from < self.to {
            return today && (self.from..self.to).contains(&shown);
        }
        (today && shown >= self.from) || (self.begin_on(local.weekday().previous()) && shown < self.to)
    }

    fn begin_on(&self, day: Weekday) -> bool {
        self.days.is_empty() || self.days.contains(&Day::of(day))
    }
}

impl Day {
    /// All of them, in order, and their words.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("monday", Self::Monday),
        ("tuesday", Self::Tuesday),
        ("wednesday", Self::Wednesday),
        ("thursday", Self::Thursday),
        ("friday", Self::Friday),
        ("saturday", Self::Saturday),
        ("sunday", Self::Sunday),
    ];

    /// The day of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, day)| day)
    }

    const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

impl Wall {
    /// Two digits, a colon, two digits: from `00:00` to `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two = |part: &str| {
            (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u16>().ok())?
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        let all = hours.saturating_mul(60).saturating_add(minutes);
        (minutes < 60 && all <= 1440).then_some(Self(all))
    }
}

impl JsonSchema for Wall {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wall".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$|\$\{" })
    }
}

#[cfg(test)]
mod tests;
