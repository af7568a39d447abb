//! What is written down?

mod erased;
mod granted;
mod intended;
mod judged;
mod kept;
mod lent;
mod waiting;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::erased::Erased;
pub use self::granted::{GrantEnded, GrantMade, GrantUsed};
pub use self::intended::{Mismatched, Prompted};
pub use self::judged::{Decided, Heard, Passage, Released, Verdict};
pub use self::kept::{Preserved, Pruned};
pub use self::lent::{LeaseEnd, LeaseEnded, Leased};
pub use self::waiting::{
    Claimed, Edited, Escalated, Explained, Held, Previewed, Questioned, Rushed, Settled, Viewed, Voted,
};
use crate::call::CallId;
use crate::clock::Timestamp;
use crate::intent::Intent;
use crate::wire::json::Object;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The call it belongs to, if it belongs to one.
    pub call: Option<CallId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What happened. The tag is the stable event code.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Something could not be read, was not allowed in, or asked for nothing we serve.
    Rejected(Rejected),
    /// A call arrived and was resolved.
    Arrived(Box<Arrived>),
    /// A client's hook says that somebody asked for something.
    Prompted(Prompted),
    /// A call came under the id of a use of a tool that was reported with another tool or other arguments.
    Mismatched(Mismatched),
    /// A call ended before it was judged: unknown, drifted, arguments that do not fit.
    Refused(Refused),
    /// Policy said something about a call.
    Decided(Decided),
    /// The call waits for people.
    Held(Held),
    /// Somebody who may answer was shown the call in a browser.
    Viewed(Viewed),
    /// Somebody agreed within moments to something that could be bad.
    Rushed(Rushed),
    /// A person answered.
    Voted(Voted),
    /// A person had those asked at once who would be asked later.
    Escalated(Escalated),
    /// A person wants to know something of whoever asked.
    Questioned(Questioned),
    /// Whoever asked answered that.
    Explained(Explained),
    /// A person wants other arguments to be sent, and what became of that.
    Edited(Edited),
    /// People agreed to more than this call.
    GrantMade(GrantMade),
    /// Nobody is asked about the call, because people agreed before.
    GrantUsed(GrantUsed),
    /// What people agreed to beyond this call covers nothing any more.
    GrantEnded(GrantEnded),
    /// People agreed, and it is performed now.
    Claimed(Claimed),
    /// The waiting is over.
    Settled(Settled),
    /// The call is about to be sent. Nothing leaves before this is committed.
    Dispatched(Dispatched),
    /// A credential was made for the call. Nothing leaves before this is committed.
    Leased(Leased),
    /// A credential of a call is worth nothing any more, or is tried to be.
    LeaseEnded(LeaseEnded),
    /// The call is over.
    Finished(Finished),
    /// Policy said something about what came back.
    Released(Released),
    /// The client said it no longer wants the call.
    Cancelled(Cancelled),
    /// A list was given, after policy filtered it.
    Listed(Listed),
    /// A server asked the client something while a call ran.
    Asked(Asked),
    /// A client opened a session or ended one.
    Session(SessionEvent),
    /// A tool's definition was seen for the first time, changed, or was agreed to.
    Definition(Definition),
    /// The gateway started, stopped, loaded a policy, made or revoked a key.
    Operated(Operated),
    /// Something was erased that nobody may keep.
    Erased(Erased),
    /// Bodies of entries are removed because their time is over.
    Pruned(Pruned),
    /// Entries are kept whatever their time says, or are not any more.
    Preserved(Preserved),
    /// Our own fault.
    Fault(Fault),
}

impl Event {
    /// The stable event code, the same as in the JSON form.
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Arrived(_) => "arrived",
            Self::Prompted(_) => "prompted",
            Self::Mismatched(_) => "mismatched",
            Self::Refused(_) => "refused",
            Self::Decided(_) => "decided",
            Self::Held(_) => "held",
            Self::Viewed(_) => "viewed",
            Self::Rushed(_) => "rushed",
            Self::Voted(_) => "voted",
            Self::Escalated(_) => "escalated",
            Self::Questioned(_) => "questioned",
            Self::Explained(_) => "explained",
            Self::Edited(_) => "edited",
            Self::GrantMade(_) => "grant_made",
            Self::GrantUsed(_) => "grant_used",
            Self::GrantEnded(_) => "grant_ended",
            Self::Claimed(_) => "claimed",
            Self::Settled(_) => "settled",
            Self::Dispatched(_) => "dispatched",
            Self::Leased(_) => "leased",
            Self::LeaseEnded(_) => "lease_ended",
            Self::Finished(_) => "finished",
            Self::Released(_) => "released",
            Self::Cancelled(_) => "cancelled",
            Self::Listed(_) => "listed",
            Self::Asked(_) => "asked",
            Self::Session(_) => "session",
            Self::Definition(_) => "definition",
            Self::Operated(_) => "operated",
            Self::Erased(_) => "erased",
            Self::Pruned(_) => "pruned",
            Self::Preserved(_) => "preserved",
            Self::Fault(_) => "fault",
        }
    }
}

