//! Which statements need no interpreter?

use std::collections::BTreeSet;

use regorus::Value;
use regorus::unstable::{BoolOp, Expr};

use super::Condition;
use super::given::{Test, Wanted};
use super::reader::{Kind, Reader, Way, values};
use super::terms::{Root, Spot, Target};
use crate::policy::syntax::{aliases, names};

impl<'a> Reader<'a, '_> {
    /// A statement that can be looked up.
    pub(super) fn test(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> Option<Test> {
        match expr {
            Expr::BoolExpr { op, lhs, rhs, .. } => self.compared(spot, (op, lhs, rhs), depth),
            Expr::Membership { key: None, value, collection, .. } => self.member(spot, value, collection, depth),
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let target = self.terms.target(spot, expr)?;
                match target.root {
                    Root::Input | Root::Item => target.is_whole.then(|| self.looked(&target, Wanted::True)),
                    Root::Data => self.named(spot, expr, &target),
                    Root::Rule => self.ways(&target.path, Way::True, depth).map(Test::Any),
                }
            }
            Expr::Call { fcn, params, .. } => {
                let path = self.function(spot, fcn)?;
                let mut needed = BTreeSet::new();
                for param in params {
                    if !self.terms.is_plain(spot, param) {
                        return None;
                    }
                    self.terms.needs(spot, param, &mut needed);
                }
                let ways = Test::Any(self.ways(&path, Way::Call(params.len()), depth)?);
                let needed = Test::Needs(needed.iter().map(|path| self.place(path)).collect());
                Some(Test::Any(vec![Condition::from_tests(vec![needed, ways])]))
            }
            _ => None,
        }
    }

    fn compared(&self, spot: &Spot<'a>, (op, lhs, rhs): (&BoolOp, &'a Expr, &'a Expr), depth: usize) -> Option<Test> {
        if let Some(filled) = self.counted(spot, lhs, depth) {
            let number = self.terms.constant(spot, rhs)?;
            let is = |wanted: u64| number == Value::from(wanted);
            return match op {
                BoolOp::Gt | BoolOp::Ne if is(0) => Some(filled),
                BoolOp::Ge if is(1) => Some(filled),
                BoolOp::Eq if is(0) => Some(match filled {
                    // What is not there is not empty either.
                    Test::At(place, _) => Test::At(place, Wanted::Empty),
                    Test::Item(path, _) => Test::Item(path, Wanted::Empty),
                    filled => Test::Not(Box::new(filled)),
                }),
                _ => None,
            };
        }
        let part = |expr| self.part(spot, expr);
        let (part, op, other) = match (part(lhs), part(rhs)) {
            (Some(part), None) => (part, op.clone(), rhs),
            (None, Some(part)) => (part, turned(op), lhs),
            _ => return None,
        };
        let other = self.terms.constant(spot, other)?;
        Some(if other == Value::Undefined { Test::never() } else { self.looked(&part, Wanted::Is(op, other)) })
    }

    /// Whether `count` of something is more than nothing.
    fn counted(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> Option<Test> {
        let Expr::Call { fcn, params, .. } = expr else { return None };
        let ([list], ["count"]) =
            (params.as_slice(), names(fcn).iter().map(String::as_str).collect::<Vec<_>>().as_slice())
        else {
            return None;
        };
        if aliases(spot.rule.module).contains_key("count") || self.function(spot, fcn).is_some() {
            return None;
        }
        let target = self.terms.target(spot, list)?;
        match target.root {
            // What is not there has no length, and no comparison with it holds or fails to.
            Root::Input | Root::Item => target.is_whole.then(|| self.looked(&target, Wanted::Counted)),
            Root::Rule => self.ways(&target.path, Way::Set, depth).map(Test::Any),
            Root::Data => None,
        }
    }

    fn member(&self, spot: &Spot<'a>, value: &'a Expr, collection: &'a Expr, depth: usize) -> Option<Test> {
        if let (Some(item), Some(list)) = (self.terms.constant(spot, value), self.part(spot, collection)) {
            return Some(match item {
                Value::Undefined => Test::never(),
                item => self.looked(&list, Wanted::Has(item)),
            });
        }
        let names = self.names(spot, collection, (Kind::List, depth))?;
        let names = names.iter().map(|name| Value::from(name.as_str())).collect();
        Some(self.looked(&self.part(spot, value)?, Wanted::In(names)))
    }

    /// What a table in data says of a name: `data.dataflow.sends[input.call.server]`.
    fn named(&self, spot: &Spot<'a>, expr: &'a Expr, target: &Target) -> Option<Test> {
        let known = self.terms.known(target)?;
        if target.is_whole {
            let never = matches!(known, Value::Undefined | Value::Bool(false));
            return Some(if never { Test::never() } else { Test::Any(vec![Condition::from_tests(Vec::new())]) });
        }
        if is_nothing(&known) {
            return Some(Test::never());
        }
        let Expr::RefBrack { refr, index, .. } = expr else { return None };
        let table = self.terms.target(spot, refr).filter(|table| table.is_whole && table.path == target.path);
        table.and_then(|_| self.part(spot, index)).map(|index| self.looked(&index, Wanted::Names(known)))
    }

    /// A part of the input, or of what a list is walked by.
    fn part(&self, spot: &Spot<'a>, expr: &'a Expr) -> Option<Target> {
        let target = self.terms.target(spot, expr)?;
        (target.is_whole && matches!(target.root, Root::Input | Root::Item)).then_some(target)
    }

    fn looked(&self, part: &Target, wanted: Wanted) -> Test {
        match part.root {
            Root::Item => Test::Item(values(&part.path), wanted),
            _ => Test::At(self.place(&part.path), wanted),
        }
    }
}

/// The comparison with its sides exchanged.
const fn turned(op: &BoolOp) -> BoolOp {
    match op {
        BoolOp::Lt => BoolOp::Gt,
        BoolOp::Le => BoolOp::Ge,
        BoolOp::Eq => BoolOp::Eq,
        BoolOp::Ge => BoolOp::Le,
        BoolOp::Gt => BoolOp::Lt,
        BoolOp::Ne => BoolOp::Ne,
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Undefined => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
