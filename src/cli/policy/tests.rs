use clap::Parser;

use crate::cli::output::Paint;

use super::*;
use serde_json::json;

#[derive(Parser)]
pub(super) struct Line {
    #[command(flatten)]
    pub(super) args: PolicyArgs,
}

/// What the command prints, and how it ends.
pub(super) fn told(arguments: &[&str]) -> (Exit, String) {
    let line = Line::try_parse_from(std::iter::once("policy").chain(arguments.iter().copied())).unwrap();
    let mut written = Vec::new();
    let exit = run(&line.args, &Global::default(), &mut Output::new(&mut written, Paint::Plain)).unwrap();
    (exit, String::from_utf8(written).unwrap())
}

pub(super) const POLICY: &str =
    "package countersign.echo\n\nallow contains {\"id\": \"echo\"} if input.call.tool == \"echo\"\n";

pub(super) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn fit_policies_are_named_with_what_they_can_say() {
    let folder = folder(&[("echo.rego", POLICY)]);
    let path = folder.path().to_str().unwrap();
    let (exit, text) = told(&["check", path]);
    assert_eq!(exit, Exit::Done, "{text}");
    assert!(text.starts_with("ok    echo: allow\n1 policy in 1 file, fit to judge by. sha256:"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&told(&["check", "--json", path]).1).unwrap();
    assert_eq!(json["policies"][0], json!({ "policy": "echo", "mode": "enforce", "effects": ["allow"] }));
}

#[test]
fn every_problem_is_told_with_its_place() {
    let folder = folder(&[
        (
            "one.rego",
            "package countersign.one\n\nallow contains {\"id\": \"a\"} if input.call.tol == \"x\"\n\ndenny contains \"x\"\n",
        ),
        ("echo.rego", POLICY),
    ]);
    let path = folder.path().to_str().unwrap();
    let (exit, text) = told(&["check", path]);
    assert_eq!(exit, Exit::Failed);
    assert!(text.contains("one.rego:3:31  unknown-field  input.call.tol"), "{text}");
    let excerpt = "  3 | allow contains {\"id\": \"a\"} if input.call.tol == \"x\"\n    |                               ^^^^^^^^^^^^^^\n    = Did you mean input.call.tool?\n";
    assert!(text.contains(excerpt), "{text}");
    let remarks = told(&["check", "--format", "github", path]).1;
    assert!(
        remarks.lines().next().unwrap().contains("one.rego,line=3,col=31,title=unknown-field::input.call.tol"),
        "{remarks}"
    );
    assert!(text.contains("one.rego:5:1  unused-rule  `denny`"), "{text}");
    assert!(text.ends_with("2 problems in 1 file. Nothing was loaded.\n"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&told(&["check", "--json", path]).1).unwrap();
    let problem = &json["problems"][0];
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["rule"]),
        (&json!(3), &json!(31), &json!("unknown-field"))
    );
}

#[test]
fn reviewers_are_people_of_the_configuration_in_use() {
    // APR-19
    let rules = format!(
        "{POLICY}\nhold contains {{\"id\": \"h\", \"reason\": \"r\", \"reviewers\": [\"group:dbas\"]}} if input.call.tool == \"drop\"\n"
    );
    let issuer = "[[identity.issuers]]\nissuer = \"https://login.example.com\"\n";
    for (config, wanted) in [
        ("", Exit::Done),
        ("[people]\n", Exit::Done),
        ("[people.ada]\ngroups = [\"dbas\"]\n", Exit::Done),
        ("[people.ada]\ngroups = [\"dba\"]\n", Exit::Failed),
        (&format!("[people.ada]\ngroups = [\"dba\"]\n{issuer}"), Exit::Done),
    ] {
        let folder = folder(&[("echo.rego", &rules), ("countersign.toml", config)]);
        let line = Line::try_parse_from(["policy", "check", folder.path().to_str().unwrap()]).unwrap();
        let global = Global { config: Some(folder.path().join("countersign.toml")), ..Global::default() };
        let mut written = Vec::new();
        let exit = run(&line.args, &global, &mut Output::new(&mut written, Paint::Plain)).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(exit, wanted, "{config}\n{text}");
        if wanted == Exit::Failed {
            let told = "echo.rego:5:57  unknown-reviewer  `group:dbas` names nobody in [people].\n  5 | hold contains";
            assert!(text.contains(told), "{text}");
            assert!(text.contains("= Did you mean `group:dba`? Known: `group:dba`.\n"), "{text}");
        }
    }
}

#[test]
fn failures_come_first_and_end_the_command_with_one() {
    let tests = "package echo_test\n\nimport data.countersign.echo\n\ntest_echo if count(echo.allow) == 1 with input as {\"call\": {\"tool\": \"echo\"}}\n\ntest_wrong if count(echo.allow) == 1 with input as {\"call\": {\"tool\": \"x\"}}\n";
    let folder = folder(&[("echo.rego", POLICY), ("echo_test.rego", tests)]);
    let path = folder.path().to_str().unwrap();
    let (exit, text) = told(&["test", path]);
    assert_eq!(exit, Exit::Failed);
    assert!(text.starts_with("fail  echo_test test_wrong  "), "{text}");
    assert!(text.contains("echo_test.rego:7\n"), "{text}");
    assert!(text.contains("2 tests, 1 failed. Rules that said something: 1 of 1."), "{text}");
    assert_eq!(told(&["test", path, "--run", "test_echo"]).0, Exit::Done);
    let (exit, text) = told(&["test", path, "--run", "nothing"]);
    assert_eq!((exit, text.as_str()), (Exit::Failed, "There is no test whose name contains `nothing`.\n"));
}

#[test]
fn a_test_that_cannot_be_parsed_fails_the_check() {
    let folder = folder(&[("echo.rego", POLICY), ("echo_test.rego", "package echo_test\n\ntest_x if {\n")]);
    let (exit, text) = told(&["check", folder.path().to_str().unwrap()]);
    assert_eq!(exit, Exit::Failed);
    assert!(text.contains("echo_test.rego:"), "{text}");
}

#[test]
fn the_schemas_are_the_published_ones() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/schema");
    for name in ["input", "finding", "decision"] {
        let published = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let advice = format!("run `cargo run -- policy schema {name} > policies/schema/{name}.json`");
        assert_eq!(told(&["schema", name]).1, published, "{advice}");
    }
    assert_eq!(told(&["schema"]).1, told(&["schema", "input"]).1);
}
