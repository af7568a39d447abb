//! What is taken from an authenticator, and everything that is not.

pub(crate) mod authenticator;

use std::sync::LazyLock;

use ciborium::Value as Cbor;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::encoded::encode;
use super::*;
use crate::approval::vote::Word;
use crate::call::CallId;
use crate::digest::Digest;
use crate::policy::finding::grant::GrantTerms;
use authenticator::{Authenticator, attested, cbor, site};

const NONCE: [u8; 32] = [7; 32];

fn all() -> [Authenticator; 3] {
    [Authenticator::es256(1), Authenticator::ed25519(2), Authenticator::rs256(3)]
}

fn call() -> CallId {
    CallId::from_record("019a0000-0000-7000-8000-000000000001")
}

fn yes(call: &CallId) -> Signed<'_> {
    Signed { call, digest: Digest::of_bytes("t", b"1"), word: Word::Yes, reason: Some("seen"), bounds: None }
}

fn enrolled(key: &Authenticator, created: &Value) -> Result<Registration, PasskeyError> {
    let created = Created::read(created.to_string().as_bytes())?;
    site().enrol(&created, "os:ada", &Nonce::from(NONCE)).inspect(|made| assert_eq!(made.public_key, key.public_key()))
}

fn creation() -> Value {
    site().creation(Person { account: "os:ada", name: "Ada" }, ["AAAA"], &Nonce::from(NONCE))
}

#[test]
fn a_passkey_is_made_and_signs_an_answer_that_anybody_can_check() {
    // A22: whoever has the assertion and the answer needs nothing else.
    for mut key in all() {
        key.counter = 4;
        let made = enrolled(&key, &key.create(&creation())).unwrap();
        assert_eq!((made.credential_id.bytes(), made.counter), (&key.id[..], 4));
        assert_eq!(PublicKey::read(&made.public_key.to_string()), Some(made.public_key));
        let call = call();
        let assertion = key.signs(&yes(&call));
        assertion.verify(&yes(&call)).unwrap();
        assert_eq!((assertion.counter(), assertion.credential_id()), (Ok(4), encode(&key.id)));
        let kept = serde_json::to_string(&assertion).unwrap();
        assert_eq!(serde_json::from_str::<Assertion>(&kept).unwrap(), assertion);
        key.flags = 0x05 | 0x80;
        let client_data = key.client_data("webauthn.get", &encode(&challenge(&Nonce::from(NONCE), &yes(&call))));
        let extended = [key.data(), cbor(&Cbor::Map(vec![("x".into(), true.into())]))].concat();
        key.kept(&key.got(&client_data, &extended), NONCE.into()).verify(&yes(&call)).unwrap();
    }
}

#[test]
fn the_challenge_is_what_the_header_says() {
    let bounds: GrantTerms = serde_json::from_value(json!({ "uses": 5, "for": "15m", "free": ["/limit"] })).unwrap();
    let (call, nonce) = (call(), Nonce::from(NONCE));
    let signed = Signed { bounds: Some(&bounds), reason: Some("checked \u{e9}\n"), ..yes(&call) };
    let text = format!(
        "{{\"bounds\":{{\"for\":\"15m\",\"free\":[\"/limit\"],\"uses\":5}},\"call\":\"{call}\",\"digest\":\"{}\",\"nonce\":\"{nonce}\",\
         \"reason\":\"checked \u{e9}\\n\",\"schema\":\"countersign/vote/1\",\"word\":\"yes\"}}",
        signed.digest
    );
    assert_eq!(challenge(&nonce, &signed), crate::digest::sha256(text.as_bytes()));
    let text = format!("{{\"nonce\":\"{nonce}\",\"schema\":\"countersign/sign-in/1\"}}");
    assert_eq!(sign_in(&nonce), crate::digest::sha256(text.as_bytes()));
    let text = format!("{{\"account\":\"os:ada\",\"nonce\":\"{nonce}\",\"schema\":\"countersign/passkey/1\"}}");
    assert_eq!(enrolment(&nonce, "os:ada"), crate::digest::sha256(text.as_bytes()));
}

