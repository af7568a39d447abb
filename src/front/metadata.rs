//! Where does a client find out who may sign it in? The document of RFC 9728.
//!
//! It is there only where tokens are taken. Some clients stop using a configured header as soon as a server answers
//! OAuth discovery, so a listener that takes keys alone must answer 404.

use std::collections::BTreeSet;

use http::{HeaderValue, Response, header};

use crate::identity::{Identity, Resource};
use crate::object;
use crate::wire::json::{Object, Value};

/// Where the documents stand.
const ROOT: &str = "/.well-known/oauth-protected-resource";

/// What a listener tells everybody about signing in.
#[derive(Clone, Debug)]
pub struct Metadata {
    resource: Resource,
    issuers: Vec<String>,
    scopes: Vec<String>,
    servers: BTreeSet<String>,
}

impl Metadata {
    /// For a listener that takes tokens; nothing for any other.
    pub fn new(identity: &Identity, servers: impl IntoIterator<Item = String>) -> Option<Self> {
        identity.accept().tokens().then(|| Self {
            resource: identity.resource().clone(),
            issuers: identity.issuers().map(str::to_owned).collect(),
            scopes: identity.scopes().to_vec(),
            servers: servers.into_iter().collect(),
        })
    }

    /// The document at this path; nothing when none belongs there. A document names the very resource its path was
    /// made from, or clients must not believe it.
    pub fn document(&self, path: &str) -> Option<Object> {
        let place = path.strip_prefix(ROOT)?;
        let resource = match place.strip_prefix("/mcp") {
            None if place.is_empty() => self.resource.base(),
            Some("") => self.resource.endpoint(None),
            Some(rest) => self.resource.endpoint(Some(self.servers.get(rest.strip_prefix('/')?)?)),
            None => return None,
        };
        let mut document = object! {
            "resource" => resource,
            "authorization_servers" => list(&self.issuers),
            "bearer_methods_supported" => list(&["header".to_owned()]),
            "resource_name" => "Countersign",
        };
        if !self.scopes.is_empty() {
            document.insert("scopes_supported", list(&self.scopes));
        }
        Some(document)
    }
}

/// A document as an answer. It is public, and pages in a browser may read it.
pub fn reply(document: &Object) -> Response<String> {
    published(document.to_string())
}

/// JSON that everybody may read and keep for five minutes.
pub fn published(document: String) -> Response<String> {
    let mut reply = Response::new(document);
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn list(words: &[String]) -> Value {
    words.iter().map(|word| Value::from(word.as_str())).collect()
}

#[cfg(test)]
mod tests;
