//! What kind of message is it? JSON-RPC 2.0 envelopes, read strictly and written exactly.

use std::fmt;

use super::json::{Number, Object, Value};

/// One JSON-RPC message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Expects an answer with the same id.
    Request(Request),
    /// Expects nothing.
    Notification(Notification),
    /// Answers a request of ours.
    Response(Response),
}

/// A request, from either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Chosen by whoever asks; unique among what that side has open.
    pub id: Id,
    /// The method's name.
    pub method: String,
    /// Empty when there were none.
    pub params: Object,
}

/// A notification, from either side.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// The method's name.
    pub method: String,
    /// Empty when there were none.
    pub params: Object,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The request's id; none only when the other side could not read it.
    pub id: Option<Id>,
    /// A result, or an error object.
    pub outcome: Answer,
}

/// What a request came to.
pub type Answer = Result<Value, RpcError>;

/// A request id: a string or a number, kept exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// Numbers keep their text.
    Number(Number),
    /// Strings keep everything.
    String(String),
}

/// A JSON-RPC error object.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// The code, from the table of JSON-RPC and MCP.
    pub code: i64,
    /// For a person.
    pub message: String,
    /// For a program.
    pub data: Option<Value>,
    /// Members the standard does not know, which a server may have sent; passed on as they were.
    pub extra: Object,
}

/// JSON-RPC and MCP error codes that are spoken here.
pub mod code {
    /// The bytes are not JSON.
    pub const PARSE: i64 = -32700;
    /// The JSON is not a request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// Nobody serves this method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i64 = -32602;
    /// Our own fault.
    pub const INTERNAL: i64 = -32603;
    /// Legacy: no such resource.
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// Ours: policy or the state of the gateway refuses the request.
    pub const REFUSED: i64 = -32001;
    /// Ours: the server behind cannot be reached or broke.
    pub const UNAVAILABLE: i64 = -32003;
    /// Modern: a header and the body disagree.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// Modern: the client did not declare what the request needs.
    pub const MISSING_CAPABILITY: i64 = -32021;
    /// Modern: a protocol version that is not spoken.
    pub const UNSUPPORTED_VERSION: i64 = -32022;
}

impl RpcError {
    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None, extra: Object::new() }
    }

    /// The same error with something for programs.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Value>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// The error as it stands in a message.
    pub fn to_object(&self) -> Object {
        let mut object = Object::with_capacity(3);
        object.insert("code", self.code);
        object.insert("message", self.message.as_str());
        if let Some(data) = &self.data {
            object.insert("data", data.clone());
        }
        for (key, value) in self.extra.iter() {
            object.insert(key, value.clone());
        }
        object
    }

    fn from_value(value: Value) -> Option<Self> {
        let Value::Object(mut object) = value else { return None };
        let code = object.remove("code")?.as_number()?.as_i64()?;
        let message = match object.remove("message") {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let data = object.remove("data");
        Some(Self { code, message, data, extra: object })
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl Id {
    /// The id as a JSON value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Number(number.clone()),
            Self::String(text) => Value::String(text.clone()),
        }
    }

    /// Whole numbers and strings are ids; everything else is not.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) if number.as_i64().is_some() || number.as_u64().is_some() => {
                Some(Self::Number(number.clone()))
            }
            Value::String(text) => Some(Self::String(text.clone())),
            _ => None,
        }
    }
}

impl From<u64> for Id {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number.as_str()),
            Self::String(text) => f.write_str(text),
        }
    }
}

/// Why a JSON value is not a JSON-RPC message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotAMessage {
    /// An array: batches were never safe to judge and are gone from MCP since 2025-06-18.
    #[error("batches are not accepted; send each message on its own")]
    Batch,
    /// Not an object at all.
    #[error("a message must be a JSON object")]
    NotAnObject,
    /// Not the version everybody speaks.
    #[error("`jsonrpc` must be \"2.0\"")]
    Version,
    /// A member no JSON-RPC message has.
    #[error("unknown member `{0}` beside method and params")]
    UnknownMember(String),
    /// Null, fractions, objects.
    #[error("`id` must be a string or a whole number")]
    Id,
    /// A number, an object, nothing where the method's name belongs.
    #[error("`method` must be a string")]
    Method,
    /// A string or array where an object belongs.
    #[error("`params` must be an object")]
    Params,
    /// A response with both or neither, or an error without code.
    #[error("a response carries either `result` or an `error` with a code and a message")]
    Outcome,
}

