//! How do our values become the engine's?

use std::collections::BTreeMap;

use regorus::Value;

use crate::wire::json::{self, Object};

pub(in crate::policy) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::from(members.into_iter().map(|(name, value)| (text(name), value)).collect::<BTreeMap<_, _>>())
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.into())
}

pub(super) fn texts<'a>(list: impl IntoIterator<Item = &'a String>) -> Value {
    Value::from(list.into_iter().map(|item| text(item)).collect::<Vec<_>>())
}

pub(super) fn list<T>(items: &[T], each: impl Fn(&T) -> Value) -> Value {
    Value::from(items.iter().map(each).collect::<Vec<_>>())
}

pub(in crate::policy) fn from_object(object: &Object) -> Value {
    Value::from(object.iter().map(|(name, value)| (text(name), from_json(value))).collect::<BTreeMap<_, _>>())
}

/// A value of ours as the engine knows it. Exact: a strict reader lets only numbers pass that fit.
pub(in crate::policy) fn from_json(value: &json::Value) -> Value {
    match value {
        json::Value::Null => Value::Null,
        json::Value::Bool(value) => Value::from(*value),
        json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (None, Some(value), _) => Value::from(value),
            (None, None, Some(value)) => Value::from(value),
            (None, None, None) => Value::Undefined,
        },
        json::Value::String(string) => text(string),
        json::Value::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        json::Value::Object(members) => from_object(members),
    }
}
