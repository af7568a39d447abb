//! How does a program hear of a call, and what may it say to it?
//!
//! Standard Webhooks 1.0.0: a small signed message, the same id however often it is tried, a time for each attempt. Only 2xx
//! is success; a redirect is not followed, 410 ends it, and whoever says when to come back is believed. What the receiver answers
//! is read only where the operator lets it decide, and is then a program's vote and never a person's.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::message::{Matter, Message};
use super::signature::{ID, SIGNATURE, Signer, TIME};
use super::template::Template;
use super::{Parcel, Went};
use crate::downstream::http::HttpFault;
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};
use crate::facts::Risk;
use crate::review::credential::Credential;
use crate::review::sentence::joined;
use crate::secret::Secret;
use crate::visible::harmless;

/// A receiver of signed messages.
#[derive(Debug)]
pub struct Webhook(WebhookOptions);

/// What the operator says of one.
pub struct WebhookOptions {
    /// Where to.
    pub url: Url,
    /// What signs, side by side.
    pub signers: Vec<Signer>,
    /// Headers every message carries.
    pub headers: BTreeMap<String, Secret>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether private networks may be reached.
    pub private: Private,
    /// What is sent in the place of our own form.
    pub body: Option<Template>,
    /// Whether the body of its reply decides.
    pub may_decide: bool,
    /// Where its own messages go to, where it has a key for that.
    pub answers_at: Option<String>,
}

/// A message as receivers get it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Event {
    /// What happened, such as `approval.requested`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it happened; when this attempt was made stands in the headers.
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// To which call.
    pub data: Data,
}

/// A call, or nothing in a test.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Data {
    /// It happened to this call.
    Call(Box<Told>),
    /// Nothing happened; somebody tries the channel out.
    Test {},
}

/// What is told of a call.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Told {
    /// Names the call.
    pub id: String,
    /// How often it had changed. Messages may come out of order: drop one whose revision is lower than one you have seen.
    pub revision: i64,
    /// Where it stood.
    pub state: String,
    /// How bad it could be.
    pub risk: Risk,
    /// What it would do.
    pub sentence: String,
    /// The credentials it would run with, each in a sentence; nothing where it needs none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// Names everything that was judged and is shown; an answer names it too.
    pub digest: String,
    /// When it ends by itself if nobody has agreed.
    #[schemars(extend("format" = "date-time"))]
    pub deadline: String,
    /// Where to go.
    pub links: Links,
    /// All of it, where the channel says `details = "full"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Matter>,
}

/// Where to go.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Links {
    /// Where people see and answer it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Where a program that may decide sends its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
}

/// The most bytes of a reply that are read as a decision.
const LONGEST_REPLY: usize = 16 << 10;
/// Characters of a reply that the log keeps.
const LONGEST_SAID: usize = 200;
/// Nobody is believed who says to come back later than this.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

impl Webhook {
    /// A channel to this receiver.
    pub const fn new(options: WebhookOptions) -> Self {
        Self(options)
    }

    /// Whether people read what it sends, in a form of the receiver's.
    pub const fn is_read_by_people(&self) -> bool {
        self.0.body.is_some()
    }

    /// What receivers check with, where they may know it.
    pub fn public_keys(&self) -> Vec<String> {
        self.0.signers.iter().filter_map(Signer::public).collect()
    }

    /// How long an answer may take.
    pub const fn patience(&self) -> Duration {
        self.0.timeout
    }

    /// Sends one message; says what became of it, and what the receiver replied, where that may decide.
    pub async fn deliver(&self, parcel: &Parcel) -> (Went, Option<Vec<u8>>) {
        let request = match self.request(parcel) {
            Ok(request) => request,
            Err(why) => return (Went::Refused { why }, None),
        };
        let reach = reach_of(&self.0.url, self.0.private);
        match fetch(request, reach, self.0.timeout).await {
            Ok(response) => self.read(&response),
            Err(fault) => (Went::Later { why: spoken(&fault), after: None }, None),
        }
    }

