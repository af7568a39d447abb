//! What of a finding is written down, and what would be said in the place of the rest?

use regorus::unstable::{Expr, Span};
use serde_json::{Map, Value, json};

use crate::policy::syntax::{Node, expression, text};

/// A finding that is an object, where it is written.
pub(super) struct Form<'a>(Vec<(&'a Expr, &'a Expr)>);

/// Fields every finding may have; they are looked at one by one.
const WORDS: [&str; 5] = ["id", "reason", "severity", "advice", "link"];

impl<'a> Form<'a> {
    /// The members of an object.
    pub(super) fn of(expr: &'a Expr) -> Self {
        match expr {
            Expr::Object { fields, .. } => {
                Self(fields.iter().map(|(_, key, value)| (key.as_ref(), value.as_ref())).collect())
            }
            _ => Self(Vec::new()),
        }
    }

    /// The names that are written down.
    pub(super) fn names(&self) -> impl Iterator<Item = (String, &'a Expr)> {
        self.0.iter().filter_map(|(key, _)| Some((text(key)?, *key)))
    }

    /// A member by its name.
    pub(super) fn field(&self, wanted: &str) -> Option<(&'a Expr, &'a Expr)> {
        self.0.iter().find(|(key, _)| text(key).as_deref() == Some(wanted)).copied()
    }

    /// The fields of its effect. What is made while the rule runs is taken to be as it should be.
    pub(super) fn own(&self) -> Map<String, Value> {
        let own = self.0.iter().filter_map(|(key, value)| Some((text(key)?, *value)));
        let own: Vec<_> = own.filter(|(name, _)| !WORDS.contains(&name.as_str())).collect();
        let holds = own.iter().any(|(name, _)| name == "reviewers");
        own.into_iter()
            .map(|(name, value)| {
                let good = good(&name, holds);
                let value = literal(value, &good);
                (name, value)
            })
            .collect()
    }

    /// Where the text or the field stands that a complaint is about.
    pub(super) fn about(&self, why: &str) -> Option<&'a Span> {
        let mut found = None;
        for (_, value) in &self.0 {
            expression(value, &mut |node| {
                if let Node::Expr(expr) = node
                    && found.is_none()
                    && text(expr).is_some_and(|text| !text.is_empty() && why.contains(&format!("`{text}`")))
                {
                    found = Some(expr.span());
                }
            });
        }
        let named = |(key, value): &(&'a Expr, &'a Expr)| {
            let name = text(key)?;
            why.contains(&format!("`{name}`")).then_some(value.span())
        };
        found.or_else(|| self.0.iter().find_map(named))
    }
}

/// Something that fits, for each field.
fn good(name: &str, holds: bool) -> Value {
    match name {
        "reviewers" | "to" => json!(["group:x"]),
        "quorum" | "max" | "cost" => json!(1),
        "each" => json!(false),
        "remove" => json!(true),
        "ttl" | "per" | "after" | "for" => json!("1h"),
        "escalate" => json!({ "after": "1h", "to": ["group:x"] }),
        "grant" => json!({ "uses": 2, "for": "1h" }),
        "uses" => json!(2),
        "free" => json!(["/x"]),
        "show" => json!(["/call/arguments"]),
        "by" => json!("owner"),
        "evidence" => json!("passkey"),
        "preview" => json!({ "tool": "x", "arguments": {} }),
        "arguments" => json!({}),
        "take" => json!("/content"),
        "within" => json!("3s"),
        "may_differ" => json!(0),
        "path" => json!("/result/content"),
        "credential" => json!({ "provider": "x" }),
        "prompt" | "rationale" => json!("claimed"),
        "key" => json!(["x"]),
        "then" if holds => json!("hold"),
        "then" => json!("deny"),
        _ => json!("x"),
    }
}

/// The value that is written down, with something good in the place of what is not.
fn literal(expr: &Expr, good: &Value) -> Value {
    match expr {
        Expr::String { .. } | Expr::RawString { .. } => text(expr).map_or_else(|| good.clone(), Value::from),
        Expr::Number { value, .. } => serde_json::to_value(value).unwrap_or_else(|_| good.clone()),
        Expr::UnaryExpr { expr, .. } => match literal(expr, &Value::Null).as_i64().and_then(i64::checked_neg) {
            Some(number) => Value::from(number),
            None => good.clone(),
        },
        Expr::Bool { span, .. } => Value::from(span.text() == "true"),
        Expr::Null { .. } => Value::Null,
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            let element = good.as_array().and_then(|items| items.first()).unwrap_or(good);
            items.iter().map(|item| literal(item, element)).collect()
        }
        Expr::Object { fields, .. } => {
            let member = |name: &str| match name {
                "after" | "to" | "ttl" | "uses" | "for" | "free" | "arguments" | "take" | "within" | "may_differ" => {
                    self::good(name, false)
                }
                _ => json!("x"),
            };
            fields
                .iter()
                .filter_map(|(_, key, value)| {
                    let name = text(key)?;
                    let value = literal(value, &member(&name));
                    Some((name, value))
                })
                .collect()
        }
        _ => good.clone(),
    }
}
