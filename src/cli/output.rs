//! What does a terminal get?
//!
//! Data goes to stdout, talk to stderr. A machine gets JSON, a person gets a table, and a terminal never gets a
//! character that would move its cursor, change its colours, or hide or reorder what stands there.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::visible::harmless;

/// Where a command writes its data, and how.
pub struct Output<'a> {
    to: &'a mut (dyn Write + Send),
    paint: Paint,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Not at all.
    Plain,
    /// Where they say something.
    Coloured,
}

/// What `--color` can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What a line says about its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// What decides about colours when `--color` does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// `NO_COLOR`, when set to anything.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`, when set to anything but `0`.
    pub force: Option<String>,
    /// `TERM`; `dumb` has no colours.
    pub term: Option<String>,
}

impl Paint {
    /// The flag first, then `NO_COLOR`, then `CLICOLOR_FORCE`, then whether anybody is watching.
    pub fn decide(choice: ColourChoice, habits: &Habits, terminal: Terminal) -> Self {
        let is_set = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
        let colours = match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto if is_set(&habits.no_color) => false,
            ColourChoice::Auto if is_set(&habits.force) && habits.force.as_deref() != Some("0") => true,
            ColourChoice::Auto => terminal == Terminal::Present && habits.term.as_deref() != Some("dumb"),
        };
        if colours { Self::Coloured } else { Self::Plain }
    }
}

/// Whether the output is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// Somebody watches.
    Present,
    /// It goes to a file or a pipe.
    Absent,
}

impl Habits {
    /// As the environment says.
    pub fn of_this_process() -> Self {
        let set = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self { no_color: set("NO_COLOR"), force: set("CLICOLOR_FORCE"), term: set("TERM") }
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("paint", &self.paint).finish_non_exhaustive()
    }
}

impl<'a> Output<'a> {
    /// Writes there, so.
    pub fn new(to: &'a mut (dyn Write + Send), paint: Paint) -> Self {
        Self { to, paint }
    }

    /// One line for people.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{}", harmless(text))
    }

    /// Lines for people; only the ends of lines are kept as they are.
    pub fn lines(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| self.line(line))
    }

    /// One line with a mark before it.
    pub fn marked(&mut self, mark: Mark, text: &str) -> io::Result<()> {
        let (word, colour) = match mark {
            Mark::Ok => ("ok  ", "\u{1b}[32m"),
            Mark::Warn => ("warn", "\u{1b}[33m"),
            Mark::Fail => ("fail", "\u{1b}[31m"),
        };
        let text = harmless(text);
        match self.paint {
            Paint::Coloured => writeln!(self.to, "{colour}{word}\u{1b}[0m  {text}"),
            Paint::Plain => writeln!(self.to, "{word}  {text}"),
        }
    }

    /// Rows under their heads, each column as wide as its widest cell.
    pub fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| harmless(cell).into_owned()).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain(heads.get(column).map(|head| head.chars().count())).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..heads.len()).map(width).collect();
        let row = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for (cell, &width) in cells.zip(&widths) {
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                line.push_str(cell);
                line.push_str(&padding);
                line.push_str("  ");
            }
            line.trim_end().to_owned()
        };
        let head = row(&mut heads.iter().copied());
        match self.paint {
            Paint::Coloured => writeln!(self.to, "\u{1b}[1m{head}\u{1b}[0m")?,
            Paint::Plain => writeln!(self.to, "{head}")?,
        }
        rows.iter().try_for_each(|cells| writeln!(self.to, "{}", row(&mut cells.iter().map(String::as_str))))
    }

    /// One value for machines, over several lines.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *self.to, value)?;
        writeln!(self.to)
    }

    /// One value for machines on one line.
    pub fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self.to, value)?;
        writeln!(self.to)
    }

    /// Text of our own making, exactly as it is.
    pub fn exact(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_flag_then_environment_then_terminal() {
        use ColourChoice::{Always, Auto, Never};
        use Terminal::{Absent, Present};
        let habits = |no_color: &str, force: &str, term: &str| {
            let set = |value: &str| (!value.is_empty()).then(|| value.to_owned());
            Habits { no_color: set(no_color), force: set(force), term: set(term) }
        };
        for (choice, no_color, force, term, terminal, expected) in [
            (Auto, "", "", "xterm", Present, Paint::Coloured),
            (Auto, "", "", "xterm", Absent, Paint::Plain),
            (Auto, "", "", "dumb", Present, Paint::Plain),
            (Auto, "1", "", "xterm", Present, Paint::Plain),
            (Auto, "", "1", "xterm", Absent, Paint::Coloured),
            (Auto, "", "0", "xterm", Absent, Paint::Plain),
            (Auto, "1", "1", "xterm", Present, Paint::Plain),
            (Always, "1", "", "dumb", Absent, Paint::Coloured),
            (Never, "", "1", "xterm", Present, Paint::Plain),
        ] {
            assert_eq!(Paint::decide(choice, &habits(no_color, force, term), terminal), expected);
        }
    }

    #[test]
    fn a_table_is_as_wide_as_its_widest_cells() {
        let mut written = Vec::new();
        let mut output = Output::new(&mut written, Paint::Plain);
        let rows = [vec!["files".to_owned(), "a\u{1b}[2J".to_owned()], vec!["gh".to_owned(), String::new()]];
        output.table(&["server", "tool"], &rows).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "server  tool\nfiles   a\\u{1b}[2J\ngh\n");
    }
}
