//! Through whose hands did a call go?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use crate::audit::export::Record;
use crate::clock::Timestamp;

/// What is known of one call, as far as it is counted.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is learned and asked for alone")]
pub struct Custody {
    /// Whether the period holds an entry of it.
    pub here: bool,
    /// What the rules said first; none where it was not judged.
    pub verdict: Option<Verdict>,
    /// Whether the gateway made it to see what another would do.
    pub preview: bool,
    /// Since when people were asked.
    pub opened: Option<Timestamp>,
    /// How the asking ended.
    pub fate: Option<Fate>,
    /// How long it took people, in microseconds.
    pub took: Option<i64>,
    /// Whether it was sent.
    pub dispatched: bool,
    /// Who broke the glass.
    pub glass: BTreeSet<String>,
    /// Whether a check ended it.
    pub refused: bool,
    /// How it came out, where it was sent.
    pub outcome: Option<Outcome>,
    claimed: bool,
    /// Whether a person said yes, and no program alone.
    yes: bool,
    granted: bool,
}

/// What the rules said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It may run.
    Allow,
    /// People are asked.
    Hold,
    /// It may not.
    Deny,
}

/// How the asking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// People agreed.
    Approved,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// It was given up, or void, or the yes was not used.
    Gone,
    /// It was not over when the period was.
    Open,
}

/// How what was sent came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The server gave a result.
    Succeeded,
    /// It failed, or was not sent after all.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Verdict {
    /// What is not understood is no leave.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "allow" => Self::Allow,
            "hold" => Self::Hold,
            _ => Self::Deny,
        }
    }

    pub(super) const fn place(self) -> usize {
        match self {
            Self::Allow => 0,
            Self::Hold => 1,
            Self::Deny => 2,
        }
    }
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Approved, Self::Denied, Self::Expired, Self::Gone, Self::Open];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Gone => "withdrawn or void",
            Self::Open => "still open",
        }
    }
}

impl Custody {
    /// Whether a person agreed: to this call, or before to calls like it.
    pub const fn is_agreed(&self) -> bool {
        self.granted || (self.claimed && self.yes)
    }

    pub(super) fn follow(&mut self, record: &Record) {
        let text = |name: &str| record.body.str(name).unwrap_or_default();
        match record.event.as_str() {
            "held" => self.opened = self.opened.or(Some(record.at)),
            "grant_used" => self.granted = true,
            "claimed" => {
                self.claimed = true;
                self.fate = Some(Fate::Approved);
            }
            "refused" => self.refused = true,
            "voted" => {
                let is_person = !text("person").starts_with("automation:");
                self.yes |= is_person && text("word") != "no";
                if text("word") == "break_glass" {
                    self.glass.insert(text("person").to_owned());
                }
                let fate = match text("state") {
                    "approved" => Fate::Approved,
                    "rejected" => Fate::Denied,
                    _ => return,
                };
                self.fate = Some(fate);
                let opened = self.opened.map(Timestamp::micros);
                self.took = opened.map(|opened| record.at.micros().saturating_sub(opened).max(0));
            }
            "settled" => match text("state") {
                "expired" => self.fate = Some(Fate::Expired),
                "rejected" => self.fate = Some(Fate::Denied),
                "cancelled" | "superseded" | "lapsed" | "revoked" => self.fate = Some(Fate::Gone),
                _ => {}
            },
            "dispatched" => self.dispatched = true,
            "finished" => {
                self.outcome = Some(match text("outcome") {
                    "succeeded" | "input_required" => Outcome::Succeeded,
                    "outcome_unknown" => Outcome::Unknown,
                    _ => Outcome::Failed,
                });
            }
            _ => {}
        }
    }
}
