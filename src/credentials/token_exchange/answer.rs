//! What did the token server give, and is it no more than what was asked for?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde::Deserialize;

use super::super::issuer::{ends, later};
use super::super::material::SHORTEST;
use super::super::provider::Order;
use super::super::wanted::beyond;
use super::ACCESS_TOKEN;
use crate::clock::Timestamp;
use crate::secret::Secret;

/// A token as RFC 8693 answers it.
pub(super) struct Token {
    /// The token.
    pub(super) secret: Secret,
    /// What would get more of them.
    pub(super) refresh: Option<Secret>,
    kind: Option<String>,
    issued: Option<String>,
    seconds: Option<u64>,
    scope: Option<String>,
}

/// Of the answer only what counts. The texts are secrets until they were looked at.
#[derive(Deserialize)]
struct Written {
    access_token: String,
    refresh_token: Option<String>,
    token_type: Option<String>,
    issued_token_type: Option<String>,
    expires_in: Option<u64>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Failed {
    error: String,
}

/// The name of an error.
pub(super) fn error(body: &[u8]) -> Option<String> {
    serde_json::from_slice(body).ok().map(|Failed { error }| error)
}

impl Token {
    /// Reads an answer. What is wrong with it is said without any of it.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let written: Written = serde_json::from_slice(body).map_err(|_| "its answer is not one of RFC 8693")?;
        let Written { access_token, refresh_token, token_type, issued_token_type, expires_in, scope } = written;
        let token = Self {
            secret: Secret::new(access_token),
            refresh: refresh_token.map(Secret::new),
            kind: token_type,
            issued: issued_token_type,
            seconds: expires_in,
            scope,
        };
        // RFC 6750, section 2.1; anything else would end a header or begin another.
        let text = token.secret.expose();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if text.len() < SHORTEST || !text.bytes().all(fits) {
            return Err("what it gave cannot be the text of a bearer token");
        }
        Ok(token)
    }

    /// When it ends, if it is what was ordered and no more.
    pub(super) fn judged(&self, order: &Order<'_>) -> Result<Timestamp, String> {
        if self.issued.as_deref() != Some(ACCESS_TOKEN) {
            return Err(
                "the token server gave another kind of token than the access token that was asked for".to_owned()
            );
        }
        if !self.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err("the token server gave a token that is no bearer token, which cannot be used here".to_owned());
        }
        if self.refresh.is_some() {
            return Err("the token server gave a refresh token too, which nobody asked for; forbid it there".to_owned());
        }
        let asked: Vec<String> =
            order.wanted.scope.iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect();
        let more = self.scope.as_deref().map_or(0, |scope| beyond(scope, &asked).len());
        if more > 0 {
            let next = if asked.is_empty() { "; list `scopes`, and name one in the rule" } else { "" };
            return Err(format!(
                "the token may do more than was agreed: {more} words of its scope were not asked for{next}"
            ));
        }
        let seconds = self.seconds.and_then(|seconds| i64::try_from(seconds).ok()).ok_or_else(|| {
            "the token server does not say how long its token lives (`expires_in`), so it cannot be used".to_owned()
        })?;
        ends(order, later(order.now, seconds))
            .map_err(|why| format!("{why}; make its tokens shorter, or write how long they live as `lifetime`"))
    }
}
