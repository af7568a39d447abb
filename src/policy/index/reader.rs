//! What must be true for a body to hold, as far as its text tells?

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, BinOp, BoolOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead};

use super::{Condition, DEEPEST, Field};
use crate::policy::input::Phase;
use crate::policy::syntax::{Node, Part, Written, aliases, expression, package, steps, text};

/// Whether anything after a statement is sure to be reached only when the statement is true.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It cannot fail, only be true or not.
    GoOn,
    /// It may fail, so what comes after it says nothing about whether this rule is heard.
    Stop,
}

/// What a list of texts may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A set or an array.
    List,
    /// A set: the union of anything else is an error.
    Set,
}

/// Every rule there is, to look into those a body begins with.
pub(super) struct Reader<'a>(BTreeMap<Vec<String>, Vec<Written<'a>>>);

impl<'a> Reader<'a> {
    pub(super) fn new(modules: &'a [Ref<Module>]) -> Self {
        let mut rules: BTreeMap<Vec<String>, Vec<Written<'a>>> = BTreeMap::new();
        for rule in Written::all(modules) {
            rules.entry(rule.path()).or_default().push(rule);
        }
        Self(rules)
    }

    /// Statements that define nothing run in the order they are written, before those that need a variable.
    pub(super) fn body(&self, rule: &Written<'a>, body: &'a Query, condition: &mut Condition, depth: usize) -> After {
        for statement in &body.stmts {
            if !statement.with_mods.is_empty() {
                return After::Stop;
            }
            let after = match &statement.literal {
                Literal::Expr { expr, .. } => self.statement(rule, expr, condition, depth),
                Literal::SomeIn { collection, .. } => {
                    if is_result(rule, collection) {
                        condition.narrow(Field::Phase, BTreeSet::from([Phase::Result.word().to_owned()]));
                    }
                    After::Stop
                }
                Literal::NotExpr { expr, .. } if is_plain(rule, expr) => After::GoOn,
                Literal::SomeVars { .. } => After::GoOn,
                _ => After::Stop,
            };
            if after == After::Stop {
                return After::Stop;
            }
        }
        After::GoOn
    }

