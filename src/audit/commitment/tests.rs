use proptest::prelude::*;

use super::*;

const BODY: &str = r#"{"event":"arrived","params":{"name":"pay","arguments":{"to":"ada","amount":1250,"note":["a",{"b":"}]\""}]}},"empty":{}}"#;

fn opened() -> Opened {
    Opened::Whole { salt: Salt::new([7; 32]), body: BODY.to_owned() }
}

fn erase(opened: &Opened, pointers: &[&str]) -> Result<Redacted, BodyError> {
    opened.erase(&pointers.iter().map(|pointer| (*pointer).to_owned()).collect::<Vec<_>>())
}

// AUD-07: what is erased is gone, and the root stays what it was.
#[test]
fn whatever_is_erased_the_root_stays() {
    let root = opened().root().unwrap();
    let table: [(&[&str], &str); 4] = [
        (&["/params/arguments/amount"], r#""amount":null"#),
        (&["/params/arguments"], r#""arguments":null}"#),
        (&["/params/arguments/note/1", "/empty"], r#""note":["a",null]"#),
        (&["/params", "/params/arguments/to"], r#""params":null"#),
    ];
    for (pointers, text) in table {
        let redacted = erase(&opened(), pointers).unwrap();
        assert!(redacted.body.contains(text), "{}", redacted.body);
        let first = Opened::Redacted(redacted);
        assert_eq!(first.root().unwrap(), root, "{pointers:?}");
        let again = Opened::Redacted(erase(&first, &["/event"]).unwrap());
        assert_eq!(again.root().unwrap(), root, "{pointers:?}, and then another");
    }
    let text = Opened::Whole { salt: Salt::new([7; 32]), body: "no JSON".to_owned() };
    let gone = Opened::Redacted(erase(&text, &[""]).unwrap());
    assert_eq!((gone.root(), gone.body()), (text.root(), "null"));
    assert_eq!(
        erase(&opened(), &["/params/arguments/nobody"]).unwrap_err(),
        BodyError::Nothing("/params/arguments/nobody".into())
    );
}

// AUD-08, AUD-09: nobody finds the value by trying, because what salted it is gone; and equal values look unlike.
#[test]
fn what_was_erased_cannot_be_guessed() {
    let redacted = erase(&opened(), &["/params/arguments/amount"]).unwrap();
    let kept = serde_json::to_string(&redacted).unwrap();
    assert!(!kept.contains("1250"));
    assert!(!kept.contains(&hex(&[7; 32])), "what salts every field is destroyed");
    let all = whole(Salt::new([7; 32]), BODY);
    let (_, salt, made) = all.iter().find(|(field, ..)| field.pointer == "/params/arguments/amount").unwrap();
    assert!(!kept.contains(&hex(&salt.0)), "and what salted this one");
    assert!(kept.contains(&hex(made)));
    let salts: std::collections::BTreeSet<_> = all.iter().map(|(_, salt, _)| salt.0).collect();
    assert_eq!(salts.len(), all.len());
    let other = whole(Salt::new([8; 32]), BODY);
    assert!(all.iter().zip(&other).all(|((_, _, one), (_, _, other))| one != other));
}

#[test]
fn what_does_not_fit_is_not_believed() {
    let redacted = erase(&opened(), &["/params/arguments/amount"]).unwrap();
    let mut short = redacted.clone();
    short.salts.pop();
    let mut long = redacted.clone();
    long.salts.push(hex(&[1; 32]));
    let mut elsewhere = redacted.clone();
    elsewhere.erased.insert("/nowhere".to_owned(), vec![hex(&[1; 32])]);
    let mut back = redacted;
    back.body = back.body.replace("null", "1251");
    for unfit in [short, long, elsewhere, back] {
        assert_eq!(Opened::Redacted(unfit).root(), Err(BodyError::Unfit));
    }
}

proptest! {
    #[test]
    fn another_text_has_another_root(at in 0..BODY.len(), byte in 32_u8..127) {
        let mut bytes = BODY.as_bytes().to_vec();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = Opened::Whole { salt: Salt::new([7; 32]), body: String::from_utf8(bytes).unwrap() };
        prop_assert_ne!(changed.root().ok(), opened().root().ok());
    }
}
