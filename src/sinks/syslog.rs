//! How does a collector take messages that nobody answers?
//!
//! RFC 5424. On a connection each message is counted (RFC 6587, RFC 5425); a datagram is a message. Nothing in this protocol says
//! that a message arrived: told is what the system has taken from us. Who needs more takes TLS to a collector that keeps what
//! it gets, or another kind of sink.

mod message;

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};
use url::Url;

use self::message::{Names, counted, message};
use super::{Told, Wire};
use crate::address::{Kind, ip_kind};
use crate::downstream::http::fetch::secure;
use crate::downstream::http::guard::{self, Private, Reach};

/// A connection to one collector, or none at the moment.
pub(super) struct Line {
    to: Wire,
    private: Private,
    names: Names,
    open: Option<Open>,
}

enum Open {
    Stream(Box<dyn Stream>),
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Line {
    pub(super) fn new(to: Wire, private: Private) -> Self {
        Self { to, private, names: Names::of_this_machine(), open: None }
    }

    /// The next message goes over a new connection.
    pub(super) fn hang_up(&mut self) {
        self.open = None;
    }

    pub(super) async fn write(&mut self, told: &[Told]) -> Result<(), String> {
        if self.is_gone().await {
            self.hang_up();
        }
        // Taken out while it is used: whoever gives up in between has no half message on an open line.
        let mut open = match self.open.take() {
            Some(open) => open,
            None => connect(&self.to.clone(), self.private).await?,
        };
        let messages = told.iter().map(|told| message(&self.names, &told.record, &told.text));
        match &mut open {
            Open::Stream(stream) => {
                let bytes: String = messages.map(|message| counted(&message)).collect();
                stream.write_all(bytes.as_bytes()).await.map_err(|error| error.to_string())?;
                stream.flush().await.map_err(|error| error.to_string())?;
            }
            Open::Udp(socket) => {
                for message in messages {
                    socket.send(message.as_bytes()).await.map_err(|error| error.to_string())?;
                }
            }
            Open::Unix(socket) => {
                for message in messages {
                    socket.send(message.as_bytes()).await.map_err(|error| error.to_string())?;
                }
            }
        }
        self.open = Some(open);
        Ok(())
    }

    /// Whether the other side has closed the connection since: what is written then is lost, and nobody says so.
    async fn is_gone(&mut self) -> bool {
        let Some(Open::Stream(stream)) = &mut self.open else { return false };
        let mut byte = [0_u8; 64];
        tokio::select! {
            biased;
            read = stream.read(&mut byte) => !matches!(read, Ok(1..)),
            () = std::future::ready(()) => false,
        }
    }
}

async fn connect(to: &Wire, private: Private) -> Result<Open, String> {
    match to {
        Wire::Unix(path) => {
            let socket = UnixDatagram::unbound().map_err(|error| error.to_string())?;
            socket.connect(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(Open::Unix(socket))
        }
        Wire::Tls(host, port, pin) => {
            let url = Url::parse(&format!("https://{host}:{port}/")).map_err(|error| error.to_string())?;
            let reach = guard::reach_of(&url, private);
            let stream = secure(&url, *pin, reach).await.map_err(|fault| fault.to_string())?;
            Ok(Open::Stream(Box::new(stream)))
        }
        Wire::Tcp(host, port) => {
            let mut why = format!("{host} has no address");
            for address in inside(host, *port, private).await? {
                match TcpStream::connect(address).await {
                    Ok(stream) => return Ok(Open::Stream(Box::new(stream))),
                    Err(error) => why = format!("no connection to {address}: {error}"),
                }
            }
            Err(why)
        }
        Wire::Udp(host, port) => {
            let address = inside(host, *port, private).await?.into_iter().next();
            let address = address.ok_or_else(|| format!("{host} has no address"))?;
            let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
            let socket = UdpSocket::bind(any).await.map_err(|error| error.to_string())?;
            socket.connect(address).await.map_err(|error| error.to_string())?;
            Ok(Open::Udp(socket))
        }
    }
}

/// The addresses of a collector that is spoken to openly. Everybody on the way reads that, so it never leaves the inside.
async fn inside(host: &str, port: u16, private: Private) -> Result<Vec<SocketAddr>, String> {
    let name = Url::parse(&format!("http://{host}:{port}/")).map_err(|error| error.to_string())?;
    let reach = guard::reach_of(&name, private);
    let host = name.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|error| format!("{host} cannot be resolved: {error}"))?.collect();
    guard::check(found.iter().map(SocketAddr::ip), reach)
        .map_err(|(address, why)| format!("{host} leads to {address}: {why}"))?;
    if reach == Reach::Public || found.iter().any(|address| ip_kind(address.ip()) == Kind::Public) {
        return Err(format!("{host} is not inside, and the record is not sent there without TLS; write tls://"));
    }
    Ok(found)
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("to", &self.to).finish_non_exhaustive()
    }
}