    fn statement(&self, rule: &Written<'a>, expr: &'a Expr, condition: &mut Condition, depth: usize) -> After {
        match expr {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } => {
                let sides = [(lhs, rhs), (rhs, lhs)];
                let found = sides.into_iter().find_map(|(field, name)| Some((word_of(rule, field)?, text(name)?)));
                if let Some((field, name)) = found {
                    condition.narrow(field, BTreeSet::from([name]));
                    return After::GoOn;
                }
            }
            Expr::Membership { key: None, value, collection, .. } => {
                if let (Some(label), Some(Field::Label)) = (text(value), field_of(rule, collection)) {
                    condition.narrow(Field::Label, BTreeSet::from([label]));
                    return After::GoOn;
                }
                let names = self.names(rule, collection, (Kind::List, depth));
                if let (Some(field), Some(names)) = (word_of(rule, value), names) {
                    condition.narrow(field, names);
                    return After::GoOn;
                }
            }
            Expr::Var { .. } | Expr::RefDot { .. } => {
                if let Some((helper, body)) = self.helper(rule, expr, depth) {
                    return self.body(&helper, body, condition, depth.saturating_add(1));
                }
            }
            _ => {}
        }
        if !is_plain(rule, expr) {
            return After::Stop;
        }
        if reads_result(rule, expr) {
            condition.narrow(Field::Phase, BTreeSet::from([Phase::Result.word().to_owned()]));
        }
        After::GoOn
    }

    /// A rule that is written once and is either true or not there: `here if input.call.server == "x"`.
    fn helper(&self, rule: &Written<'a>, expr: &Expr, depth: usize) -> Option<(Written<'a>, &'a Query)> {
        let helper = self.only(rule, expr, depth)?;
        let Rule::Spec { head: RuleHead::Compr { assign, .. }, bodies, .. } = helper.rule else { return None };
        let plainly_true = assign
            .as_ref()
            .is_none_or(|assign| matches!(assign.value.as_ref(), Expr::Bool { span, .. } if span.text() == "true"));
        match bodies.as_slice() {
            [body] if plainly_true && body.assign.is_none() => Some((helper, &body.query)),
            _ => None,
        }
    }

    /// The texts of a list that is written down, here or as a rule of its own.
    fn names(&self, rule: &Written<'a>, expr: &Expr, (kind, depth): (Kind, usize)) -> Option<BTreeSet<String>> {
        match expr {
            Expr::Set { items, .. } => items.iter().map(|item| text(item)).collect(),
            Expr::Array { items, .. } if kind == Kind::List => items.iter().map(|item| text(item)).collect(),
            Expr::BinExpr { op: BinOp::Union, lhs, rhs, .. } => {
                let mut left = self.names(rule, lhs, (Kind::Set, depth))?;
                left.extend(self.names(rule, rhs, (Kind::Set, depth))?);
                Some(left)
            }
            Expr::Var { .. } => {
                let list = self.only(rule, expr, depth)?;
                let Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. } = list.rule else {
                    return None;
                };
                let plain = bodies.is_empty();
                plain.then(|| self.names(&list, &assign.value, (kind, depth.saturating_add(1))))?
            }
            _ => None,
        }
    }

    /// The one rule behind a name, when there is exactly one.
    fn only(&self, rule: &Written<'a>, expr: &Expr, depth: usize) -> Option<Written<'a>> {
        if depth >= DEEPEST {
            return None;
        }
        let path = rule.resolve(steps(expr)?, &rule.locals())?;
        let path: Option<Vec<String>> =
            path.into_iter().map(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect();
        match self.0.get(&path?)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// Something that cannot fail: literals, fields of the input and comparisons between them.
fn is_plain(rule: &Written<'_>, expr: &Expr) -> bool {
    let mut plain = true;
    expression(expr, &mut |node| {
        plain &= match node {
            Node::Statement(_) => false,
            Node::Expr(expr) => match expr {
                Expr::String { .. }
                | Expr::RawString { .. }
                | Expr::Number { .. }
                | Expr::Bool { .. }
                | Expr::Null { .. }
                | Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::BoolExpr { .. }
                | Expr::Membership { .. } => true,
                Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } => matches!(lhs.as_ref(), Expr::Var { .. }),
                Expr::Var { span, .. } => rule.locals().contains(span.text()),
                Expr::RefDot { .. } => is_input(rule, expr),
                _ => false,
            },
        };
    });
    plain
}

fn is_input(rule: &Written<'_>, expr: &Expr) -> bool {
    let path = steps(expr).and_then(|steps| rule.resolve(steps, &rule.locals()));
    path.is_some_and(|path| path.first() == Some(&Part::Name("input".to_owned())))
}

/// Whether an expression is undefined where there is no result: it is plain, so nothing in it is asked on its own.
fn reads_result(rule: &Written<'_>, expr: &Expr) -> bool {
    let mut reads = false;
    expression(expr, &mut |node| {
        if let Node::Expr(expr) = node {
            reads |= is_result(rule, expr);
        }
    });
    reads
}

fn is_result(rule: &Written<'_>, expr: &Expr) -> bool {
    let path = steps(expr).and_then(|steps| rule.resolve(steps, &rule.locals()));
    let begins = ["input", "result"].map(|name| Part::Name(name.to_owned()));
    path.is_some_and(|path| path.starts_with(&begins))
}

/// The same, of a field that is one word.
fn word_of(rule: &Written<'_>, expr: &Expr) -> Option<Field> {
    field_of(rule, expr).filter(|field| *field != Field::Label)
}

fn field_of(rule: &Written<'_>, expr: &Expr) -> Option<Field> {
    let hidden = |name: &str| rule.locals().contains(name) || aliases(rule.module).contains_key(name);
    if hidden("input") || package(rule.module).is_empty() {
        return None;
    }
    match expr.span().text() {
        "input.call.server" => Some(Field::Server),
        "input.call.tool" => Some(Field::Tool),
        "input.call.method" => Some(Field::Method),
        "input.phase" => Some(Field::Phase),
        "input.facts.risk" => Some(Field::Risk),
        "input.session.labels" => Some(Field::Label),
        _ => None,
    }
}
