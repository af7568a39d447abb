//! How much may come in?

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::fault::Subject;
use super::measure::{Bytes, Period};
use super::section::{Given, Privacy, Reading, Section, Wanted};

/// What one request and one caller may use.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
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
    /// The same for some: `stdio` or `http`, or a principal such as `key:laptop` or `os:alice`, which counts more than where
    /// it comes in. Longer for clients that wait longer.
    #[serde(default)]
    pub approval_waits: BTreeMap<String, Period>,
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
        let approval_waits = section.pairs("approval_waits", Privacy::Open).and_then(|all| {
            let each = all.into_iter().map(|(whose, given)| waits(section, whose, &given));
            each.collect::<Vec<_>>().into_iter().collect::<Reading<BTreeMap<_, _>>>()
        });
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
            approval_waits: approval_waits?,
            waiting_per_caller: waiting_per_caller?,
            waiting: waiting?,
        })
    }
}

fn waits(section: &Section<'_>, whose: String, given: &Given) -> Reading<(String, Period)> {
    // A principal says how it was proven: `os:`, `key:`, or an issuer's address.
    let known = matches!(whose.as_str(), "stdio" | "http") || whose.contains(':');
    match Period::parse(&given.text) {
        _ if !known => {
            let wanted =
                Wanted("`stdio`, `http`, or a principal such as `key:laptop`, for each of these times", "http");
            Err(section.bad(&Given::plain(whose, &given.at), wanted, Subject::Shown))
        }
        Some(period) => Ok((whose, period)),
        None => Err(section.bad(given, Wanted("a time with its unit", "30m"), Subject::Shown)),
    }
}
