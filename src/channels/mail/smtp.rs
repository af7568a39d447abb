//! How does a letter reach the mail server?
//!
//! The name is resolved once, everything it leads to is looked at, and the connection is made to one of these very addresses.
//! Then TLS with a certificate for the name, then the password, then the letter. What breaks off may have arrived: the letter
//! is sent again under the same name.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use url::Host;

use super::{Mail, Tls};
use crate::channels::Went;
use crate::channels::template::line::line;
use crate::downstream::http::guard;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one connection may take.
const PATIENCE_EACH: Duration = Duration::from_secs(8);
/// Characters of what a server says that are kept.
const SAID: usize = 200;

/// Why a letter did not go.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Here(String),
    #[error("{0}")]
    Never(String),
    #[error(transparent)]
    There(#[from] Error),
}

/// Sends a letter.
pub(super) async fn send(mail: &Mail, envelope: &Envelope, letter: &[u8]) -> Went {
    match tokio::time::timeout(PATIENCE, Box::pin(sent(mail, envelope, letter))).await {
        Ok(Ok(response)) => Went::Taken { said: line(&told(&response), SAID) },
        Ok(Err(Broken::There(error))) if error.is_permanent() => Went::Refused { why: why(&error) },
        Ok(Err(Broken::There(error))) => Went::Later { why: why(&error), after: None },
        Ok(Err(Broken::Never(why))) => Went::Refused { why },
        Ok(Err(Broken::Here(why))) => Went::Later { why, after: None },
        Err(_) => {
            Went::Later { why: format!("the mail server did not take the letter within {PATIENCE:?}"), after: None }
        }
    }
}

async fn sent(mail: &Mail, envelope: &Envelope, letter: &[u8]) -> Result<Response, Broken> {
    let options = &mail.options;
    let addresses = resolved(mail).await?;
    if options.tls == Tls::None && !addresses.iter().all(|address| address.ip().is_loopback()) {
        let why = "`tls = \"none\"` is for a mail server on this machine only; write `starttls` or `tls`";
        return Err(Broken::Never(why.to_owned()));
    }
    let hello = ClientId::Domain(mail.from.email.domain().to_owned());
    let implicit = if options.tls == Tls::Implicit { Some(parameters(mail)?) } else { None };
    let mut connection = connected(&addresses, &hello, implicit).await?;
    if options.tls == Tls::Starttls {
        if !connection.can_starttls() {
            connection.abort().await;
            let why =
                "the mail server offers no TLS, so nothing was sent; it must offer STARTTLS, or take `tls = \"tls\"`";
            return Err(Broken::Here(why.to_owned()));
        }
        connection.starttls(parameters(mail)?, &hello).await?;
    }
    if let Some((user, password)) = &options.login {
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        // A password that is changed here and there at different times says nothing of the letter.
        let login = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        login.map_err(|error| Broken::Here(why(&error)))?;
    }
    let response = connection.send(envelope, letter).await?;
    // It has the letter; how it says goodbye is its own affair.
    drop(connection.quit().await);
    Ok(response)
}

async fn resolved(mail: &Mail) -> Result<Vec<SocketAddr>, Broken> {
    let port = mail.options.port;
    let addresses: Vec<SocketAddr> = match mail.server.host() {
        Some(Host::Ipv4(address)) => vec![SocketAddr::new(address.into(), port)],
        Some(Host::Ipv6(address)) => vec![SocketAddr::new(address.into(), port)],
        Some(Host::Domain(name)) => match tokio::net::lookup_host((name, port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => return Err(Broken::Here(format!("{name} cannot be resolved: {error}"))),
        },
        None => Vec::new(),
    };
    guard::check(addresses.iter().map(SocketAddr::ip), mail.reach())
        .map_err(|(address, why)| Broken::Never(format!("the mail server leads to {address}: {why}")))?;
    Ok(addresses)
}

async fn connected(
    addresses: &[SocketAddr],
    hello: &ClientId,
    tls: Option<TlsParameters>,
) -> Result<AsyncSmtpConnection, Broken> {
    let mut why = Broken::Here("the mail server has no address".to_owned());
    for address in addresses {
        match AsyncSmtpConnection::connect_tokio1(*address, Some(PATIENCE_EACH), hello, tls.clone(), None).await {
            Ok(connection) => return Ok(connection),
            Err(error) => why = error.into(),
        }
    }
    Err(why)
}

fn parameters(mail: &Mail) -> Result<TlsParameters, Broken> {
    let name = match mail.server.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(Broken::Never("the mail server has no name".to_owned())),
    };
    let builder = TlsParameters::builder(name);
    let builder = match &mail.options.authority {
        Some(pem) => builder.add_root_certificate(Certificate::from_pem(pem.as_bytes())?),
        None => builder,
    };
    Ok(builder.build_rustls()?)
}

fn told(response: &Response) -> String {
    format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "))
}

fn why(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        let more = source.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = source.source();
    }
    format!("the mail server: {}", line(&words, SAID))
}
