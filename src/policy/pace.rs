//! Which rules can keep a thread busy with one expression?
//!
//! The engine looks at its clock between expressions, and a comparison is one, however large its two sides are. A value
//! that holds the same part in loop after loop, or doubles it line after line, is small in memory and endless to compare.
//! Rules that neither nest nor double what they hold, or compare nothing of that kind, are quick and are asked where
//! they stand. The others are asked aside, by whoever can stop waiting for them. Rather too many than too few: being asked
//! aside costs the start of a thread and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, BUILTINS, Expr, Literal, Module, Ref, Rule, RuleHead};

use super::bundle::{Bundle, EffectRule};
use super::decision::Effect;
use super::input::Input;
use super::syntax::{Node, Part, Shorthands, Written, names, policy, steps};

/// How a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// On the caller's own thread.
    Quick,
    /// On one that may be left behind.
    Aside,
}

/// As many loops inside each other as are harmless: a list of a few thousand things is compared in no time.
const LOOPS: usize = 1;
/// As many copies of one thing as are harmless.
const COPIES: u64 = 4096;
/// Builtins that answer with parts of what they are given; all others answer with something small or of their own.
const PASSING: [&str; 8] = ["array.", "object.", "json.", "union", "intersection", "max", "min", "sort"];

impl Bundle {
    /// How the rules about this input are asked.
    pub fn pace(&self, input: &Input) -> Pace {
        let asked = |rule: &&EffectRule| rule.effect.phases().contains(&input.key.phase);
        let slow = self.rules().iter().filter(|rule| rule.pace == Pace::Aside).filter(asked);
        let mut concerned = slow.flat_map(|rule| &rule.conditions).filter(|condition| condition.may_hold(&input.key));
        concerned.next().map_or(Pace::Quick, |_| Pace::Aside)
    }
}

/// The rules that are asked aside, by their path from `data`.
pub(super) fn slow(modules: &[Ref<Module>]) -> BTreeSet<Vec<String>> {
    let written = Written::all(modules);
    let paths: BTreeSet<Vec<String>> = written.iter().map(Written::path).collect();
    let shorthands = Shorthands::among(&written);
    let mut all: BTreeMap<Vec<String>, Habits> = BTreeMap::new();
    for rule in &written {
        let reader = Reader { rule, paths: &paths, shorthands: &shorthands, locals: BTreeSet::new() };
        reader.read(all.entry(rule.path()).or_default());
    }
    paths.iter().filter(|path| together(path, &all).is_slow()).cloned().collect()
}

/// What a rule does by itself.
#[derive(Debug, Default)]
struct Habits {
    /// Loops that make something.
    loops: usize,
    /// How many times what it is given is in what it makes, at most.
    copies: u64,
    /// Whether it compares two things of which neither is known to be small.
    compares: bool,
    /// Rules it reads.
    reads: BTreeSet<Vec<String>>,
    /// Functions it calls, once for each time it does.
    calls: Vec<Vec<String>>,
}

impl Habits {
    fn is_slow(&self) -> bool {
        self.compares && (self.loops > LOOPS || self.copies > COPIES)
    }

    fn add(&mut self, other: &Self) {
        self.loops = self.loops.saturating_add(other.loops);
        self.copies = self.copies.max(1).saturating_mul(other.copies.max(1));
        self.compares |= other.compares;
    }
}

/// A rule with everything it needs; what a function does counts for every call of it.
fn together(path: &Vec<String>, all: &BTreeMap<Vec<String>, Habits>) -> Habits {
    let (mut sum, mut road, mut seen) = (Habits::default(), vec![path], BTreeSet::new());
    while let Some(path) = road.pop() {
        let Some(own) = all.get(path).filter(|_| seen.insert(path)) else { continue };
        sum.add(own);
        own.calls.iter().filter_map(|call| all.get(call)).for_each(|called| sum.add(called));
        road.extend(own.reads.iter().chain(&own.calls));
    }
    sum
}

struct Reader<'r, 'a> {
    rule: &'r Written<'a>,
    paths: &'r BTreeSet<Vec<String>>,
    shorthands: &'r Shorthands,
    /// Local names that may be anything.
    locals: BTreeSet<String>,
}

