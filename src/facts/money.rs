//! How much money moves, exactly?
//!
//! No doubles: an amount is read digit by digit from the text of the number, and counted in the smallest unit of its
//! currency. What a client and a server might take for different amounts is not complete.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod currency;
mod decimal;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::json::{Object, Value};

use decimal::{Decimal, Fault};

/// Where a tool's arguments say how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// JSON pointer to the amount, from the arguments: `/amount`, `/transfer/total`.
    pub amount: &'a str,
    /// Where the currency comes from.
    pub currency: Currency<'a>,
    /// What the amount counts.
    pub unit: Unit,
}

/// Where a currency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency<'a> {
    /// JSON pointer to its code, from the arguments.
    At(&'a str),
    /// The tool knows one only.
    Fixed(&'a str),
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MoneyUnit")]
pub enum Unit {
    /// Cents.
    Minor,
    /// Euros.
    Major,
}

/// How much money a call moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MoneyFacts")]
pub struct Facts {
    /// The amount in the currency's smallest unit (cents, yen, fils); nothing when it is not known.
    pub amount: Option<i128>,
    /// The same in the currency's own unit, exactly, as text: `12.50`.
    pub decimal: Option<String>,
    /// The currency's code by ISO 4217.
    pub currency: Option<String>,
    /// Whether the amount and the currency are certain, and the amount is not below nothing.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<Reason>,
}

/// Why an amount is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MoneyReason")]
pub enum Reason {
    /// The arguments name no amount.
    MissingAmount,
    /// The amount is neither a number nor a text that is one.
    NotANumber,
    /// The amount is text; servers read it by rules of their own.
    Text,
    /// Commas, spaces or apostrophes: for some they part thousands, for others cents.
    Separators,
    /// Written with an exponent (`1e3`).
    Scientific,
    /// Below nothing, which turns a payment around.
    Negative,
    /// More digits than are read.
    TooLong,
    /// Finer than the currency's smallest unit; who rounds, and which way, is not known.
    TooFine,
    /// The arguments name no currency.
    MissingCurrency,
    /// The currency is no code of ISO 4217 that is known here.
    UnknownCurrency,
}

/// Reads how much the arguments of a call say.
pub fn read(arguments: &Object, source: &Source<'_>) -> Facts {
    let mut facts = Facts::default();
    let digits = currency_of(arguments, source.currency, &mut facts);
    if let Some(amount) = amount_of(arguments, source.amount, &mut facts.reasons) {
        let places = match source.unit {
            Unit::Minor => Some(0),
            Unit::Major => digits,
        };
        facts.amount = places.and_then(|places| amount.scaled(places));
        if places.is_some() && facts.amount.is_none() {
            facts.reasons.insert(Reason::TooFine);
        }
    }
    facts.decimal = facts.amount.zip(digits).map(|(amount, digits)| decimal::show(amount, digits));
    facts.complete = facts.reasons.is_empty();
    facts
}

/// Whether this is the code of a currency.
pub fn is_currency(code: &str) -> bool {
    currency::known(code).is_some()
}

/// How many digits the currency has behind the point, if it is known.
fn currency_of(arguments: &Object, source: Currency<'_>, facts: &mut Facts) -> Option<u32> {
    let code = match source {
        Currency::Fixed(code) => code,
        Currency::At(pointer) => match at(arguments, pointer) {
            Some(Value::String(code)) => code,
            None | Some(Value::Null) => {
                facts.reasons.insert(Reason::MissingCurrency);
                return None;
            }
            Some(_) => {
                facts.reasons.insert(Reason::UnknownCurrency);
                return None;
            }
        },
    };
    let Some((code, digits)) = currency::known(code) else {
        facts.reasons.insert(Reason::UnknownCurrency);
        return None;
    };
    facts.currency = Some(code.to_owned());
    Some(digits)
}

fn amount_of(arguments: &Object, pointer: &str, reasons: &mut BTreeSet<Reason>) -> Option<Decimal> {
    let text = match at(arguments, pointer) {
        None | Some(Value::Null) => {
            reasons.insert(Reason::MissingAmount);
            return None;
        }
        Some(Value::Number(number)) => number.as_str(),
        Some(Value::String(text)) => {
            reasons.insert(Reason::Text);
            text
        }
        Some(_) => {
            reasons.insert(Reason::NotANumber);
            return None;
        }
    };
    let read = Decimal::read(text);
    if text.contains(['e', 'E']) && !matches!(read, Err(Fault::NotANumber)) {
        reasons.insert(Reason::Scientific);
    }
    match read {
        Ok(amount) => {
            if amount.is_negative() {
                reasons.insert(Reason::Negative);
            }
            Some(amount)
        }
        Err(fault) => {
            reasons.insert(match fault {
                Fault::NotANumber => Reason::NotANumber,
                Fault::Separators => Reason::Separators,
                Fault::TooLong => Reason::TooLong,
            });
            None
        }
    }
}

/// What a JSON pointer points to.
pub(super) fn at<'a>(arguments: &'a Object, pointer: &str) -> Option<&'a Value> {
    let mut steps = pointer.strip_prefix('/')?.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let first = arguments.get(&steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        Value::Object(members) => members.get(&step),
        // As JSON pointers count: no sign, no zero in front.
        Value::Array(items) if step == "0" || !step.starts_with(['0', '+']) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
