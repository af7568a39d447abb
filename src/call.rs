//! What is a call? Who asks which server for what, with which parameters, under one id.

pub mod caller;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalogue::tool::Tool;
use crate::clock::Timestamp;
use crate::credentials::wanted::Wanted;
use crate::digest::{Digest, Naming};
use crate::object;
use crate::wire::json::Object;
use caller::Caller;

/// One request that can have an effect behind the gateway, resolved to the server it goes to.
#[derive(Clone, Debug)]
pub struct Call {
    /// Names the call in the record and to the agent.
    pub id: CallId,
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The configured name of the server.
    pub server: Arc<str>,
    /// What is asked of it.
    pub action: Action,
    /// The parameters exactly as they will be sent, under the server's own names.
    pub params: Object,
    /// The tool's definition, when the action is a tool.
    pub tool: Option<Arc<Tool>>,
    /// When it arrived.
    pub arrived: Timestamp,
    /// The credentials it would run with.
    pub wanted: Vec<Wanted>,
    /// Names caller, server, action, definition, parameters and credentials together.
    pub digest: Digest,
    /// The same without the credentials.
    asked: Digest,
    /// What the parameters are named with: whoever has the digest and everything else does not find them by trying.
    pub naming: Naming,
}

/// What a call is made of, before it has a digest.
#[derive(Clone, Debug)]
pub struct Parts {
    /// See [`Call::id`].
    pub id: CallId,
    /// See [`Call::caller`].
    pub caller: Arc<Caller>,
    /// See [`Call::server`].
    pub server: Arc<str>,
    /// See [`Call::action`].
    pub action: Action,
    /// See [`Call::params`].
    pub params: Object,
    /// See [`Call::tool`].
    pub tool: Option<Arc<Tool>>,
    /// See [`Call::arrived`].
    pub arrived: Timestamp,
    /// See [`Call::naming`].
    pub naming: Naming,
}

impl Call {
    /// Gives the parts the digest that names them together.
    pub fn new(parts: Parts) -> Self {
        let Parts { id, caller, server, action, params, tool, arrived, naming } = parts;
        let named = object! {
            "call" => id.as_str(),
            "principal" => caller.principal.as_str(),
            "agent" => caller.agent.as_deref(),
            "server" => &*server,
            "method" => action.method(),
            "definition" => tool.as_ref().map(|tool| tool.digest.to_string()),
        };
        // The parameters are hashed on their own so that a large call is not copied to be named.
        let head = Digest::of_object("call", &named);
        let body = naming.under("call", id.as_str()).of_object("params", &params);
        let digest = head.with(&body);
        let (wanted, asked) = (Vec::new(), digest);
        Self { id, caller, server, action, params, tool, arrived, wanted, digest, asked, naming }
    }

    /// Says which credentials it would run with. What was decided about it with others, or without any, does not count.
    pub fn require(&mut self, wanted: Vec<Wanted>) {
        self.digest = Wanted::digest(&wanted).map_or(self.asked, |credentials| self.asked.with(&credentials));
        self.wanted = wanted;
    }

    /// The arguments of a tool or prompt; nothing for other actions.
    pub fn arguments(&self) -> Option<&Object> {
        self.params.object("arguments")
    }
}

/// What a call asks for. Everything here is judged and recorded; nothing else reaches a server on a caller's behalf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `tools/call`.
    Tool(String),
    /// `resources/read`.
    Resource(String),
    /// `resources/subscribe`, or the same wish inside `subscriptions/listen`.
    Subscribe(String),
    /// `resources/unsubscribe`.
    Unsubscribe(String),
    /// `prompts/get`.
    Prompt(String),
    /// `completion/complete`, for a prompt or a resource template.
    Complete(String),
    /// `tasks/get`, `tasks/result`, `tasks/update` or `tasks/cancel` of a server's own task.
    Task {
        /// The full method name.
        method: String,
        /// The server's task id.
        id: String,
    },
}

impl Action {
    /// The JSON-RPC method the action is sent as.
    pub fn method(&self) -> &str {
        match self {
            Self::Tool(_) => "tools/call",
            Self::Resource(_) => "resources/read",
            Self::Subscribe(_) => "resources/subscribe",
            Self::Unsubscribe(_) => "resources/unsubscribe",
            Self::Prompt(_) => "prompts/get",
            Self::Complete(_) => "completion/complete",
            Self::Task { method, .. } => method,
        }
    }

    /// The server's own name for what is asked: a tool, a prompt, an address, a task.
    pub fn target(&self) -> &str {
        match self {
            Self::Tool(name)
            | Self::Resource(name)
            | Self::Subscribe(name)
            | Self::Unsubscribe(name)
            | Self::Prompt(name)
            | Self::Complete(name)
            | Self::Task { id: name, .. } => name,
        }
    }
}

/// A call's name: time-ordered and unguessable (laid out like a version 7 UUID).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CallId(Arc<str>);

impl CallId {
    /// Time and chance come from outside.
    pub fn new(now: Timestamp, chance: [u8; 10]) -> Self {
        let millis = now.millis().to_be_bytes();
        let mut bytes = [0_u8; 16];
        let source = millis.iter().skip(2).chain(&chance);
        for (place, byte) in bytes.iter_mut().zip(source) {
            *place = *byte;
        }
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            crate::digest::push_hex(*byte, &mut text);
        }
        Self(text.into())
    }

    /// An id that was written down earlier.
    pub fn from_record(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CallId {
    fn from(text: String) -> Self {
        Self::from_record(&text)
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::caller::Proof;

    fn call(id: &str, amount: i64, key: u8) -> Call {
        let principal = "os:ada".to_owned();
        let caller = Caller { principal, agent: None, user: None, groups: Vec::new(), proof: Proof::Os { uid: 1 } };
        Call::new(Parts {
            id: CallId::from_record(id),
            caller: Arc::new(caller),
            server: "shop".into(),
            action: Action::Tool("pay".to_owned()),
            params: object! { "name" => "pay", "arguments" => object! { "amount" => amount } },
            tool: None,
            arrived: Timestamp::default(),
            naming: Naming::new([key; 32]),
        })
    }

    // AUD-08: whoever has the digest, and everything else that was said, tries all amounts there are and finds none.
    #[test]
    fn a_digest_does_not_give_the_arguments_away() {
        let paid = call("0190-a", 42, 1);
        assert_eq!(paid.digest, call("0190-a", 42, 1).digest, "the gateways of one deployment name it equally");
        assert_ne!(paid.digest, call("0190-b", 42, 1).digest);
        assert!((0..100).all(|amount| call("0190-a", amount, 2).digest != paid.digest), "without the key");
        assert!((0..100).filter(|amount| *amount != 42).all(|amount| call("0190-a", amount, 1).digest != paid.digest));
    }
}
