//! How does Vault, or `OpenBao`, make a credential for one call? As a dynamic secret with a lease, which is revoked after it.
//!
//! Its HTTP interface is spoken as it is documented. The lease id is the handle: by it the secret is taken back at once, also
//! by another gateway after a crash. What has no lease (a KV secret) stays when the call is over, and is refused. What is
//! made with a token ends with that token, so an `AppRole`'s token is kept for a while and never ended by us.
//!
//! Where the answer to a request is lost nobody knows the lease id: what was perhaps made is waited out.

mod answer;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, Request};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use super::issuer::{Errors, Issuer, Later, Missed, Step, ends, later, other, place};
use super::provider::{Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Planned, Unfit, worded};
use crate::config::credentials::vault::{HOLE, Method as How, Vault as Options};
use crate::downstream::http::guard::Private;
use crate::secret::Secret;
use answer::Answer;

const ERRORS: Errors = Errors {
    find: answer::error,
    known: &[
        ("permission denied", Later::Never),
        ("invalid token", Later::Never),
        ("missing client token", Later::Never),
        ("invalid role or secret ID", Later::Never),
        ("invalid secret id", Later::Never),
        ("Vault is sealed", Later::May),
    ],
};

/// Asks Vault for each call.
pub struct Vault {
    options: Options,
    issuer: Issuer,
    /// What the gateway signed in as last, and until when that is used.
    token: Mutex<Option<(Secret, Instant)>>,
}

impl Vault {
    /// One Vault and one path of it.
    pub fn new(options: &Options) -> Self {
        let private = if options.allow_private { Private::Allowed } else { Private::Refused };
        let issuer = Issuer { who: "Vault", private, patience: options.timeout.duration(), errors: ERRORS };
        Self { options: options.clone(), issuer, token: Mutex::default() }
    }

    /// What would be asked for.
    pub fn plan(&self, asked: &Asked<'_>, _: &About<'_>) -> Result<Planned, Unfit> {
        let scope = worded(asked, &self.options.scopes)?;
        let path = match &scope {
            Some(scope) if scope.contains(' ') => {
                let name = &asked.credential.provider;
                return Err(Unfit(format!("`{name}` takes one word as `scope`, and the rule names several: {scope}")));
            }
            Some(scope) => self.options.path.replace(HOLE, scope),
            None => self.options.path.clone(),
        };
        let ttl = self.options.lifetime.map_or(asked.ttl, |lifetime| lifetime.max(asked.ttl));
        let method = self.options.method.as_str();
        let mut terms = json!({ "url": place(&self.options.url), "method": method, "path": path });
        if let Some(terms) = terms.as_object_mut() {
            if let Some(namespace) = &self.options.namespace {
                terms.insert("namespace".to_owned(), json!(namespace));
            }
            if self.options.method == How::Write {
                terms.insert("ttl".to_owned(), json!(format!("{}s", asked.ttl.seconds())));
            }
        }
        Ok(Planned { scope, reaches: vec![format!("what Vault gives at {path}")], ttl, standing: false, terms })
    }

