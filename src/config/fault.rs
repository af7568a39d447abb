//! What is wrong, where, and what should be done about it?
//!
//! A line of the file is shown so that its reader finds the place, and it may hold a secret. So comments and strings
//! the fault is not about are left out, and so is the string it is about where that could be one.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub what: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub next: String,
}

/// Where a setting is, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    File(Excerpt),
    /// In a variable of the environment.
    Environment(String),
    /// In a flag.
    Flag(String),
    /// In the default of this setting.
    Default(String),
    /// Nowhere: something is missing.
    Nowhere,
}

/// A line of the file, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// As the file was named.
    pub file: String,
    /// Counted from one.
    pub line: usize,
    /// In characters, counted from one.
    pub column: usize,
    text: String,
    before: usize,
    width: usize,
}

/// Everything that is wrong, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// Whether the fault's own text may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Shown,
    Hidden,
}

/// The file as it was read, and where its strings are.
#[derive(Clone, Debug, Default)]
pub(super) struct Original {
    pub name: String,
    pub text: String,
    pub strings: Vec<Range<usize>>,
}

impl Original {
    /// Line and column of a byte, counted from one.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        (line, column)
    }

    /// The line a span begins in.
    pub(super) fn excerpt(&self, span: &Range<usize>, subject: Subject) -> Excerpt {
        let (line, column) = self.position(span.start);
        let start =
            self.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
        let shown = self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let mut excerpt = Excerpt { file: self.name.clone(), line, column, text: String::new(), before: 0, width: 0 };
        let mut inside: Option<&Range<usize>> = None;
        for (offset, c) in shown.char_indices() {
            let at = start.saturating_add(offset);
            let hidden = self.strings.iter().find(|string| string.contains(&at) && !shows(span, string, subject));
            // A comment may hold what was commented out.
            if c == '#' && at >= span.end && !self.strings.iter().any(|string| string.contains(&at)) {
                break;
            }
            let begins = hidden.is_some() && hidden != inside;
            inside = hidden;
            let piece = match (hidden, begins) {
                (None, _) if c == '\t' => " ".to_owned(),
                (None, _) => c.to_string(),
                (Some(_), true) => "\"…\"".to_owned(),
                (Some(_), false) => continue,
            };
            excerpt.push(&piece, at, span);
        }
        excerpt.text.truncate(excerpt.text.trim_end().len());
        excerpt
    }

    /// The line of a place where the file could not be read as TOML at all: only its form is shown, because nothing
    /// says yet which part of it is a string.
    pub(super) fn unread(&self, at: usize) -> Excerpt {
        let mut excerpt = self.excerpt(&(at..at), Subject::Shown);
        let form = |c: char| if c.is_whitespace() || "\"'[]{},=#.".contains(c) { c } else { '•' };
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. [".contains(c));
        // What stands before the first of these is a key or the name of a table.
        let plain = excerpt.text.find(['=', ']']).and_then(|end| excerpt.text.split_at_checked(end));
        let (kept, rest) = plain.filter(|(kept, _)| is_plain(kept)).unwrap_or(("", &excerpt.text));
        let alone = excerpt.text.trim_start().starts_with('[') && is_plain(&excerpt.text);
        if !alone {
            excerpt.text = kept.chars().chain(rest.chars().map(form)).collect();
        }
        excerpt
    }
}

fn shows(span: &Range<usize>, string: &Range<usize>, subject: Subject) -> bool {
    subject == Subject::Shown && span.start <= string.start && string.end <= span.end
}

impl Excerpt {
    fn push(&mut self, piece: &str, at: usize, span: &Range<usize>) {
        let width = piece.chars().count();
        if at < span.start {
            self.before = self.before.saturating_add(width);
        } else if at < span.end {
            self.width = self.width.saturating_add(width);
        }
        self.text.push_str(piece);
    }
}

impl Faults {
    /// How many, in words.
    pub fn count(&self) -> String {
        match self.0.len() {
            1 => "one fault".to_owned(),
            many => format!("{many} faults"),
        }
    }

    /// In the order of the file; what stands elsewhere comes after.
    pub(super) fn sorted(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| match &fault.place {
            Place::File(excerpt) => (0, excerpt.line, excerpt.column),
            _ => (1, 0, 0),
        });
        Self(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(excerpt) => {
                let Excerpt { file, line, column, text, before, width } = excerpt;
                let number = line.to_string();
                let margin = " ".repeat(number.len());
                writeln!(f, "{file}:{line}:{column}: {}", self.what)?;
                writeln!(f, " {number} | {text}")?;
                writeln!(f, " {margin} | {}{}", " ".repeat(*before), "^".repeat((*width).max(1)))?;
                write!(f, " {margin} = {}", self.next)
            }
            Place::Environment(name) => write!(f, "environment {name}: {}\n   = {}", self.what, self.next),
            Place::Flag(name) => write!(f, "flag {name}: {}\n   = {}", self.what, self.next),
            Place::Default(name) => write!(f, "{name}: {}\n   = {}", self.what, self.next),
            Place::Nowhere => write!(f, "{}\n   = {}", self.what, self.next),
        }
    }
}

/// The closest of the words, when one is close enough to have been meant.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
