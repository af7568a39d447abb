//! Every kind of place, at its edges, in every way to write it.

use super::*;

#[test]
fn every_place_is_known_for_what_it_is() {
    // SSR-01
    for (kind, hosts) in [
        (Kind::Loopback, &["127.0.0.0", "127.0.0.1", "127.255.255.255", "[::1]", "localhost", "a.localhost."][..]),
        (Kind::Private, &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0"]),
        (Kind::Private, &["192.168.255.255", "198.18.0.0", "198.19.255.255", "[fc00::]", "[fdff::1]", "[fd00:ec2::1]"]),
        (Kind::Shared, &["100.64.0.0", "100.127.255.255", "100.100.100.199"]),
        (Kind::LinkLocal, &["169.254.0.0", "169.254.255.255", "[fe80::]", "[febf:ffff::1]"]),
        (Kind::Metadata, &["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16"]),
        (Kind::Metadata, &["[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]"]),
        (Kind::Metadata, &["metadata", "metadata.google.internal", "metadata.goog", "instance-data.ec2.internal."]),
        (Kind::Reserved, &["0.0.0.0", "0.255.255.255", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"]),
        (Kind::Reserved, &["192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255"]),
        (Kind::Reserved, &["[::]", "[::2:0:0:1]", "[100::1]", "[fec0::1]", "[fe00::1]", "[ff02::1]", "[4000::1]"]),
        (Kind::Reserved, &["[2001::1]", "[2001:1ff::1]", "[2001:db8::1]", "[3fff::1]", "[3fff:fff::1]", "[1fff::1]"]),
        (Kind::Public, &["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"]),
        (Kind::Public, &["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1"]),
        (Kind::Public, &["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"]),
        (
            Kind::Public,
            &["[2000::1]", "[2001:200::1]", "[2606:4700::1111]", "[2003::1]", "[3fff:1000::1]", "[3ffe::1]"],
        ),
        (Kind::Name, &["example.com", "localhost.example.com", "metadata.example.com"]),
    ] {
        for host in hosts {
            assert_eq!(address_kind(host), Some(kind), "{host}");
        }
    }
    assert_eq!((address_kind("1.2.3.4.5"), address_kind("a b")), (None, None));
}

#[test]
fn an_address_inside_another_is_the_place_it_leads_to() {
    // SSR-02
    for (inner, kind, behind_own) in [
        ("127.0.0.1", Kind::Loopback, Kind::Private),
        ("10.0.0.1", Kind::Private, Kind::Private),
        ("100.64.0.1", Kind::Shared, Kind::Private),
        ("8.8.8.8", Kind::Public, Kind::Private),
        ("169.254.169.254", Kind::Metadata, Kind::Metadata),
        ("169.254.0.1", Kind::LinkLocal, Kind::LinkLocal),
        ("0.0.0.0", Kind::Reserved, Kind::Reserved),
        ("224.0.0.1", Kind::Reserved, Kind::Reserved),
    ] {
        let [a, b, c, d] = inner.parse::<Ipv4Addr>().unwrap().octets();
        let (high, low) = (format!("{a:x}{b:02x}"), format!("{c:x}{d:02x}"));
        for (outer, way) in [
            (format!("[::ffff:{inner}]"), Way::Mapped),
            (format!("[::ffff:{high}:{low}]"), Way::Mapped),
            (format!("[::{inner}]"), Way::Carried),
            (format!("[::ffff:0:{inner}]"), Way::Carried),
            (format!("[64:ff9b::{inner}]"), Way::Carried),
            (format!("[2002:{high}:{low}::1]"), Way::Carried),
        ] {
            let Ok(Host::Ipv6(address)) = Host::parse(&outer) else { panic!("{outer}") };
            assert_eq!((ip_kind(address.into()), ip_way(address.into())), (kind, way), "{outer}");
        }
        assert_eq!(address_kind(&format!("[64:ff9b:1::{inner}]")), Some(behind_own), "{inner}");
        assert_eq!(address_kind(&format!("[64:ff9b:1:2:3:4:{high}:{low}]")), Some(behind_own), "{inner}");
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
        "169.254.169.254.",
        "\u{ff11}\u{ff16}\u{ff19}.254.169.254",
        "METADATA.google.internal.",
    ] {
        assert_eq!(address_kind(host), Some(Kind::Metadata), "{host}");
    }
    for host in ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "\u{2460}27.0.0.1", "LOCALHOST."] {
        assert_eq!(address_kind(host), Some(Kind::Loopback), "{host}");
    }
}

#[test]
fn this_machine_is_named_only_as_itself() {
    let named = |host: &str| names_this_machine(&Host::parse(host).unwrap());
    for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "a.localhost", "2130706433"] {
        assert!(named(host), "{host}");
    }
    // Nobody means this machine who writes it so.
    for host in ["[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "0.0.0.0", "[::]", "localhost.example"]
    {
        assert!(!named(host), "{host}");
    }
}
