//! What is told by name: people, grants, policies, the gateway itself?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::audit::export::Record;
use crate::clock::Timestamp;
use crate::review::pages::frame::When;
use crate::review::pages::inbox::moment;
use crate::wire::json::Value;

/// What somebody did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// How often they agreed.
    pub yes: u64,
    /// How often they did not.
    pub no: u64,
    /// How often they broke the glass.
    pub glass: u64,
    /// How many calls they opened in a browser.
    pub views: u64,
    /// How often they agreed within moments to something that could be bad.
    pub rushes: u64,
    /// How many of their answers a passkey signed.
    pub signed: u64,
    /// How long each answer took, in microseconds.
    times: Vec<i64>,
}

impl Person {
    pub(super) fn vote(&mut self, word: &str, evidence: &str, took: Option<i64>) {
        let count = match word {
            "no" => &mut self.no,
            "break_glass" => &mut self.glass,
            _ => &mut self.yes,
        };
        *count = count.saturating_add(1);
        self.signed = self.signed.saturating_add(u64::from(evidence == "passkey"));
        self.times.extend(took);
    }

    pub(super) const fn viewed(&mut self) {
        self.views = self.views.saturating_add(1);
    }

    pub(super) const fn rushed(&mut self) {
        self.rushes = self.rushes.saturating_add(1);
    }

    /// How often they answered.
    pub const fn answers(&self) -> u64 {
        self.yes.saturating_add(self.no).saturating_add(self.glass)
    }

    /// Half of their answers were faster.
    pub fn median(&self) -> Option<i64> {
        let mut times = self.times.clone();
        times.sort_unstable();
        rank(&times, 50)
    }
}

/// The smallest time that so many of a hundred are not above.
pub(super) fn rank(times: &[i64], percent: usize) -> Option<i64> {
    times.get(times.len().saturating_mul(percent).div_ceil(100).saturating_sub(1)).copied()
}

/// A yes beyond one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// When.
    pub at: Timestamp,
    /// The call it came of.
    pub call: String,
    /// Who agreed.
    pub people: String,
    /// For whom.
    pub principal: String,
    /// Server and tool.
    pub what: String,
    /// How many calls at most.
    pub uses: String,
    /// Until when.
    pub until: When,
}

impl Granted {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        let text = |name: &str| body.str(name).unwrap_or_default().to_owned();
        let people = body.get("people").and_then(Value::as_array).unwrap_or_default();
        let uses = body.object("bounds").and_then(|bounds| bounds.get("uses")).map(Value::to_string);
        Self {
            at: record.at,
            call: record.call.clone().unwrap_or_default(),
            people: people.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            principal: text("principal"),
            what: format!("{}/{}", text("server"), text("tool")),
            uses: uses.unwrap_or_default(),
            until: moment(&text("until")),
        }
    }
}

/// A call for which the glass was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glass {
    /// When it was performed.
    pub at: Timestamp,
    /// The call.
    pub call: String,
    /// Who broke it.
    pub people: Vec<String>,
}

/// A set of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The first decision by it in the period.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// How many there were.
    pub decisions: u64,
}

impl Bundle {
    pub(super) const fn new(at: Timestamp) -> Self {
        Self { first: at, last: at, decisions: 0 }
    }
}

/// What the gateway says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: String,
    /// More of it.
    pub detail: String,
}

/// Who comes and goes is not told one by one.
const UNTOLD: [&str; 3] = ["signed_in", "signed_out", "redelivered"];

impl Gateway {
    pub(super) fn of(record: &Record) -> Option<Self> {
        let text = |name: &str| record.body.str(name).unwrap_or_default().to_owned();
        let what = text("what");
        (!UNTOLD.contains(&what.as_str())).then(|| Self { at: record.at, what, detail: text("detail") })
    }
}
