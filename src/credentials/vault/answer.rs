//! What did Vault answer?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::material::{Hush, Material, SHORTEST};
use crate::secret::Secret;

/// A secret with its lease.
pub(super) struct Answer {
    /// What it is taken back by; nothing where it has no lease.
    pub(super) lease: Option<String>,
    /// How long it lives.
    pub(super) seconds: i64,
    fields: BTreeMap<String, Secret>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    lease_id: String,
    #[serde(default)]
    lease_duration: i64,
    data: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct SignedIn {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
    lease_duration: u64,
}

#[derive(Deserialize)]
struct Failed {
    errors: Vec<String>,
}

/// A lease id has fewer bytes.
const LONGEST: usize = 512;

/// The last line of what went wrong: Vault puts the cause below a count of errors.
pub(super) fn error(body: &[u8]) -> Option<String> {
    let Failed { errors } = serde_json::from_slice(body).ok()?;
    let last = errors.last()?.trim().rsplit('\n').next()?;
    Some(last.trim().trim_start_matches("* ").to_owned())
}

/// The token of a sign-in, and how long it lives.
pub(super) fn signed_in(body: &[u8]) -> Result<(Secret, u64), &'static str> {
    let SignedIn { auth } = serde_json::from_slice(body).map_err(|_| "what Vault answers to a sign-in has no token")?;
    let token = Secret::new(auth.client_token);
    if token.expose().is_empty() || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("what Vault answers to a sign-in has no token that can be used");
    }
    Ok((token, auth.lease_duration))
}

impl Answer {
    /// Reads one. What is wrong with it is said without any of it.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let Written { lease_id, lease_duration, data } =
            serde_json::from_slice(body).map_err(|_| "what Vault answers is not the secret it documents")?;
        if lease_id.len() > LONGEST || !lease_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the lease id Vault gives is none");
        }
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Some((name, Secret::new(text))),
            _ => None,
        };
        let fields = data.unwrap_or_default().into_iter().filter_map(text).collect();
        Ok(Self { lease: Some(lease_id).filter(|id| !id.is_empty()), seconds: lease_duration, fields })
    }

    /// Every text of it by its name, and one of them as the credential itself.
    pub(super) fn material(&self, value: &str, open: &[String]) -> Result<Material, String> {
        let mut material = Material::empty();
        // It stands first, so that it is found before a field that has its name.
        if let Some(text) = self.fields.get(value).filter(|_| value != "value") {
            let hush = if open.iter().any(|name| name == value) { Hush::Open } else { Hush::Secret };
            material = material.with("value", text.clone(), hush);
        }
        for (name, text) in &self.fields {
            let hush = if open.contains(name) { Hush::Open } else { Hush::Secret };
            if hush == Hush::Secret && text.expose().len() < SHORTEST {
                return Err(format!(
                    "a field of what Vault gave is shorter than {SHORTEST} bytes, too short to be kept secret; list it as `open` \
                     if it is none"
                ));
            }
            material = material.with(name, text.clone(), hush);
        }
        if material.secrets().next().is_none() {
            return Err("what Vault gave holds no secret".to_owned());
        }
        Ok(material)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_its_last_line() {
        let body = br#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#;
        assert_eq!(error(body).as_deref(), Some("permission denied"));
        assert_eq!(error(br#"{"errors":[]}"#), None);
        assert_eq!(error(b"<html>"), None);
    }

    #[test]
    fn every_text_is_a_part_and_one_is_the_credential() {
        let body =
            br#"{"lease_id":"a/b/1","lease_duration":60,"data":{"username":"v-1","password":"0123456789","n":1}}"#;
        let answer = Answer::read(body).unwrap();
        let material = answer.material("password", &["username".to_owned()]).unwrap();
        assert_eq!(material.names().collect::<Vec<_>>(), ["value", "password", "username"]);
        assert_eq!(material.secrets().count(), 2);
        assert!(answer.material("password", &[]).is_err(), "a user name that short would be looked for everywhere");
        assert!(Answer::read(br#"{"lease_id":"a b","lease_duration":60}"#).is_err());
        assert!(Answer::read(br#"{"lease_id":"","lease_duration":0,"data":{"a":"b"}}"#).unwrap().lease.is_none());
    }
}
