//! What does a client say of itself, in either era? And what it says in a message that cannot be read?

use std::sync::Arc;

use crate::downstream::ClientProfile;
use crate::gateway::session::Client;
use crate::object;
use crate::wire::era::{Era, meta, version};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Id, Message, NotAMessage, Request, RpcError, code};
use crate::wire::reader::{self, Limits, Malformed};

/// A message that was refused, and what its sender is told.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The id it had, as far as it could be read.
    pub id: Option<Id>,
    /// What is wrong.
    pub error: RpcError,
}

/// Reads one message of a client.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Message, Unreadable> {
    let value = reader::strict(bytes, limits).map_err(|Malformed { why, at }| {
        let code = if why.is_syntax() { code::PARSE } else { code::INVALID_REQUEST };
        Unreadable { id: None, error: RpcError::new(code, format!("{why} (at byte {at})")) }
    })?;
    Message::from_value(value, true).map_err(|(id, why)| {
        let code = if why == NotAMessage::Params { code::INVALID_PARAMS } else { code::INVALID_REQUEST };
        Unreadable { id, error: RpcError::new(code, why.to_string()) }
    })
}

/// The version a request claims in its body: only modern ones do.
pub fn claimed_version(request: &Request) -> Option<&str> {
    request.params.object("_meta")?.str(meta::PROTOCOL_VERSION)
}

/// What an `initialize` says, with the version that was agreed on.
pub fn from_initialize(params: &Object, protocol: String) -> Client {
    let part = |name| params.object(name).cloned().unwrap_or_default();
    let profile =
        ClientProfile { capabilities: part("capabilities"), info: part("clientInfo"), protocol: protocol.clone() };
    Client { era: Era::Legacy, protocol, profile: Arc::new(profile) }
}

/// What a modern request says in its `_meta`. `supported` is what is offered to a client that speaks something else.
pub fn from_meta(request: &Request, supported: &Value) -> Result<Client, RpcError> {
    let missing =
        |key: &str| RpcError::new(code::INVALID_PARAMS, format!("`_meta` lacks `{key}`, which every request carries"));
    let Some(said) = request.params.object("_meta") else { return Err(missing(meta::PROTOCOL_VERSION)) };
    let Some(protocol) = said.str(meta::PROTOCOL_VERSION) else { return Err(missing(meta::PROTOCOL_VERSION)) };
    if !version::MODERN.contains(&protocol) {
        let text = format!("the protocol version `{protocol}` is not spoken here");
        return Err(RpcError::new(code::UNSUPPORTED_VERSION, text)
            .with_data(object! { "supported" => supported.clone(), "requested" => protocol }));
    }
    let Some(capabilities) = said.object(meta::CLIENT_CAPABILITIES) else {
        return Err(missing(meta::CLIENT_CAPABILITIES));
    };
    let profile = ClientProfile {
        capabilities: capabilities.clone(),
        info: said.object(meta::CLIENT_INFO).cloned().unwrap_or_default(),
        protocol: protocol.to_owned(),
    };
    Ok(Client { era: Era::Modern, protocol: protocol.to_owned(), profile: Arc::new(profile) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (i64, Option<Id>) {
        let unreadable = read(text.as_bytes(), &Limits::REQUEST).unwrap_err();
        (unreadable.error.code, unreadable.id)
    }

    #[test]
    fn a_message_that_could_be_read_two_ways_is_refused() {
        // PAR-04, PAR-05
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","name":"drop"}}"#;
        assert_eq!(refused(twice), (code::INVALID_REQUEST, None));
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{},"params":{"name":"drop"}}"#;
        assert_eq!(refused(twice), (code::INVALID_REQUEST, None));
        // PAR-06: other case, long s, Kelvin sign.
        for key in ["Method", "PARAMS", "param\u{17f}", "\u{212a}ind"] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","{key}":{{}}}}"#);
            assert_eq!(refused(&text), (code::INVALID_REQUEST, Some(Id::from(1))), "{key}");
        }
        // PRO-01
        let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"drop"}}]"#;
        assert_eq!(refused(batch), (code::INVALID_REQUEST, None));
        assert_eq!(refused("{"), (code::PARSE, None));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), (code::INVALID_REQUEST, None));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#), (code::INVALID_REQUEST, None));
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#),
            (code::INVALID_PARAMS, Some(Id::from(1)))
        );
    }

    #[test]
    fn a_modern_request_says_what_it_speaks_and_what_it_can() {
        let request =
            |meta: Object| Request { id: Id::from(1), method: "ping".into(), params: object! { "_meta" => meta } };
        let versions = Value::from("2026-07-28");
        let ask = |meta| from_meta(&request(meta), &versions).map(|client| client.protocol).map_err(|error| error.code);
        let full = object! { meta::PROTOCOL_VERSION => "2026-07-28", meta::CLIENT_CAPABILITIES => Object::new() };
        assert_eq!(ask(full.clone()).as_deref(), Ok("2026-07-28"));
        let mut other = full.clone();
        other.insert(meta::PROTOCOL_VERSION, "2031-01-01");
        assert_eq!(ask(other), Err(code::UNSUPPORTED_VERSION));
        let mut silent = full;
        drop(silent.remove(meta::CLIENT_CAPABILITIES));
        assert_eq!(ask(silent), Err(code::INVALID_PARAMS));
    }
}
