//! How bad could a call be, in one word?
//!
//! The worst of what its arguments say and of what the rules that hold it say. What nobody knows anything of is of medium
//! risk: people are asked about it for a reason.

use serde_json::Value;

use super::card::Shown;
use crate::facts::Risk;

/// The worst of all.
pub fn risk(shown: &Shown) -> Risk {
    let said = shown.more.get("because").and_then(Value::as_array).into_iter().flatten();
    let said = said.filter_map(|because| of_severity(because.get("severity")?.as_str()?));
    let read = shown.more.get("facts").and_then(|facts| Risk::from_word(facts.get("risk")?.as_str()?));
    said.chain(read.filter(|risk| *risk > Risk::Low)).max().unwrap_or(Risk::Medium)
}

fn of_severity(word: &str) -> Option<Risk> {
    if word == "info" { Some(Risk::Low) } else { Risk::from_word(word) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_worst_counts_and_nothing_is_not_low() {
        for (because, facts, wanted) in [
            (json!([]), json!(null), Risk::Medium),
            (json!([]), json!({"risk": "low"}), Risk::Medium),
            (json!([{"severity": "info"}]), json!({"risk": "low"}), Risk::Low),
            (json!([{"severity": "low"}, {"severity": "high"}]), json!({"risk": "low"}), Risk::High),
            (json!([{"severity": "low"}]), json!({"risk": "critical"}), Risk::Critical),
            (json!([{"severity": null}]), json!({"risk": "medium"}), Risk::Medium),
            (json!("nonsense"), json!(7), Risk::Medium),
        ] {
            let shown = json!({
                "server": "s", "method": "tools/call", "target": "t", "params": {}, "reason": null,
                "because": because, "facts": facts
            });
            assert_eq!(risk(&serde_json::from_value(shown).unwrap()), wanted, "{because} {facts}");
        }
    }
}
