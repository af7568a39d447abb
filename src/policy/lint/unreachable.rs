//! Can every body ever be true?
//!
//! Only what is written down counts: a name compared with texts and numbers, in the statements of one body. A body that
//! asks for two things at once, for a word that does not exist, or for something that is not there when its effect is
//! asked, says nothing for ever, and its author believes it does.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{AssignOp, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, Span};

use super::{did_you_mean, nearest, report};
use crate::policy::decision::Effect;
use crate::policy::index::by_rule;
use crate::policy::input::Phase;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Part, Shorthands, Written, head, literal, place, policy, steps};
use crate::wire::method::Method;

/// Words that can stand at a path, where there is a closed list of them.
const WORDS: [(&str, &[&str]); 6] = [
    ("input.phase", &["call", "list", "result"]),
    ("input.time.weekday", &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
    ("input.server.transport", &["stdio", "http"]),
    ("input.client.transport", &["stdio", "http"]),
    ("input.server.trust", &["claims", "trusted"]),
    ("input.principal.auth.method", &["os", "key", "token", "none"]),
];

/// Looks at every body of every policy.
pub(super) fn check(modules: &[Ref<Module>], written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let shorthands = Shorthands::among(written);
    for rule in written.iter().filter(|rule| policy(rule.module).is_some()) {
        let Rule::Spec { bodies, .. } = rule.rule else { continue };
        let effect = Effect::from_word(&rule.name());
        for body in bodies {
            Body { rule, shorthands: &shorthands, effect }.check(&body.query, problems);
        }
    }
    by_helpers(modules, problems);
}

/// What the index knows is excluded by the helpers a body begins with.
fn by_helpers(modules: &[Ref<Module>], problems: &mut Vec<Problem>) {
    for (rule, conditions) in by_rule(modules) {
        let Some(effect) = Effect::from_word(&rule.name()) else { continue };
        let Rule::Spec { span, .. } = rule.rule else { continue };
        let begin = place(head(rule.rule).span());
        let lines = u32::try_from(span.text().matches('\n').count()).unwrap_or(u32::MAX);
        let told = |problem: &Problem| {
            let (file, line) = at(&problem.place);
            let (own, first) = at(&begin);
            file == own && (first..=first.saturating_add(lines)).contains(&line)
        };
        // What is wrong with a statement of it is told there.
        if !problems.iter().any(told) && conditions.iter().all(|condition| condition.never_holds(effect.phases())) {
            let what = "what this and its helpers ask of server, tool, method and phase excludes itself, so it never says anything. Leave one of them out.";
            report(problems, head(rule.rule).span(), "unreachable", what);
        }
    }
}

struct Body<'a> {
    rule: &'a Written<'a>,
    shorthands: &'a Shorthands,
    effect: Option<Effect>,
}

/// What a name can still be.
#[derive(Default)]
struct Claims {
    /// One of these; none: anything.
    only: Option<BTreeSet<Value>>,
    /// None of these.
    never: BTreeSet<Value>,
    /// Where it was said first.
    first: String,
}

/// What one statement says of a name.
enum Claim {
    Only(BTreeSet<Value>),
    Never(BTreeSet<Value>),
}

