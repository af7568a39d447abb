//! How does the gateway itself vouch for one call? By a token it signs, which names the call and soon ends.
//!
//! Whoever takes it checks it with the keys at `/.well-known/jwks.json`, and can see in it who asks, by which agent, for whom,
//! and for which action: a token of one call is of no use for another where the claim `action` is looked at. It cannot be
//! taken back, so it is short.

pub mod key;
pub mod keys;

use std::sync::Arc;

use serde_json::{Value, json};

use super::issuer::other;
use super::material::Material;
use super::provider::{Bearer, Gone, Minted, NotMinted, NotRevoked, Order, Revoked};
use super::wanted::{About, Asked, Planned, Unfit, worded};
use crate::clock::{Clock, Timestamp};
use crate::config::credentials::jwt::Jwt as Options;
use keys::{Keys, LONGEST_TOKEN};

/// How long a token lives at most where the configuration does not say.
pub const USUAL_TTL: &str = "60s";

/// Signs a token for each call.
#[derive(Clone, Debug)]
pub struct Jwt {
    issuer: String,
    audience: String,
    scopes: Vec<String>,
    keys: Arc<Keys>,
}

/// What those who sign know of their gateway.
#[derive(Clone, Debug)]
pub struct Signing<'a> {
    /// Where it is, for everybody; nothing where it serves nothing.
    pub public_url: Option<&'a str>,
    /// What it signs with.
    pub keys: Arc<Keys>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Jwt {
    /// Tokens of this configuration. The issuer is the gateway's public address, unless the configuration names another.
    pub fn new(options: &Options, signing: &Signing<'_>) -> Result<Self, Unfit> {
        let issuer = issuer(options.issuer.as_deref(), signing.public_url)?;
        let keys = Arc::clone(&signing.keys);
        Ok(Self { issuer, audience: options.audience.clone(), scopes: options.scopes.clone(), keys })
    }

    /// What would be signed.
    pub fn plan(&self, asked: &Asked<'_>, _: &About<'_>) -> Result<Planned, Unfit> {
        let name = &asked.credential.provider;
        if asked.ttl.duration() > LONGEST_TOKEN {
            return Err(Unfit(format!(
                "a token of `{name}` cannot be taken back, so it lives an hour at most and not {}; write a shorter `ttl` into \
                 the rule, or `max_ttl` into [credentials.{name}]",
                asked.ttl
            )));
        }
        let scope = worded(asked, &self.scopes)?;
        let mut terms = json!({ "iss": self.issuer, "aud": self.audience, "seconds": asked.ttl.seconds() });
        if let (Some(scope), Some(terms)) = (&scope, terms.as_object_mut()) {
            terms.insert("scope".to_owned(), json!(scope));
        }
        let reaches = match &scope {
            Some(scope) => format!("{} as {scope}", self.audience),
            None => self.audience.clone(),
        };
        Ok(Planned { scope, reaches: vec![reaches], ttl: asked.ttl, standing: false, terms })
    }

    /// Signs it.
    pub async fn mint(&self, order: &Order<'_>) -> Result<Minted, NotMinted> {
        let terms = &order.wanted.terms;
        let text = |key: &str| terms.get(key).and_then(Value::as_str).ok_or_else(other);
        let seconds = terms.get("seconds").and_then(Value::as_i64).ok_or_else(other)?;
        let (begins, ends) = spell(order, seconds)?;
        let mut claims = json!({
            "iss": text("iss")?,
            "aud": text("aud")?,
            "sub": order.bearer.principal,
            "iat": begins,
            "nbf": begins,
            "exp": ends,
            "jti": order.lease,
        });
        if let Some(claims) = claims.as_object_mut() {
            if let Some(scope) = terms.get("scope") {
                claims.insert("scope".to_owned(), scope.clone());
            }
            if let Some(person) = &order.bearer.person {
                claims.insert("person".to_owned(), json!(person));
            }
            claims.extend(story(order.bearer));
        }
        let key = self.keys.current(order.now).await.map_err(unavailable)?;
        let token = key.sign(&claims).map_err(unavailable)?;
        Ok(Minted {
            material: Material::of(token),
            handle: None,
            expires: Timestamp::from_micros(ends.saturating_mul(1_000_000)),
            scope: order.wanted.scope.clone(),
        })
    }

    /// Nothing takes it back; it ends.
    #[expect(clippy::unused_async, reason = "every provider is asked alike")]
    pub async fn revoke(&self, _: &Gone<'_>) -> Result<Revoked, NotRevoked> {
        Ok(Revoked::ByItself)
    }
}

/// Who signs: what the configuration names, or where this gateway is.
pub(super) fn issuer(configured: Option<&str>, public_url: Option<&str>) -> Result<String, Unfit> {
    // An address without a path is one text for people and another for a URL.
    let public = public_url.map(|url| url.trim_end_matches('/'));
    configured.or(public).map(str::to_owned).ok_or_else(|| {
        Unfit(
            "nobody could check what this gateway signs: it serves nothing; write `issuer`, or a table [http] with `public_url`"
                .to_owned(),
        )
    })
}

/// From when until when, in whole seconds; never beyond what was ordered.
pub(super) fn spell(order: &Order<'_>, seconds: i64) -> Result<(i64, i64), NotMinted> {
    let begins = order.now.seconds();
    let ends = begins.saturating_add(seconds).min(order.expires.seconds());
    if ends > begins {
        return Ok((begins, ends));
    }
    Err(NotMinted::Refused("the time of this credential is over before it began; make the call again".to_owned()))
}

/// Which call a token is for, and who acts.
pub(super) fn story(bearer: &Bearer) -> impl Iterator<Item = (String, Value)> + use<> {
    let act = bearer.agent.as_ref().map(|agent| ("act", json!({ "sub": agent })));
    let all = [
        ("action", json!(bearer.digest.to_string())),
        ("call", json!(bearer.call.as_str())),
        ("server", json!(bearer.server)),
        ("tool", json!(bearer.target)),
    ];
    all.into_iter().chain(act).map(|(name, value)| (name.to_owned(), value))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn unavailable(fault: keys::KeysFault) -> NotMinted {
    NotMinted::Unavailable(fault.to_string())
}
