//! What do we say of a call in our own words, line by line?
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use serde_json::{Value, json};

use crate::channels::message::{Known, Matter};
use crate::channels::slack::words::{bold, cut, ours, spoken, theirs};
use crate::policy::finding::evidence::Needed;
use crate::review::sentence::Word;

/// Rules, and people who are lacking, that are named; of more, how many.
const MOST_NAMED: usize = 3;
/// The length of a name we show.
const NAME: usize = 80;

/// The lines, as elements of one section, and whether nothing is left out of what a decision needs.
pub(super) fn lines(matter: &Matter, (most, words): (usize, (usize, usize))) -> (Vec<Value>, bool) {
    let name = |text: &str| theirs(&cut(text, NAME).text);
    let mut all = vec![bold("Risk: "), ours(matter.risk.word())];
    all.extend([bold("\nTool: "), name(&matter.target), ours(" on "), name(&matter.server)]);
    if !matter.environment.is_empty() {
        all.extend([ours(" in "), name(&matter.environment)]);
    }
    all.extend([bold("\nAsked by: "), name(&matter.asker.principal)]);
    let also = [("agent", &matter.asker.agent), ("for", &matter.asker.user)];
    for (what, who) in also.into_iter().filter_map(|(what, who)| Some((what, who.as_deref()?))) {
        all.extend([ours(&format!(", {what} ")), name(who)]);
    }
    if let Some(client) = &matter.asker.client {
        all.extend([ours(", with a client that calls itself "), name(client)]);
    }
    named("\nHeld by: ", &matter.rules, &mut all);
    if matter.state == "pending" {
        named("\nStill to agree: ", &matter.lacking, &mut all);
        all.push(bold("\nUntil: "));
        all.push(time(&matter.deadline));
        if matter.evidence != Needed::Account {
            all.extend([bold("\nA yes counts with: "), ours(matter.evidence.text())]);
        }
    }
    all.extend([bold("\nDigest: "), theirs(&short(&matter.digest))]);
    let facts: Vec<Known> = matter.facts().collect();
    let mut whole = facts.len() <= most;
    for known in facts.iter().take(most) {
        let look = if known.warning { "\nLook twice - " } else { "\n" };
        all.push(bold(&format!("{look}{}: ", cut(&known.name, NAME).text)));
        let (said, all_said) = spoken(&known.words, words);
        whole &= all_said;
        all.extend(said);
    }
    let more = facts.len().saturating_sub(most);
    if more > 0 {
        all.push(bold(&format!("\nAnd {more} more facts, on its page")));
    }
    (all, whole)
}

/// Each of them as the record calls it, and how many more there are.
fn named(label: &str, names: &[String], all: &mut Vec<Value>) {
    if names.is_empty() {
        return;
    }
    all.push(bold(label));
    for (place, name) in names.iter().take(MOST_NAMED).enumerate() {
        let word = Word::Theirs(name.clone());
        all.extend((place > 0).then(|| ours("; ")));
        all.extend(spoken(&[word], (1, NAME)).0);
    }
    let more = names.len().saturating_sub(MOST_NAMED);
    all.extend((more > 0).then(|| ours(&format!(" and {more} more"))));
}

/// A time as whoever reads it would say it.
fn time(text: &str) -> Value {
    let fallback = cut(text, 40).text;
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => json!({
            "type": "date", "timestamp": time.as_second(), "format": "{date_short_pretty} {time_secs}", "fallback": fallback,
        }),
        Err(_) => ours(&fallback),
    }
}

/// Enough of a digest to compare it by eye.
fn short(digest: &str) -> String {
    crate::visible::harmless(digest).chars().take(19).collect()
}
