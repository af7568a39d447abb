//! Which names are known without asking a name server?

use std::net::{IpAddr, Ipv4Addr};

use ::url::Host;

use crate::address::{Kind, host_kind, ip_kind};

/// Cloud metadata services besides those that [`crate::address`] refuses to connect to.
const METADATA: [&str; 6] = [
    "instance-data",
    "metadata.azure.internal",
    "metadata.platformequinix.com",
    "metadata.packet.net",
    "metadata.tencentyun.com",
    "rancher-metadata",
];

/// Names of this machine, some of them public ones that somebody keeps for convenience.
const LOOPBACK: [&str; 9] = [
    "localhost.localdomain",
    "localhost6",
    "localhost6.localdomain6",
    "ip6-localhost",
    "ip6-loopback",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
];

/// Ends of names that no public name server answers for.
const PRIVATE: [&str; 12] = [
    "internal",
    "local",
    "localdomain",
    "lan",
    "home",
    "corp",
    "intranet",
    "private",
    "home.arpa",
    "in-addr.arpa",
    "svc",
    "test",
];

/// Public names that resolve to the address they contain.
const ECHOES: [&str; 5] = ["nip.io", "sslip.io", "xip.io", "traefik.me", "backname.io"];

/// The kind of a name, lower-case and without a dot at its end.
pub(super) fn kind(name: &str) -> Kind {
    let known = host_kind(&Host::Domain(name));
    if known != Kind::Name {
        return known;
    }
    let below = |end: &str| name.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    if METADATA.contains(&name) {
        Kind::Metadata
    } else if LOOPBACK.into_iter().any(below) {
        Kind::Loopback
    } else if let Some(end) = ECHOES.into_iter().find(|end| below(end)) {
        echoed(name.strip_suffix(end).unwrap_or_default()).map_or(Kind::Name, |address| ip_kind(IpAddr::V4(address)))
    } else if !name.contains('.') || PRIVATE.into_iter().any(below) {
        // A name of one word is looked up in the machine's own domain.
        Kind::Private
    } else {
        Kind::Name
    }
}

/// The address in `app.10.0.0.1.nip.io`, `app-10-0-0-1.sslip.io` or `7f000001.nip.io`.
fn echoed(before: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = before.trim_end_matches('.').split(['.', '-']).collect();
    let last = parts.last().filter(|last| last.len() == 8).and_then(|last| u32::from_str_radix(last, 16).ok());
    let quad = |four: &[&str]| {
        let bytes: Vec<u8> = four.iter().map(|part| part.parse().ok()).collect::<Option<_>>()?;
        <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
    };
    parts.windows(4).rev().find_map(quad).or_else(|| last.map(Ipv4Addr::from))
}
