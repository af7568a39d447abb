//! How does a text of somebody else stand in a message?
//!
//! On one line, with every character shown for what it is. What a receiver would make a link of by itself is written so that
//! it does not. Long stretches of nothing are counted instead of shown, so that nothing waits below them, and of what is too
//! long both ends are shown, with its size and its digest: the dangerous part is often the last.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::digest::Digest;
use crate::visible::is_harmful;

/// More blanks in a row are counted.
const MOST_BLANK: usize = 8;
/// What receivers make links of, and what stands for it instead.
const LINKS: [(&str, &str); 4] = [("://", "[:]//"), ("www.", "www[.]"), ("WWW.", "WWW[.]"), ("mailto:", "mailto[:]")];

/// A part of a text that is shown whole or not at all.
struct Piece {
    shown: String,
    /// Characters of the text it stands for.
    stands_for: usize,
}

/// The text on one line of about this many characters.
pub fn line(text: &str, most: usize) -> String {
    let pieces = pieces(text);
    let all: usize = pieces.iter().map(Piece::length).fold(0, usize::saturating_add);
    if all <= most {
        return unlinked(&pieces.iter().map(|piece| piece.shown.as_str()).collect::<String>());
    }
    let tail_room = most / 3;
    let head = fitting(pieces.iter(), most.saturating_sub(tail_room));
    let tail = fitting(pieces.iter().rev(), tail_room);
    let end = pieces.len().saturating_sub(tail).max(head);
    let whole: usize = pieces.iter().map(|piece| piece.stands_for).fold(0, usize::saturating_add);
    let left: usize = pieces.iter().take(end).skip(head).map(|piece| piece.stands_for).fold(0, usize::saturating_add);
    let digest = Digest::of_bytes("text", text.as_bytes()).to_string();
    let short = digest.get(..19).unwrap_or_default();
    let shown = |piece: &Piece| piece.shown.clone();
    let (first, last): (String, String) =
        (pieces.iter().take(head).map(shown).collect(), pieces.iter().skip(end).map(shown).collect());
    format!("{} [{left} of {whole} characters are not shown here, {short}…] {}", unlinked(&first), unlinked(&last))
}

/// The same with every character written out that Markdown would obey.
pub fn markdown(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().saturating_mul(2));
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '/' | ',' | '\'' | '"' | '?' | '%' | ';') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_whitespace() {
            pieces.push(Piece::of(c));
            continue;
        }
        let mut run = vec![c];
        while let Some(next) = rest.next_if(|next| next.is_whitespace()) {
            run.push(next);
        }
        if run.len() > MOST_BLANK {
            let shown = format!("[{} blank characters]", run.len());
            pieces.push(Piece { shown, stands_for: run.len() });
        } else {
            pieces.extend(run.into_iter().map(Piece::of));
        }
    }
    pieces
}

fn fitting<'a>(pieces: impl Iterator<Item = &'a Piece>, room: usize) -> usize {
    let mut used = 0_usize;
    let fits = |piece: &&Piece| {
        used = used.saturating_add(piece.length());
        used <= room
    };
    pieces.take_while(fits).count()
}

fn unlinked(text: &str) -> String {
    LINKS.iter().fold(text.to_owned(), |text, (link, plain)| text.replace(link, plain))
}

impl Piece {
    fn of(c: char) -> Self {
        let shown = if is_harmful(c) { c.escape_unicode().to_string() } else { c.to_string() };
        Self { shown, stands_for: 1 }
    }

    fn length(&self) -> usize {
        self.shown.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_others_wrote_is_shown_for_what_it_is() {
        for (text, shown) in [
            ("DELETE FROM orders", "DELETE FROM orders"),
            // REN-03
            ("see https://evil.example/login", "see https[:]//evil.example/login"),
            ("www.evil.example", "www[.]evil.example"),
            // REN-04
            ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp.exe"),
            // REN-05
            ("pass\u{200b}word", "pass\\u{200b}word"),
            ("a\r\nBcc: x@evil.example", "a\\u{d}\\u{a}Bcc: x@evil.example"),
        ] {
            assert_eq!(line(text, 200), shown);
        }
        // REN-08
        assert_eq!(line(&format!("first{}rm -rf /", "\n".repeat(4000)), 200), "first[4000 blank characters]rm -rf /");
    }

    #[test]
    fn of_what_is_too_long_both_ends_are_shown() {
        // REN-07
        let text = format!("{}rm -rf /", "harmless ".repeat(400_000));
        let shown = line(&text, 300);
        assert!(shown.starts_with("harmless ") && shown.ends_with("rm -rf /"), "{shown}");
        assert!(shown.contains(" of 3600008 characters are not shown here, sha256:"), "{shown}");
        assert!(shown.chars().count() < 400, "{shown}");
    }

    #[test]
    fn markdown_says_nothing() {
        // REN-01, REN-02
        assert_eq!(markdown("**Approved** `x`"), "\\*\\*Approved\\*\\* \\`x\\`");
        assert_eq!(markdown("<@everyone> [a](b)"), "\\<\\@everyone\\> \\[a\\]\\(b\\)");
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_and_nothing_is_long(text in "\\PC*|[\\u{0}-\\u{2100}]*", most in 30_usize..300) {
            let shown = line(&text, most);
            prop_assert!(!shown.chars().any(is_harmful), "{shown:?}");
            prop_assert!(!shown.contains("://"), "{shown:?}");
        }
    }
}
