//! What do a first rule and its test look like?
//!
//! Written from a real call, so that an author begins with the names that are really used and only has to narrow the rule.

use std::collections::BTreeSet;

use crate::facts::secret;
use crate::wire::json::{Object, Value};

/// What a draft is made from.
#[derive(Clone, Debug)]
pub struct Model {
    /// Where it is from, for a comment: which call, when.
    pub origin: String,
    /// Who asked.
    pub principal: String,
    /// The configured name of the server.
    pub server: String,
    /// The method.
    pub method: String,
    /// The tool, address or prompt.
    pub target: String,
    /// What it was called with.
    pub arguments: Object,
}

/// What the rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It refuses.
    Deny,
    /// It lets people decide.
    Hold,
}

/// Two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The policy.
    pub policy: String,
    /// Its tests.
    pub test: String,
}

/// Words of the language, and names that mean something else here.
const TAKEN: [&str; 18] = [
    "as",
    "contains",
    "countersign",
    "data",
    "default",
    "else",
    "every",
    "false",
    "gate",
    "if",
    "import",
    "in",
    "input",
    "not",
    "null",
    "package",
    "true",
    "with",
];
/// The longest text of an argument that is repeated whole.
const LONGEST: usize = 60;
/// The most arguments that are shown.
const MOST: usize = 20;

/// Whether a policy may have this name.
pub fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let inside = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    begins && name.chars().all(inside) && name.len() <= 60 && !TAKEN.contains(&name) && !name.ends_with("_test")
}

/// A rule about this call, and tests that it is about this call and not about its neighbours.
pub fn draft(name: &str, kind: Kind, model: &Model) -> Draft {
    Draft { policy: policy(name, kind, model), test: test(name, kind, model) }
}

fn policy(name: &str, kind: Kind, model: &Model) -> String {
    let is_tool = model.method == "tools/call";
    let (word, reason) = match kind {
        Kind::Deny => ("deny", "is not for agents"),
        Kind::Hold => ("hold", "waits until somebody has looked"),
    };
    let mut text = format!(
        "# METADATA\n# title: {name}\n# description: >-\n#   Say here what is protected, and from what.\n\
         package countersign.{name}\n\n# {}\n{word} contains {{\n\t\"id\": \"{}\",\n\t\"severity\": \"medium\",\n\
         \t\"reason\": \"{{call.server}}/{{call.target}} {reason}.\",\n\
         \t\"advice\": \"Say here what to do instead.\",\n",
        comment(&model.origin),
        name.replace('_', "-"),
    );
    if kind == Kind::Hold {
        text.push_str("\t\"reviewers\": [\"user\"],\n");
    }
    text.extend([format!("}} if {{\n\tinput.call.server == {}\n", literal(&model.server))]);
    if is_tool {
        text.extend([format!("\tinput.call.tool == {}\n", literal(&model.target))]);
    } else {
        text.extend([format!("\tinput.call.method == {}\n", literal(&model.method))]);
        text.extend([format!("\tinput.call.target == {}\n", literal(&model.target))]);
    }
    text.push_str("\n\t# Narrow it to what matters. The call it was written from said:\n");
    let secret = secrets(&model.arguments);
    for (name, value) in model.arguments.iter().take(MOST) {
        let path = format!("input.call.arguments{}", step(name));
        let line = match value {
            _ if secret.contains(name) => format!("{path} held a secret, which is not repeated here"),
            Value::String(long) if long.chars().count() > LONGEST => {
                let beginning: String = long.chars().take(LONGEST).collect();
                format!("startswith({path}, {})", literal(&beginning))
            }
            Value::String(text) => format!("{path} == {}", literal(text)),
            Value::Number(number) => format!("{path} == {}", number.as_str()),
            Value::Array(_) | Value::Object(_) => format!("count({path}) > 0"),
            other => format!("{path} == {other}"),
        };
        text.extend([format!("\t# {line}\n")]);
    }
    if model.arguments.is_empty() {
        text.push_str("\t# nothing: it had no arguments\n");
    }
    text.push_str("\t# And what else rules can ask: input.principal.groups, input.environment, input.facts; see\n");
    text.push_str("\t# countersign policy schema\n}\n");
    text
}

fn test(name: &str, kind: Kind, model: &Model) -> String {
    let is_tool = model.method == "tools/call";
    let word = if kind == Kind::Deny { "deny" } else { "hold" };
    let secret = secrets(&model.arguments);
    let mut arguments = String::new();
    for (name, value) in model.arguments.iter().filter(|(name, _)| !secret.contains(*name)) {
        arguments.extend([format!("\n\t\t\t{}: {},", literal(name), visible(&value.to_string()))]);
    }
    if !arguments.is_empty() {
        arguments.push_str("\n\t\t");
    }
    let tool = if is_tool { "target" } else { "null" };
    let other = if model.target == "another" { "the_other" } else { "another" };
    let elsewhere = if model.server == "elsewhere" { "nowhere" } else { "elsewhere" };
    let (server, target) = (literal(&model.server), literal(&model.target));
    let what = if is_tool { "tool" } else { "target" };
    format!(
        "package {name}_test\n\nimport data.countersign.{name}\n\n# {}\nasked(server, target) := {{\n\
         \t\"phase\": \"call\",\n\t\"call\": {{\n\t\t\"server\": server,\n\t\t\"tool\": {tool},\n\t\t\"target\": target,\n\
         \t\t\"method\": {},\n\t\t\"arguments\": {{{arguments}}},\n\t}},\n\
         \t\"principal\": {{\"id\": {}, \"groups\": []}},\n\t\"environment\": \"production\",\n}}\n\n\
         test_it_is_about_this_call if {{\n\tcount({name}.{word}) == 1 with input as asked({server}, {target})\n}}\n\n\
         test_another_{what}_is_left_alone if {{\n\tcount({name}.{word}) == 0 with input as asked({server}, \"{other}\")\n}}\n\n\
         test_another_server_is_left_alone if {{\n\tcount({name}.{word}) == 0 with input as asked(\"{elsewhere}\", {target})\n}}\n",
        comment(&model.origin),
        literal(&model.method),
        literal(&model.principal),
    )
}

