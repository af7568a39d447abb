//! How are people told in Microsoft Teams?
//!
//! By a card that a flow of theirs posts: Teams gives out an address for it ("When a Teams webhook request is received"), and
//! whoever has the address can post, so it is a secret. The card says what the call would do and has one button, which opens
//! the call. It takes no answer: a card that came by a webhook cannot say who pressed a button. How a flow of one's own can
//! ask in Teams and answer over the interface stands in `examples/teams`.

pub mod card;

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use url::{Host, Url};

use super::template::line::line;
use super::webhook::pause;
use super::{Parcel, Went};
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::secret::Secret;

/// How long a flow may take to take a card.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters of what it says that are kept.
const SAID: usize = 200;

/// How a channel posts cards.
#[derive(Clone)]
pub struct TeamsOptions {
    /// The address of the flow: a secret.
    pub url: Secret,
    /// Whether it may stand in a private network.
    pub private: Private,
}

/// Posts cards.
pub struct Teams {
    url: Url,
    private: Private,
}

/// Why a channel cannot post cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TeamsFault {
    /// That is no address.
    #[error(
        "this is no https address; copy the one Teams shows under Workflows, \"When a Teams webhook request is received\""
    )]
    Address,
    /// Microsoft took these away.
    #[error(
        "this is the address of an Office 365 connector, and Microsoft has switched those off; make a flow under Workflows in \
         Teams, \"When a Teams webhook request is received\", and copy its address"
    )]
    Connector,
}

impl Teams {
    /// A channel with these options.
    pub fn new(options: &TeamsOptions) -> Result<Self, TeamsFault> {
        Ok(Self { url: checked(options.url.expose())?, private: options.private })
    }

    /// Posts a card.
    pub async fn deliver(&self, parcel: &Parcel) -> Went {
        let body = card::body(&parcel.message);
        let request = Request::post(self.url.as_str()).header(CONTENT_TYPE, "application/json").body(body.into_bytes());
        let Ok(request) = request else {
            return Went::Refused { why: "the address of the flow cannot be used".to_owned() };
        };
        match fetch(request, reach_of(&self.url, self.private), PATIENCE).await {
            Ok(response) => judged(&response),
            // What is wrong names the host and never the address.
            Err(fault) => Went::Later { why: line(&fault.to_string(), SAID), after: None },
        }
    }
}

/// The address, if cards can be posted to it.
pub fn checked(text: &str) -> Result<Url, TeamsFault> {
    let url = Url::parse(text.trim()).map_err(|_| TeamsFault::Address)?;
    let host = match url.host() {
        Some(Host::Domain(host)) => host.trim_end_matches('.').to_ascii_lowercase(),
        Some(_) => String::new(),
        None => return Err(TeamsFault::Address),
    };
    if host.ends_with("webhook.office.com") || host == "outlook.office.com" || host == "outlook.office365.com" {
        return Err(TeamsFault::Connector);
    }
    let local = url.host().is_some_and(|host| crate::address::names_this_machine(&host));
    let open = url.scheme() == "https" || url.scheme() == "http" && local;
    if open && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(TeamsFault::Address) }
}

fn judged(response: &Response<Vec<u8>>) -> Went {
    let status = response.status();
    let said = line(&String::from_utf8_lossy(response.body()), SAID);
    let words = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    match status {
        status if status.is_success() => Went::Taken { said: words },
        StatusCode::GONE => Went::Gone { why: format!("the flow is gone: {words}") },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Went::Later { why: words, after: pause(response) }
        }
        status if status.is_server_error() => Went::Later { why: words, after: pause(response) },
        StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Went::Later {
            after: None,
            why: format!(
                "{words}; the flow was removed, switched off or its address changed: copy it from Teams again"
            ),
        },
        _ => Went::Refused { why: words },
    }
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teams").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for TeamsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TeamsOptions").field("private", &self.private).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
