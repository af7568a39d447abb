//! What do people want of a call before they answer, and who gives it to them?
//!
//! Whoever has the call does: the gateway at which its client, or its task, waits. It puts a question to the client where that
//! can be asked, and tries an edit out on the tool's schema and the rules. An edit never makes a call that the rules would
//! refuse, that asks for other people, or that could do more harm.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::covered::scope;
use super::{Gateway, Waiter};
use crate::approval::Approval;
use crate::approval::edit::{Change, Edit};
use crate::call::{Call, CallId, Parts};
use crate::gateway::desk::{DeskError, Wish};
use crate::gateway::entries;
use crate::gateway::exchange::Exchange;
use crate::gateway::reach::Reach;
use crate::gateway::weigh::Weighed;
use crate::object;
use crate::policy::decision::Decision;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, Request};

/// Longer answers are cut: people read them.
pub(in crate::gateway) const LONGEST_ANSWER: usize = 2_000;

/// Where programs find what people changed.
const EDITED: &str = "dev.countersign/edited";

/// A question on its way to the client, and what it says.
pub(super) type Asking = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

impl Gateway {
    /// Tries out what somebody wants to be different. The waiter has the changed call from then on, if it was changed.
    pub(super) async fn try_edit(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        waiter: &mut Waiter,
        (approval, edit): (&Approval, &Edit),
    ) -> Result<(), DeskError> {
        let (wish, edited) = match self.edited(exchange, reach, waiter, (approval, edit)).await {
            Ok(again) => {
                let entries = vec![entries::arrived(exchange, &again), self.decided(exchange, &again, None)];
                let shown = self.shown(exchange, &again, &approval.agreement);
                let scope = scope(&again, (&approval.id, &approval.asker), &approval.agreement).map(Box::new);
                let seen = self.preview(exchange, reach, &again).await;
                // Whoever has the call next tries it again, with somebody there to hear the server.
                if exchange.cancelled.is_cancelled() {
                    return Ok(());
                }
                (Wish::Edit { to: again.call.digest, scope, shown, seen, entries }, Some(again))
            }
            Err(why) => (Wish::Unedit(why), None),
        };
        match self.desk.act(approval.id.as_str(), wish).await {
            Ok(_) => {
                if let Some(edited) = edited {
                    waiter.weighed = edited;
                }
                Ok(())
            }
            // Somebody was faster: it is over, or another gateway has tried the edit.
            Err(DeskError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn edited(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        waiter: &Waiter,
        (approval, edit): (&Approval, &Edit),
    ) -> Result<Weighed, String> {
        let before = &waiter.weighed;
        let call = with_edits(before.asked(), [edit])?;
        self.still_fits(reach, &call)?;
        let again = self.weigh_again(exchange, reach, (call, &approval.agreement)).await;
        let (now, then) = (again.input.risk(), before.input.risk());
        if now > then {
            let (now, then) = (now.word(), then.word());
            return Err(format!("the changed call would be of {now} risk, and what was asked for is of {then} risk"));
        }
        match &again.judgement.decision {
            Decision::Allow(_) => Ok(again),
            Decision::Hold(held) if held.terms().asks_as(&approval.agreement) => Ok(again),
            Decision::Hold(_) => Err("the rules ask other people about the changed call".to_owned()),
            Decision::Deny(_) => {
                let refusal = crate::gateway::answer::Refusal::from_judgement(&again.judgement);
                let why = refusal.map_or_else(|| "a rule forbids it".to_owned(), |refusal| refusal.reason);
                Err(format!("the rules refuse the changed call: {why}"))
            }
        }
    }

    /// Puts a question to a client that declared that it can be asked. Nothing for one that did not: it reads the question in
    /// the next pending answer.
    pub(super) fn put_question(self: &Arc<Self>, exchange: &Arc<Exchange>, text: &str) -> Option<Asking> {
        exchange.session.capability("elicitation")?;
        let request = Request { id: Id::from(0), method: "elicitation/create".to_owned(), params: question(text) };
        let (gateway, exchange) = (Arc::clone(self), Arc::clone(exchange));
        let server: Arc<str> = "countersign".into();
        Some(Box::pin(async move {
            match gateway.ask_client(&exchange, &server, request).await {
                Ok(answer) => said(&answer),
                Err(error) => {
                    tracing::debug!(%error, "the client could not be asked what a reviewer wants to know");
                    None
                }
            }
        }))
    }
}

/// What people changed in a call before they agreed to it, for the agent.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Edited {
    words: String,
    changes: Object,
}

impl Edited {
    /// Nothing when nothing was changed.
    pub(super) fn of(approval: &Approval) -> Option<Self> {
        let mut changes = Object::new();
        let mut told = Vec::new();
        for edit in approval.made_edits() {
            for change in &edit.changes {
                let Change { at, to } = change;
                changes.insert(at.as_str(), to.as_deref());
                told.push(to.as_ref().map_or_else(|| format!("{at} was taken out"), |to| format!("{at} is {to}")));
            }
            told.push(format!("({})", edit.reason.trim()));
        }
        let words = format!("Before it ran, whoever approved this call changed its arguments: {}.", told.join(" "));
        (!changes.is_empty()).then_some(Self { words, changes })
    }

    /// Tells the agent: in words, because models read nothing else, and for programs.
    pub(in crate::gateway) fn tell(&self, answer: &mut Answer) {
        let Ok(Value::Object(result)) = answer else { return };
        if let Some(Value::Array(content)) = result.get_mut("content") {
            content.push(Value::Object(object! { "type" => "text", "text" => self.words.as_str() }));
        }
        let mut meta = result.object("_meta").cloned().unwrap_or_default();
        meta.insert(EDITED, self.changes.clone());
        result.insert("_meta", meta);
    }
}

/// A call with these edits made in its arguments.
pub(in crate::gateway) fn with_edits<'e>(
    call: &Call,
    edits: impl IntoIterator<Item = &'e Edit>,
) -> Result<Call, String> {
    let Call { id, caller, server, action, mut params, tool, arrived, naming, .. } = call.clone();
    for change in edits.into_iter().flat_map(|edit| &edit.changes) {
        if params.object("arguments").is_none() {
            params.insert("arguments", Object::new());
        }
        let Some(Value::Object(arguments)) = params.get_mut("arguments") else { continue };
        change.make(arguments).map_err(|unfit| unfit.to_string())?;
    }
    let id = CallId::from_record(id.as_str());
    Ok(Call::new(Parts { id, caller, server, action, params, tool, arrived, naming }))
}

/// A reviewer's question as a form with one field.
pub(in crate::gateway) fn question(text: &str) -> Object {
    let answer = object! { "type" => "string", "title" => "Your answer", "maxLength" => 2_000_i64 };
    object! {
        "mode" => "form",
        "message" => format!("Somebody who must approve a call wants to know: {text}"),
        "requestedSchema" => object! {
            "type" => "object",
            "properties" => object! { "answer" => answer },
            "required" => vec![Value::from("answer")],
        },
    }
}

/// What was answered to it, if it was.
pub(in crate::gateway) fn said(answer: &Value) -> Option<String> {
    let accepted = answer.get("action").and_then(Value::as_str) == Some("accept");
    let text = answer.get("content")?.get("answer")?.as_str()?.trim();
    (accepted && !text.is_empty()).then(|| text.chars().take(LONGEST_ANSWER).collect())
}
