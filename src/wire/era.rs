//! Which protocol does a peer speak, and what must change when two peers speak different ones?
//!
//! The one place of translation. *Legacy* revisions open with `initialize` and keep a session; *modern* ones say who asks
//! and what they can do with every request. Where both sides speak the same era, messages pass untouched; where they
//! do not, only the members named here change, and everything unknown passes as it came.

pub mod inputs;

use super::json::{Object, Value};
use super::message::{Notification, RpcError, code};
use crate::object;

/// The two ways of speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// 2025-11-25 and before: `initialize`, sessions, questions from server to client.
    Legacy,
    /// 2026-07-28 and later: stateless, `server/discover`, `resultType`.
    Modern,
}

/// Protocol revisions by date; their order is the order of their texts.
pub mod version {
    /// The first revision.
    pub const V2024_11_05: &str = "2024-11-05";
    /// Streamable HTTP.
    pub const V2025_03_26: &str = "2025-03-26";
    /// Structured results, the version header.
    pub const V2025_06_18: &str = "2025-06-18";
    /// The last one with sessions.
    pub const V2025_11_25: &str = "2025-11-25";
    /// The first stateless one.
    pub const V2026_07_28: &str = "2026-07-28";
    /// Every legacy revision, oldest first.
    pub const LEGACY: [&str; 4] = [V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25];
    /// Every modern revision, oldest first.
    pub const MODERN: [&str; 1] = [V2026_07_28];
    /// What is offered to a server when the client's own version cannot be.
    pub const LATEST_LEGACY: &str = V2025_11_25;
    /// What modern servers are asked in.
    pub const LATEST_MODERN: &str = V2026_07_28;
}

/// Reserved keys in `_meta`.
pub mod meta {
    /// The version of this one request. Modern requests only.
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// What the client can do, for this one request. Modern requests only.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// What the client calls itself. Modern requests only.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// Which log messages the client wants for this request. Modern requests only.
    pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
    /// Which `subscriptions/listen` a notification belongs to. Modern notifications only.
    pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
    /// What the server calls itself. Modern results only.
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
    /// Where progress is to be reported, in both eras.
    pub const PROGRESS_TOKEN: &str = "progressToken";
}

impl Era {
    /// The era of a known version; nothing for a version we do not speak.
    pub fn of(version: &str) -> Option<Self> {
        if version::LEGACY.contains(&version) {
            Some(Self::Legacy)
        } else if version::MODERN.contains(&version) {
            Some(Self::Modern)
        } else {
            None
        }
    }
}

/// Who asks a modern server: what goes into the request's `_meta`.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// What the real client can do.
    pub capabilities: &'a Object,
    /// What the real client calls itself.
    pub info: &'a Object,
}

/// The parameters of a request as a server of this era expects them. The keys that speak for the client are always
/// ours to write, never the caller's.
#[must_use]
pub fn request_to_server(era: Era, mut params: Object, sender: Sender<'_>) -> Object {
    let mut meta = match params.remove("_meta") {
        Some(Value::Object(meta)) => meta,
        _ => Object::new(),
    };
    for key in [meta::PROTOCOL_VERSION, meta::CLIENT_CAPABILITIES, meta::CLIENT_INFO, meta::SUBSCRIPTION_ID] {
        meta.remove(key);
    }
    match era {
        Era::Modern => {
            meta.insert(meta::PROTOCOL_VERSION, version::LATEST_MODERN);
            meta.insert(meta::CLIENT_CAPABILITIES, sender.capabilities.clone());
            if !sender.info.is_empty() {
                meta.insert(meta::CLIENT_INFO, sender.info.clone());
            }
        }
        Era::Legacy => {
            meta.remove(meta::LOG_LEVEL);
        }
    }
    if !meta.is_empty() {
        params.insert("_meta", meta);
    }
    params
}

/// A result on its way to a client.
#[must_use]
pub fn result_to_client(from: Era, to: Era, method: &str, result: Value) -> Value {
    let Value::Object(mut result) = result else { return result };
    match to {
        Era::Modern => {
            if !result.contains("resultType") {
                result.insert("resultType", "complete");
            }
            if is_cacheable(method) && result.str("resultType") == Some("complete") {
                if !result.contains("ttlMs") {
                    result.insert("ttlMs", 0_i64);
                }
                // What the caller sees was filtered and judged for this caller: nobody may share it.
                result.insert("cacheScope", "private");
            }
        }
        Era::Legacy if from == Era::Modern => make_legacy(method, &mut result),
        Era::Legacy => {}
    }
    Value::Object(result)
}

