//! What must be kept whatever its time says, and by whose word?
//!
//! Holds stand in the record itself and nowhere else, so nobody lifts one unseen. Of a call either everything is held or
//! nothing. A hold that cannot be read keeps everything.

use std::collections::{BTreeMap, BTreeSet};

use super::BookError;
use crate::audit::entry::{Event, Preserved};
use crate::call::CallId;
use crate::clock::{Timestamp, chance};
use crate::digest::hex;
use crate::gateway::recorder::Recorder;
use crate::store::Store;
use crate::store::append::AppendError;
use crate::store::entries::{Wanted, Written};
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// What a hold is about. Everything that is said must be so of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// One call.
    pub call: Option<String>,
    /// Somebody, by any name the record has for them.
    pub principal: Option<String>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Before when.
    pub to: Option<Timestamp>,
}

/// One hold that nobody released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Names it.
    pub name: String,
    /// What it is about.
    pub about: About,
    /// Who put it there.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What is held, by which hold.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    calls: BTreeMap<String, String>,
    entries: BTreeMap<i64, String>,
}

/// Entries read at once.
const BATCH: i64 = 500;
/// Under which names the record has somebody.
const NAMES: [&str; 6] = ["principal", "agent", "user", "person", "account", "by"];

impl About {
    /// Whether an entry is meant.
    fn is(&self, line: &Written, body: &Object) -> bool {
        let call = line.call.as_ref().map(CallId::as_str);
        self.call.as_deref().is_none_or(|wanted| call == Some(wanted))
            && self.from.is_none_or(|from| line.at >= from)
            && self.to.is_none_or(|to| line.at < to)
            && self.principal.as_deref().is_none_or(|wanted| NAMES.iter().any(|name| body.str(name) == Some(wanted)))
    }

