//! Which form of a number is the one that is judged, shown, digested and sent?

/// The one form of a number, or nothing if no form keeps it exactly.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (negative, digits, exponent) = decimal(text)?;
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let sign = if negative { "-" } else { "" };
    if let Ok(zeros) = usize::try_from(exponent) {
        if digits.len().saturating_add(zeros) > 20 {
            return None;
        }
        let whole = format!("{sign}{digits}{}", "0".repeat(zeros));
        let fits = whole.parse::<i64>().is_ok() || whole.parse::<u64>().is_ok();
        return fits.then_some(whole);
    }
    let double: f64 = text.parse().ok()?;
    let shortest = format!("{double:?}");
    (double.is_finite() && decimal(&shortest)? == (negative, digits, exponent)).then_some(shortest)
}

/// A number as sign, significant digits without zeros at either end, and the power of ten they are multiplied by.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut exponent: i64 = exponent.parse().ok()?;
    exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    let zeros = significant.len().saturating_sub(digits.len());
    exponent = exponent.checked_add(i64::try_from(zeros).ok()?)?;
    Some((negative, digits.to_owned(), exponent))
}
