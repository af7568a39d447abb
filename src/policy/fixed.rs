//! What do rules say that only look at what stays the same from call to call?
//!
//! Most rules look at the server, the tool and its definition, and never at the arguments or the caller: for one tool they
//! say the same every time. They are asked once for each tool and remembered; the interpreter is left to the others. Which
//! rules these are is read from their text at load: every mention of `input` must be one of [`LASTING`], and every other
//! rule they mention must be such a rule too. Whatever is not plainly so is asked each time, so what is remembered can
//! never differ from what would be said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use regorus::Value;
use regorus::unstable::{Module, Rule, RuleHead};

use super::input::Lasting;

/// The parts of the input that are part of what a memory is kept under.
const LASTING: [&str; 7] = ["call.server", "call.tool", "call.method", "tool", "server", "environment", "phase"];
/// Tools remembered at once; then everything is forgotten and learnt again.
const MOST: usize = 4096;

/// The rules of one package that say the same about the same tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed(BTreeSet<String>);

impl Fixed {
    /// Reads the modules of one package.
    pub fn of(modules: &[&Module]) -> Self {
        let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut imports = false;
        for module in modules {
            // An import may give `input` another name.
            imports |= module.imports.iter().any(|import| import.refr.span().text().starts_with("input"));
            for rule in &module.policy {
                texts.entry(name_of(rule)).or_default().push(rule.span().text());
            }
        }
        if imports {
            return Self::default();
        }
        let mut fixed: BTreeSet<String> = texts.keys().cloned().collect();
        loop {
            let before = fixed.len();
            let lasting = |text: &&str| looks_only_at_what_lasts(text) && mentions_only(text, &texts, &fixed);
            let kept = texts.iter().filter(|(name, texts)| fixed.contains(*name) && texts.iter().all(lasting));
            fixed = kept.map(|(name, _)| name.clone()).collect();
            if fixed.len() == before {
                return Self(fixed);
            }
        }
    }

    /// Whether the rule of this name is one of them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

fn name_of(rule: &Rule) -> String {
    let text = match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr.span().text(),
    };
    text.split(['.', '[', '(']).next().unwrap_or(text).to_owned()
}

/// The names and paths in a text: `input.call.tool`, `data.x`, `exports`. Words inside strings count too, which can only
/// make a rule look less fixed than it is.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).filter(|word| !word.is_empty())
}

fn looks_only_at_what_lasts(text: &str) -> bool {
    // A bracket after a path reads a member whose name is not in the path.
    let bracketed = text.contains("input[") || text.contains("input.call[") || text.contains("data[");
    !bracketed
        && words(text).all(|word| {
            if word == "input" || word == "data" || word.starts_with("data.countersign") {
                return false;
            }
            let Some(path) = word.strip_prefix("input.") else { return true };
            LASTING
                .iter()
                .any(|part| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        })
}

fn mentions_only(text: &str, rules: &BTreeMap<String, Vec<&str>>, fixed: &BTreeSet<String>) -> bool {
    words(text).all(|word| {
        let name = word.split('.').next().unwrap_or(word);
        !rules.contains_key(name) || fixed.contains(name)
    })
}

/// What was said about the tools seen so far.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<Lasting, Arc<BTreeMap<String, Value>>>>);

impl Memory {
    /// What is remembered under this key, or what `learn` finds out.
    pub fn recall(
        &self,
        key: &Lasting,
        learn: impl FnOnce() -> BTreeMap<String, Value>,
    ) -> Arc<BTreeMap<String, Value>> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(known);
        }
        // Not under the lock: two callers may learn the same, and the same is what they learn.
        let learnt = Arc::new(learn());
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MOST {
            memory.clear();
        }
        memory.insert(key.clone(), Arc::clone(&learnt));
        learnt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(text: &str) -> Fixed {
        let mut engine = regorus::Engine::new();
        engine.add_policy("p.rego".to_owned(), text.to_owned()).unwrap();
        let modules: Vec<&Module> = engine.get_modules().iter().map(AsRef::as_ref).collect();
        Fixed::of(&modules)
    }

    #[test]
    fn a_rule_is_fixed_when_all_it_looks_at_lasts() {
        let set = fixed(
            "package countersign.p\n\
             a if input.call.tool == \"x\"\n\
             b if { a; input.tool.pinned; data.words.x }\n\
             c if { a; input.call.arguments.n > 1 }\n\
             d if { b; c }\n\
             e := input\n\
             f if input[\"call\"].arguments.n\n\
             g if data.countersign.other.deny\n\
             h(x) if startswith(x, \"export_\")\n\
             i if h(input.call.tool)\n\
             j if h(input.principal.id)\n\
             k if input.call.toolbox\n",
        );
        for (name, expected) in [
            ("a", true),
            ("b", true),
            ("c", false),
            ("d", false),
            ("e", false),
            ("f", false),
            ("g", false),
            ("h", true),
            ("i", true),
            ("j", false),
            ("k", false),
        ] {
            assert_eq!(set.contains(name), expected, "{name}");
        }
    }

    #[test]
    fn an_import_of_input_fixes_nothing() {
        assert!(!fixed("package countersign.p\nimport input.call as c\na if c.arguments.n\n").contains("a"));
    }
}
