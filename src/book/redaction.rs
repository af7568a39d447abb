//! How is something erased that nobody may keep, while everything that was proven stays proven?
//!
//! Values and their salts are destroyed; their commitments stay, so leaves, proofs and roots are what they were. Whatever
//! repeats the value in another entry of the same call goes with it, and in what is kept of the call beside its entries. What
//! was sent to people, exported or backed up is elsewhere, and is said to be.

use std::collections::BTreeMap;

use super::BookError;
use super::holds::held;
use crate::audit::commitment::Opened;
use crate::audit::entry::{Erased, Event};
use crate::audit::field::fields;
use crate::call::CallId;
use crate::gateway::recorder::Recorder;
use crate::store::Store;
use crate::store::append::AppendError;
use crate::store::log::rows::RawEntry;
use crate::store::seal::Belongs;

/// What was erased.
pub(super) type Done = BTreeMap<i64, Vec<String>>;

/// A shorter text stands in too many places that have nothing to do with it.
const SHORTEST: usize = 4;

/// What stands in other rows where an erased text stood.
const INSTEAD: &str = "[erased]";

/// Erases these fields of an entry, and whatever repeats them in its call.
pub async fn redact(
    store: &Store,
    (seq, pointers): (i64, &[String]),
    (by, reason): (&str, &str),
) -> Result<Done, BookError> {
    let entry = store.raw_entry(seq).await?;
    let entry = entry.ok_or_else(|| BookError::Nothing(format!("there is no entry {seq}")))?;
    let call = entry.call.clone();
    if let "erased" | "pruned" | "preserved" = entry.event.as_str() {
        let why =
            format!("entry {seq} says what was removed, erased or held; without it the record could not be checked");
        return Err(BookError::Nothing(why));
    }
    if let Some(hold) = held(store, seq, call.as_deref()).await? {
        return Err(BookError::Nothing(format!(
            "nothing was erased: {} keeps it, {} by {}: {}. Release it first, with `countersign audit hold release {}`",
            hold.name,
            hold.about.words(),
            hold.by,
            hold.reason,
            hold.name
        )));
    }
    let wanted = open(&entry, store)?;
    let words = values(&wanted, pointers);
    let all = match &call {
        Some(call) => store.raw_of_call(call).await?,
        None => vec![entry],
    };
    let mut plan = BTreeMap::new();
    // Nothing is left of what was removed when its time was over.
    let is_there = |entry: &RawEntry| !entry.sealed.as_ref().is_some_and(Vec::is_empty);
    for entry in all.into_iter().filter(is_there) {
        let opened = open(&entry, store)?;
        let mut found = repeats(&opened, &words);
        if entry.seq == seq {
            found.extend(pointers.iter().cloned());
            found.sort();
            found.dedup();
        }
        if !found.is_empty() {
            let after = opened.erase(&found).map_err(|error| BookError::Nothing(error.to_string()))?;
            plan.insert(entry.seq, (entry, Opened::Redacted(after), found));
        }
    }
    let done: Done = plan.iter().map(|(seq, (.., found))| (*seq, found.clone())).collect();
    // Written down first: what is erased without a word about it would look like tampering to whoever looks for it.
    note(store, call.as_deref(), Erased { entries: done.clone(), by: by.to_owned(), reason: reason.to_owned() })
        .await?;
    for (seq, (entry, after, _)) in plan {
        let broken = |error: crate::clock::NoChance| BookError::Nothing(error.to_string());
        let closed = store.keys().sealer.seal_again(belongs(&entry), &after).map_err(broken)?;
        if !store.put_sealed(seq, (entry.sealed.as_deref().unwrap_or_default(), &closed)).await? {
            return Err(BookError::Nothing(format!("entry {seq} was changed meanwhile; run this again")));
        }
    }
    if let Some(call) = &call {
        for value in &words {
            for (words, instead) in value.spellings() {
                store.replace_words(call, (&words, &instead)).await?;
            }
        }
    }
    store.forget_overwritten().await?;
    Ok(done)
}

/// A value that is erased.
struct Gone {
    name: String,
    value: String,
}

impl Gone {
    /// Whether a field repeats it: a text that holds this text, or the same number under the same name.
    fn is_in(&self, pointer: &str, value: &str) -> bool {
        match self.text() {
            Some(text) => text.len() >= SHORTEST && value.contains(text),
            None => self.value.len() > 1 && value == self.value && pointer.rsplit('/').next() == Some(&self.name),
        }
    }

    /// How it is spelled in JSON texts, and what stands there instead.
    fn spellings(&self) -> Vec<(String, String)> {
        match self.text() {
            Some(text) if text.len() >= SHORTEST => vec![(text.to_owned(), INSTEAD.to_owned())],
            Some(_) => Vec::new(),
            None => [',', '}']
                .map(|end| (format!("\"{}\":{}{end}", self.name, self.value), format!("\"{}\":null{end}", self.name)))
                .to_vec(),
        }
    }

    fn text(&self) -> Option<&str> {
        self.value.strip_prefix('"')?.strip_suffix('"')
    }
}

fn values(opened: &Opened, pointers: &[String]) -> Vec<Gone> {
    let inside = |pointer: &str| {
        pointers.iter().any(|wish| {
            pointer.strip_prefix(wish.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let all = fields(opened.body()).unwrap_or_default().into_iter();
    let is_value = |value: &str| !matches!(value, "null" | "true" | "false" | "[]" | "{}" | "\"\"");
    all.filter(|field| inside(&field.pointer) && is_value(field.value))
        .map(|field| Gone {
            name: field.pointer.rsplit('/').next().unwrap_or_default().to_owned(),
            value: field.value.to_owned(),
        })
        .collect()
}

fn repeats(opened: &Opened, words: &[Gone]) -> Vec<String> {
    let all = fields(opened.body()).unwrap_or_default().into_iter();
    let repeats = |pointer: &str, value: &str| words.iter().any(|gone| gone.is_in(pointer, value));
    all.filter(|field| repeats(&field.pointer, field.value)).map(|field| field.pointer).collect()
}

fn belongs(entry: &RawEntry) -> Belongs<'_> {
    Belongs { event: &entry.event, call: entry.call.as_deref(), at: entry.at }
}

fn open(entry: &RawEntry, store: &Store) -> Result<Opened, BookError> {
    let unopened = |why: String| BookError::Entry { seq: entry.seq, why };
    let closed = entry.sealed.as_ref();
    let closed = closed.ok_or_else(|| unopened("it is not sealed yet; try again in a second".to_owned()))?;
    if closed.is_empty() {
        return Err(unopened("its body was removed when its time was over; what is left is in an archive".to_owned()));
    }
    store.keys().sealer.open(belongs(entry), closed).map_err(|error| unopened(error.to_string()))
}

async fn note(store: &Store, call: Option<&str>, erased: Erased) -> Result<(), BookError> {
    let written = Recorder::note(store, call.map(CallId::from_record), Event::Erased(erased)).await;
    written.map_err(|error| AppendError::Broken(error.to_string()).into())
}
