//! What is written in the policy files?
//!
//! Reads the engine's syntax tree for the checks and the index, so that both mean the same thing by a reference, a rule
//! and a local name. The tree is not a stable interface of the engine, which is one reason why its version is pinned.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleBody, RuleHead, Span};

/// One step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A name that is written down.
    Name(String),
    /// Whatever a variable or an expression will be.
    Any,
}

/// Something a visitor is shown.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An expression; of a reference only the whole, never its beginnings.
    Expr(&'a Expr),
    /// A statement of a body, before its expressions.
    Statement(&'a LiteralStmt),
}

/// What a visitor is.
pub type Visit<'v, 'a> = &'v mut dyn FnMut(Node<'a>);

/// One rule where it is written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Its file.
    pub module: &'a Module,
    /// The rule.
    pub rule: &'a Rule,
}

/// The steps of a reference, its root first; none when it does not begin with a name.
pub fn steps(expr: &Expr) -> Option<Vec<Part>> {
    match expr {
        Expr::Var { span, .. } => Some(vec![Part::Name(span.text().to_owned())]),
        Expr::RefDot { refr, field, .. } => {
            let mut steps = steps(refr)?;
            steps.push(field.1.as_string().map_or(Part::Any, |name| Part::Name(name.to_string())));
            Some(steps)
        }
        Expr::RefBrack { refr, index, .. } => {
            let mut steps = steps(refr)?;
            steps.push(text(index).map_or(Part::Any, Part::Name));
            Some(steps)
        }
        _ => None,
    }
}

/// The names a reference begins with, up to the first step that is not written down.
pub fn names(expr: &Expr) -> Vec<String> {
    let steps = steps(expr).unwrap_or_default();
    steps.into_iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect()
}

/// A text that is written down.
pub fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => value.as_string().ok().map(ToString::to_string),
        _ => None,
    }
}

/// A value that is written down.
pub fn literal(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::String { value, .. }
        | Expr::RawString { value, .. }
        | Expr::Number { value, .. }
        | Expr::Bool { value, .. }
        | Expr::Null { value, .. } => Some(value.clone()),
        Expr::Array { items, .. } => {
            let items: Option<Vec<Value>> = items.iter().map(|item| literal(item)).collect();
            Some(Value::from(items?))
        }
        Expr::Object { fields, .. } => {
            let members: Option<BTreeMap<Value, Value>> =
                fields.iter().map(|(_, key, value)| Some((literal(key)?, literal(value)?))).collect();
            Some(Value::from(members?))
        }
        _ => None,
    }
}

/// Where something begins, as people and editors read it. The engine's own line and column are those of its last part.
pub fn place(span: &Span) -> String {
    let start = usize::try_from(span.start).unwrap_or(usize::MAX);
    let before = span.source.contents().get(..start).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    format!("{}:{line}:{column}", span.source.file())
}

/// The package a file belongs to.
pub fn package(module: &Module) -> Vec<String> {
    names(&module.package.refr)
}

/// The policy a file belongs to: the one name below `countersign`.
pub fn policy(module: &Module) -> Option<String> {
    match package(module).as_slice() {
        [root, policy] if root == "countersign" => Some(policy.clone()),
        _ => None,
    }
}

/// What a rule's head says.
pub fn head(rule: &Rule) -> &Expr {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

/// How many arguments a rule takes; none when it is no function.
pub fn arity(rule: &Rule) -> Option<usize> {
    match rule {
        Rule::Spec { head: RuleHead::Func { args, .. }, .. } => Some(args.len()),
        Rule::Default { args, .. } if !args.is_empty() => Some(args.len()),
        _ => None,
    }
}

impl<'a> Written<'a> {
    /// All rules of all files.
    pub fn all(modules: &'a [Ref<Module>]) -> Vec<Self> {
        let rules = |module: &'a Module| module.policy.iter().map(move |rule| Written { module, rule: rule.as_ref() });
        modules.iter().flat_map(|module| rules(module.as_ref())).collect()
    }

    /// The rule's path from `data`: package and name.
    pub fn path(&self) -> Vec<String> {
        let mut path = vec!["data".to_owned()];
        path.extend(package(self.module));
        path.extend(names(head(self.rule)));
        path
    }

    /// The last name of a rule that is no function, the first after its package.
    pub fn name(&self) -> String {
        names(head(self.rule)).into_iter().next().unwrap_or_default()
    }

    /// A reference in this rule, from `data` or `input` on; none for local names.
    pub fn resolve(&self, steps: Vec<Part>, locals: &BTreeSet<String>) -> Option<Vec<Part>> {
        let Some(Part::Name(root)) = steps.first() else { return None };
        if root == "data" || root == "input" {
            return Some(steps);
        }
        if locals.contains(root) {
            return None;
        }
        let rest = steps.iter().skip(1).cloned();
        if let Some(target) = aliases(self.module).get(root) {
            return Some(target.iter().cloned().map(Part::Name).chain(rest).collect());
        }
        let package = std::iter::once("data".to_owned()).chain(package(self.module)).map(Part::Name);
        Some(package.chain(std::iter::once(Part::Name(root.clone()))).chain(rest).collect())
    }

    /// Every name that is local anywhere in this rule.
    pub fn locals(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } = self.rule {
            for arg in args {
                variables(arg, &mut found);
            }
        }
        self.walk(&mut |node| match node {
            Node::Statement(statement) => declared(statement, &mut found),
            Node::Expr(Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. }) => variables(lhs, &mut found),
            Node::Expr(_) => {}
        });
        found
    }

    /// Shows everything in the rule to a visitor.
    pub fn walk(&self, visit: Visit<'_, 'a>) {
        match self.rule {
            Rule::Spec { head, bodies, .. } => {
                let (refr, value) = match head {
                    RuleHead::Compr { refr, assign, .. } => (refr, assign.as_ref().map(|assign| &assign.value)),
                    RuleHead::Set { refr, key, .. } => (refr, key.as_ref()),
                    RuleHead::Func { refr, args, assign, .. } => {
                        for arg in args {
                            expression(arg, visit);
                        }
                        (refr, assign.as_ref().map(|assign| &assign.value))
                    }
                };
                indices(refr, visit);
                if let Some(value) = value {
                    expression(value, visit);
                }
                for RuleBody { assign, query: body, .. } in bodies {
                    if let Some(assign) = assign {
                        expression(&assign.value, visit);
                    }
                    query(body, visit);
                }
            }
            Rule::Default { value, .. } => expression(value, visit),
        }
    }
}