impl Message {
    /// Reads the envelope of a value. Unknown members beside the envelope's own are refused only where `strict`.
    pub fn from_value(value: Value, strict: bool) -> Result<Self, (Option<Id>, NotAMessage)> {
        let mut object = match value {
            Value::Object(object) => object,
            Value::Array(_) => return Err((None, NotAMessage::Batch)),
            _ => return Err((None, NotAMessage::NotAnObject)),
        };
        let id_value = object.remove("id");
        let id = id_value.as_ref().and_then(Id::from_value);
        let fail = |why| Err((id.clone(), why));
        if object.remove("jsonrpc").as_ref().and_then(Value::as_str) != Some("2.0") {
            return fail(NotAMessage::Version);
        }
        let method = object.remove("method");
        let params = object.remove("params");
        let result = object.remove("result");
        let error = object.remove("error");
        if strict && let Some((name, _)) = object.iter().next() {
            return fail(NotAMessage::UnknownMember(name.to_owned()));
        }
        let Some(method) = method else {
            if params.is_some() {
                return fail(NotAMessage::Method);
            }
            let outcome = match (result, error) {
                (Some(result), None) => Ok(result),
                (None, Some(error)) => match RpcError::from_value(error) {
                    Some(error) => Err(error),
                    None => return fail(NotAMessage::Outcome),
                },
                _ => return fail(NotAMessage::Outcome),
            };
            let unreadable = matches!(id_value, None | Some(Value::Null)) && outcome.is_err();
            if id.is_none() && !unreadable {
                return fail(NotAMessage::Id);
            }
            return Ok(Self::Response(Response { id, outcome }));
        };
        let Value::String(method) = method else { return fail(NotAMessage::Method) };
        if result.is_some() || error.is_some() {
            return fail(NotAMessage::Outcome);
        }
        let params = match params {
            None => Object::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return fail(NotAMessage::Params),
        };
        match (id_value, id) {
            (None, _) => Ok(Self::Notification(Notification { method, params })),
            (Some(_), Some(id)) => Ok(Self::Request(Request { id, method, params })),
            (Some(_), None) => Err((None, NotAMessage::Id)),
        }
    }

    /// The message as one line of compact JSON, without a line end.
    pub fn to_line(&self) -> String {
        let mut out = String::with_capacity(256);
        match self {
            Self::Request(request) => request.write(&mut out),
            Self::Notification(notification) => {
                out.push_str("{\"jsonrpc\":\"2.0\"");
                write_method(&notification.method, &notification.params, &mut out);
            }
            Self::Response(response) => response.write(&mut out),
        }
        out
    }
}

fn write_method(method: &str, params: &Object, out: &mut String) {
    out.push_str(",\"method\":");
    super::json::write_string(method, out);
    if !params.is_empty() {
        out.push_str(",\"params\":");
        params.write(out);
    }
    out.push('}');
}

impl Request {
    /// Writes the request at the end of `out`.
    pub fn write(&self, out: &mut String) {
        out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
        self.id.to_value().write(out);
        write_method(&self.method, &self.params, out);
    }
}

impl Response {
    /// The answer to this request.
    pub fn to(id: Id, outcome: Answer) -> Self {
        Self { id: Some(id), outcome }
    }

    /// Writes the response at the end of `out`.
    pub fn write(&self, out: &mut String) {
        out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
        self.id.as_ref().map_or(Value::Null, Id::to_value).write(out);
        match &self.outcome {
            Ok(result) => {
                out.push_str(",\"result\":");
                result.write(out);
            }
            Err(error) => {
                out.push_str(",\"error\":");
                error.to_object().write(out);
            }
        }
        out.push('}');
    }
}
