//! May we connect to this address? What an operator's configuration, or a document from elsewhere, must not reach.
//!
//! The check is made on addresses, after the one resolver has answered and on everything it answered, and the connection
//! is made to the very addresses that were checked. Spelling tricks (decimal, octal, hexadecimal, full-width digits)
//! are undone by the URL parser before; addresses inside addresses (mapped, translated, tunnelled) are undone here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far inside a connection may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// This machine too: the operator wrote a loopback address or `localhost` into the configuration.
    Loopback,
    /// Private networks too: the operator said so.
    Private,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// This machine.
    #[error("it is an address of this machine; write `localhost` or its address into the configuration to allow it")]
    Loopback,
    /// A network that is not the public one.
    #[error("it is a private address; say `allow_private = true` for this server to allow it")]
    Private,
    /// Link-local and metadata addresses, which nobody may allow: they hand out credentials of the machine.
    #[error("it is a link-local, metadata or reserved address, which is never allowed")]
    Never,
}

/// Whether all of these may be connected to. One bad address refuses the name as a whole.
pub fn check(addresses: impl IntoIterator<Item = IpAddr>, reach: Reach) -> Result<(), (IpAddr, Refused)> {
    for address in addresses {
        match (class(address), reach) {
            (Class::Public, _)
            | (Class::Loopback, Reach::Loopback | Reach::Private)
            | (Class::Private, Reach::Private) => {}
            (Class::Loopback, Reach::Public) => return Err((address, Refused::Loopback)),
            (Class::Private, Reach::Public | Reach::Loopback) => return Err((address, Refused::Private)),
            (Class::Never, _) => return Err((address, Refused::Never)),
        }
    }
    Ok(())
}

/// How far a URL's own host reaches: a loopback literal or `localhost` is the operator's word for this machine.
pub fn reach_of(url: &url::Url, private: Private) -> Reach {
    if private == Private::Allowed {
        return Reach::Private;
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    };
    if loopback { Reach::Loopback } else { Reach::Public }
}

/// Whether the operator opened private networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    /// They stay closed.
    Refused,
    /// `allow_private = true`.
    Allowed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Public,
    Loopback,
    Private,
    Never,
}

const fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

const fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [127, ..] => Class::Loopback,
        // Metadata of clouds that put it into shared address space, then link-local, where the others put it.
        [100, 100, 100, 200] | [168, 63, 129, 16] | [169, 254, ..] => Class::Never,
        // The last is for benchmarks.
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => Class::Private,
        // "This network", documentation, relays, multicast and reserved are never a server.
        [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => {
            Class::Never
        }
        _ => Class::Public,
    }
}

const fn class_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // An IPv4 address inside: mapped, compatible, translated (both prefixes), 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            inside(high, low)
        }
        [0, 0, 0, 0, 0xffff, 0, high, low] => inside(high, low),
        // An instance's metadata in IPv6; tunnels and documentation.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0x2001, 0 | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Never,
        [0xfc00..=0xfdff, ..] | [0x64, 0xff9b, 1, ..] => Class::Private,
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Never,
    }
}

const fn inside(high: u16, low: u16) -> Class {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    class_v4(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &url::Url) -> IpAddr {
        match url.host().unwrap() {
            url::Host::Ipv4(address) => address.into(),
            url::Host::Ipv6(address) => address.into(),
            url::Host::Domain(name) => panic!("{name} is a name"),
        }
    }

    fn refusal(url: &str, private: Private) -> Option<Refused> {
        let url = url::Url::parse(url).ok()?;
        check([address(&url)], reach_of(&url, private)).err().map(|(_, why)| why)
    }

    #[test]
    fn addresses_inside_are_refused_however_they_are_written() {
        // SSR-01, SSR-02.
        let never = [
            "http://169.254.169.254/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://169.254.43518/",
            "http://[::ffff:169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://169.254.169.254./",
            "http://１６９.254.169.254/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://255.255.255.255/",
            "http://224.0.0.1/",
            "http://[ff02::1]/",
            "http://[2001::1]/",
        ];
        for url in never {
            assert_eq!(refusal(url, Private::Refused), Some(Refused::Never), "{url}");
            assert_eq!(refusal(url, Private::Allowed), Some(Refused::Never), "{url}");
        }
        let private = [
            "http://10.1.2.3/",
            "http://172.31.0.1/",
            "http://192.168.0.1/",
            "http://100.64.0.1/",
            "http://[fc00::1]/",
            "http://0x0a010203/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://10.1.2.3./",
        ];
        for url in private {
            assert_eq!(refusal(url, Private::Refused), Some(Refused::Private), "{url}");
            assert_eq!(refusal(url, Private::Allowed), None, "{url}");
        }
        for url in ["http://93.184.216.34/", "http://[2606:4700::1111]/", "http://172.32.0.1/", "http://100.128.0.1/"] {
            assert_eq!(refusal(url, Private::Refused), None, "{url}");
        }
    }

    #[test]
    fn this_machine_is_reached_only_by_its_own_name() {
        for url in ["http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://localhost:3000/mcp"] {
            assert_eq!(reach_of(&url::Url::parse(url).unwrap(), Private::Refused), Reach::Loopback, "{url}");
        }
        let named = url::Url::parse("http://tools.example.com/").unwrap();
        let found = [IpAddr::from([127, 0, 0, 1])];
        assert_eq!(check(found, reach_of(&named, Private::Refused)).unwrap_err().1, Refused::Loopback);
        // A mapped loopback address is not how anybody writes this machine.
        assert_eq!(refusal("http://[::ffff:127.0.0.1]/", Private::Refused), Some(Refused::Loopback));
    }

    #[test]
    fn one_private_record_refuses_the_whole_name() {
        // SSR-04.
        let found = [IpAddr::from([93, 184, 216, 34]), IpAddr::from([10, 0, 0, 1])];
        assert_eq!(check(found, Reach::Public), Err((found[1], Refused::Private)));
        assert_eq!(check(found, Reach::Loopback), Err((found[1], Refused::Private)));
    }
}
