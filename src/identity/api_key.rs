//! Is this API key one we made?
//!
//! A key reads `csk_<id>_<secret><checksum>`: 12, 64 and 8 hex digits. The id finds the key in the book, the checksum
//! tells a mistyped key from a foreign one before the book is asked, and the secret is 256 random bits. Only a plain
//! tagged SHA-256 of the secret is kept. A slow password hash exists to make guessing of weak secrets dear; nobody
//! guesses 256 random bits, and a slow hash would be paid on every call.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::key_book::StoredKey;
use crate::call::caller::{Caller, Person, Proof};
use crate::clock::Timestamp;
use crate::digest::{Digest, push_hex};

/// How every key begins, so that a leaked one is found by searching for it.
pub const PREFIX: &str = "csk_";

const ID: usize = 12;
const SECRET: usize = 64;
const CHECKSUM: usize = 8;

/// A key that was just made. Shown once; nothing here keeps it.
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed by accident")]
pub struct NewKey(Zeroizing<String>);

impl NewKey {
    /// The whole key, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whom a key is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// See [`StoredKey::name`].
    pub name: String,
    /// See [`StoredKey::groups`].
    pub groups: Vec<String>,
    /// See [`StoredKey::agent`].
    pub agent: Option<String>,
    /// See [`StoredKey::user`].
    pub user: Option<Person>,
}

/// A key as it came in, taken apart. Holds a secret.
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed by accident")]
pub struct Presented<'a> {
    /// The public part.
    pub id: &'a str,
    secret: &'a str,
}

/// Makes a key from 38 random bytes: 6 name it, 32 are the secret.
pub fn make(holder: Holder, now: Timestamp, chance: &Zeroizing<[u8; 38]>) -> (NewKey, StoredKey) {
    let mut id = String::with_capacity(ID);
    let mut secret = Zeroizing::new(String::with_capacity(SECRET));
    for (at, byte) in chance.iter().enumerate() {
        push_hex(*byte, if at < 6 { &mut id } else { &mut secret });
    }
    // Room for all of it from the start: a string that grows leaves copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(128));
    for part in [PREFIX, &id, "_", &secret, &checksum(&id, &secret)] {
        text.push_str(part);
    }
    let Holder { name, groups, agent, user } = holder;
    let hash = fingerprint(&secret);
    (NewKey(text), StoredKey { id, name, hash, groups, agent, user, made: now, revoked: None })
}

/// Takes a key apart. Nothing when it is not a key, or one with a slip of the pen in it.
pub fn read(text: &str) -> Option<Presented<'_>> {
    let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let (secret, check) = rest.split_at_checked(SECRET)?;
    let shaped = id.len() == ID && check.len() == CHECKSUM && [id, rest].iter().all(|part| is_hex(part));
    (shaped && checksum(id, secret) == check).then_some(Presented { id, secret })
}

/// Whether this is the secret of that key, in the same time for every wrong one.
pub fn matches(presented: &Presented<'_>, stored: &StoredKey) -> bool {
    fingerprint(presented.secret).as_bytes().ct_eq(stored.hash.as_bytes()).into()
}

/// Who comes with this key.
pub fn caller(key: StoredKey) -> Caller {
    let StoredKey { id, name, groups, agent, user, .. } = key;
    Caller { principal: format!("key:{name}"), agent, user, groups, proof: Proof::Key { id } }
}

/// What is kept of a secret.
pub fn fingerprint(secret: &str) -> Digest {
    Digest::of_bytes("api key secret", secret.as_bytes())
}

fn checksum(id: &str, secret: &str) -> String {
    let whole = Digest::of_bytes("api key checksum", Zeroizing::new(format!("{id}_{secret}")).as_bytes());
    let mut text = String::with_capacity(CHECKSUM);
    for byte in whole.as_bytes().iter().take(4) {
        push_hex(*byte, &mut text);
    }
    text
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> (NewKey, StoredKey) {
        let holder = Holder { name: "ci-bot".into(), groups: vec!["ci".into()], ..Holder::default() };
        make(holder, Timestamp::from_micros(7), &Zeroizing::new([seed; 38]))
    }

    #[test]
    fn a_made_key_is_recognised_and_its_book_entry_holds_no_secret() {
        let (new, stored) = key(0xab);
        let presented = read(new.expose()).unwrap();
        assert_eq!(presented.id, stored.id);
        assert!(matches(&presented, &stored));
        assert!(!format!("{stored:?}").contains(&"ab".repeat(32)));
        assert_eq!(caller(stored).principal, "key:ci-bot");
    }

    #[test]
    fn another_secret_under_the_same_id_does_not_match() {
        let (_, stored) = key(1);
        let secret = "0".repeat(64);
        let forged = format!("csk_{}_{secret}{}", stored.id, checksum(&stored.id, &secret));
        assert!(!matches(&read(&forged).unwrap(), &stored));
    }

    #[test]
    fn what_is_not_exactly_a_key_is_not_read() {
        let (new, _) = key(2);
        let good = new.expose();
        let mistyped = good.replacen("0202", "0203", 1);
        let cases = [
            "",
            "csk_",
            "csk__",
            "csk_0202",
            good.split_at(88).0,
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replacen("csk_", "xsk_", 1),
            &mistyped,
            &format!("csk_{}_{}", "é".repeat(6), "é".repeat(36)),
        ];
        for case in cases {
            assert!(read(case).is_none(), "{case}");
        }
    }
}
