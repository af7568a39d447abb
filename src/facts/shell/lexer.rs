//! Where does a token end?

use super::cursor::Cursor;
use super::script::{Reason, RedirectKind, Script};
use super::word::{Expansion, Start, Word};
use super::{DEEPEST, Dialect};

/// One token of the grammar.
#[derive(Debug)]
pub(super) enum Token {
    Word(Word),
    And,
    Or,
    Pipe,
    Background,
    Semicolon,
    CaseEnd,
    Open,
    Close,
    Redirect(RedirectKind),
    Newline,
    End,
}

/// A result, or why the text cannot be read further.
pub(super) type Read<T> = Result<T, Reason>;

/// Reads tokens and words from a text.
#[derive(Debug)]
pub(super) struct Lexer<'a, 's> {
    pub(super) cursor: Cursor<'a>,
    pub(super) script: &'s mut Script,
    pub(super) dialect: Dialect,
    pub(super) depth: u8,
    /// Which substitutions it stands in.
    pub(super) inside: Vec<String>,
    /// The token that was looked at and not taken.
    pub(super) ahead: Option<Token>,
    /// Here-documents whose body begins on the next line.
    pub(super) pending: Vec<usize>,
    /// Whether it stands in `[[ … ]]`.
    pub(super) condition: bool,
}

