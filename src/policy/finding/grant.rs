//! How far may one agreement reach beyond the call it was given to?
//!
//! A rule that holds a call sets the widest grant a reviewer may make of a yes, and a reviewer may make a narrower one. Both
//! are written alike. `uses` counts every call that runs because of it, the one that was held among them; everything in
//! the arguments is pinned to what that one has, but for the places in `free`. A rule that says nothing lets nobody grant
//! anything. A call whose facts say that its risk is critical is never granted, whatever a rule says.
//!
//! Places lead through members of objects only. What stands in an array is pinned with the array: an element has no name
//! that stays the same when another one goes.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pointer::{Pointer, Step};
use super::span::Span;

/// The bounds of a grant: the widest ones, or those somebody chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written")]
pub struct GrantTerms {
    /// How many calls may run because of it, the one that was held among them.
    pub uses: u32,
    /// For how long, from when people agreed.
    #[serde(rename = "for")]
    pub period: Span,
    /// The only places of the arguments that may be anything.
    pub free: BTreeSet<Pointer>,
}

/// Bounds as rules and people write them.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "WrittenGrant")]
#[serde(deny_unknown_fields)]
struct Written {
    /// How many calls may run because of it, the one that was held among them: 2 to 100.
    #[schemars(range(min = 2, max = 100))]
    uses: u32,
    /// For how long, from when people agreed; 24h at most.
    #[serde(rename = "for")]
    period: Span,
    /// The only places of the arguments that may be anything, as pointers into the arguments such as `/limit`; none if
    /// left out.
    #[serde(default)]
    #[schemars(length(max = 16))]
    free: Vec<Pointer>,
}

/// Bounds that reach further than the rules let them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooWide {
    /// The rules let nobody make one.
    #[error("the rules allow no grant for this call; a plain yes lets it run once")]
    None,
    /// Too often.
    #[error("`uses` is {asked}, and the rules allow at most {widest}, the held call among them")]
    Uses {
        /// What was asked for.
        asked: u32,
        /// What may be.
        widest: u32,
    },
    /// Too long.
    #[error("`for` is {asked}, and the rules allow at most {widest}")]
    Period {
        /// What was asked for.
        asked: Span,
        /// What may be.
        widest: Span,
    },
    /// Too free.
    #[error("`free` has `{asked}`, and the rules let {widest} be free and nothing else")]
    Free {
        /// What was asked for.
        asked: Pointer,
        /// What may be, in words.
        widest: String,
    },
}

/// One use is what a plain yes gives; nobody can tell what hundreds will do.
const USES: std::ops::RangeInclusive<u32> = 2..=100;
/// The longest time, in seconds.
const LONGEST: u64 = 86_400;
/// No grant leaves more places open.
const MOST: usize = 16;

impl GrantTerms {
    /// Whether these bounds let somebody make that grant; which of them does not, when they do not.
    pub fn takes(&self, asked: &Self) -> Result<(), TooWide> {
        if asked.uses > self.uses {
            return Err(TooWide::Uses { asked: asked.uses, widest: self.uses });
        }
        if asked.period > self.period {
            return Err(TooWide::Period { asked: asked.period, widest: self.period });
        }
        match asked.free.iter().find(|place| !self.free.iter().any(|free| free.leads_to(place))) {
            None => Ok(()),
            Some(wide) => Err(TooWide::Free { asked: wide.clone(), widest: self.places() }),
        }
    }

    /// What both allow.
    #[must_use]
    pub fn narrowed(&self, other: &Self) -> Self {
        let within = |mine: &BTreeSet<Pointer>, theirs: &BTreeSet<Pointer>| {
            let inside = |place: &&Pointer| theirs.iter().any(|free| free.leads_to(place));
            mine.iter().filter(inside).cloned().collect::<BTreeSet<_>>()
        };
        let mut free = within(&self.free, &other.free);
        free.extend(within(&other.free, &self.free));
        Self { uses: self.uses.min(other.uses), period: self.period.min(other.period), free }
    }

    /// The free places in words.
    pub fn places(&self) -> String {
        match self.free.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice() {
            [] => "nothing".to_owned(),
            places => places.join(", "),
        }
    }
}

impl std::fmt::Display for GrantTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} uses within {}, {} free", self.uses, self.period, self.places())
    }
}

