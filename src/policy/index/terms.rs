//! What does a reference lead to, and can reading it fail?

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{AssignOp, Expr, Module, Ref, Rule, RuleHead};

use super::DEEPEST;
use crate::policy::syntax::{Part, Written, aliases, head, literal, steps, text, variables};

/// Every rule there is, by its path from `data`, and what rules know beside the input.
pub(super) struct Terms<'a> {
    rules: BTreeMap<Vec<String>, Vec<Written<'a>>>,
    data: Option<&'a Value>,
}

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Spot<'a> {
    pub(super) rule: Written<'a>,
    /// Every name that is local anywhere in the rule.
    locals: BTreeSet<String>,
    /// Those that have a value by now.
    bound: BTreeSet<String>,
    /// The name of what a list is walked by.
    item: Option<String>,
    /// Whether `input` and `data` mean what they always mean.
    pub(super) is_plainly_rooted: bool,
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) root: Root,
    /// Its names, without the root.
    pub(super) path: Vec<String>,
    /// Whether it ends where its names end; what comes then is worked out.
    pub(super) is_whole: bool,
}

/// Where a reference begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// The input.
    Input,
    /// Data that no rule has a part in.
    Data,
    /// A rule, and nothing below it.
    Rule,
    /// What a list is walked by.
    Item,
}

impl<'a> Spot<'a> {
    pub(super) fn in_rule(rule: Written<'a>) -> Self {
        let (locals, mut bound) = (rule.locals(), BTreeSet::new());
        if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule.rule {
            for arg in args {
                variables(arg, &mut bound);
            }
        }
        let names = aliases(rule.module);
        let is_plainly_rooted =
            ["input", "data"].iter().all(|root| !locals.contains(*root) && !names.contains_key(*root));
        Self { rule, locals, bound, item: None, is_plainly_rooted }
    }

    /// The same behind `some value in list`.
    pub(super) fn walking(&self, value: &Expr) -> Option<Self> {
        let Expr::Var { span, .. } = value else { return None };
        let name = span.text();
        let fresh = name != "_" && !self.bound.contains(name);
        fresh.then(|| Self { item: Some(name.to_owned()), ..self.clone() })
    }

    /// Gives a local name its value.
    pub(super) fn bind(&mut self, expr: &Expr) {
        if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr {
            variables(lhs, &mut self.bound);
        }
    }
}

impl<'a> Terms<'a> {
    pub(super) fn new(modules: &'a [Ref<Module>], data: Option<&'a Value>) -> Self {
        let mut rules: BTreeMap<Vec<String>, Vec<Written<'a>>> = BTreeMap::new();
        for rule in Written::all(modules) {
            rules.entry(rule.path()).or_default().push(rule);
        }
        Self { rules, data }
    }

    /// All rules of a path, when none has a part in what is above or below it.
    pub(super) fn rules(&self, path: &[String]) -> Option<&[Written<'a>]> {
        let rules = self.rules.get(path)?;
        (self.about(path) == 1).then_some(rules)
    }

    /// How many paths of rules are at, above or below this one.
    fn about(&self, path: &[String]) -> usize {
        self.rules.keys().filter(|known| known.iter().zip(path).all(|(a, b)| a == b)).count()
    }

    /// Where a reference leads; none when what it reads may fail.
    pub(super) fn target(&self, spot: &Spot<'a>, expr: &'a Expr) -> Option<Target> {
        self.follow(spot, expr, 0)
    }

