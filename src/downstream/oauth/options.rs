//! In whose name is a server used, and what is asked for? Made from the operator's configuration.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::secret::Secret;

/// How tokens for one server are got.
#[derive(Clone)]
pub struct OauthOptions {
    /// What is asked for; empty leaves the choice to the server's challenge.
    pub scopes: Vec<String>,
    /// In whose name.
    pub grant: Grant,
    /// The only authorization server that is asked for tokens; none trusts the server to name it.
    pub issuer: Option<Url>,
    /// Where tokens survive a restart; one file for each server, in memory only if none.
    pub file: Option<PathBuf>,
}

/// In whose name the gateway uses a server.
#[derive(Clone)]
pub enum Grant {
    /// The gateway's own: client credentials.
    Gateway {
        /// The id the authorization server knows us by.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
    /// A person's, who signs in once: authorization code with PKCE.
    Person {
        /// A client id registered before, with its secret if it has one; none registers a new one.
        client: Option<(String, Option<Secret>)>,
        /// The loopback port the browser comes back to, if it was registered; 0 takes any.
        port: u16,
    },
}

impl fmt::Debug for OauthOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthOptions").field("scopes", &self.scopes).field("grant", &self.grant).finish_non_exhaustive()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gateway { .. } => "Gateway",
            Self::Person { .. } => "Person",
        })
    }
}
