//! Did a witness sign this checkpoint, and when?
//!
//! The cosignature of C2SP (`cosignature/v1`, kind 4, Ed25519): a witness signs a time and the text of a checkpoint, once it
//! has seen that the checkpoint goes on from the one it signed before. Its line is one of a signed note; the signature has the
//! time before it.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::note::KeyError;
use crate::digest::{hex, sha256};

/// How a key for Ed25519 cosignatures is called.
const COSIGNATURE_TAG: u8 = 4;
/// No answer with signatures is longer.
const LINES: usize = 64;

/// The public key of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key: [u8; 32],
}

/// What a witness said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// By its clock, seconds since 1970.
    pub seconds: u64,
    /// Its line, with the line break.
    pub line: String,
}

impl Witness {
    /// From a name and the bytes of a key.
    pub fn new(name: &str, key: [u8; 32]) -> Self {
        Self { name: name.to_owned(), key }
    }

    /// As it is written: name, four bytes in hex, and the key with its kind in base64.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::NoPublic);
        };
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let key = BASE64.decode(key).map_err(|_| KeyError::NoPublic)?;
        let Some((&COSIGNATURE_TAG, key)) = key.split_first() else { return Err(KeyError::NoPublic) };
        let made = Self::new(name, key.try_into().map_err(|_| KeyError::NoPublic)?);
        if hex(&made.id()) == id { Ok(made) } else { Err(KeyError::NoPublic) }
    }

    /// Which of the keys with its name.
    pub fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_bytes().to_vec();
        bytes.extend_from_slice(&[b'\n', COSIGNATURE_TAG]);
        bytes.extend_from_slice(&self.key);
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// What is signed.
    pub fn message(seconds: u64, text: &str) -> String {
        format!("cosignature/v1\ntime {seconds}\n{text}")
    }

    /// The line among these by which this witness signed this text; none when none is, or it is not right.
    pub fn signed(&self, text: &str, lines: &str) -> Option<Cosigned> {
        lines.lines().take(LINES).find_map(|line| {
            let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            let bytes = BASE64.decode(bytes).ok().filter(|_| name == self.name)?;
            let (id, rest) = bytes.split_at_checked(4)?;
            let (time, signature) = rest.split_at_checked(8)?;
            let seconds = u64::from_be_bytes(time.try_into().ok()?);
            let key = UnparsedPublicKey::new(&ED25519, self.key);
            let message = Self::message(seconds, text);
            let is_right = id == self.id() && key.verify(message.as_bytes(), signature).is_ok();
            is_right.then(|| Cosigned { seconds, line: format!("{line}\n") })
        })
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![COSIGNATURE_TAG];
        key.extend_from_slice(&self.key);
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), BASE64.encode(key))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    #[test]
    fn only_the_witness_itself_signs_and_only_this_text() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let witness = Witness::new("w.example/one", pair.public_key().as_ref().try_into().unwrap());
        assert_eq!(Witness::parse(&witness.to_string()), Ok(witness.clone()));
        let line = |name: &str, text: &str| {
            let mut bytes = witness.id().to_vec();
            bytes.extend_from_slice(&1_700_000_000_u64.to_be_bytes());
            bytes.extend_from_slice(pair.sign(Witness::message(1_700_000_000, text).as_bytes()).as_ref());
            format!("\u{2014} {name} {}\n", BASE64.encode(bytes))
        };
        let good = line("w.example/one", "log\n3\nroot\n");
        let others = format!("\u{2014} somebody AAAA\n{good}");
        let signed = witness.signed("log\n3\nroot\n", &others).unwrap();
        assert_eq!((signed.seconds, signed.line), (1_700_000_000, good.clone()));
        assert_eq!(witness.signed("log\n4\nroot\n", &good), None);
        assert_eq!(witness.signed("log\n3\nroot\n", &line("w.example/two", "log\n3\nroot\n")), None);
        assert_eq!(witness.signed("log\n3\nroot\n", "nothing"), None);
        let plain = super::super::note::Signer::new("w.example/one", &[7; 32]).unwrap();
        assert!(Witness::parse(&plain.verifier().to_string()).is_err(), "a key of another kind");
    }
}