/// Arguments that hold a secret, by name: files are shared more widely than the record.
fn secrets(arguments: &Object) -> BTreeSet<String> {
    let facts = secret::read(&Value::Object(arguments.clone()));
    let told = |name: &str| {
        let alone: Object =
            [(name.to_owned(), arguments.get(name).cloned().unwrap_or(Value::Null))].into_iter().collect();
        !secret::read(&Value::Object(alone)).found.is_empty()
    };
    if facts.found.is_empty() {
        return BTreeSet::new();
    }
    arguments.iter().map(|(name, _)| name.to_owned()).filter(|name| told(name)).collect()
}

/// A text as the language writes it. Nothing in it ends a line, hides or turns what stands beside it.
fn literal(text: &str) -> String {
    visible(&Value::from(text).to_string())
}

/// JSON with escapes for everything in its texts that is not plainly seen.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if matches!(letter, ' '..='~') || letter.is_alphanumeric() {
            out.push(letter);
        } else {
            let mut units = [0_u16; 2];
            letter.encode_utf16(&mut units).iter().for_each(|unit| out.extend([format!("\\u{unit:04x}")]));
        }
    }
    out
}

/// A text in a comment: one line, nothing hidden.
fn comment(text: &str) -> String {
    text.chars()
        .map(|letter| if letter == ' ' || letter.is_ascii_graphic() || letter.is_alphanumeric() { letter } else { '?' })
        .collect()
}

/// One step of a reference.
fn step(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if begins && name.chars().all(plain) && !TAKEN.contains(&name) {
        format!(".{name}")
    } else {
        format!("[{}]", literal(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bundle::{Bundle, Source, Sources};
    use crate::policy::rehearse::rehearse;
    use crate::wire::reader::{Limits, strict};

    fn model(method: &str, target: &str, arguments: &str) -> Model {
        let Value::Object(arguments) = strict(arguments.as_bytes(), &Limits::REQUEST).unwrap() else { panic!() };
        Model {
            origin: "From the call 019a, \n of ada".to_owned(),
            principal: "os:ada".to_owned(),
            server: "shop".to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            arguments,
        }
    }

    #[test]
    fn what_is_written_is_fit_and_passes_its_own_tests() {
        let long = format!(
            r#"{{"query":"{}","n":1.5,"deep":{{"a":[1]}},"none":null,"if":true,"a b":"\n\u202e{{x}}"}}"#,
            "x".repeat(500)
        );
        let table = [
            model("tools/call", "refund", r#"{"order":"A-1","amount":120}"#),
            model("tools/call", "another", "{}"),
            model("tools/call", "o\"dd\\ \n{tool}\u{202e}", &long),
            model("resources/read", "file:///a\"b", "{}"),
            model("prompts/get", "greet", r#"{"name":"Ada"}"#),
        ];
        for model in table {
            for kind in [Kind::Deny, Kind::Hold] {
                let Draft { policy, test } = draft("first_rule", kind, &model);
                let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
                let sources = Sources { policies: vec![source("first_rule.rego", &policy)], data: Vec::new() };
                Bundle::load(&sources).unwrap_or_else(|problems| panic!("{problems:#?}\n{policy}"));
                let policies = vec![source("first_rule.rego", &policy), source("first_rule_test.rego", &test)];
                let sources = Sources { policies, data: Vec::new() };
                let rehearsal = rehearse(&sources, "", 1).unwrap_or_else(|problems| panic!("{problems:#?}\n{test}"));
                assert_eq!((rehearsal.tests.len(), rehearsal.failures().count()), (3, 0), "{policy}\n{test}");
            }
        }
    }

    #[test]
    fn a_secret_is_not_repeated() {
        let model = model("tools/call", "login", r#"{"name":"Ada","password":"correct-horse-battery-9"}"#);
        let Draft { policy, test } = draft("first_rule", Kind::Deny, &model);
        assert!(!format!("{policy}{test}").contains("correct-horse"), "{policy}\n{test}");
        assert!(
            policy.contains("input.call.arguments.name == \"Ada\"") && policy.contains("held a secret"),
            "{policy}"
        );
    }

    #[test]
    fn a_name_is_a_word_of_the_language_that_is_free() {
        for (name, good) in [
            ("refunds", true),
            ("large_refunds2", true),
            ("", false),
            ("Refunds", false),
            ("a-b", false),
            ("2a", false),
            ("../a", false),
            ("input", false),
            ("gate", false),
            ("a_test", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
    }
}
