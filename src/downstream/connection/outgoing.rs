//! Did it leave the gateway? One writer per connection, which never sends what was given up before its turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::{Ending, Shared};

/// A line on its way to the server.
#[derive(Debug)]
pub(super) struct Outgoing {
    line: String,
    ticket: Option<Arc<Ticket>>,
}

impl Outgoing {
    /// A request, which its caller may still withdraw.
    pub(super) const fn request(line: String, ticket: Arc<Ticket>) -> Self {
        Self { line, ticket: Some(ticket) }
    }

    /// Anything else.
    pub(super) const fn line(line: String) -> Self {
        Self { line, ticket: None }
    }
}

/// Whether a request has begun to leave. Exactly one of writer and caller wins.
#[derive(Debug, Default)]
pub(super) struct Ticket(AtomicU8);

const WAITING: u8 = 0;
const LEAVING: u8 = 1;
const WITHDRAWN: u8 = 2;

impl Ticket {
    fn leave(&self) -> bool {
        self.0.compare_exchange(WAITING, LEAVING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// True if the request has not left and now never will.
    pub(super) fn withdraw(&self) -> bool {
        !matches!(self.0.compare_exchange(WAITING, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire), Err(LEAVING))
    }
}

/// Lines that are there together are written together, up to this much.
const TOGETHER: usize = 64 << 10;

/// Writes until the connection is gone. Then the pipe is closed, which tells the server to end.
pub(super) async fn write<W: AsyncWrite + Unpin>(shared: Arc<Shared>, mut queue: mpsc::Receiver<Outgoing>, mut to: W) {
    let written = tokio::select! {
        biased;
        () = shared.gone.cancelled() => Ok(()),
        written = write_on(&mut queue, &mut to) => written,
    };
    if let Err(error) = written {
        shared.end(&format!("it no longer reads its input: {error}"), Ending::Death);
    } else if let Err(error) = to.shutdown().await {
        tracing::debug!(server = %shared.name, %error, "the server's input was closed already");
    }
}

/// Writes until nobody has anything to say any more.
async fn write_on<W: AsyncWrite + Unpin>(queue: &mut mpsc::Receiver<Outgoing>, to: &mut W) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(next) = queue.recv().await {
        buffer.clear();
        append(next, &mut buffer);
        while buffer.len() < TOGETHER
            && let Ok(more) = queue.try_recv()
        {
            append(more, &mut buffer);
        }
        to.write_all(&buffer).await?;
        to.flush().await?;
        if buffer.capacity() > TOGETHER.saturating_mul(4) {
            buffer = Vec::new();
        }
    }
    Ok(())
}

fn append(outgoing: Outgoing, buffer: &mut Vec<u8>) {
    if outgoing.ticket.is_none_or(|ticket| ticket.leave()) {
        buffer.extend_from_slice(outgoing.line.as_bytes());
        buffer.push(b'\n');
    }
}
