//! Under which names is this gateway a protected resource?

use url::Url;

/// The gateway as OAuth sees it: `public_url` and the paths below it (RFC 8707, RFC 9728).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    origin: String,
    path: String,
}

impl Resource {
    /// From `http.public_url`.
    pub fn new(public_url: &Url) -> Self {
        let path = public_url.path().trim_end_matches('/').to_owned();
        Self { origin: public_url.origin().ascii_serialization(), path }
    }

    /// The whole gateway.
    pub fn base(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The endpoint of all servers, or of one.
    pub fn endpoint(&self, server: Option<&str>) -> String {
        format!("{}{}{}", self.origin, self.path, tail(server))
    }

    /// Where the metadata of that endpoint is found: the well-known part stands between host and path.
    pub fn metadata_url(&self, server: Option<&str>) -> String {
        format!("{}/.well-known/oauth-protected-resource{}{}", self.origin, self.path, tail(server))
    }

    /// Whether an audience names this gateway at that endpoint. A slash at the end makes no difference.
    pub fn is_named_by(&self, audience: &str, server: Option<&str>) -> bool {
        let bare = audience.strip_suffix('/').unwrap_or(audience);
        bare == self.base() || bare == self.endpoint(server)
    }
}

fn tail(server: Option<&str>) -> String {
    server.map_or_else(|| "/mcp".to_owned(), |server| format!("/mcp/{server}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_metadata_addresses_follow_the_public_url() {
        let cases = [
            (
                "https://gw.example.com",
                None,
                "https://gw.example.com/mcp",
                "https://gw.example.com/.well-known/oauth-protected-resource/mcp",
            ),
            (
                "https://gw.example.com/",
                Some("files"),
                "https://gw.example.com/mcp/files",
                "https://gw.example.com/.well-known/oauth-protected-resource/mcp/files",
            ),
            (
                "http://127.0.0.1:4180/gate/",
                None,
                "http://127.0.0.1:4180/gate/mcp",
                "http://127.0.0.1:4180/.well-known/oauth-protected-resource/gate/mcp",
            ),
        ];
        for (public, server, endpoint, metadata) in cases {
            let resource = Resource::new(&public.parse().unwrap());
            assert_eq!((resource.endpoint(server), resource.metadata_url(server)), (endpoint.into(), metadata.into()));
        }
    }

    #[test]
    fn a_token_for_one_server_is_no_token_for_another() {
        let resource = Resource::new(&"https://gw.example.com".parse().unwrap());
        let named = |audience, server| resource.is_named_by(audience, server);
        assert!(named("https://gw.example.com/", Some("files")));
        assert!(named("https://gw.example.com/mcp/files", Some("files")));
        assert!(!named("https://gw.example.com/mcp/files", Some("mail")));
        assert!(!named("https://gw.example.com/mcp/files", None));
        assert!(!named("https://gw.example.com.evil.example", None));
    }
}
