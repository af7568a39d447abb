//! What do the commands of a text do together?

use std::collections::{BTreeMap, BTreeSet};

use super::cursor::Cursor;
use super::lexer::Lexer;
use super::script::{Reason, RedirectKind, Script, Simple};
use super::variable::{Scope, Value};
use super::word::Word;
use super::{Argument, Command, DEEPEST, Dialect, Facts, LONGEST, MOST_COMMANDS, Pipe};
use super::{program, wrapper};
use crate::facts::risk::Risk;

/// What is known so far.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) facts: Facts,
    pub(super) dialect: Dialect,
    depth: u8,
    functions: BTreeSet<String>,
    /// Files that are run.
    pub(super) ran: BTreeSet<String>,
    /// Names under which files may land elsewhere.
    landed: BTreeSet<String>,
    /// Whether files are written whose names are not shown.
    pub(super) scatters: bool,
    pub(super) values: BTreeMap<String, Value>,
    /// Names of variables that go to another machine; nothing for what has no name.
    pub(super) leaks: Vec<String>,
    numbers: BTreeSet<String>,
    /// How many bytes of text and how many words have been read, with those inside of others.
    spent: usize,
}

/// One program and its surroundings.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    pub(super) words: &'a [Word],
    pub(super) pipe: Pipe,
    pub(super) background: bool,
    pub(super) through: Vec<String>,
    /// What a here-document or here-string gives it.
    pub(super) given: Option<&'a Word>,
    /// Whether it reads what is not shown here.
    pub(super) fed: bool,
}

pub(super) fn read(text: &str, dialect: Dialect) -> Facts {
    let facts = Facts {
        commands: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        networks: Vec::new(),
        substitutions: Vec::new(),
        risk: Risk::Low,
        complete: true,
        reasons: BTreeSet::new(),
    };
    let mut judge = Judge {
        facts,
        dialect,
        depth: 0,
        functions: BTreeSet::new(),
        ran: BTreeSet::new(),
        landed: BTreeSet::new(),
        scatters: false,
        values: BTreeMap::new(),
        leaks: Vec::new(),
        numbers: BTreeSet::new(),
        spent: 0,
    };
    if matches!(dialect, Dialect::PowerShell | Dialect::Cmd) {
        judge.opaque(Reason::OpaqueLanguage);
    } else if text.len() > LONGEST {
        judge.opaque(Reason::TooLarge);
    } else {
        if text.contains(|next: char| next.is_control() && !matches!(next, '\n' | '\t') || is_turning(next)) {
            // A person reads something else than the shell does.
            judge.opaque(Reason::Unreadable);
        }
        judge.script(text, dialect, &[], false);
        judge.together();
    }
    judge.facts
}

impl Judge {
    /// Says that something is at least this bad.
    pub(super) fn raise(&mut self, risk: Risk, reason: Reason) {
        self.facts.risk = self.facts.risk.max(risk);
        self.facts.reasons.insert(reason);
    }

    /// Says that something cannot be known.
    pub(super) fn opaque(&mut self, reason: Reason) {
        self.facts.complete = false;
        self.raise(Risk::High, reason);
    }

    /// A file is copied or moved, perhaps into a folder.
    pub(super) fn lands(&mut self, word: &Word) {
        self.landed.insert(word.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned());
    }

    /// A text that a program runs as a shell would.
    pub(super) fn text(&mut self, text: &str, run: &Run<'_>, name: &str) {
        let dialect = match name {
            "bash" | "rbash" => Dialect::Bash,
            "eval" | "trap" => self.dialect,
            _ => Dialect::Posix,
        };
        let mut through = run.through.clone();
        through.push(name.to_owned());
        self.script(text, dialect, &through, run.fed || run.given.is_some());
    }

