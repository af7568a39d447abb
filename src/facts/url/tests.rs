//! Every odd way to write an address, and what it comes to.

use proptest::prelude::*;

use super::*;

/// Text, scheme, host, kind, path; certain or not.
const CERTAIN: &[(&str, &str, &str, Kind, &str)] = &[
    ("https://example.com", "https", "example.com", Kind::Name, "/"),
    ("HTTPS://EXAMPLE.com./A/../b", "https", "example.com", Kind::Name, "/b"),
    ("https://example.com:443/a/./b/", "https", "example.com", Kind::Name, "/a/b/"),
    ("https://user:word@example.com/x?q#f", "https", "example.com", Kind::Name, "/x"),
    ("https://example.com@10.0.0.1/", "https", "10.0.0.1", Kind::Private, "/"),
    ("https://example.com/%61%7e%2Db", "https", "example.com", Kind::Name, "/a~-b"),
    ("https://example.com/a%c3%a9", "https", "example.com", Kind::Name, "/a%C3%A9"),
    ("https://example.com/?mail=a@b.example", "https", "example.com", Kind::Name, "/"),
    ("https://bücher.example/", "https", "xn--bcher-kva.example", Kind::Name, "/"),
    ("https://xn--bcher-kva.example/", "https", "xn--bcher-kva.example", Kind::Name, "/"),
    ("http://8.8.8.8/", "http", "8.8.8.8", Kind::Public, "/"),
    ("http://127.0.0.1:8080/a", "http", "127.0.0.1", Kind::Loopback, "/a"),
    ("http://127.0.0.1./", "http", "127.0.0.1", Kind::Loopback, "/"),
    ("http://[::1]:9/", "http", "::1", Kind::Loopback, "/"),
    ("http://[0:0:0:0:0:0:0:1]/", "http", "::1", Kind::Loopback, "/"),
    ("http://[::ffff:127.0.0.1]/", "http", "127.0.0.1", Kind::Loopback, "/"),
    ("http://[::FFFF:a9fe:a9fe]/", "http", "169.254.169.254", Kind::Metadata, "/"),
    ("http://[2606:4700::1111]/", "http", "2606:4700::1111", Kind::Public, "/"),
    ("http://[fd00:ec2::254]/latest", "http", "fd00:ec2::254", Kind::Metadata, "/latest"),
    ("http://[fe80::1]/", "http", "fe80::1", Kind::LinkLocal, "/"),
    ("http://169.254.169.254/latest/meta-data", "http", "169.254.169.254", Kind::Metadata, "/latest/meta-data"),
    ("http://169.254.0.9/", "http", "169.254.0.9", Kind::LinkLocal, "/"),
    ("http://100.64.0.1/", "http", "100.64.0.1", Kind::Shared, "/"),
    ("http://192.168.1.1/", "http", "192.168.1.1", Kind::Private, "/"),
    ("http://0.0.0.0/", "http", "0.0.0.0", Kind::Reserved, "/"),
    ("http://192.0.2.7/", "http", "192.0.2.7", Kind::Reserved, "/"),
    ("http://localhost/", "http", "localhost", Kind::Loopback, "/"),
    ("http://LOCALHOST./", "http", "localhost", Kind::Loopback, "/"),
    ("http://a.localhost/", "http", "a.localhost", Kind::Loopback, "/"),
    ("http://ip6-loopback/", "http", "ip6-loopback", Kind::Loopback, "/"),
    ("http://x.localtest.me/", "http", "x.localtest.me", Kind::Loopback, "/"),
    ("http://metadata.google.internal/", "http", "metadata.google.internal", Kind::Metadata, "/"),
    ("http://Metadata.Google.Internal./", "http", "metadata.google.internal", Kind::Metadata, "/"),
    ("http://instance-data/", "http", "instance-data", Kind::Metadata, "/"),
    ("http://db.internal/", "http", "db.internal", Kind::Private, "/"),
    ("http://printer.local/", "http", "printer.local", Kind::Private, "/"),
    ("http://intranet/", "http", "intranet", Kind::Private, "/"),
    ("http://api.default.svc.cluster.local/", "http", "api.default.svc.cluster.local", Kind::Private, "/"),
    ("http://10.0.0.1.nip.io/", "http", "10.0.0.1.nip.io", Kind::Private, "/"),
    ("http://app-169-254-169-254.sslip.io/", "http", "app-169-254-169-254.sslip.io", Kind::Metadata, "/"),
    ("http://7f000001.nip.io/", "http", "7f000001.nip.io", Kind::Loopback, "/"),
    ("http://internal.example.com/", "http", "internal.example.com", Kind::Name, "/"),
    ("http://localhost.example.com/", "http", "localhost.example.com", Kind::Name, "/"),
    ("postgres://u:p@10.0.0.5:5432/shop", "postgres", "10.0.0.5", Kind::Private, "/shop"),
    ("redis://LOCALHOST:6379/0", "redis", "localhost", Kind::Loopback, "/0"),
    ("ws://127.0.0.1/", "ws", "127.0.0.1", Kind::Loopback, "/"),
    ("git+ssh://git@example.com/a.git", "git+ssh", "example.com", Kind::Name, "/a.git"),
    ("file://server/share", "file", "server", Kind::Private, "/share"),
];

