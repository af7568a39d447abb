//! May we connect to this address? What an operator's configuration, or a document from elsewhere, must not reach.
//!
//! The check is made on addresses, after the one resolver has answered and on everything it answered, and the connection
//! is made to the very addresses that were checked. What an address is, however it is written, [`crate::address`] says.

use std::net::IpAddr;

use crate::address::{Kind, ip_kind, names_this_machine};

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
        let refused = match (ip_kind(address), reach) {
            (Kind::Public, _)
            | (Kind::Loopback, Reach::Loopback | Reach::Private)
            | (Kind::Private | Kind::Shared, Reach::Private) => continue,
            (Kind::Loopback, Reach::Public) => Refused::Loopback,
            (Kind::Private | Kind::Shared, Reach::Public | Reach::Loopback) => Refused::Private,
            (Kind::LinkLocal | Kind::Metadata | Kind::Reserved | Kind::Name, _) => Refused::Never,
        };
        return Err((address, refused));
    }
    Ok(())
}

/// How far a URL's own host reaches: a loopback literal or `localhost` is the operator's word for this machine.
pub fn reach_of(url: &url::Url, private: Private) -> Reach {
    if private == Private::Allowed {
        return Reach::Private;
    }
    let loopback = url.host().is_some_and(|host| names_this_machine(&host));
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
