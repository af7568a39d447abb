//! Where does one message end and the next begin, on a pipe? Lines of JSON, never longer than a limit.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::message::{Id, Message};
use super::reader::{self, Limits};

/// One line a server wrote.
#[derive(Debug)]
pub enum Line {
    /// A JSON-RPC message.
    Message(Message),
    /// Something else: banners, prints meant for a terminal, broken messages.
    Noise(Noise),
}

/// A line that is not a message.
#[derive(Debug)]
pub struct Noise {
    /// Why it is none.
    pub why: String,
    /// The id it names, if that much could be read.
    pub id: Option<Id>,
    /// Whether it was at least meant as a message.
    pub meant: Meant,
}

/// What a line that is not a message was probably meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It has the looks of JSON-RPC.
    Message,
    /// Words for a person.
    Words,
}

/// Why no more lines come.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// A line beyond the limit: what follows cannot be told apart from its rest.
    #[error("it sent a line of more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The pipe broke.
    #[error("its output broke: {0}")]
    Io(#[from] std::io::Error),
}

/// Reads lines; keeps what it has when a read is given up halfway.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the unread part of the buffer begins.
    start: usize,
    /// How far we looked for a line end without finding one.
    looked: usize,
}

const CHUNK: usize = 16 << 10;
const KEEP: usize = 256 << 10;

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines from this source, no longer than `limits.bytes`.
    pub const fn new(from: R, limits: Limits) -> Self {
        Self { from, limits, buffer: Vec::new(), start: 0, looked: 0 }
    }

    /// The next line that is not empty, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Line>, Cut> {
        loop {
            let rest = self.buffer.get(self.looked..).unwrap_or_default();
            if let Some(found) = rest.iter().position(|byte| *byte == b'\n') {
                let end = self.looked.saturating_add(found);
                let line = self.buffer.get(self.start..end).unwrap_or_default().trim_ascii();
                let read = (!line.is_empty()).then(|| read_line(line, &self.limits));
                self.start = end.saturating_add(1);
                self.looked = self.start;
                match read {
                    Some(line) => return Ok(Some(line)),
                    None => continue,
                }
            }
            self.looked = self.buffer.len();
            if self.looked.saturating_sub(self.start) > self.limits.bytes {
                return Err(Cut::TooLong { limit: self.limits.bytes });
            }
            self.make_room();
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                let line = self.buffer.get(self.start..).unwrap_or_default().trim_ascii();
                let read = (!line.is_empty()).then(|| read_line(line, &self.limits));
                self.buffer.clear();
                (self.start, self.looked) = (0, 0);
                return Ok(read);
            }
        }
    }

    /// Reads and forgets whatever still comes. A peer whose output nobody takes any more would fail over its last words.
    pub async fn drain(mut self) {
        self.buffer.clear();
        while matches!(self.from.read_buf(&mut self.buffer).await, Ok(1..)) {
            self.buffer.clear();
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.looked = self.looked.saturating_sub(self.start);
            self.start = 0;
            if self.buffer.capacity() > KEEP {
                self.buffer.shrink_to(self.buffer.len().max(CHUNK));
            }
        }
        self.buffer.reserve(CHUNK);
    }
}

fn read_line(line: &[u8], limits: &Limits) -> Line {
    let noise = |why: String, id| {
        let looks = line.starts_with(b"{") && line.windows(9).any(|bytes| bytes == b"\"jsonrpc\"");
        Line::Noise(Noise { why, id, meant: if looks { Meant::Message } else { Meant::Words } })
    };
    match reader::lenient(line, limits) {
        Err(malformed) => noise(malformed.to_string(), None),
        Ok(value) => match Message::from_value(value, false) {
            Ok(message) => Line::Message(message),
            Err((id, why)) => noise(why.to_string(), id),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8], limits: Limits) -> Vec<Result<Line, Cut>> {
        let mut lines = Lines::new(text, limits);
        let mut found = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => found.push(Ok(line)),
                Ok(None) => return found,
                Err(cut) => {
                    found.push(Err(cut));
                    return found;
                }
            }
        }
    }

    #[tokio::test]
    async fn banners_are_told_apart_from_broken_messages() {
        let text = b"Server running on stdio\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\r\n\
            {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{},\"error\":1}\n{\"jsonrpc\":\"2.0\",\"method\":\"last\"}";
        let lines = all(text, Limits::REPLY).await;
        assert_eq!(lines.len(), 4);
        assert!(matches!(&lines[0], Ok(Line::Noise(Noise { meant: Meant::Words, id: None, .. }))));
        assert!(matches!(&lines[1], Ok(Line::Message(Message::Response(_)))));
        assert!(matches!(&lines[2], Ok(Line::Noise(Noise { meant: Meant::Message, id: Some(_), .. }))));
        assert!(matches!(&lines[3], Ok(Line::Message(Message::Notification(last))) if last.method == "last"));
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut_at_the_limit() {
        // PRO-17: the reader stops within one chunk of the limit however much is still coming.
        let limits = Limits { bytes: 64 << 10, ..Limits::REPLY };
        let mut lines = Lines::new(tokio::io::repeat(b'x'), limits);
        assert!(matches!(lines.next().await, Err(Cut::TooLong { limit }) if limit == 64 << 10));
        assert!(lines.buffer.capacity() <= 256 << 10);
    }
}
