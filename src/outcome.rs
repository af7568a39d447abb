//! What came back? A reply becomes an ending for the record and an answer for the client.

pub mod view;

use crate::audit::entry::Ending;
use crate::digest::Digest;
use crate::downstream::Reply;
use crate::wire::json::Value;
use crate::wire::message::{Answer, RpcError, code};

/// How much of a server's error text the record keeps.
const KEPT: usize = 300;

/// What a call came to.
#[derive(Debug)]
pub struct Outcome {
    /// For the record.
    pub ending: Ending,
    /// Names the result.
    pub digest: Option<Digest>,
    /// The result's size in bytes of canonical JSON.
    pub bytes: Option<u64>,
    /// What the server or the transport said, shortened.
    pub error: Option<String>,
    /// For the client.
    pub answer: Answer,
    /// Whose words the answer is.
    pub words: Words,
}

/// Whose words an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The server's.
    Server,
    /// Ours, about what the transport said.
    Ours,
}

/// Reads a reply.
pub fn read(reply: Reply) -> Outcome {
    match reply {
        Reply::Answered(Ok(result)) => {
            let text = crate::digest::canonical(&result);
            Outcome {
                ending: ending(&result),
                digest: Some(Digest::of_bytes("result", text.as_bytes())),
                bytes: u64::try_from(text.len()).ok(),
                error: None,
                answer: Ok(result),
                words: Words::Server,
            }
        }
        Reply::Answered(Err(error)) => {
            let lost = lost(Ending::Failed, shortened(&error.message), error);
            Outcome { words: Words::Server, ..lost }
        }
        Reply::NotSent(why) => {
            let error =
                RpcError::new(code::UNAVAILABLE, format!("{why}; nothing was sent, so the call may be repeated"));
            lost(Ending::NotSent, why, error)
        }
        Reply::Unknown(why) => {
            let text =
                format!("{why}; the action may or may not have happened, so do not repeat it before you have looked");
            lost(Ending::OutcomeUnknown, why, RpcError::new(code::UNAVAILABLE, text))
        }
        Reply::Cancelled => {
            let error =
                RpcError::new(code::REFUSED, "the call was cancelled; what the server had begun may still happen");
            lost(Ending::OutcomeUnknown, "cancelled by the client".to_owned(), error)
        }
    }
}

fn ending(result: &Value) -> Ending {
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        return Ending::FailedByTool;
    }
    match result.get("resultType").and_then(Value::as_str) {
        Some("input_required") => Ending::InputRequired,
        _ => Ending::Succeeded,
    }
}

fn lost(ending: Ending, why: String, answer: RpcError) -> Outcome {
    Outcome { ending, digest: None, bytes: None, error: Some(why), answer: Err(answer), words: Words::Ours }
}

/// As much of a server's error text as the record keeps.
pub fn shortened(message: &str) -> String {
    message.chars().take(KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn every_reply_has_one_ending() {
        let done = |result: crate::wire::json::Object| read(Reply::Answered(Ok(result.into()))).ending;
        assert_eq!(done(object! { "content" => Vec::<Value>::new() }), Ending::Succeeded);
        assert_eq!(done(object! { "isError" => true }), Ending::FailedByTool);
        assert_eq!(done(object! { "resultType" => "input_required" }), Ending::InputRequired);
        assert_eq!(read(Reply::Answered(Err(RpcError::new(1, "no")))).ending, Ending::Failed);
        assert_eq!(read(Reply::NotSent("gone".into())).ending, Ending::NotSent);
    }

    #[test]
    fn an_unknown_outcome_tells_the_agent_not_to_repeat() {
        // EXE-09
        let outcome = read(Reply::Unknown("the server did not answer within 120 s".into()));
        assert_eq!(outcome.ending, Ending::OutcomeUnknown);
        assert!(outcome.answer.unwrap_err().message.contains("do not repeat it"));
    }
}