/// Rules that only give a reference another name: `args := input.call.arguments`.
#[derive(Debug, Default)]
pub struct Shorthands(BTreeMap<Vec<String>, Vec<Part>>);

impl Shorthands {
    /// Those among these rules.
    pub fn among(written: &[Written<'_>]) -> Self {
        let mut found = BTreeMap::new();
        for rule in written {
            if let Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. } = rule.rule
                && bodies.is_empty()
                && let Some(target) = steps(&assign.value).and_then(|steps| rule.resolve(steps, &BTreeSet::new()))
            {
                found.insert(rule.path(), target);
            }
        }
        Self(found)
    }

    /// The reference with the shorthand it begins with written out.
    pub fn expand(&self, path: Vec<Part>) -> Vec<Part> {
        let begins = |short: &Vec<String>| {
            short.len() <= path.len() && short.iter().zip(&path).all(|(name, part)| *part == Part::Name(name.clone()))
        };
        match self.0.iter().find(|(short, _)| begins(short)) {
            Some((short, target)) => target.iter().chain(path.iter().skip(short.len())).cloned().collect(),
            None => path,
        }
    }
}

/// What the imports of a file call things.
pub fn aliases(module: &Module) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for import in &module.imports {
        let target = names(&import.refr);
        if !matches!(target.first().map(String::as_str), Some("data" | "input")) {
            continue;
        }
        let alias = import.r#as.as_ref().map(|span| span.text().to_owned()).or_else(|| target.last().cloned());
        found.extend(alias.map(|alias| (alias, target)));
    }
    found
}

/// The variables in a pattern.
pub fn variables(expr: &Expr, found: &mut BTreeSet<String>) {
    match expr {
        Expr::Var { span, .. } => {
            found.insert(span.text().to_owned());
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| variables(item, found)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| variables(value, found)),
        _ => {}
    }
}

fn declared(statement: &LiteralStmt, found: &mut BTreeSet<String>) {
    match &statement.literal {
        Literal::SomeVars { vars, .. } => found.extend(vars.iter().map(|span| span.text().to_owned())),
        Literal::SomeIn { key, value, .. } => {
            for variable in key.iter().chain([value]) {
                variables(variable, found);
            }
        }
        Literal::Every { key, value, .. } => {
            found.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
        }
        Literal::Expr { .. } | Literal::NotExpr { .. } => {}
    }
}

/// Shows everything in a body to a visitor.
pub fn query<'a>(body: &'a Query, visit: Visit<'_, 'a>) {
    for statement in &body.stmts {
        visit(Node::Statement(statement));
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value, collection]).for_each(|expr| expression(expr, visit));
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expression(expr, visit),
            Literal::Every { domain, query: inner, .. } => {
                expression(domain, visit);
                query(inner, visit);
            }
        }
        for with in &statement.with_mods {
            expression(&with.refr, visit);
            expression(&with.r#as, visit);
        }
    }
}

/// Shows an expression and everything in it to a visitor.
pub fn expression<'a>(expr: &'a Expr, visit: Visit<'_, 'a>) {
    visit(Node::Expr(expr));
    let mut each = |list: &[&'a Ref<Expr>]| list.iter().for_each(|expr| expression(expr, visit));
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| each(&[item])),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| each(&[key, value])),
        Expr::Call { params, .. } => params.iter().for_each(|param| each(&[param])),
        Expr::UnaryExpr { expr, .. } => each(&[expr]),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => each(&[lhs, rhs]),
        Expr::Membership { key, value, collection, .. } => {
            each(&key.iter().chain([value, collection]).collect::<Vec<_>>());
        }
        Expr::ArrayCompr { term, query: body, .. } | Expr::SetCompr { term, query: body, .. } => {
            each(&[term]);
            query(body, visit);
        }
        Expr::ObjectCompr { key, value, query: body, .. } => {
            each(&[key, value]);
            query(body, visit);
        }
        Expr::RefDot { .. } | Expr::RefBrack { .. } => indices(expr, visit),
        _ => {}
    }
}

/// What stands inside a reference: its indices, and what it begins with when that is no name.
fn indices<'a>(expr: &'a Expr, visit: Visit<'_, 'a>) {
    match expr {
        Expr::RefDot { refr, .. } => indices(refr, visit),
        Expr::RefBrack { refr, index, .. } => {
            indices(refr, visit);
            expression(index, visit);
        }
        Expr::Var { .. } => {}
        other => expression(other, visit),
    }
}
