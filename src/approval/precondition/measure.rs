//! How far is one number from another, exactly?

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::wire::json::Value;

/// A number by its digits and where the point is, so that nothing is rounded. There is one form for each number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Measure {
    negative: bool,
    /// Without zeros before or after; empty for zero.
    digits: String,
    /// The power of ten the digits are multiplied by.
    exponent: i64,
}

/// Longer numbers are only text.
const LONGEST: usize = 400;

impl Measure {
    /// The number a value is; a text that is nothing but a number is one too.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::read(number.as_str()),
            Value::String(text) => Self::read(text),
            _ => None,
        }
    }

    /// Reads a number as JSON writes it. `NaN`, `Infinity`, `0x1f` and `1,000` are none.
    fn read(text: &str) -> Option<Self> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > LONGEST {
            return None;
        }
        let (number, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |number| (true, number));
        let (whole, part) = match number.split_once('.') {
            Some((whole, part)) if digits(part) => (whole, part),
            Some(_) => return None,
            None => (number, ""),
        };
        let leads = whole.len() > 1 && whole.starts_with('0');
        if !digits(whole) || leads || !digits(power.strip_prefix(['-', '+']).unwrap_or(power)) {
            return None;
        }
        let power: i64 = power.parse().ok()?;
        let all = format!("{whole}{part}");
        let kept = all.trim_end_matches('0');
        let cut = i64::try_from(all.len().checked_sub(kept.len())?).ok()?;
        let exponent = power.checked_sub(i64::try_from(part.len()).ok()?)?.checked_add(cut)?;
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        Some(Self { negative, digits, exponent })
    }

    /// Its one form as text.
    pub(super) fn name(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        format!("{sign}{digits}e{}", self.exponent)
    }

    /// Whether another is the same, or differs by no more than so many per cent of this one. Numbers too far apart to be
    /// measured exactly are never within.
    pub(super) fn is_within(&self, now: &Self, percent: u32) -> bool {
        if self == now {
            return true;
        }
        let measured = || {
            let exponent = self.exponent.min(now.exponent);
            let (then, now) = (self.scaled(exponent)?, now.scaled(exponent)?);
            let away = then.checked_sub(now)?.checked_abs()?.checked_mul(100)?;
            let allowed = then.checked_abs()?.checked_mul(i128::from(percent))?;
            Some(away.cmp(&allowed) != Ordering::Greater)
        };
        measured().unwrap_or(false)
    }

    /// How many times ten to this power it is.
    fn scaled(&self, exponent: i64) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let zeros = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        let digits: i128 = self.digits.parse().ok()?;
        let value = digits.checked_mul(10_i128.checked_pow(zeros)?)?;
        if self.negative { value.checked_neg() } else { Some(value) }
    }

    /// As people write it.
    pub(super) fn in_words(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let Some(whole) = self.scaled(0).filter(|_| self.exponent >= 0) else {
            return match self.scaled(self.exponent) {
                Some(_) if (-12..0).contains(&self.exponent) => format!("{sign}{}", self.pointed()),
                _ => format!("{sign}{}e{}", self.digits, self.exponent),
            };
        };
        let digits = whole.unsigned_abs().to_string();
        let mut out = String::from(sign);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && digits.len().saturating_sub(at).checked_rem(3) == Some(0) {
                out.push(',');
            }
            out.push(digit);
        }
        out
    }

    fn pointed(&self) -> String {
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
        let digits = format!("{:0>1$}", self.digits, places.saturating_add(1));
        let (whole, part) = digits.split_at_checked(digits.len().saturating_sub(places)).unwrap_or((&digits, ""));
        format!("{whole}.{part}")
    }
}

impl TryFrom<String> for Measure {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = Self::read(&text).filter(|read| read.name() == text);
        read.ok_or("not the one form of a number")
    }
}

impl From<Measure> for String {
    fn from(number: Measure) -> Self {
        number.name()
    }
}
