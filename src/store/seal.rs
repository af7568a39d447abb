//! How does the body of an entry lie in the database, so that whoever has only the database reads nothing?
//!
//! AES-256-GCM under a key that stands outside the database. One byte for the form, eight that name the key, twelve of chance,
//! then the closed text. What is closed begins with a byte that says whether fields were erased: the salt and the body, or
//! what is left of them as JSON. Event, call and time belong to the body: closed texts cannot change places. What is no body,
//! such as a key tokens are signed with, has another form and belongs to its own name; neither opens as the other.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::audit::commitment::{Opened, Salt};
use crate::clock::{NoChance, chance};
use crate::digest::{hex, sha256};

/// The form of bodies written today.
const FORM: u8 = 1;
/// The form of everything else.
const THING: u8 = 2;
const ID: usize = 8;
const HEAD: usize = 1 + ID + NONCE_LEN;
const WHOLE: u8 = 0;
const REDACTED: u8 = 1;

/// Closes and opens bodies.
pub struct Sealer {
    id: [u8; ID],
    key: LessSafeKey,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// What a body belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Belongs<'a> {
    /// The event code.
    pub event: &'a str,
    /// The call, if it is one's.
    pub call: Option<&'a str>,
    /// Microseconds since 1970.
    pub at: i64,
}

/// Something that is no body.
#[derive(Clone, Copy, Debug)]
pub struct Thing<'a> {
    /// What it is.
    pub kind: &'static str,
    /// Which of them.
    pub name: &'a str,
}

/// Why a body stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Another key.
    #[error("it was sealed with another key; give the folder of keys it was written with")]
    OtherKey,
    /// Another text.
    #[error("it does not open: somebody changed it, or put it where another stood")]
    Changed,
}

impl Sealer {
    /// From the key's bytes.
    pub fn new(key: &[u8; 32]) -> Option<Self> {
        let id = sha256(&[b"countersign data key\0", key.as_slice()].concat());
        let made = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self { id: *id.first_chunk()?, key: LessSafeKey::new(made) })
    }

    /// Names the key.
    pub fn id(&self) -> String {
        hex(&self.id)
    }

    /// Closes a body that was just written.
    pub fn seal(&self, of: Belongs<'_>, body: &str) -> Result<Vec<u8>, NoChance> {
        // One question for both.
        let drawn = chance::<{ 32 + NONCE_LEN }>()?;
        let (salt, nonce) = drawn.split_first_chunk::<32>().ok_or(NoChance)?;
        let nonce = nonce.try_into().map_err(|_| NoChance)?;
        self.close((FORM, aad(of)), nonce, &[&[WHOLE], salt, body.as_bytes()])
    }

    /// Closes a body again of which more is known, or less.
    pub fn seal_again(&self, of: Belongs<'_>, opened: &Opened) -> Result<Vec<u8>, NoChance> {
        match opened {
            Opened::Whole { salt, body } => {
                self.close((FORM, aad(of)), chance()?, &[&[WHOLE], salt.bytes(), body.as_bytes()])
            }
            Opened::Redacted(redacted) => {
                let text = serde_json::to_string(redacted).unwrap_or_default();
                self.close((FORM, aad(of)), chance()?, &[&[REDACTED], text.as_bytes()])
            }
        }
    }

    /// Opens a body.
    pub fn open(&self, of: Belongs<'_>, sealed: &[u8]) -> Result<Opened, Closed> {
        let plain = self.opened((FORM, aad(of)), sealed)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Closed::Changed);
        match plain.split_first() {
            Some((&WHOLE, rest)) => {
                let (salt, body) = rest.split_first_chunk::<32>().ok_or(Closed::Changed)?;
                Ok(Opened::Whole { salt: Salt::new(*salt), body: text(body)? })
            }
            Some((&REDACTED, rest)) => serde_json::from_slice(rest).map(Opened::Redacted).map_err(|_| Closed::Changed),
            _ => Err(Closed::Changed),
        }
    }

    /// Closes something that is no body.
    pub fn seal_thing(&self, of: Thing<'_>, bytes: &[u8]) -> Result<Vec<u8>, NoChance> {
        self.close((THING, name(of)), chance()?, &[bytes])
    }

    /// Opens something that is no body. It is wiped from memory when it is let go.
    pub fn open_thing(&self, of: Thing<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        self.opened((THING, name(of)), sealed)
    }

    fn opened(&self, (form, of): (u8, Aad<Vec<u8>>), sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let (head, text) = sealed.split_at_checked(HEAD).ok_or(Closed::Changed)?;
        let (found, rest) = head.split_at(1);
        let (id, nonce) = rest.split_at(ID);
        if found != [form] || id != self.id {
            return Err(Closed::OtherKey);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Closed::Changed)?;
        let mut text = Zeroizing::new(text.to_vec());
        let plain = self.key.open_in_place(nonce, of, &mut text).map_err(|_| Closed::Changed)?.len();
        text.truncate(plain);
        Ok(text)
    }

    fn close(
        &self,
        (form, of): (u8, Aad<Vec<u8>>),
        nonce: [u8; NONCE_LEN],
        parts: &[&[u8]],
    ) -> Result<Vec<u8>, NoChance> {
        let long = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut out = Vec::with_capacity(HEAD.saturating_add(long).saturating_add(16));
        out.push(form);
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&nonce);
        let begin = out.len();
        for part in parts {
            out.extend_from_slice(part);
        }
        let (_, text) = out.split_at_mut(begin);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, of, text).map_err(|_| NoChance)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }
}

