//! What stands inside quotes, dollars and backticks?

use super::lexer::{Lexer, Read, Token};
use super::script::{Reason, Simple};
use super::word::{Expansion, Start, Word};
use super::{Substitution, SubstitutionKind};

impl Lexer<'_, '_> {
    /// `'…'`
    pub(super) fn single(&mut self, word: &mut Word) -> Read<()> {
        self.cursor.bump();
        word.quoted = true;
        loop {
            match self.cursor.bump().ok_or(Reason::Unreadable)? {
                '\'' => return Ok(()),
                other => word.text.push(other),
            }
        }
    }

    /// `"…"` after its first quote, or the body of a here-document, which only the end of the text ends.
    pub(super) fn double(&mut self, word: &mut Word, end: Option<char>) -> Read<()> {
        word.quoted = true;
        loop {
            let Some(next) = self.cursor.peek() else {
                return if end.is_none() { Ok(()) } else { Err(Reason::Unreadable) };
            };
            if Some(next) == end {
                self.cursor.bump();
                return Ok(());
            }
            match next {
                '$' | '`' => self.dollar(word, true)?,
                '\\' => {
                    self.cursor.bump();
                    let escaped = self.cursor.bump().ok_or(Reason::Unreadable)?;
                    if !matches!(escaped, '$' | '`' | '\\') && Some(escaped) != end {
                        word.text.push('\\');
                    }
                    word.text.push(escaped);
                }
                _ => {
                    self.cursor.bump();
                    word.text.push(next);
                }
            }
        }
    }

    /// What a dollar or a backtick begins.
    pub(super) fn dollar(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let before = self.cursor.rest();
        word.splits |= !quoted;
        if self.cursor.bump() == Some('`') {
            self.backticks(word, quoted)?;
        } else {
            match self.cursor.peek() {
                Some('(') => {
                    self.cursor.bump();
                    if self.cursor.peek() == Some('(') && self.arithmetic()? {
                        word.expand(self.cursor.since(before), Start::Expansion);
                        return Ok(());
                    }
                    let inner = self.substitution("$()", SubstitutionKind::Command)?;
                    word.holds(Expansion::Output);
                    word.expand(&format!("$({inner})"), Start::Expansion);
                    return Ok(());
                }
                Some('{') => {
                    self.cursor.bump();
                    self.braces(word, quoted)?;
                }
                Some('[') => {
                    // An old way of arithmetic, which bash still reads.
                    self.note(Reason::Unreadable);
                }
                Some('\'') if !quoted => {
                    self.bash_only();
                    return self.escaped(word);
                }
                Some('"') if !quoted => {
                    self.bash_only();
                    self.cursor.bump();
                    return self.double(word, Some('"'));
                }
                Some(next) if next.is_ascii_alphabetic() || next == '_' => {
                    while self.cursor.peek().is_some_and(|next| next.is_ascii_alphanumeric() || next == '_') {
                        self.cursor.bump();
                    }
                }
                Some(next) if next.is_ascii_digit() || "@*#?-$!".contains(next) => {
                    self.cursor.bump();
                }
                _ => {
                    word.text.push('$');
                    word.splits &= quoted || word.is_unknown();
                    return Ok(());
                }
            }
        }
        word.expand(self.cursor.since(before), Start::Expansion);
        Ok(())
    }

    /// `$'…'`: the quote is next. Escapes that make other characters are not worked out.
    fn escaped(&mut self, word: &mut Word) -> Read<()> {
        self.cursor.bump();
        word.quoted = true;
        let start = word.text.is_empty();
        loop {
            match self.cursor.bump().ok_or(Reason::Unreadable)? {
                '\'' => return Ok(()),
                '\\' => match self.cursor.bump().ok_or(Reason::Unreadable)? {
                    'n' => word.text.push('\n'),
                    't' => word.text.push('\t'),
                    plain @ ('\\' | '\'' | '"' | '?') => word.text.push(plain),
                    other => {
                        word.holds(Expansion::Unknown);
                        if start {
                            word.start = Start::Expansion;
                        }
                        word.text.push('\\');
                        word.text.push(other);
                    }
                },
                other => word.text.push(other),
            }
        }
    }

