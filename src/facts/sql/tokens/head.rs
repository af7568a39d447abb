//! What does a statement do that begins with this word?

use super::super::{Dialect, Kind};
use super::lexer::Token;
use super::walk::{Before, Head, Place, Walk};
use super::word::Key;
use crate::facts::Risk;

impl Walk<'_> {
    /// Whether the word begins a statement that can stand behind another's first words.
    pub(super) fn begins(&self, key: Key) -> bool {
        match key {
            Key::Select | Key::Insert | Key::Update | Key::Delete | Key::Merge | Key::With | Key::Create => true,
            Key::Exec | Key::Copy => self.head != Head::With,
            Key::Replace => matches!(self.dialect, Dialect::Mysql | Dialect::Sqlite),
            _ => false,
        }
    }

    /// A statement begins with this word.
    pub(super) fn begin(&mut self, key: Key) {
        self.place = Place::Inside;
        let head = match key {
            Key::Select => Head::Select,
            Key::With => Head::With,
            Key::Insert => self.plain(Kind::Insert, Risk::Medium, Head::Insert),
            Key::Replace if matches!(self.dialect, Dialect::Mysql | Dialect::Sqlite) => {
                self.plain(Kind::Insert, Risk::Medium, Head::Insert)
            }
            Key::Update if self.next_key() == Some(Key::Statistics) => Head::Other,
            Key::Update => self.plain(Kind::Update, Risk::Medium, Head::Change),
            Key::Delete => self.plain(Kind::Delete, Risk::Medium, Head::Change),
            Key::Merge => self.plain(Kind::Merge, Risk::Medium, Head::Merge),
            Key::Truncate => self.plain(Kind::Truncate, Risk::High, Head::Other),
            Key::Create => Head::Create,
            Key::Alter => Head::Alter,
            Key::Drop => Head::Drop,
            Key::Rename if self.dialect == Dialect::Mysql && self.next_key() == Some(Key::Table) => {
                self.plain(Kind::Alter, Risk::Medium, Head::Other)
            }
            Key::Grant | Key::Deny => self.plain(Kind::Grant, Risk::High, Head::Grant),
            Key::Copy => Head::Copy,
            Key::Load => self.load(),
            Key::Call => self.plain(Kind::Call, Risk::Low, Head::Other),
            Key::Exec => self.execute(),
            Key::Prepare => self.plain(Kind::Prepare, Risk::Low, Head::Other),
            Key::Explain => self.explain(),
            Key::Analyze if self.dialect == Dialect::Mysql => self.analyze(),
            Key::Do if self.dialect == Dialect::Postgres => self.plain(Kind::Block, Risk::High, Head::Other),
            Key::Begin => self.block(),
            Key::If | Key::While | Key::Loop | Key::Case | Key::Else | Key::For => {
                self.scripted = true;
                if matches!(key, Key::Loop | Key::Else) && self.dialect != Dialect::Mssql {
                    self.place = Place::Open;
                }
                Head::Other
            }
            Key::Attach if self.dialect == Dialect::Sqlite => self.plain(Kind::Attach, Risk::Medium, Head::Other),
            Key::Backup if self.dialect == Dialect::Mssql => self.plain(Kind::Export, Risk::Critical, Head::Other),
            Key::Restore if self.dialect == Dialect::Mssql => self.plain(Kind::Import, Risk::High, Head::Other),
            Key::Bulk if self.dialect == Dialect::Mssql => self.plain(Kind::Import, Risk::Critical, Head::Load),
            Key::Lock if matches!(self.dialect, Dialect::Postgres | Dialect::Mysql) => {
                self.plain(Kind::Lock, Risk::Low, Head::Other)
            }
            Key::Export if self.dialect == Dialect::Bigquery && self.next_key() == Some(Key::Data) => {
                self.plain(Kind::Export, Risk::High, Head::Other)
            }
            Key::Kill | Key::Shutdown | Key::Upkeep => self.plain(Kind::Admin, Risk::Low, Head::Other),
            _ => Head::Other,
        };
        if self.depth == 0 {
            self.head = head;
        }
    }

    /// A statement begins here if the next word says so too; it may be a name as well.
    pub(super) fn begin_if_sure(&mut self, key: Key) {
        self.place = Place::Inside;
        let next = self.next_key();
        match (key, next) {
            (Key::Delete, Some(Key::From))
            | (Key::Insert | Key::Merge | Key::Replace, Some(Key::Into))
            | (Key::Truncate, Some(Key::Table))
            | (Key::Drop | Key::Create | Key::Alter, Some(Key::Table | Key::Object | Key::Role))
            | (Key::Exec, Some(Key::Immediate))
            | (Key::Call, None) => self.begin(key),
            (Key::Update, _) if self.update.is_none() => self.update = Some(self.depth),
            (Key::Select | Key::With, _) if self.depth == 0 => self.begin(key),
            (Key::If | Key::While | Key::Loop | Key::For | Key::Begin | Key::Else | Key::Case, _) if self.scripted => {
                self.place =
                    if matches!(key, Key::Begin | Key::Loop | Key::Else) { Place::Open } else { Place::Inside };
            }
            _ => {}
        }
        if self.head == Head::None {
            self.head = Head::Other;
        }
    }

    /// T-SQL needs nothing between two statements; its verbs are no names without brackets.
    pub(super) fn unannounced(&mut self, key: Key) {
        if matches!(self.before, Before::Key(Key::On | Key::For | Key::Of | Key::As | Key::Or) | Before::Sign(b',')) {
            return;
        }
        let free =
            matches!(self.head, Head::Select | Head::Insert | Head::Change | Head::Drop | Head::Other | Head::Call);
        let loose = free || matches!(self.head, Head::Create | Head::Alter);
        let next = self.next_key();
        let named = || matches!(self.lexer.peek(), Token::Word(_) | Token::Name(_) | Token::Variable(_));
        let begins = match key {
            Key::Update if loose && !free => {
                self.update = Some(self.depth);
                false
            }
            Key::Update => free && next != Some(Key::Statistics) && named(),
            Key::Delete => loose && next == Some(Key::From) || free && named(),
            Key::Insert => (loose || self.head == Head::Grant) && next == Some(Key::Into) || free && named(),
            Key::Merge => loose && next == Some(Key::Into),
            Key::Truncate => next == Some(Key::Table),
            Key::Drop | Key::Create | Key::Alter => {
                free && matches!(next, Some(Key::Table | Key::Object | Key::Role | Key::Routine | Key::Function))
                    || self.head == Head::Alter && next == Some(Key::Table)
            }
            Key::Exec => free && self.head != Head::Insert && self.head != Head::Call,
            Key::If | Key::While | Key::Else | Key::Begin => {
                self.scripted |= self.head != Head::Drop;
                false
            }
            _ => false,
        };
        if begins {
            self.end_statement();
            self.begin(key);
        }
    }

    /// What a `CREATE`, `ALTER` or `DROP` is about.
    pub(super) fn about(&mut self, key: Key) {
        let (kind, risk) = match self.head {
            Head::Create => (Kind::Create, Risk::Medium),
            Head::Alter => (Kind::Alter, Risk::Medium),
            _ => (Kind::Drop, Risk::Medium),
        };
        match key {
            Key::Role => self.claim(Kind::Role, Risk::High),
            Key::Table | Key::Object => self.claim(kind, risk),
            Key::Routine | Key::Function => {
                self.claim(kind, risk);
                if self.head != Head::Drop && self.depth == 0 {
                    self.head = Head::Routine;
                }
            }
            _ => return,
        }
        self.object = true;
    }

    /// `SELECT … INTO t` makes a table; where the word is a name elsewhere, or fills variables, it is not certain.
    pub(super) fn select_into(&mut self) {
        let variable = matches!(self.lexer.peek(), Token::Variable(_) | Token::Sign(_));
        if matches!(self.dialect, Dialect::Postgres | Dialect::Mssql) && !variable && !self.scripted {
            self.claim(Kind::Create, Risk::Medium);
        }
    }

    /// Snowflake's `COPY INTO`: to a place, or from one.
    pub(super) fn copy_into(&mut self) {
        if self.dialect != Dialect::Snowflake || self.before != Before::Key(Key::Copy) {
            return;
        }
        match self.lexer.peek() {
            Token::Text | Token::Variable(_) | Token::Sign(b'@') => self.claim(Kind::Export, Risk::High),
            _ => self.claim(Kind::Import, Risk::Medium),
        }
    }

    pub(super) fn infile(&mut self) {
        self.claim(Kind::Import, Risk::Medium);
        if self.before != Before::Key(Key::Local) {
            self.claim(Kind::FileIo, Risk::Critical);
        }
    }

    fn plain(&mut self, kind: Kind, risk: Risk, head: Head) -> Head {
        self.claim(kind, risk);
        head
    }

    fn load(&mut self) -> Head {
        match self.dialect {
            Dialect::Mysql => Head::Load,
            Dialect::Bigquery if self.next_key() == Some(Key::Data) => {
                self.plain(Kind::Import, Risk::Medium, Head::Other)
            }
            // A library, which runs in the server.
            Dialect::Postgres => {
                self.risk = Risk::Critical;
                Head::Other
            }
            _ => Head::Other,
        }
    }

    fn execute(&mut self) -> Head {
        if self.next_key() == Some(Key::Immediate) {
            return self.plain(Kind::Dynamic, Risk::High, Head::Other);
        }
        match (self.dialect, self.next_key()) {
            // `EXECUTE AS USER` is another's name for the session.
            (_, Some(Key::As)) => Head::Other,
            (Dialect::Mssql, _) => {
                if self.lexer.peek() != Token::Sign(b'(') {
                    self.claim(Kind::Execute, Risk::Low);
                }
                Head::Call
            }
            (Dialect::Postgres | Dialect::Mysql, _) => self.plain(Kind::Execute, Risk::Low, Head::Other),
            _ => Head::Other,
        }
    }

    /// A block, unless it begins a transaction.
    fn block(&mut self) -> Head {
        let transaction = match self.lexer.peek() {
            Token::End | Token::Sign(b';') => true,
            Token::Word(word) => {
                let modes =
                    ["work", "tran", "transaction", "deferred", "immediate", "exclusive", "concurrent", "distributed"];
                let others = ["isolation", "read", "name", "not"];
                modes.iter().chain(&others).any(|mode| word.eq_ignore_ascii_case(mode))
            }
            _ => false,
        };
        if transaction {
            return Head::Other;
        }
        self.scripted = true;
        if matches!(self.dialect, Dialect::Mssql | Dialect::Snowflake | Dialect::Bigquery) {
            self.place = if self.dialect == Dialect::Mssql { Place::Head } else { Place::Open };
        }
        Head::Other
    }

    /// A plan is no execution, unless it is analysed.
    fn explain(&mut self) -> Head {
        self.claim(Kind::Explain, Risk::Low);
        let executed = match self.lexer.peek() {
            Token::Word(word) => super::word::key(word) == Some(Key::Analyze),
            Token::Sign(b'(') if self.dialect == Dialect::Postgres => self.analysed_in_brackets(),
            _ => false,
        };
        if !executed {
            return Head::Plan;
        }
        self.place = Place::Explained;
        Head::Other
    }

    /// The options of an `EXPLAIN`; the last word on one of them holds.
    fn analysed_in_brackets(&mut self) -> bool {
        let mut ahead = self.lexer;
        let mut analysed = false;
        let mut unsure = false;
        loop {
            match ahead.next() {
                Token::End | Token::Sign(b')' | b';') => break,
                Token::Word(word) if super::word::key(word) == Some(Key::Analyze) => {
                    let (on, known) = match ahead.peek() {
                        Token::Sign(b',' | b')') => (true, true),
                        Token::Word(word) => {
                            (["on", "true", "yes"].iter().any(|on| word.eq_ignore_ascii_case(on)), true)
                        }
                        _ => (false, false),
                    };
                    analysed = on;
                    unsure |= !known;
                }
                _ => {}
            }
        }
        self.lexer = ahead;
        analysed && !unsure
    }

    /// MariaDB's `ANALYZE UPDATE …` executes; `ANALYZE TABLE` does not.
    fn analyze(&mut self) -> Head {
        if matches!(self.next_key(), Some(Key::Table | Key::Local)) {
            return Head::Other;
        }
        self.place = Place::Explained;
        Head::Other
    }
}
