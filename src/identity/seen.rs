//! Was this proof checked a moment ago?
//!
//! Checking a key asks the database and checking a token verifies a signature; a busy agent would pay for that on
//! every call. What was found good is remembered for seconds under the digest of the proof, never under the proof.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::call::caller::Caller;
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A full memory is emptied, so that nobody with many good proofs can fill the machine.
const CAPACITY: usize = 4096;

/// Proofs found good, for a short time.
#[derive(Debug, Default)]
pub(super) struct Seen(RwLock<HashMap<Digest, Remembered>>);

#[derive(Debug)]
struct Remembered {
    caller: Arc<Caller>,
    from: Timestamp,
    until: Timestamp,
}

impl Seen {
    /// Who came with this proof, when it is still remembered.
    pub(super) fn get(&self, proof: &Digest, now: Timestamp) -> Option<Arc<Caller>> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = map.get(proof)?;
        // A clock that was set back must not stretch the time.
        (found.from <= now && now < found.until).then(|| Arc::clone(&found.caller))
    }

    /// Remembers a good proof from now on.
    pub(super) fn put(&self, proof: Digest, caller: &Arc<Caller>, now: Timestamp, until: Timestamp) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= CAPACITY {
            map.retain(|_, kept| now < kept.until);
        }
        if map.len() >= CAPACITY {
            map.clear();
        }
        map.insert(proof, Remembered { caller: Arc::clone(caller), from: now, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::caller::Proof;

    #[test]
    fn a_proof_is_remembered_for_its_time_only_and_not_before_it_was_seen() {
        let seen = Seen::default();
        let proof = Digest::of_bytes("t", b"x");
        let caller = Arc::new(Caller {
            principal: "p".into(),
            agent: None,
            user: None,
            groups: Vec::new(),
            proof: Proof::Nothing,
        });
        let at = Timestamp::from_micros;
        seen.put(proof, &caller, at(100), at(200));
        assert_eq!([99, 100, 199, 200].map(|now| seen.get(&proof, at(now)).is_some()), [false, true, true, false]);
    }

    #[test]
    fn a_flood_of_proofs_stays_within_the_capacity() {
        let seen = Seen::default();
        let caller = Arc::new(Caller {
            principal: "p".into(),
            agent: None,
            user: None,
            groups: Vec::new(),
            proof: Proof::Nothing,
        });
        let at = Timestamp::from_micros;
        for number in 0..10_000_u32 {
            seen.put(Digest::of_bytes("t", &number.to_be_bytes()), &caller, at(0), at(i64::MAX));
        }
        assert!(seen.0.read().unwrap().len() <= CAPACITY);
    }
}
