use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const NOW: Timestamp = Timestamp::from_micros(1_614_265_330_000_000);

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn key(kind: &str, bytes: &[u8]) -> Secret {
    secret(&format!("{kind}_{}", STANDARD.encode(bytes)))
}

fn claimed<'a>(id: &'a str, time: &'a str, signatures: &'a str) -> Claimed<'a> {
    Claimed { id, time, signatures }
}

#[test]
fn the_example_of_the_specification_holds() {
    let signer = Signer::read(&secret(SECRET)).unwrap();
    let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, BODY);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let checker = Checker::read(&secret(SECRET)).unwrap();
    let check =
        |id: &str, time: &str, signature: &str, body: &[u8]| checker.check(claimed(id, time, signature), body, NOW);
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    assert_eq!(check(id, "1614265330", &signature, BODY), Ok(()));
    assert_eq!(check(id, "1614265330", &format!("v1,AAAA v1a,xx {signature}"), BODY), Ok(()));
    assert_eq!(check(id, "1614265330", &signature, b"{\"test\":2432232314}"), Err(Unbelievable::Signature));
    assert_eq!(check("msg_other", "1614265330", &signature, BODY), Err(Unbelievable::Signature));
    assert_eq!(check(id, "1614265331", &signature, BODY), Err(Unbelievable::Signature));
    for time in ["1614265000", "1614265700", "now", "", "99999999999999999999"] {
        assert_eq!(check(id, time, &signature, BODY), Err(Unbelievable::Time), "{time}");
    }
}

#[test]
fn an_id_with_a_full_stop_is_refused() {
    // WHK-06.
    let signer = Signer::read(&secret(SECRET)).unwrap();
    let checker = Checker::read(&secret(SECRET)).unwrap();
    for id in ["msg.1", "", "msg 1", &"x".repeat(257)] {
        let signature = signer.sign(id, NOW, BODY);
        assert_eq!(checker.check(claimed(id, "1614265330", &signature), BODY, NOW), Err(Unbelievable::Id), "{id}");
    }
}

#[test]
fn a_key_pair_signs_what_its_public_half_checks() {
    let signer = Signer::read(&key("whsk", &[7; 32])).unwrap();
    let checker = Checker::read(&secret(&signer.public().unwrap())).unwrap();
    let signature = signer.sign("msg_1", NOW, BODY);
    assert!(signature.starts_with("v1a,"));
    assert_eq!(checker.check(claimed("msg_1", "1614265330", &signature), BODY, NOW), Ok(()));
    // The other scheme's name over the same bytes is not believed.
    let renamed = signature.replace("v1a,", "v1,");
    assert_eq!(checker.check(claimed("msg_1", "1614265330", &renamed), BODY, NOW), Err(Unbelievable::Signature));
    let other = Checker::read(&secret(&Signer::read(&key("whsk", &[8; 32])).unwrap().public().unwrap())).unwrap();
    assert_eq!(other.check(claimed("msg_1", "1614265330", &signature), BODY, NOW), Err(Unbelievable::Signature));
}

#[test]
fn keys_that_are_none_say_what_is_wrong() {
    for (text, wanted) in [
        ("", BadKey::Form),
        ("secret", BadKey::Form),
        ("whsec-abc", BadKey::Form),
        ("whsec_%%", BadKey::Base64),
        ("whsec_AAAA", BadKey::SecretLength),
        ("whsk_AAAA", BadKey::KeyLength),
        ("whpk_AAAA", BadKey::Public),
    ] {
        assert_eq!(Signer::read(&secret(text)).unwrap_err(), wanted, "{text}");
    }
    assert_eq!(Checker::read(&key("whsk", &[7; 32])).unwrap_err(), BadKey::Private);
    assert_eq!(Checker::read(&key("whpk", &[7; 31])).unwrap_err(), BadKey::KeyLength);
    assert_eq!(Signer::read(&key("whsk", &[7; 64])).unwrap_err(), BadKey::KeyLength);
    assert!(Signer::read(&key("whsec", &[7; 64])).is_ok());
    assert_eq!(Signer::read(&key("whsec", &[7; 65])).unwrap_err(), BadKey::SecretLength);
}
