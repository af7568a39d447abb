//! Which rules can have anything to say about this call?
//!
//! The interpreter pays for every rule it looks at, so a rule whose body begins by naming another server, tool or method
//! is not looked at. Read from the syntax tree at load; only plain comparisons with texts at the top of a body count, and
//! whenever anything is unclear the rule is looked at. So the index can never change a verdict: a rule it leaves out has a
//! statement that is false for this call.

use regorus::unstable::{BoolOp, Expr, Literal, Module, Rule, RuleBody, RuleHead};

use super::decision::Effect;
use super::fixed::Fixed;
use super::input::Key;

/// What must be true of a call for one rule to have anything to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    server: Option<Vec<String>>,
    tool: Option<Vec<String>>,
    method: Option<Vec<String>>,
    /// Fixed rules of the same package that must hold.
    gates: Vec<String>,
}

impl Condition {
    /// Whether the rule may have something to say about this call.
    pub fn may_hold(&self, key: &Key) -> bool {
        let among = |wanted: &Option<Vec<String>>, value: Option<&str>| match wanted {
            None => true,
            Some(names) => value.is_some_and(|value| names.iter().any(|name| name == value)),
        };
        among(&self.server, Some(&key.server))
            && among(&self.tool, key.tool.as_deref())
            && among(&self.method, Some(&key.method))
    }

    /// The fixed rules that must hold before anything else is looked at.
    pub fn gates(&self) -> &[String] {
        &self.gates
    }

    fn narrow(&mut self, field: Field, names: Vec<String>) {
        let place = match field {
            Field::Server => &mut self.server,
            Field::Tool => &mut self.tool,
            Field::Method => &mut self.method,
        };
        // A second condition on the same field could be intersected; keeping the first is weaker and as safe.
        place.get_or_insert(names);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Server,
    Tool,
    Method,
}

/// The condition of every way an effect of this module can come about.
pub fn conditions(module: &Module, fixed: &Fixed) -> Vec<(Effect, Condition)> {
    let mut found = Vec::new();
    for rule in &module.policy {
        match rule.as_ref() {
            Rule::Spec { head, bodies, .. } => {
                let Some(effect) = effect_of(head) else { continue };
                if bodies.is_empty() {
                    found.push((effect, Condition::default()));
                }
                let chained = bodies.iter().any(|body| body.is_else);
                for body in bodies {
                    // What an `else` says depends on what came before it.
                    let condition = if chained { Condition::default() } else { condition(body, fixed) };
                    found.push((effect, condition));
                }
            }
            Rule::Default { refr, .. } => {
                if let Some(effect) = Effect::from_word(first_name(refr.span().text())) {
                    found.push((effect, Condition::default()));
                }
            }
        }
    }
    found
}

fn effect_of(head: &RuleHead) -> Option<Effect> {
    let refr = match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => refr,
        RuleHead::Func { .. } => return None,
    };
    Effect::from_word(first_name(refr.span().text()))
}

fn first_name(text: &str) -> &str {
    text.split(['.', '[']).next().unwrap_or(text)
}

/// Only the statements at the beginning count: one that fails before them is a deny, and must not be left out.
fn condition(body: &RuleBody, fixed: &Fixed) -> Condition {
    let mut condition = Condition::default();
    for statement in &body.query.stmts {
        let Literal::Expr { expr, .. } = &statement.literal else { break };
        if !statement.with_mods.is_empty() {
            break;
        }
        if let Some((field, names)) = comparison(expr) {
            condition.narrow(field, names);
        } else if let Expr::Var { span, .. } = expr.as_ref()
            && fixed.contains(span.text())
        {
            condition.gates.push(span.text().to_owned());
        } else {
            break;
        }
    }
    condition
}

fn comparison(expr: &Expr) -> Option<(Field, Vec<String>)> {
    match expr {
        Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } => {
            let sides = [(lhs, rhs), (rhs, lhs)];
            sides.into_iter().find_map(|(field, name)| Some((field_of(field)?, vec![text_of(name)?])))
        }
        Expr::Membership { key: None, value, collection, .. } => {
            let (Expr::Set { items, .. } | Expr::Array { items, .. }) = collection.as_ref() else { return None };
            let names: Option<Vec<String>> = items.iter().map(|item| text_of(item)).collect();
            Some((field_of(value)?, names?))
        }
        _ => None,
    }
}

fn field_of(expr: &Expr) -> Option<Field> {
    match expr.span().text() {
        "input.call.server" => Some(Field::Server),
        "input.call.tool" => Some(Field::Tool),
        "input.call.method" => Some(Field::Method),
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => value.as_string().ok().map(ToString::to_string),
        _ => None,
    }
}
