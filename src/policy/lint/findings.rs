//! Does every finding that restricts say who it is and why?

use std::collections::BTreeMap;

use regorus::unstable::{Expr, Rule, RuleHead};

use super::{did_you_mean, nearest, report};
use crate::policy::decision::Effect;
use crate::policy::finding;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, place, policy, text};

/// Looks at the findings that are written down as objects.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(String, Effect, String), String> = BTreeMap::new();
    for rule in written {
        let Some(policy) = policy(rule.module) else { continue };
        let Some(effect) = Effect::from_word(&rule.name()) else { continue };
        let Rule::Spec { head, .. } = rule.rule else { continue };
        let value = match head {
            RuleHead::Set { key, .. } => key.as_ref(),
            RuleHead::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
            RuleHead::Func { .. } => None,
        };
        let Some(Expr::Object { span, fields, .. }) = value.map(AsRef::as_ref) else { continue };
        for (_, key, _) in fields {
            let Some(name) = text(key) else { continue };
            let known = finding::written::fields(effect);
            if !known.contains(&name) {
                let meant = did_you_mean(nearest(&name, known.iter().map(String::as_str)));
                let what = format!("a finding of `{}` has no field `{name}`.{meant}", effect.word());
                report(problems, key.span(), "unknown-finding-field", what);
            }
        }
        let field = |wanted: &str| {
            fields.iter().find(|(_, key, _)| text(key).as_deref() == Some(wanted)).map(|(_, _, value)| value)
        };
        if matches!(effect, Effect::Deny | Effect::Hold) && (field("id").is_none() || field("reason").is_none()) {
            let what =
                format!("a {} needs an `id` and a `reason`: the agent and the record name it by them.", effect.word());
            report(problems, span, "missing-id", what);
        }
        if effect == Effect::Hold && field("reviewers").is_none() {
            report(problems, span, "missing-reviewers", "a hold needs `reviewers`: [\"group:NAME\"].");
        }
        if let Some(severity) = field("severity").and_then(|value| text(value))
            && finding::severity(&severity).is_none()
        {
            report(problems, span, "severity", "`severity` is one of info, low, medium, high, critical.");
        }
        let Some(id) = field("id") else { continue };
        let Some(name) = text(id) else { continue };
        if let Some(other) = seen.insert((policy, effect, name.clone()), place(id.span())) {
            let what = format!("`{name}` is already at {other}. Two findings of one effect need two names.");
            report(problems, id.span(), "duplicate-id", what);
        }
    }
}