/// Text, host, kind, and one of the reasons why clients differ.
const DOUBTFUL: &[(&str, &str, Kind, Reason)] = &[
    ("http://2130706433/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://0x7f000001/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://0X7F.1/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://017700000001/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://0177.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://127.1/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://127.0.1/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("http://0/", "0.0.0.0", Kind::Reserved, Reason::OddNumber),
    ("http://2852039166/latest", "169.254.169.254", Kind::Metadata, Reason::OddNumber),
    ("http://0xa9.0xfe.0xa9.0xfe/", "169.254.169.254", Kind::Metadata, Reason::OddNumber),
    ("http://169.254.43518/", "169.254.169.254", Kind::Metadata, Reason::OddNumber),
    ("http://010.0.0.1/", "8.0.0.1", Kind::Private, Reason::OddNumber),
    ("http://[64:ff9b::169.254.169.254]/", "169.254.169.254", Kind::Metadata, Reason::CarriedAddress),
    ("http://[64:ff9b:1::8.8.8.8]/", "64:ff9b:1::808:808", Kind::Private, Reason::CarriedAddress),
    ("http://[2002:7f00:1::]/", "127.0.0.1", Kind::Loopback, Reason::CarriedAddress),
    ("http://[::127.0.0.1]/", "127.0.0.1", Kind::Loopback, Reason::CarriedAddress),
    ("http://[fe80::1%25eth0]/", "fe80::1", Kind::LinkLocal, Reason::Zone),
    ("http://[::1%lo]:80/", "::1", Kind::Loopback, Reason::Zone),
    ("http://%31%32%37.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::EncodedHost),
    ("http://loc%61lhost/", "localhost", Kind::Loopback, Reason::EncodedHost),
    ("http://１２７.０.０.１/", "127.0.0.1", Kind::Loopback, Reason::FoldedHost),
    ("http://127。0。0。1/", "127.0.0.1", Kind::Loopback, Reason::FoldedHost),
    ("http://ⓛocalhost/", "localhost", Kind::Loopback, Reason::FoldedHost),
    ("http://local\u{ad}host/", "localhost", Kind::Loopback, Reason::FoldedHost),
    ("http://faß.example/", "xn--fa-hia.example", Kind::Name, Reason::FoldedHost),
    ("http:\\\\127.0.0.1\\a", "127.0.0.1", Kind::Loopback, Reason::Backslash),
    ("http://example.com\\@127.0.0.1/", "example.com", Kind::Name, Reason::AtSign),
    ("http://a@b@127.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::AtSign),
    ("http://example.com#@10.0.0.1/", "example.com", Kind::Name, Reason::AtSign),
    ("http://example.com?@10.0.0.1/", "example.com", Kind::Name, Reason::AtSign),
    ("http:127.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::Slashes),
    ("http:/127.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::Slashes),
    ("http:///127.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::Slashes),
    (" http://127.0.0.1/", "127.0.0.1", Kind::Loopback, Reason::Stripped),
    ("ht\ntp://12\t7.0.0.1/\r\n", "127.0.0.1", Kind::Loopback, Reason::Stripped),
    ("\u{a0}http://127.0.0.1", "127.0.0.1", Kind::Loopback, Reason::Stripped),
    ("127.0.0.1:80/a", "127.0.0.1", Kind::Loopback, Reason::NoScheme),
    ("localhost:8080", "localhost", Kind::Loopback, Reason::NoScheme),
    ("metadata.google.internal:80/x", "metadata.google.internal", Kind::Metadata, Reason::NoScheme),
    ("//169.254.169.254/latest", "169.254.169.254", Kind::Metadata, Reason::NoScheme),
    ("example.com/path", "example.com", Kind::Name, Reason::NoScheme),
    ("git@10.0.0.5:team/repo.git", "10.0.0.5", Kind::Private, Reason::NoScheme),
    ("jdbc:postgresql://10.0.0.5:5432/shop", "10.0.0.5", Kind::Private, Reason::Nested),
    ("view-source:http://127.1/", "127.0.0.1", Kind::Loopback, Reason::Nested),
    ("jdbc:sqlserver://10.0.0.5:1433;password=hunter2", "10.0.0.5", Kind::Private, Reason::OddHost),
    ("http://a;b@10.0.0.5;c/", "10.0.0.5", Kind::Private, Reason::OddHost),
    ("mongodb://10.0.0.1,example.com/", "10.0.0.1,example.com", Kind::Name, Reason::OddHost),
    ("http://{127.0.0.1,example.com}/", "{127.0.0.1,example.com}", Kind::Name, Reason::Pattern),
    ("http://a..example.com/", "a..example.com", Kind::Name, Reason::OddHost),
    ("redis://2130706433:6379/", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("gopher://0x7f.1:70/_", "127.0.0.1", Kind::Loopback, Reason::OddNumber),
    ("https://example.com/a/%2e%2e/b", "example.com", Kind::Name, Reason::HiddenDots),
    ("https://example.com/a/..;x/b", "example.com", Kind::Name, Reason::HiddenDots),
    ("https://example.com/a%2F..%2fb", "example.com", Kind::Name, Reason::EncodedSlash),
    ("https://example.com/%252e%252e/", "example.com", Kind::Name, Reason::EncodedTwice),
    ("https://example.com//admin", "example.com", Kind::Name, Reason::RepeatedSlash),
    ("https://example.com/a%00.png", "example.com", Kind::Name, Reason::Control),
    ("https://example.com/[1-9].png", "example.com", Kind::Name, Reason::Pattern),
];

/// Text without a host that could be judged, and the reason.
const HOSTLESS: &[(&str, Option<Reason>)] = &[
    ("", Some(Reason::NoScheme)),
    ("/etc/passwd", Some(Reason::NoScheme)),
    ("../x", Some(Reason::NoScheme)),
    ("http://", Some(Reason::Unreadable)),
    ("http://256.256.256.256/", Some(Reason::Unreadable)),
    ("http://4294967296/", Some(Reason::Unreadable)),
    ("http://[::1/", Some(Reason::Unreadable)),
    ("http://a b/", Some(Reason::Unreadable)),
    ("http://example.com:99999/", Some(Reason::Unreadable)),
    ("http://exa%00mple.com/", Some(Reason::Unreadable)),
    ("mailto:a@example.com", None),
    ("data:text/plain,hello", None),
    ("javascript:alert(1)", None),
    ("tel:112", None),
    ("file:///etc/passwd", None),
    ("unix:///var/run/docker.sock", None),
    ("a:b:c:d:e:f://x/", Some(Reason::Nested)),
];

#[test]
fn what_every_client_reads_alike_is_complete() {
    // POL-11
    for (text, scheme, host, kind, path) in CERTAIN {
        let facts = read(text);
        let found = (facts.scheme.as_deref(), facts.host.as_deref(), facts.host_kind, facts.path.as_deref());
        assert_eq!(found, (Some(*scheme), Some(*host), Some(*kind), Some(*path)), "{text}");
        assert!(facts.complete, "{text}: {:?}", facts.reasons);
    }
}

#[test]
fn an_odd_way_to_write_an_address_is_that_address_and_not_certain() {
    // POL-11, SSR-01
    for (text, host, kind, reason) in DOUBTFUL {
        let facts = read(text);
        assert_eq!((facts.host.as_deref(), facts.host_kind), (Some(*host), Some(*kind)), "{text}");
        assert!(facts.reasons.contains(reason) && !facts.complete, "{text}: {:?}", facts.reasons);
    }
}

#[test]
fn what_has_no_host_says_so() {
    for (text, reason) in HOSTLESS {
        let facts = read(text);
        assert_eq!((&facts.host, facts.host_kind), (&None, None), "{text}");
        assert_eq!(facts.complete, reason.is_none(), "{text}: {:?}", facts.reasons);
        assert!(reason.is_none_or(|reason| facts.reasons.contains(&reason)), "{text}: {:?}", facts.reasons);
    }
    assert_eq!(read("file:///etc/passwd").path.as_deref(), Some("/etc/passwd"));
    assert_eq!(read(&"a".repeat(LONGEST + 1)).reasons, BTreeSet::from([Reason::TooLong]));
}

#[test]
fn a_user_and_a_password_are_noted_and_never_repeated() {
    for text in [
        "https://mary:hunter2@example.com/",
        "//mary:hunter2@example.com",
        "x:mary:hunter2@host",
        "http://mary:hunter2@",
    ] {
        let shown = serde_json::to_string(&read(text)).unwrap();
        assert!(!shown.contains("hunter2") && !shown.contains("mary"), "{shown}");
    }
    assert!(read("https://mary:hunter2@example.com/").user_info);
    assert!(!read("https://example.com/a@b").user_info);
}

#[test]
fn ports_are_known_and_what_compares_is_short() {
    let facts = read("HTTPS://u@EXAMPLE.com:0443/a/../b?q=1#f");
    assert_eq!((facts.port, facts.normal.as_deref()), (Some(443), Some("https://example.com/b")));
    let facts = read("http://[::1]:8080/");
    assert_eq!((facts.port, facts.normal.as_deref()), (Some(8080), Some("http://[::1]:8080/")));
}

fn is_inside(kind: Option<Kind>) -> bool {
    !matches!(kind, Some(Kind::Public | Kind::Name))
}

proptest! {
    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        let facts = read(&text);
        prop_assert_eq!(facts.complete, facts.reasons.is_empty());
    }

    #[test]
    fn normal_text_is_its_own_normal_text(
        text in "(https?|ftp|redis|ws)://(u@)?[a-zA-Z0-9.]{1,12}(:[0-9]{1,4})?(/[a-z.%2eF/\\\\;é ]{0,20})?",
    ) {
        let facts = read(&text);
        if let Some(normal) = facts.normal {
            let again = read(&normal);
            prop_assert_eq!(again.normal.as_deref(), Some(normal.as_str()), "{}", text);
            prop_assert_eq!((again.host, again.path), (facts.host, facts.path));
        }
    }

    #[test]
    fn no_way_of_writing_makes_an_inner_address_public(
        (a, b, c, d) in prop_oneof![
            Just((169_u8, 254_u8, 169_u8, 254_u8)),
            (Just(127), any::<u8>(), any::<u8>(), any::<u8>()),
            (Just(10), any::<u8>(), any::<u8>(), any::<u8>()),
            (Just(192), Just(168), any::<u8>(), any::<u8>()),
        ],
        form in 0..12_usize,
        around in 0..6_usize,
    ) {
        let number = u32::from_be_bytes([a, b, c, d]);
        let low = u32::from_be_bytes([0, b, c, d]);
        let plain = format!("{a}.{b}.{c}.{d}");
        let wide = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(digit.saturating_add(0xff10))).unwrap_or(c);
        let host = match form {
            0 => plain,
            1 => number.to_string(),
            2 => format!("0x{number:x}"),
            3 => format!("0{number:o}"),
            4 => format!("{a}.{low}"),
            5 => format!("0{a:o}.0x{b:X}.{c}.{d}"),
            6 => plain.chars().map(wide).collect(),
            7 => plain.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat(),
            8 => format!("[::ffff:{plain}]"),
            9 => format!("[64:ff9b::{plain}]"),
            10 => format!("{plain}."),
            _ => format!("{plain}.nip.io"),
        };
        let text = match around {
            0 => format!("http://{host}/"),
            1 => format!("HTTP://example.com@{host}/"),
            2 => format!("http:\\\\{host}\\x"),
            3 => format!("ht\ttp:\n/{host}"),
            4 => format!("redis://{host}:80/"),
            _ => format!("//{host}/a"),
        };
        let facts = read(&text);
        prop_assert!(is_inside(facts.host_kind), "{text}: {facts:?}");
    }

    #[test]
    fn no_way_of_writing_makes_a_metadata_name_another(up in any::<[bool; 24]>(), encoded in 0..24_usize, dot in any::<bool>()) {
        let letter = |(at, c): (usize, char)| match (at == encoded, up[at]) {
            (true, _) => format!("%{:02X}", u32::from(c)),
            (false, true) => c.to_ascii_uppercase().to_string(),
            (false, false) => c.to_string(),
        };
        let host: String = "metadata.google.internal".chars().enumerate().map(letter).collect();
        let facts = read(&format!("http://{host}{}/computeMetadata/v1/", if dot { "." } else { "" }));
        prop_assert_eq!(facts.host_kind, Some(Kind::Metadata));
    }
}