impl<'a> Reader<'_, 'a> {
    fn read(mut self, habits: &mut Habits) {
        self.locals = self.rule.locals();
        self.settle();
        let effect = policy(self.rule.module).is_some() && Effect::from_word(&self.rule.name()).is_some();
        if let Rule::Spec { head: RuleHead::Set { key: Some(key), .. }, .. } = self.rule.rule
            && !effect
        {
            habits.loops = habits.loops.max(1);
            habits.compares |= !self.small(key);
        }
        if let Rule::Spec { head: RuleHead::Compr { refr, .. }, .. } = self.rule.rule
            && matches!(refr.as_ref(), Expr::RefBrack { .. })
        {
            habits.loops = habits.loops.max(1);
        }
        let mut heads = effect;
        self.rule.walk(&mut |node| match node {
            // The head of an effect stands before its bodies, and nothing is made of it but findings.
            Node::Statement(_) => heads = false,
            Node::Expr(_) if heads => {}
            Node::Expr(expr) => self.expression(expr, habits),
        });
        self.rule.walk(&mut |node| {
            if let Node::Expr(expr) = node {
                self.needs(expr, habits);
            }
        });
    }

    /// Local names that can only be small.
    fn settle(&mut self) {
        let mut small: Vec<(String, bool)> = Vec::new();
        self.rule.walk(&mut |node| match node {
            Node::Expr(Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. }) => {
                if let Expr::Var { span, .. } = lhs.as_ref() {
                    small.push((span.text().to_owned(), self.small(rhs)));
                }
            }
            Node::Statement(statement) => {
                if let Literal::SomeIn { key, value, collection, .. } = &statement.literal {
                    for variable in key.iter().chain([value]) {
                        if let Expr::Var { span, .. } = variable.as_ref() {
                            small.push((span.text().to_owned(), self.small(collection)));
                        }
                    }
                }
            }
            Node::Expr(_) => {}
        });
        let doubtful: BTreeSet<String> =
            small.iter().filter(|(_, small)| !small).map(|(name, _)| name.clone()).collect();
        for (name, _) in small.iter().filter(|(name, _)| !doubtful.contains(name)) {
            self.locals.remove(name);
        }
    }

    fn expression(&self, expr: &'a Expr, habits: &mut Habits) {
        let open = |left: &Expr, right: &Expr| !self.small(left) && !self.small(right);
        match expr {
            Expr::ArrayCompr { .. } => habits.loops = habits.loops.saturating_add(1),
            Expr::SetCompr { term: key, .. } | Expr::ObjectCompr { key, .. } => {
                habits.loops = habits.loops.saturating_add(1);
                habits.compares |= !self.small(key);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.copies(items.iter(), habits),
            Expr::Object { fields, .. } => self.copies(fields.iter().map(|(_, _, value)| value), habits),
            Expr::BoolExpr { lhs, rhs, .. } | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                habits.compares |= open(lhs, rhs);
            }
            Expr::Membership { value, collection, .. } => habits.compares |= open(value, collection),
            _ => {}
        }
        if let Expr::Set { items, .. } = expr {
            habits.compares |= items.iter().filter(|item| !self.small(item)).count() > 1;
        }
    }

    fn copies<'i>(&self, items: impl Iterator<Item = &'i Ref<Expr>>, habits: &mut Habits) {
        let large = items.filter(|item| !self.small(item)).count();
        habits.copies = habits.copies.max(1).saturating_mul(u64::try_from(large.max(1)).unwrap_or(u64::MAX));
    }

    fn needs(&self, expr: &'a Expr, habits: &mut Habits) {
        let (steps, call) = match expr {
            Expr::Call { fcn, .. } => (steps(fcn), true),
            expr => (steps(expr), false),
        };
        // A name counts as the rule's of that name even where it is local.
        let Some(path) = steps.and_then(|steps| self.rule.resolve(steps, &BTreeSet::new())) else { return };
        let named = |part| if let Part::Name(name) = part { Some(name) } else { None };
        let path: Vec<String> = path.into_iter().map_while(named).collect();
        let about = self.paths.iter().filter(|known| known.iter().zip(&path).all(|(a, b)| a == b)).cloned();
        if call { habits.calls.extend(about) } else { habits.reads.extend(about) }
    }

    /// Whether a value is no larger than what was sent or is in data, whoever made it.
    fn small(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| item_is_text(item)),
            Expr::Call { fcn, .. } => {
                let name = names(fcn).join(".");
                BUILTINS.contains_key(name.as_str()) && !PASSING.iter().any(|passing| name.starts_with(passing))
            }
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.is_given(expr),
            Expr::Object { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. }
            | Expr::BinExpr { .. } => false,
            // A difference of sets looks like one of numbers.
            Expr::ArithExpr { lhs, rhs, .. } => self.small(lhs) || self.small(rhs),
            _ => true,
        }
    }

    /// Whether a reference leads into the input or into data, or is a name for something small.
    fn is_given(&self, expr: &Expr) -> bool {
        let Some(steps) = steps(expr) else { return false };
        let Some(Part::Name(root)) = steps.first().cloned() else { return false };
        if self.locals.contains(&root) {
            return false;
        }
        if self.rule.locals().contains(&root) {
            return true;
        }
        let Some(path) = self.rule.resolve(steps, &BTreeSet::new()) else { return false };
        let path = self.shorthands.expand(path);
        let named = |part: &Part| if let Part::Name(name) = part { Some(name.clone()) } else { None };
        let path: Vec<String> = path.iter().map_while(named).collect();
        !self.paths.iter().any(|known| known.iter().zip(&path).all(|(a, b)| a == b))
    }
}

fn item_is_text(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. }
    )
}

#[cfg(test)]
mod tests;
