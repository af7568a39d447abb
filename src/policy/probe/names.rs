//! Which names in a statement are worth a look?

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, LiteralStmt};

use super::super::passage::Passage;
use super::super::syntax::{Part, Written, arity, head, names, steps};

/// Something in a statement that has a value.
pub(super) struct Seen<'a> {
    /// As it is written.
    pub(super) text: &'a str,
}

/// A rule a statement needs.
pub(super) struct Need<'a> {
    pub(super) path: Vec<String>,
    /// As they are written; empty when it is no function.
    pub(super) arguments: Vec<&'a str>,
}

/// The most names that are shown of one statement.
const MOST: usize = 8;

/// Both sides of a comparison, and every reference and variable, each once.
pub(super) fn seen<'a>(statement: &'a LiteralStmt, passage: &Passage<'a>) -> Vec<Seen<'a>> {
    let mut found: Vec<&'a Expr> = Vec::new();
    let mut bound = BTreeSet::new();
    match &statement.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn { key, value, collection, .. } => {
            key.iter().chain([value]).for_each(|expr| super::super::syntax::variables(expr, &mut bound));
            outer(collection, &mut found);
        }
        Literal::Every { domain, .. } => outer(domain, &mut found),
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => {
            match expr.as_ref() {
                Expr::BoolExpr { lhs, rhs, .. } => found.extend([lhs.as_ref(), rhs.as_ref()]),
                Expr::Membership { value, collection, .. } => found.extend([value.as_ref(), collection.as_ref()]),
                Expr::AssignExpr { lhs, rhs, .. } => {
                    super::super::syntax::variables(lhs, &mut bound);
                    found.push(rhs.as_ref());
                }
                _ => {}
            }
            outer(expr, &mut found);
        }
    }
    let mut shown = Vec::new();
    for expr in found {
        let text = passage.text(expr.span());
        let free = !matches!(expr, Expr::Var { span, .. } if bound.contains(span.text()) || span.text() == "_");
        if free && !is_written_down(expr) && !shown.iter().any(|seen: &Seen<'_>| seen.text == text) {
            shown.push(Seen { text });
        }
    }
    shown.truncate(MOST);
    shown
}

/// The rules a statement needs, each once.
pub(super) fn needs<'a>(rule: &Written<'a>, statement: &'a LiteralStmt, all: &[Written<'_>]) -> Vec<Need<'a>> {
    let passage = Passage::of(rule.module.package.span.source.contents());
    let mut found = Vec::new();
    match &statement.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn { collection: expr, .. }
        | Literal::Every { domain: expr, .. }
        | Literal::Expr { expr, .. }
        | Literal::NotExpr { expr, .. } => calls(expr, &mut found),
    }
    let mut needs: Vec<Need<'a>> = Vec::new();
    for expr in found {
        let (steps, arguments) = match expr {
            Expr::Call { fcn, params, .. } => {
                (steps(fcn), params.iter().map(|param| passage.text(param.span())).collect())
            }
            other => (steps(other), Vec::new()),
        };
        let locals = if arguments.is_empty() { rule.locals() } else { BTreeSet::new() };
        let Some(path) = steps.and_then(|steps| rule.resolve(steps, &locals)) else { continue };
        let names: Vec<&String> =
            path.iter().map_while(|part| if let Part::Name(name) = part { Some(name) } else { None }).collect();
        let fits = |other: &&Written<'_>| {
            let known = other.path();
            known.len() <= names.len()
                && known.iter().zip(&names).all(|(a, b)| a == *b)
                && arity(other.rule).unwrap_or(0) == arguments.len()
                && !super::super::syntax::names(head(other.rule)).is_empty()
        };
        let Some(known) = all.iter().find(fits) else { continue };
        let path = known.path();
        if !needs.iter().any(|need| need.path == path && need.arguments == arguments) {
            needs.push(Need { path, arguments });
        }
    }
    needs
}

/// References and variables that do not stand inside a comprehension, whose variables have no value out here.
fn outer<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    parts(expr, &mut |part| {
        if matches!(part, Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }) {
            found.push(part);
        }
    });
}

fn calls<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    parts(expr, &mut |part| {
        if matches!(part, Expr::Call { .. } | Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }) {
            found.push(part);
        }
    });
}

fn parts<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| parts(item, visit)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| parts(value, visit)),
        Expr::Call { params, .. } => params.iter().for_each(|param| parts(param, visit)),
        Expr::UnaryExpr { expr, .. } => parts(expr, visit),
        Expr::BinExpr { lhs, rhs, .. } | Expr::BoolExpr { lhs, rhs, .. } | Expr::ArithExpr { lhs, rhs, .. } => {
            parts(lhs, visit);
            parts(rhs, visit);
        }
        Expr::AssignExpr { rhs, .. } => parts(rhs, visit),
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).for_each(|expr| parts(expr, visit));
        }
        Expr::RefBrack { refr, index, .. } => {
            if !matches!(index.as_ref(), Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. }) {
                parts(index, visit);
            }
            inner(refr, visit);
        }
        Expr::RefDot { refr, .. } => inner(refr, visit),
        _ => {}
    }
}

/// The beginning of a reference is part of the whole, but what stands in its brackets is not.
fn inner<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match expr {
        Expr::RefBrack { refr, index, .. } => {
            if matches!(index.as_ref(), Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }) {
                parts(index, visit);
            }
            inner(refr, visit);
        }
        Expr::RefDot { refr, .. } => inner(refr, visit),
        Expr::Var { .. } => {}
        other => parts(other, visit),
    }
}

fn is_written_down(expr: &Expr) -> bool {
    match expr {
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {
            true
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| is_written_down(item)),
        Expr::Object { fields, .. } => {
            fields.iter().all(|(_, key, value)| is_written_down(key) && is_written_down(value))
        }
        Expr::UnaryExpr { expr, .. } => is_written_down(expr),
        Expr::Var { span, .. } => names(expr).len() == 1 && matches!(span.text(), "input" | "data"),
        _ => false,
    }
}
