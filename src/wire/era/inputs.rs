//! How does a legacy client answer what a modern server asks? `input_required` to questions and back.

use crate::wire::json::{Object, Value};

/// One question inside an `input_required` result.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The server's name for it; the answer goes back under the same name.
    pub key: String,
    /// `sampling/createMessage`, `elicitation/create` or `roots/list`.
    pub method: String,
    /// As the server wrote them.
    pub params: Object,
}

/// What a modern server wants before it goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct InputRequired {
    /// Questions for the client; may be none when only the state is to be sent again.
    pub questions: Vec<Question>,
    /// To be sent back unread.
    pub state: Option<String>,
}

impl InputRequired {
    /// Reads a result that asks for input; nothing if it is any other result, or one that cannot be read.
    pub fn of(result: &Value) -> Option<Self> {
        let result = result.as_object().filter(|result| result.str("resultType") == Some("input_required"))?;
        let mut questions = Vec::new();
        if let Some(requests) = result.object("inputRequests") {
            for (key, request) in requests.iter() {
                let method = request.get("method").and_then(Value::as_str)?.to_owned();
                let params = request.get("params").and_then(Value::as_object).cloned().unwrap_or_default();
                questions.push(Question { key: key.to_owned(), method, params });
            }
        }
        let state = result.str("requestState").map(str::to_owned);
        (state.is_some() || !questions.is_empty()).then_some(Self { questions, state })
    }
}

/// Makes the parameters those of the next round: with these replies, by the server's names for its questions, and with
/// the state the server wants back.
pub fn again(params: &mut Object, responses: Object, state: Option<String>) {
    drop(params.remove("inputResponses"));
    drop(params.remove("requestState"));
    if !responses.is_empty() {
        params.insert("inputResponses", responses);
    }
    if let Some(state) = state {
        params.insert("requestState", state);
    }
}
