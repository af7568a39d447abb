//! Where does an address lead?
//!
//! One parser, the URL standard's, turns every way of writing an address (decimal, octal, hex, full-width digits, a
//! trailing dot) into an address before it is judged; addresses inside addresses are undone here. The same answer is
//! given for a configured URL, for one that a document names, and for what a name resolves to when it is connected:
//! what each of them may reach is for the room that asks.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::Serialize;
use url::Host;

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AddressKind")]
pub enum Kind {
    /// This machine.
    Loopback,
    /// A network that is not the public one, also those for benchmarks.
    Private,
    /// A provider's network between its customers and the internet.
    Shared,
    /// The local link.
    LinkLocal,
    /// A cloud's metadata service, which hands out credentials to whoever asks.
    Metadata,
    /// No server's: "this network", protocol assignments, documentation, relays and tunnels, multicast, and what nobody
    /// has been given.
    Reserved,
    /// The internet.
    Public,
    /// A name: judge what it resolves to.
    Name,
}

/// How an address is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// As itself.
    Plain,
    /// As IPv4 in IPv6, which the system undoes: `::ffff:0:0/96`.
    Mapped,
    /// As IPv4 in IPv6, which a gateway on the way undoes: compatible, translated (NAT64) or 6to4.
    Carried,
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

/// Whether somebody wrote this machine: `localhost`, or a loopback address as itself.
pub fn names_this_machine<S: AsRef<str>>(host: &Host<S>) -> bool {
    let plain = match host {
        Host::Ipv6(address) => ip_way(IpAddr::V6(*address)) == Way::Plain,
        Host::Ipv4(_) | Host::Domain(_) => true,
    };
    plain && host_kind(host) == Kind::Loopback
}

/// The kind of an address, for instance one a name resolved to.
pub fn ip_kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => v4_kind(address),
        IpAddr::V6(address) => v6_kind(address),
    }
}

/// How an address is written.
pub fn ip_way(address: IpAddr) -> Way {
    match address {
        IpAddr::V4(_) => Way::Plain,
        IpAddr::V6(address) => match (carried(address), address.segments()) {
            (Some(_), [0, 0, 0, 0, 0, 0xffff, ..]) => Way::Mapped,
            (Some(_), _) => Way::Carried,
            (None, _) => Way::Plain,
        },
    }
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
        return Kind::Metadata;
    }
    match address.octets() {
        [127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [100, 64..=127, ..] => Kind::Shared,
        // The last is for benchmarks.
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [198, 18..=19, ..] => Kind::Private,
        [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Kind::Reserved
        }
        _ => Kind::Public,
    }
}

fn v6_kind(address: Ipv6Addr) -> Kind {
    if METADATA_V6.contains(&address) {
        return Kind::Metadata;
    }
    if address.is_loopback() {
        return Kind::Loopback;
    }
    let inner = carried(address).map(v4_kind);
    match (inner, address.segments()) {
        // A network's own translation: what lies behind it is its own affair, and cannot be worse than private.
        (Some(Kind::Loopback | Kind::Private | Kind::Shared | Kind::Public), [0x64, 0xff9b, 1, ..])
        | (None, [0xfc00..=0xfdff, ..]) => Kind::Private,
        (Some(inner), _) => inner,
        (None, [0xfe80..=0xfebf, ..]) => Kind::LinkLocal,
        // Protocol assignments with the Teredo tunnel among them, and documentation.
        (None, [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..]) => Kind::Reserved,
        (None, [0x2000..=0x3fff, ..]) => Kind::Public,
        (None, _) => Kind::Reserved,
    }
}

/// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one.
pub fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
