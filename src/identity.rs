//! Who is asking?
//!
//! A caller over HTTP proves itself with an API key or a bearer token in one `Authorization` header; over standard
//! input it is the user of the operating system. Nothing else is looked at: not `X-Forwarded-User`, not an argument,
//! not what the client calls itself.

pub mod api_key;
mod arrival;
mod challenge;
pub mod claims;
mod discovery;
pub mod guard;
pub mod jwks;
pub mod jwt;
mod key_book;
pub mod key_set;
pub mod local;
mod options;
mod resource;
mod seen;
pub mod sign_in;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use url::Url;

pub use self::arrival::Arrival;
pub use self::challenge::{Challenge, Reason};
pub use self::claims::ClaimNames;
use self::discovery::Clients;
pub use self::discovery::Reach;
use self::jwks::IssuerKeys;
use self::jwt::{Demands, IsUs, Token};
pub use self::key_book::{BookFault, KeyBook, KeyBookWrite, MemoryBook, Revoked, StoredKey};
pub use self::options::{Accept, BadOptions, IssuerOptions, Options};
pub use self::resource::Resource;
use self::seen::Seen;
use crate::call::caller::{Caller, Proof};
use crate::clock::Timestamp;
use crate::digest::Digest;

/// A key that was taken back is refused after this long at the latest.
const KEY_MEMORY: i64 = 5;
/// The same for a token, on top of the age of its issuer's keys.
const TOKEN_MEMORY: i64 = 15;

/// Knows callers by their proofs.
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
    /// Nothing is fetched yet: an issuer that is away does not keep the gateway from starting.
    pub fn new(options: Options, book: Arc<dyn KeyBook>) -> Result<Self, BadOptions> {
        let Options { accept, issuers: list, public_url, scopes } = options;
        if accept.tokens() && list.is_empty() {
            return Err(BadOptions::NoIssuer);
        }
        let mut issuers = BTreeMap::new();
        // Made only for those who need them: they bring all certificates of the system with them.
        let mut clients = None;
        for options in list {
            let name = options.issuer.clone();
            if !is_plain(&name) {
                return Err(BadOptions::Issuer(name));
            }
            let clients = match &clients {
                Some(clients) => clients,
                None => clients.insert(Clients::new().map_err(|error| BadOptions::Client(error.to_string()))?),
            };
            let keys = IssuerKeys::new(&name, options.jwks_uri.clone(), options.reach, clients);
            if issuers.insert(name.clone(), Issuer { options, keys: Arc::new(keys) }).is_some() {
                return Err(BadOptions::Twice(name));
            }
        }
        let resource = Resource::new(&public_url);
        Ok(Self { accept, issuers, resource, scopes, book, seen: Seen::default() })
    }

    /// Who sent this request.
    pub async fn identify<'a>(
        &self,
        arrival: impl Into<Arrival<'a>>,
        now: Timestamp,
    ) -> Result<Arc<Caller>, Challenge> {
        let arrival = arrival.into();
        if self.accept == Accept::Anyone {
            return Ok(Arc::new(anyone()));
        }
        self.prove(&arrival, now).await.map_err(|reason| self.challenge(reason, arrival.server))
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
        let proof = arrival.proof()?;
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
        // The name comes from the address of the request; only one that can be a server's is repeated.
        let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let server = server.filter(|name| name.len() <= 24).filter(plain);
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
        let www_authenticate = helps.then(|| format!("Bearer {}", parts.join(", ")));
        Challenge { why: reason, www_authenticate }
    }
}

/// Whether this can be an issuer. Without a fragment in it, `#` parts issuer and subject of a principal without doubt.
fn is_plain(issuer: &str) -> bool {
    let plain = |url: Url| url.has_host() && url.query().is_none() && url.fragment().is_none();
    issuer.parse().is_ok_and(plain)
}

impl fmt::Debug for Identity {
    /// Says how callers are proven, and nothing of the proofs it remembers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<_> = self.issuers().collect();
        f.debug_struct("Identity").field("accept", &self.accept).field("issuers", &issuers).finish_non_exhaustive()
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

fn anyone() -> Caller {
    Caller { principal: "anyone".into(), agent: None, user: None, groups: Vec::new(), proof: Proof::Nothing }
}
