//! When is a message tried again, and when is it given up?
//!
//! A call waits for minutes, so the first attempts come close together. After those it is tried every two minutes, each a
//! little earlier or later than the others, so that a receiver that comes back is not met by everything at once.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Duration;

use crate::clock::Timestamp;

/// The pauses after the first attempts, in milliseconds; the last one stays.
const PAUSES: [u64; 5] = [2_000, 10_000, 30_000, 60_000, 120_000];
/// What nobody took in this time is given up.
pub const LONGEST: Duration = Duration::from_hours(24);

/// When it is tried next after so many attempts; nothing when it is given up. `chance` is any byte.
pub fn next((made, now): (Timestamp, Timestamp), tries: u32, asked: Option<Duration>, chance: u8) -> Option<Timestamp> {
    let place = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES.get(place).or(PAUSES.last()).copied().unwrap_or_default();
    // Between three quarters and five quarters of it.
    let pause = pause.saturating_mul(384_u64.saturating_add(u64::from(chance))) / 512;
    let asked = asked.map_or(0, |asked| u64::try_from(asked.as_millis()).unwrap_or(u64::MAX));
    let micros = i64::try_from(pause.max(asked)).unwrap_or(i64::MAX).saturating_mul(1_000);
    let at = Timestamp::from_micros(now.micros().saturating_add(micros));
    let longest = i64::try_from(LONGEST.as_micros()).unwrap_or(i64::MAX);
    (at.micros().saturating_sub(made.micros()) < longest).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds.saturating_mul(1_000_000))
    }

    #[test]
    fn pauses_grow_to_two_minutes_and_stay_there() {
        for (tries, least, most) in [(1, 1, 3), (2, 7, 13), (3, 22, 38), (4, 45, 75), (5, 90, 150), (900, 90, 150)] {
            for chance in [0, 127, 255] {
                let at = next((seconds(0), seconds(0)), tries, None, chance).unwrap();
                assert!((seconds(least)..=seconds(most)).contains(&at), "{tries} {chance}: {at:?}");
            }
        }
    }

    #[test]
    fn whoever_says_when_is_believed_and_a_day_is_the_end() {
        let at = next((seconds(0), seconds(5)), 1, Some(Duration::from_mins(5)), 128).unwrap();
        assert_eq!(at, seconds(305));
        assert_eq!(next((seconds(0), seconds(86_399)), 40, None, 128), None);
        assert!(next((seconds(0), seconds(86_000)), 40, None, 128).is_some());
    }
}
