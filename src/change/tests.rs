use proptest::prelude::*;

use super::*;
use crate::object;
use crate::wire::reader::strict;

fn json(text: &str) -> Value {
    strict(text.as_bytes(), &Limits::REPLY).unwrap()
}

fn stars(path: &str, pattern: Option<&str>) -> Edit {
    Edit::new(path, How::Replace("***".into()), pattern).unwrap()
}

fn removed(path: &str) -> Edit {
    Edit::new(path, How::Remove, None).unwrap()
}

fn masked(path: &str) -> Edit {
    Edit::new(path, How::Mask(Mask::new([7; 32])), None).unwrap()
}

fn arguments(edit: Edit, arguments: &str) -> Result<(String, Changes), Unapplied> {
    let mut params = object! { "name" => "t", "arguments" => json(arguments) };
    let changes = in_arguments(&[edit], &mut params)?;
    Ok((params.get("arguments").unwrap().to_string(), changes))
}

fn result(edits: &[Edit], result: &str) -> Result<String, Unapplied> {
    let mut value = json(result);
    in_result(edits, value.as_object_mut().unwrap())?;
    Ok(value.to_string())
}

#[test]
fn a_pointer_reaches_wherever_it_says() {
    let deep = r#"{"rows":[{"id":1,"mail":"ann@example.com"},{"id":2,"mail":"bob@example.com"}],"a/b":{"c~d":"x"}}"#;
    let cases = [
        (
            stars("/call/arguments/rows/*/mail", None),
            deep.replace("ann@example.com", "***").replace("bob@example.com", "***"),
        ),
        (stars("/call/arguments/rows/1/mail", None), deep.replace("bob@example.com", "***")),
        (removed("/call/arguments/rows/0"), deep.replace(r#"{"id":1,"mail":"ann@example.com"},"#, "")),
        (removed("/call/arguments/*/*/id"), deep.replace(r#""id":1,"#, "").replace(r#""id":2,"#, "")),
        (stars("/call/arguments/a~1b/c~0d", None), deep.replace(r#":"x""#, r#":"***""#)),
        (stars("/call/arguments/nobody/*/here", None), deep.to_owned()),
        (removed("/call/arguments/rows/7"), deep.to_owned()),
        (removed("/call/arguments"), "{}".to_owned()),
        (
            stars("/call/arguments", Some(r"\w+@example\.com")),
            deep.replace("ann@example.com", "***").replace("bob@example.com", "***"),
        ),
        (stars("/call/arguments", Some("^rows$")), deep.replace(r#""rows""#, r#""***""#)),
        (stars("/call/arguments", Some("^[12]$")), deep.replace(":1,", r#":"***","#).replace(":2,", r#":"***","#)),
    ];
    for (number, (edit, expected)) in cases.into_iter().enumerate() {
        assert_eq!(arguments(edit, deep).unwrap().0, expected, "case {number}");
    }
}

#[test]
fn json_in_a_text_is_opened_changed_and_written_again() {
    let given = r#"{"body":"{\"to\":\"ann\\u0040example.com\",\"n\":1.50,\"inner\":\"{\\\"k\\\":\\\"s3cret-value\\\"}\"}","keep":"{\"a\": 1 }"}"#;
    let (told, changes) = arguments(stars("/call/arguments/body/to", None), given).unwrap();
    assert!(
        !told.contains("example.com") && told.contains(r#"\"n\":1.50"#) && told.contains(r#""{\"a\": 1 }""#),
        "{told}"
    );
    assert_eq!(changes.at.into_iter().collect::<Vec<_>>(), ["/call/arguments/body/to"]);
    let (told, _) = arguments(stars("/call/arguments/body/inner/k", None), given).unwrap();
    assert!(!told.contains("s3cret"), "{told}");
    // What is written in escapes is what it means.
    let (told, changes) = arguments(stars("/call/arguments", Some("[a-z]+@example.com")), given).unwrap();
    assert!(!told.contains("u0040") && !told.contains("example.com"), "{told}");
    assert_eq!(changes.at.into_iter().collect::<Vec<_>>(), ["/call/arguments/body/to"]);
    let (told, _) = arguments(removed("/call/arguments/body/inner"), given).unwrap();
    assert!(told.contains(r#"\"n\":1.50}""#), "{told}");
}

#[test]
fn what_cannot_be_followed_for_certain_is_an_error() {
    let place = |path: &str| Edit::new(path, How::Remove, None).unwrap_err();
    for path in [
        "/call/server",
        "/call/argumentsx",
        "/result/text/0",
        "/result/bytes",
        "/facts",
        "call",
        "",
        "/call/arguments/~2",
    ] {
        assert!(matches!(place(path), Unapplied::Place(_)), "{path}");
    }
    assert!(matches!(Edit::new("/result", How::Remove, Some("(")), Err(Unapplied::Pattern(_))));
    let fails = |edit, given: &str| arguments(edit, given).unwrap_err();
    for text in [r#"{"a":"{\"b\":1,\"b\":2}"}"#, r#"{"a":"see {\"b\":1}"}"#, r#"{"a":"{"}"#, r#"{"a":"{\"b\":1e999}"}"#]
    {
        assert!(matches!(fails(stars("/call/arguments/a/b", None), text), Unapplied::NotJson(_)), "{text}");
    }
    assert_eq!(arguments(stars("/call/arguments/a/b", None), r#"{"a":" "}"#).unwrap().0, r#"{"a":" "}"#);
    assert!(matches!(fails(stars("/call/arguments", None), "{}"), Unapplied::Whole(_)));
    let hidden = r#"{"a":"not JSON: ann\\u0040example.com"}"#;
    assert!(matches!(fails(stars("/call/arguments", Some("ann@example")), hidden), Unapplied::Escaped(_)));
    let mut nested = String::from("x");
    for _ in 0..12 {
        nested = Value::from(vec![Value::from(nested)]).to_string();
    }
    let given = Value::from(object! { "a" => nested }).to_string();
    assert!(matches!(fails(stars("/call/arguments", Some("y")), &given), Unapplied::TooDeep(_)));
}

#[test]
fn a_mask_is_equal_for_equal_values_and_never_fails() {
    let (told, changes) = arguments(
        masked("/call/arguments/*/card"),
        r#"{"a":{"card":4111111111111111},"b":{"card":4111111111111111},"c":{"card":2},"d":"see {prose}"}"#,
    )
    .unwrap();
    let value = json(&told);
    let mark = |name: &str| value.get(name).unwrap().get("card").unwrap().as_str().unwrap().to_owned();
    assert_eq!(mark("a"), mark("b"));
    assert_ne!(mark("a"), mark("c"));
    assert!(mark("a").starts_with("••• ") && !told.contains("4111"));
    assert!(!told.contains("prose"), "what a mask cannot go on below is covered whole");
    assert_eq!(changes.scrubbed("the card 4111111111111111 was refused"), "the card ••• was refused");
    assert_ne!(Mask::new([1; 32]).mark("a"), Mask::new([2; 32]).mark("a"), "nobody can try values without the key");
}

#[test]
fn a_change_twice_is_a_change_once() {
    for edit in
        [stars("/call/arguments/a", None), removed("/call/arguments/a"), stars("/call/arguments", Some("[a-z*]+"))]
    {
        let mut params = object! { "arguments" => json(r#"{"a":"secret","b":["secret"]}"#) };
        assert!(!in_arguments(std::slice::from_ref(&edit), &mut params).unwrap().is_none());
        assert!(in_arguments(&[edit], &mut params).unwrap().is_none(), "{params}");
    }
}

#[test]
fn text_that_mirrors_structured_content_is_changed_with_it() {
    // TOO-09: the same in two forms leaves by neither.
    let rows = r#"[{"id":7,"mail":"ann@example.com","pin":12},{"id":8,"mail":"bob@example.com","pin":34}]"#;
    let text = |texts: &[&str]| {
        let blocks = texts.iter().map(|text| Value::from(object! { "type" => "text", "text" => *text }));
        Value::Array(blocks.collect())
    };
    let given = |content: Value| {
        let structured = Value::from(object! { "rows" => json(rows), "total" => 2_i64 });
        Value::from(object! { "content" => content, "structuredContent" => structured }).to_string()
    };
    let whole = format!(r#"{{ "total": 2, "rows": {rows} }}"#);
    let one = r#"{"pin": 34.0, "mail":"bob@example.com","id":8}"#;
    for content in [text(&[&whole]), text(&[rows]), text(&["Two rows:", one, "ann@example.com"])] {
        for edit in [stars("/result/structured/rows/*/mail", None), removed("/result/structured/rows/*/mail")] {
            let told = result(&[edit], &given(content.clone())).unwrap();
            assert!(!told.contains("example.com"), "{told}");
            assert!(told.contains("34"), "the rest is still there: {told}");
        }
        for edit in [removed("/result/structured/rows"), removed("/result/structured")] {
            let told = result(&[edit], &given(content.clone())).unwrap();
            assert!(!told.contains("example.com") && !told.contains("34"), "{told}");
        }
        let pin = Edit::new("/result/structured/rows/*/pin", How::Replace("*".into()), Some("34")).unwrap();
        let told = result(&[pin], &given(content.clone())).unwrap();
        assert!(!told.contains("34"), "{told}");
    }
    // And the other way round.
    for edit in [stars("/result/content/*/text/rows/*/mail", None), stars("/result/text", Some(r"\w+@example\.com"))] {
        let told = result(&[edit], &given(text(&[&whole]))).unwrap();
        assert!(!told.contains("example.com") && told.contains(r#""id":7"#), "{told}");
    }
    for edit in [
        stars("/result/content/*/text", None),
        removed("/result/content/0"),
        removed("/result/content"),
        stars("/result/text", None),
    ] {
        let told = result(&[edit], &given(text(&[&whole]))).unwrap();
        assert!(!told.contains("example.com") && !told.contains("34"), "{told}");
    }
}

#[test]
fn what_was_taken_out_stands_nowhere_else() {
    let given = r#"{"content":[{"type":"text","text":"key: sk-live-123456"},{"type":"resource_link","uri":"x:/sk-live-123456","sk-live-123456":1}],"structuredContent":{"key":"sk-live-123456","n":1},"_meta":{"note":"sk-live-123456"}}"#;
    for path in ["/result/structured/key", "/result/content/0/text"] {
        let told = result(&[stars(path, Some(r"sk-live-\d+"))], given).unwrap();
        assert!(!told.contains("123456"), "{told}");
    }
    let told = result(&[stars("/result/structured/key", None)], given).unwrap();
    assert!(!told.contains("123456") && told.contains(r#""n":1"#), "{told}");
    assert!(matches!(result(&[removed("/result")], given), Err(Unapplied::Whole(_))));
}

#[test]
fn resources_prompts_and_bare_results_have_content_too() {
    let resource = r#"{"contents":[{"uri":"a:1","text":"{\"pin\":\"1234567\"}"}]}"#;
    let prompt = r#"{"messages":[{"role":"user","content":{"type":"text","text":"pin 1234567"}}]}"#;
    let bare = r#"{"completion":{"values":["1234567","other"]}}"#;
    for (path, given) in [
        ("/result/content/*/text/pin", resource),
        ("/result/content/*/content/text", prompt),
        ("/result/structured/completion/values/*", bare),
    ] {
        let told = result(&[stars(path, None)], given).unwrap();
        assert!(!told.contains("1234567"), "{told}");
    }
    for given in [resource, prompt] {
        assert!(!result(&[stars("/result/text", Some("1234567"))], given).unwrap().contains("1234567"));
    }
}

/// Any JSON with the secret in it here and there, also as JSON in a text.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(Value::from("SECRET-0042")),
        "[a-z \"\\\\{}\\[\\]:,]{0,12}".prop_map(Value::from),
        "[a-z ]{0,4}".prop_map(|text| Value::from(format!("{text}SECRET-0042{text}"))),
        any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map("[a-e]|SECRET-0042", inner.clone(), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            inner.clone().prop_map(|value| Value::from(value.to_string())),
            inner.prop_map(|value| Value::from(value.to_string().replace('S', "\\u0053").replace("\\\\u0053", "S"))),
        ]
    })
}

/// Every text in a value, JSON in texts opened.
fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => {
            text.contains(wanted) || embedded::container(text).is_some_and(|inner| says(&inner, wanted))
        }
        Value::Array(items) => items.iter().any(|item| says(item, wanted)),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains(wanted) || says(value, wanted)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn nothing_that_was_masked_is_left(value in tree(), remove in any::<bool>()) {
        let how = if remove { How::Remove } else { How::Mask(Mask::new([3; 32])) };
        let edit = Edit::new("/call/arguments", how, Some("SECRET-[0-9]+")).unwrap();
        let mut params = object! { "arguments" => object! { "a" => value.clone() } };
        match in_arguments(&[edit], &mut params) {
            Ok(changes) => {
                let arguments = params.get("arguments").unwrap();
                prop_assert!(!arguments.to_string().contains("SECRET-0042") && !says(arguments, "SECRET-0042"), "{}", arguments);
                if changes.is_none() {
                    prop_assert_eq!(arguments.get("a").unwrap(), &value);
                }
            }
            Err(error) => prop_assert!(remove, "{error}"),
        }
    }

    #[test]
    fn what_no_pointer_meets_stays_byte_for_byte(value in tree(), other in tree()) {
        let edit = Edit::new("/call/arguments/x", How::Replace("***".into()), None).unwrap();
        let mut params = object! { "arguments" => object! { "a" => value.clone(), "x" => other, "z" => value.clone() } };
        in_arguments(&[edit], &mut params).unwrap();
        let told = params.get("arguments").unwrap().to_string();
        prop_assert_eq!(told, format!(r#"{{"a":{value},"x":"***","z":{value}}}"#));
    }

    #[test]
    fn a_result_is_changed_or_withheld(value in tree(), texts in prop::collection::vec(tree(), 0..3)) {
        let blocks = texts.iter().map(|text| Value::from(object! { "type" => "text", "text" => text.to_string() }));
        let mut result = object! { "content" => blocks.collect::<Vec<_>>(), "structuredContent" => object! { "a" => value } };
        let edit = Edit::new("/result", How::Replace("***".into()), Some("SECRET-[0-9]+")).unwrap();
        if in_result(&[edit], &mut result).is_ok() {
            let told = Value::Object(result);
            prop_assert!(!told.to_string().contains("SECRET-0042") && !says(&told, "SECRET-0042"), "{}", told);
        }
    }
}
