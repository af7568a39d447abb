//! Amounts as agents write them, and what they come to.

use proptest::prelude::*;

use super::*;
use crate::wire::reader::{self, Limits};

/// Amount and currency as JSON, unit, what they come to, and why that is not certain.
type Row = (&'static str, &'static str, Unit, Option<i128>, &'static [Reason]);

const ROWS: &[Row] = &[
    ("12.5", "\"EUR\"", Unit::Major, Some(1250), &[]),
    ("12.50", "\"eur\"", Unit::Major, Some(1250), &[]),
    ("12", "\"EUR\"", Unit::Major, Some(1200), &[]),
    ("1250", "\"EUR\"", Unit::Minor, Some(1250), &[]),
    ("1250.0", "\"EUR\"", Unit::Minor, Some(1250), &[]),
    ("0", "\"USD\"", Unit::Major, Some(0), &[]),
    ("0.01", "\"USD\"", Unit::Major, Some(1), &[]),
    ("0.1", "\"USD\"", Unit::Major, Some(10), &[]),
    ("0.30000000000000004", "\"USD\"", Unit::Major, None, &[Reason::TooFine]),
    ("500", "\"JPY\"", Unit::Major, Some(500), &[]),
    ("500", "\"JPY\"", Unit::Minor, Some(500), &[]),
    ("0.5", "\"JPY\"", Unit::Major, None, &[Reason::TooFine]),
    ("500", "\"krw\"", Unit::Major, Some(500), &[]),
    ("1.234", "\"KWD\"", Unit::Major, Some(1234), &[]),
    ("1.234", "\"TND\"", Unit::Major, Some(1234), &[]),
    ("1.234", "\"EUR\"", Unit::Major, None, &[Reason::TooFine]),
    ("1.2345", "\"CLF\"", Unit::Major, Some(12345), &[]),
    ("12.5", "\"EUR\"", Unit::Minor, None, &[Reason::TooFine]),
    ("9007199254740991", "\"EUR\"", Unit::Minor, Some(9_007_199_254_740_991), &[]),
    ("9007199254740992", "\"EUR\"", Unit::Minor, Some(9_007_199_254_740_992), &[]),
    ("9007199254740993", "\"EUR\"", Unit::Minor, Some(9_007_199_254_740_993), &[]),
    ("90071992547409.93", "\"EUR\"", Unit::Major, Some(9_007_199_254_740_993), &[]),
    ("999999999999999999999999999999", "\"KWD\"", Unit::Major, Some(999_999_999_999_999_999_999_999_999_999_000), &[]),
    ("1000000000000000000000000000000", "\"EUR\"", Unit::Major, None, &[Reason::TooLong]),
    ("-5", "\"EUR\"", Unit::Major, Some(-500), &[Reason::Negative]),
    ("-0.01", "\"EUR\"", Unit::Major, Some(-1), &[Reason::Negative]),
    ("1e3", "\"EUR\"", Unit::Major, Some(100_000), &[Reason::Scientific]),
    ("1.25E+3", "\"EUR\"", Unit::Major, Some(125_000), &[Reason::Scientific]),
    ("1e-2", "\"EUR\"", Unit::Major, Some(1), &[Reason::Scientific]),
    ("1e-3", "\"EUR\"", Unit::Major, None, &[Reason::Scientific, Reason::TooFine]),
    ("1e400", "\"EUR\"", Unit::Major, None, &[Reason::Scientific, Reason::TooLong]),
    ("1e99999999999", "\"EUR\"", Unit::Major, None, &[Reason::Scientific, Reason::TooLong]),
    ("\"12.50\"", "\"EUR\"", Unit::Major, Some(1250), &[Reason::Text]),
    ("\"1,250.00\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::Separators]),
    ("\"1.250,00\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::Separators]),
    ("\"12,50\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::Separators]),
    ("\"1 250\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::Separators]),
    ("\"1'250.00\"", "\"CHF\"", Unit::Major, None, &[Reason::Text, Reason::Separators]),
    ("\"€12\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("\"twelve\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("\"0x10\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("\"１２\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("\"\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("\".5\"", "\"EUR\"", Unit::Major, None, &[Reason::Text, Reason::NotANumber]),
    ("null", "\"EUR\"", Unit::Major, None, &[Reason::MissingAmount]),
    ("true", "\"EUR\"", Unit::Major, None, &[Reason::NotANumber]),
    ("[12]", "\"EUR\"", Unit::Major, None, &[Reason::NotANumber]),
    ("{\"value\":12}", "\"EUR\"", Unit::Major, None, &[Reason::NotANumber]),
    ("12", "null", Unit::Major, None, &[Reason::MissingCurrency]),
    ("12", "null", Unit::Minor, Some(12), &[Reason::MissingCurrency]),
    ("12", "\"XYZ\"", Unit::Major, None, &[Reason::UnknownCurrency]),
    ("12", "\"$\"", Unit::Minor, Some(12), &[Reason::UnknownCurrency]),
    ("12", "\" EUR\"", Unit::Major, None, &[Reason::UnknownCurrency]),
    ("12", "978", Unit::Major, None, &[Reason::UnknownCurrency]),
];

fn arguments(text: &str) -> Object {
    let value = reader::lenient(text.as_bytes(), &Limits::REQUEST).unwrap();
    value.as_object().unwrap().clone()
}

fn source(unit: Unit) -> Source<'static> {
    Source { amount: "/pay/amount", currency: Currency::At("/pay/currency"), unit }
}

#[test]
fn every_amount_is_exact_or_says_why_not() {
    // POL-10
    for (amount, currency, unit, want, reasons) in ROWS {
        let arguments = arguments(&format!("{{\"pay\":{{\"amount\":{amount},\"currency\":{currency}}}}}"));
        let facts = read(&arguments, &source(*unit));
        assert_eq!(facts.amount, *want, "{amount} {currency}");
        assert_eq!(facts.reasons, reasons.iter().copied().collect(), "{amount} {currency}");
        assert_eq!(facts.complete, reasons.is_empty(), "{amount} {currency}");
    }
}

#[test]
fn an_amount_is_also_shown_in_its_own_unit() {
    for (code, amount, want) in
        [("EUR", "1250", "12.50"), ("EUR", "5", "0.05"), ("JPY", "500", "500"), ("KWD", "-1234", "-1.234")]
    {
        let source = Source { amount: "/a", currency: Currency::Fixed(code), unit: Unit::Minor };
        let facts = read(&arguments(&format!("{{\"a\":{amount}}}")), &source);
        assert_eq!((facts.decimal.as_deref(), facts.currency.as_deref()), (Some(want), Some(code)));
    }
}

#[test]
fn what_a_pointer_does_not_find_is_missing() {
    let arguments = arguments("{\"a/b\":{\"~\":[1,2]},\"list\":[7]}");
    for (pointer, want) in [
        ("/a~1b/~0/1", Some(200)),
        ("/list/0", Some(700)),
        ("/list/00", None),
        ("/list/+0", None),
        ("/list/1", None),
        ("/list/-1", None),
        ("list", None),
        ("", None),
        ("/", None),
        ("/list/0/0", None),
    ] {
        let source = Source { amount: pointer, currency: Currency::Fixed("EUR"), unit: Unit::Major };
        let facts = read(&arguments, &source);
        assert_eq!(facts.amount, want, "{pointer}");
        assert_eq!(facts.reasons.contains(&Reason::MissingAmount), want.is_none(), "{pointer}");
    }
}

proptest! {
    #[test]
    fn any_text_for_an_amount_is_answered(text in ".{0,60}", currency in ".{0,6}") {
        let mut arguments = Object::new();
        arguments.insert("pay", crate::object! { "amount" => text.as_str(), "currency" => currency.as_str() });
        let facts = read(&arguments, &source(Unit::Major));
        prop_assert!(!facts.complete);
    }

    #[test]
    fn every_whole_number_of_cents_survives(cents in -99_999_999_999_999_i128..99_999_999_999_999) {
        let text = decimal::show(cents, 2);
        prop_assert_eq!(Decimal::read(&text).ok().and_then(|number| number.scaled(2)), Some(cents));
    }
}
