//! Stories, a table and properties about what was seen.
#![expect(clippy::arithmetic_side_effects, reason = "the sums of tests are small, and a test may stop")]

use proptest::prelude::*;

use super::*;
use crate::policy::finding::preview::Question;
use crate::policy::finding::span::Span;
use crate::wire::json::Object;

fn pointer(text: &str) -> Pointer {
    Pointer::try_from(text.to_owned()).unwrap()
}

fn waits() -> CallId {
    CallId::from("call-1".to_owned())
}

fn json(text: &str) -> Value {
    lenient(text.as_bytes(), &Limits::REPLY).unwrap()
}

/// A server answered with this.
fn said(value: &str) -> Seen {
    let result = json(&format!(r#"{{"content":[],"structuredContent":{{"n":{value}}}}}"#));
    Seen::of(&waits(), Some(&pointer("/structuredContent/n")), (&result, &result))
}

/// The same, but people see something else of it.
fn covered(value: &str) -> Seen {
    let result = json(&format!(r#"{{"content":{value}}}"#));
    let mask = json(r#"{"content":"•••"}"#);
    Seen::of(&waits(), None, (&result, &mask))
}

fn precondition(seen: Seen, may_differ: u32) -> Precondition {
    let arguments = Question::of(Object::new());
    let within = Span::of_seconds(3).unwrap();
    let preview = Preview { tool: "count".into(), arguments, take: None, within, may_differ };
    Precondition { finding: "rules/many".into(), server: "shop".into(), preview, call: None, seen }
}

fn holds(then: &str, now: &str, may_differ: u32) -> bool {
    precondition(said(then), may_differ).compare(&said(now)).is_ok()
}

#[test]
fn numbers_may_differ_by_so_much_and_no_more() {
    // B06
    for (then, now, may_differ, fits) in [
        ("12", "12", 0, true),
        ("12", "13", 0, false),
        ("12", "12.0", 0, true),
        ("12", "1.2e1", 0, true),
        ("1200", "12E2", 0, true),
        ("0", "-0.0", 0, true),
        // The edges, both ways.
        ("100", "110", 10, true),
        ("100", "110.000000000000000001", 10, false),
        ("100", "111", 10, false),
        ("100", "90", 10, true),
        ("100", "89", 10, false),
        ("100", "200", 100, true),
        ("100", "0", 100, true),
        ("100", "-1", 100, false),
        ("-100", "-110", 10, true),
        ("-100", "-111", 10, false),
        ("-100", "100", 100, false),
        ("0.1", "0.11", 10, true),
        ("0.1", "0.111", 10, false),
        // Of nothing every part is nothing.
        ("0", "1", 100, false),
        ("0", "0", 100, true),
        ("1", "0", 99, false),
        // A double would take these for equal.
        ("9007199254740993", "9007199254740992", 0, false),
        ("123456789012345678901234567890", "123456789012345678901234567891", 0, false),
        ("123456789012345678901234567890", "123456789012345678901234567891", 1, true),
        // Too far apart, or too long, to be measured: only the same is the same.
        ("1e300", "1e300", 0, true),
        ("1e300", "10e299", 0, true),
        ("1e300", "1.05e300", 10, true),
        ("1e300", "1.2e300", 10, false),
        ("1e300", "1", 100, false),
        ("1", "1e-300", 100, false),
        ("1e999999999999999999999", "1e999999999999999999999", 0, true),
        ("1e999999999999999999999", "2e999999999999999999999", 100, false),
    ] {
        assert_eq!(holds(then, now, may_differ), fits, "{then} and {now} within {may_differ} %");
    }
}

#[test]
fn a_text_that_is_a_number_counts_as_one_and_every_other_must_be_the_same() {
    for (then, now, may_differ, fits) in [
        (r#""12""#, "12", 0, true),
        (r#""100""#, r#""105""#, 10, true),
        (r#""NaN""#, r#""NaN""#, 100, true),
        (r#""NaN""#, "0", 100, false),
        ("0", r#""NaN""#, 100, false),
        (r#""Infinity""#, r#""-Infinity""#, 100, false),
        (r#""1,000""#, r#""1,001""#, 100, false),
        (r#""0x10""#, r#""0x11""#, 100, false),
        (r#""007""#, "7", 100, false),
        (r#"" 7""#, "7", 100, false),
        (r#""""#, "0", 100, false),
        (r#""a""#, r#""a""#, 0, true),
        (r#""a""#, r#""b""#, 100, false),
        ("null", "null", 0, true),
        ("null", "0", 100, false),
        ("true", "1", 100, false),
        (r#"{"a":1,"b":[2]}"#, r#"{"b":[2],"a":1}"#, 0, true),
        ("[1,2]", "[2,1]", 100, false),
        ("[100]", "[101]", 10, false),
    ] {
        assert_eq!(holds(then, now, may_differ), fits, "{then} and {now} within {may_differ} %");
    }
}

#[test]
fn what_cannot_be_had_now_is_not_what_it_was_and_what_could_not_be_had_then_is_not_compared() {
    let gone = Seen::nothing("it did not answer within 3s");
    let unlike = precondition(said("12"), 100).compare(&gone).unwrap_err();
    assert!(unlike.words.contains("12") && unlike.words.contains("did not answer"), "{unlike:?}");
    assert_eq!(precondition(gone.clone(), 0).compare(&said("12")), Ok(()));
    assert_eq!(precondition(gone.clone(), 0).compare(&gone), Ok(()));
}

#[test]
fn what_changed_is_told_to_people_in_both_values_and_to_the_book_in_neither() {
    let unlike = precondition(said("12"), 10).compare(&said("5120")).unwrap_err();
    assert_eq!(unlike.words, "`count` said 12 when people were asked, and says 5,120 now");
    assert!(!unlike.sealed.contains("5120") && !unlike.sealed.contains("5,120"), "{}", unlike.sealed);
    assert!(unlike.sealed.contains("sha256:"), "{}", unlike.sealed);
    let other =
        Seen::of(&CallId::from("call-2".to_owned()), None, (&json(r#"{"content":1}"#), &json(r#"{"content":1}"#)));
    let this = Seen::of(&waits(), None, (&json(r#"{"content":1}"#), &json(r#"{"content":1}"#)));
    assert_ne!(other, this, "equal answers to two calls do not look equal");
}

#[test]
fn what_is_covered_is_compared_and_nowhere_to_be_read() {
    let seen = covered("4711");
    let text = serde_json::to_string(&seen).unwrap();
    assert!(!text.contains("4711") && text.contains("•••"), "{text}");
    assert!(precondition(seen.clone(), 0).compare(&covered("4711")).is_ok());
    let unlike = precondition(seen, 100).compare(&covered("4712")).unwrap_err();
    assert!(!unlike.words.contains("471"), "{}", unlike.words);
}

#[test]
fn a_pointer_goes_on_inside_a_text_that_is_json() {
    let result = json(r#"{"content":[{"type":"text","text":"[{\"count\":\"12\"}]"}],"n":1}"#);
    let at = |take: &str| Seen::of(&waits(), Some(&pointer(take)), (&result, &result));
    let Seen::Value(taken) = at("/content/0/text/0/count") else { panic!("it is there") };
    assert_eq!(taken.in_words(), "12");
    for nowhere in
        ["/content/1", "/content/0/text/1", "/content/00x", "/n/0", "/content/0/type/0", "/structuredContent"]
    {
        let Seen::Nothing { why } = at(nowhere) else { panic!("{nowhere} is nowhere") };
        assert!(why.contains(nowhere), "{why}");
    }
}

#[test]
fn what_is_too_much_to_be_shown_is_named() {
    let long = format!("\"{}\"", "x".repeat(LONGEST));
    let Seen::Value(taken) = said(&long) else { panic!("it is there") };
    assert_eq!(taken.shown, None);
    assert!(taken.in_words().contains("sha256:"));
    assert!(holds(&long, &long, 0) && !holds(&long, &long.replacen('x', "y", 1), 100));
}

#[test]
fn numbers_are_written_as_people_write_them() {
    for (number, words) in [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("-1234567", "-1,234,567"),
        ("12.50", "12.5"),
        ("-0.05", "-0.05"),
        ("1e3", "1,000"),
        ("1e300", "1e300"),
        ("1.5e-30", "15e-31"),
    ] {
        let Seen::Value(taken) = said(number) else { panic!("it is there") };
        assert_eq!(taken.in_words(), words, "{number}");
    }
}

proptest! {
    /// What is told of a tolerance holds for whole numbers of any size a database counts to.
    #[test]
    fn a_number_is_within_exactly_so_many_per_cent(then in -1_000_000_i64..1_000_000, now in -1_000_000_i64..1_000_000, may in 0_u32..=100) {
        let away = (then - now).abs() * 100;
        prop_assert_eq!(holds(&then.to_string(), &now.to_string(), may), away <= then.abs() * i64::from(may));
    }

    /// However a number is written, it is the same number; and it comes back from the store.
    #[test]
    fn one_number_has_one_form(digits in 0_i64..i64::MAX, zeros in 0_usize..20) {
        let (plain, power) = (format!("{digits}{}", "0".repeat(zeros)), format!("{digits}e{zeros}"));
        prop_assert!(holds(&plain, &power, 0));
        let Seen::Value(taken) = said(&plain) else { panic!("it is there") };
        let text = serde_json::to_string(&taken).unwrap();
        prop_assert_eq!(serde_json::from_str::<Taken>(&text).unwrap(), taken);
    }

    /// Nothing a server says stops the comparison, and everything is like itself.
    #[test]
    fn everything_is_like_itself(text in "\\PC{0,40}", may in 0_u32..=100) {
        let quoted = serde_json::to_string(&text).unwrap();
        prop_assert!(holds(&quoted, &quoted, may));
    }
}