    fn follow(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> Option<Target> {
        if depth > DEEPEST || !spot.is_plainly_rooted || !self.indices(spot, expr, depth) {
            return None;
        }
        let name = |part| if let Part::Name(name) = part { Some(name) } else { None };
        let below = |names: &[String]| names.get(1..).map(<[_]>::to_vec);
        let parts = steps(expr)?;
        if matches!((parts.first(), &spot.item), (Some(Part::Name(root)), Some(item)) if root == item) {
            let length = parts.len();
            let names: Vec<String> = parts.into_iter().map_while(name).collect();
            return Some(Target { root: Root::Item, path: below(&names)?, is_whole: names.len() == length });
        }
        let parts = spot.rule.resolve(parts, &spot.locals)?;
        let length = parts.len();
        let names: Vec<String> = parts.into_iter().map_while(name).collect();
        let is_whole = names.len() == length;
        if names.first().is_some_and(|root| root == "input") {
            return Some(Target { root: Root::Input, path: below(&names)?, is_whole });
        }
        if self.about(&names) == 0 {
            return Some(Target { root: Root::Data, path: below(&names)?, is_whole });
        }
        // A rule that only gives a reference another name.
        let mut short = (1..=names.len()).filter_map(|length| names.split_at_checked(length));
        if let Some((meant, rest)) = short.find_map(|(short, rest)| Some((self.meaning(short)?, rest))) {
            let mut target = self.follow(&Spot::in_rule(meant.0), meant.1, depth.saturating_add(1))?;
            if target.root == Root::Rule {
                return None;
            }
            if target.is_whole {
                target.path.extend(rest.iter().cloned());
            }
            target.is_whole &= is_whole;
            return Some(target);
        }
        (is_whole && self.rules.contains_key(&names)).then_some(Target { root: Root::Rule, path: names, is_whole })
    }

    /// What a rule like `sql := input.facts.sql` stands for.
    fn meaning(&self, path: &[String]) -> Option<(Written<'a>, &'a Expr)> {
        let [rule] = self.rules(path)? else { return None };
        match rule.rule {
            Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. }
                if bodies.is_empty() && !is_indexed(head(rule.rule)) && steps(&assign.value).is_some() =>
            {
                Some((*rule, assign.value.as_ref()))
            }
            _ => None,
        }
    }

    /// Whether everything in the brackets of a reference can be read without failing.
    fn indices(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> bool {
        match expr {
            Expr::Var { .. } => true,
            Expr::RefDot { refr, .. } => self.indices(spot, refr, depth),
            Expr::RefBrack { refr, index, .. } => {
                self.indices(spot, refr, depth) && (is_literal(index) || self.is_plain_name(spot, index, depth))
            }
            _ => false,
        }
    }

    fn is_plain_name(&self, spot: &Spot<'a>, expr: &'a Expr, depth: usize) -> bool {
        match expr {
            Expr::Var { span, .. } if spot.bound.contains(span.text()) => true,
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let target = self.follow(spot, expr, depth.saturating_add(1));
                target.is_some_and(|target| target.root != Root::Rule)
            }
            _ => false,
        }
    }

    /// Something that cannot fail: literals, fields of the input and of data, and comparisons between them.
    pub(super) fn is_plain(&self, spot: &Spot<'a>, expr: &'a Expr) -> bool {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| self.is_plain(spot, item)),
            Expr::BoolExpr { lhs, rhs, .. } => self.is_plain(spot, lhs) && self.is_plain(spot, rhs),
            Expr::Membership { key, value, collection, .. } => {
                key.iter().chain([value, collection]).all(|part| self.is_plain(spot, part))
            }
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                matches!(lhs.as_ref(), Expr::Var { .. }) && self.is_plain(spot, rhs)
            }
            _ => is_literal(expr) || self.is_plain_name(spot, expr, 0),
        }
    }

    /// The parts of the input without which an expression is undefined. Whether something is in a list is always known.
    pub(super) fn needs(&self, spot: &Spot<'a>, expr: &'a Expr, found: &mut BTreeSet<Vec<String>>) {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                for item in items {
                    self.needs(spot, item, found);
                }
            }
            Expr::BoolExpr { lhs, rhs, .. } => {
                for side in [lhs, rhs] {
                    self.needs(spot, side, found);
                }
            }
            Expr::AssignExpr { rhs, .. } => self.needs(spot, rhs, found),
            _ => {
                let target = self.target(spot, expr).filter(|target| target.root == Root::Input);
                found.extend(target.map(|target| target.path));
            }
        }
    }

    /// What is written down, here or in data. Undefined when data has nothing there.
    pub(super) fn constant(&self, spot: &Spot<'a>, expr: &'a Expr) -> Option<Value> {
        literal(expr).or_else(|| {
            let target = self.target(spot, expr).filter(|target| target.is_whole)?;
            self.known(&target)
        })
    }

    /// What data has where a reference's names end.
    pub(super) fn known(&self, target: &Target) -> Option<Value> {
        let mut value = self.data.filter(|_| target.root == Root::Data)?;
        for name in &target.path {
            match value.as_object().ok().and_then(|members| members.get(&Value::from(name.as_str()))) {
                Some(member) => value = member,
                None => return Some(Value::Undefined),
            }
        }
        Some(value.clone())
    }
}

fn is_literal(expr: &Expr) -> bool {
    text(expr).is_some() || matches!(expr, Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. })
}

/// Whether a head says more than a name: what it names is an object that is there even when it is empty.
pub(super) fn is_indexed(head: &Expr) -> bool {
    match head {
        Expr::Var { .. } => false,
        Expr::RefDot { refr, .. } => is_indexed(refr),
        _ => true,
    }
}
