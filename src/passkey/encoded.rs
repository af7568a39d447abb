//! How are bytes written in JSON? As base64url without padding, in the one way there is.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Bytes that are text in JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Encoded(Vec<u8>);

/// A text that is no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not base64url without padding")]
pub struct NotEncoded;

impl Encoded {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// From its text.
    pub fn read(text: &str) -> Result<Self, NotEncoded> {
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(|_| NotEncoded)
    }
}

/// The text of some bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl From<Vec<u8>> for Encoded {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl TryFrom<String> for Encoded {
    type Error = NotEncoded;

    fn try_from(text: String) -> Result<Self, NotEncoded> {
        Self::read(&text)
    }
}

impl From<Encoded> for String {
    fn from(encoded: Encoded) -> Self {
        encode(&encoded.0)
    }
}

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl JsonSchema for Encoded {
    fn schema_name() -> Cow<'static, str> {
        "Encoded".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]*$" })
    }
}
