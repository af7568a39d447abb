//! How long, and how much?

use std::fmt;
use std::time::Duration;

/// A stretch of time as people write it: `250ms`, `60s`, `5m`, `1h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

/// A number of bytes, plain or as people write it: `4194304`, `"64KiB"`, `"4MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(u64);

const PERIODS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Period {
    /// A whole number and its unit. Zero is refused: no place that takes a period means "never" by it.
    pub fn parse(text: &str) -> Option<Self> {
        let millis = amount(text, &PERIODS)?;
        (millis > 0).then(|| Self(Duration::from_millis(millis)))
    }

    /// For the standard library.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl Bytes {
    /// A whole number, with or without a unit.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().or_else(|| amount(text, &SIZES)).map(Self)
    }

    /// From a count.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many.
    pub const fn count(self) -> u64 {
        self.0
    }

    /// How many, for lengths in memory.
    pub fn length(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        written(f, millis, &PERIODS)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let (_, each) = units.iter().find(|(name, _)| *name == unit)?;
    count.parse::<u64>().ok()?.checked_mul(*each)
}

/// In the largest unit that leaves nothing over.
fn written(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> fmt::Result {
    let exact = units.iter().find(|(_, each)| amount.checked_rem(*each) == Some(0));
    let (unit, each) = exact.copied().unwrap_or(("", 1));
    write!(f, "{}{unit}", amount.checked_div(each).unwrap_or(amount))
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^[0-9]+(ms|s|m|h|d)$|\$\{" })
    }
}

impl schemars::JsonSchema for Bytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bytes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": r"^[0-9]+(B|KiB|MiB|GiB)?$|\$\{" },
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_have_a_unit_and_are_not_zero() {
        for (text, millis) in [("250ms", 250), ("60s", 60_000), ("5m", 300_000), ("1h", 3_600_000), ("7d", 604_800_000)]
        {
            assert_eq!(Period::parse(text).map(Period::duration), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "60", "s", "0s", "-1s", "1.5s", "1 s", "1S", "1w", "99999999999999999999s", "9999999999999999999h"]
        {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }

    #[test]
    fn byte_counts_may_have_a_unit() {
        for (text, count) in [("0", 0), ("4194304", 4_194_304), ("64KiB", 65_536), ("4MiB", 4_194_304), ("12B", 12)] {
            assert_eq!(Bytes::parse(text).map(Bytes::count), Some(count), "{text}");
        }
        for text in ["", "MiB", "-1", "4MB", "4 MiB", "1.5MiB", "99999999999GiB"] {
            assert_eq!(Bytes::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(millis in 1..u64::from(u32::MAX)) {
            let period = Period(Duration::from_millis(millis));
            prop_assert_eq!(Period::parse(&period.to_string()), Some(period));
        }
    }
}
