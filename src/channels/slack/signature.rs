//! Is this request from Slack, and from now?
//!
//! Version `v0` of Slack's signatures: an HMAC over `v0`, the time and the body, as they came: what was read and written
//! again is something else. It says who sent it, not that it is the first time; see [`action`](super::action) for that.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use http::HeaderMap;
use ring::hmac;

use crate::clock::Timestamp;
use crate::secret::Secret;

/// When Slack sent it.
pub const TIME: &str = "x-slack-request-timestamp";
/// What shows that Slack did.
pub const SIGNATURE: &str = "x-slack-signature";
/// What is older than five minutes could be somebody's who has kept it.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelievable {
    /// A header is missing, or there twice.
    #[error("a request of Slack has {TIME} and {SIGNATURE}, once each")]
    Missing,
    /// It is not of now.
    #[error("the request is from another time than now, by more than five minutes; check the clock of this machine")]
    Time,
    /// The signature does not hold.
    #[error("the signature does not hold; `signing_secret` is the one under Basic Information of the Slack app")]
    Signature,
}

/// Whether Slack sent exactly this body just now.
pub fn check(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unbelievable> {
    let (time, given) = (one(headers, TIME)?, one(headers, SIGNATURE)?);
    let at: i64 = if time.bytes().all(|byte| byte.is_ascii_digit()) { time.parse().ok() } else { None }
        .ok_or(Unbelievable::Time)?;
    if now.seconds().saturating_sub(at).saturating_abs() > TOLERANCE_SECONDS {
        return Err(Unbelievable::Time);
    }
    let given = given.strip_prefix("v0=").and_then(bytes).ok_or(Unbelievable::Signature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let signed = [b"v0:", time.as_bytes(), b":", body].concat();
    hmac::verify(&key, &signed, &given).map_err(|_| Unbelievable::Signature)
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Unbelievable> {
    let mut all = headers.get_all(name).iter();
    match (all.next().and_then(|value| value.to_str().ok()), all.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Unbelievable::Missing),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit.saturating_sub(b'0')),
        b'a'..=b'f' => Some(digit.saturating_sub(b'a').saturating_add(10)),
        _ => None,
    };
    digits.chunks_exact(2).map(|pair| Some((digit(*pair.first()?)? << 4) | digit(*pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Slack's own documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const GIVEN: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const AT: i64 = 1_531_420_618;

    fn said(headers: &[(&'static str, &str)], body: &str, late: i64) -> Result<(), Unbelievable> {
        let all = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let all = all.fold(HeaderMap::new(), |mut all, (name, value): (http::HeaderName, http::HeaderValue)| {
            all.append(name, value);
            all
        });
        let now = Timestamp::from_micros(AT.saturating_add(late).saturating_mul(1_000_000));
        check(&Secret::new(SECRET.to_owned()), &all, body.as_bytes(), now)
    }

    #[test]
    fn only_what_slack_sent_just_now_is_believed() {
        // NOT-04: another signature, six minutes, a body that was read and written again.
        let at = AT.to_string();
        let good = [(TIME, at.as_str()), (SIGNATURE, GIVEN)];
        assert_eq!(said(&good, BODY, 0), Ok(()));
        for late in [300, -300] {
            assert_eq!(said(&good, BODY, late), Ok(()), "{late}");
        }
        for late in [301, -301, 360, i64::MAX / 2] {
            assert_eq!(said(&good, BODY, late), Err(Unbelievable::Time), "{late}");
        }
        let again = BODY.replace("%2F", "/");
        assert_eq!(said(&good, &again, 0), Err(Unbelievable::Signature));
        assert_eq!(said(&good, &format!("{BODY} "), 0), Err(Unbelievable::Signature));
        let other = GIVEN.replace("v0=a2", "v0=a3");
        let upper = GIVEN.to_uppercase();
        for wrong in [other.as_str(), GIVEN.trim_start_matches("v0="), "v0=", "v0=zz", "", "v1=00", upper.as_str()] {
            assert_eq!(said(&[(TIME, &at), (SIGNATURE, wrong)], BODY, 0), Err(Unbelievable::Signature), "{wrong}");
        }
        for wrong in ["", "x", "-1", "+1531420618", "1531420618.0", "99999999999999999999"] {
            assert_eq!(said(&[(TIME, wrong), (SIGNATURE, GIVEN)], BODY, 0), Err(Unbelievable::Time), "{wrong}");
        }
        assert_eq!(said(&good[..1], BODY, 0), Err(Unbelievable::Missing));
        assert_eq!(said(&good[1..], BODY, 0), Err(Unbelievable::Missing));
        assert_eq!(said(&[good[0], good[1], good[1]], BODY, 0), Err(Unbelievable::Missing));
    }
}
