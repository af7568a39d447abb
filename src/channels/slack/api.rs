//! How is Slack asked for something, and what does its answer mean?
//!
//! Plain requests over the same guarded connections as everything else. Slack says most of what went wrong with status 200 and
//! `ok: false`; what will pass is told apart from what somebody has to put right.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use serde_json::Value;
use url::Url;

use super::words::cut;
use crate::channels::Went;
use crate::channels::webhook::pause;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::Reach;
use crate::secret::Secret;
use crate::store::StoreError;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What Slack is asked with.
pub(super) struct Api {
    base: Url,
    reach: Reach,
    token: Secret,
}

/// Why there is no answer, or none that helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Too much was asked.
    #[error("Slack wants to be asked less often")]
    Limited(Option<Duration>),
    /// Slack cannot be reached, or is in trouble itself.
    #[error("Slack cannot be reached: {0}")]
    Away(String),
    /// Slack says no, and why.
    #[error("Slack says `{code}`: {}{more}", advice(.code))]
    Refused {
        /// Slack's word for it.
        code: String,
        /// What it says beside.
        more: String,
    },
    /// Our own record is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What passes by itself.
const PASSING: [&str; 7] = [
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "update_failed",
    "message_limit_exceeded",
];

impl Api {
    pub(super) fn new(base: &Url, reach: Reach, token: Secret) -> Self {
        let mut base = base.clone();
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Self { base, reach, token }
    }

    /// How far inside a connection that Slack names may reach.
    pub(super) const fn reach(&self) -> Reach {
        self.reach
    }

    /// Asks for something with arguments as JSON.
    pub(super) async fn call(&self, method: &str, arguments: &Value) -> Result<Value, Trouble> {
        let body = arguments.to_string().into_bytes();
        self.send((method, &self.token), "application/json; charset=utf-8", body).await
    }

    /// Asks for something that takes no JSON.
    pub(super) async fn ask(&self, method: &str, arguments: &[(&str, &str)]) -> Result<Value, Trouble> {
        self.form((method, &self.token), arguments).await
    }

    /// Asks where a connection can be opened.
    pub(super) async fn socket(&self, token: &Secret) -> Result<Url, Trouble> {
        let answer = self.form(("apps.connections.open", token), &[]).await?;
        let url = answer.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        url.ok_or_else(|| Trouble::Away("its answer names no address for a connection".to_owned()))
    }

    async fn form(&self, with: (&str, &Secret), arguments: &[(&str, &str)]) -> Result<Value, Trouble> {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
        self.send(with, "application/x-www-form-urlencoded", body.into_bytes()).await
    }

    async fn send(
        &self,
        (method, token): (&str, &Secret),
        kind: &'static str,
        body: Vec<u8>,
    ) -> Result<Value, Trouble> {
        let away = |why: String| Trouble::Away(why);
        let url = self.base.join(method).map_err(|error| away(error.to_string()))?;
        let mut proof = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| away("the token holds a character no token has".to_owned()))?;
        proof.set_sensitive(true);
        let request = Request::post(url.as_str()).header(CONTENT_TYPE, kind).header(AUTHORIZATION, proof);
        let request = request.body(body).map_err(|error| away(error.to_string()))?;
        let response = fetch(request, self.reach, PATIENCE).await.map_err(|fault| away(fault.to_string()))?;
        read(&response)
    }
}

fn read(response: &Response<Vec<u8>>) -> Result<Value, Trouble> {
    let status = response.status();
    if status.as_u16() == 429 {
        return Err(Trouble::Limited(pause(response)));
    }
    if !status.is_success() {
        return Err(Trouble::Away(format!("it answers with status {}", status.as_u16())));
    }
    let answer: Value = serde_json::from_slice(response.body())
        .map_err(|_| Trouble::Away("its answer is no JSON; is `api` the address of Slack?".to_owned()))?;
    if answer.get("ok") == Some(&Value::Bool(true)) {
        return Ok(answer);
    }
    let code = answer.get("error").and_then(Value::as_str).unwrap_or("no_reason_given");
    let code = cut(code, 80).text;
    if matches!(code.as_str(), "ratelimited" | "rate_limited") {
        return Err(Trouble::Limited(pause(response)));
    }
    if PASSING.contains(&code.as_str()) {
        return Err(Trouble::Away(format!("it says `{code}`")));
    }
    let said = answer.pointer("/response_metadata/messages/0").and_then(Value::as_str);
    let more = said.map(|said| format!(" ({})", cut(said, 200).text)).unwrap_or_default();
    Err(Trouble::Refused { code, more })
}

/// What somebody has to do.
fn advice(code: &str) -> &'static str {
    match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" => {
            "the token is not good; install the app again and give `bot_token` its new one"
        }
        "account_inactive" => {
            "the app was taken out of the workspace; install it again and give `bot_token` its new one"
        }
        "channel_not_found" => "there is no such channel, or it is private; give its id, and /invite the app there",
        "not_in_channel" | "user_not_in_channel" => "the app is not in the channel; /invite it there",
        "is_archived" => "the channel is archived; name another one",
        "missing_scope" | "no_permission" | "restricted_action" => {
            "the app may not do this; create it from the manifest in examples/slack and install it again"
        }
        "not_allowed_token_type" => {
            "this is the wrong kind of token: `bot_token` begins with xoxb-, `app_token` with xapp-"
        }
        "user_not_found" | "users_not_found" => "there is no such person in this workspace; give the id of one (U…)",
        "expired_trigger_id" | "trigger_expired" | "exchanged_trigger_id" => {
            "it was slower than three seconds; press again"
        }
        "message_not_found" => "the message was deleted",
        "invalid_blocks" | "msg_blocks_too_long" | "msg_too_long" | "invalid_arguments" => {
            "the message was not understood, which is a mistake of ours; answer on the page of the call"
        }
        _ => "see the documentation of Slack for what it means",
    }
}

/// What is wrong with the app, and not with the message.
const MENDABLE: [&str; 9] = [
    "invalid_auth",
    "not_authed",
    "token_expired",
    "token_revoked",
    "account_inactive",
    "not_in_channel",
    "missing_scope",
    "no_permission",
    "is_archived",
];

impl Trouble {
    /// What becomes of a delivery by it.
    pub(super) fn went(self) -> Went {
        let why = self.to_string();
        match self {
            Self::Limited(after) => Went::Later { why, after },
            Self::Away(_) | Self::Store(_) => Went::Later { why, after: None },
            // Whoever mends the token, or invites the app, has mended it.
            Self::Refused { ref code, .. } if MENDABLE.contains(&code.as_str()) => Went::Later { why, after: None },
            Self::Refused { .. } => Went::Refused { why },
        }
    }

    /// Whether it passes by itself.
    pub(super) const fn passes(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// When Slack wants to be asked again.
    pub(super) const fn after(&self) -> Option<Duration> {
        if let Self::Limited(after) = self { *after } else { None }
    }

    /// Slack's word for it.
    pub(super) fn code(&self) -> Option<&str> {
        if let Self::Refused { code, .. } = self { Some(code) } else { None }
    }
}