    /// `${…}` after its bracket: only what is run inside matters.
    fn braces(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        self.deeper()?;
        // New shells run what stands in `${ …; }` and `${|…; }`.
        if matches!(self.cursor.peek(), None | Some(' ' | '\t' | '\n' | '|' | '(')) {
            return Err(Reason::Unreadable);
        }
        // `${!name}` and `${name@P}` run or name what a variable holds.
        let mut scratch = Word::default();
        let name = self.cursor.rest();
        loop {
            match self.cursor.peek().ok_or(Reason::Unreadable)? {
                '}' => break,
                // Within quotes a single quote is a letter or a quote, as the operator wants it.
                '\'' if quoted => return Err(Reason::TwoReadings),
                '\'' => self.single(&mut scratch)?,
                '"' => {
                    self.cursor.bump();
                    self.double(&mut scratch, Some('"'))?;
                }
                '\\' => {
                    self.cursor.bump();
                    self.cursor.bump();
                }
                '<' | '>' => {
                    self.cursor.bump();
                    if self.cursor.peek() == Some('(') {
                        return Err(Reason::Unreadable);
                    }
                }
                '$' | '`' => self.dollar(&mut scratch, true)?,
                '@' => {
                    self.cursor.bump();
                    if self.cursor.peek() == Some('P') {
                        self.note(Reason::RunsOtherText);
                    }
                }
                _ => {
                    self.cursor.bump();
                }
            }
        }
        let written = self.cursor.since(name);
        // Subscripts and offsets are arithmetic.
        let offset = written.split_once(':').filter(|(_, rest)| !rest.starts_with(['-', '=', '+', '?']));
        if let Some((_, text)) = written.split_once('[').or(offset)
            && text != "@]"
            && text != "*]"
        {
            self.calculate(text);
        }
        if let Some((name, _)) = written.split_once('=') {
            // `${PATH:=…}` sets it.
            let assigns = Some(name.trim_end_matches(':').len());
            let name = Word { assigns, expansion: Expansion::Unknown, ..Word::literal(name) };
            self.script.simples.push(Simple { assignments: vec![name], ..Simple::default() });
        }
        self.cursor.bump();
        if scratch.substitutes() {
            word.holds(Expansion::Output);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    /// `$((…))` with its second bracket next; false, and nothing read, if it is a substitution that begins with a group.
    pub(super) fn arithmetic(&mut self) -> Read<bool> {
        let before = self.cursor;
        let mut quiet = before;
        let mut open = 0_u32;
        // Looks for the end first, so that nothing is read twice.
        loop {
            match quiet.bump() {
                None | Some('\'' | '"' | '#' | '\n' | ';' | '\\') => return Err(Reason::Unreadable),
                Some('(') => open = open.saturating_add(1),
                Some(')') => open = open.saturating_sub(1),
                Some(_) => {}
            }
            if open == 0 {
                break;
            }
        }
        if quiet.peek() != Some(')') {
            return Ok(false);
        }
        let text = before.rest();
        let text = quiet.since(text);
        let mut word = Word::default();
        self.within(text)?.double(&mut word, None)?;
        self.calculate(text);
        quiet.bump();
        self.cursor = quiet;
        Ok(true)
    }

    /// Notes the names in an arithmetic text. bash works their values out as well, and runs substitutions in them.
    pub(super) fn calculate(&mut self, text: &str) {
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.next() {
            if next.is_ascii_alphanumeric() || next == '_' {
                let mut name = String::from(next);
                while let Some(more) = rest.next_if(|more| more.is_ascii_alphanumeric() || *more == '_') {
                    name.push(more);
                }
                if !next.is_ascii_digit() && !self.script.numbers.contains(&name) {
                    self.script.numbers.push(name);
                }
            } else if next == '`' || next == '$' && rest.peek().is_some_and(|next| "0123456789@*".contains(*next)) {
                self.note(Reason::RunsOtherText);
            } else if next == '$' && rest.next_if_eq(&'(').is_some() && rest.peek() != Some(&'(') {
                // What a command prints is worked out like everything else.
                self.note(Reason::RunsOtherText);
            }
        }
    }

    fn backticks(&mut self, word: &mut Word, quoted: bool) -> Read<()> {
        let before = self.cursor.rest();
        let mut inner = String::new();
        loop {
            match self.cursor.bump().ok_or(Reason::Unreadable)? {
                '`' => break,
                '\\' => {
                    let escaped = self.cursor.bump().ok_or(Reason::Unreadable)?;
                    if quoted && escaped == '"' {
                        self.note(Reason::TwoReadings);
                    } else if !matches!(escaped, '`' | '\\' | '$') {
                        inner.push('\\');
                    }
                    inner.push(escaped);
                }
                other => inner.push(other),
            }
        }
        let written = self.cursor.since(before).trim_end_matches('`').to_owned();
        self.script.substitutions.push(Substitution { kind: SubstitutionKind::Command, text: written });
        word.holds(Expansion::Output);
        let mut lexer = self.within(&inner)?;
        lexer.inside.push("$()".to_owned());
        lexer.whole()
    }

    /// `<(…)` or `>(…)`
    pub(super) fn process(&mut self, word: &mut Word) -> Read<()> {
        self.bash_only();
        let sign = self.cursor.bump().unwrap_or('<');
        self.cursor.eat('(');
        let first = self.script.simples.len();
        let inner = self.substitution("<()", SubstitutionKind::Process)?;
        let made = self.script.simples.iter_mut().skip(first);
        // Its output is read, or its input is written, by what the word is given to.
        made.for_each(|simple| if sign == '<' { simple.to = true } else { simple.from = true });
        word.holds(Expansion::Output);
        word.expand(&format!("{sign}({inner})"), Start::Literal);
        Ok(())
    }

    /// What stands between brackets, after the first.
    fn substitution(&mut self, name: &str, kind: SubstitutionKind) -> Read<String> {
        self.deeper()?;
        let before = self.cursor.rest();
        let pending = std::mem::take(&mut self.pending);
        let ahead = self.ahead.take();
        self.inside.push(name.to_owned());
        self.list()?;
        if !matches!(self.take()?, Token::Close) {
            return Err(Reason::Unreadable);
        }
        self.inside.pop();
        self.ahead = ahead;
        if !self.pending.is_empty() {
            // Where a document begins whose line is not over yet differs from shell to shell.
            self.note(Reason::TwoReadings);
        }
        self.pending.splice(0..0, pending);
        self.depth = self.depth.saturating_sub(1);
        let written = self.cursor.since(before);
        let written = written.strip_suffix(')').unwrap_or(written).to_owned();
        self.script.substitutions.push(Substitution { kind, text: written.clone() });
        Ok(written)
    }
}
