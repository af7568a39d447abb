//! Which requests may a client make, and which members may their parameters have?
//!
//! A closed list: a method that is not here is refused and never forwarded, so that no effect hides behind a name we do
//! not judge. Members beside the known ones are refused too: a server might read what policy did not.

use super::era::Era;
use super::json::{Object, Value};

/// Every request a client can make, in either era.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, clippy::allow_attributes, reason = "the variants are the methods; see `name`")]
pub enum Method {
    Initialize,
    Discover,
    Ping,
    ListTools,
    CallTool,
    ListResources,
    ListTemplates,
    ReadResource,
    Subscribe,
    Unsubscribe,
    ListPrompts,
    GetPrompt,
    Complete,
    SetLevel,
    Listen,
    TaskGet,
    TaskResult,
    TaskList,
    TaskUpdate,
    TaskCancel,
}

const TABLE: &[(Method, &str, &[&str])] = &[
    (Method::Initialize, "initialize", &["protocolVersion", "capabilities", "clientInfo"]),
    (Method::Discover, "server/discover", &[]),
    (Method::Ping, "ping", &[]),
    (Method::ListTools, "tools/list", &["cursor"]),
    (Method::CallTool, "tools/call", &["name", "arguments", "task", "inputResponses", "requestState"]),
    (Method::ListResources, "resources/list", &["cursor"]),
    (Method::ListTemplates, "resources/templates/list", &["cursor"]),
    (Method::ReadResource, "resources/read", &["uri", "inputResponses", "requestState"]),
    (Method::Subscribe, "resources/subscribe", &["uri"]),
    (Method::Unsubscribe, "resources/unsubscribe", &["uri"]),
    (Method::ListPrompts, "prompts/list", &["cursor"]),
    (Method::GetPrompt, "prompts/get", &["name", "arguments", "inputResponses", "requestState"]),
    (Method::Complete, "completion/complete", &["ref", "argument", "context"]),
    (Method::SetLevel, "logging/setLevel", &["level"]),
    (Method::Listen, "subscriptions/listen", &["notifications", "taskIds"]),
    (Method::TaskGet, "tasks/get", &["taskId"]),
    (Method::TaskResult, "tasks/result", &["taskId"]),
    (Method::TaskList, "tasks/list", &["cursor"]),
    (Method::TaskUpdate, "tasks/update", &["taskId", "inputResponses", "requestState"]),
    (Method::TaskCancel, "tasks/cancel", &["taskId"]),
];

impl Method {
    /// The method of this name. Case matters, as it does to servers.
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, known, _)| *known == name).map(|(method, _, _)| *method)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether a client of this era has the method.
    pub const fn is_of(self, era: Era) -> bool {
        match self {
            Self::Discover | Self::Listen | Self::TaskUpdate => matches!(era, Era::Modern),
            Self::Initialize
            | Self::Ping
            | Self::Subscribe
            | Self::Unsubscribe
            | Self::SetLevel
            | Self::TaskResult
            | Self::TaskList => matches!(era, Era::Legacy),
            Self::ListTools
            | Self::CallTool
            | Self::ListResources
            | Self::ListTemplates
            | Self::ReadResource
            | Self::ListPrompts
            | Self::GetPrompt
            | Self::Complete
            | Self::TaskGet
            | Self::TaskCancel => true,
        }
    }

    fn row(self) -> &'static (Self, &'static str, &'static [&'static str]) {
        const UNKNOWN: &(Method, &str, &[&str]) = &(Method::Ping, "", &[]);
        TABLE.iter().find(|(method, _, _)| *method == self).unwrap_or(UNKNOWN)
    }

    /// Checks the parameters' members and the form of those every judgement relies on.
    pub fn check(self, params: &Object) -> Result<(), BadParams> {
        let known = self.row().2;
        for (name, _) in params.iter() {
            // Initialize is answered by us and forwarded to nobody, so what it carries beside cannot do harm.
            if name != "_meta" && !known.contains(&name) && self != Self::Initialize {
                return Err(BadParams::Unknown(name.to_owned()));
            }
        }
        let object = |name: &'static str| match params.get(name) {
            None | Some(Value::Object(_)) => Ok(()),
            Some(_) => Err(BadParams::Form(name, "an object")),
        };
        let text = |name: &'static str| match params.get(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(()),
            Some(_) => Err(BadParams::Form(name, "a non-empty string")),
            None => Err(BadParams::Missing(name)),
        };
        object("_meta")?;
        object("inputResponses")?;
        if params.get("requestState").is_some_and(|state| state.as_str().is_none()) {
            return Err(BadParams::Form("requestState", "a string"));
        }
        match self {
            Self::CallTool | Self::GetPrompt => {
                text("name")?;
                object("task")?;
                object("arguments")
            }
            Self::ReadResource | Self::Subscribe | Self::Unsubscribe => text("uri"),
            Self::Complete => match (params.get("ref"), params.get("argument")) {
                (Some(Value::Object(_)), Some(Value::Object(_))) => object("context"),
                _ => Err(BadParams::Form("ref and argument", "objects")),
            },
            Self::SetLevel => text("level"),
            Self::TaskGet | Self::TaskResult | Self::TaskUpdate | Self::TaskCancel => text("taskId"),
            Self::Listen => object("notifications"),
            Self::Initialize => {
                text("protocolVersion")?;
                object("capabilities")?;
                object("clientInfo")
            }
            Self::Discover
            | Self::Ping
            | Self::ListTools
            | Self::ListResources
            | Self::ListTemplates
            | Self::ListPrompts
            | Self::TaskList => match params.get("cursor") {
                None | Some(Value::String(_)) => Ok(()),
                Some(_) => Err(BadParams::Form("cursor", "a string")),
            },
        }
    }
}

/// Why parameters do not fit their method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParams {
    /// A member the method does not have.
    #[error("`{0}` is not a parameter of this method; nothing was sent")]
    Unknown(String),
    /// A member that is not what it must be.
    #[error("`{0}` must be {1}")]
    Form(&'static str, &'static str),
    /// A member that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn every_method_is_found_by_its_own_name_only() {
        for (method, name, _) in TABLE {
            assert_eq!(Method::parse(name), Some(*method));
            assert_eq!(method.name(), *name);
            assert_eq!(Method::parse(&name.to_uppercase()), None);
        }
        assert_eq!(Method::parse("tools/call "), None);
    }

    #[test]
    fn members_beside_the_known_ones_are_refused() {
        // PAR-07: look-alikes of the real members.
        let call = |params: Object| Method::CallTool.check(&params);
        assert_eq!(call(object! { "name" => "a", "arguments" => Object::new() }), Ok(()));
        assert_eq!(call(object! { "name" => "a", "Name" => "b" }), Err(BadParams::Unknown("Name".into())));
        assert_eq!(call(object! { "name" => "a", "Arguments" => "b" }), Err(BadParams::Unknown("Arguments".into())));
        assert_eq!(call(object! { "name" => "a", "arguments" => "b" }), Err(BadParams::Form("arguments", "an object")));
        assert_eq!(call(object! { "name" => 7_i64 }), Err(BadParams::Form("name", "a non-empty string")));
        assert_eq!(call(Object::new()), Err(BadParams::Missing("name")));
    }
}
