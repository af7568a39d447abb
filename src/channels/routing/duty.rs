//! Who is on call now?
//!
//! Either people take turns, which is a matter of the time alone, or a service of the operator's says who it is. A turn is so
//! many hours and not so many days of a calendar: where clocks jump, it is handed over an hour earlier or later by the wall.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;

use schemars::JsonSchema;
use url::Url;

use crate::clock::Timestamp;
use crate::config::Period;
use crate::secret::Secret;

/// People of whom some are on call.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OnCall {
    /// Who says who it is.
    #[schemars(skip)]
    pub source: Source,
    /// Who is, where nobody says it or nobody who is known is named.
    #[schemars(extend("default" = []))]
    pub fallback: Vec<String>,
}

/// Who says who is on call.
#[derive(Clone, Debug)]
pub enum Source {
    /// The time.
    Rota(Rota),
    /// A service.
    Service(Service),
}

/// People who take turns.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Rota {
    /// The people, in their order; then it begins again.
    pub people: Vec<String>,
    /// When the first turn begins, as RFC 3339. Before that it is the first one's too.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// How long a turn is.
    #[schemars(extend("default" = "7d"))]
    pub shift: Period,
}

/// A service that knows.
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Service {
    /// Where it answers `{"people": ["ada"]}` to a GET.
    #[schemars(with = "String")]
    pub url: Url,
    /// What is sent with it as `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// Lets private addresses through for this service.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

impl Rota {
    /// Whose turn it is.
    pub fn now(&self, now: Timestamp) -> Option<&str> {
        let shift = i64::try_from(self.shift.duration().as_micros()).unwrap_or(i64::MAX).max(1);
        let since = now.micros().saturating_sub(self.start.micros()).max(0);
        let turn = usize::try_from(since.checked_div(shift)?).unwrap_or(usize::MAX);
        self.people.get(turn.checked_rem(self.people.len())?).map(String::as_str)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn rota(people: &[&str], shift: &str) -> Rota {
        let people = people.iter().map(|name| (*name).to_owned()).collect();
        Rota { people, start: Timestamp::from_micros(1_000 * HOUR), shift: Period::parse(shift).unwrap() }
    }

    #[test]
    fn people_take_turns() {
        // A35: by time.
        let rota = rota(&["ada", "bob", "eve"], "12h");
        for (hours, who) in [(-900, "ada"), (-1, "ada"), (0, "ada"), (11, "ada"), (12, "bob"), (24, "eve"), (36, "ada")]
        {
            assert_eq!(rota.now(Timestamp::from_micros((1_000 + hours) * HOUR)), Some(who), "{hours}");
        }
        let last = Timestamp::from_micros((1_000 + 12) * HOUR - 1);
        assert_eq!(rota.now(last), Some("ada"));
        assert_eq!(self::rota(&[], "12h").now(last), None);
        assert_eq!(rota.now(Timestamp::from_micros(i64::MIN)), Some("ada"));
        assert!(rota.now(Timestamp::from_micros(i64::MAX)).is_some());
    }

    proptest! {
        #[test]
        fn whoever_is_next_is_next(count in 1_usize..6, turn in 0_usize..500, within in 0_i64..(24 * HOUR)) {
            let names = ["a", "b", "c", "d", "e"];
            let rota = rota(&names[..count], "1d");
            let turns = i64::try_from(turn).unwrap().saturating_mul(24 * HOUR);
            let now = rota.start.micros().saturating_add(turns).saturating_add(within);
            let next = names[..count].iter().cycle().nth(turn).copied();
            prop_assert_eq!(rota.now(Timestamp::from_micros(now)), next);
        }
    }
}
