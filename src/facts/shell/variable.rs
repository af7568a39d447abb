//! What does setting a variable do?

use super::Dialect;
use super::judge::Judge;
use super::script::Reason;
use super::word::Word;

/// Variables that change what a program does or which one is run.
const POWERFUL: [&str; 22] = [
    "PATH",
    "IFS",
    "ENV",
    "HOME",
    "BASH_ENV",
    "PROMPT_COMMAND",
    "PS0",
    "PS1",
    "PS4",
    "PAGER",
    "EDITOR",
    "VISUAL",
    "SHELLOPTS",
    "BASHOPTS",
    "RUBYOPT",
    "BROWSER",
    "SHELL",
    "CDPATH",
    "FPATH",
    "ZDOTDIR",
    "LUA_INIT",
    "EXECIGNORE",
];
const POWERFUL_STARTS: [&str; 10] =
    ["LD_", "DYLD_", "GIT_", "PERL5", "PYTHON", "BASH_FUNC", "LESS", "RUSTC", "CARGO_", "NPM_CONFIG_"];
/// Endings that say so of variables a program is given. A shell's own variable may have any name.
const POWERFUL_ENDINGS: [&str; 20] = [
    "PATH", "COMMAND", "OPTIONS", "OPTS", "OPT", "FLAGS", "ASKPASS", "PAGER", "EDITOR", "CONFIG", "_HOME", "_RSH",
    "SHELL", "PROXY", "_RC", "_WRAPPER", "_PRELOAD", "_PLUGIN", "_HOST", "_FILE",
];

/// Who sees a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The shell, and programs only if they saw it before.
    Shell,
    /// Programs.
    Programs,
}

/// What is known of a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Number,
    /// Written in the text.
    Plain,
    Unknown,
}

impl Judge {
    /// An assignment, or a name that is set by other means.
    pub(super) fn assigns(&mut self, word: &Word, scope: Scope) {
        let (before, value) = word.text.split_once('=').map_or((word.text.as_str(), None), |(b, v)| (b, Some(v)));
        let name = word.assigned().unwrap_or_else(|| before.trim_end_matches('+'));
        let upper = name.to_ascii_uppercase();
        let powerful = POWERFUL.contains(&name)
            || POWERFUL_STARTS.iter().any(|start| upper.starts_with(start))
            || scope == Scope::Programs && POWERFUL_ENDINGS.iter().any(|end| upper.ends_with(end));
        if powerful {
            self.opaque(Reason::Redefines);
        }
        // A subscript is arithmetic.
        if before.contains('[') {
            self.opaque(Reason::Unreadable);
        }
        let sum = |text: &str| text.starts_with("$((") && text.ends_with("))") && !text.contains("))$");
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-{}.".contains(&byte));
        let value = match value {
            Some(text) if word.is_unknown() && sum(text) || !word.is_unknown() && digits(text) => Value::Number,
            Some(_) if !word.is_unknown() => Value::Plain,
            _ => Value::Unknown,
        };
        let known = self.values.entry(name.to_owned()).or_insert(value);
        *known = value.max(*known);
    }

    /// A builtin that sets variables.
    pub(super) fn sets(&mut self, name: &str, words: &[Word]) {
        let declares = matches!(name, "export" | "declare" | "typeset" | "readonly" | "local");
        for word in words {
            let option = word.text.starts_with('-') || word.text.starts_with('+');
            let named = word.text.split('=').next().unwrap_or_default();
            if word.assigns.is_none() && (word.is_unknown() || named.contains(['$', '`'])) {
                self.opaque(Reason::Redefines);
            }
            if option && declares {
                // A name for another variable, functions for programs, and values that are worked out.
                if word.text.contains(['n', 'f', 'i', 'F']) {
                    self.opaque(Reason::Redefines);
                }
            } else if word.splits && self.dialect == Dialect::Posix {
                // Where it is no keyword, the value may become further assignments.
                self.opaque(Reason::TwoReadings);
            } else if !declares || word.text.contains('=') {
                let scope =
                    if matches!(name, "export" | "declare" | "typeset") { Scope::Programs } else { Scope::Shell };
                self.assigns(word, scope);
            } else if name == "export" {
                // It had its value before.
                self.assigns(&Word::literal(&format!("{}=", word.text)), Scope::Programs);
            }
            if word.text.contains('[') {
                self.opaque(Reason::Unreadable);
            }
        }
    }

    /// Notes the variables of a word that goes to another machine.
    pub(super) fn carries(&mut self, word: &Word) {
        if !word.is_unknown() {
            return;
        }
        let mut rest = word.text.as_str();
        if rest.contains('`') {
            self.leaks.push(String::new());
        }
        while let Some((_, after)) = rest.split_once('$') {
            let bare = after.strip_prefix('{').unwrap_or(after);
            let end = bare.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(bare.len());
            let (name, following) = bare.split_at_checked(end).unwrap_or((bare, ""));
            let whole = bare.len() == after.len() || following.starts_with('}');
            if name.is_empty() && following.starts_with(['#', '?', '$', '!']) {
                // Numbers of the shell's own.
            } else if whole && name.starts_with(|first: char| !first.is_ascii_digit()) {
                self.leaks.push(name.to_owned());
            } else {
                self.leaks.push(String::new());
            }
            rest = following;
        }
    }
}
