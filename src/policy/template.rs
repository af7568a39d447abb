//! How does a reason become words?
//!
//! Reasons are templates, filled in by the gateway: `{call.arguments.limit}`. A rule that put the field into its own text
//! would disappear with the field, and with it the deny.

use std::borrow::Cow;

use regorus::Value;

use super::bounds::weight;

/// Longest value that is put into a text.
const LONGEST: usize = 120;
/// Longest template. A rule may have made it from what an agent sent.
const TEMPLATE: usize = 2000;
/// How many fields are filled in.
const FIELDS: usize = 32;
/// The heaviest value that is written out to show its beginning.
const HEAVIEST: u64 = 64 << 10;

/// Fills in a template. A field that is missing becomes `?`.
pub fn render(template: &str, input: &Value, data: &Value) -> String {
    let template = beginning(template, TEMPLATE);
    let mut out = String::with_capacity(template.len());
    let (mut rest, mut fields) = (&*template, 0..FIELDS);
    while let Some((before, after)) = rest.split_once('{') {
        if fields.next().is_none() {
            break;
        }
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
        out.push_str(&beginning(&found.join(", "), TEMPLATE));
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
        _ if found.len() >= LONGEST => {}
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
    let all =
        |items: &mut dyn Iterator<Item = &Value>| items.filter_map(words).take(LONGEST).collect::<Vec<_>>().join(", ");
    let text = match value {
        Value::Undefined => return None,
        Value::String(text) => return Some(beginning(text, LONGEST).into_owned()),
        other if weight(other, HEAVIEST) > HEAVIEST => return Some("…".to_owned()),
        Value::Array(items) => all(&mut items.iter()),
        Value::Set(items) => all(&mut items.iter()),
        other => other.to_json_str().ok()?,
    };
    Some(beginning(&text, LONGEST).into_owned())
}

/// The first characters, and a sign when there are more.
fn beginning(text: &str, most: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(most).and_then(|(end, _)| text.get(..end));
    end.map_or(Cow::Borrowed(text), |kept| Cow::Owned(format!("{kept}…")))
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
    #[test]
    fn a_template_an_agent_wrote_cannot_make_a_long_text() {
        // POL-02: 50,000 fields of 1 MB each.
        let input = Value::from_json_str(&format!(r#"{{"x":"{}","xs":[1,2]}}"#, "y".repeat(1_000_000))).unwrap();
        let many = render(&"{x}".repeat(50_000), &input, &input);
        assert!(many.len() < 2 * TEMPLATE + FIELDS * 2 * LONGEST, "{}", many.len());
        let long = render(&"é".repeat(50_000), &input, &input);
        assert_eq!(long.chars().count(), TEMPLATE + 1);
        assert_eq!(render("{xs}", &input, &input), "1, 2");
    }
}
