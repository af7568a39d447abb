//! What does this server speak, and what does it say of itself? Both ways of opening a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::asking::{Asking, ClientProfile, Reply};
use super::connection::Connection;
use super::link::{Order, Purpose};
use crate::wire::era::{self, Era, Sender, meta, version};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Notification, RpcError, code};

/// What a server said of itself.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub(super) era: Era,
    pub(super) protocol: String,
    pub(super) capabilities: Object,
    pub(super) info: Object,
    pub(super) instructions: Option<String>,
}

/// Why an opening did not succeed.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// The server answered with an error.
    Error(RpcError),
    /// The server answered, and we do not speak what it speaks, or cannot read it.
    Unspoken(String),
    /// No answer in time.
    Silent,
    /// The child's connection ended.
    Gone(String),
    /// A remote server could not be spoken to at all.
    Unreached(String),
}

impl Refusal {
    /// For the person who configured the server.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Error(error) => format!("it refuses to open a session: {error}"),
            Self::Unspoken(why) | Self::Unreached(why) => why.clone(),
            Self::Silent => "it started but does not answer".to_owned(),
            Self::Gone(why) => format!("{why} before it was ready; its own words are in the log"),
        }
    }
}

/// How long `initialize` may take: a package runner may first download the server.
pub(super) const STARTUP: Duration = Duration::from_mins(1);
/// How long `server/discover` may take before we also try the other way.
pub(super) const PROBE: Duration = Duration::from_secs(3);
/// How long a child that did not answer `server/discover` may take to answer `initialize` before it is taken for deaf.
pub(super) const SECOND_CHANCE: Duration = Duration::from_secs(5);

/// Opens a legacy session, except for the last word, [`initialized`].
pub(super) async fn initialize(
    connection: &Connection,
    profile: &Arc<ClientProfile>,
    limit: Duration,
) -> Result<Hello, Refusal> {
    let sender = Sender { capabilities: &profile.capabilities, info: &profile.info };
    let params = era::initialize_params(&profile.protocol, sender);
    read_initialize(ask(connection, "initialize", params, profile, limit).await?)
}

/// The end of a legacy handshake.
pub(super) fn initialized() -> Notification {
    Notification { method: "notifications/initialized".to_owned(), params: Object::new() }
}

/// Asks a modern server what it can do.
pub(super) async fn discover(
    connection: &Connection,
    profile: &Arc<ClientProfile>,
    limit: Duration,
) -> Result<Hello, Refusal> {
    let sender = Sender { capabilities: &profile.capabilities, info: &profile.info };
    let params = era::request_to_server(Era::Modern, Object::new(), sender);
    read_discover(ask(connection, "server/discover", params, profile, limit).await?)
}

async fn ask(
    connection: &Connection,
    method: &str,
    params: Object,
    profile: &Arc<ClientProfile>,
    limit: Duration,
) -> Result<Answer, Refusal> {
    // Nobody listens yet: what a server says before it is ready concerns nobody.
    let (nobody, _) = mpsc::channel(1);
    let asking = Asking { timeout: limit, ..Asking::new(profile.clone(), nobody) };
    match connection
        .call(
            Order { method, params, purpose: Purpose::Handshake, tool: None, headers: http::HeaderMap::new() },
            &asking,
        )
        .await
    {
        Reply::Answered(answer) => Ok(answer),
        Reply::NotSent(_) | Reply::Unknown(_) if connection.is_gone() => {
            Err(Refusal::Gone(connection.obituary().to_owned()))
        }
        Reply::Unknown(_) | Reply::NotSent(_) | Reply::Cancelled => Err(Refusal::Silent),
    }
}

/// What a legacy server answered to `initialize`.
pub(super) fn read_initialize(answer: Answer) -> Result<Hello, Refusal> {
    let result = read(answer)?;
    let protocol = result.str("protocolVersion").unwrap_or_default();
    if Era::of(protocol) != Some(Era::Legacy) {
        let protocol: String = protocol.chars().take(40).collect();
        return Err(Refusal::Unspoken(format!("it answers `initialize` with the unknown version `{protocol}`")));
    }
    Ok(hello(Era::Legacy, protocol, &result, result.object("serverInfo")))
}

/// What a modern server answered to `server/discover`.
pub(super) fn read_discover(answer: Answer) -> Result<Hello, Refusal> {
    let result = read(answer)?;
    let versions = result.get("supportedVersions").and_then(Value::as_array);
    let Some(versions) = versions else {
        return Err(Refusal::Unspoken("its answer to `server/discover` names no versions".to_owned()));
    };
    let ours =
        version::MODERN.iter().rev().find(|ours| versions.iter().any(|version| version.as_str() == Some(**ours)));
    let Some(ours) = ours else {
        return Err(Refusal::Unspoken(format!("it speaks no version that is spoken here: {}", list(versions))));
    };
    let info = result.object("_meta").and_then(|meta| meta.object(meta::SERVER_INFO));
    Ok(hello(Era::Modern, ours, &result, info.or_else(|| result.object("serverInfo"))))
}

/// Whether a refusal of `server/discover` can only come from a server that is modern, but does not speak our version.
pub(super) fn is_modern(refusal: &Refusal) -> Option<String> {
    let Refusal::Error(error) = refusal else { return None };
    if error.code != code::UNSUPPORTED_VERSION {
        return None;
    }
    let supported = error.data.as_ref()?.get("supported")?.as_array()?;
    let legacy = supported.iter().filter_map(Value::as_str).any(|version| Era::of(version) == Some(Era::Legacy));
    (!legacy).then(|| format!("it speaks no version that is spoken here: {}", list(supported)))
}

fn list(versions: &[Value]) -> String {
    let versions: Vec<_> = versions.iter().filter_map(Value::as_str).take(8).collect();
    versions.join(", ").chars().take(200).collect()
}

fn read(answer: Answer) -> Result<Object, Refusal> {
    match answer {
        Ok(Value::Object(result)) => Ok(result),
        Ok(_) => Err(Refusal::Unspoken("its answer to the handshake is not an object".to_owned())),
        Err(error) => Err(Refusal::Error(error)),
    }
}

fn hello(era: Era, protocol: &str, result: &Object, info: Option<&Object>) -> Hello {
    Hello {
        era,
        protocol: protocol.to_owned(),
        capabilities: result.object("capabilities").cloned().unwrap_or_default(),
        info: info.cloned().unwrap_or_default(),
        instructions: result.str("instructions").map(str::to_owned),
    }
}