#[test]
fn a_signature_is_for_one_answer_and_no_other() {
    // A21, A22, APR-05, APR-16: another call, another thing shown, another word, reason or reach is another answer.
    let (call, other) = (call(), CallId::from_record("019a0000-0000-7000-8000-000000000002"));
    let bounds: GrantTerms = serde_json::from_value(json!({ "uses": 5, "for": "15m" })).unwrap();
    let wider: GrantTerms = serde_json::from_value(json!({ "uses": 6, "for": "15m" })).unwrap();
    for key in all() {
        let assertion = key.signs(&yes(&call));
        for changed in [
            Signed { call: &other, ..yes(&call) },
            Signed { digest: Digest::of_bytes("t", b"2"), ..yes(&call) },
            Signed { word: Word::BreakGlass, ..yes(&call) },
            Signed { word: Word::No, ..yes(&call) },
            Signed { reason: None, ..yes(&call) },
            Signed { reason: Some("seen "), ..yes(&call) },
            Signed { bounds: Some(&bounds), ..yes(&call) },
        ] {
            assert_eq!(assertion.verify(&changed), Err(PasskeyError::Challenge), "{changed:?}");
        }
        let granted = Signed { bounds: Some(&bounds), ..yes(&call) };
        let assertion = key.signs(&granted);
        assertion.verify(&granted).unwrap();
        let wide = Signed { bounds: Some(&wider), ..granted };
        assert_eq!(assertion.verify(&wide), Err(PasskeyError::Challenge));
        // Whoever signs in says nothing about a call, and the other way round.
        let options = site().request([], &sign_in(&NONCE.into()));
        let entered = key.kept(&key.get(&options), NONCE.into());
        entered.is_over(&sign_in(&NONCE.into())).unwrap();
        assert_eq!(entered.verify(&granted), Err(PasskeyError::Challenge));
        assert_eq!(assertion.is_over(&sign_in(&NONCE.into())), Err(PasskeyError::Challenge));
    }
}

type Change = fn(&mut Authenticator);
type Why = fn(&PasskeyError) -> bool;

/// What a browser or an authenticator can say that is not what was asked for.
const WRONG: [(Change, Why); 11] = [
    (|key| key.also = json!({ "type": "webauthn.other" }), |error| matches!(error, PasskeyError::Kind(_))),
    (|key| key.also = json!({ "challenge": encode(&[0; 32]) }), |error| *error == PasskeyError::Challenge),
    (|key| key.also = json!({ "challenge": "" }), |error| *error == PasskeyError::Challenge),
    (|key| key.also = json!({ "challenge": "+/" }), |error| matches!(error, PasskeyError::Malformed(_))),
    (|key| key.also = json!({ "crossOrigin": true }), |error| *error == PasskeyError::Framed),
    (|key| key.also = json!({ "topOrigin": "https://gw.example.com" }), |error| *error == PasskeyError::Framed),
    (|key| key.also = json!({ "crossOrigin": null }), |error| matches!(error, PasskeyError::Malformed(_))),
    (|key| key.origin.push_str(".evil.example"), |error| matches!(error, PasskeyError::Origin(_))),
    (|key| key.rp_id = "example.com".to_owned(), |error| *error == PasskeyError::Site),
    (|key| key.flags = 0x04, |error| *error == PasskeyError::Absent),
    (|key| key.flags = 0x01, |error| *error == PasskeyError::Unverified),
];

