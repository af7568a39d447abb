//! Where does a URL lead, whoever reads it?
//!
//! The URL standard's parser reads it, [`crate::address`] judges the host, and [`doubt`] names what browsers, curl and
//! older clients are known to read in different ways.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod doubt;
mod names;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ::url::{Host, Url};
use schemars::JsonSchema;
use serde::Serialize;

use crate::address::{Kind, Way, carried, ip_kind, ip_way};

/// What is longer is not read.
const LONGEST: usize = 64 * 1024;

/// How many URLs inside URLs are followed (`jdbc:postgresql://`).
const DEEPEST: u8 = 3;

/// What a URL says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "UrlFacts")]
pub struct Facts {
    /// The scheme, lower-case; nothing when the text names none and a client would have to guess.
    pub scheme: Option<String>,
    /// The host: lower-case, without a dot at its end, in ASCII; an address as it is usually written, without brackets.
    pub host: Option<String>,
    /// What kind of place the host is; a `name` is judged by what it resolves to, which is not known here.
    pub host_kind: Option<Kind>,
    /// Whether the host is an address and not a name.
    pub literal_ip: bool,
    /// Whether a user or a password stands before the host. They are never repeated.
    pub user_info: bool,
    /// The port, also when it is the scheme's own and was not written.
    pub port: Option<u16>,
    /// The path: dot segments resolved, repeated slashes merged, needless percent-encoding undone.
    pub path: Option<String>,
    /// Scheme, host, port if it is not the scheme's own, and path; for comparing. Without user, query and fragment.
    pub normal: Option<String>,
    /// Whether every client reads the text in this way.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<Reason>,
}

/// Why two clients may not agree about a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UrlReason")]
pub enum Reason {
    /// No client takes it for a URL.
    Unreadable,
    /// It is too long to be read.
    TooLong,
    /// No scheme stands before the host; some clients put one there.
    NoScheme,
    /// Spaces around it, or tabs and line breaks in it, which browsers drop.
    Stripped,
    /// A backslash, which browsers take for a slash.
    Backslash,
    /// Fewer or more than two slashes before the host.
    Slashes,
    /// Several at-signs, or one where an old client looks for the host's end.
    AtSign,
    /// A host with percent-encoding.
    EncodedHost,
    /// A host with characters that become others, as full-width digits do.
    FoldedHost,
    /// A name that no name server would know.
    OddHost,
    /// An address in octal, hex, with too few parts or as one number.
    OddNumber,
    /// An IPv4 address in an IPv6 one that only a gateway on the way undoes.
    CarriedAddress,
    /// An IPv6 address with the name of a network card.
    Zone,
    /// Braces or brackets that curl replaces by several texts.
    Pattern,
    /// A URL inside a URL; the inner one was read.
    Nested,
    /// Dot segments that are percent-encoded or have a parameter.
    HiddenDots,
    /// A parameter behind a name in the path (`/admin;x`), which some servers drop before they look.
    Parameter,
    /// A slash or backslash that is percent-encoded.
    EncodedSlash,
    /// Percent-encoding that is encoded once more.
    EncodedTwice,
    /// Slashes side by side in the path.
    RepeatedSlash,
    /// A control character, written or percent-encoded.
    Control,
}

/// Reads a URL. It never resolves a name.
pub fn read(text: &str) -> Facts {
    let mut facts = if text.len() > LONGEST {
        Facts { reasons: BTreeSet::from([Reason::TooLong]), ..Facts::default() }
    } else {
        let clean: String = text
            .trim_matches(|c: char| c <= ' ' || c.is_whitespace())
            .chars()
            .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
            .collect();
        let mut facts = read_clean(&clean, DEEPEST);
        if clean.len() != text.len() {
            facts.reasons.insert(Reason::Stripped);
        }
        facts
    };
    facts.complete = facts.reasons.is_empty();
    facts
}

