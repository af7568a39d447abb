//! What did the authenticator say of itself?

use ciborium::Value;

use super::{PasskeyError, malformed};
use crate::digest;

/// Keys and credentials are a few hundred bytes; the largest RSA key is not a kilobyte.
const MOST: usize = 16 << 10;
/// What is nested deeper is none of ours.
const DEPTH: usize = 16;
/// The longest name a credential may have.
const LONGEST_ID: usize = 1023;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MAY_BE_COPIED: u8 = 0x08;
const IS_COPIED: u8 = 0x10;
const CREDENTIAL: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// What it said, read to the last byte.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    site: [u8; 32],
    flags: u8,
    /// How often it has signed; 0 where it does not count.
    pub(super) counter: u32,
    /// What it made, where it made something: the credential's name, and its COSE key.
    pub(super) credential: Option<(Vec<u8>, Value)>,
}

impl AuthenticatorData {
    /// Reads it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        if bytes.len() > MOST {
            return Err(malformed("the authenticator's data is too long"));
        }
        let mut rest = bytes;
        let site = take(&mut rest)?;
        let [flags] = take(&mut rest)?;
        let counter = u32::from_be_bytes(take(&mut rest)?);
        let credential = if flags & CREDENTIAL == 0 { None } else { Some(credential(&mut rest)?) };
        if flags & EXTENSIONS != 0 && !cbor(&mut rest)?.is_map() {
            return Err(malformed("the authenticator's extensions are no map"));
        }
        if !rest.is_empty() {
            return Err(malformed("something follows the authenticator's data"));
        }
        if flags & IS_COPIED != 0 && flags & MAY_BE_COPIED == 0 {
            return Err(malformed("the authenticator says a key is copied that cannot be"));
        }
        Ok(Self { site, flags, counter, credential })
    }

    /// Whether it spoke for this site, somebody was there, and it checked who.
    pub(super) fn check(&self, rp_id: &str) -> Result<(), PasskeyError> {
        if self.site != digest::sha256(rp_id.as_bytes()) {
            return Err(PasskeyError::Site);
        }
        if self.flags & PRESENT == 0 {
            return Err(PasskeyError::Absent);
        }
        if self.flags & VERIFIED == 0 { Err(PasskeyError::Unverified) } else { Ok(()) }
    }
}

/// Reads one value and leaves what follows it.
pub(super) fn cbor(rest: &mut &[u8]) -> Result<Value, PasskeyError> {
    if rest.len() > MOST {
        return Err(malformed("there is too much CBOR"));
    }
    ciborium::de::from_reader_with_recursion_limit(rest, DEPTH).map_err(|_| malformed("it is no CBOR, or breaks off"))
}

/// A map's only value under a name; nothing where there is none, or more than one.
pub(super) fn member<'a>(map: &'a Value, name: &Value) -> Option<&'a Value> {
    let mut found = map.as_map()?.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    found.next().filter(|_| found.next().is_none())
}

fn credential(rest: &mut &[u8]) -> Result<(Vec<u8>, Value), PasskeyError> {
    let _aaguid: [u8; 16] = take(rest)?;
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    if !(1..=LONGEST_ID).contains(&length) {
        return Err(malformed(format!("a credential's name has 1 to {LONGEST_ID} bytes")));
    }
    let (id, after) = rest.split_at_checked(length).ok_or_else(short)?;
    *rest = after;
    Ok((id.to_vec(), cbor(rest)?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PasskeyError> {
    let (first, after) = rest.split_first_chunk::<N>().ok_or_else(short)?;
    *rest = after;
    Ok(*first)
}

fn short() -> PasskeyError {
    malformed("the authenticator's data breaks off")
}
