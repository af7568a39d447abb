//! What does a server speak, as far as we found out, and which way is tried next?

use crate::wire::era::Era;

/// What is known of one server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speech {
    legacy: Speaks,
    modern: Speaks,
}

/// Whether a server speaks one of the eras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Speaks {
    #[default]
    Perhaps,
    Yes,
    No,
}

/// Which way to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) first: Era,
    pub(super) other: Other,
}

/// Whether the other way is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Nothing is known yet.
    Try,
    /// The first way is known to work.
    Known,
}

impl Speech {
    /// How to open a connection for a client of this era: its own era wherever the server may have it.
    pub(super) const fn opening(self, wants: Era) -> Opening {
        let (first, other) = match (wants, self.legacy, self.modern) {
            (_, Speaks::Yes, Speaks::No) | (Era::Legacy, Speaks::Yes, _) => (Era::Legacy, Other::Known),
            (_, Speaks::No, Speaks::Yes) | (Era::Modern, _, Speaks::Yes) => (Era::Modern, Other::Known),
            (wants, ..) => (wants, Other::Try),
        };
        Opening { first, other }
    }

    /// Whether a client of this era is served by what modern clients share.
    pub(super) fn shares(self, wants: Era) -> bool {
        wants == Era::Modern || self.legacy == Speaks::No
    }

    /// A connection was opened one way, perhaps after the other way was refused.
    pub(super) fn learn(&mut self, spoken: Era, refused: Option<Era>) {
        for (era, place) in [(Era::Legacy, &mut self.legacy), (Era::Modern, &mut self.modern)] {
            if spoken == era {
                *place = Speaks::Yes;
            } else if refused == Some(era) {
                *place = Speaks::No;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_era_comes_first_until_the_server_refused_it() {
        let opening = |first, other| Opening { first, other };
        let mut speech = Speech::default();
        assert_eq!(speech.opening(Era::Modern), opening(Era::Modern, Other::Try));
        assert_eq!(speech.opening(Era::Legacy), opening(Era::Legacy, Other::Try));
        speech.learn(Era::Legacy, None);
        assert_eq!(speech.opening(Era::Legacy), opening(Era::Legacy, Other::Known));
        assert_eq!(speech.opening(Era::Modern), opening(Era::Modern, Other::Try), "it may speak both");
        speech.learn(Era::Legacy, Some(Era::Modern));
        assert_eq!(speech.opening(Era::Modern), opening(Era::Legacy, Other::Known));
        assert!(!speech.shares(Era::Legacy));
        speech.learn(Era::Modern, Some(Era::Legacy));
        assert_eq!(speech.opening(Era::Legacy), opening(Era::Modern, Other::Known));
        assert!(speech.shares(Era::Legacy));
    }
}
