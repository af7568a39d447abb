//! What does a request show for a proof?

use http::{HeaderMap, header};

use super::challenge::Reason;
use super::{api_key, jwt};

/// A request, as far as it says who is asking.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the headers hold secrets")]
pub struct Arrival<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// What follows the question mark of its address.
    pub query: Option<&'a str>,
    /// The server it was sent to, when it was sent to one.
    pub server: Option<&'a str>,
}

impl<'a> From<&'a HeaderMap> for Arrival<'a> {
    /// A request to the endpoint of all servers, without a query.
    fn from(headers: &'a HeaderMap) -> Self {
        Self { headers, query: None, server: None }
    }
}

impl<'a> Arrival<'a> {
    /// The one bearer proof of the request.
    pub fn proof(&self) -> Result<&'a str, Reason> {
        if self.query.is_some_and(holds_proof) {
            return Err(Reason::InQuery);
        }
        bearer(self.headers)
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Reason> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Reason::Missing),
        (Some(value), None) => value.to_str().map_err(|_| Reason::Malformed)?,
        _ => return Err(Reason::Ambiguous),
    };
    let (scheme, proof) = value.trim().split_once(' ').ok_or(Reason::Scheme)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Reason::Scheme);
    }
    let proof = proof.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match proof.len() {
        0 => Err(Reason::Missing),
        length if length > jwt::MAX_BYTES => Err(Reason::TooLarge),
        // Two headers joined by a proxy arrive with a comma between them.
        _ if proof.contains(',') => Err(Reason::Ambiguous),
        _ if proof.bytes().all(plain) => Ok(proof),
        _ => Err(Reason::Malformed),
    }
}

fn holds_proof(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name.eq_ignore_ascii_case("access_token") || value.contains(api_key::PREFIX))
}

#[cfg(test)]
mod tests;
