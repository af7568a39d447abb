//! What follows the question mark of an address? Each name once, and none that means nothing there.

use std::collections::BTreeMap;

use super::fault::Fault;

/// Names and what they stand for.
#[derive(Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads it. A name that is there twice says two things.
    pub fn read(query: Option<&str>) -> Result<Self, Fault> {
        let mut all = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if all.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(malformed(&name, "it is there twice"));
            }
        }
        Ok(Self(all))
    }

    /// What a name stands for.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Whether nothing is left that nobody asked for.
    pub fn close(self) -> Result<(), Fault> {
        self.0.into_keys().next().map_or(Ok(()), |name| Err(malformed(&name, "it means nothing here")))
    }
}

/// A part of an address that has not the form it must have. What is repeated of it is short.
pub fn malformed(key: &str, why: impl Into<String>) -> Fault {
    Fault::Malformed { key: Some(key.chars().take(40).collect()), why: why.into() }
}
