//! What must be true for a body to hold, as far as its text tells?

use std::cell::RefCell;
use std::collections::BTreeSet;

use regorus::unstable::{BinOp, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleBody, RuleHead};
use regorus::{Value, unstable::RuleAssign};

use super::given::Test;
use super::lookup::is_nothing;
use super::terms::{Root, Spot, Terms, is_indexed};
use super::{Condition, DEEPEST, Field};
use crate::policy::footprint::Places;
use crate::policy::input::Phase;
use crate::policy::syntax::{Written, head, package, text};

/// Whether anything after a statement is sure to be reached only when the statement is true.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It is, or the statement says itself that it fails.
    GoOn,
    /// It may fail, so what comes after it says nothing about whether this rule is heard.
    Stop,
}

/// What a list of texts may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A set or an array.
    List,
    /// A set: the union of anything else is an error.
    Set,
}

/// What kind of rule comes about in several ways.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is true or not there.
    True,
    /// The same, for so many arguments.
    Call(usize),
    /// A set, empty when it comes about in none.
    Set,
}

/// Looks into the rules a body begins with.
pub(super) struct Reader<'a, 'p> {
    pub(super) terms: Terms<'a>,
    places: RefCell<&'p mut Places>,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) fn new(modules: &'a [Ref<Module>], data: Option<&'a Value>, places: &'p mut Places) -> Self {
        Self { terms: Terms::new(modules, data), places: RefCell::new(places) }
    }

    /// What must be true for this body of a rule to hold.
    pub(super) fn condition(&self, rule: Written<'a>, body: &'a Query, depth: usize) -> Condition {
        let mut condition = Condition { is_firm: true, ..Condition::default() };
        let after = self.body(Spot::in_rule(rule), body, &mut condition, depth);
        Condition { is_whole: after == After::GoOn, ..condition }
    }

    /// Statements that define nothing run in the order they are written, before those that need a variable.
    fn body(&self, mut spot: Spot<'a>, body: &'a Query, condition: &mut Condition, depth: usize) -> After {
        for (at, statement) in body.stmts.iter().enumerate() {
            if !statement.with_mods.is_empty() {
                return After::Stop;
            }
            let after = match &statement.literal {
                Literal::Expr { expr, .. } => self.statement(&mut spot, expr, condition, depth),
                Literal::NotExpr { expr, .. } => match self.test(&spot, expr, depth) {
                    Some(test) => condition.add(Test::Not(Box::new(test))),
                    None if self.terms.is_plain(&spot, expr) => condition.add(Test::Needs(BTreeSet::new())),
                    None => return After::Stop,
                },
                Literal::SomeVars { .. } => After::GoOn,
                Literal::SomeIn { key, value, collection, .. } => {
                    let is_name = |expr: &Ref<Expr>| matches!(expr.as_ref(), Expr::Var { .. });
                    let walking = spot.walking(value).filter(|_| key.as_ref().is_none_or(is_name));
                    let behind = body.stmts.get(at.saturating_add(1)..).unwrap_or_default();
                    let tests = walking.map(|spot| self.of_items(spot, behind, depth)).unwrap_or_default();
                    self.walked(&spot, (collection, tests), condition, depth);
                    return After::Stop;
                }
                Literal::Every { .. } => return After::Stop,
            };
            if after == After::Stop {
                return After::Stop;
            }
        }
        After::GoOn
    }

    fn statement(&self, spot: &mut Spot<'a>, expr: &'a Expr, condition: &mut Condition, depth: usize) -> After {
        let picked = self.picked(spot, expr, depth).filter(|(field, _)| condition.is_firm && condition.takes(*field));
        if let Some((field, names)) = picked {
            condition.narrow(field, names);
            return After::GoOn;
        }
        if let Some((helper, body)) = self.helper(spot, expr, depth) {
            return self.body(Spot::in_rule(helper), body, condition, depth.saturating_add(1));
        }
        let test = self.test(spot, expr, depth);
        if test.is_none() && !self.terms.is_plain(spot, expr) {
            return After::Stop;
        }
        let mut needed = BTreeSet::new();
        self.terms.needs(spot, expr, &mut needed);
        narrow_to_results(&needed, condition);
        spot.bind(expr);
        let test = test.unwrap_or_else(|| Test::Needs(needed.iter().map(|path| self.place(path)).collect()));
        condition.add(test)
    }

    /// What is asked of a field that calls are picked by.
    fn picked(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> Option<(Field, BTreeSet<String>)> {
        match expr {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } => {
                let mut sides = [(lhs, rhs), (rhs, lhs)].into_iter();
                sides.find_map(|(field, name)| Some((word_of(spot, field)?, BTreeSet::from([text(name)?]))))
            }
            Expr::Membership { key: None, value, collection, .. } => {
                if let (Some(label), Some(Field::Label)) = (text(value), field_of(spot, collection)) {
                    return Some((Field::Label, BTreeSet::from([label])));
                }
                Some((word_of(spot, value)?, self.names(spot, collection, (Kind::List, depth))?))
            }
            _ => None,
        }
    }

    /// Nothing is walked where there is nothing.
    fn walked(
        &self,
        spot: &Spot<'a>,
        (collection, tests): (&'a Expr, Vec<Test>),
        condition: &mut Condition,
        depth: usize,
    ) {
        let Some(target) = self.terms.target(spot, collection) else { return };
        let test = match target.root {
            Root::Input => {
                narrow_to_results(&BTreeSet::from([target.path.clone()]), condition);
                let place = self.place(&target.path);
                Some(if target.is_whole { Test::Walk(place, tests) } else { Test::Needs(BTreeSet::from([place])) })
            }
            Root::Data => self.terms.known(&target).filter(is_nothing).map(|_| Test::never()),
            Root::Rule => self.ways(&target.path, Way::Set, depth).map(Test::Any),
            Root::Item => None,
        };
        if let Some(test) = test {
            condition.add(test);
        }
    }

    /// What the statements behind `some value in list` ask of each item, up to the first that may fail.
    fn of_items(&self, mut spot: Spot<'a>, behind: &'a [LiteralStmt], depth: usize) -> Vec<Test> {
        let mut tests = Vec::new();
        for statement in behind.iter().take_while(|statement| statement.with_mods.is_empty()) {
            let (test, expr) = match &statement.literal {
                Literal::Expr { expr, .. } => (self.test(&spot, expr, depth), expr),
                Literal::NotExpr { expr, .. } => {
                    (self.test(&spot, expr, depth).map(|test| Test::Not(Box::new(test))), expr)
                }
                _ => break,
            };
            let is_safe = test.as_ref().map_or_else(|| self.terms.is_plain(&spot, expr), Test::is_safe);
            tests.extend(test);
            if !is_safe {
                break;
            }
            spot.bind(expr);
        }
        tests
    }

    /// A rule that is written once and is either true or not there: `here if input.call.server == "x"`.
    fn helper(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> Option<(Written<'a>, &'a Query)> {
        let target = self.terms.target(spot, expr).filter(|target| target.root == Root::Rule && depth < DEEPEST)?;
        let [helper] = self.terms.rules(&target.path)? else { return None };
        match (plain_bodies(helper, Way::True)?, helper) {
            ([body], helper) => Some((*helper, &body.query)),
            _ => None,
        }
    }

    /// All ways in which a rule comes about.
    pub(super) fn ways(&self, path: &[String], kind: Way, depth: usize) -> Option<Vec<Condition>> {
        if depth >= DEEPEST {
            return None;
        }
        let mut ways = Vec::new();
        for rule in self.terms.rules(path)? {
            let bodies = plain_bodies(rule, kind)?;
            // What is added to a set is worked out after the body, and an argument may not fit.
            let last = match rule.rule {
                Rule::Spec { head: RuleHead::Set { key: Some(key), .. }, .. } => {
                    let spot = Spot::in_rule(*rule);
                    let mut needed = BTreeSet::new();
                    self.terms.needs(&spot, key, &mut needed);
                    let needs = Test::Needs(needed.iter().map(|path| self.place(path)).collect());
                    (self.terms.is_plain(&spot, key)).then_some(needs)
                }
                Rule::Spec { head: RuleHead::Func { .. }, .. } => Some(Test::Needs(BTreeSet::new())),
                _ => Some(Test::Any(vec![Condition::from_tests(Vec::new())])),
            };
            let end = |condition: Condition| match last.clone() {
                Some(test) if condition.is_whole => {
                    Condition { tests: [condition.tests, vec![test]].concat(), ..condition }
                }
                _ => Condition { is_whole: false, ..condition },
            };
            if bodies.is_empty() {
                ways.push(end(Condition::from_tests(Vec::new())));
            }
            let deeper = depth.saturating_add(1);
            ways.extend(bodies.iter().map(|body| end(self.condition(*rule, &body.query, deeper))));
        }
        Some(ways)
    }

    /// The path of a function that policies define.
    pub(super) fn function(&self, spot: &Spot<'a>, expr: &'a Expr) -> Option<Vec<String>> {
        self.terms.target(spot, expr).filter(|target| target.root == Root::Rule).map(|target| target.path)
    }

    /// The texts of a list that is written down, here or as a rule of its own.
    pub(super) fn names(
        &self,
        spot: &Spot<'a>,
        expr: &'a Expr,
        (kind, depth): (Kind, usize),
    ) -> Option<BTreeSet<String>> {
        match expr {
            Expr::Set { items, .. } => items.iter().map(|item| text(item)).collect(),
            Expr::Array { items, .. } if kind == Kind::List => items.iter().map(|item| text(item)).collect(),
            Expr::BinExpr { op: BinOp::Union, lhs, rhs, .. } => {
                let mut left = self.names(spot, lhs, (Kind::Set, depth))?;
                left.extend(self.names(spot, rhs, (Kind::Set, depth))?);
                Some(left)
            }
            Expr::Var { .. } if depth < DEEPEST => {
                let target = self.terms.target(spot, expr).filter(|target| target.root == Root::Rule)?;
                let [list] = self.terms.rules(&target.path)? else { return None };
                let Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. } = list.rule else {
                    return None;
                };
                let plain = bodies.is_empty() && !is_indexed(head(list.rule));
                plain.then(|| self.names(&Spot::in_rule(*list), &assign.value, (kind, depth.saturating_add(1))))?
            }
            _ => None,
        }
    }

    pub(super) fn place(&self, path: &[String]) -> usize {
        self.places.borrow_mut().number(values(path))
    }
}

