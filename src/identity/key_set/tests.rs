use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn b64(bytes: usize, value: u8) -> String {
    URL_SAFE_NO_PAD.encode(vec![value; bytes])
}

fn set(keys: &[String]) -> KeySet {
    KeySet::read(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
}

fn rsa_key(rest: &str, modulus: usize) -> String {
    format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"{rest}}}"#, b64(modulus, 0xff))
}

fn ed_key(rest: &str, size: usize) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"{rest}}}"#, b64(size, 1))
}

fn p256_key(rest: &str, size: usize) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{0}","y":"{0}"{rest}}}"#, b64(size, 1))
}

#[test]
fn keys_that_are_secret_weak_or_for_something_else_are_left_out() {
    let out = [
        format!(r#"{{"kty":"oct","k":"{}","alg":"HS256"}}"#, b64(32, 1)),
        rsa_key("", 128),
        rsa_key("", 513),
        rsa_key(r#","use":"enc""#, 256),
        rsa_key(r#","use":7"#, 256),
        rsa_key(r#","key_ops":["encrypt"]"#, 256),
        rsa_key(r#","alg":"HS256""#, 256),
        rsa_key(r#","alg":"none""#, 256),
        rsa_key(r#","alg":"ES256""#, 256),
        // A shorter key would make the verifier panic.
        ed_key("", 31),
        ed_key("", 0),
        ed_key("", 33),
        p256_key("", 31),
        p256_key("", 48),
        r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#.to_owned(),
        r#"{"kty":"RSA"}"#.to_owned(),
        r#"{"kty":7}"#.to_owned(),
        r#""not a key""#.to_owned(),
    ];
    for key in out {
        assert!(set(std::slice::from_ref(&key)).is_empty(), "{key}");
    }
    let kept = set(&[rsa_key("", 256), rsa_key(r#","key_ops":["verify"]"#, 512), ed_key("", 32), p256_key("", 32)]);
    assert_eq!(kept.len(), 4);
}

#[test]
fn a_key_is_chosen_by_its_name_and_never_for_an_algorithm_it_is_not_for() {
    let keys =
        set(&[rsa_key(r#","kid":"r","alg":"RS256""#, 256), ed_key(r#","kid":"e""#, 32), p256_key(r#","kid":"p""#, 32)]);
    let cases = [
        (Some("r"), Algorithm::RS256, 1),
        (Some("r"), Algorithm::PS256, 0),
        (Some("r"), Algorithm::ES256, 0),
        (Some("r"), Algorithm::HS256, 0),
        (Some("e"), Algorithm::EdDSA, 1),
        (Some("p"), Algorithm::EdDSA, 0),
        (Some("p"), Algorithm::ES384, 0),
        (Some("x"), Algorithm::RS256, 0),
        (None, Algorithm::RS256, 1),
    ];
    for (kid, algorithm, count) in cases {
        assert_eq!(keys.candidates(kid, algorithm).len(), count, "{kid:?} {algorithm:?}");
    }
}

#[test]
fn without_a_name_there_must_be_no_choice() {
    let keys = set(&[ed_key("", 32), ed_key(r#","kid":"two""#, 32)]);
    assert!(keys.candidates(None, Algorithm::EdDSA).is_empty());
}

#[test]
fn what_is_not_a_key_set_is_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(KeySet::read(text.as_bytes()).unwrap_err(), NotAKeySet, "{text}");
    }
}