impl Lexer<'_, '_> {
    /// Goes one level deeper, if there is one.
    pub(super) fn deeper(&mut self) -> Read<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEEPEST { Err(Reason::TooLarge) } else { Ok(()) }
    }

    pub(super) fn note(&mut self, reason: Reason) {
        if !self.script.reasons.contains(&reason) {
            self.script.reasons.push(reason);
        }
    }

    /// Says that only bash reads this so.
    pub(super) fn bash_only(&mut self) {
        if self.dialect == Dialect::Posix {
            self.note(Reason::TwoReadings);
        }
    }

    pub(super) fn look(&mut self) -> Read<&Token> {
        let token = self.take()?;
        Ok(self.ahead.insert(token))
    }

    pub(super) fn take(&mut self) -> Read<Token> {
        if let Some(token) = self.ahead.take() {
            return Ok(token);
        }
        while let Some(' ' | '\t') = self.cursor.peek() {
            self.cursor.bump();
        }
        let Some(next) = self.cursor.peek() else { return Ok(Token::End) };
        if next == '#' {
            if self.condition {
                return Err(Reason::TwoReadings);
            }
            while self.cursor.raw().is_some_and(|next| next != '\n') {
                self.cursor.bump();
            }
            return self.take_end_of_line();
        }
        match next {
            '\n' => self.take_end_of_line(),
            '&' | '|' | ';' | '(' | ')' => self.operator(),
            '<' | '>' => self.redirect(),
            _ => self.word_or_number(),
        }
    }

    fn take_end_of_line(&mut self) -> Read<Token> {
        if self.cursor.bump().is_none() {
            return Ok(Token::End);
        }
        for document in std::mem::take(&mut self.pending) {
            self.document(document)?;
        }
        Ok(Token::Newline)
    }

    fn operator(&mut self) -> Read<Token> {
        Ok(match self.cursor.bump() {
            Some('&') if self.cursor.eat('&') => Token::And,
            Some('&') if self.cursor.peek() == Some('>') => {
                self.bash_only();
                self.cursor.bump();
                Token::Redirect(if self.cursor.eat('>') { RedirectKind::Append } else { RedirectKind::Write })
            }
            Some('&') => Token::Background,
            Some('|') if self.cursor.eat('|') => Token::Or,
            Some('|') => {
                if self.cursor.eat('&') {
                    self.bash_only();
                }
                Token::Pipe
            }
            Some(';') if self.cursor.eat(';') => {
                self.cursor.eat('&');
                Token::CaseEnd
            }
            Some(';') if self.cursor.eat('&') => Token::CaseEnd,
            Some(';') => Token::Semicolon,
            Some('(') => Token::Open,
            Some(')') => Token::Close,
            _ => return Err(Reason::Unreadable),
        })
    }

    fn redirect(&mut self) -> Read<Token> {
        let before = self.cursor;
        let reads = self.cursor.bump() == Some('<');
        if self.cursor.peek() == Some('(') {
            // Process substitution is a word.
            self.cursor = before;
            return self.word_or_number();
        }
        Ok(Token::Redirect(if reads {
            if self.cursor.eat('<') {
                if self.cursor.eat('<') {
                    self.bash_only();
                    RedirectKind::Text
                } else if self.cursor.eat('-') {
                    RedirectKind::Tabs
                } else {
                    RedirectKind::Document
                }
            } else if self.cursor.eat('&') {
                RedirectKind::Duplicate
            } else if self.cursor.eat('>') {
                RedirectKind::Both
            } else {
                RedirectKind::Read
            }
        } else if self.cursor.eat('>') {
            RedirectKind::Append
        } else if self.cursor.eat('&') {
            RedirectKind::Duplicate
        } else {
            self.cursor.eat('|');
            RedirectKind::Write
        }))
    }

    fn word_or_number(&mut self) -> Read<Token> {
        let word = self.word()?;
        let number = !word.bare().is_empty() && word.bare().bytes().all(|digit| digit.is_ascii_digit());
        if number && matches!(self.cursor.peek(), Some('<' | '>')) {
            let before = self.cursor;
            if let Token::Redirect(kind) = self.redirect_or_operand()? {
                return Ok(Token::Redirect(kind));
            }
            self.cursor = before;
        }
        Ok(Token::Word(word))
    }

    /// After a number: `<(` begins no redirect there.
    fn redirect_or_operand(&mut self) -> Read<Token> {
        let mut ahead = self.cursor;
        ahead.bump();
        if ahead.peek() == Some('(') { Ok(Token::End) } else { self.redirect() }
    }

    /// One word, up to what ends it.
    pub(super) fn word(&mut self) -> Read<Word> {
        let mut word = Word::default();
        let mut brace = false;
        // Only the first one can end a name.
        let mut equals = false;
        while let Some(next) = self.cursor.peek() {
            match next {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | ')' => break,
                '<' | '>' => {
                    let mut ahead = self.cursor;
                    ahead.bump();
                    if ahead.peek() != Some('(') || !word.text.is_empty() {
                        break;
                    }
                    self.process(&mut word)?;
                }
                '(' => {
                    if word.assigns.is_none() || word.quoted || !word.text.ends_with('=') {
                        break;
                    }
                    self.array(&mut word)?;
                }
                '\\' => self.escape(&mut word)?,
                '\'' => self.single(&mut word)?,
                '"' => {
                    self.cursor.bump();
                    self.double(&mut word, Some('"'))?;
                }
                '$' | '`' => self.dollar(&mut word, false)?,
                '*' | '?' | '[' => self.glob(&mut word, next),
                '~' if word.text.is_empty() => {
                    self.cursor.bump();
                    word.text.push('~');
                    word.holds(Expansion::Known);
                }
                '{' => {
                    self.cursor.bump();
                    brace = true;
                    if word.text.is_empty() && !matches!(self.cursor.peek(), None | Some(' ' | '\t' | '\n' | '}')) {
                        word.start = Start::Expansion;
                    }
                    word.text.push('{');
                }
                _ => {
                    self.cursor.bump();
                    let several = next == ',' || next == '.' && word.text.ends_with('.');
                    if brace && (several || word.text == "{" && next != '}') {
                        word.holds(Expansion::Known);
                    }
                    if next == '=' && !equals {
                        equals = true;
                        word.assigns = if word.quoted { None } else { name_of(&word.text) };
                    }
                    if next.is_whitespace() || is_unseen(next) {
                        // A person reads a space where the shell reads a letter, or nothing at all.
                        self.note(Reason::Unreadable);
                    }
                    word.text.push(next);
                }
            }
        }
        Ok(word)
    }

    fn escape(&mut self, word: &mut Word) -> Read<()> {
        self.cursor.bump();
        word.quoted = true;
        word.text.push(self.cursor.bump().ok_or(Reason::Unreadable)?);
        Ok(())
    }

    fn glob(&mut self, word: &mut Word, sign: char) {
        self.cursor.bump();
        // `[` and `[[` alone are programs.
        let alone = sign == '[' && matches!(self.cursor.peek(), None | Some(' ' | '\t' | '\n' | '['));
        if alone && (word.text.is_empty() || word.text == "[") {
            word.text.push('[');
        } else {
            word.expand(sign.encode_utf8(&mut [0; 4]), Start::Glob);
        }
    }

    fn array(&mut self, word: &mut Word) -> Read<()> {
        self.bash_only();
        self.deeper()?;
        self.cursor.bump();
        word.expand("(", Start::Expansion);
        loop {
            match self.take()? {
                Token::Word(element) => {
                    if element.substitutes() {
                        word.holds(Expansion::Output);
                    }
                    word.text.push_str(&element.text);
                    word.text.push(' ');
                }
                Token::Newline => {}
                Token::Close => break,
                _ => return Err(Reason::Unreadable),
            }
        }
        word.text.push(')');
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// The body of a here-document.
    fn document(&mut self, index: usize) -> Read<()> {
        let Some(document) = self.script.documents.get(index) else { return Ok(()) };
        let (end, tabs, quoted) = (document.end.clone(), document.tabs, document.quoted);
        let mut body = String::new();
        let mut closed = false;
        let mut belongs = false;
        while let Some(line) = self.cursor.line() {
            let line = if tabs { line.trim_start_matches('\t') } else { line };
            let slashes = line.len().saturating_sub(line.trim_end_matches('\\').len());
            let goes_on = !quoted && slashes % 2 == 1;
            // Whether the end counts in lines that belong together differs from shell to shell.
            if belongs && line == end || goes_on && end.starts_with(line.trim_end_matches('\\')) {
                self.note(Reason::TwoReadings);
            }
            belongs = goes_on;
            if line == end {
                closed = true;
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        if !closed {
            // A shell takes the end of the text for the end of the document, and warns.
            self.note(Reason::Unreadable);
        }
        let mut word = Word::literal(&body);
        if !quoted {
            let mut inner = self.within(&body)?;
            word = Word::default();
            inner.double(&mut word, None)?;
        }
        if let Some(document) = self.script.documents.get_mut(index) {
            document.body = word;
        }
        Ok(())
    }

    /// A lexer for a text inside this one.
    pub(super) fn within<'b>(&'b mut self, text: &'b str) -> Read<Lexer<'b, 'b>> {
        let depth = self.depth.saturating_add(1);
        if depth > DEEPEST {
            return Err(Reason::TooLarge);
        }
        Ok(Lexer {
            cursor: Cursor::new(text),
            script: &mut *self.script,
            dialect: self.dialect,
            depth,
            inside: self.inside.clone(),
            ahead: None,
            pending: Vec::new(),
            condition: false,
        })
    }
}

/// Characters that show nothing, or turn the direction of what is shown.
pub(super) const fn is_unseen(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

/// How long the name is, if the text before `=` is one.
fn name_of(text: &str) -> Option<usize> {
    let name = text.strip_suffix('+').unwrap_or(text);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (good && !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit())).then_some(name.len())
}
