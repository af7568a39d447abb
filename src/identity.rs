//! Who is asking?
//!
//! A caller over HTTP proves itself with an API key or a bearer token in one `Authorization` header; over standard
//! input it is the user of the operating system. Nothing else is looked at: not `X-Forwarded-User`, not an argument,
//! not what the client calls itself.

pub mod api_key;
mod challenge;
pub mod claims;
mod discovery;
pub mod guard;
pub mod jwks;
pub mod jwt;
mod key_book;
pub mod key_set;
pub mod local;
mod resource;
mod seen;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use url::Url;

pub use self::challenge::{Challenge, Reason};
pub use self::claims::ClaimNames;
pub use self::discovery::Reach;
use self::jwks::IssuerKeys;
use self::jwt::{Demands, IsUs, Token};
pub use self::key_book::{BookFault, KeyBook, KeyBookWrite, MemoryBook, Revoked, StoredKey};
pub use self::resource::Resource;
use self::seen::Seen;
use crate::call::caller::{Caller, Proof};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A key that was taken back is refused after this long at the latest.
const KEY_MEMORY: i64 = 5;
/// The same for a token, on top of the age of its issuer's keys.
const TOKEN_MEMORY: i64 = 15;

/// What a listener takes for a proof, and whose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which proofs are taken.
    pub accept: Accept,
    /// Whose tokens are believed.
    pub issuers: Vec<IssuerOptions>,
    /// How clients reach this gateway.
    pub public_url: Url,
    /// Scopes every token must carry; usually none.
    pub scopes: Vec<String>,
}

/// Which proofs are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// No proof is asked for, and none is looked at. For loopback listeners only; the configuration sees to that.
    Anyone,
    /// API keys.
    Keys,
    /// Bearer tokens.
    Tokens,
    /// Both.
    KeysAndTokens,
}

impl Accept {
    /// Whether API keys are taken.
    pub const fn keys(self) -> bool {
        matches!(self, Self::Keys | Self::KeysAndTokens)
    }

    /// Whether bearer tokens are taken.
    pub const fn tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::KeysAndTokens)
    }
}

/// One issuer whose tokens are believed.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// Exactly as in the `iss` of its tokens.
    pub issuer: String,
    /// What it calls this gateway, besides our own addresses.
    pub audience: String,
    /// Where its keys are; by discovery when nothing is said.
    pub jwks_uri: Option<Url>,
    /// Where it may be.
    pub reach: Reach,
    /// Which claim says what.
    pub claims: ClaimNames,
    /// How far its clock may be from ours.
    pub clock_skew: Duration,
}

/// Options that cannot work together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// Tokens without anybody to sign them.
    #[error(
        "tokens are accepted but no issuer is configured; add [[identity.issuers]] or take tokens out of http.accept"
    )]
    NoIssuer,
    /// An issuer that is no plain address.
    #[error("the issuer `{0}` is not an address without query and fragment; write it as in the `iss` of its tokens")]
    Issuer(String),
    /// An issuer that stands twice.
    #[error("the issuer `{0}` is configured twice; keep one")]
    Twice(String),
}

/// A request, as far as it says who is asking.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "the headers hold secrets")]
pub struct Arrival<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// What follows the question mark of its address.
    pub query: Option<&'a str>,
    /// The server it was sent to, when it was sent to one.
    pub server: Option<&'a str>,
}

/// Knows callers by their proofs.
#[expect(missing_debug_implementations, reason = "it remembers proofs")]
pub struct Identity {
    accept: Accept,
    issuers: BTreeMap<String, Issuer>,
    resource: Resource,
    scopes: Vec<String>,
    book: Arc<dyn KeyBook>,
    seen: Seen,
}

struct Issuer {
    options: IssuerOptions,
    keys: Arc<IssuerKeys>,
}

impl Identity {
    /// The client fetches issuers' keys; [`jwks::client`] makes one that is fit.
    pub fn new(options: Options, book: Arc<dyn KeyBook>, client: &reqwest::Client) -> Result<Self, BadOptions> {
        let Options { accept, issuers: list, public_url, scopes } = options;
        if accept.tokens() && list.is_empty() {
            return Err(BadOptions::NoIssuer);
        }
        let mut issuers = BTreeMap::new();
        for options in list {
            let name = options.issuer.clone();
            // Without a fragment in it, `#` parts issuer and subject of a principal without doubt.
            let plain = |url: &Url| url.has_host() && url.query().is_none() && url.fragment().is_none();
            if !name.parse().is_ok_and(|url| plain(&url)) {
                return Err(BadOptions::Issuer(name));
            }
            let keys = IssuerKeys::new(&name, options.jwks_uri.clone(), options.reach, client.clone());
            if issuers.insert(name.clone(), Issuer { options, keys: Arc::new(keys) }).is_some() {
                return Err(BadOptions::Twice(name));
            }
        }
        let resource = Resource::new(&public_url);
        Ok(Self { accept, issuers, resource, scopes, book, seen: Seen::default() })
    }

    /// Who sent this request.
    pub async fn identify(&self, arrival: &Arrival<'_>, now: Timestamp) -> Result<Arc<Caller>, Challenge> {
        if self.accept == Accept::Anyone {
            return Ok(Arc::new(anyone()));
        }
        self.prove(arrival, now).await.map_err(|reason| self.challenge(reason, arrival.server))
    }

    /// The protected resource this is, for its metadata.
    pub const fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Which proofs are taken.
    pub const fn accept(&self) -> Accept {
        self.accept
    }

