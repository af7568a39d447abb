//! Who can read a statement: the parser, or somebody who knows its first words?

use sqlparser::ast::Statement as Ast;
use sqlparser::dialect::{
    self, BigQueryDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect, SnowflakeDialect,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Word};

use super::split::{self, Head};
use super::tally::Tally;
use super::tree::Tree;
use super::words::{Words, is};
use super::{Dialect, Kind, Reason, admin, change, define, dynamic, lex, repair, right, setting, transfer};
use crate::facts::Risk;

/// How many texts inside texts are read.
const DEEPEST: u8 = 3;

/// How many statements may be the end of another.
const MOST_TAILS: u8 = 6;

/// How deep the parser may go. Its frames are large, and so are those of a build for tests.
const NESTING: usize = 36;

/// Reads one statement into a tally.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    pub(super) dialect: Dialect,
    pub(super) tally: &'t mut Tally,
    /// How many texts inside texts this one is.
    pub(super) inside: u8,
    /// How many statements this one is the end of (`EXPLAIN PREPARE a AS ..`).
    pub(super) tails: u8,
}

/// Whether a piece of the text is a statement of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Statement,
    /// Only words of a block.
    Frame,
}

/// Reads the statements that tokens make.
pub(super) fn statements(tokens: Vec<Token>, dialect: Dialect, inside: u8) -> Vec<(Piece, Tally)> {
    let pieces = split::split(tokens, dialect);
    pieces
        .into_iter()
        .map(|tokens| {
            let mut tally = Tally::default();
            let piece = Reading { dialect, tally: &mut tally, inside, tails: 0 }.piece(tokens);
            (piece, tally)
        })
        .collect()
}

