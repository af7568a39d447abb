//! Where is each value from?

use std::fmt;

/// A value that counts, and where it is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its dotted name.
    pub name: String,
    /// As it may be shown; a secret is only dots.
    pub value: serde_json::Value,
    /// Where it is from.
    pub origin: Origin,
    /// The references it was made with: names of variables and files.
    pub references: Vec<String>,
}

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said otherwise.
    Default,
    /// A line of the file.
    File {
        /// As the file was named.
        file: String,
        /// Counted from one.
        line: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// A flag, by the setting's dotted name.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}
