//! What do the record and the ledgers say, and do they say the same?

use std::collections::BTreeMap;

use countersign::approval::vote::Word;
use serde_json::Value;

use super::Heard;
use crate::world::{World, event};

/// What the record and the tool servers say.
pub(crate) struct Book {
    /// How often each thing happened to each approval.
    counts: BTreeMap<(String, String), u64>,
    /// The job of each.
    jobs: BTreeMap<String, String>,
    /// How often each job reached a tool server.
    sent: BTreeMap<String, u64>,
}

impl Book {
    pub(crate) async fn read(worlds: &[World]) -> Self {
        let (code, book) = worlds[0].run(&["log", "tail", "-n", "100000000", "--json"]).await;
        assert_eq!(code, 0, "{book}");
        let (mut counts, mut jobs, mut sent) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for line in book.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let Some(call) = entry["call"].as_str() else { continue };
            *counts.entry((call.to_owned(), event(&entry).to_owned())).or_default() += 1;
            if let Some(job) = entry["params"]["arguments"]["job"].as_str() {
                jobs.insert(call.to_owned(), job.to_owned());
            }
        }
        for line in worlds.iter().flat_map(World::ledger) {
            let job = line["params"]["arguments"]["job"].as_str().unwrap();
            *sent.entry(job.to_owned()).or_default() += 1;
        }
        Self { counts, jobs, sent }
    }

    /// Nothing ran twice for one answer or without one, no answer is lost, and everything has an end.
    pub(crate) fn check(
        &self,
        states: &BTreeMap<String, &'static str>,
        answered: &BTreeMap<String, Word>,
        heard: &BTreeMap<String, Heard>,
    ) {
        let (mut claims, mut succeeded) = (BTreeMap::<&str, u64>::new(), BTreeMap::<&str, u64>::new());
        for (call, state) in states {
            let count = |event| self.count(call, event);
            assert!(count("claimed") <= 1 && count("dispatched") == count("claimed"), "{call} {state}");
            assert!(count("claimed") <= count("voted"), "{call} ran without an answer");
            assert_eq!(count("voted") == 1, answered.contains_key(call), "{call} {state}");
            let ran = ["succeeded", "outcome_unknown"].contains(state);
            assert_eq!(ran, count("claimed") == 1, "{call} {state}");
            assert_eq!(*state == "rejected", answered.get(call) == Some(&Word::No), "{call} {state}");
            assert!(ran || *state == "rejected", "{call} has no end but {state}, and its agent wants nothing more");
            *claims.entry(&self.jobs[call]).or_default() += count("claimed");
            *succeeded.entry(&self.jobs[call]).or_default() += u64::from(*state == "succeeded");
        }
        for call in answered.keys() {
            assert!(states.contains_key(call), "the answer to {call} is lost");
        }
        for job in self.jobs.values() {
            // What is known to have happened did, and what nobody knows happened once or not at all.
            let (sent, claimed) = (self.sent.get(job).copied().unwrap_or(0), claims[job.as_str()]);
            assert!(succeeded[job.as_str()] <= sent && sent <= claimed, "{job} was sent {sent} times of {claimed}");
            let known = succeeded[job.as_str()] > 0;
            assert!(known || heard[job] == Heard::No, "{job} was heard of, and the record knows nothing");
        }
        assert!(self.sent() > 0, "something ran");
    }

    fn count(&self, call: &str, event: &str) -> u64 {
        self.counts.get(&(call.to_owned(), event.to_owned())).copied().unwrap_or(0)
    }

    fn all(&self, event: &str) -> u64 {
        self.counts.iter().filter(|((_, told), _)| told == event).map(|(_, count)| count).sum()
    }

    pub(crate) fn approvals(&self) -> u64 {
        self.all("held")
    }

    pub(crate) fn answers(&self) -> u64 {
        self.all("voted")
    }

    pub(crate) fn claimed(&self) -> u64 {
        self.all("claimed")
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.values().sum()
    }

    pub(crate) fn unknown(&self) -> u64 {
        self.claimed() - self.all("finished")
    }
}
