//! Does every reviewer that is written down name somebody?
//!
//! A hold whose reviewers are nobody can only end by itself. Only what stands there as a text is looked at; what a rule
//! makes while it runs is known when it has.

use std::collections::BTreeSet;

use regorus::unstable::Expr;

use super::findings::values;
use super::forms::Form;
use super::{nearest, report};
use crate::policy::decision::Effect;
use crate::policy::finding::hold::Reviewer;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, policy, text};

/// Everybody a rule can name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewers {
    /// The people, by their names.
    pub people: BTreeSet<String>,
    /// Their groups.
    pub groups: BTreeSet<String>,
    /// Their roles.
    pub roles: BTreeSet<String>,
    /// The programs that may decide by a channel.
    pub automations: BTreeSet<String>,
    /// Who else says which groups there are.
    pub others: Others,
}

/// Who says which groups there are, beside the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// Nobody: the list is all there is.
    #[default]
    Nobody,
    /// Issuers: a group may stand in a token.
    Issuers,
}

/// So many names are told, and no more.
const TOLD: usize = 12;

/// Looks at the holds that are written down.
pub(super) fn check(written: &[Written<'_>], reviewers: &Reviewers, problems: &mut Vec<Problem>) {
    for rule in written {
        let effect = Effect::from_word(&rule.name()).filter(|_| policy(rule.module).is_some());
        // A limit may hold too.
        if !matches!(effect, Some(Effect::Hold | Effect::Limit)) {
            continue;
        }
        for form in values(rule.rule).into_iter().map(Form::of) {
            let later = form.field("escalate").and_then(|(_, escalate)| Form::of(escalate).field("to"));
            for (_, list) in form.field("reviewers").into_iter().chain(later) {
                each(list, reviewers, problems);
            }
        }
    }
}

fn each(list: &Expr, reviewers: &Reviewers, problems: &mut Vec<Problem>) {
    let (Expr::Array { items, .. } | Expr::Set { items, .. }) = list else { return };
    for item in items {
        // What is no reviewer at all is a fault of its own.
        let Some(reviewer) = text(item).and_then(|text| Reviewer::try_from(text).ok()) else { continue };
        if let Some(help) = reviewers.help(&reviewer) {
            report(problems, item.span(), "unknown-reviewer", format!("`{reviewer}` names nobody in [people]. {help}"));
        }
    }
}

impl Reviewers {
    /// What to do about a reviewer that names nobody; nothing when it names somebody, or may.
    fn help(&self, reviewer: &Reviewer) -> Option<String> {
        let (kind, name, known) = match reviewer {
            Reviewer::Owner => return None,
            Reviewer::Group(_) if self.others == Others::Issuers => return None,
            Reviewer::User(name) => ("user", name, &self.people),
            Reviewer::Group(name) => ("group", name, &self.groups),
            Reviewer::Role(name) => ("role", name, &self.roles),
            Reviewer::Automation(name) if self.automations.contains(name) => return None,
            Reviewer::Automation(name) => {
                return Some(format!("No channel has `answers = {{ automation = \"{name}\" }}`."));
            }
        };
        if known.contains(name) {
            return None;
        }
        let kinds = [("user", &self.people), ("group", &self.groups), ("role", &self.roles)];
        let same = || kinds.into_iter().find(|(_, names)| names.contains(name)).map(|(kind, _)| (kind, name.as_str()));
        let near = nearest(name, known.iter().map(String::as_str)).map(|name| (kind, name)).or_else(same);
        let meant = near.map_or_else(String::new, |(kind, name)| format!("Did you mean `{kind}:{name}`? "));
        let told: Vec<String> = known.iter().take(TOLD).map(|name| format!("`{kind}:{name}`")).collect();
        let more = known.len().saturating_sub(told.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(match told.as_slice() {
            [] => format!("{meant}Nobody there has a {kind}; add `{kind}s = [\"{name}\"]` to a person."),
            told => format!("{meant}Known: {}{more}.", told.join(", ")),
        })
    }
}
