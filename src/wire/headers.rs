//! What do a request's headers say about its body? The modern routing headers, written for servers and checked for
//! clients.
//!
//! The headers exist so that machines between us can route without reading the body. Whoever reads the body, as we do,
//! must refuse a request whose headers tell another story: [`check`]. What we send is always derived from the body we
//! send: [`Routing`].

mod annotations;
mod check;
mod encoding;

pub use annotations::{Annotations, BadAnnotation};
pub use check::{HeaderMismatch, check};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::json::{Object, Value};
use super::message::Request;

/// Which revision of the protocol a message follows.
pub const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The method, once more.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// The tool, prompt, resource or task, once more.
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// The session of the legacy era.
pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// What the names of mirrored arguments begin with.
pub const PARAM: &str = "mcp-param-";

/// Where a modern request names its revision, in `_meta`.
pub const META_PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// The first revision of the modern era. Revisions are dates, so their text sorts as they do.
pub const MODERN: &str = "2026-07-28";

/// The routing headers of one request to a server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing(Vec<(HeaderName, HeaderValue)>);

impl Routing {
    /// No routing headers: the legacy era has none.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The headers that say what this body says; annotations are those of the tool it calls.
    pub fn of(request: &Request, annotations: Option<&Annotations>) -> Self {
        let mut headers = Vec::with_capacity(2);
        headers.extend(HeaderValue::from_str(&request.method).ok().map(|value| (METHOD, value)));
        if let Some(name) = name_of(request) {
            headers.extend(encoding::encode(name).map(|value| (NAME, value)));
        }
        if request.method == "tools/call"
            && let (Some(annotations), Some(arguments)) = (annotations, request.params.object("arguments"))
        {
            for (name, path) in annotations.iter() {
                let text = value_at(arguments, path).and_then(encoding::text);
                let value = text.and_then(|text| encoding::encode(&text));
                headers.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Self(headers)
    }

    /// Adds the headers to a request's.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// What `Mcp-Name` says of a request, if its method has a name.
fn name_of(request: &Request) -> Option<&str> {
    let member = match request.method.as_str() {
        "tools/call" | "prompts/get" => "name",
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => "uri",
        method if method.starts_with("tasks/") => "taskId",
        _ => return None,
    };
    request.params.str(member)
}

/// The value at a path of members; null counts as absent, as the specification has it.
fn value_at<'a>(arguments: &'a Object, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(arguments.get(first)?, |value, member| value.get(member))?;
    (*value != Value::Null).then_some(value)
}

#[cfg(test)]
mod tests;