    /// Asks for it.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let terms = &order.wanted.terms;
        let text = |key: &str| terms.get(key).and_then(Value::as_str);
        let path = text("path").ok_or_else(other)?;
        if text("url") != Some(&place(&self.options.url)) || text("namespace") != self.options.namespace.as_deref() {
            return Err(other());
        }
        let data = terms.get("ttl").map(|ttl| json!({ "ttl": ttl }));
        let method = if data.is_some() { Method::PUT } else { Method::GET };
        let body = self.signed_in((method, path), data.as_ref()).await?;
        let answer =
            Answer::read(&body).map_err(|why| NotMinted::Unsure(format!("{why}; what was made is waited out")))?;
        let Some(lease) = answer.lease.clone() else {
            return Err(standing(data.is_some(), path));
        };
        let checked = ends(order, later(order.now, answer.seconds))
            .and_then(|ends| answer.material(&self.options.value, &self.options.open).map(|material| (ends, material)));
        match checked {
            Ok((expires, material)) => {
                Ok(Minted { material, handle: Some(lease), expires, scope: order.wanted.scope.clone() })
            }
            Err(why) => Err(match self.revoke_lease(&lease).await {
                Ok(()) => NotMinted::Refused(format!(
                    "{why}; it was taken back and not used. Write how long it lives as `lifetime`, or change the role in Vault"
                )),
                Err(failed) => NotMinted::Unsure(format!("{why}; it is not used, and was not taken back: {failed}")),
            }),
        }
    }

    /// Takes it back, and waits until that is done.
    pub async fn revoke(&self, gone: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        match gone.handle {
            Some(lease) => self.revoke_lease(lease).await.map(|()| Revoked::Now),
            None => Ok(Revoked::ByItself),
        }
    }

    /// Vault says done for a lease that is not there, too.
    async fn revoke_lease(&self, lease: &str) -> Result<(), NotRevoked> {
        let data = json!({ "lease_id": lease, "sync": true });
        let done = self.signed_in((Method::PUT, "sys/leases/revoke"), Some(&data)).await;
        done.map(drop).map_err(|why| NotRevoked(why.to_string()))
    }

    /// Asks with a token, and once more with a new one where the one at hand is not taken any more.
    async fn signed_in(
        &self,
        (method, path): (Method, &str),
        data: Option<&Value>,
    ) -> Result<Zeroizing<Vec<u8>>, NotMinted> {
        let held = self.held();
        let token = match held.clone() {
            Some(token) => token,
            None => self.sign_in().await?,
        };
        let asked = self.ask((method.clone(), path), data, Some(&token), Step::Making).await;
        match asked {
            // A refusal is certain: nothing was made.
            Err(Missed { status: Some(403), .. }) if held.is_some() && self.options.token.is_none() => {
                let token = self.sign_in().await?;
                Ok(self.ask((method, path), data, Some(&token), Step::Making).await?)
            }
            asked => Ok(asked?),
        }
    }

    fn held(&self) -> Option<Secret> {
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|(_, until)| Instant::now() < *until).map(|(token, _)| token.clone());
        self.options.token.clone().or(known)
    }

    async fn sign_in(&self) -> Result<Secret, NotMinted> {
        let nothing =
            || NotMinted::Refused("nothing says how to sign in to Vault; add `token` or `role_id`".to_owned());
        let (role, secret) = self.options.role_id.as_ref().zip(self.options.secret_id.as_ref()).ok_or_else(nothing)?;
        let data = json!({ "role_id": role, "secret_id": secret.expose() });
        let path = format!("auth/{}/login", self.options.login);
        let body = self.ask((Method::PUT, &path), Some(&data), None, Step::Before).await?;
        let (token, seconds) = answer::signed_in(&body).map_err(|why| NotMinted::Unavailable(why.to_owned()))?;
        // What is made with it ends with it, so it is used for half of its life.
        let until = Instant::now().checked_add(Duration::from_secs(seconds / 2));
        let mut known = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        *known = until.map(|until| (token.clone(), until));
        Ok(token)
    }

    async fn ask(
        &self,
        (method, path): (Method, &str),
        data: Option<&Value>,
        token: Option<&Secret>,
        step: Step,
    ) -> Result<Zeroizing<Vec<u8>>, Missed> {
        let url = self.address(path);
        let mut request = Request::builder().method(method).uri(url.as_str()).header("x-vault-request", "true");
        if let Some(token) = token {
            request = request.header("x-vault-token", token.expose());
        }
        if let Some(namespace) = &self.options.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        let body = data.map(|data| data.to_string().into_bytes()).unwrap_or_default();
        let request = request
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| Missed::refused("the address or the token of Vault cannot be used"))?;
        self.issuer.ask(&url, request, step).await
    }

    fn address(&self, path: &str) -> Url {
        let mut url = self.options.url.clone();
        url.set_path(&format!("/v1/{path}"));
        url
    }
}

/// What has no lease was there before, or nobody can take it back.
fn standing(made: bool, path: &str) -> NotMinted {
    if made {
        return NotMinted::Unsure(format!(
            "what Vault made at {path} has no lease, so that nobody can take it back; it is not used. Name a path that gives leases"
        ));
    }
    NotMinted::Refused(format!(
        "what Vault has at {path} has no lease: it was there before the call and stays after it. If that is meant, use a \
         provider of kind `fixed`; a path of a dynamic secret gives a lease"
    ))
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("options", &self.options).finish_non_exhaustive()
    }
}
