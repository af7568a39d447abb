//! What can be asked of a server, and what can come of it?

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::object;
use crate::wire::json::Object;
use crate::wire::message::{Answer, Notification, Request};

/// The real client behind a request, as it described itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientProfile {
    /// What it declared: sampling, elicitation, roots, extensions.
    pub capabilities: Object,
    /// Its name and version. A claim.
    pub info: Object,
    /// The protocol version it speaks with us.
    pub protocol: String,
}

/// Everything around one request: for whom, with what beside it, who hears what comes meanwhile, and for how long.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The client it is for.
    pub profile: Arc<ClientProfile>,
    /// The caller's `_meta`, its progress token included. It replaces a `_meta` in the parameters.
    pub meta: Object,
    /// Hears progress, log messages and questions that belong to the request. Everything that belongs to it is in
    /// the channel before the answer is given: empty the channel before passing the answer on.
    pub events: mpsc::Sender<FromServer>,
    /// Cancelled when the caller no longer wants the answer.
    pub cancelled: CancellationToken,
    /// Why it was cancelled, if the caller said so; set before `cancelled` is.
    pub reason: Arc<OnceLock<String>>,
    /// How long the server may stay silent. Progress counts as a sign of life, up to thirty times this.
    pub timeout: Duration,
}

impl Asking {
    /// Progress stretches the patience, but not beyond this many times.
    pub(super) const STRETCH: u32 = 30;

    /// A request with nothing beside it and two minutes of patience.
    pub fn new(profile: Arc<ClientProfile>, events: mpsc::Sender<FromServer>) -> Self {
        Self {
            profile,
            meta: Object::new(),
            events,
            cancelled: CancellationToken::new(),
            reason: Arc::default(),
            timeout: Duration::from_mins(2),
        }
    }
}

/// What a performed call came to.
#[derive(Debug)]
pub enum Reply {
    /// The server answered, with a result or an error.
    Answered(Answer),
    /// Nothing left the gateway, so nothing happened. Says why.
    NotSent(String),
    /// It was sent and may or may not have happened: the server died, stayed silent or sent garbage. Says which.
    Unknown(String),
    /// It was sent, and the caller gave it up before an answer came. The server was told.
    Cancelled,
}

/// Why an inquiry has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It was sent and no answer came, or none that can be read.
    #[error("{0}")]
    NoAnswer(String),
    /// The caller gave it up.
    #[error("the request was cancelled")]
    Cancelled,
}

/// What a server says without being asked.
#[derive(Debug)]
pub enum FromServer {
    /// Expects nothing.
    Notification(Notification),
    /// A question to the client. Dropping `answer` tells the server that nobody answers.
    Request {
        /// With the server's own id, which a later `notifications/cancelled` would name.
        request: Request,
        /// Where the client's answer goes.
        answer: oneshot::Sender<Answer>,
    },
    /// The connection is gone. Says why.
    Closed(String),
}

/// Questions that change nothing, and so need no permit. A closed list.
#[derive(Clone, Debug, PartialEq)]
pub enum Inquiry {
    /// Are you there?
    Ping,
    /// `tools/list`.
    ListTools(Cursor),
    /// `resources/list`.
    ListResources(Cursor),
    /// `resources/templates/list`.
    ListTemplates(Cursor),
    /// `prompts/list`.
    ListPrompts(Cursor),
    /// `tasks/list`, of a legacy server's own tasks.
    ListTasks(Cursor),
    /// `logging/setLevel`; a modern server is told with each later request on this link instead.
    SetLevel(String),
    /// `subscriptions/listen` with this filter; runs until cancelled. Only modern servers know it.
    Listen(Object),
}

/// Where a list goes on: the text an earlier answer gave as `nextCursor`.
pub type Cursor = Option<String>;

impl Inquiry {
    /// Method and parameters as they are sent.
    pub(super) fn into_parts(self) -> (&'static str, Object) {
        let list = |method, cursor: Cursor| {
            let mut params = Object::new();
            if let Some(cursor) = cursor {
                params.insert("cursor", cursor);
            }
            (method, params)
        };
        match self {
            Self::Ping => ("ping", Object::new()),
            Self::ListTools(cursor) => list("tools/list", cursor),
            Self::ListResources(cursor) => list("resources/list", cursor),
            Self::ListTemplates(cursor) => list("resources/templates/list", cursor),
            Self::ListPrompts(cursor) => list("prompts/list", cursor),
            Self::ListTasks(cursor) => list("tasks/list", cursor),
            Self::SetLevel(level) => ("logging/setLevel", object! { "level" => level }),
            Self::Listen(filter) => ("subscriptions/listen", object! { "notifications" => filter }),
        }
    }
}

/// What a legacy server may be told without being asked. A closed list.
#[derive(Clone, Debug, PartialEq)]
pub enum Tell {
    /// The client's roots changed.
    RootsChanged,
    /// Progress of a question the server asked, with the server's own token.
    Progress(Object),
    /// The state of a task the client runs for the server.
    TaskStatus(Object),
}

impl Tell {
    /// The notification as it is sent.
    pub(super) fn into_notification(self) -> Notification {
        let (method, params) = match self {
            Self::RootsChanged => ("notifications/roots/list_changed", Object::new()),
            Self::Progress(params) => ("notifications/progress", params),
            Self::TaskStatus(params) => ("notifications/tasks/status", params),
        };
        Notification { method: method.to_owned(), params }
    }
}
