//! How is a session with a remote server opened, whatever it speaks? One way, and if that is refused the other.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Remote;
use super::ear::Ear;
use crate::downstream::asking::{ClientProfile, FromServer};
use crate::downstream::handshake::{self, Hello, Refusal};
use crate::downstream::http::{HttpFault, HttpServer, Turn};
use crate::downstream::questions::Questions;
use crate::downstream::sink::Sink;
use crate::downstream::speech::{Opening, Other};
use crate::wire::era::{self, Era, Sender, version};
use crate::wire::headers::Routing;
use crate::wire::json::Object;
use crate::wire::message::{Answer, Request};

/// How long a handshake may take.
const STARTUP: Duration = Duration::from_secs(30);

/// A session, and the way the server turned out not to speak.
#[derive(Debug)]
pub(in crate::downstream) struct Opened {
    pub(in crate::downstream) remote: Remote,
    pub(in crate::downstream) refused: Option<Era>,
}

impl Remote {
    /// Opens a session for this client, or says for a person why not.
    pub(in crate::downstream) async fn open(
        name: &Arc<str>,
        http: &Arc<HttpServer>,
        profile: Arc<ClientProfile>,
        events: mpsc::Sender<FromServer>,
        opening: Opening,
    ) -> Result<Opened, String> {
        let (hello, session, refused) = shake_hands(http, &profile, opening).await?;
        let declared = (hello.era == Era::Legacy).then(|| {
            let client = Era::of(&profile.protocol).unwrap_or(Era::Legacy);
            era::capabilities_for_legacy_server(client, &profile.capabilities)
        });
        let ear = Ear {
            name: name.clone(),
            http: http.clone(),
            protocol: hello.protocol.clone(),
            declared,
            session: Mutex::new(session.map(Into::into)),
            questions: Questions::default(),
            sink: Arc::new(Sink::new(events)),
        };
        let remote = Self {
            ear: Arc::new(ear),
            hello,
            profile,
            next: AtomicU64::new(1),
            reopening: tokio::sync::Mutex::new(()),
            ended: CancellationToken::new(),
        };
        if remote.hello.era == Era::Legacy {
            remote.begin().await?;
        }
        Ok(Opened { remote, refused })
    }
}

/// What the server said of itself, the session it opened, and the way it refused.
type Hands = (Hello, Option<String>, Option<Era>);

async fn shake_hands(http: &HttpServer, profile: &ClientProfile, opening: Opening) -> Result<Hands, String> {
    let Opening { first, other } = opening;
    let refusal = match one_way(http, profile, first).await {
        Ok((hello, session)) => return Ok((hello, session, None)),
        Err(refusal) => refusal,
    };
    // Said to `initialize`, the same error only means that the server is modern, and the other way is still to be tried.
    if first == Era::Modern
        && let Some(why) = handshake::is_modern(&refusal)
    {
        return Err(why);
    }
    let words = refusal.in_words();
    // A server that cannot be reached cannot be reached the other way either.
    if other == Other::Known || matches!(refusal, Refusal::Unreached(_)) {
        return Err(words);
    }
    let second = match first {
        Era::Legacy => Era::Modern,
        Era::Modern => Era::Legacy,
    };
    match one_way(http, profile, second).await {
        Ok((hello, session)) => Ok((hello, session, Some(first))),
        // Most servers are legacy: what they say to `initialize` tells more.
        Err(_) if first == Era::Legacy => Err(words),
        Err(refusal) => Err(refusal.in_words()),
    }
}

async fn one_way(http: &HttpServer, profile: &ClientProfile, era: Era) -> Result<(Hello, Option<String>), Refusal> {
    match era {
        Era::Legacy => initialize(http, profile).await,
        Era::Modern => discover(http, profile).await.map(|hello| (hello, None)),
    }
}

/// Opens a legacy session, except for its last word.
pub(super) async fn initialize(http: &HttpServer, profile: &ClientProfile) -> Result<(Hello, Option<String>), Refusal> {
    let sender = Sender { capabilities: &profile.capabilities, info: &profile.info };
    let params = era::initialize_params(&profile.protocol, sender);
    let request = Request { id: 0_u64.into(), method: "initialize".to_owned(), params };
    let (answer, session) = ask(http, &request, None, &Routing::none()).await?;
    Ok((handshake::read_initialize(answer)?, session))
}

async fn discover(http: &HttpServer, profile: &ClientProfile) -> Result<Hello, Refusal> {
    let sender = Sender { capabilities: &profile.capabilities, info: &profile.info };
    let params = era::request_to_server(Era::Modern, Object::new(), sender);
    let request = Request { id: 0_u64.into(), method: "server/discover".to_owned(), params };
    let routing = Routing::of(&request, None);
    let (answer, _) = ask(http, &request, Some(version::LATEST_MODERN), &routing).await?;
    handshake::read_discover(answer)
}

/// The server's answer and the session it opened.
type Said = (Answer, Option<String>);

async fn ask(http: &HttpServer, request: &Request, protocol: Option<&str>, routing: &Routing) -> Result<Said, Refusal> {
    // Nobody listens yet: what a server says before it is ready concerns nobody.
    let (nobody, _) = mpsc::channel(1);
    let never = CancellationToken::new();
    let headers = &HeaderMap::new();
    let turn = Turn { session: None, protocol, request, routing, headers, timeout: STARTUP, cancelled: &never };
    match http.exchange(&turn, &nobody).await {
        Ok(exchanged) => Ok((exchanged.answer, exchanged.session)),
        Err(HttpFault::Refused { body: Some(error), .. }) => Err(Refusal::Error(error)),
        Err(HttpFault::TimedOut(_)) => Err(Refusal::Silent),
        // A page, an empty answer, a status without words: perhaps it only does not know this way.
        Err(fault @ (HttpFault::Refused { .. } | HttpFault::Garbage(_) | HttpFault::SessionGone)) => {
            Err(Refusal::Unspoken(fault.to_string()))
        }
        Err(fault) => Err(Refusal::Unreached(fault.to_string())),
    }
}
