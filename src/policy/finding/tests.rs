use super::*;

#[test]
fn what_is_recorded_has_an_end() {
    // POL-02
    let context = Context { policy: "p", effect: Effect::Warn };
    let many = |count: usize| Value::from((0..count).map(|_| Value::from("a reason")).collect::<Vec<_>>());
    assert_eq!(read(context, &many(MOST)).unwrap().len(), MOST);
    assert!(read(context, &many(MOST + 1)).unwrap_err().why.contains("too many"));
    let named = |length: usize| Value::from_json_str(&format!(r#"{{"id":"{}"}}"#, "a".repeat(length))).unwrap();
    assert_eq!(read(context, &named(LONGEST)).unwrap().len(), 1);
    assert!(read(context, &named(LONGEST + 1)).unwrap_err().why.contains("more than"));
}