/// What reads a result has nothing to say before there is one.
fn narrow_to_results(needed: &BTreeSet<Vec<String>>, condition: &mut Condition) {
    let is_result = |path: &Vec<String>| path.first().is_some_and(|name| name == "result");
    if condition.is_firm && needed.iter().any(is_result) {
        condition.narrow(Field::Phase, BTreeSet::from([Phase::Result.word().to_owned()]));
    }
}

/// The bodies of a rule of this kind, when they depend on nothing but themselves.
fn plain_bodies<'a>(rule: &Written<'a>, kind: Way) -> Option<&'a [RuleBody]> {
    let Rule::Spec { head: said, bodies, .. } = rule.rule else { return None };
    let is_true = |assign: &Option<RuleAssign>| {
        assign
            .as_ref()
            .is_none_or(|assign| matches!(assign.value.as_ref(), Expr::Bool { span, .. } if span.text() == "true"))
    };
    let fits = match (said, kind) {
        (RuleHead::Compr { assign, .. }, Way::True) => is_true(assign),
        (RuleHead::Func { args, assign, .. }, Way::Call(count)) => is_true(assign) && args.len() == count && count > 0,
        (RuleHead::Set { .. }, Way::Set) => true,
        _ => false,
    };
    let alone = bodies.iter().all(|body| !body.is_else && body.assign.is_none());
    (fits && alone && !is_indexed(head(rule.rule))).then_some(bodies)
}

pub(super) fn values(path: &[String]) -> Vec<Value> {
    path.iter().map(|name| Value::from(name.as_str())).collect()
}

/// The same, of a field that is one word.
fn word_of(spot: &Spot<'_>, expr: &Expr) -> Option<Field> {
    field_of(spot, expr).filter(|field| *field != Field::Label)
}

fn field_of(spot: &Spot<'_>, expr: &Expr) -> Option<Field> {
    if !spot.is_plainly_rooted || package(spot.rule.module).is_empty() {
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
