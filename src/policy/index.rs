//! Which rules can have anything to say about this call?
//!
//! The interpreter pays for every rule it looks at, so a rule whose body begins by naming another server, tool, method or
//! phase is not looked at. Read from the syntax tree at load. Only comparisons with texts that are written down count,
//! and only as long as nothing stands before them that could fail: an error is a deny, and a rule that would have failed
//! must not be left out. What reads the result has nothing to say before there is one. Whenever anything is unclear the rule is looked at. So the index can never change a verdict; a
//! property test says the same.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, BinOp, BoolOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead};

use super::decision::Effect;
use super::input::{Key, Phase};
use super::syntax::{Node, Part, Written, aliases, expression, package, policy, steps, text};

/// What must be true of a call for one rule to have anything to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition(BTreeMap<Field, BTreeSet<String>>);

/// What a call is picked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Server,
    Tool,
    Method,
    Phase,
    /// How bad the call could be.
    Risk,
    /// A label its session must have.
    Label,
}

/// How narrowly a rule picks the calls it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// It may be about any tool.
    General,
    /// It names the server.
    Server,
    /// It names the tool.
    Tool,
}

/// Helpers of helpers are looked into this far.
const DEEPEST: usize = 4;

impl Condition {
    /// Whether the rule may have something to say about this call.
    pub fn may_hold(&self, key: &Key) -> bool {
        self.0.iter().all(|(field, names)| match field {
            Field::Server => names.contains(key.server.as_str()),
            Field::Tool => key.tool.as_deref().is_some_and(|tool| names.contains(tool)),
            Field::Method => names.contains(key.method.as_str()),
            Field::Phase => names.contains(key.phase.word()),
            Field::Risk => key.risk.is_none_or(|risk| names.contains(risk.word())),
            Field::Label => key.labels.as_ref().and_then(|labels| labels.as_array().ok()).is_none_or(|labels| {
                let labelled =
                    |name: &str| labels.iter().any(|label| label.as_string().is_ok_and(|label| &**label == name));
                names.iter().any(|name| labelled(name))
            }),
        })
    }

    /// Whether it may hold for anything at this server.
    pub(super) fn may_name(&self, server: &str) -> bool {
        self.0.get(&Field::Server).is_none_or(|names| names.contains(server))
    }

    /// Whether it may hold for a call of this tool.
    pub(super) fn may_call(&self, server: &str, tool: &str) -> bool {
        let names = |field, name: &str| self.0.get(&field).is_none_or(|names| names.contains(name));
        names(Field::Tool, tool) && names(Field::Phase, Phase::Call.word()) && self.may_name(server)
    }

    /// How narrowly it picks its calls.
    pub fn aim(&self) -> Aim {
        match (self.0.contains_key(&Field::Tool), self.0.contains_key(&Field::Server)) {
            (true, _) => Aim::Tool,
            (false, true) => Aim::Server,
            (false, false) => Aim::General,
        }
    }

    /// Whether no call can make it hold while one of these phases asks.
    pub fn never_holds(&self, phases: &[Phase]) -> bool {
        let asked = |names: &BTreeSet<String>| phases.iter().any(|phase| names.contains(phase.word()));
        self.0.iter().any(|(field, names)| names.is_empty() || (*field == Field::Phase && !asked(names)))
    }

    fn narrow(&mut self, field: Field, names: BTreeSet<String>) {
        match self.0.get_mut(&field) {
            // A session has many labels: having one says nothing of another.
            Some(_) if field == Field::Label => {}
            Some(known) => known.retain(|name| names.contains(name)),
            None => {
                self.0.insert(field, names);
            }
        }
    }
}

/// The condition of every way an effect can come about.
pub fn conditions(modules: &[Ref<Module>]) -> Vec<(String, Effect, Condition)> {
    let of_a_rule = |(rule, conditions): (Written<'_>, Vec<Condition>)| {
        let (policy, effect) = (policy(rule.module)?, Effect::from_word(&rule.name())?);
        Some(conditions.into_iter().map(move |condition| (policy.clone(), effect, condition)))
    };
    by_rule(modules).into_iter().filter_map(of_a_rule).flatten().collect()
}

/// Every effect rule, with the conditions of which one must hold for it to have anything to say.
pub fn by_rule(modules: &[Ref<Module>]) -> Vec<(Written<'_>, Vec<Condition>)> {
    let reader = Reader::new(modules);
    let mut found = Vec::new();
    for rule in Written::all(modules) {
        if policy(rule.module).is_none() || Effect::from_word(&rule.name()).is_none() {
            continue;
        }
        let bodies = match rule.rule {
            Rule::Spec { bodies, .. } => bodies.as_slice(),
            Rule::Default { .. } => &[],
        };
        // What an `else` says depends on what came before it.
        let chained = bodies.iter().any(|body| body.is_else);
        if bodies.is_empty() || chained {
            found.push((rule, vec![Condition::default()]));
            continue;
        }
        let each = bodies.iter().map(|body| {
            let mut condition = Condition::default();
            reader.body(&rule, &body.query, &mut condition, 0);
            condition
        });
        found.push((rule, each.collect()));
    }
    found
}

/// Whether anything after a statement is sure to be reached only when the statement is true.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
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
struct Reader<'a>(BTreeMap<Vec<String>, Vec<Written<'a>>>);

impl<'a> Reader<'a> {
    fn new(modules: &'a [Ref<Module>]) -> Self {
        let mut rules: BTreeMap<Vec<String>, Vec<Written<'a>>> = BTreeMap::new();
        for rule in Written::all(modules) {
            rules.entry(rule.path()).or_default().push(rule);
        }
        Self(rules)
    }

    /// Statements that define nothing run in the order they are written, before those that need a variable.
    fn body(&self, rule: &Written<'a>, body: &'a Query, condition: &mut Condition, depth: usize) -> After {
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

#[cfg(test)]
mod tests;
