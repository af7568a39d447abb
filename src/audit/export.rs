//! In which forms does an entry leave the book?
//!
//! One entry is one record, whatever its words say: a record has no line end but its own, and nothing in it means anything to
//! whoever reads the form. Every form keeps what ties the record to the book: its place, its call, its leaf.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod cef;
mod csv;
mod gist;
pub mod jsonl;
mod ocsf;
pub mod proof;
mod shortened;
#[cfg(test)]
mod tests;

pub use self::ocsf::severity;
use crate::clock::Timestamp;
use crate::store::entries::Written;
use crate::wire::json::{Object, Value};
use crate::wire::reader::{Limits, lenient};

/// Where an entry stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its index.
    pub index: u64,
    /// Its hash, in hex.
    pub hash: String,
}

/// One entry, read.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its place in the book.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The call it belongs to, if it belongs to one.
    pub call: Option<String>,
    /// The event code.
    pub event: String,
    /// What the event says, without its code.
    pub body: Object,
    /// Where it stands in the log, where there is one.
    pub leaf: Option<Leaf>,
}

/// A form of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// One JSON object a line: all there is, in our own words.
    Jsonl,
    /// A table for spreadsheets, with all there is in its last column.
    Csv,
    /// Events of the Open Cybersecurity Schema Framework 1.8.0, one JSON object a line.
    Ocsf,
    /// Common Event Format, one event a line.
    Cef,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Csv, Self::Ocsf, Self::Cef];

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
            Self::Cef => "cef",
        }
    }

    /// The form of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// What stands before the first record.
    pub const fn head(self) -> &'static str {
        match self {
            Self::Csv => csv::HEAD,
            Self::Jsonl | Self::Ocsf | Self::Cef => "",
        }
    }

    /// The media type of several records.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl | Self::Ocsf => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Cef => "text/plain; charset=utf-8",
        }
    }

    /// One record, with the line end that closes it.
    pub fn record(self, record: &Record) -> String {
        match self {
            Self::Jsonl => jsonl::record(record),
            Self::Csv => csv::record(record),
            Self::Ocsf => ocsf::record(record),
            Self::Cef => cef::record(record),
        }
    }
}

impl Record {
    /// Of a line of the book. What cannot be read stands there as it is.
    pub fn of(written: &Written, leaf: Option<Leaf>) -> Self {
        let read = lenient(written.body.as_bytes(), &Limits::REPLY);
        let mut body = if let Ok(Value::Object(object)) = read {
            object
        } else {
            crate::object! { "unreadable" => written.body.as_str() }
        };
        body.remove("event");
        Self {
            seq: written.seq,
            at: written.at,
            call: written.call.as_ref().map(|call| call.as_str().to_owned()),
            event: written.event.clone(),
            body,
            leaf,
        }
    }
}