    /// In words.
    pub fn words(&self) -> String {
        let call = self.call.as_ref().map(|call| format!("the call {call}"));
        let principal = self.principal.as_ref().map(|principal| format!("what {principal} has to do with"));
        let from = self.from.map(|from| format!("from {from}"));
        let to = self.to.map(|to| format!("before {to}"));
        [call, principal, from, to].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Kept {
    /// The hold an entry is under.
    pub fn of(&self, seq: i64, call: Option<&str>) -> Option<&str> {
        let by_call = call.and_then(|call| self.calls.get(call));
        by_call.or_else(|| self.entries.get(&seq)).map(String::as_str)
    }
}

/// All holds nobody released, in the order in which they came.
pub async fn holds(store: &Store) -> Result<Vec<Hold>, BookError> {
    let wanted = Wanted { events: vec!["preserved".to_owned()], ..Wanted::default() };
    let (mut found, mut after) = (Vec::<Hold>::new(), 0);
    loop {
        let lines = store.following(&wanted, after, BATCH).await?;
        let Some(last) = lines.last() else { return Ok(found) };
        after = last.seq;
        for line in &lines {
            let unread = || {
                BookError::Entry {
                seq: line.seq,
                why: "it puts something under a hold and cannot be read, so nothing is removed; see `countersign audit verify`"
                    .to_owned(),
            }
            };
            let body = object(line).ok_or_else(unread)?;
            let name = body.str("hold").ok_or_else(unread)?;
            match body.str("what") {
                Some("held") => found.push(hold(line, &body).ok_or_else(unread)?),
                Some("released") => found.retain(|hold| hold.name != name),
                _ => return Err(unread()),
            }
        }
    }
}

fn hold(line: &Written, body: &Object) -> Option<Hold> {
    let text = |name: &str| body.str(name).map(str::to_owned);
    let time = |name: &str| match body.str(name) {
        Some(text) => Timestamp::parse(text).map(Some),
        None => Some(None),
    };
    let about = About { call: text("call"), principal: text("principal"), from: time("from")?, to: time("to")? };
    Some(Hold { name: text("hold")?, about, by: text("by")?, at: line.at, reason: text("reason")? })
}

fn object(line: &Written) -> Option<Object> {
    match lenient(line.body.as_bytes(), &Limits::REQUEST) {
        Ok(Value::Object(body)) => Some(body),
        _ => None,
    }
}

/// Everything these holds keep.
pub async fn kept_by(store: &Store, holds: &[Hold]) -> Result<Kept, BookError> {
    let mut kept = Kept::default();
    // A call is known by its name; for anything else every entry is looked at.
    let (by_name, others): (Vec<&Hold>, Vec<&Hold>) = holds.iter().partition(|hold| {
        let About { call, principal, from, to } = &hold.about;
        call.is_some() && principal.is_none() && from.is_none() && to.is_none()
    });
    kept.calls.extend(by_name.into_iter().filter_map(|hold| Some((hold.about.call.clone()?, hold.name.clone()))));
    let mut after = 0;
    while !others.is_empty() {
        let lines = store.following(&Wanted::default(), after, BATCH).await?;
        let Some(last) = lines.last() else { break };
        after = last.seq;
        for line in &lines {
            keep(&mut kept, line, &others);
        }
    }
    Ok(kept)
}

fn keep(kept: &mut Kept, line: &Written, holds: &[&Hold]) {
    let body = object(line);
    // What cannot be read may be what is meant.
    let is = |hold: &&&Hold| body.as_ref().is_none_or(|body| hold.about.is(line, body));
    let Some(hold) = holds.iter().find(is) else { return };
    match &line.call {
        Some(call) => drop(kept.calls.entry(call.as_str().to_owned()).or_insert_with(|| hold.name.clone())),
        None => drop(kept.entries.insert(line.seq, hold.name.clone())),
    }
}

/// The hold that keeps this entry or its call from being erased.
pub async fn held(store: &Store, seq: i64, call: Option<&str>) -> Result<Option<Hold>, BookError> {
    let all = holds(store).await?;
    let lines = match call {
        Some(call) => store.of_call(call, i64::MAX).await?,
        None => store.following(&Wanted::default(), seq.saturating_sub(1), 1).await?,
    };
    let mut kept = Kept::default();
    let borrowed: Vec<&Hold> = all.iter().collect();
    for line in &lines {
        keep(&mut kept, line, &borrowed);
    }
    let name = kept.of(seq, call).map(str::to_owned);
    Ok(all.into_iter().find(|hold| Some(&hold.name) == name.as_ref()))
}

/// Puts something under a hold, and gives its name.
pub async fn add(store: &Store, about: About, (by, reason): (&str, &str)) -> Result<String, BookError> {
    let made = chance::<4>().map_err(|error| BookError::Nothing(error.to_string()))?;
    let name = format!("hold-{}", hex(&made));
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let event = Preserved {
        what: "held",
        hold: name.clone(),
        call: about.call,
        principal: about.principal,
        from: time(about.from),
        to: time(about.to),
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    note(store, event).await?;
    Ok(name)
}

/// Releases a hold.
pub async fn release(store: &Store, name: &str, (by, reason): (&str, &str)) -> Result<(), BookError> {
    let all = holds(store).await?;
    if !all.iter().any(|hold| hold.name == name) {
        let known: BTreeSet<&str> = all.iter().map(|hold| hold.name.as_str()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "there is none".to_owned() } else { format!("there are {known}") };
        return Err(BookError::Nothing(format!("no hold is called {name}; {known}")));
    }
    let event = Preserved {
        what: "released",
        hold: name.to_owned(),
        call: None,
        principal: None,
        from: None,
        to: None,
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    note(store, event).await
}

async fn note(store: &Store, event: Preserved) -> Result<(), BookError> {
    let written = Recorder::note(store, None, Event::Preserved(event)).await;
    written.map_err(|error| AppendError::Broken(error.to_string()).into())
}
