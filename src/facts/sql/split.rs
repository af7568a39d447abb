//! Where does one statement end and the next begin?
//!
//! A semicolon ends a statement, except in code that is stored. SQL Server needs no semicolons: there a word that can
//! only begin a statement begins one. A block is taken apart: its statements are read one by one.

use sqlparser::tokenizer::Token;

use super::Dialect;
use super::words::{Words, is};

/// Cuts tokens into statements.
pub(super) fn split(tokens: Vec<Token>, dialect: Dialect) -> Vec<Vec<Token>> {
    let mut split = Split { dialect, done: Vec::new(), current: Vec::new(), depth: 0, top: Vec::new(), stored: None };
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        split.take(token, tokens.peek());
    }
    split.end();
    split.done
}

struct Split {
    dialect: Dialect,
    done: Vec<Vec<Token>>,
    current: Vec<Token>,
    depth: usize,
    /// The places of the words outside brackets.
    top: Vec<usize>,
    /// How many blocks are open in code that is stored.
    stored: Option<usize>,
}

impl Split {
    fn take(&mut self, token: Token, next: Option<&Token>) {
        match (&token, self.stored) {
            (Token::EOF, _) => return self.end(),
            (Token::SemiColon, None | Some(0)) if self.stored.is_none() || self.dialect != Dialect::Mssql => {
                return self.end();
            }
            (Token::LParen, _) => self.depth = self.depth.saturating_add(1),
            (Token::RParen, _) => self.depth = self.depth.saturating_sub(1),
            (Token::Word(word), Some(open)) if word.quote_style.is_none() => {
                self.stored = Some(blocks(open, &token, self.current.last(), next));
            }
            (Token::Word(word), None) if word.quote_style.is_none() => {
                if self.dialect == Dialect::Mssql && self.depth == 0 && self.begins(&token, next) {
                    self.end();
                }
                self.stored = self.stores(&token).then_some(0);
            }
            _ => {}
        }
        if self.depth == 0 && matches!(token, Token::Word(_)) {
            self.top.push(self.current.len());
        }
        self.current.push(token);
    }

    fn end(&mut self) {
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
        self.depth = 0;
        self.top.clear();
        self.stored = None;
    }

    /// Whether this word makes the statement one that stores code.
    fn stores(&self, token: &Token) -> bool {
        const CODE: [&str; 7] = ["procedure", "proc", "function", "trigger", "event", "package", "task"];
        self.current.len() < 16
            && CODE.iter().any(|word| is(token, word))
            && self.current.first().is_some_and(|first| is(first, "create") || is(first, "alter"))
            && !self.current.iter().any(|token| matches!(token, Token::LParen) || is(token, "on") || is(token, "table"))
    }

    /// Whether a statement begins with this word although none was ended.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each word that begins a statement elsewhere than in SQL Server's grammar"
    )]
    fn begins(&self, token: &Token, next: Option<&Token>) -> bool {
        const STARTS: [&str; 48] = [
            "select",
            "insert",
            "update",
            "delete",
            "merge",
            "truncate",
            "drop",
            "create",
            "alter",
            "exec",
            "execute",
            "grant",
            "revoke",
            "deny",
            "backup",
            "restore",
            "dbcc",
            "kill",
            "shutdown",
            "use",
            "declare",
            "set",
            "if",
            "while",
            "begin",
            "print",
            "raiserror",
            "throw",
            "waitfor",
            "bulk",
            "reconfigure",
            "commit",
            "rollback",
            "save",
            "open",
            "fetch",
            "close",
            "deallocate",
            "return",
            "else",
            "end",
            "goto",
            "break",
            "continue",
            "with",
            "disable",
            "enable",
            "checkpoint",
        ];
        if !STARTS.iter().any(|word| is(token, word)) {
            return false;
        }
        let (Some(first), Some(last)) = (self.current.first(), self.current.last()) else { return false };
        let last_is = |words: &[&str]| words.iter().any(|word| is(last, word));
        let first_is = |words: &[&str]| words.iter().any(|word| is(first, word));
        let seen = |word: &str| self.outside().any(|token| is(token, word));
        if matches!(last, Token::Period | Token::Comma | Token::Eq)
            || last_is(&["as", "execute", "exec"]) && first_is(&["create", "alter"])
        {
            return false;
        }
        if first_is(&["grant", "revoke", "deny"]) {
            return is(token, "select") && seen("to") && !last_is(&["to", "option", "grant"])
                || !is(token, "with") && !is(token, "select") && seen("to") && !last_is(&["to"])
                || seen("from") && first_is(&["revoke"]) && !last_is(&["from"]) && !is(token, "with");
        }
        match token {
            token if is(token, "end") || is(token, "else") => !self.in_case(),
            token if is(token, "with") => {
                // A hint, an option or the head of a query.
                !matches!(next, Some(Token::LParen))
                    && matches!(next, Some(Token::Word(_)))
                    && first_is(&["select", "update", "delete", "insert", "merge", "set", "print", "declare"])
                    && !["ties", "check", "nocheck", "rollup", "cube", "schemabinding", "values"]
                        .iter()
                        .any(|word| next.is_some_and(|next| is(next, word)))
                    && !last_is(&["insert", "into"])
            }
            token if is(token, "select") => {
                !(last_is(&["union", "all", "except", "intersect", "as", "for", "is"])
                    || first_is(&["insert"]) && !seen("select") && !seen("values") && !seen("exec")
                    || first_is(&["with"])
                        && !seen("select")
                        && !seen("insert")
                        && !seen("update")
                        && !seen("delete")
                        && !seen("merge")
                    || first_is(&["with"]) && seen("insert") && !seen("select"))
            }
            token if is(token, "update") || is(token, "delete") || is(token, "insert") || is(token, "merge") => {
                let merging = first_is(&["merge"]) || first_is(&["with"]) && seen("merge");
                let heads = first_is(&["with"])
                    && !["select", "insert", "update", "delete", "merge"].iter().any(|word| seen(word));
                !(last_is(&["then", "on", "for", "after", "bulk", "of", "instead"])
                    || merging && last_is(&["then"])
                    || heads)
            }
            token if is(token, "set") => {
                !(first_is(&["update", "alter", "merge"]) && !seen("set")
                    || last_is(&["update", "on", "delete"])
                    || first_is(&["with"]) && seen("update") && !seen("set")
                    || seen("merge") && seen("then")
                    || first_is(&["create", "alter"]))
            }
            token if is(token, "exec") || is(token, "execute") => {
                !(first_is(&["insert"]) && !seen("values") && !seen("select") && !seen("exec") || last_is(&["with"]))
            }
            token if is(token, "if") => !first_is(&["drop", "create", "alter"]) || self.current.len() >= 4,
            token if is(token, "open") || is(token, "close") => !first_is(&["alter", "create"]),
            token if is(token, "fetch") => !last_is(&["rows", "row"]),
            token if is(token, "begin") => true,
            token if is(token, "drop") || is(token, "alter") || is(token, "enable") || is(token, "disable") => {
                !first_is(&["alter"]) || self.current.len() > 4 && !last_is(&["column", "table"]) && seen("add")
            }
            token if is(token, "create") => !last_is(&["or"]),
            token if is(token, "use") => !last_is(&["("]),
            token if is(token, "restore") || is(token, "backup") || is(token, "kill") => true,
            _ => !last_is(&["on", "set", "with"]),
        }
    }

    /// The words outside brackets.
    fn outside(&self) -> impl Iterator<Item = &Token> {
        self.top.iter().filter_map(|at| self.current.get(*at))
    }

    fn in_case(&self) -> bool {
        let count = |word: &str| self.outside().filter(|token| is(token, word)).count();
        count("case") > count("end")
    }
}

