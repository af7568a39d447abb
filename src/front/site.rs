//! What is served beside the MCP endpoint? Whether the gateway lives, whether it is ready, where to sign in, and how to check
//! what it signs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::http::Listener;
use super::{metadata, watch};
use crate::clock::Timestamp;
use crate::credentials::jwt::keys::Keys;

/// The routes, none of which is recorded: they tell nobody anything about a call.
pub fn routes(listener: &Arc<Listener>) -> Router {
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(resource))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource))
        .route("/.well-known/jwks.json", get(keys))
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

/// Whoever takes a token of this gateway checks it with these. Public, and kept for a moment only: a new key is there long
/// before it signs.
async fn keys(State(listener): State<Arc<Listener>>) -> Response {
    told(listener.token_keys.as_deref(), listener.gateway.clock.now()).await
}

async fn told(keys: Option<&Keys>, now: Timestamp) -> Response {
    let Some(keys) = keys else {
        return (StatusCode::NOT_FOUND, "this gateway signs no tokens\n").into_response();
    };
    match keys.published(now).await {
        Ok(document) => metadata::published(document.to_string()).map(axum::body::Body::from),
        Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the keys cannot be told now; ask again in a moment\n").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::jwt::keys::USUAL_ROTATION;
    use crate::store::{Durability, Store, StoreOptions};

    #[tokio::test]
    async fn the_keys_are_public_and_not_kept_long() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let store = Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap();
        let keys = Keys::new(store, USUAL_ROTATION);
        let id = keys.current(now).await.unwrap().id().to_owned();
        let reply = told(Some(&keys), now).await;
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.headers()["cache-control"], "max-age=300");
        assert_eq!(reply.headers()["content-type"], "application/json");
        let body = axum::body::to_bytes(reply.into_body(), 1 << 16).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["keys"][0]["kid"], id);
        assert!(body["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));
        assert_eq!(told(None, now).await.status(), StatusCode::NOT_FOUND);
    }
}
