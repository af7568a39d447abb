//! What does this call say?
//!
//! The arguments are walked once. What the operator says of an argument counts; otherwise its name may say what it is, at
//! the top and in objects one level inside. What an argument is said to be and is not is no reason to pass over it.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod touched;

use super::automatic::Does;
use super::merged::{Doubt, Shell, Sql};
use super::money::Source;
use super::path::Style;
use super::plan::{Kind, Paths, Reading};
use super::resource::{Access, Catalogue, Kind as Thing};
use super::told::{Facts, Money, Path, Reason, Url};
use super::{Risk, money, path, secret, shell, sql, url};
use crate::address;
use crate::wire::json::{Object, Value};

/// How many texts of each kind are read.
pub const MOST: usize = 64;

/// How deep arguments are known by their name.
const DEEPEST: u8 = 1;

/// The longest text that is repeated.
const LONGEST: usize = 16 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The configured name of the server.
    pub server: &'a str,
    /// The server's own name of the tool, when it is a tool.
    pub tool: Option<&'a str>,
    /// The address, when it is a resource.
    pub address: Option<&'a str>,
    /// The arguments.
    pub arguments: Option<&'a Value>,
}

/// Reads a call.
pub fn read(asked: &Asked<'_>, plan: &Reading, catalogue: &Catalogue) -> Facts {
    let bytes = asked.arguments.map_or(0, Value::weight);
    let facts = Facts::nothing(u64::try_from(bytes).unwrap_or(u64::MAX));
    let mut walk = Walk { plan, facts, place: String::new(), texts: 0, resources: touched::Touched::new(asked, plan) };
    if let Some(Value::Object(arguments)) = asked.arguments {
        walk.members(arguments, 0);
        walk.pointers(arguments);
        walk.amounts(arguments);
        walk.resources.repositories(arguments);
    }
    if let Some(address) = asked.address {
        "target".clone_into(&mut walk.place);
        walk.url(address);
    }
    if let Some(arguments) = asked.arguments {
        walk.secrets(arguments);
    }
    let Walk { mut facts, resources, .. } = walk;
    if let Some(sql) = &facts.sql {
        facts.weigh(sql.risk, sql.complete);
    }
    if let Some(shell) = &facts.shell {
        facts.weigh(shell.risk, shell.complete);
    }
    resources.join(&mut facts, catalogue);
    facts
}

struct Walk<'a> {
    plan: &'a Reading,
    facts: Facts,
    /// JSON pointer to what is being read.
    place: String,
    texts: usize,
    resources: touched::Touched<'a>,
}

