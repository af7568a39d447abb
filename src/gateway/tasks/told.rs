//! Where does a task stand, and how is that said in each way of speaking?

use crate::approval::Approval;
use crate::approval::state::{End as Ended, State};
use crate::call::{Action, CallId};
use crate::clock::Timestamp;
use crate::gateway::answer::Refusal;
use crate::gateway::hold::{ended, meanwhile};
use crate::object;
use crate::store::tasks::KeptTask;
use crate::wire::era::Era;
use crate::wire::json::{Object, Value};
use crate::wire::message::Answer;

/// How often a client is asked to ask.
const POLL_MILLIS: i64 = 2_000;
/// Ties a result to its task: 2025-11-25.
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// Where a task stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stands {
    /// It is not over; and in words, why.
    Working(String),
    /// Its client wants it no more.
    Cancelled,
    /// It is over, and this is what the call came to.
    Over(Answer),
}

/// Where a task stands by what is known of it. What an approval says counts more than an answer that was written just before
/// the process that wrote it died: the approval is what the book says.
pub(super) fn stands(answer: Option<Answer>, approval: Option<&Approval>, now: Timestamp) -> Stands {
    let working = |text: &str| Stands::Working(text.to_owned());
    let Some(approval) = approval else {
        return answer.map_or_else(|| working("it runs"), Stands::Over);
    };
    let id = &approval.id;
    match (&approval.state, answer) {
        (State::Executing(_), _) => working("people agreed; it runs"),
        (State::Ended(Ended::Cancelled), _) => Stands::Cancelled,
        (State::Unknown, _) | (State::Ended(_), None) => Stands::Over(refused(ended(approval), id)),
        (_, Some(answer)) => Stands::Over(answer),
        (State::Pending, None) => Stands::Working(meanwhile(approval, now)),
        (State::Approved { .. }, None) => working("people agreed; it is about to run"),
    }
}

fn refused(refusal: Option<Refusal>, id: &CallId) -> Answer {
    refusal.unwrap_or_else(Refusal::plain).answer(Some(id), Some(&Action::Tool(String::new())))
}

/// A task as its client sees it.
pub(super) fn task(id: &str, kept: &KeptTask, stands: &Stands, era: Era) -> Object {
    let millis = |micros: i64| micros.div_euclid(1_000);
    let (status, words) = match stands {
        Stands::Working(words) => ("working", Some(words.clone())),
        Stands::Cancelled => ("cancelled", Some("the client wanted it no more".to_owned())),
        Stands::Over(Err(error)) => ("failed", Some(error.message.clone())),
        // In 2025-11-25 a tool that says it failed makes a task that failed.
        Stands::Over(Ok(result)) if era == Era::Legacy && failed(result) => ("failed", None),
        Stands::Over(Ok(_)) => ("completed", None),
    };
    let mut task = object! { "taskId" => id, "status" => status };
    if let Some(words) = words {
        task.insert("statusMessage", words);
    }
    task.insert("createdAt", kept.made.to_string());
    task.insert("lastUpdatedAt", kept.moved.to_string());
    let (ttl, poll) = if era == Era::Modern { ("ttlMs", "pollIntervalMs") } else { ("ttl", "pollInterval") };
    task.insert(ttl, millis(kept.expires.micros().saturating_sub(kept.made.micros())));
    task.insert(poll, POLL_MILLIS);
    task
}

/// The same with what came of it: only the extension says that in one breath.
pub(super) fn detailed(id: &str, kept: &KeptTask, stands: &Stands, era: Era) -> Object {
    let mut task = task(id, kept, stands, era);
    match stands {
        Stands::Over(Ok(result)) if era == Era::Modern => task.insert("result", result.clone()),
        Stands::Over(Err(error)) if era == Era::Modern => task.insert("error", error.to_object()),
        _ => {}
    }
    task
}

/// A result that says which task it belongs to.
pub(super) fn related(id: &str, mut result: Value) -> Value {
    if let Some(result) = result.as_object_mut() {
        let mut meta = result.object("_meta").cloned().unwrap_or_default();
        meta.insert(RELATED, object! { "taskId" => id });
        result.insert("_meta", meta);
    }
    result
}

fn failed(result: &Value) -> bool {
    result.get("isError").and_then(Value::as_bool) == Some(true)
}