fn read_clean(text: &str, depth: u8) -> Facts {
    let Some((scheme, rest)) = split_scheme(text) else { return guess(text) };
    let scheme = scheme.to_ascii_lowercase();
    let special = is_special(&scheme);
    if special || rest.starts_with("//") {
        return locate(&scheme, &format!("{scheme}:{rest}"));
    }
    if starts_with_port(rest) && !matches!(scheme.as_str(), "tel" | "sms" | "fax" | "urn" | "data" | "about") {
        return guess(text);
    }
    // `jdbc:postgresql://host`, `view-source:http://host`, `blob:https://host`.
    let inner = rest.contains("://").then(|| depth.checked_sub(1)).flatten();
    if let Some(depth) = inner {
        let mut facts = read_clean(rest, depth);
        facts.reasons.insert(Reason::Nested);
        facts.scheme = Some(scheme);
        facts.normal = None;
        return facts;
    }
    let mut facts = Facts { scheme: Some(scheme), ..Facts::default() };
    if rest.contains("://") {
        facts.reasons.insert(Reason::Nested);
    }
    if rest.starts_with(['\\', '/']) {
        facts.reasons.insert(Reason::Slashes);
    }
    facts
}

/// What a client that insists would make of a text without a scheme.
fn guess(text: &str) -> Facts {
    let slashes = text.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    let unlikely = slashes == 1 || text.is_empty() || text.starts_with(['.', '?', '#']);
    let mut facts = if unlikely {
        Facts::default()
    } else {
        let rest = text.trim_start_matches(['/', '\\']);
        let facts = locate("http", &format!("http://{rest}"));
        // As in `git@host:path`.
        match rest.split_once('@').and_then(|(_, after)| after.split_once(':')) {
            Some((host, path)) if facts.host.is_none() => {
                let mut facts = locate("http", &format!("http://{host}/{path}"));
                facts.user_info = true;
                facts.port = None;
                facts
            }
            _ => facts,
        }
    };
    facts.reasons.insert(Reason::NoScheme);
    facts.scheme = None;
    facts.normal = None;
    if slashes > 2 {
        facts.reasons.insert(Reason::Slashes);
    }
    facts
}

