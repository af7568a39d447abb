use super::*;

const NOW: i64 = 1_800_000_000;
const US: &str = "https://gw.example.com";

#[derive(Debug)]
struct Us;

impl IsUs for Us {
    fn is_us(&self, audience: &str) -> bool {
        audience == US
    }
}

fn token(head: &str, claims: &str) -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims))
}

fn refusal_of_head(head: &str) -> Option<Reason> {
    Token::read(&token(head, "{}")).err()
}

fn check(claims: &str) -> Result<i64, Reason> {
    let text = token(r#"{"alg":"EdDSA"}"#, claims);
    let demands = Demands { audience: &Us, skew: 60, now: Timestamp::from_micros(NOW.saturating_mul(1_000_000)) };
    Token::read(&text)?.check(&demands)
}

/// IDN-02: alg none, and everything like it.
#[test]
fn only_headers_we_understand_are_read_on() {
    let cases = [
        (r#"{"alg":"EdDSA"}"#, None),
        (r#"{"alg":"RS256","typ":"JWT","kid":"a"}"#, None),
        (r#"{"alg":"PS512","typ":"at+jwt"}"#, None),
        (r#"{"alg":"ES384","typ":"application/AT+JWT"}"#, None),
        (r#"{"alg":"none"}"#, Some(Reason::Algorithm)),
        (r#"{"alg":"None"}"#, Some(Reason::Algorithm)),
        (r#"{"alg":"HS256"}"#, Some(Reason::Algorithm)),
        (r#"{"alg":"HS512"}"#, Some(Reason::Algorithm)),
        (r#"{"alg":"ES512"}"#, Some(Reason::Algorithm)),
        (r#"{"alg":["RS256"]}"#, Some(Reason::Algorithm)),
        (r#"{"alg":""}"#, Some(Reason::Algorithm)),
        ("{}", Some(Reason::Algorithm)),
        (r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, Some(Reason::Kind)),
        (r#"{"alg":"RS256","crit":[]}"#, Some(Reason::Kind)),
        (r#"{"alg":"RS256","typ":"dpop+jwt"}"#, Some(Reason::Kind)),
        (r#"{"alg":"RS256","typ":"logout+jwt"}"#, Some(Reason::Kind)),
        (r#"{"alg":"RS256","typ":7}"#, Some(Reason::Kind)),
        (r#"{"alg":"RS256","kid":7}"#, Some(Reason::Malformed)),
        (r#"{"alg":"RS256","alg":"none"}"#, Some(Reason::Malformed)),
        (r#"{"alg":"RS256","\u0061lg":"none"}"#, Some(Reason::Malformed)),
        ("[]", Some(Reason::Malformed)),
        ("", Some(Reason::Malformed)),
    ];
    for (head, expected) in cases {
        assert_eq!(refusal_of_head(head), expected, "{head}");
    }
}

#[test]
fn only_three_parts_of_exact_base64url_are_a_token() {
    let good = token(r#"{"alg":"EdDSA"}"#, "{}");
    assert!(Token::read(&good).is_ok());
    let (message, _) = good.rsplit_once('.').unwrap();
    let cases = [
        String::new(),
        "..".to_owned(),
        message.to_owned(),
        format!("{good}."),
        format!("{good}.a.b"),
        format!("{message}.c2ln="),
        format!("{message}.c2lh+/"),
        // Bits that mean nothing are set: the same signature in a second spelling.
        format!("{message}.c2l"),
        good.replacen('.', "=.", 1),
        token(r#"{"alg":"EdDSA"}"#, r#"{"sub":"a","sub":"b"}"#),
        token(r#"{"alg":"EdDSA"}"#, "[]"),
        "x".repeat(8192),
    ];
    for case in cases {
        assert_eq!(Token::read(&case).err(), Some(Reason::Malformed), "{case}");
    }
    assert_eq!(Token::read(&"x".repeat(8193)).err(), Some(Reason::TooLarge));
}

/// IDN-01: the audience must name this gateway.
#[test]
fn the_audience_is_one_name_or_a_list_with_ours_in_it() {
    let cases = [
        (r#""https://gw.example.com""#, true),
        (r#"["https://other.example","https://gw.example.com"]"#, true),
        (r#"["https://other.example"]"#, false),
        (r#""https://other.example""#, false),
        (r#""https://gw.example.com https://other.example""#, false),
        ("[]", false),
        ("null", false),
        (r#"{"https://gw.example.com":true}"#, false),
        (r#"[["https://gw.example.com"]]"#, false),
    ];
    for (audience, good) in cases {
        let result = check(&format!(r#"{{"aud":{audience},"exp":{}}}"#, NOW + 10));
        assert_eq!(result, if good { Ok(NOW + 70) } else { Err(Reason::Audience) }, "{audience}");
    }
    assert_eq!(check(&format!(r#"{{"exp":{}}}"#, NOW + 10)), Err(Reason::Audience));
}

/// IDN-02: expired, not yet valid, and the edges of the clock's skew.
#[test]
fn times_are_kept_to_the_second_with_the_skew_on_both_sides() {
    let cases = [
        (format!(r#""exp":{}"#, NOW + 1), Ok(NOW + 61)),
        (format!(r#""exp":{}"#, NOW - 59), Ok(NOW + 1)),
        (format!(r#""exp":{}"#, NOW - 60), Err(Reason::Expired)),
        (format!(r#""exp":{}.5"#, NOW - 60), Err(Reason::Expired)),
        (r#""exp":0"#.to_owned(), Err(Reason::Expired)),
        (r#""exp":-9223372036854775808"#.to_owned(), Err(Reason::Expired)),
        (r#""exp":9223372036854775807"#.to_owned(), Ok(i64::MAX)),
        (r#""exp":18446744073709551615"#.to_owned(), Err(Reason::Malformed)),
        (r#""exp":1e300"#.to_owned(), Err(Reason::Malformed)),
        (r#""exp":"1900000000""#.to_owned(), Err(Reason::Malformed)),
        (r#""exp":null"#.to_owned(), Err(Reason::Malformed)),
        (r#""iat":1"#.to_owned(), Err(Reason::Malformed)),
        (format!(r#""exp":{},"nbf":{}"#, NOW + 9, NOW + 60), Ok(NOW + 69)),
        (format!(r#""exp":{},"nbf":{}"#, NOW + 9, NOW + 61), Err(Reason::NotYet)),
        (format!(r#""exp":{},"nbf":"now""#, NOW + 9), Err(Reason::Malformed)),
        (format!(r#""exp":{},"iat":{}"#, NOW + 9, NOW + 61), Err(Reason::NotYet)),
        (format!(r#""exp":{},"cnf":{{"jkt":"x"}}"#, NOW + 9), Err(Reason::Bound)),
    ];
    for (times, expected) in cases {
        assert_eq!(check(&format!(r#"{{"aud":"{US}",{times}}}"#)), expected, "{times}");
    }
}
