//! Which credentials can be used right now, and what became of those that could?

use askama::Template;

use super::frame::{Frame, When};
use super::seen::Seen;
use crate::store::leases::{KeptLease, LeaseState};

/// Credentials that are out, and those that ended lately.
#[derive(Debug, Template)]
#[template(path = "leases.html", config = "src/review/pages/askama.toml")]
pub struct LeasesPage {
    /// What stands round it.
    pub frame: Frame,
    /// Those that are out, the newest first.
    pub out: Vec<Row>,
    /// Those that are over, the newest first.
    pub over: Vec<Row>,
    /// Whether whoever looks may take one back.
    pub may_take_back: bool,
}

/// One credential.
#[derive(Clone, Debug)]
pub struct Row {
    /// Names it.
    pub id: String,
    /// Who made it.
    pub provider: String,
    /// What kind of provider that is.
    pub kind: String,
    /// What it reaches, line by line.
    pub reaches: Vec<Seen>,
    /// The call it is for.
    pub call: String,
    /// Who asked for that.
    pub principal: Seen,
    /// The server that has it.
    pub server: String,
    /// Since when.
    pub made: When,
    /// When it ends by itself.
    pub expires: When,
    /// Since when it is worth nothing.
    pub ended: Option<When>,
    /// Where it stands.
    pub state: LeaseState,
    /// Why it could not be taken back, or not be made.
    pub trouble: Option<Seen>,
    /// How often it could not be taken back.
    pub tries: u32,
}

impl Row {
    /// As it stands in the book.
    pub fn of(kept: KeptLease) -> Self {
        Self {
            id: kept.id,
            provider: kept.provider,
            kind: kept.kind,
            reaches: kept.reaches.into_iter().map(Seen).collect(),
            call: kept.call,
            principal: Seen(kept.principal),
            server: kept.server,
            made: When(kept.made),
            expires: When(kept.expires),
            ended: kept.ended.map(When),
            state: kept.state,
            trouble: kept.trouble.map(Seen),
            tries: kept.tries,
        }
    }

    /// Where it stands, for people.
    pub const fn stands(&self) -> &'static str {
        match self.state {
            LeaseState::Minting => "is being made",
            LeaseState::Live => "in use",
            LeaseState::Ending if self.tries > 0 => "could not be taken back; it is tried again",
            LeaseState::Ending => "is being taken back",
            LeaseState::Lapsing => "cannot be taken back; ends by itself",
            LeaseState::Revoked => "taken back",
            LeaseState::Lapsed => "ended by itself",
            LeaseState::NotMade => "never made",
            LeaseState::Standing => "a lasting secret: nothing was made, nothing ended",
        }
    }

    /// Whether somebody should look.
    pub const fn is_trouble(&self) -> bool {
        matches!(self.state, LeaseState::Ending) && self.tries > 0
    }

    /// Whether taking it back by hand does anything.
    pub const fn can_be_taken_back(&self) -> bool {
        matches!(self.state, LeaseState::Minting | LeaseState::Live | LeaseState::Ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn what_a_provider_or_an_agent_wrote_stays_text() {
        // REN-11
        let hostile = "<b>\"orders\"</b>\u{202e}\u{1b}[2J";
        let at = Timestamp::from_micros(0);
        let kept = |state, tries| KeptLease {
            id: "01".to_owned(),
            call: "02".to_owned(),
            principal: hostile.to_owned(),
            server: "shop".to_owned(),
            provider: "books".to_owned(),
            kind: "postgres".to_owned(),
            reaches: vec![format!("select on {hostile}")],
            handle: None,
            state,
            made: at,
            expires: at,
            tries,
            trouble: Some(hostile.to_owned()),
            ended: None,
        };
        let frame = Frame { nonce: "n".to_owned(), me: None, here: "leases", now: at };
        let (out, over) = (vec![Row::of(kept(LeaseState::Ending, 3))], vec![Row::of(kept(LeaseState::NotMade, 0))]);
        let text = LeasesPage { frame, out, over, may_take_back: true }.render().unwrap();
        assert!(!text.contains("<b>\"") && !text.contains(['\u{202e}', '\u{1b}']), "{text}");
        assert!(text.contains("U+202E") && text.contains("select on &lt;b&gt;"), "{text}");
        assert!(text.contains("could not be taken back; it is tried again") && text.contains("never made"), "{text}");
        assert_eq!(text.matches("action=\"/leases/01/revoke\"").count(), 1, "what is over is not taken back: {text}");
    }
}
