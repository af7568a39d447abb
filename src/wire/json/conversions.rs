//! How do other values become JSON values, and JSON values entries and schemas?

use super::{Number, Object, Value};

macro_rules! into_value {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                ($make)(value)
            }
        })*
    };
}

into_value! {
    bool => Value::Bool,
    i64 => |n: i64| Value::Number(n.into()),
    u64 => |n: u64| Value::Number(n.into()),
    i32 => |n: i32| Value::Number(i64::from(n).into()),
    u32 => |n: u32| Value::Number(u64::from(n).into()),
    Number => Value::Number,
    &str => |text: &str| Value::String(text.to_owned()),
    &Object => |object: &Object| Value::Object(object.clone()),
    String => Value::String,
    &String => |text: &String| Value::String(text.clone()),
    Object => Value::Object,
    Vec<Value> => Value::Array,
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::Array(items.into_iter().collect())
    }
}

impl serde::Serialize for Value {
    /// For entries and schemas checks. Exact for every value a strict reader made: its numbers fit 64 bits or a double.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), _, _) => serializer.serialize_i64(value),
                (None, Some(value), _) => serializer.serialize_u64(value),
                (None, None, Some(value)) => serializer.serialize_f64(value),
                (None, None, None) => Err(serde::ser::Error::custom("a number beyond every range")),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl serde::Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(Number::from_text(&number.to_string())),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => items.into_iter().map(Self::from).collect(),
            serde_json::Value::Object(members) => Self::Object(members.into_iter().collect()),
        }
    }
}

impl schemars::JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnyValue".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

impl schemars::JsonSchema for Object {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnyObject".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object" })
    }
}