impl Reading<'_> {
    fn piece(&mut self, mut tokens: Vec<Token>) -> Piece {
        let mut words = Words::new(&tokens);
        let mut conditions = Vec::new();
        while !words.done() {
            let loops = words.is_any(&["while", "loop", "for", "repeat"]);
            // Where code stands inside a text, END ends no transaction.
            if self.inside > 0 && words.eat("end") {
                words.eat_any(&["if", "loop", "case"]);
                continue;
            }
            match split::head(&mut words, self.dialect) {
                Head::None => break,
                Head::Block => {}
                Head::Condition(from, to) => conditions.push((from, to)),
            }
            self.tally.note(Kind::Block, Risk::Low);
            // A block of SQL Server is its statements, once or not at all; others have code around them.
            if loops || self.dialect != Dialect::Mssql {
                self.tally.doubt(Reason::Block);
            }
        }
        let at = words.at().min(tokens.len());
        for (from, to) in conditions {
            let condition = tokens.get(from..to.min(tokens.len())).unwrap_or_default();
            self.condition(condition);
        }
        if at == tokens.len() {
            return Piece::Frame;
        }
        if at > 0 {
            tokens.drain(..at);
        }
        self.statement(tokens);
        Piece::Statement
    }

    /// Reads the condition of a block, or the query of a loop.
    fn condition(&mut self, condition: &[Token]) {
        let query = condition.first().is_some_and(|first| {
            *first == Token::LParen && condition.get(1).is_some_and(|next| is(next, "select")) || is(first, "select")
        });
        let mut tokens = Vec::new();
        if !query || !matches!(condition.last(), Some(Token::RParen)) {
            tokens.push(word("SELECT"));
        }
        tokens.extend(condition.iter().cloned());
        let mut inner = Tally::default();
        Reading { dialect: self.dialect, tally: &mut inner, inside: self.inside, tails: self.tails.saturating_add(1) }
            .rows(tokens);
        inner.returns = false;
        inner.deeds.kinds.remove(&Kind::Select);
        self.join(inner);
    }

    /// Reads one statement.
    pub(super) fn statement(&mut self, tokens: Vec<Token>) {
        let first = match tokens.first() {
            Some(Token::Word(Word { value, quote_style: None, .. })) => value.to_ascii_lowercase(),
            Some(Token::LParen) => "(".to_owned(),
            Some(_) => String::new(),
            None => return,
        };
        if self.tails > MOST_TAILS {
            return self.tally.doubt(Reason::TooDeep);
        }
        match first.as_str() {
            "update" if tokens.get(1).is_some_and(|next| is(next, "statistics")) => admin::read(self, &tokens),
            "select" | "with" | "values" | "table" | "from" | "(" | "update" | "delete" | "merge" | "replace" => {
                self.rows(tokens);
            }
            "insert" => self.insert(tokens),
            "explain" | "describe" | "desc" | "analyze" => self.explain(tokens),
            "create" => define::create(self, &tokens),
            "alter" | "drop" | "truncate" | "rename" | "comment" | "undrop" => change::read(self, &tokens),
            "grant" | "revoke" | "deny" | "reassign" => right::read(self, &tokens),
            "set" | "reset" | "use" | "pragma" | "discard" => setting::read(self, &tokens),
            "copy" | "load" | "export" | "put" | "get" | "list" | "ls" | "remove" | "rm" | "bulk" | "backup"
            | "restore" | "attach" | "detach" | "vacuum" | "unload" | "import" | "lock" | "unlock" | "handler"
            | "assert" | "show" => transfer::read(self, &tokens),
            "do" | "exec" | "execute" | "prepare" | "deallocate" | "call" | "declare" | "fetch" | "open" | "close"
            | "move" | "return" | "print" | "raise" | "let" => dynamic::read(self, &tokens),
            // A procedure needs no word before it at the head of a batch.
            "" if self.dialect == Dialect::Mssql && matches!(tokens.first(), Some(Token::Word(_))) => {
                dynamic::procedure_alone(self, &tokens);
            }
            _ => admin::read(self, &tokens),
        }
    }

    /// SQL Server inserts what a procedure gives.
    fn insert(&mut self, tokens: Vec<Token>) {
        let mut words = Words::new(&tokens);
        let procedure = words.find(&["exec", "execute"]).filter(|_| self.dialect == Dialect::Mssql);
        let Some(at) = procedure else { return self.rows(tokens) };
        self.tally.note(Kind::Insert, Risk::Medium);
        words.eat("insert");
        words.eat("into");
        if let Some(name) = words.name() {
            self.tally.write(name);
        }
        let tail = tokens.get(at..).unwrap_or_default().to_vec();
        self.statement(tail);
    }

    /// A plan runs nothing; a plan that is measured does.
    #[expect(clippy::too_many_lines, reason = "one arm for each beginning of a statement")]
    fn explain(&mut self, mut tokens: Vec<Token>) {
        let mut words = Words::new(&tokens);
        let first_analyzes = words.is("analyze");
        words.skip(1);
        let mut runs = first_analyzes;
        if words.peek() == Some(&Token::LParen)
            && matches!(words.ahead(1), Some(Token::Word(_)))
            && !words.ahead(1).is_some_and(|next| is(next, "select") || is(next, "with"))
        {
            let start = words.at();
            words.skip_brackets();
            let options = tokens.get(start..words.at()).unwrap_or_default();
            for (index, option) in options.iter().enumerate() {
                if is(option, "analyze") || is(option, "analyse") {
                    let off = match options.get(index.saturating_add(1)) {
                        Some(Token::Number(digits, _)) => digits == "0",
                        Some(token) => is(token, "false") || is(token, "off"),
                        None => false,
                    };
                    runs |= !off;
                }
            }
        }
        loop {
            if words.eat_any(&["analyze", "analyse"]) {
                runs = true;
            } else if words.eat("format") || words.eat("using") || words.eat("into") || words.eat("type") {
                words.eat_token(&Token::Eq);
                words.skip(1);
            } else if words.eat("for schema") || words.eat("for database") {
                words.skip(1);
            } else if !words.eat_any(&["verbose", "query plan", "extended", "partitions", "ast", "plan for"]) {
                break;
            }
        }
        let starts = words.is_any(&[
            "select", "with", "values", "table", "insert", "replace", "update", "delete", "merge", "create", "execute",
            "declare", "refresh", "call", "do", "truncate", "drop", "alter", "grant",
        ]) && (first_analyzes || !words.is("table") || words.ahead(1).is_some())
            || words.peek() == Some(&Token::LParen)
                && words.ahead(1).is_some_and(|next| is(next, "select") || is(next, "with") || *next == Token::LParen);
        let about_table = words.is("table")
            && (first_analyzes || tokens.first().is_some_and(|first| is(first, "desc") || is(first, "describe")));
        if !starts || about_table {
            if first_analyzes {
                self.tally.note(Kind::Admin, Risk::Medium);
            } else {
                self.tally.note(Kind::Explain, Risk::Low);
                self.tally.returns = true;
            }
            return;
        }
        let at = words.at();
        tokens.drain(..at);
        self.tally.note(Kind::Explain, Risk::Low);
        self.tally.returns = true;
        let mut inner = Tally::default();
        Reading { dialect: self.dialect, tally: &mut inner, inside: self.inside, tails: self.tails.saturating_add(1) }
            .statement(tokens);
        inner.limit = None;
        if runs {
            return self.tally.join(inner);
        }
        // Functions in a query may run while it is planned.
        self.tally.deeds.reads.extend(inner.deeds.reads);
        self.tally.deeds.columns.extend(inner.deeds.columns);
        self.tally.reasons.extend(inner.reasons);
        for function in inner.deeds.functions {
            self.tally.function(function.name, function.class);
        }
    }

    /// Reads a statement about rows from its tree.
    pub(super) fn rows(&mut self, mut tokens: Vec<Token>) {
        let top = repair::repair(&mut tokens, self.dialect, self.tally);
        let guess = Guess::of(&tokens);
        if let Ok(tree) = parse(tokens, self.dialect) {
            Tree::new(self.dialect, self.tally).statement(&tree);
        } else {
            self.tally.doubt(Reason::Unparsable);
            guess.note(self.tally);
        }
        if let Some(rows) = top {
            repair::bound(self.tally, rows);
        }
    }

    /// Reads a tail of a statement as one of its own, and joins what it says.
    pub(super) fn tail(&mut self, tokens: Vec<Token>) {
        let mut inner = Tally::default();
        Reading { dialect: self.dialect, tally: &mut inner, inside: self.inside, tails: self.tails.saturating_add(1) }
            .statement(tokens);
        inner.returns = false;
        inner.limit = None;
        self.join(inner);
    }

    /// Reads a text that becomes statements.
    pub(super) fn text(&mut self, text: &str) {
        self.text_of(text, self.dialect);
    }

    pub(super) fn text_of(&mut self, text: &str, dialect: Dialect) {
        let Some(inside) = self.inside.checked_add(1).filter(|inside| *inside <= DEEPEST) else {
            return self.tally.doubt(Reason::TooDeep);
        };
        let mut lexed = lex::lex(text, dialect);
        super::gate::thin(&mut lexed.tokens);
        self.tally.reasons.extend(lexed.reasons);
        if let Err(reason) = super::gate::check(&lexed.tokens) {
            return self.tally.doubt(reason);
        }
        for (_, tally) in statements(lexed.tokens, dialect, inside) {
            self.join(tally);
        }
        self.tally.limit = None;
    }

    fn join(&mut self, mut other: Tally) {
        other.limit = None;
        let limit = self.tally.limit;
        self.tally.join(other);
        self.tally.limit = limit;
    }
}

