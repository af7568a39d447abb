//! What may be written into the words of a finding?
//!
//! What a rule masks is not to be read in the record, and what it redacts not anywhere, so neither comes into a reason.

use std::borrow::Cow;

use regorus::Value;

use super::finding::change::{Change, MASKED};
use super::finding::pointer::Step;

/// The input without what these changes are about. A part of a text counts as all of it.
pub(super) fn shown<'a>(input: &'a Value, changes: &[&Change]) -> Cow<'a, Value> {
    if changes.is_empty() {
        return Cow::Borrowed(input);
    }
    let mut value = input.clone();
    for change in changes {
        cover(&mut value, change.path.steps());
        if change.path.below(&["result"]).is_some() {
            // All text of the result once more.
            cover(&mut value, &["result", "text"].map(|name| Step::Name(name.to_owned())));
        }
    }
    Cow::Owned(value)
}

fn cover(value: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else {
        *value = Value::from(MASKED);
        return;
    };
    let inside: Vec<&mut Value> = match (&*value, step) {
        (Value::Object(_), Step::Every) => members(value).map(|(_, member)| member).collect(),
        (Value::Array(_), Step::Every) => elements(value).collect(),
        (Value::Object(_), Step::Name(name)) => members(value)
            .filter(|(key, _)| key.as_string().is_ok_and(|key| **key == **name))
            .map(|(_, member)| member)
            .collect(),
        (Value::Array(_), Step::Name(name)) => {
            let at = name.parse().ok();
            elements(value).enumerate().filter(|(index, _)| Some(*index) == at).map(|(_, element)| element).collect()
        }
        // The text of a document: what is inside is not looked for.
        (Value::String(_), _) => return *value = Value::from(MASKED),
        _ => return,
    };
    for value in inside {
        cover(value, rest);
    }
}

fn members(value: &mut Value) -> impl Iterator<Item = (&Value, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(|members| members.iter_mut())
}

fn elements(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_array_mut().into_iter().flat_map(|items| items.iter_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::finding::change::How;
    use crate::policy::finding::pointer::Pointer;

    #[test]
    fn what_is_masked_is_covered_wherever_it_is() {
        let input = Value::from_json_str(
            r#"{"call":{"arguments":{"card":"4111","list":[{"pin":1,"name":"a"},{"pin":[2]}],"json":"{\"pin\":3}"}},"result":{"content":[{"text":"secret"}],"text":"secret"}}"#,
        )
        .unwrap();
        for (paths, wanted) in [
            (
                &["/call/arguments/card"][..],
                r#"{"card":"•••","json":"{\"pin\":3}","list":[{"name":"a","pin":1},{"pin":[2]}]}"#,
            ),
            (
                &["/call/arguments/list/*/pin"],
                r#"{"card":"4111","json":"{\"pin\":3}","list":[{"name":"a","pin":"•••"},{"pin":"•••"}]}"#,
            ),
            (
                &["/call/arguments/list/1"],
                r#"{"card":"4111","json":"{\"pin\":3}","list":[{"name":"a","pin":1},"•••"]}"#,
            ),
            (
                &["/call/arguments/json/pin", "/call/arguments/gone/*"],
                r#"{"card":"4111","json":"•••","list":[{"name":"a","pin":1},{"pin":[2]}]}"#,
            ),
            (&["/call/arguments/*"], r#"{"card":"•••","json":"•••","list":"•••"}"#),
        ] {
            let changes: Vec<Change> = paths.iter().map(|path| change(path)).collect();
            let value = shown(&input, &changes.iter().collect::<Vec<_>>()).into_owned();
            let text = value["call"]["arguments"].to_json_str().unwrap();
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&text).unwrap(),
                serde_json::from_str::<serde_json::Value>(wanted).unwrap(),
                "{paths:?}"
            );
        }
        let changes = change("/result/content/*/text");
        let value = shown(&input, &[&changes]).into_owned();
        assert!(!value["result"].to_json_str().unwrap().contains("secret"));
    }

    fn change(path: &str) -> Change {
        Change { path: Pointer::try_from(path.to_owned()).unwrap(), how: How::Remove, pattern: None }
    }
}
