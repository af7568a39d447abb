//! In which order can the statements of a body be asked?

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Query, Rule, RuleHead};

use super::super::passage::Passage;
use super::super::syntax::{Node, Written, expression, query, variables};

/// The statements of a body, each after those that give it its variables.
pub(super) struct Steps<'a> {
    statements: Vec<&'a LiteralStmt>,
    texts: Vec<&'a str>,
}

impl<'a> Steps<'a> {
    /// As they are written, except where one needs a variable of a later one.
    pub(super) fn of(body: &'a Query, passage: &Passage<'a>) -> Self {
        let mut waiting: Vec<&LiteralStmt> = body.stmts.iter().collect();
        let given: Vec<BTreeSet<String>> = waiting.iter().map(|statement| gives(statement)).collect();
        let all: BTreeSet<&String> = given.iter().flatten().collect();
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut statements = Vec::new();
        while !waiting.is_empty() {
            let ready = |statement: &&LiteralStmt| {
                let own = gives(statement);
                mentioned(statement)
                    .iter()
                    .all(|name| own.contains(name) || known.contains(name) || !all.contains(name))
            };
            let next = waiting.iter().position(ready).unwrap_or(0);
            let statement = waiting.remove(next);
            known.extend(gives(statement));
            statements.push(statement);
        }
        let texts = statements.iter().map(|statement| passage.text(&statement.span)).collect();
        Self { statements, texts }
    }

    pub(super) fn len(&self) -> usize {
        self.statements.len()
    }

    pub(super) fn statement(&self, at: usize) -> Option<&'a LiteralStmt> {
        self.statements.get(at).copied()
    }

    /// The statements up to this one and with it.
    pub(super) fn up_to(&self, last: usize) -> String {
        self.before(last.saturating_add(1))
    }

    /// Those before this one.
    pub(super) fn before(&self, end: usize) -> String {
        self.texts.get(..end).unwrap_or(&self.texts).join("\n\t")
    }

    /// All of them.
    pub(super) fn all(&self) -> String {
        self.texts.join("\n\t")
    }
}

/// The replacements a statement is asked under.
pub(super) fn with(statement: &LiteralStmt, passage: &Passage<'_>) -> String {
    let each = statement
        .with_mods
        .iter()
        .map(|with| format!(" with {} as {}", passage.text(with.refr.span()), passage.text(with.r#as.span())));
    each.collect()
}

/// What binds the parameters of a function to values.
pub(super) fn given(rule: &Written<'_>, values: &[String]) -> Vec<String> {
    let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule.rule else { return Vec::new() };
    let passage = Passage::of(rule.module.package.span.source.contents());
    let bind = |(parameter, value): (&regorus::unstable::Ref<Expr>, &String)| match parameter.as_ref() {
        Expr::Var { span, .. } if span.text() == "_" => None,
        Expr::Var { span, .. } => Some(format!("{} := {value}", span.text())),
        other => Some(format!("{} = {value}", passage.text(other.span()))),
    };
    args.iter().zip(values).filter_map(bind).collect()
}

/// The variables a statement can give a value to.
fn gives(statement: &LiteralStmt) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match &statement.literal {
        Literal::SomeVars { .. } | Literal::NotExpr { .. } | Literal::Every { .. } => {}
        Literal::SomeIn { key, value, .. } => {
            key.iter().chain([value]).for_each(|expr| variables(expr, &mut found));
        }
        Literal::Expr { expr, .. } => {
            if let Expr::AssignExpr { op, lhs, rhs, .. } = expr.as_ref() {
                variables(lhs, &mut found);
                if *op == AssignOp::Eq {
                    variables(rhs, &mut found);
                }
            }
            // An index that is a variable takes every key there is.
            expression(expr, &mut |node| {
                if let Node::Expr(Expr::RefBrack { .. }) = node {
                    indices(node, &mut found);
                }
            });
        }
    }
    found
}

fn indices(node: Node<'_>, found: &mut BTreeSet<String>) {
    let Node::Expr(mut expr) = node else { return };
    loop {
        match expr {
            Expr::RefBrack { refr, index, .. } => {
                variables(index, found);
                expr = refr;
            }
            Expr::RefDot { refr, .. } => expr = refr,
            _ => return,
        }
    }
}

/// Every name in a statement, whatever it means.
fn mentioned(statement: &LiteralStmt) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut visit = |node: Node<'_>| {
        let Node::Expr(mut expr) = node else { return };
        while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = expr {
            expr = refr;
        }
        if let Expr::Var { span, .. } = expr {
            found.insert(span.text().to_owned());
        }
    };
    match &statement.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn { collection, .. } => expression(collection, &mut visit),
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expression(expr, &mut visit),
        Literal::Every { domain, query: inner, .. } => {
            expression(domain, &mut visit);
            query(inner, &mut visit);
        }
    }
    for with in &statement.with_mods {
        expression(&with.r#as, &mut visit);
    }
    found
}
