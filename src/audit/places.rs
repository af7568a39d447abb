//! Which places of the log are meant?
//!
//! A list such as `0-17,19,22-40`: numbers in decimal without zeros in front, each larger than the one before it. What is
//! written in another way names nothing, so that two who read it never read two things.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fmt;

/// Places of the log, as runs of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// First and last of each run, both meant, in order and apart.
    runs: Vec<(u64, u64)>,
}

impl Places {
    /// Reads a list.
    pub fn parse(text: &str) -> Option<Self> {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for part in text.split(',') {
            let run = match part.split_once('-') {
                None => number(part).map(|one| (one, one))?,
                Some((first, last)) => (number(first)?, number(last)?),
            };
            let grows = run.0 < run.1 || !part.contains('-');
            if !grows || runs.last().is_some_and(|(_, last)| *last >= run.0) {
                return None;
            }
            runs.push(run);
        }
        Some(Self { runs })
    }

    /// Adds a place behind all others; one that is not behind them changes nothing.
    pub fn push(&mut self, place: u64) {
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(place) => *last = place,
            Some((_, last)) if *last >= place => {}
            _ => self.runs.push((place, place)),
        }
    }

    /// Whether a place is meant.
    pub fn holds(&self, place: u64) -> bool {
        let after = self.runs.partition_point(|(first, _)| *first <= place);
        after.checked_sub(1).and_then(|before| self.runs.get(before)).is_some_and(|(_, last)| *last >= place)
    }

    /// How many are meant.
    pub fn count(&self) -> u64 {
        let long = |(first, last): &(u64, u64)| last.saturating_sub(*first).saturating_add(1);
        self.runs.iter().map(long).fold(0, u64::saturating_add)
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The last one.
    pub fn last(&self) -> Option<u64> {
        self.runs.last().map(|(_, last)| *last)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Those that others mean as well, and those they do not.
    #[must_use]
    pub fn divide(&self, others: &Self) -> (Self, Self) {
        let (mut both, mut alone) = (Self::default(), Self::default());
        for &(first, last) in &self.runs {
            let mut at = Some(first);
            let from = others.runs.partition_point(|(_, end)| *end < first);
            for &(begin, end) in others.runs.iter().skip(from).take_while(|(begin, _)| *begin <= last) {
                let Some(next) = at else { break };
                if begin > next {
                    alone.add((next, begin.saturating_sub(1)));
                }
                both.add((next.max(begin), last.min(end)));
                at = if end >= last { None } else { end.checked_add(1) };
            }
            if let Some(next) = at {
                alone.add((next, last));
            }
        }
        (both, alone)
    }

    /// First and last of each run, in order.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.runs.iter().copied()
    }

    fn add(&mut self, (first, last): (u64, u64)) {
        match self.runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
            _ => self.runs.push((first, last)),
        }
    }

    /// The same in lists of at most so many runs.
    pub fn chunks(&self, runs: usize) -> impl Iterator<Item = Self> + '_ {
        self.runs.chunks(runs.max(1)).map(|runs| Self { runs: runs.to_vec() })
    }

    /// The first of them, for whoever reads it, and that there are more.
    pub fn shown(&self) -> String {
        const SHOWN: usize = 8;
        let first = Self { runs: self.runs.iter().take(SHOWN).copied().collect() };
        let more = if self.runs.len() > SHOWN { ", and more" } else { "" };
        format!("{first}{more}")
    }
}

impl Extend<u64> for Places {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, places: I) {
        for place in places {
            self.push(place);
        }
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.runs.iter().enumerate() {
            let gap = if at > 0 { "," } else { "" };
            if first == last { write!(f, "{gap}{first}")? } else { write!(f, "{gap}{first}-{last}")? }
        }
        Ok(())
    }
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_is_written_in_one_way() {
        for good in ["0", "7", "0-17,19,22-40", "5,6", "18446744073709551615"] {
            assert_eq!(Places::parse(good).unwrap().to_string(), good);
        }
        for bad in
            ["", "01", "1,1", "2-2", "3-1", "2,1", "1,,2", "1-", "-1", "+1", " 1", "1-2-3", "18446744073709551616"]
        {
            assert_eq!(Places::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_added_is_held_and_nothing_else(added in proptest::collection::btree_set(0_u64..200, 1..80)) {
            let mut places = Places::default();
            places.extend(added.iter().copied());
            prop_assert_eq!(Places::parse(&places.to_string()), Some(places.clone()));
            prop_assert_eq!(places.iter().collect::<Vec<_>>(), added.iter().copied().collect::<Vec<_>>());
            prop_assert!((0..200).all(|place| places.holds(place) == added.contains(&place)));
            prop_assert_eq!(usize::try_from(places.count()).unwrap(), added.len());
            let again: Vec<u64> = places.chunks(3).flat_map(|part| part.iter().collect::<Vec<_>>()).collect();
            prop_assert_eq!(again.len(), added.len());
        }

        #[test]
        fn two_lists_are_divided_place_by_place(
            one in proptest::collection::btree_set(0_u64..60, 0..40), other in proptest::collection::btree_set(0_u64..60, 0..40),
        ) {
            let of = |all: &std::collections::BTreeSet<u64>| {
                let mut places = Places::default();
                places.extend(all.iter().copied());
                places
            };
            let (both, alone) = of(&one).divide(&of(&other));
            prop_assert_eq!(both, of(&one.intersection(&other).copied().collect()));
            prop_assert_eq!(alone, of(&one.difference(&other).copied().collect()));
        }
    }
}
