//! How much may come in?

use schemars::JsonSchema;

use super::measure::Bytes;

/// What one request and one caller may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Limits {
    /// Length of a request's body.
    #[schemars(extend("default" = 4_194_304))]
    pub body_bytes: Bytes,
    /// Length of a call's arguments.
    #[schemars(extend("default" = 1_048_576))]
    pub argument_bytes: Bytes,
    /// Objects and arrays inside each other.
    #[schemars(with = "u32", range(min = 1), extend("default" = 64))]
    pub depth: usize,
    /// Streams one principal may hold open.
    #[schemars(with = "u32", range(min = 1), extend("default" = 64))]
    pub streams_per_principal: usize,
    /// Legacy sessions one principal may hold open.
    #[schemars(with = "u32", range(min = 1), extend("default" = 256))]
    pub sessions_per_principal: usize,
}
