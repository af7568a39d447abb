//! How does somebody else's issuer give a token for this call? By exchange for the caller's, or for one of ours (RFC 8693).
//!
//! Either the token the caller came with is given (`subject = "caller"`), or a token of the gateway that names the person, with
//! the agent in `act` (`subject = "gateway"`); who acts for whom stays in what comes back. What is asked for stands in the plan
//! and nothing more is taken: an answer with more scope, a longer life or a token to refresh it by is revoked and refused.
//!
//! To take a token back the token itself is needed (RFC 7009). It is kept in memory alone and only while it lives: after a
//! crash it is not taken back but waited out. And a server that checks tokens without asking the issuer takes it until its
//! end in any case: keep `lifetime` short at the issuer.

mod answer;
mod proof;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::issuer::{Errors, Issuer, Later, Missed, Step, other, place};
use super::jwt::{Signing, issuer, unavailable};
use super::material::Material;
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Planned, Unfit, worded};
use crate::clock::{Clock, Timestamp};
use crate::config::credentials::token_exchange::{Subject, TokenExchange as Options};
use crate::downstream::http::guard::Private;
use crate::policy::finding::span::Span;
use crate::secret::Secret;
use answer::Token;
use proof::{Proof, Signer};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// RFC 6749, RFC 7009 and RFC 8693.
const ERRORS: Errors = Errors {
    find: answer::error,
    known: &[
        ("invalid_request", Later::Never),
        ("invalid_client", Later::Never),
        ("invalid_grant", Later::Never),
        ("invalid_scope", Later::Never),
        ("invalid_target", Later::Never),
        ("unauthorized_client", Later::Never),
        ("unsupported_grant_type", Later::Never),
        ("unsupported_token_type", Later::Never),
        ("access_denied", Later::Never),
        ("temporarily_unavailable", Later::May),
        ("server_error", Later::May),
    ],
};

/// Exchanges a token for each call.
pub struct TokenExchange {
    url: Url,
    revoke_url: Option<Url>,
    subject: Subject,
    terms: Value,
    scopes: Vec<String>,
    lifetime: Option<Span>,
    proof: Proof,
    signer: Signer,
    issuer: Issuer,
    clock: Arc<dyn Clock>,
    /// By lease: what is needed to take it back, until it ends.
    live: Mutex<BTreeMap<String, (Secret, Timestamp)>>,
}

impl TokenExchange {
    /// Exchanges of this configuration. Where the gateway signs something itself, it does so as `issuer`, or as its public
    /// address.
    pub fn new(options: &Options, signing: &Signing<'_>) -> Result<Self, Unfit> {
        let proof = Proof::of(options);
        let signs = options.subject == Subject::Gateway;
        let own = if signs { issuer(options.issuer.as_deref(), signing.public_url)? } else { String::new() };
        let audience = options.authority.clone().unwrap_or_else(|| place(&options.url));
        let private = if options.allow_private { Private::Allowed } else { Private::Refused };
        let mut terms = json!({ "url": place(&options.url), "subject": options.subject.as_str() });
        for (name, value) in [("audience", &options.audience), ("resource", &options.resource)] {
            if let (Some(value), Some(terms)) = (value, terms.as_object_mut()) {
                terms.insert(name.to_owned(), json!(value));
            }
        }
        Ok(Self {
            url: options.url.clone(),
            revoke_url: options.revoke_url.clone(),
            subject: options.subject,
            terms,
            scopes: options.scopes.clone(),
            lifetime: options.lifetime,
            proof,
            signer: Signer {
                issuer: own,
                audience,
                client: options.client_id.clone(),
                keys: Arc::clone(&signing.keys),
            },
            issuer: Issuer { who: "the token server", private, patience: options.timeout.duration(), errors: ERRORS },
            clock: Arc::clone(&signing.clock),
            live: Mutex::default(),
        })
    }

    /// Whether the token a caller came with is what is exchanged.
    pub fn takes_tokens(&self) -> bool {
        self.subject == Subject::Caller
    }

    /// What would be asked for.
    pub fn plan(&self, asked: &Asked<'_>, about: &About<'_>) -> Result<Planned, Unfit> {
        let name = &asked.credential.provider;
        let method = about.call.caller.proof.method();
        if self.subject == Subject::Caller && method != "token" {
            return Err(Unfit(format!(
                "`{name}` exchanges the token a caller comes with, and this one came without (proven by: {method}); sign in \
                 with a token, or write subject = \"gateway\" into [credentials.{name}]"
            )));
        }
        let scope = worded(asked, &self.scopes)?;
        let ttl = self.lifetime.map_or(asked.ttl, |lifetime| lifetime.max(asked.ttl));
        let mut terms = self.terms.clone();
        if let (Some(scope), Some(terms)) = (&scope, terms.as_object_mut()) {
            terms.insert("scope".to_owned(), json!(scope));
        }
        let host = self.url.host_str().unwrap_or_default();
        let target = |key: &str| terms.get(key).and_then(Value::as_str);
        let whom = target("audience").or_else(|| target("resource")).unwrap_or(host);
        let reaches = scope.as_ref().map_or_else(|| whom.to_owned(), |scope| format!("{whom} as {scope}"));
        Ok(Planned { scope, reaches: vec![reaches], ttl, standing: false, terms })
    }

