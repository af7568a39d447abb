//! What is changed before it passes, and where?

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::pattern::Pattern;
use super::pointer::{Pointer, Step};
use crate::policy::input::Phase;

/// One change: of what passes (`redact`), or of what is recorded and shown to people (`mask`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// Where.
    pub path: Pointer,
    /// What becomes of it.
    #[serde(flatten)]
    pub how: How,
    /// Which parts of texts; nothing: the whole value, whatever it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
}

/// What becomes of a value or of a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// This text takes its place, as it is written.
    Replace(String),
    /// It goes. Never together with a pattern.
    Remove,
}

/// What takes the place of what is masked.
pub const MASKED: &str = "•••";

/// A `redact` as rules write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Redact {
    /// Where: below `/call/arguments/` of a call, below `/result/content` or `/result/structured` of a result.
    path: Pointer,
    /// What takes its place, as it is written.
    replace: Option<String>,
    /// Or `true`: it goes.
    remove: Option<bool>,
    /// Which parts of texts are replaced; the whole value if left out.
    pattern: Option<Pattern>,
}

/// A `mask` as rules write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    /// Where: below `/call/arguments/` of a call, below `/result/content` or `/result/structured` of a result.
    path: Pointer,
    /// Which parts of texts are masked; the whole value if left out.
    pattern: Option<Pattern>,
}

/// No text that takes the place of another is longer.
const LONGEST: usize = 2000;

impl Change {
    /// The phase in which it is made: a rule that redacts results is asked about the call too, and the other way round.
    pub fn phase(&self) -> Phase {
        phase(&self.path).unwrap_or(Phase::Call)
    }

    /// The steps from the root of the arguments, or of the result.
    pub fn below(&self) -> &[Step] {
        self.path.below(&["call", "arguments"]).or_else(|| self.path.below(&["result"])).unwrap_or_default()
    }
}

/// Changes are made where something passes; everything else in the input is ours.
fn phase(path: &Pointer) -> Option<Phase> {
    if path.below(&["call", "arguments"]).is_some_and(|rest| !rest.is_empty()) {
        return Some(Phase::Call);
    }
    let result = ["content", "structured"].iter().any(|part| path.below(&["result", part]).is_some());
    result.then_some(Phase::Result)
}

fn place(path: Pointer) -> Result<Pointer, String> {
    if phase(&path).is_some() {
        return Ok(path);
    }
    Err(format!(
        "`path` is `{path}`, and only what is below /call/arguments/, /result/content or /result/structured passes"
    ))
}

impl TryFrom<Redact> for Change {
    type Error = String;

    fn try_from(written: Redact) -> Result<Self, String> {
        let Redact { path, replace, remove, pattern } = written;
        let how = match (replace, remove) {
            (Some(text), None) if text.len() > LONGEST => {
                return Err(format!("`replace` has more than {LONGEST} bytes"));
            }
            (Some(text), None) => How::Replace(text),
            (None, Some(true)) if pattern.is_some() => {
                return Err("`remove` takes the whole value away; with `pattern` write `replace`".to_owned());
            }
            (None, Some(true)) => How::Remove,
            _ => return Err("a redact has either `replace` with a text or `remove` with true".to_owned()),
        };
        Ok(Self { path: place(path)?, how, pattern })
    }
}

impl TryFrom<Mask> for Change {
    type Error = String;

    fn try_from(written: Mask) -> Result<Self, String> {
        let Mask { path, pattern } = written;
        Ok(Self { path: place(path)?, how: How::Replace(MASKED.to_owned()), pattern })
    }
}

impl Serialize for How {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let said = match self {
            Self::Replace(text) => Said { replace: Some(text), remove: None },
            Self::Remove => Said { replace: None, remove: Some(true) },
        };
        said.serialize(serializer)
    }
}

/// How it is told.
#[derive(Serialize, JsonSchema)]
struct Said<'a> {
    /// What takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<&'a str>,
    /// True: it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    remove: Option<bool>,
}

impl JsonSchema for How {
    fn schema_name() -> Cow<'static, str> {
        "How".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Said::json_schema(generator)
    }
}
