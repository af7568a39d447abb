//! What holds a secret, so that nothing prints it?
//!
//! There is no `Debug`, no `Display`, no comparison and no serialisation here, on purpose. `expose` is the only way to
//! the text, so that a search for it finds every place that touches one.

use std::sync::Arc;

use zeroize::Zeroizing;

/// What stands where a secret would be shown.
pub const HIDDEN: &str = "•••";

/// A text nobody may print. Wiped from memory when the last holder lets go.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret has no form that may be printed")]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The text, for the one place that sends or checks it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}
