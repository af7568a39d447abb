//! Where does a statement begin, and what stands inside it?

use std::collections::BTreeSet;

use super::super::{Dialect, Function, FunctionClass, Kind};
use super::doubt::Doubts;
use super::lexer::{Lexer, Token};
use super::word::{Key, key};
use super::{Opinion, danger};
use crate::facts::Risk;

/// What the statement that is being read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing was read of it.
    None,
    /// The subqueries before a statement.
    With,
    /// A plan that is not executed.
    Plan,
    Select,
    Insert,
    /// An update or a delete.
    Change,
    Merge,
    Create,
    /// Code that is kept.
    Routine,
    Alter,
    Drop,
    Grant,
    Copy,
    Load,
    Call,
    Other,
}

/// Whether a statement can begin here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It must.
    Head,
    /// It can, and so can a name.
    Open,
    /// It must, after the words that say how it is explained.
    Explained,
    /// It cannot.
    Inside,
}

/// What stood before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before<'a> {
    Key(Key),
    Name(&'a str),
    Sign(u8),
    Other,
}

#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) dialect: Dialect,
    pub(super) kinds: BTreeSet<Kind>,
    pub(super) risk: Risk,
    functions: BTreeSet<Function>,
    statements: usize,
    pub(super) head: Head,
    pub(super) place: Place,
    pub(super) depth: usize,
    pub(super) before: Before<'a>,
    /// The depth at which an `UPDATE` waits for its `SET`, to be sure of it.
    pub(super) update: Option<usize>,
    /// Whether an update or delete has something that bounds it.
    bounded: bool,
    /// Whether there is procedural code, in which statements cannot be counted.
    pub(super) scripted: bool,
    /// How many blocks are open in code that is kept.
    blocks: usize,
    /// Whether it is known what a `CREATE`, `ALTER` or `DROP` is about.
    pub(super) object: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            lexer: Lexer::new(text, dialect),
            dialect,
            kinds: BTreeSet::new(),
            risk: Risk::Low,
            functions: BTreeSet::new(),
            statements: 0,
            head: Head::None,
            place: Place::Head,
            depth: 0,
            before: Before::Other,
            update: None,
            bounded: false,
            scripted: false,
            blocks: 0,
            object: false,
        }
    }

    pub(super) fn run(mut self) -> Opinion {
        loop {
            let first_of_line = self.dialect == Dialect::Mssql && self.lexer.begins_line();
            let token = self.lexer.next();
            match token {
                Token::End => break,
                Token::Sign(sign) => self.sign(sign),
                Token::Word(word) => match key(word) {
                    Some(Key::Go) if first_of_line && self.ends_batch() => self.end_batch(),
                    Some(key) if self.before != Before::Sign(b'.') => self.word(key, word),
                    _ => self.name(word),
                },
                Token::Name(name) => self.name(name),
                Token::Text => self.text(),
                Token::Variable(_) | Token::Number => self.other(),
            }
        }
        self.end_statement();
        let doubts = self.lexer.doubts().reasons();
        Opinion { kinds: self.kinds, risk: self.risk, statements: self.statements, doubts, functions: self.functions }
    }

    pub(super) fn claim(&mut self, kind: Kind, risk: Risk) {
        self.kinds.insert(kind);
        self.risk = self.risk.max(risk);
    }

    /// The key of the next word, if it is one.
    pub(super) fn next_key(&self) -> Option<Key> {
        match self.lexer.peek() {
            Token::Word(word) => key(word),
            _ => None,
        }
    }

    fn sign(&mut self, sign: u8) {
        match sign {
            b';' => return self.semicolon(),
            b'(' => {
                self.call();
                self.open();
                self.depth = self.depth.saturating_add(1);
            }
            b')' => {
                if self.update == Some(self.depth) {
                    self.update = None;
                }
                self.depth = self.depth.saturating_sub(1);
                self.place = Place::Inside;
            }
            b',' if self.update == Some(self.depth) && self.depth > 0 => self.update = None,
            b'\\' | b'.' | b'!' if self.place == Place::Head && self.head == Head::None => self.client(sign),
            _ => self.inside(),
        }
        self.before = Before::Sign(sign);
    }

    /// After this bracket a statement can begin: `WITH x AS (`, `COPY (`.
    fn open(&mut self) {
        let opens = match self.before {
            Before::Key(Key::As | Key::Materialized) => !matches!(self.head, Head::Plan | Head::Routine),
            Before::Key(Key::Copy) => self.head == Head::Copy,
            Before::Key(Key::Exec) if self.head == Head::Call && self.dialect == Dialect::Mssql => {
                self.claim(Kind::Dynamic, Risk::High);
                false
            }
            _ => self.place == Place::Head && self.head == Head::None,
        };
        if self.head == Head::None {
            self.head = Head::Other;
        }
        self.place = if opens { Place::Open } else { Place::Inside };
    }

    /// A function by its name, unless it is being defined, named or filled.
    fn call(&mut self) {
        if let Before::Name(name) = self.before {
            let defined =
                matches!(self.head, Head::Create | Head::Routine | Head::Alter | Head::Drop | Head::Grant | Head::Plan);
            if !defined {
                self.reach(name);
            }
        }
    }

    fn reach(&mut self, name: &str) {
        if let Some(class) = danger::class(name, self.dialect) {
            self.functions.insert(Function { name: name.to_owned(), class });
            if let Some((kind, risk)) = danger::meaning(class) {
                self.claim(kind, risk);
            }
        }
    }

    fn name(&mut self, name: &'a str) {
        // T-SQL calls a procedure without brackets, and without `EXEC` where a batch begins.
        if self.dialect == Dialect::Mssql && self.depth == 0 {
            let first = self.place == Place::Head && self.statements == 0 && self.head == Head::None;
            if first && danger::class(name, self.dialect).is_some() {
                self.head = Head::Call;
            }
            let owner = self.lexer.peek() == Token::Sign(b'.');
            if first && owner {
                self.head = Head::Call;
            }
            if self.head == Head::Call && !owner {
                if danger::class(name, self.dialect).is_some_and(|class| class != FunctionClass::Network) {
                    self.reach(name);
                }
                self.head = Head::Other;
            }
        }
        if self.place == Place::Head && self.head == Head::None {
            self.client_word(name);
        }
        let qualifies = matches!(self.before, Before::Key(Key::Into | Key::Table | Key::With));
        self.inside();
        self.before =
            if qualifies && self.lexer.peek() != Token::Sign(b'.') { Before::Other } else { Before::Name(name) };
    }

    fn text(&mut self) {
        let file = matches!(self.before, Before::Key(Key::From | Key::To)) && self.head == Head::Copy;
        if file && self.depth == 0 && self.dialect == Dialect::Postgres {
            self.claim(Kind::FileIo, Risk::Critical);
        }
        self.other();
    }

    fn other(&mut self) {
        self.inside();
        self.before = Before::Other;
    }

    /// Anything but a keyword stands here.
    fn inside(&mut self) {
        if self.place != Place::Explained {
            self.place = Place::Inside;
        }
        if self.head == Head::None {
            self.head = Head::Other;
        }
    }

    fn word(&mut self, key: Key, word: &'a str) {
        match self.place {
            Place::Head if !self.scripted || self.dialect == Dialect::Mssql => self.begin(key),
            Place::Head | Place::Open => self.begin_if_sure(key),
            Place::Explained => {
                if self.begins(key) {
                    self.begin(key);
                }
            }
            Place::Inside => self.within(key),
        }
        // Most keywords are names somewhere; what is called is known by its own name.
        self.before = Before::Key(key);
        if self.head == Head::None {
            self.client_word(word);
            self.inside();
        }
    }

    fn within(&mut self, key: Key) {
        match key {
            Key::Set if self.update == Some(self.depth) && self.before != Before::Key(Key::Update) => {
                self.update = None;
                self.claim(Kind::Update, Risk::Medium);
            }
            Key::Where | Key::Limit if self.depth == 0 => self.bounded = true,
            _ => {}
        }
        if self.head == Head::Plan || self.kept(key) {
            return;
        }
        match (self.head, key) {
            (_, Key::Outfile | Key::Dumpfile)
                if self.dialect == Dialect::Mysql && self.before == Before::Key(Key::Into) =>
            {
                self.claim(Kind::FileIo, Risk::Critical);
            }
            (Head::Select, Key::Into) if self.depth == 0 => self.select_into(),
            (Head::Copy, Key::Program) if self.depth == 0 && self.lexer.peek() == Token::Text => {
                self.claim(Kind::HostExec, Risk::Critical);
            }
            (Head::Copy, Key::Into) => self.copy_into(),
            (Head::Load, Key::Infile) => self.infile(),
            (Head::Create | Head::Alter | Head::Drop, _) if !self.object => self.about(key),
            (Head::With, _) if self.depth == 0 => {
                if self.before == Before::Sign(b')') && self.begins(key) {
                    self.begin(key);
                } else {
                    self.begin_if_sure(key);
                }
            }
            (_, Key::Then | Key::Else | Key::Do | Key::Loop) if self.scripted => self.place = Place::Open,
            _ if self.dialect == Dialect::Mssql && self.depth == 0 => self.unannounced(key),
            _ => {}
        }
    }

    /// Code that is kept is not run now: only its blocks are counted, to know where it ends.
    fn kept(&mut self, key: Key) -> bool {
        if self.head != Head::Routine {
            return false;
        }
        match key {
            Key::Begin | Key::Case if self.before != Before::Key(Key::End) => {
                self.blocks = self.blocks.saturating_add(1);
            }
            Key::End if !matches!(self.next_key(), Some(Key::If | Key::Loop | Key::While | Key::For)) => {
                self.blocks = self.blocks.saturating_sub(1);
            }
            _ => {}
        }
        true
    }

    fn semicolon(&mut self) {
        let kept = self.head == Head::Routine && (self.blocks > 0 || self.dialect == Dialect::Mssql);
        // As in the actions of a rule.
        let bracketed = self.head == Head::Create && self.depth > 0;
        if !kept && !bracketed {
            self.end_statement();
        }
        self.before = Before::Sign(b';');
    }

    /// Whether `GO` is alone on its line, or with a count.
    fn ends_batch(&self) -> bool {
        let mut ahead = self.lexer;
        ahead.begins_line() || matches!(ahead.next(), Token::End | Token::Number)
    }

    fn end_batch(&mut self) {
        self.end_statement();
        if self.lexer.peek() == Token::Number {
            self.lexer.next();
        }
    }

    pub(super) fn end_statement(&mut self) {
        if self.head != Head::None && !self.scripted {
            self.statements = self.statements.saturating_add(1);
        }
        if self.head == Head::Change && !self.bounded {
            self.risk = self.risk.max(Risk::High);
        }
        self.head = Head::None;
        self.place = Place::Head;
        self.depth = 0;
        self.update = None;
        self.bounded = false;
        self.blocks = 0;
        self.object = false;
        self.before = Before::Other;
    }

    /// psql's `\!`, SQLite's `.shell`, Snowflake's `!system`.
    fn client(&mut self, sign: u8) {
        let meant = match self.dialect {
            Dialect::Postgres | Dialect::Mysql => sign == b'\\',
            Dialect::Sqlite => sign == b'.',
            Dialect::Snowflake => sign == b'!',
            Dialect::Mssql | Dialect::Bigquery => false,
        };
        if meant {
            self.meta();
        }
        self.inside();
    }

    fn client_word(&mut self, word: &str) {
        let commands = ["delimiter", "source", "system"];
        if self.dialect == Dialect::Mysql && commands.iter().any(|command| word.eq_ignore_ascii_case(command)) {
            self.meta();
        }
    }

    fn meta(&mut self) {
        self.claim(Kind::ClientMeta, Risk::High);
        self.lexer.doubt(Doubts::CLIENT);
    }
}
