//! Who signed a text, and did they?
//!
//! The signed note of C2SP: a text, an empty line, and lines with a dash, a name and a signature. A key has a name; four bytes
//! before each signature say which key of that name it is. Ed25519 only. Lines of other keys are left alone: others add
//! theirs, such as witnesses.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::digest::{hex, sha256};

/// How Ed25519 is called in a key.
const ED25519_TAG: u8 = 1;

/// Before each line of a signature.
const DASH: &str = "\u{2014} ";

/// No note of ours is longer; whoever reads one reads no more.
pub const LONGEST: usize = 64 * 1024;

/// A name no key can have, or a text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name no key can have.
    #[error("{0:?} is no name for a key: it may not be empty, hold white space or a plus sign")]
    Name(String),
    /// No public key.
    #[error("this is no public key; one is written NAME+8 hex digits+base64, as `countersign audit key` prints it")]
    NoPublic,
    /// No private key.
    #[error("this is no private key; it was damaged, or is of another program")]
    NoPrivate,
}

/// A key that signs.
pub struct Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Signer {
    /// From a name and chance.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        check(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::NoPrivate)?;
        Ok(Self { name: name.to_owned(), pair })
    }

    /// The public part.
    pub fn verifier(&self) -> Verifier {
        let mut key = [0_u8; 32];
        for (place, byte) in key.iter_mut().zip(self.pair.public_key().as_ref()) {
            *place = *byte;
        }
        Verifier { name: self.name.clone(), key }
    }

    /// The text with a signature; it ends with a line break.
    pub fn sign(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }

    /// The signature's line alone.
    pub fn line(&self, text: &str) -> String {
        let mut bytes = self.verifier().id().to_vec();
        bytes.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{DASH}{} {}\n", self.name, BASE64.encode(bytes))
    }
}

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verifier {
    name: String,
    key: [u8; 32],
}

impl Verifier {
    /// As it is written: name, four bytes in hex, and the key with its kind in base64.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::NoPublic);
        };
        check(name)?;
        let key = BASE64.decode(key).map_err(|_| KeyError::NoPublic)?;
        let Some((&ED25519_TAG, key)) = key.split_first() else { return Err(KeyError::NoPublic) };
        let key = key.try_into().map_err(|_| KeyError::NoPublic)?;
        let made = Self { name: name.to_owned(), key };
        if hex(&made.id()) == id { Ok(made) } else { Err(KeyError::NoPublic) }
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which of the keys with its name.
    pub fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.extend_from_slice(&[b'\n', ED25519_TAG]);
        bytes.extend_from_slice(&self.key);
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// Whether one of the note's signatures is by this key and right.
    pub fn signed(&self, note: &Note) -> Signed {
        let mine = |line: &&Signature| line.name == self.name && line.id == self.id();
        let mut found = Signed::Not;
        for line in note.signatures.iter().filter(mine) {
            let key = UnparsedPublicKey::new(&ED25519, self.key);
            if key.verify(note.text.as_bytes(), &line.bytes).is_ok() {
                return Signed::Well;
            }
            found = Signed::Badly;
        }
        found
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TAG];
        key.extend_from_slice(&self.key);
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), BASE64.encode(key))
    }
}

/// What a key says of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// It signed this text.
    Well,
    /// A line claims that it did, and it did not.
    Badly,
    /// Nothing.
    Not,
}

/// A text that somebody signed, or says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What is signed, with the line break at its end.
    pub text: String,
    signatures: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    /// Reads a note; none when it is not one.
    pub fn parse(note: &str) -> Option<Self> {
        if note.len() > LONGEST || note.chars().any(|letter| letter.is_control() && letter != '\n') {
            return None;
        }
        let (text, lines) = note.rsplit_once("\n\n")?;
        let lines = lines.strip_suffix('\n')?;
        let signatures = lines.split('\n').map(Signature::parse).collect::<Option<Vec<_>>>()?;
        Some(Self { text: format!("{text}\n"), signatures })
    }
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
        check(name).ok()?;
        let bytes = BASE64.decode(bytes).ok()?;
        let (id, bytes) = bytes.split_at_checked(4)?;
        Some(Self { name: name.to_owned(), id: id.try_into().ok()?, bytes: bytes.to_vec() })
    }
}

fn check(name: &str) -> Result<(), KeyError> {
    let is_bad = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    if name.is_empty() || name.contains(is_bad) { Err(KeyError::Name(name.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that stands in the documentation of Go's `sumdb/note`.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_note_of_another_program_is_believed() {
        let (key, note) = (Verifier::parse(KEY).unwrap(), Note::parse(NOTE).unwrap());
        assert_eq!(key.signed(&note), Signed::Well);
        assert_eq!(key.to_string(), KEY);
        let changed = Note::parse(&NOTE.replace("problem is", "problem was")).unwrap();
        assert_eq!(key.signed(&changed), Signed::Badly);
    }

    #[test]
    fn what_was_signed_is_believed_and_nothing_else() {
        let signer = Signer::new("example.org/log", &[3; 32]).unwrap();
        let other = Signer::new("example.org/log", &[4; 32]).unwrap();
        let key = Verifier::parse(&signer.verifier().to_string()).unwrap();
        let note = signer.sign("a\nb\n");
        assert_eq!(key.signed(&Note::parse(&note).unwrap()), Signed::Well);
        assert_eq!(other.verifier().signed(&Note::parse(&note).unwrap()), Signed::Not);
        let both = format!("{note}{}", other.line("a\nb\n"));
        assert_eq!(other.verifier().signed(&Note::parse(&both).unwrap()), Signed::Well);
        assert_eq!(key.signed(&Note::parse(&both).unwrap()), Signed::Well);
        for bad in [
            "a\n",
            "a\n\n",
            "a\n\n\u{2014} x\n",
            "a\n\n- x AAAAAAAA\n",
            "a\r\n\n\u{2014} x AAAAAAAA\n",
            "a\n\n\u{2014} x AAAAAAAA",
        ] {
            assert_eq!(Note::parse(bad), None, "{bad:?}");
        }
        for name in ["", "a b", "a+b", "a\n"] {
            assert!(Signer::new(name, &[0; 32]).is_err());
        }
    }
}
