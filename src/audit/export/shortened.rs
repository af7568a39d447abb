//! What is said of an entry for which there is no room?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::Record;
use crate::digest::{hex, sha256};
use crate::wire::json::Object;

/// Members that say the most in little room.
const KEPT: [&str; 15] = [
    "principal",
    "agent",
    "user",
    "person",
    "by",
    "server",
    "target",
    "tool",
    "method",
    "outcome",
    "state",
    "word",
    "class",
    "digest",
    "policy",
];
/// Characters of each.
const MOST: usize = 120;

impl Record {
    /// The same without most of what it says, and with what names all of it: its text in this form.
    #[must_use]
    pub fn shortened(&self, text: &str) -> Self {
        let mut body = Object::new();
        for name in KEPT {
            if let Some(value) = self.body.str(name) {
                body.insert(name, value.chars().take(MOST).collect::<String>());
            }
        }
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        body.insert("shortened", crate::object! { "bytes" => bytes, "sha256" => hex(&sha256(text.as_bytes())) });
        Self { body, ..self.clone() }
    }
}
