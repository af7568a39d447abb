use super::*;

fn rules(listen: &str, public: &str, hosts: &[&str], origins: &[&str]) -> Rules {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Rules::new(listen.parse().unwrap(), &public.parse().unwrap(), &own(hosts), &own(origins)).unwrap()
}

fn local() -> Rules {
    rules("127.0.0.1:4180", "http://127.0.0.1:4180", &[], &[])
}

fn open() -> Rules {
    let hosts = ["gw.internal", "gw.internal.example:8443", "[2001:db8::1]"];
    rules("0.0.0.0:443", "https://gw.example.com", &hosts, &["https://app.example.com", "vscode-webview://abc"])
}

/// IDN-06, IDN-07: a name an attacker owns resolves to loopback, and the browser says so in `Host`.
#[test]
fn a_loopback_listener_answers_to_loopback_names_only() {
    let good =
        ["localhost", "LocalHost:4180", "localhost.", "127.0.0.1", "127.0.0.1:9", "127.8.8.8", "[::1]", "[::1]:4180"];
    for host in good {
        assert_eq!(admit(Some(host), None, &local()), Ok(()), "{host}");
    }
    let unknown = [
        "evil.example",
        "evil.example:4180",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "evil.localhost",
        "gw.example.com",
    ];
    for host in unknown {
        assert_eq!(admit(Some(host), None, &local()), Err(Refused::HostUnknown), "{host}");
    }
}

#[test]
fn what_is_not_a_host_is_refused_before_it_is_compared() {
    let cases = [
        "",
        ":4180",
        "localhost:",
        "localhost:x",
        "localhost:+80",
        "localhost:65536",
        "localhost:80:80",
        "localhost..",
        ".localhost",
        "user@localhost",
        "localhost@evil.example",
        "evil.example/localhost",
        "evil.example#localhost",
        "localhost, evil.example",
        "local host",
        "localhost\\evil",
        "[::1",
        "[::1]x",
        "[localhost]",
        "::1",
        "lócalhost",
    ];
    for host in cases {
        assert_eq!(admit(Some(host), None, &local()), Err(Refused::HostForm), "{host}");
    }
    assert_eq!(admit(None, None, &local()), Err(Refused::HostCount));
}

#[test]
fn an_open_listener_answers_to_its_configured_names() {
    let cases = [
        ("gw.example.com", Ok(())),
        ("GW.example.com.:8443", Ok(())),
        ("gw.internal:1234", Ok(())),
        ("gw.internal.example:8443", Ok(())),
        ("gw.internal.example", Err(Refused::HostUnknown)),
        ("gw.internal.example:443", Err(Refused::HostUnknown)),
        ("[2001:DB8:0::1]", Ok(())),
        ("localhost", Err(Refused::HostUnknown)),
        ("127.0.0.1", Err(Refused::HostUnknown)),
        ("xgw.example.com", Err(Refused::HostUnknown)),
    ];
    for (host, expected) in cases {
        assert_eq!(admit(Some(host), None, &open()), expected, "{host}");
    }
}

