//! What went wrong between us and a remote server, and may the request have been carried out?

use crate::wire::message::RpcError;

/// Whether a request may have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Certainly not: nothing of it left, or the server refused it.
    None,
    /// Nobody can tell.
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HttpFault {
    /// The configuration of the server cannot be used.
    #[error("this server cannot be used as it is configured: {0}")]
    Options(String),
    /// No byte of the request left.
    #[error("nothing was sent: {0}")]
    NotSent(String),
    /// The server answered with an error status.
    #[error("the server refused with status {status}{}", told(body.as_ref(), text))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The JSON-RPC error in the body, if there was one.
        body: Option<RpcError>,
        /// The beginning of another body, without control signs: what a stranger says, never to be trusted.
        text: String,
    },
    /// The server wants the request sent elsewhere, which is never done.
    #[error("the server redirects with status {status}, and redirects are never followed; configure the final address")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// The server asks for credentials, or for others.
    #[error("the server asks for credentials with status {status}; give this server a header or `oauth`{hint}")]
    Unauthorised {
        /// 401, or 403 where more scope is asked for.
        status: u16,
        /// The value of `WWW-Authenticate`.
        challenge: String,
        /// What the person at the gateway can do, if there is something.
        hint: String,
    },
    /// The server has forgotten the session; a new one must be opened.
    #[error("the server has forgotten the session")]
    SessionGone,
    /// The connection broke after the request had left, at least in part.
    #[error("the connection broke after the request was sent, so nobody can tell whether it was carried out: {0}")]
    Broken(String),
    /// Too slow.
    #[error("the server did not answer in time{}", also(*.0))]
    TimedOut(Effect),
    /// Withdrawn by us.
    #[error("cancelled{}", also(*.0))]
    Cancelled(Effect),
    /// The server's answer cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Garbage(String),
}

impl HttpFault {
    /// Whether the request may have been carried out.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Options(_) | Self::NotSent(_) | Self::Unauthorised { .. } | Self::SessionGone => Effect::None,
            // The older redirects often mean: done, and here is where to look.
            Self::Redirected { status } => match *status {
                307 | 308 => Effect::None,
                _ => Effect::Unknown,
            },
            // A server that says no has not done it; one that broke, or a machine before it that lost it, may have.
            Self::Refused { status, .. } => match *status {
                400..=407 | 409..=499 => Effect::None,
                _ => Effect::Unknown,
            },
            Self::Broken(_) | Self::Garbage(_) => Effect::Unknown,
            Self::TimedOut(effect) | Self::Cancelled(effect) => *effect,
        }
    }
}

fn told(body: Option<&RpcError>, text: &str) -> String {
    match body {
        Some(error) => format!(": {error}"),
        None if text.is_empty() => String::new(),
        None => format!(": {text}"),
    }
}

const fn also(effect: Effect) -> &'static str {
    match effect {
        Effect::None => "; nothing was sent",
        Effect::Unknown => "; the request had left, so nobody can tell whether it was carried out",
    }
}
