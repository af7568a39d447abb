//! What does the log say of itself at one moment, signed?
//!
//! The checkpoint of C2SP: the log's name, how many leaves it has, and the root over them. A line of ours says when, so that
//! silence can be told from a log in which nothing happened.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::note::{Note, Signer};
use super::tree::Hash;
use crate::clock::Timestamp;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, unlike that of any other log.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// When it was signed, by the clock of whoever signed, if it says so.
    pub at: Option<Timestamp>,
}

/// Before the time.
const AT: &str = "countersign/at ";

impl Checkpoint {
    /// What is signed.
    pub fn text(&self) -> String {
        let at = self.at.map(|at| format!("{AT}{at}\n")).unwrap_or_default();
        format!("{}\n{}\n{}\n{at}", self.origin, self.size, BASE64.encode(self.root))
    }

    /// The note.
    pub fn sign(&self, signer: &Signer) -> String {
        signer.sign(&self.text())
    }

    /// What a note says, whoever signed it.
    pub fn of(note: &Note) -> Option<Self> {
        let mut lines = note.text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let is_number = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
        let is_short = size == "0" || !size.starts_with('0');
        if origin.is_empty() || !is_number || !is_short {
            return None;
        }
        let at = match lines.find_map(|line| line.strip_prefix(AT)) {
            Some(at) => Some(Timestamp::parse(at)?),
            None => None,
        };
        let root = BASE64.decode(root).ok()?.try_into().ok()?;
        Some(Self { origin: origin.to_owned(), size: size.parse().ok()?, root, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let signer = Signer::new("example.org/log", &[3; 32]).unwrap();
        for at in [None, Some(Timestamp::from_micros(1_700_000_000_123_000))] {
            let said = Checkpoint { origin: "example.org/log".to_owned(), size: 20_852_163, root: [9; 32], at };
            let note = Note::parse(&said.sign(&signer)).unwrap();
            assert_eq!(Checkpoint::of(&note), Some(said));
        }
        for bad in ["log\n01\nAAAA\n", "\n1\nAAAA\n", "log\n+1\nAAAA\n", "log\n1\nAAAA\n", "log\n1\n"] {
            let note = Note::parse(&signer.sign(bad)).unwrap();
            assert_eq!(Checkpoint::of(&note), None, "{bad:?}");
        }
    }
}
