//! What need the gateway not even ask?
//!
//! Looking at a result means reading all of it, and most results no rule is about. So it is known beforehand whether any
//! rule may speak of what comes back of a call, and the ordinary call pays nothing. Whenever it is unclear, one may.

use std::collections::BTreeSet;

use regorus::unstable::{Module, Ref};

use super::bundle::{Bundle, Sources};
use super::decision::Effect;
use super::index::{Shown, Sight, Truth};
use super::input::{Input, Phase};
use super::syntax::policy;

/// What the policies are about, as far as their texts tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Concern {
    /// Packages that name results. Those that do not have nothing to change in one, and what they warn of they have said
    /// before.
    results: BTreeSet<String>,
    /// Something that any package can use names results.
    all_results: bool,
    /// Whether anything names labels.
    labels: bool,
}

const RESULT: &str = "result";
const LABELS: &str = "labels";

impl Concern {
    pub(super) fn read(sources: &Sources, modules: &[Ref<Module>]) -> Self {
        let mut concern = Self::default();
        for module in modules {
            let text = module.package.span.source.contents();
            concern.labels |= text.contains(LABELS);
            if text.contains(RESULT) {
                match policy(module) {
                    Some(policy) => drop(concern.results.insert(policy)),
                    None => concern.all_results = true,
                }
            }
        }
        concern.all_results |= sources.data.iter().any(|source| source.text.contains(RESULT));
        concern.labels |= sources.data.iter().any(|source| source.text.contains(LABELS));
        concern
    }

    fn of_results(&self, policy: &str, effect: Effect) -> bool {
        match effect {
            Effect::Withhold | Effect::Label => true,
            Effect::Redact | Effect::Mask | Effect::Warn => self.all_results || self.results.contains(policy),
            _ => false,
        }
    }
}

impl Bundle {
    /// Whether a rule may have something to say about what comes back of this call.
    pub fn speaks_of_result(&self, call: &Input) -> bool {
        let mut key = call.key.clone();
        key.phase = Phase::Result;
        let value = call.value();
        let glance = self.places().glance(&value);
        let sight = Sight { key: &key, glance: &glance, result: Shown::Later, item: None };
        let about = |rule: &&super::bundle::EffectRule| self.concern().of_results(&rule.policy, rule.effect);
        let mut ways = self.rules().iter().filter(about).flat_map(|rule| &rule.conditions);
        ways.any(|way| way.truth(&sight) != Truth::No)
    }

    /// The same when it is not known which tool of the server it comes from.
    pub fn speaks_of_results_from(&self, server: &str) -> bool {
        let about = |rule: &&super::bundle::EffectRule| self.concern().of_results(&rule.policy, rule.effect);
        self.rules().iter().filter(about).flat_map(|rule| &rule.conditions).any(|condition| condition.may_name(server))
    }

    /// Whether a rule may make a call of this tool wait for people; of any tool, when none is named.
    pub fn may_hold(&self, tool: Option<(&str, &str)>) -> bool {
        let holding = self.rules().iter().filter(|rule| matches!(rule.effect, Effect::Hold | Effect::Limit));
        holding
            .flat_map(|rule| &rule.conditions)
            .any(|condition| tool.is_none_or(|(server, tool)| condition.may_call(server, tool)))
    }

    /// Whether a rule may want something of this call unread or unsent: then what could not be judged is not shown either.
    pub fn may_cover(&self, call: &Input) -> bool {
        let covering = self.rules().iter().filter(|rule| matches!(rule.effect, Effect::Redact | Effect::Mask));
        covering.flat_map(|rule| &rule.conditions).any(|condition| condition.may_hold(&call.key))
    }

    /// Whether labels of sessions matter to any rule.
    pub fn minds_labels(&self) -> bool {
        self.concern().labels || self.rules().iter().any(|rule| rule.effect == Effect::Label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::sample;

    fn bundle(rules: &str) -> Bundle {
        sample::bundle(&format!(
            "package countersign.p\n\nallow contains {{\"id\": \"all\", \"reason\": \"r\"}}\n\n{rules}\n"
        ))
    }

    #[test]
    fn results_are_looked_at_only_where_a_rule_may_speak_of_them() {
        let shop = sample::document(&sample::call("read", "{}"));
        let labels =
            r#"label contains {"id": "l", "reason": "r", "label": "private"} if input.call.server == "SERVER""#;
        for (rules, speaks) in [
            (String::new(), false),
            (r#"warn contains {"id": "w", "reason": "r"} if input.call.tool == "read""#.to_owned(), false),
            (
                r#"redact contains {"id": "r", "reason": "r", "path": "/call/arguments/a", "remove": true}"#.to_owned(),
                false,
            ),
            (
                r#"redact contains {"id": "r", "reason": "r", "path": "/result/content", "remove": true}"#.to_owned(),
                true,
            ),
            (labels.replace("SERVER", "shop"), true),
            (labels.replace("SERVER", "other"), false),
            (r#"withhold contains {"id": "w", "reason": "r"} if input.call.tool == "write""#.to_owned(), false),
        ] {
            assert_eq!(bundle(&rules).speaks_of_result(&shop), speaks, "{rules}");
        }
        let other = r#"withhold contains {"id": "w", "reason": "r"} if input.call.tool == "write""#;
        assert!(bundle(other).speaks_of_results_from("shop"), "a task may be of any tool");
        let hold = r#"hold contains {"id": "h", "reason": "r", "reviewers": ["role:r"]} if input.call.tool == "write""#;
        for (tool, may) in [(Some(("shop", "write")), true), (Some(("shop", "read")), false), (None, true)] {
            assert_eq!(bundle(hold).may_hold(tool), may, "{tool:?}");
        }
        assert!(!bundle(other).may_hold(None));
        let mask =
            r#"mask contains {"id": "m", "reason": "r", "path": "/call/arguments/a"} if input.call.tool == "read""#;
        assert!(bundle(mask).may_cover(&shop) && !bundle(other).may_cover(&shop));
        assert!(bundle(labels).minds_labels() && !bundle(mask).minds_labels());
    }
}
