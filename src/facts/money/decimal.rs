//! What is a number, exactly?

/// How many digits are read.
const MOST_DIGITS: usize = 30;

/// A number as its digits and where the point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    /// The power of ten the digits are multiplied by.
    exponent: i32,
    negative: bool,
}

/// Why a text is no number that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NotANumber,
    Separators,
    TooLong,
}

impl Decimal {
    /// Reads `-12.50` and `1.25e3`.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |number| (true, number));
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            let parted = |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, ',' | '.' | '\'' | '’' | '_');
            let parts = number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(parted);
            return Err(if parts { Fault::Separators } else { Fault::NotANumber });
        }
        let sign = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if !digits(sign) {
            return Err(Fault::NotANumber);
        }
        let whole = whole.trim_start_matches('0');
        let part = part.trim_end_matches('0');
        if whole.len().saturating_add(part.len()) > MOST_DIGITS {
            return Err(Fault::TooLong);
        }
        let digits = format!("0{whole}{part}").parse().map_err(|_| Fault::TooLong)?;
        let shift = i32::try_from(part.len()).map_err(|_| Fault::TooLong)?;
        let exponent = if digits == 0 { Ok(0) } else { exponent.parse::<i32>() };
        let exponent = exponent.ok().and_then(|exponent| exponent.checked_sub(shift)).ok_or(Fault::TooLong)?;
        if exponent > 30 {
            return Err(Fault::TooLong);
        }
        Ok(Self { digits, exponent, negative })
    }

    pub(super) const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The number times ten to the power of `places`, if that is whole and fits.
    pub(super) fn scaled(&self, places: u32) -> Option<i128> {
        let power = self.exponent.checked_add(i32::try_from(places).ok()?)?;
        let ten = 10_i128.checked_pow(power.unsigned_abs());
        let digits = match (power >= 0, ten) {
            (true, ten) => self.digits.checked_mul(ten?)?,
            (false, Some(ten)) if self.digits.checked_rem(ten)? == 0 => self.digits.checked_div(ten)?,
            (false, _) if self.digits == 0 => 0,
            (false, _) => return None,
        };
        if self.negative { digits.checked_neg() } else { Some(digits) }
    }
}

/// An amount of smallest units as a decimal text.
pub(super) fn show(amount: i128, places: u32) -> String {
    let width = usize::try_from(places).unwrap_or_default();
    let digits = format!("{:0>1$}", amount.unsigned_abs(), width.saturating_add(1));
    let (whole, part) = digits.split_at_checked(digits.len().saturating_sub(width)).unwrap_or((&digits, ""));
    let sign = if amount < 0 { "-" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}
