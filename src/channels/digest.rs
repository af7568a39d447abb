//! When many calls wait at once, which are asked for one by one?
//!
//! Whoever gets forty messages in a minute reads none of them. So of what asks somebody to answer only a few a minute are sent
//! singly, the worst first; the rest is gathered for a short while and told in one message, which names each call and leads to
//! the inbox. It is a list and never one button for many: each call is still answered for itself. What is critical waits for
//! nothing and is in no list. One that would be alone in a list is sent as it is, for that is one message as well.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::cmp::Reverse;

use crate::clock::Timestamp;
use crate::facts::Risk;

/// So many are sent singly to one recipient in a minute, unless they are critical.
pub const MOST_SINGLY: usize = 5;
/// In so long, in microseconds.
pub const MINUTE: i64 = 60_000_000;
/// So long is gathered, in microseconds, at most.
pub const GATHERED: i64 = 30_000_000;
/// So many are named in one message; of more, how many.
pub const MOST_NAMED: usize = 25;

/// A delivery that asks one recipient to answer, and was not tried yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Names it.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// How bad the call could be.
    pub risk: Risk,
}

/// What is done with what waits: each is in exactly one place of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sent now, each as it is.
    pub singly: Vec<String>,
    /// Sent now, as one message.
    pub many: Option<Many>,
    /// Not sent yet.
    pub later: Vec<String>,
    /// When to look again, where something is left.
    pub again: Option<Timestamp>,
}

/// One message about several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many {
    /// Those that it names, the worst first.
    pub named: Vec<String>,
    /// Those that it counts.
    pub counted: Vec<String>,
}

impl Many {
    /// All that it stands for.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        self.named.iter().chain(&self.counted)
    }
}

/// What to do with what waits for one recipient, when they were asked singly at these times.
pub fn plan(waiting: &[Waiting], asked: &[Timestamp], now: Timestamp) -> Plan {
    let since = |time: Timestamp| now.micros().saturating_sub(time.micros());
    // What lies in the future was written by a clock that went back since, and stops nothing.
    let lately = || asked.iter().filter(|time| (0..MINUTE).contains(&since(**time)));
    let mut ordered: Vec<&Waiting> = waiting.iter().collect();
    ordered.sort_by_key(|one| (Reverse(one.risk), one.made, &one.id));
    let (critical, others): (Vec<&Waiting>, Vec<&Waiting>) =
        ordered.into_iter().partition(|one| one.risk == Risk::Critical);
    let free = MOST_SINGLY.saturating_sub(lately().count()).saturating_sub(critical.len());
    let (now_too, rest) = others.split_at_checked(free).unwrap_or((&others, &[]));
    let mut plan =
        Plan { singly: critical.iter().chain(now_too).map(|one| one.id.clone()).collect(), ..Plan::default() };
    let Some(oldest) = rest.iter().map(|one| one.made).min() else { return plan };
    let mut ids = rest.iter().map(|one| one.id.clone());
    let gathered = rest.iter().any(|one| !(0..GATHERED).contains(&since(one.made)));
    match (gathered, rest.len()) {
        (true, 1) => plan.singly.extend(ids),
        (true, _) => {
            let named = ids.by_ref().take(MOST_NAMED).collect();
            plan.many = Some(Many { named, counted: ids.collect() });
        }
        (false, _) => {
            let freed = lately().min().map(|time| later(*time, MINUTE));
            plan.again = freed.into_iter().chain([later(oldest, GATHERED)]).min();
            plan.later = ids.collect();
        }
    }
    plan
}

fn later(time: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests;