    /// The body of a message.
    pub fn body(&self, message: &Message) -> String {
        if let Some(template) = &self.0.body {
            return template.render(message);
        }
        let data = message.matter().map_or(Data::Test {}, |matter| Data::Call(Box::new(self.told(matter))));
        let event = Event { kind: message.what.kind(), timestamp: message.at.clone(), data };
        // Nothing in it can fail to be written.
        serde_json::to_string(&event).unwrap_or_default()
    }

    fn told(&self, matter: &Matter) -> Told {
        Told {
            id: matter.id.clone(),
            revision: matter.revision,
            state: matter.state.clone(),
            risk: matter.risk,
            sentence: harmless(&matter.text()).into_owned(),
            credentials: matter.credentials.iter().map(spoken_of).collect(),
            digest: matter.digest.clone(),
            deadline: matter.deadline.clone(),
            links: Links { page: matter.page.clone(), answers: self.0.answers_at.clone() },
            call: matter.arguments.is_some().then(|| matter.clone()),
        }
    }

    fn request(&self, parcel: &Parcel) -> Result<Request<Vec<u8>>, String> {
        let body = self.body(&parcel.message).into_bytes();
        let signatures: Vec<String> =
            self.0.signers.iter().map(|signer| signer.sign(&parcel.id, parcel.now, &body)).collect();
        let mut request = Request::post(self.0.url.as_str())
            .header(CONTENT_TYPE, self.0.body.as_ref().map_or("application/json", Template::media_type))
            .header(ACCEPT, "application/json, */*;q=0.5")
            .header(ID, &parcel.id)
            .header(TIME, parcel.now.seconds().to_string());
        if !signatures.is_empty() {
            request = request.header(SIGNATURE, signatures.join(" "));
        }
        for (name, secret) in &self.0.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header"))?;
            let mut value = HeaderValue::from_str(secret.expose())
                .map_err(|_| format!("the header `{name}` has a value no header can carry"))?;
            value.set_sensitive(true);
            // What the operator says counts over ours.
            if let Some(headers) = request.headers_mut() {
                headers.insert(name, value);
            }
        }
        request.body(body).map_err(|error| error.to_string())
    }

    fn read(&self, response: &Response<Vec<u8>>) -> (Went, Option<Vec<u8>>) {
        let status = response.status();
        if status.is_success() {
            let decides = self.0.may_decide && !response.body().is_empty() && response.body().len() <= LONGEST_REPLY;
            return (Went::Taken { said: status.to_string() }, decides.then(|| response.body().clone()));
        }
        (refusal(response), None)
    }
}

fn spoken_of(credential: &Credential) -> String {
    harmless(&joined(&credential.words())).into_owned()
}

/// What becomes of a message the receiver did not take.
pub fn refusal(response: &Response<Vec<u8>>) -> Went {
    let status = response.status();
    let why = format!("{status}{}", beginning(response.body()));
    match status {
        StatusCode::GONE => Went::Gone { why: format!("{why}: the receiver wants no more") },
        // Whoever was found once may be elsewhere, but a message goes only where the operator said.
        status if status.is_redirection() => {
            Went::Later { why: format!("{why}: redirects are not followed; configure the final address"), after: None }
        }
        _ => Went::Later { why, after: pause(response) },
    }
}

/// How long the receiver wants to be left alone.
pub fn pause(response: &Response<Vec<u8>>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// The beginning of what a stranger says, for the log.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..LONGEST_SAID.min(body.len())).unwrap_or_default());
    if text.trim().is_empty() { String::new() } else { format!(", {}", harmless(text.trim())) }
}

/// What went wrong, without what could be secret of the address.
fn spoken(fault: &HttpFault) -> String {
    harmless(&fault.to_string()).into_owned()
}

impl std::fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookOptions").field("signers", &self.signers).finish_non_exhaustive()
    }
}
