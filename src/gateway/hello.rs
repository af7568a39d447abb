//! What does the gateway say of itself when a client says hello?
//!
//! An endpoint for one server says what that server says: its name, its instructions, its features. The endpoint for all
//! of them speaks for itself.

use std::sync::Arc;

use super::Gateway;
use super::answer::Refusal;
use super::session::{Scope, Session};
use super::tasks;
use crate::object;
use crate::wire::era::{Era, version};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, RpcError, code};

impl Gateway {
    /// The version to speak with a legacy client that asked for `wanted`.
    pub fn agree_on_version(&self, wanted: &str) -> Result<String, RpcError> {
        let version = if version::LEGACY.contains(&wanted) { wanted } else { version::LATEST_LEGACY };
        if version < self.settings.minimum_protocol.as_str() {
            let text = format!("this gateway speaks {} and later; update the client", self.settings.minimum_protocol);
            return Err(RpcError::new(code::INVALID_PARAMS, text)
                .with_data(object! { "supported" => self.versions(), "requested" => wanted }));
        }
        Ok(version.to_owned())
    }

    /// Every version spoken here, oldest first.
    pub fn versions(&self) -> Value {
        version::LEGACY
            .iter()
            .chain(&version::MODERN)
            .filter(|version| **version >= self.settings.minimum_protocol.as_str())
            .map(|version| Value::from(*version))
            .collect()
    }

    /// The answer to `initialize`.
    pub async fn welcome(self: &Arc<Self>, session: &Arc<Session>) -> Answer {
        let (capabilities, info, instructions) = match self.introduction(session).await {
            Ok(introduction) => introduction,
            Err(refusal) => return refusal.answer(None, None),
        };
        let mut result = object! {
            "protocolVersion" => session.client.protocol.as_str(),
            "capabilities" => capabilities,
            "serverInfo" => info,
        };
        if let Some(instructions) = instructions {
            result.insert("instructions", instructions);
        }
        Ok(Value::Object(result))
    }

    /// The answer to `server/discover`.
    pub(super) async fn discover(self: &Arc<Self>, session: &Arc<Session>) -> Answer {
        let (capabilities, info, instructions) = match self.introduction(session).await {
            Ok(introduction) => introduction,
            Err(refusal) => return refusal.answer(None, None),
        };
        let mut result = object! { "supportedVersions" => self.versions(), "capabilities" => capabilities };
        if let Some(instructions) = instructions {
            result.insert("instructions", instructions);
        }
        result.insert("_meta", object! { "io.modelcontextprotocol/serverInfo" => info });
        Ok(Value::Object(result))
    }

    async fn introduction(
        self: &Arc<Self>,
        session: &Arc<Session>,
    ) -> Result<(Object, Object, Option<String>), Refusal> {
        if let Scope::One(server) = &session.scope
            && let Some(reach) = session.reaches.get(server)
        {
            let link = self.attach(session, reach).await?;
            let mut capabilities = fitting(link.capabilities().clone(), session.client.era, link.era());
            tasks::declare(&mut capabilities, session);
            return Ok((capabilities, link.info().clone(), link.instructions().map(str::to_owned)));
        }
        let mut capabilities = object! {
            "tools" => object! { "listChanged" => true },
            "resources" => object! { "listChanged" => true, "subscribe" => true },
            "prompts" => object! { "listChanged" => true },
            "completions" => Object::new(),
            "logging" => Object::new(),
        };
        tasks::declare(&mut capabilities, session);
        let info = object! { "name" => "countersign", "version" => env!("CARGO_PKG_VERSION") };
        let servers: Vec<&str> = session.reaches.keys().map(|name| &**name).collect();
        let instructions = format!(
            "Tools of several servers, each named `server__tool`: {}. Calls are judged by policy; a refusal says why and what would pass.",
            servers.join(", ")
        );
        Ok((capabilities, info, Some(instructions)))
    }
}

/// A server's features as a client of the other era can use them.
fn fitting(mut capabilities: Object, client: Era, server: Era) -> Object {
    // Legacy tasks and the tasks extension have one name and different wires; neither can stand in for the other.
    match (client, server) {
        (Era::Modern, Era::Legacy) => drop(capabilities.remove("tasks")),
        (Era::Legacy, Era::Modern) => {
            drop(capabilities.remove("extensions"));
            // A modern server logs for whoever asks on a request; a legacy client may still set a level.
        }
        _ => {}
    }
    capabilities
}