    fn script(&mut self, text: &str, dialect: Dialect, through: &[String], fed: bool) {
        self.spent = self.spent.saturating_add(text.len());
        if self.spent > LONGEST.saturating_mul(2) {
            return self.opaque(Reason::TooLarge);
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST {
            self.depth = self.depth.saturating_sub(1);
            return self.opaque(Reason::TooLarge);
        }
        let outer = std::mem::replace(&mut self.dialect, dialect);
        let mut script = Script::default();
        let mut lexer = Lexer {
            cursor: Cursor::new(text),
            script: &mut script,
            dialect,
            depth: self.depth,
            inside: Vec::new(),
            ahead: None,
            pending: Vec::new(),
            condition: false,
        };
        if let Err(reason) = lexer.whole() {
            self.opaque(reason);
        }
        for reason in std::mem::take(&mut script.reasons) {
            self.opaque(reason);
        }
        self.facts.substitutions.append(&mut script.substitutions);
        for name in std::mem::take(&mut script.functions) {
            if program::is_known(&name) || wrapper::is_known(&name) {
                self.opaque(Reason::Redefines);
            }
            self.raise(Risk::Medium, Reason::Redefines);
            self.functions.insert(name);
        }
        self.numbers.extend(std::mem::take(&mut script.numbers));
        for simple in &script.simples {
            self.simple(simple, &script, through, fed);
        }
        self.dialect = outer;
        self.depth = self.depth.saturating_sub(1);
    }

    fn simple(&mut self, simple: &Simple, script: &Script, through: &[String], fed: bool) {
        let scope = if simple.words.is_empty() { Scope::Shell } else { Scope::Programs };
        for word in &simple.assignments {
            self.assigns(word, scope);
        }
        let mut given = None;
        let mut fed = fed || simple.from;
        for redirect in &simple.redirects {
            self.redirect(redirect);
            if let Some(document) = redirect.document.and_then(|index| script.documents.get(index)) {
                given = Some(&document.body);
            } else if redirect.kind == RedirectKind::Text {
                given = Some(&redirect.target);
            } else {
                fed |= redirect.kind.is_input()
                    || redirect.kind == RedirectKind::Duplicate
                        && redirect.target.text != "1"
                        && redirect.target.text != "2";
            }
        }
        let mut chain = through.to_vec();
        chain.extend(simple.inside.iter().cloned());
        let pipe = simple.pipe();
        self.run(&Run { words: &simple.words, pipe, background: simple.background, through: chain, given, fed });
    }

    /// One program, and whatever it runs.
    pub(super) fn run(&mut self, run: &Run<'_>) {
        let Some((first, arguments)) = run.words.split_first() else { return };
        self.spent = self.spent.saturating_add(run.words.len().saturating_mul(4));
        if self.facts.commands.len() >= MOST_COMMANDS
            || self.spent > LONGEST.saturating_mul(4)
            || run.through.len() > usize::from(DEEPEST).saturating_mul(2)
        {
            return self.opaque(Reason::TooLarge);
        }
        let name = first.text.rsplit('/').next().unwrap_or_default().to_owned();
        let plain = name.to_ascii_lowercase();
        let literal = first.is_literal();
        let ours = self.functions.contains(&first.text);
        let known = literal && (program::is_known(&plain) || wrapper::is_known(&plain));
        self.facts.commands.push(Command {
            program: first.text.clone(),
            name: name.clone(),
            arguments: arguments
                .iter()
                .map(|word| Argument { text: word.text.clone(), literal: word.is_literal() })
                .collect(),
            literal: run.words.iter().all(Word::is_literal),
            known: known && !ours,
            background: run.background,
            pipe: run.pipe,
            through: run.through.clone(),
        });
        if !literal {
            return self.opaque(Reason::ProgramNotLiteral);
        }
        let folder = first.text.rsplit_once('/').map(|(folder, _)| folder);
        if folder.is_some_and(|folder| !["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"].contains(&folder))
        {
            self.ran.insert(first.text.trim_start_matches("./").to_owned());
            self.raise(Risk::Medium, Reason::UnknownProgram);
        }
        if ours && (run.fed || run.given.is_some()) {
            self.opaque(Reason::RunsOtherText);
        }
        if !known || name != plain {
            self.raise(Risk::Medium, Reason::UnknownProgram);
        }
        if !wrapper::judge(self, run, &plain, arguments) {
            program::judge(self, run, &plain, arguments);
        }
    }

    /// What only shows when everything has been read.
    fn together(&mut self) {
        // By name alone: where a file lands may depend on a folder that is changed in between.
        let name = |path: &'_ str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let mut written: BTreeSet<String> = self.facts.writes.iter().map(|file| name(&file.path)).collect();
        written.append(&mut self.landed);
        let installs = self.facts.writes.iter().any(|file| file.path.contains("bin/") || file.path.ends_with("bin"));
        let touched = self.ran.iter().any(|file| file.split('/').any(|part| written.contains(part)))
            || installs && self.facts.commands.iter().any(|command| written.contains(&command.name));
        if touched || self.scatters && !self.ran.is_empty() {
            self.opaque(Reason::RunsOtherText);
        }
        if self.numbers.iter().any(|name| self.values.get(name).is_some_and(|value| *value > Value::Number)) {
            self.opaque(Reason::RunsOtherText);
        }
        if self.leaks.iter().any(|name| self.values.get(name).is_none_or(|value| *value == Value::Unknown)) {
            self.raise(Risk::Critical, Reason::DataLeaves);
        }
        let unseen = [Reason::RunsOtherText, Reason::ProgramNotLiteral];
        if !self.facts.networks.is_empty() && unseen.iter().any(|reason| self.facts.reasons.contains(reason)) {
            self.raise(Risk::Critical, Reason::RunsDownloadedText);
        }
    }
}

/// Characters that turn the direction of what is shown.
const fn is_turning(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
