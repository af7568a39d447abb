//! Which words of a prompt are not kept?
//!
//! Lines that hold a secret; and where one is spread over lines, all of it. What is left is for people who want to know what
//! an agent was asked for, and they do not need its keys.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::facts::secret;
use crate::wire::json::Value;

/// What stands where a line was.
const LINE: &str = "[a secret was here]";
/// What stands where everything was.
const WHOLE: &str = "[this held a secret that is spread over several lines]";
/// What stands where the rest was.
const REST: &str = " […]";

/// The text without secrets, and no longer than so many bytes.
pub fn kept(text: &str, longest: usize) -> String {
    let mut safe = if is_clean(text) {
        text.to_owned()
    } else {
        let lines: Vec<&str> = text.lines().map(|line| if is_clean(line) { line } else { LINE }).collect();
        let lines = lines.join("\n");
        if is_clean(&lines) { lines } else { WHOLE.to_owned() }
    };
    if safe.len() > longest {
        let room = longest.saturating_sub(REST.len());
        let end = safe.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last().unwrap_or(0);
        safe.truncate(end);
        safe.push_str(REST);
    }
    safe
}

fn is_clean(text: &str) -> bool {
    let facts = secret::read(&Value::from(text));
    facts.found.is_empty() && facts.complete
}
