//! What names a thing for those who hold a key, and tells nobody else what it is?
//!
//! HMAC-SHA256 (RFC 2104). A plain digest of something with few possible values gives it away to whoever tries them all; one
//! under a key does not. From one key others are made, each under a name.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Digest, Running, canonical, canonical_object, sha256};
use crate::wire::json::{Object, Value};

/// The length of a block of SHA-256.
const BLOCK: usize = 64;

/// A key that names things. Cheap to clone, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Naming(Arc<Zeroizing<[u8; 32]>>);

impl fmt::Debug for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Naming")
    }
}

impl Naming {
    /// From a key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(key)))
    }

    /// Another key, which nobody makes without this one.
    #[must_use]
    pub fn under(&self, tag: &str, name: &str) -> Self {
        Self::new(self.hmac(tag, name.as_bytes()))
    }

    /// Of plain bytes, under a tag that keeps different uses apart.
    pub fn of_bytes(&self, tag: &str, bytes: &[u8]) -> Digest {
        Digest(self.hmac(tag, bytes))
    }

    /// Of a value's canonical form.
    pub fn of_value(&self, tag: &str, value: &Value) -> Digest {
        self.of_bytes(tag, canonical(value).as_bytes())
    }

    /// Of an object's canonical form.
    pub fn of_object(&self, tag: &str, object: &Object) -> Digest {
        self.of_bytes(tag, canonical_object(object).as_bytes())
    }

    fn hmac(&self, tag: &str, bytes: &[u8]) -> [u8; 32] {
        hmac(self.0.as_slice(), &[tag.as_bytes(), &[0], bytes])
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0_u8; BLOCK]);
    let long = (key.len() > BLOCK).then(|| Zeroizing::new(sha256(key)));
    let key = long.as_ref().map_or(key, |digest| digest.as_slice());
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let padded = |pad: u8| Zeroizing::new(block.map(|byte| byte ^ pad));
    let mut inner = Running::default();
    inner.update(padded(0x36).as_slice());
    for part in parts {
        inner.update(part);
    }
    let mut outer = Running::default();
    outer.update(padded(0x5c).as_slice());
    outer.update(&inner.bytes());
    outer.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;
    use crate::object;

    // RFC 4231, cases 1, 2, 6 and 7.
    #[test]
    fn it_is_the_hmac_everybody_makes() {
        let long = [0xaa_u8; 131];
        for (key, text, wanted) in [
            (&[0x0b_u8; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long[..],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &long[..],
                "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be \
                 hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ] {
            assert_eq!(hex(&hmac(key, &[text.as_bytes()])), wanted, "{text}");
        }
    }

    #[test]
    fn names_differ_by_key_by_tag_and_by_what_is_named() {
        let (one, other) = (Naming::new([1; 32]), Naming::new([2; 32]));
        let amount = object! { "amount" => 7_i64 };
        let all = [
            one.of_object("params", &amount),
            other.of_object("params", &amount),
            one.of_object("repeat", &amount),
            one.under("call", "a").of_object("params", &amount),
            one.under("call", "b").of_object("params", &amount),
            Digest::of_object("params", &amount),
        ];
        let apart: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(apart.len(), all.len());
        assert_eq!(one.of_object("params", &amount), one.of_value("params", &Value::from(amount)));
        assert_eq!(format!("{one:?}"), "Naming");
    }
}
