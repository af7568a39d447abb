use http::{HeaderName, HeaderValue};

use super::*;

fn arrived(list: &[(&str, &str)], query: Option<&str>) -> Result<String, Reason> {
    let headers = headers(list);
    Arrival { query, ..Arrival::from(&headers) }.proof().map(str::to_owned)
}

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in list.iter().map(pair) {
        map.append(name, value);
    }
    map
}

#[test]
fn one_bearer_header_is_a_proof_and_nothing_else_is() {
    let long = format!("Bearer {}", "x".repeat(8193));
    let cases = [
        ("Bearer abc.def-_~+/=", Ok("abc.def-_~+/=".to_owned())),
        ("bearer   abc ", Ok("abc".to_owned())),
        ("Bearer", Err(Reason::Scheme)),
        ("Bearer ", Err(Reason::Scheme)),
        ("", Err(Reason::Scheme)),
        ("abc", Err(Reason::Scheme)),
        ("Basic YWxpY2U6cHc=", Err(Reason::Scheme)),
        ("DPoP abc", Err(Reason::Scheme)),
        ("Bearer abc def", Err(Reason::Malformed)),
        ("Bearer abc, Bearer def", Err(Reason::Ambiguous)),
        ("Bearer \"abc\"", Err(Reason::Malformed)),
        ("Bearer äbc", Err(Reason::Malformed)),
        (&long, Err(Reason::TooLarge)),
    ];
    for (value, expected) in cases {
        assert_eq!(arrived(&[("authorization", value)], None), expected, "{value}");
    }
    assert_eq!(arrived(&[], None), Err(Reason::Missing));
    let twice = [("authorization", "Bearer abc"), ("Authorization", "Bearer abc")];
    assert_eq!(arrived(&twice, None), Err(Reason::Ambiguous));
}

/// IDN-04.
#[test]
fn headers_a_proxy_might_set_prove_nothing() {
    let names = [
        "x-forwarded-user",
        "x-remote-user",
        "remote-user",
        "x-auth-request-email",
        "proxy-authorization",
        "x-api-key",
        "cookie",
        "forwarded",
    ];
    for name in names {
        assert_eq!(arrived(&[(name, "Bearer alice")], None), Err(Reason::Missing), "{name}");
    }
}

#[test]
fn a_proof_in_the_address_is_refused_even_beside_a_good_one() {
    let header = [("authorization", "Bearer abc")];
    let cases = [
        ("access_token=abc", Err(Reason::InQuery)),
        ("x=1&Access_Token=", Err(Reason::InQuery)),
        ("access%5Ftoken=abc", Err(Reason::InQuery)),
        ("key=csk_0123", Err(Reason::InQuery)),
        ("key=%63sk_0123", Err(Reason::InQuery)),
        ("session=7", Ok("abc".to_owned())),
    ];
    for (query, expected) in cases {
        assert_eq!(arrived(&header, Some(query)), expected, "{query}");
    }
}
