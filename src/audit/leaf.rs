//! What is one leaf of the log?
//!
//! Canonical JSON on one line, with nothing in it that would have to be erased: when, what happened as a code, which call, the
//! leaf before it of the same call, and the [root](super::commitment) over everything else. The tree says that nothing is
//! missing; the link says in which order one call went, whatever other calls did meanwhile.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::tree::{Hash, leaf_hash};
use crate::digest::{hex, unhex};
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// A leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Microseconds since 1970.
    pub at: i64,
    /// The number the gateway gives the entry.
    pub entry: i64,
    /// The event code.
    pub event: String,
    /// The call it belongs to, if it belongs to one.
    pub call: Option<String>,
    /// The hash of the leaf before it of the same call.
    pub previous: Option<Hash>,
    /// What stands for its body.
    pub root: Hash,
}

/// The form of leaves this program writes.
const VERSION: i64 = 1;

impl Leaf {
    /// Its bytes.
    pub fn text(&self) -> String {
        let named = object! {
            "at" => self.at,
            "call" => self.call.as_deref(),
            "entry" => self.entry,
            "event" => self.event.as_str(),
            "previous" => self.previous.map(|hash| hex(&hash)),
            "root" => hex(&self.root),
            "v" => VERSION,
        };
        // The names stand in canonical order already.
        Value::from(named).to_string()
    }

    /// What the tree holds of it.
    pub fn hash(&self) -> Hash {
        leaf_hash(self.text().as_bytes())
    }

    /// A leaf that was written earlier, if it is one, spelled as we spell it.
    pub fn parse(text: &str) -> Option<Self> {
        let Ok(Value::Object(named)) = lenient(text.as_bytes(), &Limits::REPLY) else { return None };
        let number = |named: &Object, name: &str| named.get(name)?.to_string().parse().ok();
        let hash = |named: &Object, name: &str| named.str(name).map(unhex);
        let leaf = Self {
            at: number(&named, "at")?,
            entry: number(&named, "entry")?,
            event: named.str("event")?.to_owned(),
            call: named.str("call").map(str::to_owned),
            previous: hash(&named, "previous").flatten(),
            root: hash(&named, "root")??,
        };
        (leaf.text() == text).then_some(leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_written_one_way() {
        let leaf = Leaf {
            at: 1_700_000_000_000_001,
            entry: 17,
            event: "decided".to_owned(),
            call: Some("0190".to_owned()),
            previous: Some([1; 32]),
            root: [2; 32],
        };
        let text = leaf.text();
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let form = format!(
            r#"{{"at":1700000000000001,"call":"0190","entry":17,"event":"decided","previous":"{one}","root":"{two}","v":1}}"#
        );
        assert_eq!(text, form);
        assert_eq!(Leaf::parse(&text), Some(leaf.clone()));
        let alone = Leaf { call: None, previous: None, ..leaf };
        assert_eq!(
            alone.text(),
            format!(
                r#"{{"at":1700000000000001,"call":null,"entry":17,"event":"decided","previous":null,"root":"{two}","v":1}}"#
            )
        );
        assert_eq!(Leaf::parse(&alone.text()), Some(alone));
        for other in [text.replace("\"v\":1", "\"v\":2"), text.replace(":\"d", ": \"d"), text.replace("02", "0G")] {
            assert_eq!(Leaf::parse(&other), None, "{other}");
        }
    }
}
