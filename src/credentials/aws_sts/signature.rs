//! How does a request to Amazon prove who sends it? Signature Version 4, as it is documented, for requests without a query.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use ring::hmac::{HMAC_SHA256, Key, Tag, sign};

use crate::clock::Timestamp;
use crate::digest::{hex, sha256};
use crate::secret::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs, when, and for what.
pub(super) struct Signer<'a> {
    /// Names the key.
    pub(super) key_id: &'a str,
    /// The key.
    pub(super) secret: &'a Secret,
    /// Where.
    pub(super) region: &'a str,
    /// What is asked.
    pub(super) service: &'a str,
    /// Now.
    pub(super) at: Timestamp,
}

impl Signer<'_> {
    /// The time as headers say it.
    pub(super) fn date(&self) -> String {
        // 2015-08-30T12:36:00.000Z
        let text = self.at.to_string();
        let whole = text.split('.').next().unwrap_or_default();
        let mut date: String = whole.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        date.push('Z');
        date
    }

    /// The header `authorization`. The headers that are signed have small names and stand in the order of these.
    pub(super) fn authorization(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().flat_map(|(name, value)| [*name, ":", value.trim(), "\n"]).collect();
        let request = format!("{method}\n/\n\n{lines}\n{names}\n{}", hex(&sha256(body)));
        let date = self.date();
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&sha256(request.as_bytes())));
        let signature = keyed(self.key(day).as_ref(), &text);
        let (key_id, signature) = (self.key_id, hex(signature.as_ref()));
        format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }

    fn key(&self, day: &str) -> Tag {
        let secret = zeroize::Zeroizing::new(format!("AWS4{}", self.secret.expose()));
        let first = keyed(secret.as_bytes(), day);
        [self.region, self.service, "aws4_request"].iter().fold(first, |key, word| keyed(key.as_ref(), word))
    }
}

fn keyed(key: &[u8], text: &str) -> Tag {
    sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_documented_suite_come_out() {
        // get-vanilla, post-vanilla and post-x-www-form-urlencoded.
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let at = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
        let signer = Signer { key_id: "AKIDEXAMPLE", secret: &secret, region: "us-east-1", service: "service", at };
        assert_eq!(signer.date(), "20150830T123600Z");
        let plain = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let form = [("content-type", "application/x-www-form-urlencoded"), plain[0], plain[1]];
        for (method, headers, body, signature) in [
            ("GET", &plain[..], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", &plain[..], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            ("POST", &form[..], "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        ] {
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let wanted = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
                names.join(";")
            );
            assert_eq!(signer.authorization(method, headers, body.as_bytes()), wanted);
        }
    }
}
