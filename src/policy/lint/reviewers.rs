//! Has every finding that is written down the form of one, and can somebody be asked?

use regorus::Value;
use regorus::unstable::{Expr, Rule, RuleHead, Span};

use super::report;
use super::unreachable::literal;
use crate::policy::decision::Effect;
use crate::policy::finding::hold::Reviewer;
use crate::policy::finding::{self, Context};
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, policy, text};

/// Looks at reviewers, and reads the findings of which everything is written down as the gateway will.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    for rule in written {
        let (Some(policy), Some(effect)) = (policy(rule.module), Effect::from_word(&rule.name())) else { continue };
        let Rule::Spec { head, .. } = rule.rule else { continue };
        let value = match head {
            RuleHead::Set { key, .. } => key.as_ref(),
            RuleHead::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
            RuleHead::Func { .. } => None,
        };
        let Some(Expr::Object { span, fields, .. }) = value.map(AsRef::as_ref) else { continue };
        let before = problems.len();
        for (_, key, value) in fields {
            match text(key).as_deref() {
                Some("reviewers") => people(value, problems),
                Some("escalate") => escalation(value, problems),
                _ => {}
            }
        }
        let known: Option<Vec<(Value, Value)>> =
            fields.iter().map(|(_, key, value)| Some((literal(key)?, literal(value)?))).collect();
        if let (Some(members), true) = (known, problems.len() == before) {
            form(
                (&policy, effect),
                &Value::from(members.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
                span,
                problems,
            );
        }
    }
}

fn escalation(value: &Expr, problems: &mut Vec<Problem>) {
    if let Expr::Object { fields, .. } = value {
        fields
            .iter()
            .filter(|(_, key, _)| text(key).as_deref() == Some("to"))
            .for_each(|(_, _, to)| people(to, problems));
    }
}

fn people(value: &Expr, problems: &mut Vec<Problem>) {
    let (Expr::Array { items, .. } | Expr::Set { items, .. }) = value else { return };
    for item in items {
        let Some(name) = text(item) else { continue };
        if let Err(nobody) = Reviewer::try_from(name.clone()) {
            let meant = if name.contains(':') { String::new() } else { format!(" Did you mean `group:{name}`?") };
            report(problems, item.span(), "unknown-reviewer", format!("{nobody}.{meant}"));
        }
    }
}

/// What is wrong here would otherwise be a refused call, each time.
fn form((policy, effect): (&str, Effect), value: &Value, span: &Span, problems: &mut Vec<Problem>) {
    let context = Context { policy, effect };
    let known = ["unknown-finding-field", "missing-reviewers", "severity", "missing-id"];
    if let Err(malformed) = finding::read(context, value) {
        let at = crate::policy::syntax::place(span);
        let line = |place: &str| place.rsplit_once(':').map(|(line, _)| line.to_owned());
        // The other checks say it better, and where.
        let said = problems.iter().any(|problem| known.contains(&problem.rule) && near(&problem.place, &at, span));
        if !said && line(&at).is_some() {
            report(
                problems,
                span,
                "malformed",
                format!("this is no finding of `{}`: {}.", effect.word(), malformed.why),
            );
        }
    }
}

/// Whether a place is inside something that begins there.
fn near(place: &str, at: &str, span: &Span) -> bool {
    let number = |place: &str| place.rsplit(':').nth(1).and_then(|line| line.parse::<usize>().ok());
    let (Some(place), Some(first)) = (number(place), number(at)) else { return false };
    (first..=first.saturating_add(span.text().matches('\n').count())).contains(&place)
}
