use super::*;

#[test]
fn both_well_known_places_are_made_from_the_issuer() {
    let cases = [
        (
            "https://login.example.com",
            "https://login.example.com/.well-known/openid-configuration",
            "https://login.example.com/.well-known/oauth-authorization-server",
        ),
        (
            "https://login.example.com/tenant/",
            "https://login.example.com/tenant/.well-known/openid-configuration",
            "https://login.example.com/.well-known/oauth-authorization-server/tenant",
        ),
    ];
    for (issuer, first, second) in cases {
        assert_eq!(well_known(issuer).unwrap().map(|url| url.to_string()), [first, second]);
    }
}

#[test]
fn a_document_speaks_only_for_the_issuer_it_names() {
    let text = br#"{"issuer":"https://login.example.com","jwks_uri":"https://keys.example.com/k"}"#;
    assert!(spoken_for(text, "https://login.example.com").is_some());
    for other in ["https://login.example.com/", "https://LOGIN.example.com", "https://evil.example"] {
        assert!(spoken_for(text, other).is_none(), "{other}");
    }
    assert!(spoken_for(b"{}", "").is_none());
    assert!(spoken_for(b"[]", "").is_none());
    assert!(spoken_for(br#"{"issuer":"a","issuer":"b","jwks_uri":"https://k.example"}"#, "b").is_none());
}

/// SSR-07: an address in a document from elsewhere does not lead inside.
#[test]
fn an_issuer_leads_nowhere_inside() {
    const OUTER: &str = "https://login.example.com";
    const LOCAL: &str = "http://127.0.0.1:9000";
    let cases = [
        ("https://keys.example.com/k", OUTER, Reach::Public, true),
        ("http://keys.example.com/k", OUTER, Reach::Public, false),
        ("http://keys.example.com/k", OUTER, Reach::Private, true),
        ("https://user:pass@keys.example.com/k", OUTER, Reach::Private, false),
        ("https://user@keys.example.com/k", OUTER, Reach::Public, false),
        ("file:///etc/passwd", OUTER, Reach::Private, false),
        ("ftp://keys.example.com/k", OUTER, Reach::Private, false),
        ("https://127.0.0.1/k", OUTER, Reach::Public, false),
        ("https://localhost/k", OUTER, Reach::Public, false),
        ("https://LOCALHOST./k", OUTER, Reach::Public, false),
        ("https://2130706433/k", OUTER, Reach::Public, false),
        ("https://[::1]/k", OUTER, Reach::Public, false),
        ("https://[::ffff:127.0.0.1]/k", OUTER, Reach::Public, false),
        ("https://[::ffff:10.0.0.1]/k", OUTER, Reach::Public, false),
        ("https://10.1.2.3/k", OUTER, Reach::Public, false),
        ("https://10.1.2.3/k", OUTER, Reach::Private, true),
        ("https://172.16.0.1/k", OUTER, Reach::Public, false),
        ("https://192.168.0.1/k", OUTER, Reach::Public, false),
        ("https://169.254.169.254/k", OUTER, Reach::Public, false),
        ("https://169.254.169.254/k", OUTER, Reach::Private, false),
        ("https://metadata.google.internal/k", OUTER, Reach::Private, false),
        ("https://[fe80::1]/k", OUTER, Reach::Private, false),
        ("https://224.0.0.1/k", OUTER, Reach::Private, false),
        ("https://100.64.0.1/k", OUTER, Reach::Public, false),
        ("https://100.64.0.1/k", OUTER, Reach::Private, true),
        ("https://203.0.113.1/k", OUTER, Reach::Public, false),
        ("https://[::8.8.8.8]/k", OUTER, Reach::Public, false),
        ("https://[64:ff9b::8.8.8.8]/k", OUTER, Reach::Public, false),
        ("https://[::ffff:8.8.8.8]/k", OUTER, Reach::Public, true),
        ("https://0.0.0.0/k", OUTER, Reach::Public, false),
        ("https://[fd00::1]/k", OUTER, Reach::Public, false),
        ("https://[fe80::1]/k", OUTER, Reach::Public, false),
        ("https://[2002:7f00:1::]/k", OUTER, Reach::Public, false),
        ("https://[64:ff9b::7f00:1]/k", OUTER, Reach::Public, false),
        ("https://[2606:4700::1111]/k", OUTER, Reach::Public, true),
        ("http://127.0.0.1:9000/k", LOCAL, Reach::Public, true),
        ("http://localhost:9001/k", LOCAL, Reach::Public, true),
        ("http://10.1.2.3/k", LOCAL, Reach::Public, false),
    ];
    for (url, issuer, reach, expected) in cases {
        assert_eq!(may_ask(&url.parse().unwrap(), issuer, reach), expected, "{url} for {issuer}");
    }
}

/// SSR-07: a name that resolves inside is refused by the resolver itself.
#[tokio::test]
async fn a_name_that_belongs_to_an_inside_address_is_not_resolved() {
    let localhost = || "localhost".parse().unwrap();
    let resolved = Guarded(Reach::Public).resolve(localhost()).await;
    assert!(resolved.err().unwrap().to_string().contains("inside"));
    assert!(Guarded(Reach::Private).resolve(localhost()).await.is_ok());
}
