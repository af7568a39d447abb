//! How does a reason become words?
//!
//! Reasons are templates, filled in by the gateway: `{call.arguments.limit}`. A rule that put the field into its own text
//! would disappear with the field, and with it the deny.

use regorus::Value;

/// Longest value that is put into a text.
const LONGEST: usize = 120;

/// Fills in a template. A field that is missing becomes `?`.
pub fn render(template: &str, input: &Value, data: &Value) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((path, after)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let (root, path) = path.strip_prefix("data.").map_or((input, path), |path| (data, path));
        let mut found = Vec::new();
        let keys: Vec<&str> = path.split('.').collect();
        collect(root, &keys, &mut found);
        if found.is_empty() {
            out.push('?');
        }
        out.push_str(&found.join(", "));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn collect(value: &Value, path: &[&str], found: &mut Vec<String>) {
    let Some((key, rest)) = path.split_first() else {
        found.extend(words(value));
        return;
    };
    match value {
        Value::Object(members) => {
            if let Some(member) = members.get(&Value::from(*key)) {
                collect(member, rest, found);
            }
        }
        Value::Array(items) if *key == "*" => items.iter().for_each(|item| collect(item, rest, found)),
        _ => {}
    }
}

fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::Undefined => return None,
        Value::String(text) => text.to_string(),
        Value::Array(items) => items.iter().filter_map(words).collect::<Vec<_>>().join(", "),
        Value::Set(items) => items.iter().filter_map(words).collect::<Vec<_>>().join(", "),
        other => other.to_json_str().ok()?,
    };
    if text.chars().count() <= LONGEST {
        return Some(text);
    }
    let kept: String = text.chars().take(LONGEST).collect();
    Some(format!("{kept}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_in_and_missing_ones_are_shown_as_missing() {
        let input = Value::from_json_str(r#"{"call":{"arguments":{"limit":500,"tables":["a","b"]}}}"#).unwrap();
        let data = Value::from_json_str(r#"{"most":100}"#).unwrap();
        let check = |template: &str, expected: &str| assert_eq!(render(template, &input, &data), expected);
        check("{call.arguments.limit} rows, at most {data.most}.", "500 rows, at most 100.");
        check("tables {call.arguments.tables}", "tables a, b");
        check("{call.arguments.gone}", "?");
        check("{call.arguments.limit.deeper}", "?");
        check("an open { brace", "an open { brace");
        let long = Value::from_json_str(&format!(r#"{{"x":"{}"}}"#, "y".repeat(500))).unwrap();
        assert_eq!(render("{x}", &long, &data).chars().count(), LONGEST + 1);
    }
}
