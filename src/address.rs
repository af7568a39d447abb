//! Where does an address lead?
//!
//! One parser, the URL standard's, turns every way of writing an address (decimal, octal, hex, full-width digits, a
//! trailing dot) into an address before it is judged. The same judgement is made of a configured URL and of what a
//! name resolves to when it is connected.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// This machine.
    Loopback,
    /// A network that is not the public one, or an address nothing should connect to.
    Private,
    /// The local link.
    LinkLocal,
    /// A cloud's metadata service, which hands out credentials to whoever asks.
    Metadata,
    /// The internet.
    Public,
    /// A name: judge what it resolves to.
    Name,
}

/// Whether a server may be inside: `allow_private`, or a loopback address in its URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Only the internet.
    Refused,
    /// This machine and its networks too; never a metadata service.
    Allowed,
}

const METADATA_NAMES: [&str; 4] =
    ["metadata.google.internal", "metadata.goog", "metadata", "instance-data.ec2.internal"];

const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];

const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// The kind of a host as somebody wrote it; none when it is no host at all.
pub fn address_kind(host: &str) -> Option<Kind> {
    Host::parse(host).ok().map(|host| host_kind(&host))
}

/// The kind of a parsed URL's host.
pub fn host_kind<S: AsRef<str>>(host: &Host<S>) -> Kind {
    match host {
        Host::Ipv4(address) => ip_kind(IpAddr::V4(*address)),
        Host::Ipv6(address) => ip_kind(IpAddr::V6(*address)),
        Host::Domain(name) => name_kind(name.as_ref()),
    }
}

/// The kind of an address, for instance one a name resolved to.
pub fn ip_kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => v4_kind(address),
        IpAddr::V6(address) => v6_kind(address),
    }
}

/// Whether a configured name may be connected, given all it resolves to. One address that may not is enough to refuse
/// the name as a whole: which of them is taken is up to whoever answers for the name.
pub fn may_connect(resolved: &[IpAddr], inside: Inside) -> bool {
    let allowed = |address: &IpAddr| match ip_kind(*address) {
        Kind::Public => true,
        Kind::Metadata | Kind::Name => false,
        Kind::Loopback | Kind::Private | Kind::LinkLocal => inside == Inside::Allowed,
    };
    !resolved.is_empty() && resolved.iter().all(allowed)
}

fn name_kind(name: &str) -> Kind {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if METADATA_NAMES.contains(&name.as_str()) {
        Kind::Metadata
    } else if name == "localhost" || name.ends_with(".localhost") {
        Kind::Loopback
    } else {
        Kind::Name
    }
}

fn v4_kind(address: Ipv4Addr) -> Kind {
    if METADATA_V4.contains(&address) {
        Kind::Metadata
    } else if address.is_loopback() {
        Kind::Loopback
    } else if address.is_link_local() {
        Kind::LinkLocal
    } else if is_public_v4(address) {
        Kind::Public
    } else {
        Kind::Private
    }
}

/// Beyond the private ranges: "this network", shared (100.64/10), protocol assignments, documentation, benchmarks,
/// multicast and what is reserved.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside = match address.octets() {
        [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [100, second, ..] => (64..128).contains(&second),
        [198, second, ..] => second == 18 || second == 19,
        _ => false,
    };
    !inside && !address.is_private()
}

fn v6_kind(address: Ipv6Addr) -> Kind {
    if METADATA_V6.contains(&address) {
        return Kind::Metadata;
    }
    if address.is_loopback() {
        return Kind::Loopback;
    }
    if let Some(inner) = carried(address) {
        return v4_kind(inner);
    }
    match address.segments() {
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0x2001, 0xdb8, ..] => Kind::Private,
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Private,
    }
}

/// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inner_place_is_known_for_what_it_is() {
        // SSR-01
        for (host, kind) in [
            ("127.0.0.1", Kind::Loopback),
            ("127.9.9.9", Kind::Loopback),
            ("[::1]", Kind::Loopback),
            ("localhost", Kind::Loopback),
            ("a.localhost.", Kind::Loopback),
            ("10.0.0.1", Kind::Private),
            ("172.31.0.1", Kind::Private),
            ("192.168.1.1", Kind::Private),
            ("100.64.0.1", Kind::Private),
            ("0.0.0.0", Kind::Private),
            ("[::]", Kind::Private),
            ("224.0.0.1", Kind::Private),
            ("255.255.255.255", Kind::Private),
            ("[fc00::1]", Kind::Private),
            ("[fd12::1]", Kind::Private),
            ("[ff02::1]", Kind::Private),
            ("169.254.1.1", Kind::LinkLocal),
            ("[fe80::1]", Kind::LinkLocal),
            ("169.254.169.254", Kind::Metadata),
            ("[fd00:ec2::254]", Kind::Metadata),
            ("metadata.google.internal", Kind::Metadata),
            ("8.8.8.8", Kind::Public),
            ("[2606:4700::1111]", Kind::Public),
            ("example.com", Kind::Name),
        ] {
            assert_eq!(address_kind(host), Some(kind), "{host}");
        }
    }

    #[test]
    fn one_inner_record_refuses_the_whole_name() {
        // SSR-04
        let resolved = |all: &[&str]| all.iter().map(|address| address.parse().unwrap()).collect::<Vec<IpAddr>>();
        for (addresses, refused, allowed) in [
            (&["8.8.8.8", "2606:4700::1111"][..], true, true),
            (&["8.8.8.8", "10.0.0.1"], false, true),
            (&["127.0.0.1"], false, true),
            (&["8.8.8.8", "169.254.169.254"], false, false),
            (&[], false, false),
        ] {
            assert_eq!(may_connect(&resolved(addresses), Inside::Refused), refused, "{addresses:?}");
            assert_eq!(may_connect(&resolved(addresses), Inside::Allowed), allowed, "{addresses:?}");
        }
    }

    #[test]
    fn no_spelling_hides_an_address() {
        // SSR-02
        for host in [
            "2852039166",
            "0xa9fea9fe",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::a9fe:a9fe]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "169.254.169.254.",
            "\u{ff11}\u{ff16}\u{ff19}.254.169.254",
            "METADATA.google.internal.",
        ] {
            assert_eq!(address_kind(host), Some(Kind::Metadata), "{host}");
        }
        for host in ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:7f00:1]", "\u{2460}27.0.0.1"] {
            assert_eq!(address_kind(host), Some(Kind::Loopback), "{host}");
        }
        assert_eq!(address_kind("1.2.3.4.5"), None);
        assert_eq!(address_kind("a b"), None);
    }
}