/// A word as the lexer would give it.
pub(super) fn word(text: &str) -> Token {
    Token::make_word(text, None)
}

/// The parser does not know the statement.
struct Unparsed;

fn parse(tokens: Vec<Token>, dialect: Dialect) -> Result<Ast, Unparsed> {
    let rules: &dyn dialect::Dialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Mysql => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Mssql => &MsSqlDialect {},
        Dialect::Snowflake => &SnowflakeDialect,
        Dialect::Bigquery => &BigQueryDialect {},
    };
    let mut parser = Parser::new(rules).with_recursion_limit(NESTING).with_tokens(tokens);
    let tree = parser.parse_statement().map_err(|_| Unparsed)?;
    if parser.peek_token_ref().token == Token::EOF { Ok(tree) } else { Err(Unparsed) }
}

/// What a statement seems to be, should the parser not know it.
#[derive(Debug, Default)]
struct Guess {
    kind: Option<Kind>,
    target: Option<String>,
}

impl Guess {
    fn of(tokens: &[Token]) -> Self {
        let mut words = Words::new(tokens);
        if words.is("with")
            && let Some(at) = words.find(&["insert", "replace", "update", "delete", "merge", "select"])
        {
            words.go(at);
        }
        let start = words.at();
        let kind = match () {
            () if words.eat("insert") || words.eat("replace") => Some(Kind::Insert),
            () if words.eat("update") => Some(Kind::Update),
            () if words.eat("delete") => Some(Kind::Delete),
            () if words.eat("merge") => Some(Kind::Merge),
            () => None,
        };
        let Some(kind) = kind else {
            return Self { kind: words.is_any(&["select", "values", "table"]).then_some(Kind::Select), target: None };
        };
        if let Some(at) =
            words.find(&["into", "from"]).filter(|at| at.saturating_sub(start) < 8 && kind != Kind::Update)
        {
            words.go(at.saturating_add(1));
        }
        words.eat("table");
        words.eat("only");
        Self { kind: Some(kind), target: words.name() }
    }

    fn note(self, tally: &mut Tally) {
        if let Some(kind) = self.kind {
            tally.note(kind, Risk::High);
            tally.returns |= kind == Kind::Select;
        }
        tally.effect = true;
        tally.deeds.writes.extend(self.target);
    }
}
