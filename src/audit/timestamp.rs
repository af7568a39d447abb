//! What is asked of a time-stamping authority, and is what it says about what was asked?
//!
//! RFC 3161, as much of it as that takes, in DER written and read by hand. Whether the authority's signature is right is not
//! looked at here: the token is kept, and whoever doubts checks it with `openssl ts -verify` and a root they chose.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const TAGGED: u8 = 0xa0;
/// SHA-256 with no parameters, as an `AlgorithmIdentifier`.
const SHA256: [u8; 15] = [SEQUENCE, 13, OID, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0];
const SHA256_OID: [u8; 9] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// `id-signedData`.
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// `id-ct-TSTInfo`.
const TST_INFO: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The token, as it is.
    pub token: Vec<u8>,
    /// When, by the authority's clock, as it wrote it: `20261122113000Z`.
    pub at: String,
}

/// Why there is no time stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStamp {
    /// It was refused.
    #[error("the authority refused: status {0}")]
    Refused(u64),
    /// Nobody can read it.
    #[error("the answer of the authority is no time stamp of RFC 3161")]
    Form,
    /// It is about something else.
    #[error("the time stamp is not for what was sent: another {0}")]
    Other(&'static str),
}

/// A request for a time stamp over something of this hash.
pub fn request(hash: &[u8; 32], nonce: &[u8; 8]) -> Vec<u8> {
    let imprint = wrap(SEQUENCE, &[&SHA256[..], &wrap(OCTETS, hash)].concat());
    let certificate = [0x01, 1, 0xff];
    let body = [&[INTEGER, 1, 1][..], &imprint, &wrap(INTEGER, &number(nonce)), &certificate].concat();
    wrap(SEQUENCE, &body)
}

/// Reads what came back.
pub fn read(answer: &[u8], hash: &[u8; 32], nonce: &[u8; 8]) -> Result<Stamped, NoStamp> {
    let (status, token) = opened(answer).ok_or(NoStamp::Form)?;
    // Granted, or granted with changes.
    if status > 1 {
        return Err(NoStamp::Refused(status));
    }
    let token = token.ok_or(NoStamp::Form)?;
    let info = info(token).ok_or(NoStamp::Form)?;
    if info.hash != Some(&hash[..]) {
        return Err(NoStamp::Other("hash"));
    }
    if info.nonce != Some(&number(nonce)[..]) {
        return Err(NoStamp::Other("nonce"));
    }
    let at = String::from_utf8(info.at.to_vec()).map_err(|_| NoStamp::Form)?;
    let is_time = at.ends_with('Z') && at.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'Z' | b'.'));
    if is_time { Ok(Stamped { token: token.to_vec(), at }) } else { Err(NoStamp::Form) }
}

struct Info<'a> {
    hash: Option<&'a [u8]>,
    at: &'a [u8],
    nonce: Option<&'a [u8]>,
}

/// The status, and the token with its head.
fn opened(answer: &[u8]) -> Option<(u64, Option<&[u8]>)> {
    let (response, rest) = inside(answer, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (status, token) = inside(response, SEQUENCE)?;
    let (status, _) = inside(status, INTEGER)?;
    let status = status.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)))?;
    Some((status, Some(token).filter(|token| !token.is_empty())))
}

fn info(token: &[u8]) -> Option<Info<'_>> {
    let content = inside(token, SEQUENCE).filter(|(_, rest)| rest.is_empty())?.0;
    let content = of_kind(content, &SIGNED_DATA)?;
    let signed = inside(inside(content, TAGGED)?.0, SEQUENCE)?.0;
    let (_, rest) = inside(signed, INTEGER)?;
    let (_, _, rest) = next(rest)?;
    let content = of_kind(inside(rest, SEQUENCE)?.0, &TST_INFO)?;
    let text = inside(inside(content, TAGGED)?.0, OCTETS)?.0;
    let stamp = inside(text, SEQUENCE)?.0;
    let (_, rest) = inside(stamp, INTEGER)?;
    let (_, rest) = inside(rest, OID)?;
    let (imprint, rest) = inside(rest, SEQUENCE)?;
    let (algorithm, hash) = inside(imprint, SEQUENCE)?;
    let is_sha256 = inside(algorithm, OID)?.0 == SHA256_OID;
    let hash = inside(hash, OCTETS)?.0;
    let (_, rest) = inside(rest, INTEGER)?;
    let (at, mut rest) = inside(rest, TIME)?;
    // How exact it is, whether it is in order, the nonce, and who: each may be missing.
    let mut nonce = None;
    while let Some((tag, value, after)) = next(rest) {
        if tag == INTEGER {
            nonce = Some(value);
        }
        rest = after;
    }
    Some(Info { hash: is_sha256.then_some(hash), at, nonce })
}

