//! Which calls were there, and what did rules say of them?
//!
//! The book grows for ever, so it is never read whole: from its end backwards, a bounded stretch at a time, and a bounded
//! number of stretches for one page. What was not looked at yet is where the next page begins.

use std::collections::BTreeMap;

use super::card::Shown;
use super::fault::Fault;
use super::pages::history::{Past, Search, things};
use crate::clock::Timestamp;
use crate::store::Store;
use crate::store::entries::Written;

/// Calls a page has at most.
const PAGE: usize = 50;
/// Places of the book that are looked at in one go.
const STRETCH: i64 = 2000;
/// Places that are looked at for one page.
const MOST_PLACES: i64 = 60_000;
/// Calls whose lines are read for one page.
const MOST_CALLS: usize = 500;
/// Lines of one call that are read.
const MOST_LINES: i64 = 200;
/// Lines that are read of all calls whose ids begin alike.
const MOST_ALIKE: i64 = 2000;
/// What begins a call in the book.
const BEGINS: [&str; 2] = ["arrived", "refused"];

/// Calls of the past, newest first.
#[derive(Debug)]
pub struct Found {
    /// The calls.
    pub rows: Vec<Past>,
    /// Where to go on.
    pub next: Option<i64>,
    /// How far back was looked, where that was too little to fill the page.
    pub looked: Option<Timestamp>,
}

/// The calls that are looked for.
pub async fn past(store: &Store, search: &Search) -> Result<Found, Fault> {
    if !search.id.is_empty() {
        return alike(store, search).await;
    }
    let mut before = match search.before {
        Some(before) => before,
        None => store.end().await?.saturating_add(1),
    };
    if let Some(until) = search.until {
        before = before.min(store.place_after(until).await?);
    }
    let first = match search.from {
        Some(from) => store.place_after(Timestamp::from_micros(from.micros().saturating_sub(1))).await?,
        None => 0,
    };
    let (floor, mut looks) = (before.saturating_sub(MOST_PLACES), 0_usize);
    let (mut rows, mut looked) = (Vec::new(), None);
    while before > first {
        let from = before.saturating_sub(STRETCH).max(first);
        let lines = store.between(&BEGINS, (before, from), STRETCH).await?;
        for line in lines {
            before = line.seq;
            if !search.fits_thing(&things(&line)) && line.event == "arrived" {
                continue;
            }
            looks = looks.saturating_add(1);
            rows.extend(begun(store, &line).await?.filter(|past| search.fits(past)));
            if rows.len() >= PAGE {
                return Ok(Found { rows, next: Some(before), looked: None });
            }
            looked = Some(line.at);
            if looks >= MOST_CALLS {
                return Ok(Found { rows, next: Some(before), looked });
            }
        }
        before = from;
        if before <= floor && before > first {
            return Ok(Found { rows, next: Some(before), looked });
        }
    }
    Ok(Found { rows, next: None, looked: None })
}

/// Everything the book says of one call; nothing where it says nothing.
pub async fn lines(store: &Store, id: &str) -> Result<Vec<Written>, Fault> {
    let mut lines = store.of_call(id, MOST_LINES).await?;
    lines.retain(|line| line.call.as_ref().is_some_and(|call| call.as_str() == id));
    Ok(lines)
}

/// The newest lines with this event code, so many at most, newest first.
pub async fn newest(store: &Store, event: &str, most: usize) -> Result<Vec<Written>, Fault> {
    let mut before = store.end().await?.saturating_add(1);
    let (floor, mut found) = (before.saturating_sub(MOST_PLACES), Vec::new());
    while before > floor.max(0) && found.len() < most {
        let from = before.saturating_sub(STRETCH).max(0);
        let left = i64::try_from(most.saturating_sub(found.len())).unwrap_or(STRETCH);
        found.extend(store.between(&[event], (before, from), left).await?);
        before = from;
    }
    Ok(found)
}

/// The call that this line begins; nothing where another line does.
async fn begun(store: &Store, line: &Written) -> Result<Option<Past>, Fault> {
    let Some(id) = &line.call else { return Ok(None) };
    let lines = lines(store, id.as_str()).await?;
    // Whoever comes back with a call that waits arrives again.
    let first = lines.iter().find(|line| BEGINS.contains(&line.event.as_str()));
    if first.is_none_or(|first| first.seq != line.seq) {
        return Ok(None);
    }
    told(store, &lines).await
}

async fn alike(store: &Store, search: &Search) -> Result<Found, Fault> {
    let mut calls: BTreeMap<String, Vec<Written>> = BTreeMap::new();
    for line in store.of_call(&search.id, MOST_ALIKE).await? {
        if let Some(call) = &line.call {
            calls.entry(call.to_string()).or_default().push(line);
        }
    }
    let mut rows = Vec::new();
    for lines in calls.into_values().rev() {
        rows.extend(told(store, &lines).await?.filter(|past| search.fits(past)));
        if rows.len() >= PAGE {
            break;
        }
    }
    Ok(Found { rows, next: None, looked: None })
}

/// With what people were shown, where they were asked: more was read out of that than stands in the book.
pub async fn told(store: &Store, lines: &[Written]) -> Result<Option<Past>, Fault> {
    let asked = lines.iter().find(|line| line.event == "held" || line.event == "grant_used");
    let kept = match asked.and_then(|line| line.call.as_ref()) {
        // What cannot be read there is told from the book alone.
        Some(id) => store.find_approval(id.as_str()).await.ok().flatten(),
        None => None,
    };
    Ok(Past::of(lines, kept.and_then(|kept| Shown::of(&kept).ok())))
}