    /// Who signs tokens for this gateway.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuers.keys().map(String::as_str)
    }

    /// Scopes every token must carry.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    async fn prove(&self, arrival: &Arrival<'_>, now: Timestamp) -> Result<Arc<Caller>, Reason> {
        if arrival.query.is_some_and(holds_proof) {
            return Err(Reason::InQuery);
        }
        let proof = bearer(arrival.headers)?;
        // A token may be good at one endpoint and not at another, so the endpoint is part of what is remembered.
        let name = Digest::of_bytes(arrival.server.unwrap_or_default(), proof.as_bytes());
        if let Some(caller) = self.seen.get(&name, now) {
            return Ok(caller);
        }
        let (caller, seconds) = if proof.starts_with(api_key::PREFIX) {
            (self.by_key(proof).await?, KEY_MEMORY)
        } else {
            self.by_token(proof, arrival.server, now).await?
        };
        let caller = Arc::new(caller);
        let until = now.micros().saturating_add(seconds.saturating_mul(1_000_000));
        self.seen.put(name, &caller, now, Timestamp::from_micros(until));
        Ok(caller)
    }

    async fn by_key(&self, proof: &str) -> Result<Caller, Reason> {
        if !self.accept.keys() {
            return Err(Reason::KeysNotTaken);
        }
        let presented = api_key::read(proof).ok_or(Reason::UnknownKey)?;
        let stored = match self.book.find(presented.id).await {
            Ok(found) => found.ok_or(Reason::UnknownKey)?,
            Err(fault) => {
                tracing::error!(%fault, "a caller's key cannot be checked");
                return Err(Reason::BookAway);
            }
        };
        if !api_key::matches(&presented, &stored) {
            return Err(Reason::UnknownKey);
        }
        if stored.revoked.is_some() { Err(Reason::RevokedKey) } else { Ok(api_key::caller(stored)) }
    }

    /// The caller, and for how many seconds it may be remembered.
    async fn by_token(&self, proof: &str, server: Option<&str>, now: Timestamp) -> Result<(Caller, i64), Reason> {
        if !self.accept.tokens() {
            return Err(Reason::TokensNotTaken);
        }
        let token = Token::read(proof)?;
        let Issuer { options, keys } = self.issuers.get(token.issuer()?).ok_or(Reason::Issuer)?;
        let names = Names { audience: &options.audience, resource: &self.resource, server };
        let skew = i64::try_from(options.clock_skew.as_secs()).unwrap_or(0);
        let expires = token.check(&Demands { audience: &names, skew, now })?;
        let candidates = keys.for_token(&token, now).await?;
        if !candidates.iter().any(|key| token.is_signed_by(key)) {
            return Err(Reason::Signature);
        }
        let caller = claims::caller(&token.claims, &options.issuer, &options.claims, expires)
            .map_err(|claims::Unreadable| Reason::Claims)?;
        if let Proof::Token { scopes, .. } = &caller.proof
            && !self.scopes.iter().all(|scope| scopes.contains(scope))
        {
            return Err(Reason::Scope);
        }
        Ok((caller, expires.saturating_sub(now.seconds()).min(TOKEN_MEMORY)))
    }

    /// Where tokens are taken the answer says where to get one. Where they are not it must not: clients that find a
    /// sign-in stop using the key they were given.
    fn challenge(&self, reason: Reason, server: Option<&str>) -> Challenge {
        let mut parts = Vec::new();
        if self.accept.tokens() {
            parts.push(format!("resource_metadata=\"{}\"", self.resource.metadata_url(server)));
        } else {
            parts.push("realm=\"countersign\"".to_owned());
        }
        if let Some(error) = reason.error() {
            parts.push(format!("error=\"{error}\", error_description=\"{}\"", reason.text()));
        }
        if self.accept.tokens() && !self.scopes.is_empty() {
            parts.push(format!("scope=\"{}\"", self.scopes.join(" ")));
        }
        let helps = !matches!(reason, Reason::IssuerAway | Reason::BookAway);
        let value = format!("Bearer {}", parts.join(", "));
        Challenge { reason, www_authenticate: HeaderValue::from_str(&value).ok().filter(|_| helps) }
    }
}

/// All names of this gateway an issuer's token may carry.
#[derive(Debug)]
struct Names<'a> {
    audience: &'a str,
    resource: &'a Resource,
    server: Option<&'a str>,
}

impl IsUs for Names<'_> {
    fn is_us(&self, audience: &str) -> bool {
        audience == self.audience || self.resource.is_named_by(audience, self.server)
    }
}

/// The one bearer proof of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, Reason> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Reason::Missing),
        (Some(value), None) => value.to_str().map_err(|_| Reason::Malformed)?,
        _ => return Err(Reason::Ambiguous),
    };
    let (scheme, proof) = value.trim().split_once(' ').ok_or(Reason::Scheme)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Reason::Scheme);
    }
    let proof = proof.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    match proof.len() {
        0 => Err(Reason::Missing),
        length if length > jwt::MAX_BYTES => Err(Reason::TooLarge),
        // Two headers joined by a proxy arrive with a comma between them.
        _ if proof.contains(',') => Err(Reason::Ambiguous),
        _ if proof.bytes().all(plain) => Ok(proof),
        _ => Err(Reason::Malformed),
    }
}

fn holds_proof(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name.eq_ignore_ascii_case("access_token") || value.contains(api_key::PREFIX))
}

fn anyone() -> Caller {
    Caller { principal: "anyone".into(), agent: None, user: None, groups: Vec::new(), proof: Proof::Nothing }
}