fn locate(scheme: &str, text: &str) -> Facts {
    let mut reasons = doubt::doubts(text);
    let authority = doubt::authority(text);
    // As in `sqlserver://host:1433;password=…`: settings, with secrets among them, where others have a path.
    let tail = authority.rsplit_once('@').map_or(authority, |(_, tail)| tail);
    let cut = tail.split_once(';').zip(text.split_once(tail)).map(|((host, _), (before, _))| format!("{before}{host}"));
    if cut.is_some() {
        reasons.insert(Reason::OddHost);
    }
    let text = cut.as_deref().unwrap_or(text);
    let url = Url::parse(text).or_else(|error| {
        let (before, zone, after) = doubt::zone(text).ok_or(error)?;
        reasons.insert(if zone.is_empty() { Reason::OddHost } else { Reason::Zone });
        Url::parse(&format!("{before}{after}"))
    });
    let Ok(url) = url else {
        reasons.insert(Reason::Unreadable);
        let user_info = authority.contains('@');
        return Facts { scheme: Some(scheme.to_owned()), user_info, reasons, ..Facts::default() };
    };
    let host = host_of(&url, &mut reasons);
    let kind = host.as_ref().map(|host| kind_of(host, doubt::host(authority), &mut reasons));
    let path = normal_path(url.path());
    let shown = host.as_ref().map(show);
    let in_url = match &host {
        Some(Host::Ipv6(_)) if shown.as_ref().is_some_and(|text| text.contains(':')) => {
            format!("[{}]", shown.as_deref().unwrap_or_default())
        }
        _ => shown.clone().unwrap_or_default(),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Facts {
        scheme: Some(scheme.to_owned()),
        host_kind: kind,
        literal_ip: matches!(host, Some(Host::Ipv4(_) | Host::Ipv6(_))),
        user_info: authority.contains('@') || !url.username().is_empty() || url.password().is_some(),
        port: url.port_or_known_default(),
        normal: (!reasons.contains(&Reason::OddHost)).then(|| format!("{scheme}://{in_url}{port}{path}")),
        path: Some(path),
        host: shown,
        complete: false,
        reasons,
    }
}

/// The host; schemes the standard does not know are read as if it did, because their clients resolve it all the same.
fn host_of(url: &Url, reasons: &mut BTreeSet<Reason>) -> Option<Host<String>> {
    let host = match url.host()? {
        Host::Domain(name) if !is_special(url.scheme()) => Host::parse(name).unwrap_or_else(|_| {
            reasons.insert(Reason::OddHost);
            Host::Domain(name.to_ascii_lowercase())
        }),
        host => host.to_owned(),
    };
    Some(match host {
        Host::Domain(name) => {
            let dots = name.ends_with("..");
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let odd = |label: &str| label.is_empty() || label.len() > 63 || !label.chars().all(usual);
            if dots || name.len() > 253 || name.split('.').any(odd) {
                reasons.insert(Reason::OddHost);
            }
            Host::Domain(name)
        }
        address => address,
    })
}

fn kind_of(host: &Host<String>, written: &str, reasons: &mut BTreeSet<Reason>) -> Kind {
    match host {
        Host::Domain(name) => names::kind(name),
        Host::Ipv4(address) => {
            let kind = ip_kind(IpAddr::V4(*address));
            let written = written.trim_end_matches('.');
            if written == address.to_string() {
                return kind;
            }
            reasons.insert(Reason::OddNumber);
            decimal(written).map_or(kind, |other| worse(kind, ip_kind(IpAddr::V4(other))))
        }
        Host::Ipv6(address) => {
            if ip_way(IpAddr::V6(*address)) == Way::Carried {
                reasons.insert(Reason::CarriedAddress);
            }
            ip_kind(IpAddr::V6(*address))
        }
    }
}

/// The text of a host; an IPv4 address inside an IPv6 one is that address, unless it leads elsewhere there.
fn show(host: &Host<String>) -> String {
    let inside = |address: Ipv6Addr| {
        carried(address).filter(|inner| ip_kind(IpAddr::V4(*inner)) == ip_kind(IpAddr::V6(address)))
    };
    match host {
        Host::Domain(name) => name.clone(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => inside(*address).map_or_else(|| address.to_string(), |inner| inner.to_string()),
    }
}

/// The address for a client that knows no octal numbers: `010.0.0.1` is 10.0.0.1 there.
fn decimal(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u8> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    <[u8; 4]>::try_from(parts).ok().map(Ipv4Addr::from)
}

fn worse(one: Kind, other: Kind) -> Kind {
    let rank = |kind| match kind {
        Kind::Metadata => 0_u8,
        Kind::Loopback => 1,
        Kind::LinkLocal => 2,
        Kind::Private => 3,
        Kind::Shared => 4,
        Kind::Reserved => 5,
        Kind::Name => 6,
        Kind::Public => 7,
    };
    if rank(other) < rank(one) { other } else { one }
}

/// Undoes the percent-encoding that means nothing, and merges slashes.
fn normal_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(c) = rest.next() {
        let code = rest.as_str().get(..2).filter(|code| c == '%' && code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(code) = code {
            let plain = u8::from_str_radix(code, 16).map_or(c, char::from);
            if plain.is_ascii_alphanumeric() || matches!(plain, '-' | '.' | '_' | '~') {
                out.push(plain);
            } else {
                out.push('%');
                out.extend(code.chars().map(|c| c.to_ascii_uppercase()));
            }
            rest = rest.as_str().get(2..).unwrap_or_default().chars();
        } else if c != '/' || !out.ends_with('/') {
            out.push(c);
        }
    }
    out
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    fits.then_some((scheme, rest))
}

/// As in `localhost:8080/path`, which the standard takes for a scheme.
fn starts_with_port(rest: &str) -> bool {
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.len().saturating_sub(after.len());
    (1..=5).contains(&digits) && (after.is_empty() || after.starts_with(['/', '?', '#', '\\']))
}

fn is_special(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp" | "file")
}

#[cfg(test)]
mod tests;
