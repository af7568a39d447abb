//! What does a browser bring back from a provider?

use url::form_urlencoded::parse;
use zeroize::Zeroizing;

use super::fault::SignInFault;

/// No honest answer is longer.
const LONGEST: usize = 16 << 10;

/// The query of the address a provider sent a browser back to.
pub(super) struct Answer {
    pub(super) state: String,
    pub(super) outcome: Outcome,
    /// Who says so, where they do (RFC 9207).
    pub(super) issuer: Option<String>,
}

pub(super) enum Outcome {
    Code(Zeroizing<String>),
    Error(String),
}

impl Answer {
    /// What is said twice is not read: two readers may take two different ones.
    pub(super) fn read(query: &str) -> Result<Self, SignInFault> {
        let unreadable = || SignInFault::Unreadable;
        if query.len() > LONGEST {
            return Err(unreadable());
        }
        let [mut state, mut code, mut error, mut issuer] = [const { None }; 4];
        for (name, value) in parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(unreadable());
            }
        }
        let outcome = match (code.map(Zeroizing::new), error) {
            (Some(code), None) if !code.is_empty() => Outcome::Code(code),
            (None, Some(error)) => Outcome::Error(error),
            _ => return Err(unreadable()),
        };
        let state = state.filter(|state| !state.is_empty()).ok_or_else(unreadable)?;
        Ok(Self { state, outcome, issuer })
    }
}
