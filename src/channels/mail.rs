//! How are people told by letter?
//!
//! One letter for each delivery, to one address, with the same name however often it is tried, so that a second copy is
//! recognised as one; letters about one call stand together. It says what the call would do and leads to it; what would be
//! sent stands in no letter. Where the operator said that a link is enough, and the address is a listed person's, the link
//! answers with the code beside it ([`link`](super::link)).
//!
//! The server is reached under its own name and only where the operator let it be; what it offers less than it was asked for
//! ends the attempt, and a password never leaves without TLS, but on this machine.

pub mod letter;
mod smtp;

use std::fmt;
use std::sync::Arc;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message as Mime};
use url::Url;

use self::letter::{Letter, Way};
use super::link::LinkRule;
use super::link::kept::{Leads, Links};
use super::notice::What;
use super::template::line::line;
use super::{Parcel, Went};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::downstream::http::guard::{Private, Reach, reach_of};
use crate::secret::Secret;

/// Calls of one letter that have links of their own.
const MOST_LINKS: usize = 20;

/// How a channel sends letters.
#[derive(Clone)]
pub struct MailOptions {
    /// The server: a name or an address.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// Who we are there, and how we prove it.
    pub login: Option<(String, Secret)>,
    /// Who the letters are from.
    pub from: String,
    /// How bad a call may be at most for a link in a letter to be enough.
    pub link_is_enough: LinkRule,
    /// Whether the server may stand in a private network.
    pub private: Private,
    /// Who else may vouch for the server's name: certificates as PEM.
    pub authority: Option<String>,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS after the first words, and never without.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Openly; on this machine only.
    None,
}

/// Who has an address, by their name in the list.
pub type Whose = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Sends letters.
pub struct Mail {
    options: MailOptions,
    from: Mailbox,
    server: Url,
    links: Links,
    whose: Whose,
}

/// Why a channel cannot send letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// Nobody can be written from there.
    #[error("`{0}` is no address letters can be from; write `Countersign <countersign@example.com>`")]
    From(String),
    /// That is no host.
    #[error("`{0}` is no name of a mail server; write `smtp.example.com`")]
    Server(String),
}

impl Mail {
    /// A channel with these options, links made by these, and addresses looked up by this.
    pub fn new(options: MailOptions, links: Links, whose: Whose) -> Result<Self, MailFault> {
        let from = options.from.parse().map_err(|_| MailFault::From(line(&options.from, 200)))?;
        let bad = || MailFault::Server(line(&options.server, 200));
        let server = Url::parse(&format!("https://{}:{}/", options.server, options.port)).map_err(|_| bad())?;
        let plain = server.path() == "/" && server.username().is_empty() && server.query().is_none();
        if !plain || server.host().is_none() || options.server.contains(['/', '@', '#', '?']) {
            return Err(bad());
        }
        Ok(Self { options, from, server, links, whose })
    }

    /// Sends a letter.
    pub async fn deliver(&self, parcel: &Parcel) -> Went {
        let to: Address = match parcel.to.parse() {
            Ok(to) => to,
            Err(_) => return Went::Refused { why: format!("`{}` is no mail address", line(&parcel.to, 200)) },
        };
        let ways = self.ways(parcel).await;
        match self.written(parcel, to, &ways) {
            Ok(mime) => smtp::send(self, mime.envelope(), &mime.formatted()).await,
            Err(error) => Went::Refused { why: format!("the letter could not be written: {error}") },
        }
    }

    /// Where the letter leads, for each call it is about.
    async fn ways(&self, parcel: &Parcel) -> Vec<Way> {
        let message = &parcel.message;
        let asks = message.what.asks() || message.what == What::Many;
        let person = if asks { (self.whose)(&parcel.to) } else { None };
        let mut ways = Vec::with_capacity(message.matters.len());
        for (place, matter) in message.matters.iter().enumerate() {
            let person = person.as_deref().filter(|_| place < MOST_LINKS);
            ways.push(match self.links.lead(matter, person, parcel.now).await {
                Leads::Nowhere => Way::None,
                Leads::ToCall(page) => Way::Page(page),
                Leads::ToAnswer { url, code } => Way::Answer { url, code },
            });
        }
        ways
    }

    fn written(&self, parcel: &Parcel, to: Address, ways: &[Way]) -> Result<Mime, lettre::error::Error> {
        let Letter { subject, text, html } = Letter::of(&parcel.message, ways);
        let named = |what: &str, name: &str| {
            let digest = hex(Digest::of_bytes(what, name.as_bytes()).as_bytes());
            format!("<{}@{}>", digest.get(..32).unwrap_or_default(), self.from.email.domain())
        };
        let mut builder = Mime::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .date(sent(parcel.now))
            .message_id(Some(named("letter", &parcel.id)))
            .header(AutoSubmitted)
            .subject(subject);
        if let Some(matter) = parcel.message.matter() {
            let thread = named("call", &matter.id);
            builder = builder.in_reply_to(thread.clone()).references(thread);
        }
        builder.multipart(MultiPart::alternative_plain_html(text, html))
    }

    fn reach(&self) -> Reach {
        reach_of(&self.server, self.options.private)
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for MailOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, port, tls, .. } = self;
        f.debug_struct("MailOptions")
            .field("server", server)
            .field("port", port)
            .field("tls", tls)
            .finish_non_exhaustive()
    }
}

/// Nobody's absence answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn sent(at: Timestamp) -> std::time::SystemTime {
    let since = std::time::Duration::from_millis(at.millis());
    std::time::UNIX_EPOCH.checked_add(since).unwrap_or(std::time::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
