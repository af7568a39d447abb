//! How is a connection made? Name to checked addresses, to a stream, to TLS; nothing of a request leaves here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::fault::HttpFault;
use super::guard::{self, Reach};

/// How long a connection may take, all addresses and TLS together.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one of several addresses may take.
const PATIENCE_EACH: Duration = Duration::from_secs(4);

/// Where to, and how far inside that may be.
pub(super) struct Dialer {
    host: Host<String>,
    port: u16,
    reach: Reach,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Bytes to and from the server.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Dialer {
    /// A dialer for the origin of a URL.
    pub(super) fn new(url: &Url, reach: Reach, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self, HttpFault> {
        let bad = |why: &str| HttpFault::Options(why.to_owned());
        let host = url.host().ok_or_else(|| bad("its URL names no host"))?.to_owned();
        let port = url.port_or_known_default().ok_or_else(|| bad("its URL names no port"))?;
        let tls = match tls {
            None => None,
            Some(config) => {
                let name = match &host {
                    Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
                        .map_err(|_| bad("its host name cannot stand in a certificate"))?,
                    Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
                    Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
                };
                Some((TlsConnector::from(config), name))
            }
        };
        Ok(Self { host, port, reach, tls })
    }

    /// A fresh connection.
    pub(super) async fn dial(&self) -> Result<Stream, HttpFault> {
        match tokio::time::timeout(PATIENCE, self.connect()).await {
            Ok(result) => result.map_err(HttpFault::NotSent),
            Err(_) => Err(HttpFault::NotSent(format!("{} does not answer within {PATIENCE:?}", self.host))),
        }
    }

    async fn connect(&self) -> Result<Stream, String> {
        let addresses = self.resolve().await?;
        guard::check(addresses.iter().map(SocketAddr::ip), self.reach)
            .map_err(|(address, why)| format!("{} leads to {address}: {why}", self.host))?;
        let mut why = format!("{} has no address", self.host);
        for address in addresses {
            match tokio::time::timeout(PATIENCE_EACH, connect(address)).await {
                Ok(Ok(stream)) => return self.encrypt(stream).await,
                Ok(Err(error)) => why = format!("no connection to {address}: {error}"),
                Err(_) => why = format!("no connection to {address} within {PATIENCE_EACH:?}"),
            }
        }
        Err(why)
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, String> {
        match &self.host {
            Host::Ipv4(address) => Ok(vec![SocketAddr::new(IpAddr::V4(*address), self.port)]),
            Host::Ipv6(address) => Ok(vec![SocketAddr::new(IpAddr::V6(*address), self.port)]),
            Host::Domain(name) => match tokio::net::lookup_host((name.as_str(), self.port)).await {
                Ok(addresses) => Ok(addresses.collect()),
                Err(error) => Err(format!("{name} cannot be resolved: {error}")),
            },
        }
    }

    async fn encrypt(&self, stream: TcpStream) -> Result<Stream, String> {
        let Some((connector, name)) = &self.tls else { return Ok(Stream::Plain(stream)) };
        match connector.connect(name.clone(), stream).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => Err(format!("no TLS with {}: {error}", self.host)),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    socket.set_keepalive(true)?;
    socket.connect(address).await
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