/// Results of these methods say how long they may be kept.
fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        "tools/list"
            | "prompts/list"
            | "resources/list"
            | "resources/templates/list"
            | "resources/read"
            | "server/discover"
    )
}

fn make_legacy(method: &str, result: &mut Object) {
    if result.str("resultType") == Some("complete") {
        result.remove("resultType");
    }
    if is_cacheable(method) {
        result.remove("ttlMs");
        result.remove("cacheScope");
    }
    // Legacy clients refuse a whole answer over a structured result, or a promise of one, that is not an object.
    if method == "tools/call" && result.get("structuredContent").is_some_and(|content| content.as_object().is_none()) {
        result.remove("structuredContent");
    }
    if method == "tools/list"
        && let Some(Value::Array(tools)) = result.get_mut("tools")
    {
        for tool in tools.iter_mut().filter_map(Value::as_object_mut) {
            if tool.object("outputSchema").is_some_and(|schema| schema.str("type") != Some("object")) {
                tool.remove("outputSchema");
            }
        }
    }
}

/// An error on its way to a client: "no such resource" has another code in each era.
#[must_use]
pub fn error_to_client(from: Era, to: Era, method: &str, mut error: RpcError) -> RpcError {
    if from == to || method != "resources/read" {
        return error;
    }
    let names_address = error.data.as_ref().is_some_and(|data| data.get("uri").is_some());
    match (to, error.code) {
        (Era::Modern, code::RESOURCE_NOT_FOUND) => error.code = code::INVALID_PARAMS,
        (Era::Legacy, code::INVALID_PARAMS) if names_address => error.code = code::RESOURCE_NOT_FOUND,
        _ => {}
    }
    error
}

/// A notification on its way to a client, or nothing if the client's era does not have it. A modern client needs to
/// know which of its own `subscriptions/listen` it belongs to, if it belongs to one.
#[must_use]
pub fn notification_to_client(
    from: Era,
    to: Era,
    mut notification: Notification,
    subscription: Option<&Value>,
) -> Option<Notification> {
    let unknown: &[&str] = match to {
        Era::Legacy => &["notifications/subscriptions/acknowledged", "notifications/tasks"],
        Era::Modern => &["notifications/elicitation/complete", "notifications/tasks/status"],
    };
    if from != to && unknown.contains(&notification.method.as_str()) {
        return None;
    }
    let mut meta = match notification.params.get("_meta") {
        Some(Value::Object(meta)) => meta.clone(),
        None => Object::new(),
        Some(_) => return Some(notification),
    };
    let stamped = meta.remove(meta::SUBSCRIPTION_ID).is_some();
    match subscription {
        Some(id) if to == Era::Modern => meta.insert(meta::SUBSCRIPTION_ID, id.clone()),
        _ if !stamped => return Some(notification),
        _ => {}
    }
    if meta.is_empty() {
        notification.params.remove("_meta");
    } else {
        notification.params.insert("_meta", meta);
    }
    Some(notification)
}

/// What a legacy server is told the client can do. A modern client answers questions by coming back with the reply, so
/// it can be asked; what has another wire in the other era is left out.
#[must_use]
pub fn capabilities_for_legacy_server(client: Era, capabilities: &Object) -> Object {
    let mut declared = capabilities.clone();
    if client == Era::Modern {
        for name in ["tasks", "extensions"] {
            declared.remove(name);
        }
    }
    declared
}

/// The parameters of `initialize` for a legacy server: the client's own version if it is a legacy one. A modern client
/// may keep its name to itself, which no legacy server accepts, so ours stands where it gave none.
#[must_use]
pub fn initialize_params(protocol: &str, sender: Sender<'_>) -> Object {
    let (client, offered) = match Era::of(protocol) {
        Some(Era::Legacy) => (Era::Legacy, protocol),
        _ => (Era::Modern, version::LATEST_LEGACY),
    };
    let mut info = sender.info.clone();
    for (key, ours) in [("name", env!("CARGO_PKG_NAME")), ("version", env!("CARGO_PKG_VERSION"))] {
        if info.str(key).is_none() {
            info.insert(key, ours);
        }
    }
    object! {
        "protocolVersion" => offered,
        "capabilities" => capabilities_for_legacy_server(client, sender.capabilities),
        "clientInfo" => info,
    }
}

#[cfg(test)]
mod tests;
