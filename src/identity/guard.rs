//! Did this request come by a name and from a page we know?
//!
//! A page on any site can make a browser talk to a loopback listener, and a name an attacker owns can be made to
//! resolve to it. The browser tells the truth in `Host` and `Origin`, so both are compared before anything else.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};
use url::Url;

/// What a listener accepts.
#[derive(Clone, Debug)]
pub struct Rules {
    listener: Listener,
    hosts: Vec<Host>,
    origins: Vec<String>,
}

/// Who can reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Only this machine.
    Loopback,
    /// Others too.
    Open,
}

/// Why a request is answered 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No `Host`, or more than one.
    #[error("the request must carry exactly one Host header")]
    HostCount,
    /// A `Host` that is not a name with an optional port.
    #[error("the Host header is not a name or address with an optional port")]
    HostForm,
    /// A name that is not ours.
    #[error("the request was sent to a host name that is not ours; the operator can add it to http.allowed_hosts")]
    HostUnknown,
    /// More than one `Origin`.
    #[error("the request carries more than one Origin header")]
    OriginCount,
    /// An `Origin` of `null`, which any sandboxed page has.
    #[error("requests from pages without an origin are refused")]
    OriginNull,
    /// An `Origin` that is not one.
    #[error("the Origin header is not a scheme, a host and an optional port")]
    OriginForm,
    /// A page that is not allowed.
    #[error("pages of this origin may not call the gateway; the operator can add it to http.allowed_origins")]
    OriginUnknown,
}

impl Refused {
    /// One word for the record.
    pub const fn class(self) -> &'static str {
        match self {
            Self::HostCount | Self::HostForm | Self::HostUnknown => "host",
            Self::OriginCount | Self::OriginNull | Self::OriginForm | Self::OriginUnknown => "origin",
        }
    }
}

/// A rule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// In `allowed_hosts`.
    #[error("`{0}` in http.allowed_hosts is not a host name; write `gw.example.com` or `gw.example.com:8443`")]
    Host(String),
    /// In `allowed_origins`.
    #[error("`{0}` in http.allowed_origins is not an origin; write `https://app.example.com`")]
    Origin(String),
}

impl Rules {
    /// From the `http` section of the configuration.
    pub fn new(listen: SocketAddr, public_url: &Url, hosts: &[String], origins: &[String]) -> Result<Self, BadRule> {
        let listener = if listen.ip().is_loopback() { Listener::Loopback } else { Listener::Open };
        let mut known = Vec::new();
        known.extend(public_url.host_str().and_then(Host::read).map(|host| Host { port: None, ..host }));
        for host in hosts {
            known.push(Host::read(host).ok_or_else(|| BadRule::Host(host.clone()))?);
        }
        // The gateway's own pages are not from elsewhere.
        let mut pages = vec![public_url.origin().ascii_serialization()];
        for origin in origins {
            pages.push(read_origin(origin).ok_or_else(|| BadRule::Origin(origin.clone()))?.0);
        }
        pages.retain(|page| page != "null");
        Ok(Self { listener, hosts: known, origins: pages })
    }
}

/// Lets a request through by its headers; `authority` is the one of its address, when it has one (HTTP/2).
pub fn admit_request(headers: &HeaderMap, authority: Option<&str>, rules: &Rules) -> Result<(), Refused> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next(), authority) {
        (Some(host), None, None) => Some(host.to_str().map_err(|_| Refused::HostForm)?),
        (None, None, authority) => authority,
        (Some(host), None, Some(authority)) if host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) => {
            Some(authority)
        }
        _ => return Err(Refused::HostCount),
    };
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        (None, _) => None,
        (Some(origin), None) => Some(origin.to_str().map_err(|_| Refused::OriginForm)?),
        _ => return Err(Refused::OriginCount),
    };
    admit(host, origin, rules)
}

/// Lets a request through, or says why not.
pub fn admit(host: Option<&str>, origin: Option<&str>, rules: &Rules) -> Result<(), Refused> {
    let host = Host::read(host.ok_or(Refused::HostCount)?).ok_or(Refused::HostForm)?;
    let local = rules.listener == Listener::Loopback;
    if !(local && host.is_loopback() || rules.hosts.iter().any(|known| known.admits(&host))) {
        return Err(Refused::HostUnknown);
    }
    let Some(origin) = origin else { return Ok(()) };
    if origin.eq_ignore_ascii_case("null") {
        return Err(Refused::OriginNull);
    }
    let (origin, page) = read_origin(origin).ok_or(Refused::OriginForm)?;
    // A browser extension may call itself localhost; a page served by this machine comes over http.
    let served = origin.starts_with("http://") || origin.starts_with("https://");
    if local && served && page.is_loopback() || rules.origins.contains(&origin) {
        Ok(())
    } else {
        Err(Refused::OriginUnknown)
    }
}

/// Whether a browser says that one of our own pages sent this, and not only one that may talk to us: other programs of this
/// machine have pages too.
pub fn from_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some((scheme, page)) = text(header::ORIGIN).and_then(|origin| {
        let scheme = origin.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase())?;
        Some((scheme, read_origin(origin)?.1))
    }) else {
        return site == Some("same-origin");
    };
    let default = if scheme == "https" { 443 } else { 80 };
    let port = |host: &Host| host.port.unwrap_or(default);
    text(header::HOST).and_then(Host::read).is_some_and(|host| host.name == page.name && port(&host) == port(&page))
}

/// A host name or address, in one spelling, and the port if it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    fn read(text: &str) -> Option<Self> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = address.parse().ok()?;
            (format!("[{address}]"), port)
        } else {
            let (name, port) = text.find(':').map_or(Some((text, "")), |at| text.split_at_checked(at))?;
            // One dot at the end says the same name; nothing else may stand for it.
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            let labelled = name.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            });
            if !labelled {
                return None;
            }
            (name, port)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        Some(Self { name, port })
    }

    /// A rule without a port is for every port.
    fn admits(&self, other: &Self) -> bool {
        self.name == other.name && (self.port.is_none() || self.port == other.port)
    }

    fn is_loopback(&self) -> bool {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        self.name == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// An origin in one spelling, and its host. Exactly scheme, host and port: user names, paths and lists are not origins.
fn read_origin(text: &str) -> Option<(String, Host)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if scheme.is_empty() || !scheme.bytes().all(plain) {
        return None;
    }
    let host = Host::read(rest)?;
    let default = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = host.port.filter(|port| Some(*port) != default).map(|port| format!(":{port}")).unwrap_or_default();
    Some((format!("{scheme}://{}{port}", host.name), host))
}

#[cfg(test)]
mod tests;