/// What follows the name of a kind, if it is this kind.
fn of_kind<'a>(bytes: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    inside(bytes, OID).filter(|(found, _)| *found == kind).map(|(_, rest)| rest)
}

/// The value at the beginning, if it has this tag, and what follows it.
fn inside(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    next(bytes).filter(|(found, ..)| *found == tag).map(|(_, value, rest)| (value, rest))
}

fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (count, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        // Four bytes are more than anybody may send; none at all is a form DER has not.
        if count.is_empty() || count.len() > 4 {
            return None;
        }
        (count.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte)), rest)
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

fn wrap(tag: u8, value: &[u8]) -> Vec<u8> {
    // Nothing written here is as long as 128 bytes.
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    [&[tag, length][..], value].concat()
}

/// A number that is not negative, in as few bytes as it takes.
fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(zeros..).unwrap_or_default();
    let sign = rest.first().is_none_or(|first| *first >= 0x80);
    [if sign { &[0][..] } else { &[] }, rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u8, hash: &[u8; 32], nonce: &[u8]) -> Vec<u8> {
        let long = |tag: u8, value: &[u8]| {
            let length = u16::try_from(value.len()).unwrap().to_be_bytes();
            [&[tag, 0x82][..], &length, value].concat()
        };
        let imprint = wrap(SEQUENCE, &[&SHA256[..], &wrap(OCTETS, hash)].concat());
        let stamp = [
            &[INTEGER, 1, 1, OID, 1, 42][..],
            &imprint,
            &[INTEGER, 1, 9],
            &wrap(TIME, b"20261122113000Z"),
            &wrap(SEQUENCE, &[INTEGER, 1, 1]),
            &wrap(INTEGER, nonce),
        ];
        let text = long(TAGGED, &long(OCTETS, &long(SEQUENCE, &stamp.concat())));
        let content = long(SEQUENCE, &[&wrap(OID, &TST_INFO)[..], &text].concat());
        let signed = long(SEQUENCE, &[&[INTEGER, 1, 3, 0x31, 0][..], &content].concat());
        let token = long(SEQUENCE, &[&wrap(OID, &SIGNED_DATA)[..], &long(TAGGED, &signed)].concat());
        long(SEQUENCE, &[&wrap(SEQUENCE, &[INTEGER, 1, status])[..], &token].concat())
    }

    #[test]
    fn a_time_stamp_is_for_what_was_asked_or_is_none() {
        let (hash, nonce) = ([7; 32], [0, 0x80, 1, 2, 3, 4, 5, 6]);
        let asked = request(&hash, &nonce);
        assert_eq!(asked.get(..2), Some(&[SEQUENCE, u8::try_from(asked.len() - 2).unwrap()][..]));
        let number = number(&nonce);
        assert_eq!(number, [0, 0x80, 1, 2, 3, 4, 5, 6]);
        let good = answer(0, &hash, &number);
        assert_eq!(read(&good, &hash, &nonce).unwrap().at, "20261122113000Z");
        assert_eq!(read(&answer(2, &hash, &number), &hash, &nonce), Err(NoStamp::Refused(2)));
        assert_eq!(read(&answer(0, &[8; 32], &number), &hash, &nonce), Err(NoStamp::Other("hash")));
        assert_eq!(read(&answer(0, &hash, &[1]), &hash, &nonce), Err(NoStamp::Other("nonce")));
        for end in 0..good.len() {
            assert!(read(good.get(..end).unwrap(), &hash, &nonce).is_err(), "{end}");
        }
    }
}