#[test]
fn what_was_not_asked_for_is_refused() {
    // A21, IDN-13: other pages and sites, nobody there, nobody checked.
    for (change, is_that) in WRONG {
        for mut key in all() {
            change(&mut key);
            let made = enrolled(&key, &key.create(&creation())).unwrap_err();
            let call = call();
            let used = key.signs(&yes(&call)).verify(&yes(&call)).unwrap_err();
            assert!(is_that(&made) && is_that(&used), "{made:?} {used:?}");
        }
    }
    let key = Authenticator::es256(1);
    let call = call();
    let wanted = encode(&challenge(&NONCE.into(), &yes(&call)));
    for client_data in [
        key.client_data("webauthn.create", &wanted),
        key.client_data("webauthn.get", &wanted).replacen('{', "{\"type\":\"webauthn.get\",", 1),
        key.client_data("webauthn.get", &wanted).replacen('{', "{\"t\\u0079pe\":\"webauthn.get\",", 1),
        format!("{} ", key.client_data("webauthn.get", &wanted)) + "{}",
        "[]".to_owned(),
        String::new(),
    ] {
        key.kept(&key.got(&client_data, &key.data()), NONCE.into()).verify(&yes(&call)).unwrap_err();
    }
    let client_data = key.client_data("webauthn.get", &wanted);
    let mut copied = key.data();
    copied[32] |= 0x10;
    for data in [vec![], key.data()[..36].to_vec(), [key.data(), vec![0]].concat(), copied] {
        let used = key.kept(&key.got(&client_data, &data), NONCE.into()).verify(&yes(&call));
        assert!(matches!(used, Err(PasskeyError::Malformed(_))), "{used:?}");
    }
    // Another one's signature over the same.
    let other = Authenticator::es256(9).get(&json!({ "challenge": wanted }));
    assert_eq!(key.kept(&other, NONCE.into()).verify(&yes(&call)), Err(PasskeyError::Signature));
}

fn int(number: i64) -> Cbor {
    number.into()
}

#[test]
fn a_key_is_what_its_algorithm_says_and_nothing_is_left_over() {
    let key = Authenticator::es256(1);
    let wanted = encode(&enrolment(&NONCE.into(), "os:ada"));
    let made = |data: Vec<u8>| enrolled(&key, &key.created(&wanted, &attested(data))).map(drop);
    let with = |name: i64, value: Cbor| {
        let mut cose = key.cose();
        cose.retain(|(known, _)| *known != int(name));
        cose.push((int(name), value));
        made(key.data_with(cose))
    };
    made(key.data_with(key.cose())).unwrap();
    assert_eq!(with(3, int(-35)), Err(PasskeyError::Algorithm("-35".to_owned())));
    for (name, value) in [
        (1, int(1)),
        (1, Cbor::Null),
        (3, int(-8)),
        (3, int(-257)),
        (3, "ES256".into()),
        (-1, int(2)),
        (-2, vec![1_u8; 31].into()),
        (-2, vec![1_u8; 33].into()),
        (-3, Cbor::Bool(true)),
    ] {
        let refused = with(name, value.clone());
        assert!(matches!(refused, Err(PasskeyError::Malformed(_))), "{name} {value:?}: {refused:?}");
    }
    let twice = [key.cose(), key.cose()].concat();
    let good = key.data_with(key.cose());
    let mut nameless = good.clone();
    nameless[53..55].copy_from_slice(&[0, 0]);
    let mut long = good.clone();
    long[53..55].copy_from_slice(&[0xff, 0xff]);
    for data in [key.data_with(twice), key.data(), [good.clone(), vec![0]].concat(), nameless, long] {
        let refused = made(data);
        assert!(matches!(refused, Err(PasskeyError::Malformed(_))), "{refused:?}");
    }
    let whole = attested(good.clone());
    for attestation in (0..whole.len()).map(|end| whole[..end].to_vec()).chain([
        [whole.clone(), vec![0]].concat(),
        cbor(&Cbor::Map(vec![("authData".into(), good.clone().into())])),
        cbor(&Cbor::Array(vec![good.into()])),
        // An array in an array, and so on, and one that says it has more than there is memory.
        vec![0x81; 20_000],
        vec![0x81; 15_000],
        vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]) {
        let refused = enrolled(&key, &key.created(&wanted, &attestation)).map(drop);
        assert!(matches!(refused, Err(PasskeyError::Malformed(_))), "{refused:?}");
    }
    // Made for another account, or under another name than the browser says.
    let created = Created::read(key.create(&creation()).to_string().as_bytes()).unwrap();
    assert_eq!(site().enrol(&created, "os:eve", &NONCE.into()), Err(PasskeyError::Challenge));
    let mut renamed = key.create(&creation());
    renamed["id"] = json!("AAAA");
    assert!(matches!(enrolled(&key, &renamed), Err(PasskeyError::Malformed(_))));
    // A point that is on no curve signs nothing.
    let nowhere = PublicKey::read(&format!("es256:{}", encode(&[1; 64]))).unwrap();
    assert_eq!(nowhere.verify(b"", &key.signature(b"")), Err(PasskeyError::Signature));
    for text in ["", "es256:", "ES256:AAAA", "none:", "rs256:AAAA.AQAB", "ed25519:AAAA"] {
        assert_eq!(PublicKey::read(text), None, "{text}");
    }
}

