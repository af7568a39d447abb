//! When is `7d`, or a date, or a time?

use super::exit::Exit;
use crate::clock::Timestamp;

const SECOND: i64 = 1_000_000;

/// A time given as how long ago, as a date, or in RFC 3339.
pub fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let refuse =
        || Exit::Usage.error(format!("`{text}` is no time; write how long ago (30m, 24h, 7d), a date, or RFC 3339"));
    if let Some(ago) = ago(text) {
        return Ok(Timestamp::from_micros(now.micros().saturating_sub(ago)));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_micros(time.as_microsecond()));
    }
    let date: jiff::civil::Date = text.parse().map_err(|_| refuse())?;
    let begins = date.to_zoned(jiff::tz::TimeZone::system()).map_err(|_| refuse())?;
    Ok(Timestamp::from_micros(begins.timestamp().as_microsecond()))
}

fn ago(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    count.checked_mul(seconds)?.checked_mul(SECOND).filter(|micros| *micros >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_age_a_date_or_an_instant() {
        let now = Timestamp::from_micros(1_795_262_400 * SECOND);
        for (text, before) in [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600)] {
            assert_eq!(moment(text, now).unwrap().micros(), now.micros() - before * SECOND, "{text}");
        }
        assert_eq!(moment("2026-11-21T12:00:00Z", now).unwrap(), now);
        assert_eq!(moment("2026-11-21T13:00:00+01:00", now).unwrap(), now);
        let date = moment("2026-11-21", now).unwrap().micros();
        assert!((now.micros() - date).abs() <= 86_400 * SECOND);
        for text in ["", "d", "soon", "-3d", "7 days", "2026-13-01", "99999999999999999d"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }
}
