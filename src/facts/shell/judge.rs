//! What do the commands of a text do together?

use std::collections::BTreeSet;

use super::cursor::Cursor;
use super::lexer::Lexer;
use super::script::{Reason, Redirect, RedirectKind, Script, Simple};
use super::word::Word;
use super::{Access, Argument, Command, DEEPEST, Dialect, Facts, File, LONGEST, MOST_COMMANDS, Network, Pipe};
use super::{program, wrapper};
use crate::facts::risk::Risk;

/// Variables that change what a program does or which one is run.
const POWERFUL: [&str; 15] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "PROMPT_COMMAND",
    "PS4",
    "PAGER",
    "EDITOR",
    "VISUAL",
    "SHELLOPTS",
    "NODE_OPTIONS",
    "RUBYOPT",
    "BROWSER",
    "SHELL",
    "LESSOPEN",
];
const POWERFUL_STARTS: [&str; 7] = ["LD_", "DYLD_", "GIT_", "PERL5", "PYTHON", "BASH_FUNC", "LESS"];

/// What is known so far.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) facts: Facts,
    dialect: Dialect,
    depth: u8,
    functions: BTreeSet<String>,
    /// Files that are run.
    pub(super) ran: BTreeSet<String>,
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
    let mut judge = Judge { facts, dialect, depth: 0, functions: BTreeSet::new(), ran: BTreeSet::new() };
    if matches!(dialect, Dialect::PowerShell | Dialect::Cmd) {
        judge.opaque(Reason::OpaqueLanguage);
    } else if text.len() > LONGEST {
        judge.opaque(Reason::TooLarge);
    } else if text.contains('\0') {
        judge.opaque(Reason::Unreadable);
    } else {
        judge.text(text, &[]);
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

    pub(super) fn reads(&mut self, word: &Word) {
        self.facts.reads.push(File { path: word.text.clone(), literal: word.is_literal(), access: Access::Read });
    }

    pub(super) fn writes(&mut self, word: &Word, access: Access) {
        if word.text == "/dev/null" {
            return;
        }
        self.facts.writes.push(File { path: word.text.clone(), literal: word.is_literal(), access });
        let device = ["/dev/sd", "/dev/nvme", "/dev/hd", "/dev/vd", "/dev/mem", "/dev/disk"];
        if device.iter().any(|start| word.text.starts_with(start)) {
            self.raise(Risk::High, Reason::Destroys);
        }
        self.raise(Risk::Medium, Reason::Writes);
    }

    pub(super) fn reaches(&mut self, word: &Word, program: &str) {
        let text = word.text.split_once("://").map_or(word.text.as_str(), |(_, rest)| rest);
        let text = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let host = if text.starts_with('[') {
            text.trim_start_matches('[').split(']').next().unwrap_or_default()
        } else {
            text.split(':').next().unwrap_or_default()
        };
        let network = Network { host: host.to_owned(), literal: word.is_literal(), program: program.to_owned() };
        self.facts.networks.push(network);
        self.raise(Risk::Medium, Reason::ReachesNetwork);
        if !word.is_literal() {
            self.facts.complete = false;
            self.raise(Risk::High, Reason::HostNotLiteral);
        }
        if word.substitutes {
            self.raise(Risk::Critical, Reason::DataLeaves);
        }
    }

    /// A text, as a shell would run it.
    pub(super) fn text(&mut self, text: &str, through: &[String]) {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST {
            self.depth = self.depth.saturating_sub(1);
            return self.opaque(Reason::TooLarge);
        }
        let mut script = Script::default();
        let mut lexer = Lexer {
            cursor: Cursor::new(text),
            script: &mut script,
            dialect: self.dialect,
            depth: self.depth,
            inside: Vec::new(),
            ahead: None,
            pending: Vec::new(),
        };
        if let Err(reason) = lexer.whole() {
            self.opaque(reason);
        }
        for reason in std::mem::take(&mut script.reasons) {
            self.opaque(reason);
        }
        self.facts.substitutions.append(&mut script.substitutions);
        for name in std::mem::take(&mut script.functions) {
            if program::is_known(&name) {
                self.opaque(Reason::Redefines);
            }
            self.raise(Risk::Medium, Reason::Redefines);
            self.functions.insert(name);
        }
        for simple in &script.simples {
            self.simple(simple, &script, through);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn simple(&mut self, simple: &Simple, script: &Script, through: &[String]) {
        for word in &simple.assignments {
            self.assigns(word);
        }
        let mut given = None;
        let mut fed = simple.from;
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

    /// What setting a variable does.
    pub(super) fn assigns(&mut self, word: &Word) {
        let name = word.assigned().unwrap_or_else(|| word.text.split('=').next().unwrap_or_default());
        if POWERFUL.contains(&name) || POWERFUL_STARTS.iter().any(|start| name.starts_with(start)) {
            self.opaque(Reason::Redefines);
        }
        if word.text.get(..name.len().saturating_add(1)).is_some_and(|start| start.ends_with('[')) {
            self.opaque(Reason::Unreadable);
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        let target = &redirect.target;
        if let Some(place) = ["/dev/tcp/", "/dev/udp/"].iter().find_map(|start| target.text.strip_prefix(start)) {
            let mut host = target.clone();
            place.clone_into(&mut host.text);
            self.reaches(&host, "/dev/tcp");
            return self.raise(Risk::Critical, Reason::DataLeaves);
        }
        match redirect.kind {
            RedirectKind::Read => self.reads(target),
            RedirectKind::Write => self.writes(target, Access::Write),
            RedirectKind::Append => self.writes(target, Access::Append),
            RedirectKind::Both => {
                self.reads(target);
                self.writes(target, Access::Write);
            }
            RedirectKind::Duplicate => {
                let stream = target.text.trim_end_matches('-').bytes().all(|digit| digit.is_ascii_digit());
                if !stream || target.expands {
                    self.writes(target, Access::Write);
                }
            }
            RedirectKind::Document | RedirectKind::Tabs | RedirectKind::Text => {}
        }
    }

    /// One program, and whatever it runs.
    pub(super) fn run(&mut self, run: &Run<'_>) {
        let Some((first, arguments)) = run.words.split_first() else { return };
        if self.facts.commands.len() >= MOST_COMMANDS || run.through.len() > usize::from(DEEPEST).saturating_mul(2) {
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
        if ours && run.fed {
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
        let name = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let written: BTreeSet<String> = self.facts.writes.iter().map(|file| name(&file.path)).collect();
        if self.ran.iter().any(|file| written.contains(&name(file))) {
            self.opaque(Reason::RunsOtherText);
        }
        let unseen = [Reason::RunsOtherText, Reason::ProgramNotLiteral];
        if !self.facts.networks.is_empty() && unseen.iter().any(|reason| self.facts.reasons.contains(reason)) {
            self.raise(Risk::Critical, Reason::RunsDownloadedText);
        }
    }
}