    /// Asks for it.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let request = self.request(order).await?;
        let body = self.issuer.ask(&self.url, request, Step::Making).await?;
        let token = Token::read(&body).map_err(|why| {
            NotMinted::Unsure(format!(
                "the token server made something that cannot be used, and nobody can take it back: {why}"
            ))
        })?;
        match token.judged(order) {
            Ok(expires) => {
                self.remember(order, &token.secret, expires);
                let material = Material::of(token.secret);
                Ok(Minted { material, handle: None, expires, scope: order.wanted.scope.clone() })
            }
            Err(why) => Err(self.refuse(&token, &why, order.now).await),
        }
    }

    /// Takes it back, where the issuer can and the token is still known.
    pub async fn revoke(&self, gone: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        let known = self.locked().get(gone.lease).map(|(token, _)| token.clone());
        let (Some(url), Some(token)) = (&self.revoke_url, known) else {
            drop(self.locked().remove(gone.lease));
            return Ok(Revoked::ByItself);
        };
        self.revoke_token(url, (&token, "access_token"), self.clock.now()).await?;
        drop(self.locked().remove(gone.lease));
        Ok(Revoked::Now)
    }

    async fn request(&self, order: &Order<'_>) -> Result<Request<Vec<u8>>, NotMinted> {
        let terms = &order.wanted.terms;
        let mut own = self.terms.as_object().into_iter().flatten();
        if !own.all(|(name, value)| terms.get(name) == Some(value)) {
            return Err(other());
        }
        let (subject, kind) = match self.subject {
            Subject::Caller => (
                order.bearer.token.clone().ok_or_else(|| {
                    NotMinted::Refused("the caller's token is not at hand any more; make the call again".to_owned())
                })?,
                ACCESS_TOKEN,
            ),
            Subject::Gateway => (self.signer.subject(order).await.map_err(unavailable)?, JWT),
        };
        let mut fields = vec![
            ("grant_type", GRANT),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token", subject.expose()),
            ("subject_token_type", kind),
        ];
        for key in ["audience", "resource", "scope"] {
            fields.extend(terms.get(key).and_then(Value::as_str).map(|value| (key, value)));
        }
        self.proven(&self.url, &fields, order.now).await
    }

    /// A form with the client's proof, as a request.
    async fn proven(&self, url: &Url, fields: &[(&str, &str)], now: Timestamp) -> Result<Request<Vec<u8>>, NotMinted> {
        let proof = self.proof.give(&self.signer, now).await.map_err(unavailable)?;
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        form.extend_pairs(proof.fields.iter().map(|(name, value)| (name, value.expose())));
        let mut request = Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Some(header) = &proof.header {
            request = request.header(AUTHORIZATION, header.expose());
        }
        let request = request.body(form.finish().into_bytes());
        request.map_err(|_| NotMinted::Refused("the address of the token server cannot be used".to_owned()))
    }

    async fn revoke_token(&self, url: &Url, (token, kind): (&Secret, &str), now: Timestamp) -> Result<(), NotRevoked> {
        let fields = [("token", token.expose()), ("token_type_hint", kind)];
        let request = self.proven(url, &fields, now).await.map_err(|why| NotRevoked(why.to_string()))?;
        let done: Result<_, Missed> = self.issuer.ask(url, request, Step::Making).await;
        done.map(drop).map_err(NotRevoked::from)
    }

    /// What becomes of a token that is more than was asked for.
    async fn refuse(&self, token: &Token, why: &str, now: Timestamp) -> NotMinted {
        let Some(url) = &self.revoke_url else {
            return NotMinted::Unsure(format!("{why}; it is not used, and ends by itself: there is no `revoke_url`"));
        };
        let mut revoked = self.revoke_token(url, (&token.secret, "access_token"), now).await;
        if let Some(refresh) = &token.refresh {
            revoked = revoked.and(self.revoke_token(url, (refresh, "refresh_token"), now).await);
        }
        match revoked {
            Ok(()) => NotMinted::Refused(format!("{why}; it was taken back and not used")),
            Err(failed) => NotMinted::Unsure(format!("{why}; it is not used, and was not taken back: {failed}")),
        }
    }

    fn remember(&self, order: &Order<'_>, token: &Secret, expires: Timestamp) {
        if self.revoke_url.is_none() {
            return;
        }
        let mut live = self.locked();
        live.retain(|_, (_, ends)| *ends > order.now);
        live.insert(order.lease.to_owned(), (token.clone(), expires));
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Secret, Timestamp)>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenExchange").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}