fn aad(Belongs { event, call, at }: Belongs<'_>) -> Aad<Vec<u8>> {
    let mut text = event.as_bytes().to_vec();
    text.push(0);
    text.extend_from_slice(call.unwrap_or_default().as_bytes());
    text.push(0);
    text.extend_from_slice(&at.to_be_bytes());
    Aad::from(text)
}

/// No event is called nothing, so that no body belongs where a thing does.
fn name(Thing { kind, name }: Thing<'_>) -> Aad<Vec<u8>> {
    let mut text = vec![0];
    text.extend_from_slice(kind.as_bytes());
    text.push(0);
    text.extend_from_slice(name.as_bytes());
    Aad::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Belongs<'_> = Belongs { event: "arrived", call: Some("0190"), at: 7 };

    #[test]
    fn a_body_opens_where_it_belongs_and_nowhere_else() {
        let (sealer, other) = (Sealer::new(&[1; 32]).unwrap(), Sealer::new(&[2; 32]).unwrap());
        let closed = sealer.seal(OF, "{\"a\":\"secret\"}").unwrap();
        assert!(!String::from_utf8_lossy(&closed).contains("secret"));
        let opened = sealer.open(OF, &closed).unwrap();
        assert_eq!(opened.body(), "{\"a\":\"secret\"}");
        let redacted = Opened::Redacted(opened.erase(&["/a".to_owned()]).unwrap());
        let again = sealer.seal_again(OF, &redacted).unwrap();
        assert_eq!(sealer.open(OF, &again).unwrap(), redacted);
        assert_eq!(sealer.open(OF, &sealer.seal_again(OF, &opened).unwrap()).unwrap(), opened);
        assert_eq!(other.open(OF, &closed), Err(Closed::OtherKey));
        for of in [Belongs { event: "decided", ..OF }, Belongs { call: None, ..OF }, Belongs { at: 8, ..OF }] {
            assert_eq!(sealer.open(of, &closed), Err(Closed::Changed));
        }
        for at in 0..closed.len() {
            let mut bent = closed.clone();
            bent[at] ^= 1;
            assert!(sealer.open(OF, &bent).is_err(), "bit {at}");
        }
        assert_ne!(sealer.seal(OF, "x").unwrap(), sealer.seal(OF, "x").unwrap());
    }
    #[test]
    fn what_is_no_body_opens_under_its_own_name_and_never_as_one() {
        let (sealer, other) = (Sealer::new(&[1; 32]).unwrap(), Sealer::new(&[2; 32]).unwrap());
        let of = Thing { kind: "key", name: "a" };
        let closed = sealer.seal_thing(of, b"secret").unwrap();
        assert_eq!(sealer.open_thing(of, &closed).unwrap().as_slice(), b"secret");
        assert_eq!(other.open_thing(of, &closed).unwrap_err(), Closed::OtherKey);
        for of in [Thing { kind: "key", name: "b" }, Thing { kind: "k", name: "eya" }] {
            assert_eq!(sealer.open_thing(of, &closed).unwrap_err(), Closed::Changed);
        }
        assert!(sealer.open(OF, &closed).is_err());
        assert!(sealer.open_thing(of, &sealer.seal(OF, "x").unwrap()).is_err());
    }
}
