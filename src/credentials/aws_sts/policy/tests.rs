use super::*;
use crate::object;

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": "arn:aws:s3:::{/bucket}/{/keys/0}",
    "Condition": { "StringEquals": { "aws:PrincipalTag/team": "${aws:PrincipalTag/x}" } }
  }]
}"#;

fn arguments(bucket: &str, key: Argument) -> Object {
    object! { "bucket" => bucket, "keys" => Argument::Array(vec![key]) }
}

#[test]
fn what_the_call_names_stands_in_the_policy_and_nothing_more() {
    let template = Template::parse(POLICY).unwrap();
    let filled = template.fill(Some(&arguments("reports", "2026/\"a\\b.csv".into()))).unwrap();
    let read: Value = serde_json::from_str(&filled.text).unwrap();
    assert_eq!(read["Statement"][0]["Resource"], "arn:aws:s3:::reports/2026/\"a\\b.csv");
    assert_eq!(read["Statement"].as_array().unwrap().len(), 1);
    assert_eq!(filled.reaches.len(), 1);
    assert!(filled.reaches[0].starts_with("allow s3:GetObject, s3:PutObject on arn:aws:s3:::reports/2026/"));
    assert!(filled.reaches[0].contains("only where"));
}

#[test]
fn what_would_mean_more_than_itself_is_refused() {
    // CRE-02: an argument cannot widen what was agreed.
    let template = Template::parse(POLICY).unwrap();
    for bucket in ["*", "a*", "a?b", "${aws:username}", "a$", "", "a\nb", "a\u{0}"] {
        let why = template.fill(Some(&arguments(bucket, "k".into()))).unwrap_err();
        assert!(why.contains("/bucket"), "{bucket:?}: {why}");
    }
    for bucket in ["private/x", "a:b"] {
        let why = template.fill(Some(&arguments(bucket, "k".into()))).unwrap_err();
        assert!(why.contains("/bucket") && why.contains("elsewhere"), "{bucket}: {why}");
    }
    for key in [Argument::Null, Argument::Bool(true), Argument::Array(vec!["k".into()])] {
        assert!(template.fill(Some(&arguments("b", key))).unwrap_err().contains("/keys/0"));
    }
    assert!(template.fill(None).unwrap_err().contains("/bucket"));
    assert!(template.fill(Some(&arguments(&"b".repeat(2048), "k".into()))).unwrap_err().contains("2048"));
    assert!(template.fill(Some(&arguments("漢", "k".into()))).unwrap_err().contains("U+00FF"));
    // A value that looks like a place is not one.
    let filled = template.fill(Some(&arguments("b", "{/bucket}".into()))).unwrap();
    assert!(filled.text.contains("b/{/bucket}"), "{}", filled.text);
}

#[test]
fn a_value_goes_deeper_only_where_nothing_is_around_it() {
    // CRE-02: `{/bucket}-public` is no way to another bucket.
    for (resource, fits) in [
        ("arn:aws:s3:::logs/{/bucket}", true),
        ("{/bucket}", true),
        ("arn:aws:s3:::{/bucket}", false),
        ("arn:aws:s3:::{/bucket}-public/x", false),
        ("arn:aws:s3:::logs/{/bucket}/x", false),
        ("arn:aws:s3:::logs/a{/bucket}", false),
    ] {
        let text =
            serde_json::json!({ "Statement": { "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource } });
        let template = Template::parse(&text.to_string()).unwrap();
        assert_eq!(template.fill(Some(&arguments("private/x", "k".into()))).is_ok(), fits, "{resource}");
    }
}

#[test]
fn a_template_says_what_it_reaches() {
    for (text, why) in [
        ("[]", "objects"),
        ("{}", "Statement"),
        ("{\"Statement\":[]}", "Statement"),
        ("{\"Statement\":{\"Effect\":\"allow\",\"Action\":\"a\",\"Resource\":\"b\"}}", "Effect"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Resource\":\"b\"}}", "Action"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"a\",\"Resource\":[]}}", "Resource"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"NotAction\":\"a\",\"Resource\":\"b\"}}", "NotAction"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"{/a}\",\"Resource\":\"b\"}}", "Resource"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"a\",\"Resource\":\"{/a\"}}", "not closed"),
        ("{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"a\",\"Resource\":\"{/*}\"}}", "no argument"),
        ("{\"Statement\":1", "no JSON"),
    ] {
        let told = Template::parse(text).unwrap_err().to_string();
        assert!(told.contains(why), "{text}: {told}");
    }
}
