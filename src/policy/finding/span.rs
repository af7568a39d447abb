//! How long is `30m`?

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time as rules write it: a whole number and one of `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[1-9][0-9]{0,8}[smhd]$"))]
pub struct Span(u64);

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no length of time; write a whole number and s, m, h or d, such as \"30m\", up to \"365d\"")]
pub struct NoSpan(String);

/// Seconds in each unit, the longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
/// A year. Longer than anything that waits or is counted.
const LONGEST: u64 = 365 * 86_400;

impl Span {
    /// Whole seconds, between one and a year.
    pub fn of_seconds(seconds: u64) -> Option<Self> {
        (1..=LONGEST).contains(&seconds).then_some(Self(seconds))
    }

    /// How many seconds it has.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The same for a timer.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl TryFrom<String> for Span {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        let read = || {
            let (last, unit) = text.char_indices().next_back()?;
            let (_, seconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
            let number = text.get(..last)?;
            let plain = number.bytes().all(|digit| digit.is_ascii_digit()) && !number.starts_with('0');
            let number: u64 = plain.then(|| number.parse().ok())??;
            Self::of_seconds(number.checked_mul(*seconds)?)
        };
        read().ok_or_else(|| NoSpan(text.chars().take(40).collect()))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(unit, seconds): &(char, u64)| Some((*unit, self.0.checked_div(*seconds)?, *seconds));
        let units = UNITS.iter().filter_map(whole);
        let exact = units.into_iter().find(|(_, count, seconds)| count.checked_mul(*seconds) == Some(self.0));
        let (unit, count, _) = exact.unwrap_or(('s', self.0, 1));
        write!(f, "{count}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_whole_number_and_a_unit() {
        for (text, seconds) in
            [("1s", 1), ("90s", 90), ("30m", 1800), ("24h", 86_400), ("1d", 86_400), ("365d", LONGEST)]
        {
            assert_eq!(Span::try_from(text.to_owned()).map(Span::seconds), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "m",
            "30",
            "30 m",
            "0m",
            "030m",
            "-1m",
            "+1m",
            "1.5h",
            "1w",
            "30M",
            "366d",
            "99999999999999999999d",
            "1mm",
            "１m",
        ] {
            assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_written_in_the_longest_unit_that_fits() {
        for (seconds, text) in [(90, "90s"), (1800, "30m"), (86_400, "1d"), (90_000, "25h")] {
            assert_eq!(Span::of_seconds(seconds).unwrap().to_string(), text);
        }
    }
}
