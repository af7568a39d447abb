//! How much may come in?

use schemars::JsonSchema;

use super::measure::{Bytes, Period};
use super::section::{Reading, Section, Wanted};

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
    /// How long a call that waits for people keeps its client waiting, before the client is told to come back.
    #[schemars(extend("default" = "45s"))]
    pub approval_wait: Period,
    /// Calls of one principal that may wait for people, on all nodes together; more are refused.
    #[schemars(with = "u32", range(min = 1), extend("default" = 20))]
    pub waiting_per_caller: usize,
    /// Calls whose clients this node keeps waiting for people at once; more are refused.
    #[schemars(with = "u32", range(min = 1), extend("default" = 10_000))]
    pub waiting: usize,
}

impl Limits {
    pub(super) fn read(section: &Section<'_>) -> Reading<Self> {
        let bytes = |key, default| {
            let wanted = Wanted("a number of bytes, plain or with KiB, MiB or GiB", "4MiB");
            section.number(key, default, wanted, |text| Bytes::parse(text).map(Bytes::count)).map(Bytes::new)
        };
        let body_bytes = bytes("body_bytes", 4_194_304);
        let argument_bytes = bytes("argument_bytes", 1_048_576);
        let depth = section.count("depth", 64);
        let streams_per_principal = section.count("streams_per_principal", 64);
        let sessions_per_principal = section.count("sessions_per_principal", 256);
        let approval_wait =
            section.parsed("approval_wait", Wanted("a time with its unit", "45s"), "45s", Period::parse);
        let waiting_per_caller = section.count("waiting_per_caller", 20);
        let waiting = section.count("waiting", 10_000);
        section.close();
        Ok(Self {
            body_bytes: body_bytes?,
            argument_bytes: argument_bytes?,
            depth: depth?,
            streams_per_principal: streams_per_principal?,
            sessions_per_principal: sessions_per_principal?,
            approval_wait: approval_wait?,
            waiting_per_caller: waiting_per_caller?,
            waiting: waiting?,
        })
    }
}
