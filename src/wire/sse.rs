//! What do the lines of an event stream say? Server-sent events, written and read by the rules of the WHATWG.
//!
//! Data stays bytes: whoever reads the JSON in it refuses what is not UTF-8, where the browser's rule would quietly
//! replace it. An event without an end is cut at [`LIMIT`]: a peer must not fill our memory.

use std::time::Duration;

/// The largest event that is read: line, data and name together.
pub const LIMIT: usize = 16 << 20;

/// One event that has arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The kind; none means `message`.
    pub name: Option<String>,
    /// The lines of data, joined by line feeds.
    pub data: Vec<u8>,
}

/// An event grew past the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one event of the stream is larger than {0} bytes")]
pub struct TooLarge(pub usize);

/// Reads events from bytes as they come, however they are cut.
#[derive(Clone, Debug)]
pub struct Decoder {
    limit: usize,
    line: Vec<u8>,
    at: Place,
    name: String,
    data: Vec<u8>,
    id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first line, where a byte order mark may stand.
    Start,
    /// Inside or at the start of a line.
    Line,
    /// After a carriage return: a line feed that follows belongs to it.
    Return,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl Decoder {
    /// A decoder that refuses events beyond this many bytes.
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            at: Place::Start,
            name: String::new(),
            data: Vec::new(),
            id: None,
            last_id: None,
            retry: None,
        }
    }

    /// Takes the next bytes and adds the events they complete to `events`, in order.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), TooLarge> {
        while !bytes.is_empty() {
            if self.at == Place::Return {
                self.at = Place::Line;
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let Some((text, rest)) = bytes.split_at_checked(end.unwrap_or(bytes.len())) else { break };
            if self.line.len().saturating_add(self.data.len()).saturating_add(text.len()) > self.limit {
                return Err(TooLarge(self.limit));
            }
            self.line.extend_from_slice(text);
            let Some((stop, rest)) = rest.split_first() else { break };
            bytes = rest;
            let line = std::mem::take(&mut self.line);
            self.take_line(&line, events);
            self.at = if *stop == b'\r' { Place::Return } else { Place::Line };
            // The buffer is kept for the next line, unless one long line would hold its memory for ever.
            if line.capacity() <= 64 << 10 {
                self.line = line;
                self.line.clear();
            }
        }
        Ok(())
    }

    /// The id to resume after, if the stream gave one.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    /// How long the peer asks to wait before a new connection.
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// A new connection continues this stream: what was half read is gone, the id and the pause stay.
    pub fn reconnect(&mut self) {
        *self = Self { last_id: self.last_id.take(), retry: self.retry, ..Self::with_limit(self.limit) };
        self.id.clone_from(&self.last_id);
    }

    fn take_line(&mut self, line: &[u8], events: &mut Vec<Event>) {
        let line = match self.at {
            Place::Start => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
            Place::Line | Place::Return => line,
        };
        if line.is_empty() {
            return self.dispatch(events);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':').and_then(|at| line.split_at_checked(at)) {
            Some((field, value)) => {
                let value = value.strip_prefix(b":").unwrap_or(value);
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.id = Some(String::from_utf8_lossy(value).into_owned()),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            // Comments begin with the colon, so their field is empty; unknown fields are ignored by rule.
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        self.last_id.clone_from(&self.id);
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_none() {
            return;
        }
        events.push(Event { name: Some(name).filter(|name| !name.is_empty()), data });
    }
}

/// Writes one event. Line ends inside the data become several data lines; names and ids keep to one line.
pub fn event(name: Option<&str>, id: Option<&str>, data: &str, out: &mut String) {
    out.reserve(data.len().saturating_add(16));
    if let Some(name) = name {
        field("event", name, out);
    }
    if let Some(id) = id {
        field("id", id, out);
    }
    for line in lines(data) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
}

/// Writes a comment, which keeps a quiet connection open and means nothing.
pub fn comment(text: &str, out: &mut String) {
    for line in lines(text) {
        out.push_str(": ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
}

/// Writes how long the peer shall wait before it connects again.
pub fn retry(pause: Duration, out: &mut String) {
    field("retry", &pause.as_millis().to_string(), out);
    out.push('\n');
}

fn field(name: &str, value: &str, out: &mut String) {
    out.push_str(name);
    out.push_str(": ");
    out.extend(value.chars().filter(|sign| !matches!(sign, '\n' | '\r' | '\0')));
    out.push('\n');
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

#[cfg(test)]
mod tests;
