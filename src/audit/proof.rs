//! What does somebody need who wants to know that one leaf is in the log, and has nothing but this text and a key?
//!
//! The `tlog-proof` of C2SP: the leaf's place, the hashes beside its way up, and a checkpoint. The leaf itself, and the body
//! it stands for, come beside it.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::checkpoint::Checkpoint;
use super::note::{LONGEST, Note, Signed, Verifier};
use super::tree::{Hash, root_of_inclusion};

const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's place, from zero.
    pub place: u64,
    /// The hashes beside its way up, the nearest first.
    pub path: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No proof at all.
    #[error("this is no proof: it does not have the form of {HEAD}")]
    Form,
    /// Another log.
    #[error("this proof is of the log {found}, not of {wanted}")]
    Origin {
        /// Which log it names.
        found: String,
        /// Which was meant.
        wanted: String,
    },
    /// A key nobody named.
    #[error("the checkpoint in this proof is not signed by {0}")]
    Unsigned(String),
    /// A signature that is none.
    #[error("the checkpoint in this proof was changed after {0} signed it")]
    Forged(String),
    /// It is not so.
    #[error("the leaf is not at this place of the log that was signed")]
    Root,
}

impl Proof {
    /// The text.
    pub fn text(&self) -> String {
        let path: Vec<String> = self.path.iter().map(|hash| BASE64.encode(hash) + "\n").collect();
        format!("{HEAD}\nindex {}\n{}\n{}", self.place, path.concat(), self.checkpoint)
    }

    /// Reads a proof.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let read = || {
            let (head, checkpoint) = text.get(..text.len().min(LONGEST))?.split_once("\n\n")?;
            let mut lines = head.lines();
            if lines.next()? != HEAD {
                return None;
            }
            let mut line = lines.next()?;
            if line.starts_with("extra ") {
                line = lines.next()?;
            }
            let place = line.strip_prefix("index ")?.parse().ok()?;
            let path = lines.map(|hash| BASE64.decode(hash).ok()?.try_into().ok()).collect::<Option<Vec<_>>>()?;
            Some(Self { place, path, checkpoint: checkpoint.to_owned() })
        };
        read().ok_or(ProofError::Form)
    }

    /// Whether it proves that this leaf is in the log of this key.
    pub fn check(&self, leaf: Hash, origin: &str, key: &Verifier) -> Result<Checkpoint, ProofError> {
        let note = Note::parse(&self.checkpoint).ok_or(ProofError::Form)?;
        let said = Checkpoint::of(&note).ok_or(ProofError::Form)?;
        if said.origin != origin {
            return Err(ProofError::Origin { found: said.origin, wanted: origin.to_owned() });
        }
        match key.signed(&note) {
            Signed::Well => {}
            Signed::Badly => return Err(ProofError::Forged(key.to_string())),
            Signed::Not => return Err(ProofError::Unsigned(key.to_string())),
        }
        let root = root_of_inclusion(leaf, self.place, said.size, &self.path);
        if root == Some(said.root) { Ok(said) } else { Err(ProofError::Root) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::note::Signer;
    use crate::audit::tree::{leaf_hash, node_hash};

    // AUD-20.
    #[test]
    fn only_the_right_leaf_of_the_right_log_is_proven() {
        let signer = Signer::new("log", &[3; 32]).unwrap();
        let (one, two) = (leaf_hash(b"one"), leaf_hash(b"two"));
        let said = Checkpoint { origin: "log".to_owned(), size: 2, root: node_hash(&one, &two), at: None };
        let proof = Proof { place: 1, path: vec![one], checkpoint: said.sign(&signer) };
        let key = signer.verifier();
        assert_eq!(Proof::parse(&proof.text()), Ok(proof.clone()));
        assert!(proof.text().len() < 4096);
        assert_eq!(proof.check(two, "log", &key), Ok(said));
        assert_eq!(proof.check(one, "log", &key), Err(ProofError::Root));
        assert_eq!(Proof { place: 0, ..proof.clone() }.check(two, "log", &key), Err(ProofError::Root));
        assert!(matches!(proof.check(two, "other", &key), Err(ProofError::Origin { .. })));
        let other = Signer::new("log", &[4; 32]).unwrap();
        assert!(matches!(proof.check(two, "log", &other.verifier()), Err(ProofError::Unsigned(_))));
        let forged = Proof { checkpoint: proof.checkpoint.replace("\n2\n", "\n3\n"), ..proof.clone() };
        assert!(matches!(forged.check(two, "log", &key), Err(ProofError::Forged(_))));
        assert_eq!(Proof::parse("c2sp.org/tlog-proof@v1\nindex x\n\n"), Err(ProofError::Form));
    }
}