impl Walk<'_> {
    fn members(&mut self, members: &Object, depth: u8) {
        for (name, value) in members.iter() {
            let told = if depth == 0 { self.plan.told(name) } else { None };
            let kind = told.cloned().or_else(|| self.plan.guessed(name));
            let apart = || ["args", "arguments", "argv"].iter().any(|name| members.get(name).is_some_and(holds_words));
            match kind {
                Some(Kind::Nothing | Kind::Money(_)) => {}
                Some(Kind::Shell(dialect)) if told.is_none() && apart() => self.step(name, |walk| {
                    if let Value::String(text) = value {
                        walk.command(text, dialect, Some(Doubt::WordsApart));
                    }
                }),
                Some(kind) => {
                    let by = if told.is_some() { By::Operator } else { By::Name };
                    self.step(name, |walk| walk.value(&kind, value, by, depth));
                }
                None => self.inside(name, value, depth),
            }
        }
    }

    fn inside(&mut self, name: &str, value: &Value, depth: u8) {
        if depth >= DEEPEST {
            return;
        }
        let deeper = depth.saturating_add(1);
        match value {
            Value::Object(members) => self.step(name, |walk| walk.members(members, deeper)),
            Value::Array(items) if items.iter().any(|item| matches!(item, Value::Object(_))) => {
                self.step(name, |walk| {
                    for (at, item) in items.iter().enumerate() {
                        if let Value::Object(members) = item {
                            walk.step(&at.to_string(), |walk| walk.members(members, deeper));
                        }
                    }
                });
            }
            _ => {}
        }
    }

    fn pointers(&mut self, arguments: &Object) {
        for (pointer, kind) in self.plan.pointers() {
            if let Some(value) =
                money::at(arguments, pointer).filter(|_| !matches!(kind, Kind::Nothing | Kind::Money(_)))
            {
                pointer.clone_into(&mut self.place);
                self.value(kind, value, By::Operator, DEEPEST);
            }
        }
        self.place.clear();
    }

    fn value(&mut self, kind: &Kind, value: &Value, by: By, depth: u8) {
        if by == By::Name && depth > 0 && self.plan.points_to(&self.place) {
            return;
        }
        let list = !matches!(kind, Kind::Shell(_));
        match value {
            Value::Null => {}
            Value::String(text) => self.text(kind, text),
            Value::Array(items) if list && items.iter().all(|item| matches!(item, Value::String(_))) => {
                for (at, item) in items.iter().enumerate() {
                    self.step(&at.to_string(), |walk| walk.value(kind, item, by, depth));
                }
            }
            Value::Object(members) if by == By::Name && depth < DEEPEST && !is_code(kind) => {
                self.members(members, depth.saturating_add(1));
            }
            Value::Bool(_) | Value::Number(_) if by == By::Name => {}
            Value::Object(_) | Value::Array(_) if by == By::Name && !is_code(kind) => {}
            _ => self.not_text(kind),
        }
    }

    fn text(&mut self, kind: &Kind, text: &str) {
        match kind {
            Kind::Nothing | Kind::Money(_) => {}
            Kind::Url => self.url(text),
            Kind::Path(paths) => self.path(text, paths),
            Kind::Shell(dialect) => self.command(text, *dialect, None),
            Kind::Sql(dialect) => {
                if self.has_room() {
                    let sql = Sql::of(sql::read(text, *dialect), &self.place);
                    self.add_sql(sql);
                }
            }
            Kind::UnknownSql => self.add_sql(Sql::opaque(Doubt::DialectUnknown, &self.place)),
        }
    }

    fn not_text(&mut self, kind: &Kind) {
        match kind {
            Kind::Sql(_) | Kind::UnknownSql => self.add_sql(Sql::opaque(Doubt::NotText, &self.place)),
            Kind::Shell(_) => self.add_shell(Shell::opaque(Doubt::NotText, &self.place)),
            Kind::Url | Kind::Path(_) => self.facts.doubt(Reason::NotText),
            Kind::Money(_) | Kind::Nothing => {}
        }
    }

    fn command(&mut self, text: &str, dialect: shell::Dialect, doubt: Option<Doubt>) {
        if self.has_room() {
            let shell = Shell::of(shell::read(text, dialect), &self.place);
            self.add_shell(match doubt {
                Some(doubt) => shell.doubted(doubt),
                None => shell,
            });
        }
    }

    fn url(&mut self, text: &str) {
        if self.facts.urls.len() >= MOST {
            return self.facts.doubt(Reason::TooMany);
        }
        let facts = url::read(text);
        let risk = match facts.host_kind {
            Some(address::Kind::Metadata) => Risk::Critical,
            None | Some(address::Kind::Name | address::Kind::Public) => Risk::Low,
            Some(_) => Risk::High,
        };
        self.facts.weigh(risk, facts.complete);
        let is_file = facts.scheme.as_deref() == Some("file");
        self.resources.host(&facts);
        self.facts.urls.push(Url { facts, argument: self.place.clone() });
        if is_file {
            let path = self.facts.urls.last().filter(|url| url.facts.complete).and_then(|_| on_disk(text));
            let roots = Paths { style: None, ..self.plan.roots().clone() };
            self.path(path.as_deref().unwrap_or(text), &roots);
        }
    }

    fn path(&mut self, text: &str, paths: &Paths) {
        if self.facts.paths.len() >= MOST {
            return self.facts.doubt(Reason::TooMany);
        }
        let roots: Vec<&str> = paths.roots.iter().map(String::as_str).collect();
        let facts = path::read(text, paths.style.unwrap_or_else(|| style(text)), &roots);
        let worse = facts.escapes || facts.sensitive.is_some();
        self.facts.weigh(if worse { Risk::High } else { Risk::Low }, facts.complete);
        self.resources.path(&facts);
        let raw = if text.len() > LONGEST { String::new() } else { text.to_owned() };
        self.facts.paths.push(Path { facts, argument: self.place.clone(), raw });
    }

    fn amounts(&mut self, arguments: &Object) {
        let there = |pointer: &str| !matches!(money::at(arguments, pointer), None | Some(Value::Null));
        let told = self.plan.told_amounts().filter(|(pointer, _)| there(pointer));
        let missing = self.plan.amounts().filter(|(pointer, _)| !there(pointer));
        let mut all = told.chain(missing);
        if let Some((pointer, told)) = all.next() {
            let source = Source { amount: pointer, currency: told.currency.place(), unit: told.unit };
            let mut facts = money::read(arguments, &source);
            // What is larger than the engine counts exactly is not counted at all.
            if facts.amount.is_some_and(|amount| i64::try_from(amount).is_err()) {
                facts.amount = None;
                facts.complete = false;
                facts.reasons.insert(money::Reason::TooLong);
            }
            self.facts.weigh(Risk::Medium, facts.complete);
            self.facts.money = Some(Money { facts, argument: pointer.to_owned() });
        }
        if all.any(|(pointer, _)| there(pointer)) {
            self.facts.doubt(Reason::TooMany);
        }
    }

    fn secrets(&mut self, arguments: &Value) {
        let secrets = secret::read(arguments);
        if !secrets.found.is_empty() {
            self.facts.weigh(Risk::High, true);
        }
        if !secrets.complete {
            self.facts.doubt(Reason::NotSearched);
        }
        self.facts.secrets = secrets.found;
    }

    fn has_room(&mut self) -> bool {
        self.texts = self.texts.saturating_add(1);
        if self.texts > MOST {
            self.facts.doubt(Reason::TooMany);
        }
        self.texts <= MOST
    }

    fn add_sql(&mut self, sql: Sql) {
        self.facts.sql = Some(match self.facts.sql.take() {
            Some(before) => before.and(sql),
            None => sql,
        });
    }

    fn add_shell(&mut self, shell: Shell) {
        self.facts.shell = Some(match self.facts.shell.take() {
            Some(before) => before.and(shell),
            None => shell,
        });
    }

    fn step(&mut self, name: &str, then: impl FnOnce(&mut Self)) {
        let before = self.place.len();
        self.place.push('/');
        for c in name.chars() {
            match c {
                '~' => self.place.push_str("~0"),
                '/' => self.place.push_str("~1"),
                c => self.place.push(c),
            }
        }
        then(self);
        self.place.truncate(before);
    }
}

/// Who says what an argument is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Operator,
    Name,
}

const fn is_code(kind: &Kind) -> bool {
    matches!(kind, Kind::Sql(_) | Kind::UnknownSql | Kind::Shell(_))
}

fn holds_words(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => false,
    }
}

/// A path that begins with a drive and a backslash, or as a share, and has no slash is one of Windows. Every other text
/// could lead elsewhere on a system that parts names by slashes.
fn style(text: &str) -> Style {
    let mut letters = text.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.as_str().starts_with(":\\");
    if (drive || text.starts_with("\\\\")) && !text.contains('/') { Style::Windows } else { Style::Posix }
}

/// The path in a `file:` address, percent-encoding undone once.
fn on_disk(text: &str) -> Option<String> {
    let path = ::url::Url::parse(text).ok()?.to_file_path().ok()?;
    let path = path.to_str()?;
    let drive = path.strip_prefix('/').filter(|path| path.as_bytes().get(1) == Some(&b':'));
    Some(drive.map_or_else(|| path.to_owned(), |path| path.replace('/', "\\")))
}

#[cfg(test)]
mod tests;
