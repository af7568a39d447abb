//! Where does one message of an agent end and the next begin? Lines, and none without end.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// The line, without its end.
    Line(Vec<u8>),
    /// A line that was longer than the limit; it was skipped to its end without being kept.
    TooLong,
}

/// Reads lines.
#[derive(Debug)]
pub struct Frames<R> {
    from: BufReader<R>,
    limit: usize,
    kept: Vec<u8>,
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Lines from this source.
    pub fn new(from: R, limit: usize) -> Self {
        Self { from: BufReader::with_capacity(64 << 10, from), limit, kept: Vec::new(), skipping: false }
    }

    /// The next line, or nothing at the end. May be given up half way and called again.
    pub async fn next(&mut self) -> std::io::Result<Option<Frame>> {
        loop {
            let chunk = self.from.fill_buf().await?;
            if chunk.is_empty() {
                let rest = std::mem::take(&mut self.kept);
                return Ok((!rest.is_empty() && !self.skipping).then_some(Frame::Line(rest)));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if self.kept.len().saturating_add(part.len()) > self.limit {
                self.skipping = true;
                self.kept = Vec::new();
            }
            if !self.skipping {
                self.kept.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(end.is_some()));
            self.from.consume(used);
            if end.is_some() {
                if std::mem::take(&mut self.skipping) {
                    return Ok(Some(Frame::TooLong));
                }
                return Ok(Some(Frame::Line(std::mem::take(&mut self.kept))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_without_end_is_skipped_and_the_next_is_read() {
        let text = format!("one\n{}\ntwo\nthree", "x".repeat(1000));
        let mut frames = Frames::new(text.as_bytes(), 100);
        let mut read = Vec::new();
        while let Some(frame) = frames.next().await.unwrap() {
            read.push(frame);
        }
        let line = |text: &str| Frame::Line(text.into());
        assert_eq!(read, [line("one"), Frame::TooLong, line("two"), line("three")]);
    }
}
