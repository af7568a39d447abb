//! What does the tool do by which a model goes on waiting?
//!
//! A host keeps a call open for a minute at most, and people take longer. The model could repeat the whole call; with this
//! tool it repeats a reference. The call runs while the model waits, as the one that was held, or not at all.

use std::sync::Arc;

use super::{Gateway, Keeper, WAIT};
use crate::call::{Action, CallId};
use crate::gateway::Turned;
use crate::gateway::answer::{Refusal, Retry, Waits};
use crate::gateway::exchange::{Exchange, known};
use crate::gateway::hold::{Attended, Joined, LONGEST_ANSWER, ended, unkept};
use crate::gateway::session::Session;
use crate::gateway::ticket::Ticket;
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::message::Answer;

use super::asked::Found;
use super::run::as_heard;

impl Gateway {
    /// Whether this client is offered the tool: one that takes tasks has a better way.
    pub(in crate::gateway) fn offers_wait(&self, session: &Session) -> bool {
        !session.takes_tasks() && self.judge.may_hold(None)
    }

    /// Goes on waiting for a call, and runs it when people agree.
    pub(in crate::gateway) async fn wait_on(self: &Arc<Self>, exchange: &Arc<Exchange>, params: &Object) -> Answer {
        let reference = params.object("arguments").and_then(|arguments| arguments.str("reference")).unwrap_or_default();
        let session = &exchange.session;
        let tool = Action::Tool(WAIT.to_owned());
        let refused = |refusal: Refusal, id: Option<&CallId>| exchange.watched.refuse(&refusal, (id, &tool)).0;
        let unknown = || {
            let reason = "nothing waits under this reference: it was mistyped, is not yours, or is long over";
            let refusal = Refusal::new("unknown_reference", Retry::Useless, reason);
            refused(refusal.hint("make the call itself again"), None)
        };
        let Some(mut found) = self.find_task(session, reference).await? else { return unknown() };
        let said = params.object("arguments").and_then(|arguments| arguments.str("answer"));
        if let (Some(id), Some(text)) = (&found.kept.approval, said.map(str::trim).filter(|text| !text.is_empty())) {
            let text = text.chars().take(LONGEST_ANSWER).collect();
            if let Err(error) = self.explain(id, text).await {
                return refused(unkept(&error), Some(&CallId::from_record(id)));
            }
            let Some(again) = self.find_task(session, reference).await? else { return unknown() };
            found = again;
        }
        let Found { kept, approval, answer, .. } = found;
        if let Some(answer) = answer {
            return answer;
        }
        let ticket = Ticket::brought(reference);
        let call = match self.reopen(session, &ticket, &kept).await {
            Ok((call, mut meta)) => {
                // The reference says nothing of why the call is made; the call it stands for did.
                exchange.why.get_or_init(|| known(&mut meta));
                call
            }
            Err(refusal) => return refused(refusal, None),
        };
        let id = call.id.clone();
        exchange.watched.found(&call);
        let Some(reach) = session.reaches.get(&call.server) else { return refused(Refusal::plain(), Some(&id)) };
        if let Some(refusal) = approval.as_ref().and_then(ended_for_good) {
            return refused(refusal, Some(&id));
        }
        let waiter = match self.join(exchange, reach, (&call, id.as_str())).await {
            Ok(Joined::Waiter(waiter)) => waiter,
            Ok(Joined::Taken) => return refused(taken(), Some(&id)),
            Ok(Joined::Superseded) => return refused(superseded(), Some(&id)),
            Err(refusal) => return refused(refusal, Some(&id)),
        };
        match Box::pin(self.see_through(exchange, reach, waiter, Attended::Reference)).await {
            Ok(leave) => {
                let (answer, spoken) = self.carry_out(exchange, leave, Some(&Keeper { ticket })).await;
                as_heard(session, answer, spoken)
            }
            Err(Turned { refusal, .. }) => {
                let refusal = self.still(reference, (&id, refusal)).await;
                refused(refusal, Some(&id))
            }
        }
    }

    /// What is told to come back hears the same reference again.
    async fn still(self: &Arc<Self>, reference: &str, (id, refusal): (&CallId, Refusal)) -> Refusal {
        let held = refusal.class == "held";
        let approval = if held { self.desk.look(id.as_str()).await.ok() } else { None };
        let waits = approval.map(|approval| Waits { reference: reference.to_owned(), until: approval.deadline });
        Refusal { waits, ..refusal }
    }
}

fn taken() -> Refusal {
    Refusal::new("waited_for", Retry::Later, "another request waits for this call already and will get its answer")
}

fn superseded() -> Refusal {
    Refusal::new("superseded", Retry::Later, "the call is not what people were asked about any more")
        .hint("make the call itself again; people are asked anew")
}

/// What is said of an approval that can be used no more. One that is approved can be.
fn ended_for_good(approval: &crate::approval::Approval) -> Option<Refusal> {
    let usable = matches!(approval.state, crate::approval::state::State::Approved { .. });
    if usable { None } else { ended(approval) }
}

/// The tool as it is listed.
pub(in crate::gateway) fn definition() -> Value {
    let text = |description: &str| object! { "type" => "string", "description" => description };
    let reference = text("The reference that the pending answer named.");
    let answer = text("Your answer, if the pending answer says that somebody asks something first.");
    Value::Object(object! {
        "name" => WAIT,
        "title" => "Wait for an approval",
        "description" => "Goes on waiting for a call that a person must approve. Give the reference from the pending \
                          answer. Returns the call's own result once it was approved and has run, a refusal if it was \
                          not, or another pending answer. Nobody is asked twice.",
        "inputSchema" => object! {
            "type" => "object",
            "properties" => object! { "reference" => reference, "answer" => answer },
            "required" => vec![Value::from("reference")],
            "additionalProperties" => false,
        },
        "annotations" => object! { "openWorldHint" => false },
    })
}