impl Body<'_> {
    fn check(&self, body: &Query, problems: &mut Vec<Problem>) {
        let mut claims: BTreeMap<String, Claims> = BTreeMap::new();
        for statement in &body.stmts {
            if let Some((name, claim)) = self.claim(statement) {
                if let Claim::Only(values) = &claim
                    && words(&name, values, &statement.span, problems)
                {
                    return;
                }
                let known = claims.entry(name.clone()).or_default();
                let (first, is_new) = (known.first.clone(), known.first.is_empty());
                if is_new {
                    known.first = line(&statement.span);
                }
                if known.narrow(claim) {
                    let what = if is_new {
                        format!("`{name}` can be nothing of this, so the rule is never true here.")
                    } else {
                        format!(
                            "this is never true together with line {first}, so the rule never says anything. Leave one of them out, or write two rules."
                        )
                    };
                    return report(problems, &statement.span, "unreachable", what);
                }
            }
        }
        self.phases(&claims, problems);
    }

    /// What is asked about while the effect never is.
    fn phases(&self, claims: &BTreeMap<String, Claims>, problems: &mut Vec<Problem>) {
        let Some(effect) = self.effect else { return };
        let asked = |phase: &Phase| {
            let word = Value::from(phase.word());
            claims.get("input.phase").is_none_or(|known| {
                known.only.as_ref().is_none_or(|only| only.contains(&word)) && !known.never.contains(&word)
            })
        };
        if !effect.phases().iter().any(asked) {
            let word = effect.word();
            let when =
                effect.phases().iter().map(|phase| format!("\"{}\"", phase.word())).collect::<Vec<_>>().join(" or ");
            let what = format!("`{word}` is asked only while `input.phase` is {when}, so this never says anything.");
            report(problems, head(self.rule.rule).span(), "unreachable", what);
        }
    }

    fn claim(&self, statement: &LiteralStmt) -> Option<(String, Claim)> {
        if !statement.with_mods.is_empty() {
            return None;
        }
        match &statement.literal {
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. }
                | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                    let (name, value) = self.sides(lhs, rhs)?;
                    Some((name, Claim::Only([value].into())))
                }
                Expr::BoolExpr { op: BoolOp::Ne, lhs, rhs, .. } => {
                    let (name, value) = self.sides(lhs, rhs)?;
                    Some((name, Claim::Never([value].into())))
                }
                Expr::Membership { key: None, value, collection, .. } => {
                    let (Expr::Set { items, .. } | Expr::Array { items, .. }) = collection.as_ref() else {
                        return None;
                    };
                    let values: Option<BTreeSet<Value>> = items.iter().map(|item| literal(item)).collect();
                    Some((self.name(value)?, Claim::Only(values?)))
                }
                Expr::Var { .. } | Expr::RefDot { .. } => {
                    Some((self.name(expr)?, Claim::Never([Value::from(false)].into())))
                }
                _ => None,
            },
            // Not there is fine with `not` and with nothing else, so what is left of the values is `false`.
            Literal::NotExpr { expr, .. } if matches!(expr.as_ref(), Expr::Var { .. } | Expr::RefDot { .. }) => {
                Some((self.name(expr)?, Claim::Only([Value::from(false)].into())))
            }
            _ => None,
        }
    }

    fn sides(&self, lhs: &Expr, rhs: &Expr) -> Option<(String, Value)> {
        let of = |name: &Expr, value: &Expr| Some((self.name(name)?, literal(value)?));
        of(lhs, rhs).or_else(|| of(rhs, lhs))
    }

    /// What names one value in this body: a variable, or a reference that is written down to its end.
    fn name(&self, expr: &Expr) -> Option<String> {
        let steps = steps(expr)?;
        let locals = self.rule.locals();
        if let [Part::Name(variable)] = steps.as_slice()
            && locals.contains(variable)
        {
            return (variable != "_").then(|| variable.clone());
        }
        let path = self.shorthands.expand(self.rule.resolve(steps, &locals)?);
        let names: Option<Vec<String>> =
            path.into_iter().map(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect();
        Some(names?.join("."))
    }
}

/// Whether there is a word among these that does not exist there.
fn words(name: &str, values: &BTreeSet<Value>, span: &Span, problems: &mut Vec<Problem>) -> bool {
    let texts: Vec<&str> = values.iter().filter_map(|value| value.as_string().ok()).map(AsRef::as_ref).collect();
    let listed = WORDS.iter().find(|(path, _)| *path == name).map(|(_, words)| *words);
    for text in texts {
        let (known, meant) = match listed {
            Some(words) => (words.contains(&text), nearest(text, words.iter().copied())),
            None if name == "input.call.method" => (Method::parse(text).is_some(), None),
            None => return false,
        };
        if !known {
            let of = listed.map_or_else(String::new, |words| format!(" It is one of {}.", words.join(", ")));
            let what = format!("`{name}` is never \"{text}\".{}{of}", did_you_mean(meant));
            report(problems, span, "unreachable", what);
            return true;
        }
    }
    false
}

impl Claims {
    /// Whether nothing is left.
    fn narrow(&mut self, claim: Claim) -> bool {
        match claim {
            Claim::Only(values) => match &mut self.only {
                Some(only) => only.retain(|value| values.contains(value)),
                None => self.only = Some(values),
            },
            Claim::Never(values) => self.never.extend(values),
        }
        self.only.as_ref().is_some_and(|only| only.iter().all(|value| self.never.contains(value)))
    }
}

/// File and line of a place.
fn at(place: &str) -> (&str, u32) {
    let line = place.rsplit_once(':').map_or(place, |(line, _)| line);
    let (file, line) = line.rsplit_once(':').unwrap_or((line, ""));
    (file, line.parse().unwrap_or(0))
}

/// The line something stands on.
fn line(span: &Span) -> String {
    at(&place(span)).1.to_string()
}

#[cfg(test)]
mod tests;
