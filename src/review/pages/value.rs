//! How are the arguments of a call shown?
//!
//! One after the other, each under its name. Text stands as text, with its own lines; whatever has parts stands as JSON. What
//! is SQL has its words marked, by looking at the text alone: nothing is run to show it.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use serde_json::Value;

use super::seen::{Seen, Written, is_cut, is_marked};

/// One argument.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name.
    pub name: Seen,
    /// What it is.
    pub body: Body,
    /// Whether it is not shown whole.
    pub cut: bool,
}

/// What an argument is.
#[derive(Clone, Debug)]
pub enum Body {
    /// Text in any language.
    Text(Written),
    /// SQL.
    Sql(Sql),
    /// Anything else.
    Json(Json),
}

/// A value as JSON, with its parts marked.
#[derive(Clone, Debug)]
pub struct Json(pub Value);

/// SQL with its words marked.
#[derive(Clone, Debug)]
pub struct Sql(pub String);

impl HtmlSafe for Body {}
impl HtmlSafe for Json {}

/// Lines of JSON that are shown; the rest is where the whole is.
const MOST_LINES: usize = 200;

/// Words of SQL that say what is done.
const WORDS: [&str; 48] = [
    "select",
    "from",
    "where",
    "insert",
    "into",
    "values",
    "update",
    "set",
    "delete",
    "drop",
    "table",
    "truncate",
    "alter",
    "create",
    "grant",
    "revoke",
    "on",
    "to",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "full",
    "group",
    "by",
    "order",
    "having",
    "limit",
    "offset",
    "union",
    "all",
    "distinct",
    "and",
    "or",
    "not",
    "null",
    "as",
    "with",
    "returning",
    "using",
    "exists",
    "in",
    "like",
    "between",
    "case",
    "copy",
    "index",
];

/// The arguments of a call; `sql` are the places of those that are SQL.
pub fn arguments(params: &Value, sql: &[String]) -> Vec<Argument> {
    let Some(arguments) = params.get("arguments").and_then(Value::as_object) else {
        return Vec::new();
    };
    let argument = |(name, value): (&String, &Value)| {
        let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let body = match value {
            Value::String(text) if sql.contains(&at) && !is_cut(text) => Body::Sql(Sql(text.clone())),
            Value::String(text) => Body::Text(Written(text.clone())),
            other => Body::Json(Json(other.clone())),
        };
        Argument { name: Seen(name.clone()), cut: is_long(value), body }
    };
    arguments.iter().map(argument).collect()
}

/// Whether a glance at what is shown does not tell what it is: part of it is not shown, or would not be seen for what it is.
pub fn hides(params: &Value) -> bool {
    let arguments = params.get("arguments").and_then(Value::as_object);
    arguments.is_some_and(|arguments| arguments.values().any(is_long)) || holds_a_mark(params)
}

/// Whether something in it is not seen for what it is.
pub fn holds_a_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => is_marked(text),
        Value::Array(items) => items.iter().any(holds_a_mark),
        Value::Object(members) => members.iter().any(|(name, member)| is_marked(name) || holds_a_mark(member)),
        _ => false,
    }
}

/// Whether something of it is not shown.
fn is_long(value: &Value) -> bool {
    match value {
        Value::String(text) => is_cut(text),
        Value::Array(items) => items.len() > MOST_LINES || items.iter().any(is_long),
        Value::Object(members) => members.len() > MOST_LINES || members.values().any(is_long),
        _ => false,
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text}"),
            Self::Sql(sql) => sql.write(f),
            Self::Json(json) => write!(f, "{json}"),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = MOST_LINES;
        put(&self.0, 0, &mut lines, f)
    }
}

fn put(value: &Value, depth: usize, lines: &mut usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::String(text) => write!(f, "<span class=\"s\">&quot;{}&quot;</span>", Seen(text.clone())),
        Value::Array(items) if items.is_empty() => f.write_str("[]"),
        Value::Object(members) if members.is_empty() => f.write_str("{}"),
        Value::Array(items) => {
            f.write_str("[")?;
            for (place, item) in items.iter().enumerate() {
                if !line(place, depth, lines, f)? {
                    break;
                }
                put(item, depth.saturating_add(1), lines, f)?;
            }
            end(depth, ']', f)
        }
        Value::Object(members) => {
            f.write_str("{")?;
            for (place, (name, member)) in members.iter().enumerate() {
                if !line(place, depth, lines, f)? {
                    break;
                }
                write!(f, "<span class=\"k\">{}</span>: ", Seen(name.clone()))?;
                put(member, depth.saturating_add(1), lines, f)?;
            }
            end(depth, '}', f)
        }
        other => write!(f, "<span class=\"n\">{other}</span>"),
    }
}

