//! How is a text shown that somebody else wrote?
//!
//! Escaped, on its own in the direction it is written in, and with every character that hides, turns or moves others written
//! out and marked. Long stretches of nothing are counted instead of shown, so that nothing waits below them (REN-08). What is
//! too long is shown from both ends, with its size and its digest.

use std::fmt;

use askama::filters::HtmlSafe;

use super::super::sentence::Word;
use crate::digest::Digest;
use crate::visible::is_harmful;

/// Characters of a text that are shown of its beginning, when not all of it is.
const HEAD: usize = 1200;
/// And of its end.
const TAIL: usize = 600;
/// More spaces, or empty lines, in a row are counted.
const MOST_BLANK: usize = 8;

/// A text on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(pub String);

/// A text as it is written, over several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written(pub String);

/// Words of ours, and words of others set apart.
#[derive(Clone, Debug)]
pub struct Told<'a>(&'a [Word]);

impl HtmlSafe for Told<'_> {}
impl HtmlSafe for Seen {}
impl HtmlSafe for Written {}

impl From<&str> for Seen {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        cut(&self.0, f, Lines::None)?;
        f.write_str("</bdi>")
    }
}

impl<'a> Told<'a> {
    /// These words.
    pub const fn of(words: &'a [Word]) -> Self {
        Self(words)
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| match word {
            Word::Ours(text) => cut(text, f, Lines::None),
            Word::Theirs(text) => {
                f.write_str("<b class=\"theirs\"><bdi>")?;
                cut(text, f, Lines::None)?;
                f.write_str("</bdi></b>")
            }
        })
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        cut(&self.0, f, Lines::Kept)?;
        f.write_str("</bdi>")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    Kept,
    None,
}

/// Whether it holds a character that would not be seen for what it is.
pub fn is_marked(text: &str) -> bool {
    text.chars().any(|c| is_harmful(c) && c != '\n' && c != '\t')
}

/// Whether it is not shown whole.
pub fn is_cut(text: &str) -> bool {
    text.chars().nth(HEAD.saturating_add(TAIL)).is_some()
}

fn cut(text: &str, f: &mut fmt::Formatter<'_>, lines: Lines) -> fmt::Result {
    if !is_cut(text) {
        return marked(text, f, lines);
    }
    let count = text.chars().count();
    let at = |place: usize| text.char_indices().nth(place).map_or(text.len(), |(at, _)| at);
    let (head, tail) = (at(HEAD), at(count.saturating_sub(TAIL)));
    marked(text.get(..head).unwrap_or_default(), f, lines)?;
    let left = count.saturating_sub(HEAD).saturating_sub(TAIL);
    let digest = Digest::of_bytes("text", text.as_bytes()).to_string();
    let short = digest.get(..19).unwrap_or_default();
    write!(f, "<mark class=\"gap\">{left} of {count} characters are not shown here ({short}…)</mark>")?;
    marked(text.get(tail..).unwrap_or_default(), f, lines)
}

fn marked(text: &str, f: &mut fmt::Formatter<'_>, lines: Lines) -> fmt::Result {
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let kept = c == '\n' && lines == Lines::Kept;
        if c == ' ' || kept {
            let mut run = 1_usize;
            while rest.next_if_eq(&c).is_some() {
                run = run.saturating_add(1);
            }
            blank(c, run, f)?;
        } else if is_harmful(c) {
            write!(f, "<mark title=\"{}\">U+{:04X}</mark>", called(c), u32::from(c))?;
        } else {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => write!(f, "{c}")?,
            }
        }
    }
    Ok(())
}

fn blank(c: char, run: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if run <= MOST_BLANK {
        return (0..run).try_for_each(|_| write!(f, "{c}"));
    }
    let what = if c == ' ' { "spaces" } else { "line ends" };
    write!(f, "<mark class=\"gap\">{run} {what}</mark>")?;
    if c == '\n' { f.write_str("\n") } else { Ok(()) }
}

/// What a character that is not seen does.
fn called(c: char) -> &'static str {
    match c {
        '\t' => "a tab",
        '\n' => "the end of a line",
        '\r' => "back to the beginning of the line",
        '\u{1b}' => "begins an order to a terminal",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            "turns the direction of the text round"
        }
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => "has no width",
        c if c.is_control() => "a control",
        _ => "is not seen",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_others_wrote_cannot_leave_its_place() {
        for (text, shown) in [
            // REN-10
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("\"><img onerror='x'>", "&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;"),
            // REN-04
            ("a\u{202e}b", "a<mark title=\"turns the direction of the text round\">U+202E</mark>b"),
            // REN-05
            ("pass\u{200b}word", "pass<mark title=\"has no width\">U+200B</mark>word"),
            // REN-11
            ("\u{1b}[2J", "<mark title=\"begins an order to a terminal\">U+001B</mark>[2J"),
            ("a\nb", "a<mark title=\"the end of a line\">U+000A</mark>b"),
            ("עברית", "עברית"),
        ] {
            assert_eq!(Seen::from(text).to_string(), format!("<bdi>{shown}</bdi>"));
        }
    }

    #[test]
    fn nothing_waits_below_a_thousand_empty_lines() {
        // REN-08
        let text = format!("harmless{}rm -rf /", "\n".repeat(1000));
        assert_eq!(Written(text).to_string(), "<bdi>harmless<mark class=\"gap\">1000 line ends</mark>\nrm -rf /</bdi>");
        let text = format!("a{}b", " ".repeat(300));
        assert_eq!(Seen(text).to_string(), "<bdi>a<mark class=\"gap\">300 spaces</mark>b</bdi>");
    }

    #[test]
    fn what_is_long_shows_both_ends_its_size_and_its_name() {
        // REN-07
        let text = format!("{}the payload", "x".repeat(3 << 20));
        let shown = Written(text).to_string();
        assert!(shown.len() < 4000 && shown.ends_with("the payload</bdi>"), "{}", shown.len());
        assert!(shown.contains("characters are not shown here (sha256:"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_tag_or_hides(text in "\\PC*|[\\u{0}-\\u{2100}<>&\"' ]*") {
            for shown in [Seen(text.clone()).to_string(), Written(text).to_string()] {
                let inside = shown.strip_prefix("<bdi>").unwrap().strip_suffix("</bdi>").unwrap();
                let mut open = inside.to_owned();
                for part in inside.split("<mark").skip(1) {
                    let (tag, _) = part.split_once("</mark>").unwrap();
                    open = open.replacen(&format!("<mark{tag}</mark>"), "", 1);
                }
                prop_assert!(!open.contains(['<', '>', '"', '\'']), "{open}");
                prop_assert!(!shown.chars().any(|c| is_harmful(c) && c != '\n'));
            }
        }
    }
}
