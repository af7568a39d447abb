//! Where does a client find out who may sign it in? The document of RFC 9728.
//!
//! It is served only where tokens are taken. Some clients stop using a configured header as soon as a server answers
//! OAuth discovery, so a listener that takes keys alone must answer 404.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::identity::Identity;
use crate::object;
use crate::wire::json::{Object, Value};

/// What a metadata document is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The whole gateway.
    Gateway,
    /// The endpoint of all servers.
    AllServers,
    /// The endpoint of one server.
    Server(&'a str),
}

/// The document for one place; nothing where tokens are not taken.
pub fn document(identity: &Identity, place: Place<'_>) -> Option<Object> {
    if !identity.accept().tokens() {
        return None;
    }
    let resource = match place {
        Place::Gateway => identity.resource().base(),
        Place::AllServers => identity.resource().endpoint(None),
        Place::Server(name) => identity.resource().endpoint(Some(name)),
    };
    let issuers: Value = identity.issuers().map(Value::from).collect();
    let mut document = object! {
        "resource" => resource,
        "authorization_servers" => issuers,
        "bearer_methods_supported" => [Value::from("header")].into_iter().collect::<Value>(),
        "resource_name" => "Countersign",
    };
    if !identity.scopes().is_empty() {
        let scopes: Value = identity.scopes().iter().map(|scope| Value::from(scope.as_str())).collect();
        document.insert("scopes_supported", scopes);
    }
    Some(document)
}

/// The routes below `/.well-known/oauth-protected-resource`. `is_server` says whether a name is configured.
pub fn routes<F>(identity: Arc<Identity>, is_server: F) -> Router
where
    F: Fn(&str) -> bool + Clone + Send + Sync + 'static,
{
    let one = move |State(identity): State<Arc<Identity>>, Path(name): Path<String>| {
        let known = is_server(&name);
        async move { if known { answer(&identity, Place::Server(&name)) } else { StatusCode::NOT_FOUND.into_response() } }
    };
    let gateway = |State(identity): State<Arc<Identity>>| async move { answer(&identity, Place::Gateway) };
    let all = |State(identity): State<Arc<Identity>>| async move { answer(&identity, Place::AllServers) };
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(gateway))
        .route("/.well-known/oauth-protected-resource/mcp", get(all))
        .route("/.well-known/oauth-protected-resource/mcp/{server}", get(one))
        .with_state(identity)
}

fn answer(identity: &Identity, place: Place<'_>) -> Response {
    match document(identity, place) {
        Some(document) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "max-age=300"),
                // The document is public, and clients in a browser read it from their own pages.
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            (headers, document.to_string()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests;
