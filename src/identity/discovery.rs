//! Where does an issuer publish its keys, and what does it publish there?
//!
//! Every address is checked before it is asked, also the one an issuer's own document names: https only, nothing
//! inside, no redirects, no proxy from the environment, 1 MiB, five seconds. What a name resolves to is checked in the
//! resolver, so the connection is made to the very addresses that were checked. Whoever else talks to an issuer
//! does it through here.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::key_set::{KeySet, NotAKeySet};
use crate::address::{Kind, Way, host_kind, ip_kind, ip_way};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{self, Limits};

/// For one answer, from the first byte out to the last byte in.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

const MAX_BYTES: usize = 1 << 20;
const LIMITS: Limits = Limits { bytes: MAX_BYTES, depth: 16, elements: 50_000, keys: 1000, key_bytes: 256 };

/// Where an issuer may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Anywhere on the internet, by https. An issuer configured on loopback may also use plain http there.
    #[default]
    Public,
    /// Also inside, also by plain http.
    Private,
}

/// The clients issuers are asked with.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    guarded: reqwest::Client,
    open: reqwest::Client,
}

/// Where one issuer's keys come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) issuer: String,
    jwks_uri: Option<Url>,
    reach: Reach,
    client: reqwest::Client,
}

/// Why an issuer's keys could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the issuer is not an address; write it as in the `iss` of its tokens")]
    Address,
    #[error("{0} may not be asked: only https, and no addresses inside (allow_private lets private ones through)")]
    Forbidden(Url),
    #[error("{url} did not answer: {}", innermost(.source))]
    Silent { url: Url, source: reqwest::Error },
    #[error("{url} answered {status}")]
    Status { url: Url, status: u16 },
    #[error("{0} answered more than 1 MiB")]
    TooLarge(Url),
    #[error("{0} did not answer with a discovery document that names this issuer and its keys")]
    Document(Url),
    #[error("{0}")]
    Keys(#[from] NotAKeySet),
    #[error("the keys did not arrive in time")]
    Late,
}

impl Clients {
    /// Clients that follow no redirects, use no proxy and do not wait long.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        // Whoever comes first installs it; a second time is no harm.
        drop(rustls::crypto::ring::default_provider().install_default());
        let plain = || {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(3))
                .timeout(PATIENCE)
        };
        let guarded = |reach| plain().dns_resolver(Guarded(reach)).build();
        Ok(Self { guarded: guarded(Reach::Public)?, open: guarded(Reach::Private)? })
    }
}

