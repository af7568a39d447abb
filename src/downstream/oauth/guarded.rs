//! Whom does the authorization work speak to? Everything it sends goes through our own guarded fetching.
//!
//! Where the configuration names the issuer, only what the issuer publishes in its own places counts as its metadata:
//! a document from elsewhere could call itself by the same name and bring a token endpoint of its own. Other
//! authorization servers are treated as if they published nothing, so a server may name several.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, Response, StatusCode};
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest};
use url::Url;

use crate::downstream::http::fetch::{PATIENCE, fetch};
use crate::downstream::http::guard::Reach;

/// The client that the authorization work is given.
pub(super) struct Guarded {
    reach: Reach,
    issuer: Option<Url>,
    hid: AtomicBool,
}

impl Guarded {
    pub(super) const fn new(reach: Reach, issuer: Option<Url>) -> Self {
        Self { reach, issuer, hid: AtomicBool::new(false) }
    }

    /// Whether the metadata of another issuer was found and not passed on.
    pub(super) fn hid_another(&self) -> bool {
        self.hid.load(Ordering::SeqCst)
    }

    fn passes(&self, asked: &str, document: &[u8]) -> bool {
        self.issuer.as_ref().is_none_or(|issuer| !is_metadata(document) || is_home(issuer, asked))
    }
}

impl OAuthHttpClient for Guarded {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let OAuthHttpRequest { request, .. } = request;
            let asked = (request.method() == Method::GET).then(|| request.uri().to_string());
            let response = fetch(request, self.reach, PATIENCE).await.map_err(OAuthHttpClientError::from)?;
            if asked.is_none_or(|asked| self.passes(&asked, response.body())) {
                return Ok(response);
            }
            self.hid.store(true, Ordering::SeqCst);
            let mut nothing = Response::new(Vec::new());
            *nothing.status_mut() = StatusCode::NOT_FOUND;
            Ok(nothing)
        })
    }
}

/// Whether a document could be taken for an authorization server's metadata, which always names this endpoint.
fn is_metadata(document: &[u8]) -> bool {
    let document: Option<serde_json::Map<_, _>> = serde_json::from_slice(document).ok();
    document.is_some_and(|document| document.contains_key("token_endpoint"))
}

/// Whether this is one of the places where the issuer publishes its metadata: those of RFC 8414 and `OpenID` Connect.
fn is_home(issuer: &Url, asked: &str) -> bool {
    let Ok(asked) = Url::parse(asked) else { return false };
    let path = issuer.path().trim_matches('/');
    let (before, after) =
        if path.is_empty() { (String::new(), String::new()) } else { (format!("/{path}"), format!("/{path}")) };
    asked.origin() == issuer.origin()
        && asked.query().is_none()
        && [
            format!("/.well-known/oauth-authorization-server{after}"),
            format!("/.well-known/openid-configuration{after}"),
            format!("{before}/.well-known/openid-configuration"),
        ]
        .iter()
        .any(|place| place == asked.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_speaks_only_from_its_own_places() {
        for (issuer, asked, home) in [
            ("https://a.example", "https://a.example/.well-known/oauth-authorization-server", true),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration", true),
            ("https://a.example", "https://a.example:443/.well-known/openid-configuration", true),
            ("https://a.example", "https://b.example/.well-known/openid-configuration", false),
            ("https://a.example", "http://a.example/.well-known/openid-configuration", false),
            ("https://a.example", "https://a.example:8443/.well-known/openid-configuration", false),
            ("https://a.example", "https://a.example/evil/.well-known/openid-configuration", false),
            ("https://a.example", "https://a.example/.well-known/other", false),
            ("https://a.example", "https://a.example/.well-known/openid-configuration?x=y", false),
            ("https://a.example/t", "https://a.example/.well-known/oauth-authorization-server/t", true),
            ("https://a.example/t/", "https://a.example/.well-known/openid-configuration/t", true),
            ("https://a.example/t", "https://a.example/t/.well-known/openid-configuration", true),
            ("https://a.example/t", "https://a.example/.well-known/oauth-authorization-server", false),
            ("https://a.example/t", "https://a.example/u/.well-known/openid-configuration", false),
        ] {
            assert_eq!(is_home(&Url::parse(issuer).unwrap(), asked), home, "{issuer}: {asked}");
        }
    }

    #[test]
    fn metadata_is_known_for_what_it_is() {
        let named = Guarded::new(Reach::Public, Some(Url::parse("https://a.example").unwrap()));
        let elsewhere = "https://b.example/.well-known/x";
        assert!(!named.passes(elsewhere, br#"{"issuer":"https://a.example","token_endpoint":"https://b.example/t"}"#));
        assert!(!named.passes(elsewhere, br#"{"token\u005fendpoint":"https://b.example/t"}"#));
        assert!(named.passes(elsewhere, br#"{"resource":"https://b.example","authorization_servers":[]}"#));
        assert!(named.passes(elsewhere, b"<html>"));
        assert!(Guarded::new(Reach::Public, None).passes(elsewhere, br#"{"token_endpoint":"https://b.example/t"}"#));
    }
}
