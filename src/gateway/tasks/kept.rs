//! What is kept of a call that goes on without its client?
//!
//! What its client asked for, closed for the caller with the task's id; the answer likewise. Both are kept as the
//! messages they were.

use super::super::ticket::{Closed, Ticket};
use crate::call::caller::Caller;
use crate::digest::Digest;
use crate::object;
use crate::wire::json::{Object, Value};
use crate::wire::message::{Answer, Id, Message, Request, Response};
use crate::wire::method::Method;
use crate::wire::reader::{self, Limits};

/// A tool call as its client asked for it, in the server's own names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// The server.
    pub(super) server: String,
    /// The tool.
    pub(super) tool: String,
    /// The parameters, the tool's name among them.
    pub(super) params: Object,
    /// What the client said beside them: how the call is traced, and what it wants to hear of it.
    pub(super) meta: Object,
}

impl Asked {
    /// Closes it. None when it cannot be closed, which only a text without end could bring about.
    pub(super) fn seal(&self, ticket: &Ticket, caller: &Caller) -> Option<Vec<u8>> {
        let params = object! {
            "server" => self.server.as_str(),
            "tool" => self.tool.as_str(),
            "params" => &self.params,
            "meta" => &self.meta,
        };
        let request = Request { id: Id::from(0), method: Method::CallTool.name().to_owned(), params };
        let mut text = String::new();
        request.write(&mut text);
        ticket.seal(Closed::Call, &text, belonging(caller))
    }

    /// Opens it. None when it was closed for somebody else or changed by something else.
    pub(super) fn open(ticket: &Ticket, sealed: Vec<u8>, caller: &Caller) -> Option<Self> {
        let Message::Request(Request { mut params, .. }) =
            read(&ticket.open(Closed::Call, sealed, belonging(caller))?)?
        else {
            return None;
        };
        let Value::Object(meta) = params.remove("meta")? else { return None };
        match (params.remove("server")?, params.remove("tool")?, params.remove("params")?) {
            (Value::String(server), Value::String(tool), Value::Object(params)) => {
                Some(Self { server, tool, params, meta })
            }
            _ => None,
        }
    }
}

/// Closes what came of a call.
pub(super) fn seal_answer(ticket: &Ticket, answer: &Answer, caller: &Caller) -> Option<Vec<u8>> {
    let mut text = String::new();
    Response::to(Id::from(0), answer.clone()).write(&mut text);
    ticket.seal(Closed::Answer, &text, belonging(caller))
}

/// Opens it.
pub(super) fn open_answer(ticket: &Ticket, sealed: Vec<u8>, caller: &Caller) -> Option<Answer> {
    match read(&ticket.open(Closed::Answer, sealed, belonging(caller))?)? {
        Message::Response(Response { outcome, .. }) => Some(outcome),
        Message::Request(_) | Message::Notification(_) => None,
    }
}

fn read(text: &str) -> Option<Message> {
    // It was read with limits when it came in; what was added here does not count against it.
    let limits = Limits { bytes: usize::MAX, depth: Limits::REPLY.depth.saturating_add(8), ..Limits::REPLY };
    Message::from_value(reader::lenient(text.as_bytes(), &limits).ok()?, false).ok()
}

/// Names whose a task is: the caller and the software that acts for it.
fn belonging(caller: &Caller) -> Digest {
    let named = object! { "principal" => caller.principal.as_str(), "agent" => caller.agent.as_deref() };
    Digest::of_object("task", &named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::caller::Proof;
    use crate::wire::message::RpcError;

    fn caller(principal: &str) -> Caller {
        let (principal, proof) = (principal.to_owned(), Proof::Nothing);
        Caller { principal, agent: None, user: None, groups: Vec::new(), proof }
    }

    #[test]
    fn what_is_kept_comes_back_exactly_and_to_nobody_else() {
        let (ticket, other) = (Ticket::for_task().unwrap(), Ticket::for_task().unwrap());
        let (alice, bob) = (caller("key:alice"), caller("key:bob"));
        let params = object! { "name" => "pay", "arguments" => object! { "sum" => 18_446_744_073_709_551_615_u64 } };
        let meta = object! { "traceparent" => "00-1" };
        let asked = Asked { server: "shop".into(), tool: "pay".into(), params, meta };
        let sealed = asked.seal(&ticket, &alice).unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("shop"));
        assert_eq!(Asked::open(&ticket, sealed.clone(), &alice), Some(asked));
        assert_eq!(Asked::open(&ticket, sealed.clone(), &bob), None);
        assert_eq!(Asked::open(&other, sealed.clone(), &alice), None);
        assert_eq!(open_answer(&ticket, sealed, &alice), None);
        for answer in [Ok(Value::from("done")), Err(RpcError::new(-7, "no").with_data(object! { "a" => 1_i64 }))] {
            let sealed = seal_answer(&ticket, &answer, &alice).unwrap();
            assert_eq!(open_answer(&ticket, sealed.clone(), &alice), Some(answer));
            assert_eq!(open_answer(&ticket, sealed, &bob), None);
        }
    }
}