/// Resolves names, and refuses those with an address that may not be asked.
#[derive(Clone, Copy, Debug)]
struct Guarded(Reach);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One bad address refuses the name: which one would be used is not ours to foresee.
            for place in found.iter().map(|socket| Place::of_address(socket.ip())) {
                match (place, reach) {
                    (Place::Outside, _) | (Place::Loopback | Place::Inside, Reach::Private) => {}
                    (Place::Nowhere, _) => return Err("the name belongs to an address that is never asked".into()),
                    (Place::Loopback | Place::Inside, Reach::Public) => {
                        return Err("the name belongs to an address inside (allow_private lets it through)".into());
                    }
                }
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

impl Source {
    pub(super) fn new(issuer: &str, jwks_uri: Option<Url>, reach: Reach, clients: &Clients) -> Self {
        let home = issuer.parse().map_or(Place::Nowhere, |issuer| Place::of(&issuer));
        let inside = reach == Reach::Private || home == Place::Loopback;
        let client = if inside { clients.open.clone() } else { clients.guarded.clone() };
        Self { issuer: issuer.to_owned(), jwks_uri, reach, client }
    }

    /// The keys as they are published now.
    pub(super) async fn fetch(&self) -> Result<KeySet, Fault> {
        let whole = async {
            let address = match &self.jwks_uri {
                Some(address) => address.clone(),
                None => self.discover().await?,
            };
            Ok(KeySet::read(&self.get(&address).await?)?)
        };
        tokio::time::timeout(PATIENCE.saturating_mul(2), whole).await.unwrap_or(Err(Fault::Late))
    }

    /// Asks `OpenID` Connect's place first, then that of RFC 8414. The last refusal is the one told.
    async fn discover(&self) -> Result<Url, Fault> {
        let [first, second] = well_known(&self.issuer).ok_or(Fault::Address)?;
        match self.keys_named_at(&first).await {
            Ok(address) => Ok(address),
            Err(fault) => self.keys_named_at(&second).await.map_err(|_| fault),
        }
    }

    async fn keys_named_at(&self, address: &Url) -> Result<Url, Fault> {
        let document = self.document_at(address).await?;
        address_in(&document, "jwks_uri").ok_or_else(|| Fault::Document(address.clone()))
    }

    /// What the issuer says of itself at `OpenID` Connect's place.
    pub(super) async fn document(&self) -> Result<Object, Fault> {
        let [address, _] = well_known(&self.issuer).ok_or(Fault::Address)?;
        self.document_at(&address).await
    }

    /// Whether this address may be asked, or a person sent to, for the issuer's sake.
    pub(super) fn may_ask(&self, url: &Url) -> bool {
        may_ask(url, &self.issuer, self.reach)
    }

    /// Sends what somebody else made. The answer may be a refusal, which says why.
    pub(super) async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Fault> {
        let request = reqwest::Request::try_from(request).map_err(|_| Fault::Address)?;
        let mut answer = self.answer(request).await?;
        let url = answer.url().clone();
        if answer.status().is_redirection() || answer.status().is_server_error() {
            return Err(Fault::Status { url, status: answer.status().as_u16() });
        }
        let mut whole = http::Response::new(body(&mut answer, &url).await?);
        *whole.status_mut() = answer.status();
        let kind = answer.headers().get(http::header::CONTENT_TYPE);
        whole.headers_mut().extend(kind.map(|kind| (http::header::CONTENT_TYPE, kind.clone())));
        Ok(whole)
    }

    async fn document_at(&self, address: &Url) -> Result<Object, Fault> {
        let text = self.get(address).await?;
        spoken_for(&text, &self.issuer).ok_or_else(|| Fault::Document(address.clone()))
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, Fault> {
        let mut request = reqwest::Request::new(http::Method::GET, url.clone());
        request.headers_mut().insert(http::header::ACCEPT, http::HeaderValue::from_static("application/json"));
        let mut answer = self.answer(request).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(Fault::Status { url: url.clone(), status: answer.status().as_u16() });
        }
        body(&mut answer, url).await
    }

    async fn answer(&self, mut request: reqwest::Request) -> Result<reqwest::Response, Fault> {
        let url = request.url().clone();
        if !self.may_ask(&url) {
            return Err(Fault::Forbidden(url));
        }
        *request.timeout_mut() = Some(PATIENCE);
        let answer = self.client.execute(request).await;
        let answer = answer.map_err(|source| Fault::Silent { url: url.clone(), source: source.without_url() })?;
        // A client that follows redirects went where nobody checked; what it brought is not believed.
        if *answer.url() == url { Ok(answer) } else { Err(Fault::Status { status: answer.status().as_u16(), url }) }
    }
}

async fn body(answer: &mut reqwest::Response, url: &Url) -> Result<Vec<u8>, Fault> {
    let silent = |source: reqwest::Error| Fault::Silent { url: url.clone(), source: source.without_url() };
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(silent)? {
        if body.len().saturating_add(chunk.len()) > MAX_BYTES {
            return Err(Fault::TooLarge(url.clone()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The two places an issuer's document may be.
fn well_known(issuer: &str) -> Option<[Url; 2]> {
    let bare = issuer.strip_suffix('/').unwrap_or(issuer);
    let openid = format!("{bare}/.well-known/openid-configuration").parse().ok()?;
    let mut oauth: Url = bare.parse().ok()?;
    let path = oauth.path().trim_end_matches('/').to_owned();
    oauth.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    Some([openid, oauth])
}

/// The document, when it speaks for exactly this issuer.
fn spoken_for(text: &[u8], issuer: &str) -> Option<Object> {
    match reader::strict(text, &LIMITS).ok()? {
        Value::Object(document) if document.str("issuer") == Some(issuer) => Some(document),
        _ => None,
    }
}

/// An address the document names.
pub(super) fn address_in(document: &Object, name: &str) -> Option<Url> {
    document.str(name)?.parse().ok()
}

/// Whether an address may be asked for an issuer's sake.
fn may_ask(url: &Url, issuer: &str, reach: Reach) -> bool {
    let place = Place::of(url);
    let home = issuer.parse().map_or(Place::Nowhere, |issuer| Place::of(&issuer));
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match (url.scheme(), place) {
        (_, Place::Nowhere) => false,
        ("http" | "https", Place::Loopback) => home == Place::Loopback || reach == Reach::Private,
        ("http", _) | ("https", Place::Inside) => reach == Reach::Private,
        ("https", Place::Outside) => true,
        _ => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// No place an issuer can be, not even inside.
    Nowhere,
    Loopback,
    Inside,
    Outside,
}

impl Place {
    fn of(url: &Url) -> Self {
        match url.host() {
            None => Self::Nowhere,
            Some(host @ Host::Domain(_)) => match host_kind(&host) {
                Kind::Loopback => Self::Loopback,
                Kind::Name => Self::Outside,
                _ => Self::Nowhere,
            },
            Some(Host::Ipv4(address)) => Self::of_address(address.into()),
            Some(Host::Ipv6(address)) => Self::of_address(address.into()),
        }
    }

    /// An address inside another is inside, wherever it leads: no issuer is written that way.
    fn of_address(address: IpAddr) -> Self {
        match (ip_kind(address), ip_way(address)) {
            (Kind::LinkLocal | Kind::Metadata | Kind::Reserved | Kind::Name, _) => Self::Nowhere,
            (Kind::Loopback, Way::Plain | Way::Mapped) => Self::Loopback,
            (Kind::Public, Way::Plain | Way::Mapped) => Self::Outside,
            (Kind::Private | Kind::Shared, _) | (Kind::Loopback | Kind::Public, Way::Carried) => Self::Inside,
        }
    }
}

/// The last of a chain of errors, which is the one that says something.
fn innermost(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