/// Begins a line, if there is one left.
fn line(place: usize, depth: usize, lines: &mut usize, f: &mut fmt::Formatter<'_>) -> Result<bool, fmt::Error> {
    if place > 0 {
        f.write_char(',')?;
    }
    write!(f, "\n{}", "  ".repeat(depth.saturating_add(1)))?;
    let Some(left) = lines.checked_sub(1) else {
        f.write_str("<mark class=\"gap\">more is not shown here</mark>")?;
        return Ok(false);
    };
    *lines = left;
    Ok(true)
}

fn end(depth: usize, bracket: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n{}{bracket}", "  ".repeat(depth))
}

impl Sql {
    /// Words, texts and comments are told apart as most dialects do; nothing follows from it.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_str();
        while let Some(first) = rest.chars().next() {
            let (length, class) = if first.is_alphanumeric() || first == '_' {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default().to_lowercase();
                (length, if WORDS.contains(&word.as_str()) { "k" } else { "" })
            } else if first == '\'' || first == '"' {
                let close =
                    rest.get(1..).and_then(|rest| rest.find(first)).map_or(rest.len(), |at| at.saturating_add(2));
                (close, "s")
            } else if rest.starts_with("--") {
                (rest.find('\n').unwrap_or(rest.len()), "c")
            } else if rest.starts_with("/*") {
                (rest.find("*/").map_or(rest.len(), |at| at.saturating_add(2)), "c")
            } else {
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '"' | '-' | '/');
                let length = rest.char_indices().skip(1).find(|(_, c)| plain(*c)).map_or(rest.len(), |(at, _)| at);
                (length, "")
            };
            let (part, left) = rest.split_at_checked(length).unwrap_or((rest, ""));
            if class.is_empty() {
                write!(f, "{}", Written(part.to_owned()))?;
            } else {
                write!(f, "<span class=\"{class}\">{}</span>", Written(part.to_owned()))?;
            }
            rest = left;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_stand_as_what_they_are() {
        let params = json!({"arguments": {"sql": "DELETE FROM \"a\" -- all", "note": "<b>", "list": [1, {"x": null}]}});
        let shown = arguments(&params, &["/sql".to_owned()]);
        let [list, note, sql] = shown.as_slice() else { panic!("{shown:?}") };
        assert_eq!(note.body.to_string(), "<bdi>&lt;b&gt;</bdi>");
        assert!(sql.body.to_string().starts_with("<span class=\"k\"><bdi>DELETE</bdi></span>"), "{}", sql.body);
        assert!(sql.body.to_string().ends_with("<span class=\"c\"><bdi>-- all</bdi></span>"), "{}", sql.body);
        assert_eq!(
            list.body.to_string(),
            "[\n  <span class=\"n\">1</span>,\n  {\n    <span class=\"k\"><bdi>x</bdi></span>: \
             <span class=\"n\">null</span>\n  }\n]"
        );
    }

    #[test]
    fn what_is_not_shown_whole_says_so() {
        let params = json!({"arguments": {"many": vec![0; 500], "long": "x".repeat(5000), "short": 1}});
        let cut: Vec<bool> = arguments(&params, &[]).iter().map(|argument| argument.cut).collect();
        assert_eq!(cut, [true, true, false]);
        // REN-04, REN-07
        for (arguments, hidden) in [
            (json!({"long": "x".repeat(5000)}), true),
            (json!({"deep": [{"many": vec![0; 500]}]}), true),
            (json!({"name": "invoice\u{202e}fdp.exe"}), true),
            (json!({"na\u{200b}me": 1}), true),
            (json!({"text": "two\nlines\tand a tab"}), false),
        ] {
            assert_eq!(hides(&json!({ "arguments": arguments })), hidden, "{arguments}");
        }
        let shown = Json(json!(vec![0; 500])).to_string();
        assert!(shown.contains("more is not shown here"), "{shown}");
    }
}
