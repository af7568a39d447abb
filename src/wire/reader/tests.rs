//! Tables of texts and what becomes of them; the attacks PAR-01 to PAR-22 that a reader alone can answer.

use proptest::prelude::*;

use super::*;

fn strictly(text: &str) -> Result<String, Why> {
    strict(text.as_bytes(), &Limits::REQUEST).map(|value| value.to_string()).map_err(|error| error.why)
}

fn refused(text: &str) -> Why {
    strictly(text).unwrap_err()
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_and_however_it_is_written() {
    // PAR-01, PAR-02, PAR-03, PAR-05
    assert_eq!(refused(r#"{"path":"/safe","path":"/etc/shadow"}"#), Why::DuplicateKey("path".into()));
    assert_eq!(refused(r#"{"path":1,"p\u0061th":2}"#), Why::DuplicateKey("path".into()));
    assert_eq!(refused(r#"{"a":{"b":[{"c":1,"c":2}]}}"#), Why::DuplicateKey("c".into()));
    // PAR-18: composed and decomposed forms of one letter.
    assert!(matches!(refused("{\"\u{e9}\":1,\"e\u{301}\":2}"), Why::DuplicateKey(_)));
    assert!(matches!(refused("{\"e\u{301}\":1,\"\u{e9}\":2}"), Why::DuplicateKey(_)));
    // A single key keeps the form it came in.
    assert_eq!(strictly("{\"e\u{301}\":1}").unwrap(), "{\"e\u{301}\":1}");
    // Past the size where keys go into a set.
    let many = (0..40).map(|n| format!("\"k{n}\":{n},")).collect::<Vec<_>>().concat();
    assert!(strictly(&format!("{{{many}\"last\":0}}")).is_ok());
    assert_eq!(refused(&format!("{{{many}\"k3\":0}}")), Why::DuplicateKey("k3".into()));
}

#[test]
fn numbers_are_exact_and_have_one_form() {
    // PAR-08, PAR-11
    for (written, read) in [
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.0", "1"),
        ("1E2", "100"),
        ("-0", "0"),
        ("-0.0e5", "0"),
        ("0.10", "0.1"),
        ("19.99", "19.99"),
        ("1e-7", "1e-7"),
        ("0.0000001", "1e-7"),
        ("12345e-2", "123.45"),
    ] {
        assert_eq!(strictly(written).as_deref(), Ok(read), "{written}");
    }
    // PAR-09, PAR-10
    for written in [
        "123456789012345678901234567890",
        "1e400",
        "18446744073709551616",
        "0.1000000000000000055511151231257827",
        "1e-400",
    ] {
        assert!(matches!(refused(written), Why::NumberRange(_)), "{written}");
    }
    for written in ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1e", "--1"] {
        assert!(matches!(refused(written), Why::Syntax(_)), "{written}");
    }
}

#[test]
fn deep_wide_and_long_texts_are_cut_short() {
    // PAR-12, PAR-13
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(refused(&deep), Why::TooMuch { what: "levels", limit: 64 });
    let fits = format!("{}{}", "[".repeat(64), "]".repeat(64));
    assert!(strictly(&fits).is_ok());
    let wide = format!("[{}{{}}]", "{},".repeat(1_000_000));
    assert_eq!(refused(&wide), Why::TooMuch { what: "values", limit: 50_000 });
    let long = format!("\"{}\"", "x".repeat(4 << 20));
    assert!(matches!(refused(&long), Why::TooMuch { what: "bytes", .. }));
    let key = format!("{{\"{}\":1}}", "k".repeat(257));
    assert!(matches!(refused(&key), Why::TooMuch { what: "bytes in one key", .. }));
}

#[test]
fn text_is_never_repaired() {
    // PAR-16, PAR-19
    assert_eq!(strict(b"\xef\xbb\xbf{}", &Limits::REQUEST).unwrap_err().why, Why::ByteOrderMark);
    assert_eq!(strict(b"\"\xc0\xaf\"", &Limits::REQUEST).unwrap_err().why, Why::NotUtf8);
    for written in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800x""#] {
        assert_eq!(refused(written), Why::LoneSurrogate, "{written}");
    }
    assert_eq!(strictly(r#""\ud83d\ude00""#).unwrap(), "\"\u{1F600}\"");
    for written in
        ["{} {}", "1 2", "{}x", "", "  ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "\"a\nb\"", "\"\\x\"", "[1 2]"]
    {
        assert!(matches!(refused(written), Why::Syntax(_)), "{written:?}");
    }
}

#[test]
fn strings_that_look_like_json_and_magic_keys_are_plain_data() {
    // PAR-21, PAR-22
    let nested = r#"{"text":"{\"a\":1,\"a\":2}","$serde_json::private::Number":"12"}"#;
    assert_eq!(strictly(nested).unwrap(), nested);
}

#[test]
fn what_a_server_sends_is_kept_as_it_was_written() {
    let text = r#"{"a":123456789012345678901234567890,"a":1E2,"b":[1.0,-0,0.70]}"#;
    assert_eq!(lenient(text.as_bytes(), &Limits::REPLY).unwrap().to_string(), text);
}

fn json(strict: bool) -> impl Strategy<Value = Value> {
    let number = if strict {
        prop_oneof![any::<i64>().prop_map(Value::from), any::<u64>().prop_map(Value::from)].boxed()
    } else {
        prop_oneof![
            "-?(0|[1-9][0-9]{0,30})",
            "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,20}",
            "-?[1-9](\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}",
        ]
        .prop_map(|text| Value::Number(Number::from_text(&text)))
        .boxed()
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        any::<String>().prop_map(Value::String)
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("[a-z]{0,4}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_written_is_read_back_equal(value in json(true)) {
        prop_assert_eq!(strict(value.to_string().as_bytes(), &Limits::REQUEST).unwrap(), value);
    }

    /// Lossless: results pass byte-equal in value, whatever numbers they carry.
    #[test]
    fn anything_a_server_can_write_is_read_back_equal(value in json(false)) {
        prop_assert_eq!(lenient(value.to_string().as_bytes(), &Limits::REPLY).unwrap(), value);
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let strictly = strict(&bytes, &Limits::REQUEST);
        if strictly.is_ok() {
            prop_assert!(lenient(&bytes, &Limits::REPLY).is_ok());
        }
    }

    #[test]
    fn equal_numbers_have_one_text(digits in 1_i64..1_000_000, zeros in 0_usize..6) {
        let plain = format!("{digits}{}", "0".repeat(zeros));
        for written in [plain.clone(), format!("{digits}e{zeros}"), format!("{digits}E+{zeros}"), format!("{plain}.0")] {
            prop_assert_eq!(strictly(&written).unwrap(), plain.clone());
        }
    }
}
