//! What stands in the log for a text that may have to be erased one day?
//!
//! Each [field](super::field) of an entry's body stands behind a commitment of its own, and the leaf holds one digest over
//! all of them. A body that is no JSON is one field without a name. Field number `n` has the salt `SHA-256(salt of the body || n)`, `n` as four bytes, and the commitment
//! `SHA-256(its salt || length of its pointer || pointer || value)`, the length as four bytes; the root is the SHA-256 of the
//! number of fields, as four bytes, and all commitments one after the other. Numbers are big-endian.
//!
//! To erase a field, its value and its salt are destroyed and its commitment is kept. The salt of the body gives the salts of
//! all fields, so it is destroyed as well, and the salts of those that stay are kept instead. Without its salt a value cannot
//! be found by trying all there are, however few; and equal values have nothing in common.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field::{Field, NoBody, each_field, fields};
use crate::digest::{Running, hex, sha256, unhex};

/// What makes the commitments of one body unlike those of any other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

impl Salt {
    /// From chance.
    pub const fn new(chance: [u8; 32]) -> Self {
        Self(chance)
    }

    /// The bytes, for whoever keeps it.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of_field(&self, number: u32) -> Self {
        let mut text = [0_u8; 36];
        let (salt, place) = text.split_at_mut(32);
        salt.copy_from_slice(&self.0);
        place.copy_from_slice(&number.to_be_bytes());
        Self(sha256(&text))
    }

    fn commit(&self, pointer: &str, value: &str) -> [u8; 32] {
        let mut hash = Running::default();
        hash.update(&self.0);
        hash.update(&count(pointer.len()).to_be_bytes());
        hash.update(pointer.as_bytes());
        hash.update(value.as_bytes());
        hash.bytes()
    }
}

/// The body of an entry with all it takes to check it, whole or with fields erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// As it was written.
    Whole {
        /// What salts its fields.
        salt: Salt,
        /// The JSON text.
        body: String,
    },
    /// With fields erased.
    Redacted(Redacted),
}

/// What is left of a body of which fields were erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redacted {
    /// The JSON text, with `null` in place of what was erased.
    pub body: String,
    /// The commitments of what was erased, by the pointer under which it stood; more than one where the value held others.
    pub erased: BTreeMap<String, Vec<String>>,
    /// The salts of all other fields, in order.
    pub salts: Vec<String>,
}

/// Why a body cannot be checked, or not be erased as wished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// See [`NoBody`].
    #[error(transparent)]
    NoBody(#[from] NoBody),
    /// The parts of a redacted body do not fit each other.
    #[error("the salts and commitments kept for a body with erased fields do not fit it")]
    Unfit,
    /// A pointer that names nothing.
    #[error("there is nothing at {0}")]
    Nothing(String),
}

impl Opened {
    /// The JSON text; what was erased is null in it.
    pub fn body(&self) -> &str {
        match self {
            Self::Whole { body, .. } => body,
            Self::Redacted(redacted) => &redacted.body,
        }
    }

    /// The pointers of what was erased.
    pub fn erased(&self) -> impl Iterator<Item = &str> {
        let erased = match self {
            Self::Whole { .. } => None,
            Self::Redacted(redacted) => Some(redacted.erased.keys().map(String::as_str)),
        };
        erased.into_iter().flatten()
    }

    /// The digest over all commitments.
    pub fn root(&self) -> Result<[u8; 32], BodyError> {
        let commitments: Vec<[u8; 32]> = match self {
            Self::Whole { salt, body } => return Ok(root_of_whole(*salt, body)),
            Self::Redacted(redacted) => redacted.commitments()?.into_iter().flat_map(|(_, made)| made.made()).collect(),
        };
        Ok(root(&commitments))
    }

