//! Is it still the definition we pinned?
//!
//! A tool's text steers the model and its annotations steer people, so a server that changes them after they were
//! accepted could change what an approval means. The first definition seen is agreed to by being first (or waits, where
//! the configuration says `pins = "agreed"`); any other is not callable until somebody agrees to it.

use super::tool::Pin;
use crate::digest::Digest;

/// What is known about one tool from earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The definition that was agreed to; none while the first one still waits.
    pub agreed: Option<Digest>,
    /// The definition seen last.
    pub seen: Digest,
    /// How often the definition seen changed since the last agreement.
    pub changes: u32,
}

/// Whether a definition nobody has seen before may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSight {
    /// Yes: being first is agreement.
    Agrees,
    /// No: it waits for `countersign pins agree`.
    Waits,
}

/// What a fresh look at a tool comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Where the tool stands.
    pub pin: Pin,
    /// What has to be written down, if anything changed.
    pub change: Option<(Change, Pinned)>,
}

/// What changed since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Never seen before.
    FirstSeen,
    /// Another definition than the one seen last.
    Drifted,
    /// The server keeps changing it.
    Flapping,
    /// Back to what was agreed.
    Returned,
}

impl Change {
    /// The word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FirstSeen => "first_seen",
            Self::Drifted => "drifted",
            Self::Flapping => "flapping",
            Self::Returned => "returned",
        }
    }
}

/// From this many changes without an agreement a tool counts as flapping, and coming back no longer helps it.
const FLAPPING: u32 = 3;

/// Compares a definition with what is known.
pub fn look(known: Option<&Pinned>, digest: Digest, first: FirstSight) -> Look {
    let Some(known) = known else {
        let agreed = (first == FirstSight::Agrees).then_some(digest);
        let pin = if agreed.is_some() { Pin::Agreed } else { Pin::Drifted };
        return Look { pin, change: Some((Change::FirstSeen, Pinned { agreed, seen: digest, changes: 0 })) };
    };
    let differs = known.seen != digest;
    let changes = if differs { known.changes.saturating_add(1) } else { known.changes };
    let agreed = known.agreed == Some(digest);
    let (pin, change) = match (agreed, changes >= FLAPPING) {
        (_, true) => (Pin::Flapping, Change::Flapping),
        (true, false) => (Pin::Agreed, Change::Returned),
        (false, false) => (Pin::Drifted, Change::Drifted),
    };
    let pinned = Pinned { agreed: known.agreed, seen: digest, changes };
    Look { pin, change: differs.then_some((change, pinned)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(name: &str) -> Digest {
        Digest::of_bytes("t", name.as_bytes())
    }

    /// Follows a server through the definitions it serves one after the other.
    fn follow(first: FirstSight, served: &[&str]) -> Vec<Pin> {
        let mut known = None;
        let mut pins = Vec::new();
        for name in served {
            let look = look(known.as_ref(), digest(name), first);
            pins.push(look.pin);
            if let Some((_, pinned)) = look.change {
                known = Some(pinned);
            }
        }
        pins
    }

    #[test]
    fn a_changed_definition_is_not_callable_until_it_comes_back_or_is_agreed() {
        // TOO-01
        use Pin::{Agreed, Drifted};
        assert_eq!(follow(FirstSight::Agrees, &["a", "a"]), [Agreed, Agreed]);
        assert_eq!(follow(FirstSight::Agrees, &["a", "b", "b", "a"]), [Agreed, Drifted, Drifted, Agreed]);
        assert_eq!(follow(FirstSight::Waits, &["a", "a"]), [Drifted, Drifted]);
    }

    #[test]
    fn a_server_that_alternates_loses_the_tool() {
        // TOO-04
        use Pin::{Agreed, Drifted, Flapping};
        let pins = follow(FirstSight::Agrees, &["a", "b", "a", "b", "a"]);
        assert_eq!(pins, [Agreed, Drifted, Agreed, Flapping, Flapping]);
    }
}
