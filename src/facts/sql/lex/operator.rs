//! Which operator stands here?

use sqlparser::tokenizer::Token;

use super::Lexer;
use crate::facts::sql::{Dialect, Reason};

impl Lexer<'_> {
    pub(super) fn operator(&mut self) {
        let Some(first) = self.peek(0) else { return };
        let single = match first {
            b',' => Some(Token::Comma),
            b';' => Some(Token::SemiColon),
            b'.' => Some(Token::Period),
            b'(' => Some(Token::LParen),
            b')' => Some(Token::RParen),
            b'[' => Some(Token::LBracket),
            b']' => Some(Token::RBracket),
            b'{' => Some(Token::LBrace),
            b'}' => Some(Token::RBrace),
            _ => None,
        };
        if let Some(token) = single {
            self.skip(1);
            return self.push(token);
        }
        let length = self.operator_length();
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        self.skip(length.max(1));
        if first == b'?' && self.dialect != Dialect::Postgres {
            let start = self.at.saturating_sub(1);
            while self.peek(0).is_some_and(|byte| byte.is_ascii_digit()) {
                self.skip(1);
            }
            let name = self.since(start);
            return self.push(Token::Placeholder(name));
        }
        let token = known(&text, self.dialect).unwrap_or_else(|| {
            if self.dialect != Dialect::Postgres {
                self.out.reasons.insert(Reason::Unparsable);
            }
            Token::CustomBinaryOperator(text)
        });
        self.push(token);
    }

    fn operator_length(&self) -> usize {
        let rest = self.rest();
        if rest.starts_with(':') {
            return if rest.starts_with("::") || rest.starts_with(":=") { 2 } else { 1 };
        }
        if self.dialect != Dialect::Postgres {
            let fits = |length: &usize| rest.get(..*length).is_some_and(|text| known(text, self.dialect).is_some());
            return [3, 2, 1].into_iter().find(fits).unwrap_or(1);
        }
        let bytes = rest.as_bytes();
        let mut length = bytes.iter().take_while(|byte| b"+-*/<>=~!@#%^&|`?".contains(byte)).count();
        for comment in ["--", "/*"] {
            if let Some(found) = rest.get(1..length.max(1)).and_then(|run| run.find(comment)) {
                length = length.min(found.saturating_add(1));
            }
        }
        // A sign at the end belongs to what follows, unless the operator has an odd character.
        while length > 1 && matches!(bytes.get(length.saturating_sub(1)), Some(b'+' | b'-')) {
            let odd = rest
                .get(..length)
                .is_some_and(|text| text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']));
            let named = rest.get(..length).is_some_and(|text| known(text, self.dialect).is_some());
            if odd || named {
                break;
            }
            length = length.saturating_sub(1);
        }
        length.max(1)
    }
}

fn known(text: &str, dialect: Dialect) -> Option<Token> {
    Some(match text {
        "+" => Token::Plus,
        "-" => Token::Minus,
        "*" => Token::Mul,
        "/" => Token::Div,
        "%" => Token::Mod,
        "=" => Token::Eq,
        "==" => Token::DoubleEq,
        "<" => Token::Lt,
        ">" => Token::Gt,
        "<=" => Token::LtEq,
        ">=" => Token::GtEq,
        "<>" | "!=" => Token::Neq,
        "<=>" => Token::Spaceship,
        "!<" if dialect == Dialect::Mssql => Token::GtEq,
        "!>" if dialect == Dialect::Mssql => Token::LtEq,
        "||" => Token::StringConcat,
        "|" => Token::Pipe,
        "&" => Token::Ampersand,
        "&&" => Token::Overlap,
        "^" => Token::Caret,
        "~" => Token::Tilde,
        "!" => Token::ExclamationMark,
        "<<" => Token::ShiftLeft,
        ">>" => Token::ShiftRight,
        "->" => Token::Arrow,
        "->>" => Token::LongArrow,
        "=>" => Token::RArrow,
        "|>" if dialect == Dialect::Bigquery => Token::VerticalBarRightAngleBracket,
        ":" => Token::Colon,
        "::" => Token::DoubleColon,
        ":=" => Token::Assignment,
        "@" => Token::AtSign,
        "?" => Token::Question,
        _ if dialect == Dialect::Postgres => return postgres(text),
        _ => return None,
    })
}

fn postgres(text: &str) -> Option<Token> {
    Some(match text {
        "!!" => Token::DoubleExclamationMark,
        "~*" => Token::TildeAsterisk,
        "!~" => Token::ExclamationMarkTilde,
        "!~*" => Token::ExclamationMarkTildeAsterisk,
        "~~" => Token::DoubleTilde,
        "~~*" => Token::DoubleTildeAsterisk,
        "!~~" => Token::ExclamationMarkDoubleTilde,
        "!~~*" => Token::ExclamationMarkDoubleTildeAsterisk,
        "#" => Token::Sharp,
        "#>" => Token::HashArrow,
        "#>>" => Token::HashLongArrow,
        "#-" => Token::HashMinus,
        "@>" => Token::AtArrow,
        "<@" => Token::ArrowAt,
        "@?" => Token::AtQuestion,
        "@@" => Token::AtAt,
        "?|" => Token::QuestionPipe,
        "?&" => Token::QuestionAnd,
        "<->" => Token::TwoWayArrow,
        "|/" => Token::PGSquareRoot,
        "||/" => Token::PGCubeRoot,
        "^@" => Token::CaretAt,
        _ => return None,
    })
}
