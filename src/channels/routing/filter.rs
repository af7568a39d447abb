//! Which of all notices are of interest?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeSet;

use schemars::JsonSchema;

use crate::channels::notice::What;
use crate::facts::Risk;

/// What has to have happened, and how bad it has to be.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Filter {
    /// What happened: one of these. Empty: whatever it is.
    #[schemars(extend("default" = []))]
    pub events: BTreeSet<What>,
    /// It is at least as bad as this.
    #[schemars(extend("default" = "low"))]
    pub risk_from: Risk,
    /// And no worse than this.
    #[schemars(extend("default" = "critical"))]
    pub risk_to: Risk,
}

impl Default for Filter {
    fn default() -> Self {
        Self { events: BTreeSet::new(), risk_from: Risk::Low, risk_to: Risk::Critical }
    }
}

impl Filter {
    /// Whether this is of interest.
    pub fn takes(&self, what: What, risk: Risk) -> bool {
        (self.events.is_empty() || self.events.contains(&what)) && (self.risk_from..=self.risk_to).contains(&risk)
    }
}
