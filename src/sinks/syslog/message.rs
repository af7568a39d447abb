//! What is a message of RFC 5424?
//!
//! `<priority>1 time host app process event [meta sequenceId="n"] record`. The record is one line whatever its words say, and
//! the header holds only characters that may stand there.

use crate::audit::export::{Record, severity};

/// Log audit.
const FACILITY: u64 = 13;
/// Sequence numbers go up to here, and begin anew.
const LARGEST: i64 = 2_147_483_647;
/// No name of a host, and of an event, is longer.
const HOST: usize = 255;
const EVENT: usize = 32;

/// Who speaks.
#[derive(Clone, Debug)]
pub(super) struct Names {
    host: String,
    process: u32,
}

impl Names {
    pub(super) fn of_this_machine() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { host: printable(host.trim(), HOST), process: std::process::id() }
    }
}

/// One message, without what is around it on the line.
pub(super) fn message(names: &Names, record: &Record, text: &str) -> String {
    // From what is only to be known, six, to what is critical, two.
    let priority = FACILITY.saturating_mul(8).saturating_add(7_u64.saturating_sub(severity(record)).max(2));
    let sequence = record.seq.rem_euclid(LARGEST).max(1);
    let Names { host, process } = names;
    let event = printable(&record.event, EVENT);
    let text = text.trim_end();
    format!("<{priority}>1 {} {host} countersign {process} {event} [meta sequenceId=\"{sequence}\"] {text}", record.at)
}

/// The same with its length before it, as it stands on a connection.
pub(super) fn counted(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// Only what may stand in a header; nothing is a dash.
fn printable(text: &str, most: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::export::Format;
    use crate::clock::Timestamp;

    #[test]
    fn a_message_is_what_the_standard_says_whatever_the_words_say() {
        // AUD-14
        let names = Names { host: "gate way\n1".to_owned(), process: 7 };
        let names = Names { host: printable(&names.host, HOST), ..names };
        let record = Record {
            seq: 41,
            at: Timestamp::from_micros(1_795_262_400_123_456),
            call: None,
            event: "fault".to_owned(),
            body: crate::object! { "what" => "a\n<34>1 - - - - - - forged\r\u{1b}[2J" },
            leaf: None,
        };
        let said = message(&names, &record, &Format::Jsonl.record(&record));
        let head = "<107>1 2026-11-21T12:00:00.123Z gateway1 countersign 7 fault [meta sequenceId=\"41\"] {\"seq\":41,";
        assert!(said.starts_with(head), "{said}");
        assert!(!said.chars().any(char::is_control), "{said:?}");
        let counted = counted(&said);
        let (length, rest) = counted.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), rest.len());
    }

    #[test]
    fn how_bad_it_is_decides_the_priority() {
        let of = |event: &str| Record {
            seq: 1,
            at: Timestamp::from_micros(0),
            call: None,
            event: event.to_owned(),
            body: crate::object! {},
            leaf: None,
        };
        let names = Names { host: "-".to_owned(), process: 1 };
        for (event, priority) in [("listed", "<110>1 "), ("refused", "<108>1 "), ("fault", "<107>1 ")] {
            assert!(message(&names, &of(event), "").starts_with(priority), "{event}");
        }
    }
}
