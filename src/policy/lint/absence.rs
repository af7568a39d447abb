//! What happens to a rule when a field it reads is not there?

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead, Span};

use super::report;
use crate::policy::decision::Effect;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Node, Part, Shorthands, Written, expression, head, policy, steps};

/// Looks at every `not`, and at every field in the head of a rule that restricts.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let shorthands = Shorthands::among(written);
    for rule in written {
        bare_not(rule, problems);
        let effect = policy(rule.module).and_then(|_| Effect::from_word(&rule.name()));
        match effect {
            Some(Effect::Allow) => grant_by_absence(rule, &shorthands, problems),
            Some(Effect::Warn) | None => {}
            Some(_) => fragile_head(rule, &shorthands, problems),
        }
    }
}

fn imports_not(module: &Module) -> bool {
    let span = module.package.span.source.contents();
    let line = |line: &str| line.split('#').next().unwrap_or_default().trim() == "import future.keywords.not";
    span.lines().any(line)
}

fn bare_not(rule: &Written<'_>, problems: &mut Vec<Problem>) {
    if imports_not(rule.module) {
        return;
    }
    rule.walk(&mut |node| {
        if let Node::Statement(statement) = node
            && let Literal::NotExpr { .. } = &statement.literal
        {
            let what = "`not` means different things in OPA and here when something is missing. Write `import future.keywords.not` at the top of the file.";
            report(problems, &statement.span, "bare-not", what);
        }
    });
}

/// A reference to something a caller may leave out.
fn may_be_missing(path: &[Part]) -> bool {
    let name = |index: usize| match path.get(index) {
        Some(Part::Name(name)) => name.as_str(),
        _ => "",
    };
    match (name(0), name(1)) {
        ("input", "call") => name(2) == "arguments" && path.len() > 3,
        ("input", "server") => name(2) == "labels" && path.len() > 3,
        // A tool that is null has no fields.
        ("input", "tool") => path.len() > 2,
        ("input", "facts") => match name(2) {
            "risk" | "complete" | "bytes" => false,
            // The lists are always there, what is in them is not.
            "paths" | "urls" | "secrets" | "resources" => path.len() > 3,
            _ => path.len() > 2,
        },
        ("input", "result") => match name(2) {
            "content" | "structured" => path.len() > 3,
            _ => path.len() > 4,
        },
        ("input", "session") => match name(2) {
            "totals" => path.len() > 4,
            _ => path.len() > 3,
        },
        ("input", "principal") => matches!(name(2), "user" | "agent") && path.len() > 3,
        _ => false,
    }
}

fn missing_in<'a>(
    rule: &Written<'a>,
    expr: &'a Expr,
    (bound, shorthands): (&BTreeSet<&str>, &Shorthands),
) -> Option<&'a Span> {
    let locals = rule.locals();
    let mut found = None;
    expression(expr, &mut |node| {
        if let Node::Expr(expr) = node
            && found.is_none()
            && let Some(path) = steps(expr).and_then(|steps| rule.resolve(steps, &locals))
            && may_be_missing(&shorthands.expand(path))
            && !bound.contains(expr.span().text())
        {
            found = Some(expr.span());
        }
    });
    found
}

/// `allow` because something is not so, where it is also not so when the field is left out.
fn grant_by_absence(rule: &Written<'_>, shorthands: &Shorthands, problems: &mut Vec<Problem>) {
    let Rule::Spec { bodies, .. } = rule.rule else { return };
    for body in bodies {
        let bound = bound(&body.query);
        for statement in &body.query.stmts {
            if let Literal::NotExpr { expr, .. } = &statement.literal
                && let Some(span) = missing_in(rule, expr, (&bound, shorthands))
            {
                let what = format!(
                    "this also allows when {field} is missing. Bind it first: `value := {field}`, then `not` on `value`.",
                    field = span.text()
                );
                report(problems, &statement.span, "grant-by-absence", what);
            }
        }
    }
}

/// What must be there for a body to be true: every reference of a statement that is not a `not`.
fn bound(body: &Query) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for statement in &body.stmts {
        if let Literal::Expr { expr, .. } = &statement.literal {
            expression(expr, &mut |node| {
                if let Node::Expr(expr @ (Expr::RefDot { .. } | Expr::RefBrack { .. })) = node {
                    found.insert(expr.span().text());
                }
            });
        }
    }
    found
}

/// A finding that disappears with a field of its own text.
fn fragile_head(rule: &Written<'_>, shorthands: &Shorthands, problems: &mut Vec<Problem>) {
    let Rule::Spec { head: said, bodies, .. } = rule.rule else { return };
    let own = match said {
        RuleHead::Set { key, .. } => key.as_ref(),
        RuleHead::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
        RuleHead::Func { .. } => None,
    };
    let values =
        own.into_iter().chain(bodies.iter().filter_map(|body| body.assign.as_ref().map(|assign| &assign.value)));
    let bound: BTreeSet<&str> = match bodies.as_slice() {
        [body] => bound(&body.query),
        _ => BTreeSet::new(),
    };
    for value in values {
        let word = head(rule.rule).span().text();
        if let Some(span) = missing_in(rule, value, (&bound, shorthands)) {
            let path = span.text().trim_start_matches("input.");
            let gone = format!("this {word} vanishes when {} is missing.", span.text());
            let what = if matches!(word, "deny" | "hide" | "withhold") {
                format!("{gone} Write \"{{{path}}}\" in the reason instead.")
            } else {
                format!(
                    "{gone} In a reason write \"{{{path}}}\"; bind what a field needs in the body, and deny in another rule what has none."
                )
            };
            report(problems, span, "fragile-head", what);
        }
    }
}