/// How many blocks of stored code are open after this word.
fn blocks(open: usize, token: &Token, last: Option<&Token>, next: Option<&Token>) -> usize {
    let closes_other = |token: &Token| ["if", "loop", "while", "repeat", "for"].iter().any(|word| is(token, word));
    if is(token, "begin") || is(token, "case") && !last.is_some_and(|last| is(last, "end")) {
        open.saturating_add(1)
    } else if is(token, "end") && !next.is_some_and(closes_other) {
        open.saturating_sub(1)
    } else {
        open
    }
}

/// What stands before the statement in a piece of a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing.
    None,
    /// Words of a block; the statement begins after them.
    Block,
    /// Words of a block and a condition between these places.
    Condition(usize, usize),
}

/// Goes over one word of a block, and says what it was.
#[expect(clippy::too_many_lines, reason = "one arm for each word of a block")]
pub(super) fn head(words: &mut Words<'_>, dialect: Dialect) -> Head {
    let scripts = !matches!(dialect, Dialect::Sqlite);
    let start = words.at();
    let label = matches!((words.peek(), words.ahead(1)), (Some(Token::Word(_)), Some(Token::Colon)));
    if scripts && label {
        words.skip(2);
        return Head::Block;
    }
    if scripts && words.is("begin") {
        let begins = words.ahead(1).is_none_or(|next| {
            [
                "transaction",
                "tran",
                "work",
                "isolation",
                "read",
                "deferred",
                "immediate",
                "exclusive",
                "concurrent",
                "deferrable",
                "distributed",
                "name",
                "dialog",
                "conversation",
            ]
            .iter()
            .any(|word| is(next, word))
        });
        if begins || dialect == Dialect::Postgres && words.ahead(1).is_some_and(|next| is(next, "not")) {
            return Head::None;
        }
        words.skip(1);
        words.eat_any(&["try", "catch", "atomic", "not atomic"]);
        return Head::Block;
    }
    if words.is("end") {
        let transaction = matches!(dialect, Dialect::Postgres | Dialect::Sqlite)
            && words.ahead(1).is_none_or(|next| is(next, "transaction") || is(next, "work") || is(next, "and"));
        if transaction {
            return Head::None;
        }
        words.skip(1);
        words.eat_any(&["try", "catch", "if", "loop", "while", "case", "for", "repeat"]);
        return Head::Block;
    }
    if !scripts {
        return Head::None;
    }
    if words.eat_any(&["else", "loop", "repeat"]) {
        return Head::Block;
    }
    let closes: &[&str] = if words.is_any(&["if", "elseif", "elsif", "when", "exception"]) {
        &["then"]
    } else if words.is("while") || words.is("for") && matches!(words.ahead(1), Some(Token::Word(_))) {
        &["do", "loop"]
    } else {
        return Head::None;
    };
    if words.eat("exception") && !words.is("when") {
        return Head::Block;
    }
    let head = words.is("for");
    words.skip(1);
    if head {
        words.skip(2);
    }
    let from = words.at();
    let to = words.find(closes);
    match (to, dialect) {
        (Some(to), _) => {
            words.go(to.saturating_add(1));
            Head::Condition(from, to)
        }
        (None, Dialect::Mssql) => {
            words.skip(usize::MAX);
            Head::Condition(from, usize::MAX)
        }
        (None, _) => {
            words.go(start);
            Head::None
        }
    }
}