/// The JSON Schema of what the book holds, for whoever reads it with a program.
pub fn schema() -> schemars::Schema {
    schemars::generate::SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<Event>()
}

/// See [`Event::Rejected`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Rejected {
    /// `rejected_parse`, `rejected_identity`, `rejected_origin`, `rejected_protocol`, `rejected_method`,
    /// `rejected_params`, `rejected_state`, `rejected_limit`, `rejected_answer`.
    pub class: &'static str,
    /// What was wrong, never a secret and never the whole message.
    pub why: String,
    /// Where it came in: `stdio` or `http`.
    pub transport: &'static str,
    /// Who sent it, if that was already known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The method, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// See [`Event::Arrived`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Arrived {
    /// Names the caller for good.
    pub principal: String,
    /// How the caller was proven: `os`, `key`, `token`, `none`.
    pub proof: &'static str,
    /// The software acting, when proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The person behind it, when proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The session the call belongs to.
    pub session: String,
    /// What the client calls itself. A claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// `stdio` or `http`.
    pub transport: &'static str,
    /// The protocol version spoken with the client.
    pub protocol: String,
    /// The JSON-RPC method.
    pub method: String,
    /// The configured name of the server.
    pub server: String,
    /// The tool, prompt or address asked for, under the server's own name.
    pub target: String,
    /// The parameters as they will be sent, covered where a rule masks them.
    pub params: Object,
    /// Where a rule had the arguments changed before they are sent.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub redacted: BTreeSet<String>,
    /// Where a rule has the arguments covered in this record; equal marks stand for equal values.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub masked: BTreeSet<String>,
    /// Names the call as it was asked for, when its arguments were changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Names caller, server, action, definition and parameters together.
    pub digest: String,
    /// Names the tool's definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// The call that waits and for which the gateway makes this one, before people are asked and before it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_of: Option<String>,
    /// The caller's trace, if it sent one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Why it is made, as far as that is known.
    #[serde(skip_serializing_if = "Intent::is_nothing")]
    pub intent: Intent,
}

/// See [`Event::Refused`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Refused {
    /// `unknown_tool`, `definition_drifted`, `arguments_invalid`, `server_unavailable`, `limit_exceeded`, ...
    pub class: &'static str,
    /// What was wrong and what to do.
    pub why: String,
    /// The name that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
}

/// See [`Event::Dispatched`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Dispatched {
    /// The configured name of the server.
    pub server: String,
}

/// See [`Event::Finished`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finished {
    /// What it came to.
    pub outcome: Ending,
    /// Names the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The result's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What the server or the transport said, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Time since it was sent.
    pub micros: u64,
}

/// How a call that was sent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The server gave a result.
    Succeeded,
    /// The tool says it failed.
    FailedByTool,
    /// The server answered with a protocol error.
    Failed,
    /// The server asks for more input before it goes on.
    InputRequired,
    /// Nothing was sent: the connection failed before.
    NotSent,
    /// It may or may not have happened: the server died, went silent, or sent garbage.
    OutcomeUnknown,
}

impl Ending {
    /// The word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::FailedByTool => "failed_by_tool",
            Self::Failed => "failed",
            Self::InputRequired => "input_required",
            Self::NotSent => "not_sent",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}

/// See [`Event::Cancelled`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cancelled {
    /// `client`, `disconnect`, `session_end` or `shutdown`.
    pub by: &'static str,
    /// What the client gave as its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// See [`Event::Listed`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// Who asked.
    pub principal: String,
    /// The list's method.
    pub method: String,
    /// How many entries were given.
    pub given: u64,
    /// How many policy kept back.
    pub hidden: u64,
}

/// See [`Event::Asked`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Asked {
    /// The server that asked.
    pub server: String,
    /// What for: `sampling/createMessage`, `elicitation/create`, `roots/list`.
    pub method: String,
    /// Whose client was asked.
    pub principal: String,
}

/// See [`Event::Session`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SessionEvent {
    /// `opened` or `closed`.
    pub what: &'static str,
    /// Its name.
    pub session: String,
    /// Whose it is.
    pub principal: String,
    /// What the client calls itself. A claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The protocol version that was agreed on.
    pub protocol: String,
}

/// See [`Event::Definition`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Definition {
    /// `first_seen`, `drifted`, `flapping`, `agreed` or `returned`.
    pub what: &'static str,
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The definition seen.
    pub digest: String,
    /// The definition that was agreed, where it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed: Option<String>,
    /// Who agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// See [`Event::Operated`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Operated {
    /// `started`, `stopped`, `policy_loaded`, `policy_refused`, `catalogue_loaded`,
    /// `catalogue_refused`, `key_made`, `key_revoked`, `record_resumed`, `signed_in`, `signed_out`, `exported`, `reported`.
    pub what: &'static str,
    /// Details in words.
    pub detail: String,
}

/// See [`Event::Fault`].
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Fault {
    /// What broke.
    pub what: String,
}