    /// The same without what stands at these pointers, and everything below them. The root stays what it is.
    pub fn erase(&self, pointers: &[String]) -> Result<Redacted, BodyError> {
        let before = match self {
            Self::Whole { salt, body } => {
                let kept = |(field, salt, made): (Field<'_>, Salt, [u8; 32])| (field.pointer, Made::Kept(salt, made));
                whole(*salt, body).into_iter().map(kept).collect()
            }
            Self::Redacted(redacted) => redacted.commitments()?,
        };
        let mut after = Redacted { body: self.body().to_owned(), erased: BTreeMap::new(), salts: Vec::new() };
        for wish in pointers {
            if !before.iter().any(|(pointer, _)| is_below(pointer, wish)) {
                return Err(BodyError::Nothing(wish.clone()));
            }
        }
        for (pointer, made) in before {
            // The outermost of several wishes for one field.
            let wish = pointers.iter().filter(|wish| is_below(&pointer, wish)).min_by_key(|wish| wish.len());
            match (wish, made) {
                (Some(wish), made) => {
                    after.erased.entry(wish.clone()).or_default().extend(made.made().iter().map(|made| hex(made)));
                }
                (None, Made::Kept(salt, _)) => after.salts.push(hex(&salt.0)),
                (None, Made::Erased(made)) => {
                    after.erased.insert(pointer, made.iter().map(|made| hex(made)).collect());
                }
            }
        }
        for pointer in after.erased.keys() {
            after.body = without(&after.body, pointer)?;
        }
        Ok(after)
    }
}

/// What is known of a field.
enum Made {
    Kept(Salt, [u8; 32]),
    Erased(Vec<[u8; 32]>),
}

impl Made {
    fn made(self) -> Vec<[u8; 32]> {
        match self {
            Self::Kept(_, made) => vec![made],
            Self::Erased(made) => made,
        }
    }
}

impl Redacted {
    fn commitments(&self) -> Result<Vec<(String, Made)>, BodyError> {
        let mut salts = self.salts.iter();
        let (mut made, mut erased) = (Vec::new(), 0_usize);
        for field in fields(&self.body)? {
            if let Some(kept) = self.erased.get(&field.pointer) {
                // Nobody puts another value in the place of what was erased.
                if field.value != "null" {
                    return Err(BodyError::Unfit);
                }
                let kept: Option<Vec<_>> = kept.iter().map(|text| unhex(text)).collect();
                let kept = kept.filter(|kept| !kept.is_empty()).ok_or(BodyError::Unfit)?;
                made.push((field.pointer, Made::Erased(kept)));
                erased = erased.saturating_add(1);
                continue;
            }
            let salt = salts.next().and_then(|salt| unhex(salt)).map(Salt).ok_or(BodyError::Unfit)?;
            let commitment = salt.commit(&field.pointer, field.value);
            made.push((field.pointer, Made::Kept(salt, commitment)));
        }
        if salts.next().is_none() && erased == self.erased.len() { Ok(made) } else { Err(BodyError::Unfit) }
    }
}

fn whole(salt: Salt, body: &str) -> Vec<(Field<'_>, Salt, [u8; 32])> {
    let all = fields(body).unwrap_or_else(|_| vec![Field { pointer: String::new(), value: body }]);
    let numbered = all.into_iter().zip(0_u32..);
    numbered
        .map(|(field, number)| {
            let salt = salt.of_field(number);
            let made = salt.commit(&field.pointer, field.value);
            (field, salt, made)
        })
        .collect()
}

/// The same, and nothing is copied: every entry there is goes through this.
fn root_of_whole(salt: Salt, body: &str) -> [u8; 32] {
    let mut commitments = Vec::with_capacity(32);
    let mut add = |pointer: &str, value: &str| {
        commitments.push(salt.of_field(count(commitments.len())).commit(pointer, value));
    };
    let read = each_field(body, &mut add);
    if read.is_err() {
        return root(&[salt.of_field(0).commit("", body)]);
    }
    root(&commitments)
}

fn root(commitments: &[[u8; 32]]) -> [u8; 32] {
    let mut all = Vec::with_capacity(commitments.len().saturating_mul(32).saturating_add(4));
    all.extend_from_slice(&count(commitments.len()).to_be_bytes());
    all.extend(commitments.iter().flatten());
    sha256(&all)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn is_below(pointer: &str, wish: &str) -> bool {
    pointer.strip_prefix(wish).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The same text with null for everything at and below a pointer.
fn without(body: &str, pointer: &str) -> Result<String, BodyError> {
    let all = fields(body).unwrap_or_else(|_| vec![Field { pointer: String::new(), value: body }]);
    let inside: Vec<_> = all.iter().filter(|field| is_below(&field.pointer, pointer)).collect();
    let offset = |value: &str| value.as_ptr().addr().checked_sub(body.as_ptr().addr());
    let (first, last) = (inside.first(), inside.last());
    let (Some(first), Some(last)) = (first, last) else { return Err(BodyError::Nothing(pointer.to_owned())) };
    if first.pointer == pointer {
        let start = offset(first.value).ok_or(BodyError::Unfit)?;
        let end = start.saturating_add(first.value.len());
        return Ok([body.get(..start), Some("null"), body.get(end..)].into_iter().flatten().collect());
    }
    // A value that holds others: it begins where its bracket opens, before its first field, and ends where that closes.
    let inner = offset(first.value).ok_or(BodyError::Unfit)?;
    let (start, end) = around(body, inner, depth_below(&first.pointer, pointer)).ok_or(BodyError::Unfit)?;
    debug_assert!(offset(last.value).is_some_and(|last| last < end), "the last field is inside");
    Ok([body.get(..start), Some("null"), body.get(end..)].into_iter().flatten().collect())
}

fn depth_below(inner: &str, outer: &str) -> usize {
    inner.get(outer.len()..).unwrap_or_default().matches('/').count()
}

/// The span of the container that many levels around a byte which begins a value.
fn around(body: &str, inner: usize, levels: usize) -> Option<(usize, usize)> {
    let mut open: Vec<usize> = Vec::new();
    let (mut text, mut escaped, mut wanted) = (false, false, None);
    for (at, byte) in body.bytes().enumerate() {
        if at == inner && wanted.is_none() {
            wanted = Some(*open.get(open.len().checked_sub(levels)?)?);
        }
        match (text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'{' | b'[') => open.push(at),
            (false, b'}' | b']') => {
                let opened = open.pop()?;
                if wanted == Some(opened) {
                    return Some((opened, at.checked_add(1)?));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
