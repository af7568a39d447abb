//! What is written down when something is erased?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// See [`Event::Erased`](super::Event::Erased). Never what was erased.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Erased {
    /// The pointers of what was erased, by the number of the entry.
    pub entries: BTreeMap<i64, Vec<String>>,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}
