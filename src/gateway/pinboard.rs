//! Where are the definitions kept that were seen and agreed to?

use std::collections::BTreeMap;

use super::Gateway;
use super::answer::{Refusal, Retry};
use crate::catalogue::pins::Pinned;
use crate::catalogue::tool::Tool;
use crate::digest::Digest;
use crate::policy::kept::Kept;
use crate::store::StoreError;
use crate::store::pins::Sighting;

impl Gateway {
    /// What is known of this server's tools.
    pub(super) async fn pins(&self, server: &str) -> Result<BTreeMap<String, Pinned>, Refusal> {
        self.store.pins_of(server).await.map_err(|error| unkept(&error))
    }

    /// Keeps what a fresh look at a tool came to.
    pub(super) async fn keep_pin(&self, tool: &Tool, pinned: &Pinned) -> Result<(), Refusal> {
        let definition = crate::digest::canonical(&tool.definition.clone().into());
        let at = self.clock.now();
        if let Some(agreed) = pinned.agreed.filter(|agreed| *agreed != tool.digest) {
            self.keep_agreed(tool, agreed).await.map_err(|error| unkept(&error))?;
        }
        let (server, name) = (&*tool.server, tool.name.as_str());
        let sighting = Sighting { server, tool: name, pinned, definition: &definition, at };
        self.store.see_pin(sighting).await.map_err(|error| unkept(&error))
    }

    /// Keeps what was agreed to before what is seen now takes its place, so that people can be shown what differs.
    async fn keep_agreed(&self, tool: &Tool, agreed: Digest) -> Result<(), StoreError> {
        match self.store.find_pin(&tool.server, &tool.name).await? {
            Some(kept) if kept.pinned.seen == agreed => {
                self.store.keep(&[Kept::definition(agreed, kept.definition)]).await
            }
            _ => Ok(()),
        }
    }
}

/// A tool whose definition cannot be compared with the one agreed to may have changed, so it is not offered.
fn unkept(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the pinned definitions cannot be used");
    Refusal::new(
        "pins_unavailable",
        Retry::Later,
        "the definitions that were agreed to cannot be looked up, so no tool is offered",
    )
    .hint("whoever runs this gateway finds the cause in its log")
}