#[test]
fn a_counter_that_does_not_go_on_is_a_copy_s() {
    for (known, seen, good) in [(0, 0, true), (0, 1, true), (4, 5, true), (5, 5, false), (5, 4, false), (5, 0, false)] {
        assert_eq!(went_on(known, seen).is_ok(), good, "{known} {seen}");
    }
}

#[test]
fn a_site_has_a_name_and_nobody_on_the_way() {
    for (url, known) in [
        ("https://gw.example.com/inbox", Some(("gw.example.com", "https://gw.example.com"))),
        ("https://gw.example.com:8443", Some(("gw.example.com", "https://gw.example.com:8443"))),
        ("http://127.0.0.1:4180", Some(("localhost", "http://localhost:4180"))),
        ("http://[::1]:4180", Some(("localhost", "http://localhost:4180"))),
        ("http://localhost:4180", Some(("localhost", "http://localhost:4180"))),
        ("http://gw.example.com", None),
        ("https://10.0.0.7", None),
        ("file:///tmp", None),
    ] {
        let site = Site::at(&url.parse().unwrap()).ok();
        assert_eq!(site.as_ref().map(|site| (site.rp_id(), site.origin())), known, "{url}");
    }
}

/// Two that were signed before: it takes a while.
static SIGNED: LazyLock<[Assertion; 2]> =
    LazyLock::new(|| [Authenticator::es256(1), Authenticator::ed25519(2)].map(|key| key.signs(&yes(&call()))));

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A21, A22: of what is signed, and of what it is checked with, no byte may be another one.
    #[test]
    fn any_byte_that_is_changed_breaks_the_signature(
        which in 0..2_usize,
        place in any::<prop::sample::Index>(),
        within in any::<prop::sample::Index>(),
        by in 1..=255_u8,
    ) {
        let (call, good) = (call(), &SIGNED[which]);
        let mut parts = serde_json::to_value(good).unwrap();
        let members = parts.as_object_mut().unwrap();
        // Whose key it is says the store: the name of the credential is signed by nobody.
        members.remove("credential_id").unwrap();
        let (name, text) = members.iter().nth(place.index(members.len())).unwrap();
        let (name, text) = (name.clone(), text.as_str().unwrap().to_owned());
        let mut bytes = text.clone().into_bytes();
        let at = within.index(bytes.len());
        bytes[at] = (bytes[at] ^ by) & 0x7f;
        prop_assume!(bytes != text.as_bytes());
        members.insert(name.clone(), String::from_utf8(bytes).unwrap().into());
        members.insert("credential_id".to_owned(), good.credential_id().into());
        let changed = serde_json::from_value::<Assertion>(parts);
        prop_assert!(changed.is_err() || changed.unwrap().verify(&yes(&call)).is_err(), "{name} {at}");
    }

    /// Whatever comes in, nothing falls over.
    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>()) {
        let key = Authenticator::ed25519(2);
        let wanted = encode(&enrolment(&NONCE.into(), "os:ada"));
        prop_assert!(enrolled(&key, &key.created(&wanted, &bytes)).is_err());
        let mut whole = attested(key.data_with(key.cose()));
        let at = place.index(whole.len());
        whole.splice(at..at, bytes);
        drop(enrolled(&key, &key.created(&wanted, &whole)));
    }
}
