//! Which token server is asked for tokens, and for whose?

use schemars::JsonSchema;
use url::Url;

use super::super::measure::Period;
use super::super::section::{Reading, Section, Wanted};
use super::super::word::words;
use super::spelling;
use crate::policy::finding::span::Span;
use crate::secret::Secret;

/// A token server that exchanges tokens (RFC 8693).
#[derive(Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TokenExchange {
    /// Its token endpoint.
    #[schemars(with = "String")]
    pub url: Url,
    /// What it calls this gateway.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: Option<Secret>,
    /// How the gateway proves itself: `client_secret_basic`, `client_secret_post`, or `private_key_jwt` by its own key, which
    /// is served at `/.well-known/jwks.json`.
    #[schemars(extend("default" = "client_secret_basic"))]
    pub auth: ClientAuth,
    /// What is exchanged: the token the `caller` came with, or one of the `gateway` that names the person, with the agent in
    /// `act`.
    #[schemars(extend("default" = "caller"))]
    pub subject: Subject,
    /// Who signs what the gateway gives, as its `iss` says it. Default: `http.public_url`.
    pub issuer: Option<String>,
    /// What the token server is called in the `aud` of what the gateway signs. Default: `url`.
    pub authority: Option<String>,
    /// For whom the token is, by name.
    pub audience: Option<String>,
    /// For whom the token is, by address.
    pub resource: Option<String>,
    /// What rules may ask for.
    #[schemars(extend("default" = []))]
    pub scopes: Vec<String>,
    /// How long its tokens live, where that is longer than what rules ask for: the exchange has no way to ask for less.
    pub lifetime: Option<Span>,
    /// Where tokens are taken back (RFC 7009). Absent: they end by themselves.
    #[schemars(with = "Option<String>")]
    pub revoke_url: Option<Url>,
    /// How long an answer may take, 30 s at most.
    #[schemars(extend("default" = "10s"))]
    pub timeout: Period,
    /// Lets private addresses through for this provider.
    #[schemars(extend("default" = false))]
    pub allow_private: bool,
}

/// How a gateway proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// By a secret in a header.
    ClientSecretBasic,
    /// By a secret in the form.
    ClientSecretPost,
    /// By its own key.
    PrivateKeyJwt,
}

/// What is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The token the caller came with.
    Caller,
    /// A token the gateway signs.
    Gateway,
}

const NAME: Wanted = Wanted("a text", "countersign");

impl TokenExchange {
    pub(in crate::config) fn read(section: &Section<'_>) -> Reading<Self> {
        let url = spelling::address(section, "https://login.example.com/token");
        let client_id = section.required("client_id", NAME, spelling::name);
        let client_secret = spelling::secret(section, "client_secret");
        let auth = section.word("auth", ClientAuth::ClientSecretBasic);
        let subject = section.word("subject", Subject::Caller);
        let issuer = spelling::issuer(section, "issuer");
        let authority = section.optional("authority", NAME, spelling::name);
        let audience = section.optional("audience", NAME, spelling::name);
        let resource = spelling::issuer(section, "resource");
        let scopes = spelling::scopes(section);
        let lifetime = spelling::lifetime(section);
        let revoke_url = spelling::other_address(section, "revoke_url");
        let timeout = spelling::timeout(section);
        let allow_private = section.truth("allow_private");
        let (auth, client_secret) = (auth?, client_secret?);
        if auth == ClientAuth::PrivateKeyJwt && client_secret.is_some() {
            let what = "the gateway proves itself by its key, and has a `client_secret` too".to_owned();
            return Err(section.fault(what, "take the secret or `auth` away"));
        }
        if auth == ClientAuth::ClientSecretPost && client_secret.is_none() {
            return Err(section.fault("there is no `client_secret` to post".to_owned(), "add it, or take `auth` away"));
        }
        Ok(Self {
            url: url?,
            client_id: client_id?,
            client_secret,
            auth,
            subject: subject?,
            issuer: issuer?,
            authority: authority?,
            audience: audience?,
            resource: resource?,
            scopes: scopes?,
            lifetime: lifetime?,
            revoke_url: revoke_url?,
            timeout: timeout?,
            allow_private: allow_private?,
        })
    }
}

impl std::fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenExchange").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

words!(ClientAuth:
    "client_secret_basic" => ClientSecretBasic,
    "client_secret_post" => ClientSecretPost,
    "private_key_jwt" => PrivateKeyJwt,
);
words!(Subject: "caller" => Caller, "gateway" => Gateway);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::alone;

    const LEAST: &str = "url = \"https://login.example.com/token\"\nclient_id = \"gw\"\n";

    #[test]
    fn what_is_written_is_read() {
        let read = alone(LEAST, TokenExchange::read).unwrap();
        assert_eq!((read.subject, read.auth, read.lifetime), (Subject::Caller, ClientAuth::ClientSecretBasic, None));
        let text = format!(
            "{LEAST}client_secret = \"hush-hush-4711\"\nauth = \"client_secret_post\"\nsubject = \"gateway\"\n\
             audience = \"orders\"\nscopes = [\"read\"]\nlifetime = \"5m\"\nrevoke_url = \"https://login.example.com/revoke\""
        );
        let read = alone(&text, TokenExchange::read).unwrap();
        assert_eq!(read.lifetime.map(Span::seconds), Some(300));
        assert!(!format!("{read:?}").contains("hush"));
        for (more, why) in [
            ("auth = \"private_key_jwt\"\nclient_secret = \"hush-hush-4711\"", "by its key"),
            ("auth = \"client_secret_post\"", "no `client_secret`"),
            ("client_secret = \"changeme\"", "sample"),
            ("subject = \"me\"", "subject"),
            ("lifetime = \"5 minutes\"", "whole number"),
            ("timeout = \"1m\"", "30 s"),
            ("revoke_url = \"ftp://x\"", "https"),
        ] {
            let told = alone(&format!("{LEAST}{more}"), TokenExchange::read).unwrap_err();
            assert!(told.contains(why), "{more}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
        assert!(alone("client_id = \"a\"", TokenExchange::read).unwrap_err().contains("`url`"));
    }
}
