//! Does every finding that restricts say who it is and why, and everything its effect needs?

use std::collections::BTreeMap;

use regorus::unstable::{Expr, Rule, RuleHead, Span};

use super::forms::Form;
use super::{did_you_mean, nearest, report};
use crate::policy::decision::Effect;
use crate::policy::finding;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, head, place, policy, text};

/// Looks at the findings that are written down.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let fields: BTreeMap<Effect, Vec<String>> =
        Effect::ALL.into_iter().map(|effect| (effect, finding::written::fields(effect))).collect();
    let mut seen: BTreeMap<(String, Effect, String), String> = BTreeMap::new();
    for rule in written {
        let Some(policy) = policy(rule.module) else { continue };
        let Some(effect) = Effect::from_word(&rule.name()) else { continue };
        let known = fields.get(&effect).map(Vec::as_slice).unwrap_or_default();
        for value in values(rule.rule) {
            match value {
                Expr::Object { span, .. } => {
                    let finding = Object { effect, form: Form::of(value), span, known };
                    finding.check(problems);
                    let Some((_, id)) = finding.form.field("id") else { continue };
                    let Some(name) = text(id) else { continue };
                    if let Some(other) = seen.insert((policy.clone(), effect, name.clone()), place(id.span())) {
                        let what =
                            format!("`{name}` is already at {other}. Two findings of one effect need two names.");
                        report(problems, id.span(), "duplicate-id", what);
                    }
                }
                Expr::Array { items, .. } | Expr::Set { items, .. } => {
                    for item in items {
                        short(effect, item, problems);
                    }
                }
                other => short(effect, other, problems),
            }
        }
        if let Rule::Spec { head: RuleHead::Compr { assign: None, .. }, .. } = rule.rule
            && !matches!(effect, Effect::Hide)
        {
            // `hold if …` says `true`.
            nothing(effect, head(rule.rule).span(), problems);
        }
    }
}

/// Everything a rule may say, where it is written down.
pub(super) fn values(rule: &Rule) -> Vec<&Expr> {
    let Rule::Spec { head, bodies, .. } = rule else { return Vec::new() };
    let own = match head {
        RuleHead::Set { key, .. } => key.as_ref(),
        RuleHead::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
        RuleHead::Func { .. } => None,
    };
    let more = bodies.iter().filter_map(|body| body.assign.as_ref().map(|assign| &assign.value));
    own.into_iter().chain(more).map(AsRef::as_ref).collect()
}

/// A finding that is a text or `true`.
fn short(effect: Effect, value: &Expr, problems: &mut Vec<Problem>) {
    match value {
        Expr::String { span, .. } | Expr::RawString { span, .. } if effect == Effect::Label => {
            let label = text(value).unwrap_or_default();
            let own = serde_json::Map::from_iter([("label".to_owned(), label.into())]);
            if let Err(why) = finding::written::read(effect, own) {
                report(problems, span, "finding-form", format!("{why}."));
            }
        }
        Expr::String { span, .. } | Expr::RawString { span, .. } => nothing(effect, span, problems),
        Expr::Bool { span, .. } if span.text() == "true" => nothing(effect, span, problems),
        _ => {}
    }
}

/// A finding without any field of its own, where its effect needs some.
fn nothing(effect: Effect, span: &Span, problems: &mut Vec<Problem>) {
    if let Err(why) = finding::written::read(effect, serde_json::Map::new()) {
        let what = format!("a {} is an object: {why}.", effect.word());
        report(problems, span, missing(&why), what);
    }
}

fn missing(why: &str) -> &'static str {
    if why.contains("`reviewers`") && why.contains("missing") { "missing-reviewers" } else { "finding-form" }
}

struct Object<'a> {
    effect: Effect,
    form: Form<'a>,
    span: &'a Span,
    known: &'a [String],
}

impl Object<'_> {
    fn check(&self, problems: &mut Vec<Problem>) {
        let Self { effect, form, span, known } = self;
        let mut strange = false;
        for (name, key) in form.names() {
            if !known.contains(&name) {
                strange = true;
                let meant = did_you_mean(nearest(&name, known.iter().map(String::as_str)));
                let what = format!("a finding of `{}` has no field `{name}`.{meant}", effect.word());
                report(problems, key.span(), "unknown-finding-field", what);
            }
        }
        let has = |name| form.field(name).is_some();
        let named = matches!(effect, Effect::Deny | Effect::Hold | Effect::Withhold | Effect::Limit);
        if named && !(has("id") && has("reason")) {
            let what =
                format!("a {} needs an `id` and a `reason`: the agent and the record name it by them.", effect.word());
            report(problems, span, "missing-id", what);
        }
        if matches!(effect, Effect::Redact | Effect::Mask | Effect::Require) && !has("id") {
            let what = format!("a {} needs an `id`: the record names it by that.", effect.word());
            report(problems, span, "missing-id", what);
        }
        if *effect == Effect::Hold && !has("reviewers") {
            return report(problems, span, "missing-reviewers", "a hold needs `reviewers`: [\"group:NAME\"].");
        }
        if let Some(severity) = form.field("severity").and_then(|(_, value)| text(value))
            && finding::severity(&severity).is_none()
        {
            report(problems, span, "severity", "`severity` is one of info, low, medium, high, critical.");
        }
        // What is not written down may be right; the rest is read as it will be when the rule speaks.
        if !strange && let Err(why) = finding::written::read(*effect, form.own()) {
            report(problems, form.about(&why).unwrap_or(span), missing(&why), format!("{why}."));
        }
    }
}
