//! What is a tool, as its server offers it?

use std::sync::Arc;

use crate::digest::Digest;
use crate::wire::json::{Object, Value};

/// One tool of one server.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The server's configured name.
    pub server: Arc<str>,
    /// The server's own name for the tool.
    pub name: String,
    /// The definition as the server sent it, nothing dropped.
    pub definition: Object,
    /// Names the definition.
    pub digest: Digest,
    /// Where it stands against what was agreed.
    pub pin: Pin,
}

/// How a definition stands against the one that was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The same as when it was first seen or last agreed to.
    Agreed,
    /// Different, and nobody has agreed to it. Not callable.
    Drifted,
    /// The server keeps changing it back and forth. Not callable.
    Flapping,
}

impl Tool {
    /// Reads a definition; one without a name is no tool.
    pub fn new(server: &Arc<str>, definition: Object, pin: Pin) -> Option<Self> {
        let name = definition.str("name")?.to_owned();
        let digest = Digest::of_object("tool", &definition);
        Some(Self { server: Arc::clone(server), name, definition, digest, pin })
    }

    /// A hint from the server's annotations: a claim, never a proof.
    pub fn hint(&self, name: &str) -> Option<bool> {
        self.definition.object("annotations")?.get(name).and_then(Value::as_bool)
    }

    /// The schema its arguments must fit.
    pub fn input_schema(&self) -> Option<&Object> {
        self.definition.object("inputSchema")
    }
}
