//! Do the headers of a client's request agree with its body?
//!
//! Nothing is ever taken from a header: policy reads the body alone. But a machine in front of us may have routed or
//! judged by the headers, so a request that tells two stories is refused whole. A header that stands twice is refused
//! too: there is no first or last that could be meant.

use http::{HeaderMap, HeaderName};

use super::encoding::{self, Wrapping};
use super::{
    Annotations, META_PROTOCOL_VERSION, METHOD, MODERN, NAME, PARAM, PROTOCOL_VERSION, SESSION_ID, name_of, value_at,
};
use crate::wire::json::{Object, Value};
use crate::wire::message::{Request, RpcError, code};
use crate::wire::reader::{Limits, strict};

/// Where headers and body disagree. Answered with 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderMismatch {
    /// Two headers where one may be.
    #[error("the header {0} stands twice; send it once")]
    Twice(HeaderName),
    /// The modern era demands it.
    #[error("the header {0} is missing; the protocol version of this request requires it")]
    Missing(HeaderName),
    /// Bytes no header may have, or base64 that is not written the one way it may be.
    #[error("the header {0} is not encoded as the protocol demands")]
    Encoding(HeaderName),
    /// Two stories.
    #[error("the header {0} does not say what the body says")]
    Differs(HeaderName),
    /// The header claims the modern era, the body does not.
    #[error("`_meta` lacks `io.modelcontextprotocol/protocolVersion`, which the header's protocol version requires")]
    NoVersionInBody,
}

impl HeaderMismatch {
    /// The error the client gets.
    pub fn to_error(&self) -> RpcError {
        let code = match self {
            Self::NoVersionInBody => code::INVALID_PARAMS,
            _ => code::HEADER_MISMATCH,
        };
        RpcError::new(code, self.to_string())
    }
}

/// Checks every routing header of a request. The annotations are those of the tool it calls, where they are known.
pub fn check(headers: &HeaderMap, request: &Request, annotations: Option<&Annotations>) -> Result<(), HeaderMismatch> {
    one(headers, &SESSION_ID)?;
    let era = era(headers, request)?;
    match (one(headers, &METHOD)?, era) {
        (Some(method), _) if method != request.method => return Err(HeaderMismatch::Differs(METHOD)),
        (None, Era::Modern) => return Err(HeaderMismatch::Missing(METHOD)),
        _ => {}
    }
    let name = name_of(request);
    let required = matches!(request.method.as_str(), "tools/call" | "prompts/get" | "resources/read");
    match (one(headers, &NAME)?, era) {
        (Some(value), _) => {
            let value = encoding::decode(value, Wrapping::WhereNeeded).ok_or(HeaderMismatch::Encoding(NAME))?;
            if name.is_some_and(|name| name != value) {
                return Err(HeaderMismatch::Differs(NAME));
            }
        }
        (None, Era::Modern) if required => return Err(HeaderMismatch::Missing(NAME)),
        (None, _) => {}
    }
    if request.method == "tools/call" { params(headers, request, annotations, era) } else { Ok(()) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Legacy,
    Modern,
}

/// The stricter of the two claims counts, and both must be the same.
fn era(headers: &HeaderMap, request: &Request) -> Result<Era, HeaderMismatch> {
    let header = one(headers, &PROTOCOL_VERSION)?;
    let body = request.params.object("_meta").and_then(|meta| meta.get(META_PROTOCOL_VERSION));
    match (body, header) {
        (Some(body), Some(header)) if body.as_str() != Some(header) => Err(HeaderMismatch::Differs(PROTOCOL_VERSION)),
        (Some(_), None) => Err(HeaderMismatch::Missing(PROTOCOL_VERSION)),
        (None, Some(header)) if header >= MODERN => Err(HeaderMismatch::NoVersionInBody),
        (Some(_), Some(header)) if header >= MODERN => Ok(Era::Modern),
        _ => Ok(Era::Legacy),
    }
}

/// Mirrored arguments: those the schema names must be there and equal; one that has an argument's own name must equal
/// it even where the schema we know does not name it, because the server's next schema might.
fn params(
    headers: &HeaderMap,
    request: &Request,
    annotations: Option<&Annotations>,
    era: Era,
) -> Result<(), HeaderMismatch> {
    let empty = Object::new();
    let arguments = request.params.object("arguments").unwrap_or(&empty);
    for header in headers.keys() {
        let Some(short) = header.as_str().strip_prefix(PARAM) else { continue };
        let raw = one(headers, header)?.unwrap_or_default();
        let annotated = annotations.and_then(|annotations| annotations.path(header));
        let expected: Vec<_> = match annotated {
            Some(path) => value_at(arguments, path).into_iter().collect(),
            None => arguments.iter().filter(|(name, _)| name.eq_ignore_ascii_case(short)).map(|(_, it)| it).collect(),
        };
        if annotated.is_none() && expected.is_empty() {
            continue;
        }
        let text = encoding::decode(raw, Wrapping::Anywhere).ok_or_else(|| HeaderMismatch::Encoding(header.clone()))?;
        if expected.is_empty() || !expected.iter().all(|expected| same(expected, &text)) {
            return Err(HeaderMismatch::Differs(header.clone()));
        }
    }
    if era == Era::Modern {
        for (header, path) in annotations.into_iter().flat_map(Annotations::iter) {
            if value_at(arguments, path).is_some() && !headers.contains_key(header) {
                return Err(HeaderMismatch::Missing(header.clone()));
            }
        }
    }
    Ok(())
}

/// Numbers are compared as numbers: `42.0` in a header is `42` in a body.
fn same(value: &Value, text: &str) -> bool {
    match value {
        Value::Number(_) => strict(text.as_bytes(), &Limits::REQUEST).is_ok_and(|number| number == *value),
        other => encoding::text(other).is_some_and(|expected| expected == text),
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, HeaderMismatch> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HeaderMismatch::Twice(name.clone()));
    }
    first.to_str().map(Some).map_err(|_| HeaderMismatch::Encoding(name.clone()))
}
