//! How is a question put beside the rules of a file, and how is its answer written down?

use std::time::Duration;

use regorus::unstable::Module;
use regorus::{Engine, Value};

use super::super::evaluate::limit;
use super::super::problem::first_words;
use super::super::syntax::{head, package};
use super::Named;
use crate::policy::bounds;

/// The longest one question may take.
const LIMIT: Duration = Duration::from_secs(1);
/// How many values of one name are shown, and how long one may be.
const SHOWN: usize = 3;
const LONGEST: usize = 400;
/// How many items of an `every` are tried one by one.
pub(super) const MOST_ITEMS: usize = 256;

/// Questions about one file, being written.
pub(super) struct Asking<'a> {
    module: &'a Module,
    rules: Vec<String>,
}

/// Questions that can be asked.
pub(super) struct Questions {
    engine: Engine,
    package: String,
}

impl<'a> Asking<'a> {
    pub(super) fn new(module: &'a Module) -> Self {
        Self { module, rules: Vec::new() }
    }

    /// Whether this body is true.
    pub(super) fn truth(&mut self, body: &str) -> usize {
        self.add(|name| format!("{name} if {{\n\t{body}\n}}\n"))
    }

    /// The values of an expression, once for each way its beginning is true.
    pub(super) fn values(&mut self, reached: &str, expression: &str, with: &str) -> usize {
        self.add(|name| {
            format!("{name} := [countersign_value |\n\t{reached}\n\tcountersign_value := {expression}{with}\n]\n")
        })
    }

    fn add(&mut self, rule: impl FnOnce(&str) -> String) -> usize {
        let number = self.rules.len();
        self.rules.push(rule(&format!("countersign_probe_{number}")));
        number
    }

    /// Puts the questions into the file's package, with the file's imports.
    pub(super) fn compile(&self, engine: &Engine) -> Result<Questions, String> {
        let package = package(self.module).join(".");
        let text = format!("{}\n{}\n", self.top(), self.rules.join("\n"));
        let mut engine = engine.clone();
        engine.add_policy("countersign probe".to_owned(), text).map_err(|error| first_words(&error))?;
        bounds::install(&mut engine);
        Ok(Questions { engine, package })
    }

    /// Package and imports, as the file has them.
    fn top(&self) -> String {
        let source = self.module.package.span.source.contents();
        let first = self.module.policy.iter().map(|rule| head(rule).span().start).min();
        let first = first.and_then(|first| usize::try_from(first).ok()).unwrap_or(source.len());
        let top = source.get(..first).unwrap_or_default();
        let mut text = format!("package {}\n", self.module.package.refr.span().text());
        for line in top.lines().map(str::trim).filter(|line| line.starts_with("import ")) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

impl Questions {
    /// The answer to one question.
    pub(super) fn ask(&mut self, number: usize) -> Result<Value, String> {
        limit(&mut self.engine, LIMIT);
        let path = format!("data.{}.countersign_probe_{number}", self.package);
        self.engine.eval_rule(path).map_err(|error| words(&first_words(&error)))
    }
}

/// The engine's words without the place, which is in a file nobody has.
fn words(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(text).to_owned()
}

/// A few different values of a name.
pub(super) fn named(name: &str, values: &[Value]) -> Named {
    let mut different: Vec<&Value> = Vec::new();
    for value in values {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    let shown = different.iter().take(SHOWN).map(|value| short(value)).collect();
    Named { name: name.to_owned(), values: shown, more: different.len().saturating_sub(SHOWN) }
}

/// A value that fits on a line; a longer one is cut, and becomes the text it begins with.
fn short(value: &Value) -> serde_json::Value {
    let text = value.to_json_str().unwrap_or_default();
    if text.len() <= LONGEST {
        return serde_json::from_str(&text).unwrap_or_default();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    serde_json::Value::String(format!("{cut}…"))
}

/// A value as it is written in a policy.
pub(super) fn literal(value: &Value) -> String {
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value {
        Value::Set(items) if items.is_empty() => "set()".to_owned(),
        Value::Set(items) => format!("{{{}}}", list(&mut items.iter().map(literal))),
        Value::Array(items) => format!("[{}]", list(&mut items.iter().map(literal))),
        Value::Object(members) => {
            let member = |(name, value): (&Value, &Value)| format!("{}: {}", literal(name), literal(value));
            format!("{{{}}}", list(&mut members.iter().map(member)))
        }
        other => other.to_json_str().unwrap_or_else(|_| "null".to_owned()),
    }
}
