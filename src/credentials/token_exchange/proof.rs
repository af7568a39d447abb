//! How does the gateway prove to a token server who it is, and for whom it comes?

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::super::jwt::keys::{Keys, KeysFault};
use super::super::jwt::story;
use super::super::provider::Order;
use crate::clock::{Timestamp, chance};
use crate::config::credentials::token_exchange::{ClientAuth, TokenExchange as Options};
use crate::digest::hex;
use crate::secret::Secret;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What is only handed over lives this long.
const SECONDS: i64 = 60;

/// By what the gateway is known.
pub(super) enum Proof {
    /// In a header (RFC 6749, section 2.3.1).
    Basic(Secret),
    /// In the form.
    Post(String, Secret),
    /// By a token of its own key (RFC 7523).
    Key,
    /// Only by its name.
    Public(String),
}

/// What goes with a request.
pub(super) struct Given {
    /// The header that proves it.
    pub(super) header: Option<Secret>,
    /// Or what stands in the form.
    pub(super) fields: Vec<(&'static str, Secret)>,
}

/// Signs as the gateway.
pub(super) struct Signer {
    /// Who signs what names a person.
    pub(super) issuer: String,
    /// For whom it is.
    pub(super) audience: String,
    /// What the token server calls us.
    pub(super) client: String,
    /// Signs.
    pub(super) keys: Arc<Keys>,
}

impl Proof {
    pub(super) fn of(options: &Options) -> Self {
        let id = &options.client_id;
        match (&options.client_secret, options.auth) {
            (_, ClientAuth::PrivateKeyJwt) => Self::Key,
            (None, _) => Self::Public(id.clone()),
            (Some(secret), ClientAuth::ClientSecretPost) => Self::Post(id.clone(), secret.clone()),
            (Some(secret), ClientAuth::ClientSecretBasic) => {
                let pair: String = byte_serialize(id.as_bytes())
                    .chain([":"])
                    .chain(byte_serialize(secret.expose().as_bytes()))
                    .collect();
                Self::Basic(Secret::new(format!("Basic {}", BASE64.encode(pair))))
            }
        }
    }

    /// What goes with a request now.
    pub(super) async fn give(&self, signer: &Signer, now: Timestamp) -> Result<Given, KeysFault> {
        let (mut header, mut fields) = (None, Vec::new());
        match self {
            Self::Basic(basic) => header = Some(basic.clone()),
            Self::Post(id, secret) => fields.extend([name(id), ("client_secret", secret.clone())]),
            Self::Public(id) => fields.push(name(id)),
            Self::Key => {
                let kind = ("client_assertion_type", Secret::new(ASSERTION.to_owned()));
                fields.extend([name(&signer.client), kind, ("client_assertion", signer.assertion(now).await?)]);
            }
        }
        Ok(Given { header, fields })
    }
}

fn name(id: &str) -> (&'static str, Secret) {
    ("client_id", Secret::new(id.to_owned()))
}

impl Signer {
    /// Who we are. Each is another one: nobody may use it twice.
    async fn assertion(&self, now: Timestamp) -> Result<Secret, KeysFault> {
        let id = hex(&chance::<16>().map_err(|_| KeysFault::Chance)?);
        let seconds = now.seconds();
        let claims = json!({
            "iss": self.client, "sub": self.client, "aud": self.audience, "jti": id,
            "iat": seconds, "nbf": seconds, "exp": seconds.saturating_add(SECONDS),
        });
        self.keys.current(now).await?.sign(&claims)
    }

    /// For whom we come: the person where one is known, with the agent that acts for them.
    pub(super) async fn subject(&self, order: &Order<'_>) -> Result<Secret, KeysFault> {
        let seconds = order.now.seconds();
        let whom = order.bearer.person.as_ref().unwrap_or(&order.bearer.principal);
        let mut claims = json!({
            "iss": self.issuer, "sub": whom, "aud": self.audience, "jti": order.lease,
            "principal": order.bearer.principal,
            "iat": seconds, "nbf": seconds, "exp": seconds.saturating_add(SECONDS),
        });
        if let Some(claims) = claims.as_object_mut() {
            claims.extend(story(order.bearer));
        }
        self.keys.current(order.now).await?.sign(&claims)
    }
}
