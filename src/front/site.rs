//! What is served beside the MCP endpoint? Whether the gateway lives, whether it is ready, and where to sign in.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::http::Listener;
use super::{metadata, watch};

/// The routes, none of which is recorded: they tell nobody anything about a call.
pub fn routes(listener: &Arc<Listener>) -> Router {
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(resource))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource))
        .fallback(async || (StatusCode::NOT_FOUND, "there is nothing here; the MCP endpoint is /mcp\n"))
        .with_state(Arc::clone(listener))
        .merge(watch::routes(&listener.gateway, &listener.metrics))
}

async fn resource(State(listener): State<Arc<Listener>>, request: Request) -> Response {
    let document = listener.metadata.as_ref().and_then(|metadata| metadata.document(request.uri().path()));
    match document {
        Some(document) => metadata::reply(&document).map(axum::body::Body::from),
        None => (StatusCode::NOT_FOUND, "no authorisation server is named here\n").into_response(),
    }
}
