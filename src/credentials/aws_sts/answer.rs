//! What did the token service of Amazon answer? The few elements that count, each of which stands there once.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::super::material::SHORTEST;
use crate::clock::Timestamp;
use crate::secret::Secret;

/// A session.
pub(super) struct Session {
    /// Names its key.
    pub(super) key_id: Secret,
    /// Its key.
    pub(super) secret: Secret,
    /// What goes with it.
    pub(super) token: Secret,
    /// When it ends.
    pub(super) expires: Timestamp,
}

/// The name of an error.
pub(super) fn error(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    plain(element(text, "Error")?, "Code").map(str::to_owned)
}

impl Session {
    /// Reads an answer. What is wrong with it is said without any of it.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let read = || {
            let text = std::str::from_utf8(body).ok()?;
            let inside = element(element(text, "AssumeRoleResult")?, "Credentials")?;
            let secret = |name| plain(inside, name).map(|text| Secret::new(text.to_owned()));
            Some(Self {
                key_id: secret("AccessKeyId")?,
                secret: secret("SecretAccessKey")?,
                token: secret("SessionToken")?,
                expires: Timestamp::parse(plain(inside, "Expiration")?)?,
            })
        };
        let session = read().ok_or("what AWS answers is not the session it documents; a session was perhaps made")?;
        let fits =
            |text: &Secret| text.expose().len() >= SHORTEST && text.expose().bytes().all(|b| b.is_ascii_graphic());
        if [&session.key_id, &session.secret, &session.token].into_iter().all(fits) {
            return Ok(session);
        }
        Err("the keys AWS answers cannot be used; a session was perhaps made")
    }
}

/// What is inside an element, which stands there once.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let (_, rest) = text.split_once(&open)?;
    let (inside, after) = rest.split_once(&close)?;
    (!inside.contains(&open) && !after.contains(&open)).then_some(inside)
}

/// The same for an element that holds text alone, of which no sign is written in another way.
fn plain<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    element(text, name).map(str::trim).filter(|text| !text.is_empty() && !text.contains(['<', '&']))
}