impl TryFrom<Written> for GrantTerms {
    type Error = String;

    fn try_from(Written { uses, period, free }: Written) -> Result<Self, String> {
        if !USES.contains(&uses) {
            let (least, most) = (USES.start(), USES.end());
            return Err(format!(
                "`uses` is {uses}; a grant has {least} to {most}, the held call among them, and one use needs none"
            ));
        }
        if period.seconds() > LONGEST {
            return Err(format!("`for` is {period}, and no grant lasts longer than 24h"));
        }
        if free.len() > MOST {
            return Err(format!("`free` has {} places, and a grant has at most {MOST}", free.len()));
        }
        if let Some(every) = free.iter().find(|place| place.steps().contains(&Step::Every)) {
            return Err(format!("`free` has `{every}`; name each place, `*` would leave all of them open"));
        }
        if let Some(whole) = free.iter().find(|place| place.below(&["call", "arguments"]).is_some()) {
            return Err(format!("`free` has `{whole}`; it is written from the arguments: `/limit`"));
        }
        let twice = |place: &&Pointer| free.iter().filter(|other| other.leads_to(place)).count() > 1;
        if let Some(inside) = free.iter().find(twice) {
            return Err(format!("`free` has `{inside}` twice, or inside another place"));
        }
        Ok(Self { uses, period, free: free.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<GrantTerms, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn bounds_are_read_strictly() {
        let good = read(json!({ "uses": 5, "for": "15m", "free": ["/limit", "/where/id"] })).unwrap();
        assert_eq!(good.to_string(), "5 uses within 15m, /limit, /where/id free");
        assert_eq!(read(serde_json::to_value(&good).unwrap()), Ok(good));
        assert_eq!(read(json!({ "uses": 2, "for": "24h" })).unwrap().places(), "nothing");
        for (value, why) in [
            (json!({ "uses": 1, "for": "15m" }), "one use needs none"),
            (json!({ "uses": 0, "for": "15m" }), "`uses` is 0"),
            (json!({ "uses": 101, "for": "15m" }), "2 to 100"),
            (json!({ "uses": -1, "for": "15m" }), "invalid value"),
            (json!({ "uses": 2, "for": "25h" }), "longer than 24h"),
            (json!({ "uses": 2 }), "`for`"),
            (json!({ "for": "15m" }), "`uses`"),
            (json!({ "uses": 2, "for": "1m", "free": ["/to/*"] }), "name each place"),
            (json!({ "uses": 2, "for": "1m", "free": ["/call/arguments/limit"] }), "`/limit`"),
            (json!({ "uses": 2, "for": "1m", "free": ["limit"] }), "no JSON pointer"),
            (json!({ "uses": 2, "for": "1m", "free": ["/a", "/a/b"] }), "inside another"),
            (json!({ "uses": 2, "for": "1m", "free": ["/a", "/a"] }), "twice"),
            (json!({ "uses": 2, "for": "1m", "more": 1 }), "unknown field"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert!(error.contains(why), "{value}: {error}");
        }
    }

    #[test]
    fn nothing_is_wider_than_what_both_allow() {
        let of = |uses: u32, period: &str, free: &[&str]| {
            read(json!({ "uses": uses, "for": period, "free": free })).unwrap()
        };
        let (one, two) = (of(5, "15m", &["/a", "/b/c", "/d"]), of(9, "5m", &["/a/x", "/b", "/e"]));
        let both = one.narrowed(&two);
        assert_eq!(both, of(5, "5m", &["/a/x", "/b/c"]));
        assert_eq!(both, two.narrowed(&one));
        for asked in [
            of(5, "5m", &["/a/x"]),
            of(6, "5m", &[]),
            of(5, "6m", &[]),
            of(2, "1m", &["/a"]),
            of(2, "1m", &["/d"]),
            of(2, "1m", &["/b/c/deep", "/a/x"]),
            of(2, "1m", &["/b/cc"]),
        ] {
            let taken = both.takes(&asked).is_ok();
            assert_eq!(taken, one.takes(&asked).is_ok() && two.takes(&asked).is_ok(), "{asked}");
        }
        assert_eq!(
            both.takes(&of(2, "1m", &["/d"])).unwrap_err().to_string(),
            "`free` has `/d`, and the rules let /a/x, /b/c be free and nothing else"
        );
    }
}