/// IDN-06: an empty list means browsers from elsewhere are refused, not let in.
#[test]
fn pages_from_elsewhere_are_refused_unless_they_are_listed() {
    let on_loopback = [
        (None, Ok(())),
        (Some("http://localhost:3000"), Ok(())),
        (Some("HTTP://LOCALHOST"), Ok(())),
        (Some("http://[::1]:3000"), Ok(())),
        (Some("https://127.0.0.1"), Ok(())),
        (Some("null"), Err(Refused::OriginNull)),
        (Some("Null"), Err(Refused::OriginNull)),
        (Some(""), Err(Refused::OriginForm)),
        (Some("https://evil.example"), Err(Refused::OriginUnknown)),
        (Some("http://localhost.evil.example"), Err(Refused::OriginUnknown)),
        (Some("chrome-extension://localhost"), Err(Refused::OriginUnknown)),
        (Some("http://localhost@evil.example"), Err(Refused::OriginForm)),
        (Some("http://localhost/"), Err(Refused::OriginForm)),
        (Some("http://localhost http://evil.example"), Err(Refused::OriginForm)),
        (Some("localhost"), Err(Refused::OriginForm)),
        (Some("://localhost"), Err(Refused::OriginForm)),
    ];
    for (origin, expected) in on_loopback {
        assert_eq!(admit(Some("localhost"), origin, &local()), expected, "{origin:?}");
    }
    let on_open = [
        ("https://app.example.com", Ok(())),
        ("https://app.example.com:443", Ok(())),
        ("https://APP.example.com", Ok(())),
        ("https://gw.example.com", Ok(())),
        ("vscode-webview://abc", Ok(())),
        ("http://app.example.com", Err(Refused::OriginUnknown)),
        ("https://app.example.com:8443", Err(Refused::OriginUnknown)),
        ("https://app.example.com.evil.example", Err(Refused::OriginUnknown)),
        ("http://localhost:3000", Err(Refused::OriginUnknown)),
    ];
    for (origin, expected) in on_open {
        assert_eq!(admit(Some("gw.example.com"), Some(origin), &open()), expected, "{origin}");
    }
}

#[test]
fn two_headers_of_one_name_are_refused() {
    let mut headers = HeaderMap::new();
    headers.append(header::HOST, "localhost".parse().unwrap());
    assert_eq!(admit_request(&headers, None, &local()), Ok(()));
    assert_eq!(admit_request(&headers, Some("LOCALHOST"), &local()), Ok(()));
    assert_eq!(admit_request(&headers, Some("evil.example"), &local()), Err(Refused::HostCount));
    headers.append(header::ORIGIN, "http://localhost".parse().unwrap());
    headers.append(header::ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(admit_request(&headers, None, &local()), Err(Refused::OriginCount));
    headers.append(header::HOST, "evil.example".parse().unwrap());
    assert_eq!(admit_request(&headers, None, &local()), Err(Refused::HostCount));
    assert_eq!(admit_request(&HeaderMap::new(), Some("localhost"), &local()), Ok(()));
}

#[test]
fn a_rule_that_cannot_be_read_is_an_error_and_not_a_rule_that_never_matches() {
    let public = "http://127.0.0.1:4180".parse().unwrap();
    let listen = "127.0.0.1:4180".parse().unwrap();
    let bad = |host: &str, origin: &str| {
        let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        Rules::new(listen, &public, &list(host), &list(origin)).unwrap_err()
    };
    for host in ["https://gw.example.com", "*.example.com", "*"] {
        assert_eq!(bad(host, ""), BadRule::Host(host.to_owned()));
    }
    for origin in ["app.example.com", "https://app.example.com/", "*", "null"] {
        assert_eq!(bad("", origin), BadRule::Origin(origin.to_owned()));
    }
}

#[test]
fn a_form_comes_from_one_of_our_own_pages() {
    // IDN-08
    for (host, origin, site, ours) in [
        ("127.0.0.1:4180", Some("http://127.0.0.1:4180"), Some("same-origin"), true),
        ("127.0.0.1:4180", Some("http://127.0.0.1:4180"), None, true),
        ("gw.example.com", Some("https://gw.example.com"), Some("same-origin"), true),
        ("gw.example.com", Some("https://gw.example.com:443"), None, true),
        ("gw.example.com", None, Some("same-origin"), true),
        ("127.0.0.1:4180", Some("http://127.0.0.1:3000"), None, false),
        ("127.0.0.1:4180", Some("http://127.0.0.1:3000"), Some("same-site"), false),
        ("127.0.0.1:4180", Some("http://localhost:4180"), None, false),
        ("gw.example.com", Some("https://evil.example"), Some("cross-site"), false),
        ("gw.example.com", Some("null"), None, false),
        ("gw.example.com", None, None, false),
        ("gw.example.com", None, Some("none"), false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(from_own_page(&headers), ours, "{host} {origin:?} {site:?}");
    }
}
