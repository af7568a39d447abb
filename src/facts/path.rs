//! Where does a path lead, as far as its text says?
//!
//! No disk is touched: a link may lead elsewhere, and only the server that follows it knows. Where servers differ (one
//! undoes percent-encoding, another takes a backslash for a slash) every reading counts and the worst of them holds.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod posix;
mod reading;
mod sensitive;
mod windows;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

pub use sensitive::Class;

/// What is longer is not read. No system takes a path as long as this.
const LONGEST: usize = 16 * 1024;

/// Whose rules hold for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PathStyle")]
pub enum Style {
    /// Slashes part names, and names are told apart by case.
    Posix,
    /// Slashes and backslashes part names, drives and servers stand before them, and case says nothing.
    Windows,
}

/// What a path says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PathFacts")]
pub struct Facts {
    /// Whose rules it was read by.
    pub style: Style,
    /// The path: dot segments resolved, slashes merged; for Windows lower-case and with slashes.
    pub path: String,
    /// Whether it begins at a root and not where the server happens to stand.
    pub absolute: bool,
    /// The deepest of the given roots that it is under in every reading.
    pub root: Option<String>,
    /// Whether it climbs out of where it starts: a given root, or the folder a relative path begins in.
    pub escapes: bool,
    /// What kind of secret is kept there, by its name.
    pub sensitive: Option<Class>,
    /// Whether the text can be read in one way only. It is judged by its text: links are not followed.
    pub complete: bool,
    /// Why not.
    pub reasons: BTreeSet<Reason>,
}

/// Why a path may lead elsewhere than it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PathReason")]
pub enum Reason {
    /// There is nothing.
    Empty,
    /// It is too long to be read.
    TooLong,
    /// Somebody's home folder (`~`).
    Home,
    /// A variable or a command that a shell would replace.
    Variable,
    /// A star or a question mark that may stand for several names.
    Wildcard,
    /// Percent-encoding, which some servers undo.
    Encoded,
    /// A URL in place of a path.
    Url,
    /// A NUL, at which some programs stop reading.
    Nul,
    /// A control character or a line break.
    Control,
    /// Spaces around it, which some servers drop.
    OuterSpaces,
    /// Characters that become others or cannot be seen.
    Folded,
    /// A backslash, which is part of a name on one system and parts names on another.
    Backslash,
    /// A folder of `/proc` or `/dev` that leads wherever the process has something open.
    ProcessLink,
    /// Another machine's share (`\\server\share`).
    Share,
    /// A device, or a path that Windows does not tidy up (`\\?\`, `\\.\`, `CON`).
    Device,
    /// A drive without a root, or a root without a drive: Windows puts in the current one.
    DriveRelative,
    /// An alternate stream of a file (`file:stream`).
    Stream,
    /// Dots or spaces at the end of a name, which Windows drops.
    TrailingDots,
    /// A short name (`PROGRA~1`), which stands for a longer one.
    ShortName,
}

/// Reads a path and finds the root it is under.
pub fn read(text: &str, style: Style, roots: &[&str]) -> Facts {
    if text.len() > LONGEST {
        return Facts {
            style,
            path: String::new(),
            absolute: false,
            root: None,
            escapes: true,
            sensitive: None,
            complete: false,
            reasons: BTreeSet::from([Reason::TooLong]),
        };
    }
    let mut reasons = BTreeSet::new();
    let roots: Vec<Tidy> = roots.iter().map(|root| tidy(root, style, &mut BTreeSet::new())).collect();
    let first = tidy(text, style, &mut reasons);
    let other = reading::others(text, style, &mut reasons);
    // What another reading finds strange is strange enough already: it has a reason of its own.
    let readings: Vec<Tidy> = other.iter().map(|text| tidy(text, style, &mut BTreeSet::new())).collect();
    let all = || std::iter::once(&first).chain(&readings);
    let under = |reading: &Tidy| roots.iter().filter(|root| root.holds(reading)).max_by_key(|root| root.names.len());
    let known = !reasons.iter().any(|reason| matches!(reason, Reason::Home | Reason::Variable | Reason::ProcessLink));
    let found: Vec<Option<&Tidy>> = all().map(under).collect();
    let shallowest = found.iter().copied().reduce(|one, other| match (one, other) {
        (Some(one), Some(other)) if other.holds(one) => Some(other),
        (Some(one), Some(other)) if one.holds(other) => Some(one),
        _ => None,
    });
    let root = shallowest.flatten().filter(|_| known).map(Tidy::text);
    let left = all().any(|reading| {
        reading.climbs || reading.started.iter().any(|start| under(start).is_some()) && under(reading).is_none()
    });
    Facts {
        style,
        path: first.text(),
        absolute: first.absolute,
        root,
        escapes: left,
        sensitive: all().filter_map(|reading| sensitive::class(&reading.names)).max(),
        complete: reasons.is_empty(),
        reasons,
    }
}

/// A path in order.
#[derive(Clone, Debug, Default)]
struct Tidy {
    /// A drive (`c:`) or a share (`//server/share`), lower-case.
    drive: String,
    absolute: bool,
    names: Vec<String>,
    /// Whether a relative path goes above its start.
    climbs: bool,
    /// Where an absolute path was before it first went up.
    started: Option<Box<Self>>,
}

impl Tidy {
    /// Walks the names one by one.
    fn walk<'a>(drive: String, absolute: bool, names: impl Iterator<Item = &'a str>) -> Self {
        let mut path = Self { drive, absolute, ..Self::default() };
        for name in names {
            match name {
                "" | "." => {}
                ".." => {
                    if absolute && path.started.is_none() {
                        path.started = Some(Box::new(path.clone()));
                    }
                    if path.names.last().is_some_and(|last| last != "..") {
                        path.names.pop();
                    } else if !absolute {
                        path.climbs = true;
                        path.names.push("..".to_owned());
                    }
                }
                name => path.names.push(name.to_owned()),
            }
        }
        path
    }

    fn holds(&self, path: &Self) -> bool {
        self.absolute && path.absolute && self.drive == path.drive && path.names.starts_with(&self.names)
    }

    fn text(&self) -> String {
        let names = self.names.join("/");
        match (self.absolute, self.drive.as_str(), names.as_str()) {
            (false, "", "") => ".".to_owned(),
            (false, drive, names) => format!("{drive}{names}"),
            (true, drive, names) => format!("{drive}/{names}"),
        }
    }
}

fn tidy(text: &str, style: Style, reasons: &mut BTreeSet<Reason>) -> Tidy {
    match style {
        Style::Posix => posix::tidy(text, reasons),
        Style::Windows => windows::tidy(text, reasons),
    }
}

#[cfg(test)]
mod tests;
