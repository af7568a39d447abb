//! Which numbers are drawn, and how many bars have room?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use super::custody::Fate;
use super::tally::Tally;
use crate::clock::Timestamp;
use crate::review::pages::chart::{Amount, Chart};
use crate::review::pages::frame::When;

const DAY_MICROS: i64 = 86_400_000_000;
/// More bars than this are drawn as weeks, and then as stretches of four.
const MOST_BARS: i64 = 45;

/// Judgements by day; by longer stretches where there are many days.
pub(super) fn by_day(tally: &Tally, (from, to): (Timestamp, Timestamp)) -> Chart {
    let first = from.micros().div_euclid(DAY_MICROS);
    let last = to.micros().saturating_sub(1).div_euclid(DAY_MICROS).max(first);
    let days = last.saturating_sub(first).saturating_add(1);
    let step = [1, 7, 28, 91, 364].into_iter().find(|step| days.div_euclid(*step) < MOST_BARS).unwrap_or(3640);
    let mut amounts = Vec::new();
    let mut day = first;
    while day <= last {
        let next = day.saturating_add(step);
        let mut sums = [0_u64; 3];
        for (_, counts) in tally.days.range(day..next) {
            sums = [0, 1, 2].map(|place| of(&sums, place).saturating_add(of(counts, place)));
        }
        let [allowed, held, denied] = sums;
        amounts.push(Amount { label: date(day), of: vec![("allowed", allowed), ("held", held), ("denied", denied)] });
        day = next;
    }
    Chart::of(&amounts)
}

fn of(counts: &[u64; 3], place: usize) -> u64 {
    counts.get(place).copied().unwrap_or(0)
}

/// Holds by how they ended.
pub(super) fn by_fate(tally: &Tally) -> Chart {
    let holds = tally.holds();
    let class = |fate| match fate {
        Fate::Approved => "approved",
        Fate::Denied => "denied",
        Fate::Expired => "expired",
        Fate::Gone => "gone",
        Fate::Open => "open",
    };
    let amount = |fate: Fate| Amount {
        // There is no room for all of it.
        label: fate.name().trim_end_matches(" or void").to_owned(),
        of: vec![(class(fate), holds.get(&fate).copied().unwrap_or(0))],
    };
    Chart::of(&Fate::ALL.map(amount))
}

/// How long people took.
pub(super) fn by_time(times: &[i64]) -> Chart {
    let bounds: [(&str, i64); 7] = [
        ("2 s", 2),
        ("10 s", 10),
        ("1 min", 60),
        ("5 min", 300),
        ("30 min", 1800),
        ("4 h", 14_400),
        ("longer", i64::MAX),
    ];
    let mut before = -1;
    let amounts = bounds.map(|(label, seconds)| {
        let upto = seconds.saturating_mul(1_000_000);
        let count = times.iter().filter(|took| **took > before && **took <= upto).count();
        before = upto;
        let label = if seconds == i64::MAX { label.to_owned() } else { format!("≤ {label}") };
        let class = if seconds == 2 { "hasty" } else { "decided" };
        Amount { label, of: vec![(class, u64::try_from(count).unwrap_or(u64::MAX))] }
    });
    Chart::of(&amounts)
}

fn date(day: i64) -> String {
    let words = When(Timestamp::from_micros(day.saturating_mul(DAY_MICROS))).words();
    words.get(5..10).unwrap_or_default().to_owned()
}
