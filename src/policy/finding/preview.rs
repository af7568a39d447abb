//! What is asked of the server before people are, and once more before the call is sent?
//!
//! What is asked is worked out by the rule and may hold what another rule covers in the record. So it is never written
//! down with the terms of a hold: its digest stands in its place, and whoever asks again has it from the rules anew.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pointer::{Pointer, Step};
use super::span::Span;
use crate::digest::Digest;
use crate::wire::json::{Object, Value};

/// A question to the server of a call that waits: how much would it do?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The tool that is asked, under the server's own name.
    pub tool: String,
    /// What it is asked; told by its digest.
    #[schemars(with = "String", extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    pub arguments: Question,
    /// Which part of the result counts; nothing: the whole content.
    #[serde(deserialize_with = "nullable")]
    pub take: Option<Pointer>,
    /// How long is waited for the answer.
    pub within: Span,
    /// How many per cent more or less a number may be when the call is sent.
    pub may_differ: u32,
}

/// The arguments of a preview. Once written down only their name is known.
#[derive(Clone)]
pub struct Question {
    digest: Digest,
    open: Option<Object>,
}

/// A preview as rules write it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Preview")]
pub(super) struct Written {
    /// A tool of the same server. It is called only where rules plainly allow that and it is known to read only.
    tool: String,
    /// Its arguments.
    arguments: serde_json::Map<String, serde_json::Value>,
    /// A JSON pointer into the result, such as `/structuredContent/rows`; the whole content if left out. It goes on
    /// inside a text that is JSON.
    take: Option<String>,
    /// How long is waited, `10s` at most; `3s` if left out.
    within: Option<Span>,
    /// How many per cent more or less a number may be when the call is sent; 0 if left out.
    #[schemars(range(max = 100))]
    may_differ: Option<u32>,
}

/// The longest that is waited for one, and what is usual, in seconds.
const LONGEST: u64 = 10;
const USUAL: u64 = 3;
/// No tool's name is longer.
const LONGEST_NAME: usize = 256;
/// The most a number may differ.
const MOST: u32 = 100;

impl Question {
    /// These arguments.
    pub fn of(arguments: Object) -> Self {
        Self { digest: Digest::of_object("preview", &arguments), open: Some(arguments) }
    }

    /// Names them.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// They themselves; nothing where they were read from a record.
    pub const fn open(&self) -> Option<&Object> {
        self.open.as_ref()
    }
}

impl TryFrom<Written> for Preview {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { tool, arguments, take, within, may_differ } = written;
        if tool.is_empty() || tool.len() > LONGEST_NAME {
            return Err(format!("`preview.tool` is no tool's name; it has between 1 and {LONGEST_NAME} bytes"));
        }
        let plain = |text: String| {
            let pointer = Pointer::try_from(text.clone()).ok();
            pointer.filter(|pointer| !pointer.steps().contains(&Step::Every)).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                format!(
                    "`preview.take` has `{shown}`, which is no pointer to one place in a result; write one such as \
                     \"/structuredContent/rows\""
                )
            })
        };
        let take = take.map(plain).transpose()?;
        let within = within.or_else(|| Span::of_seconds(USUAL)).filter(|within| within.seconds() <= LONGEST);
        let within = within.ok_or_else(|| format!("`preview.within` is more than \"{LONGEST}s\""))?;
        let may_differ = may_differ.unwrap_or(0);
        if may_differ > MOST {
            return Err(format!("`preview.may_differ` is {may_differ}, and per cents go to {MOST}"));
        }
        let Value::Object(arguments) = Value::from(serde_json::Value::Object(arguments)) else {
            return Err("`preview.arguments` is no object".to_owned());
        };
        Ok(Self { tool, arguments: Question::of(arguments), take, within, may_differ })
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Question {}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.digest, f)
    }
}

impl Serialize for Question {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.digest)
    }
}

impl<'de> Deserialize<'de> for Question {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digest = Digest::parse(&text).ok_or_else(|| serde::de::Error::custom("no digest of arguments"))?;
        Ok(Self { digest, open: None })
    }
}

/// Reads what may be null, but not what is not there.
fn nullable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Pointer>, D::Error> {
    Option::deserialize(from)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn read(more: &serde_json::Value) -> Result<Preview, String> {
        let mut written = json!({ "tool": "query", "arguments": { "sql": "SELECT 1" } });
        for (name, value) in more.as_object().unwrap() {
            written[name] = value.clone();
        }
        from_value::<Written>(written).map_err(|error| error.to_string())?.try_into()
    }

    #[test]
    fn what_is_left_out_is_what_is_usual() {
        let preview = read(&json!({})).unwrap();
        assert_eq!((preview.within.seconds(), preview.may_differ, preview.take), (3, 0, None));
        let preview = read(&json!({ "take": "/content/0/text/n", "within": "10s", "may_differ": 100 })).unwrap();
        assert_eq!((preview.within.seconds(), preview.may_differ), (10, 100));
    }

    #[test]
    fn a_preview_of_another_form_is_refused_and_says_why() {
        for (more, why) in [
            (json!({ "tool": "" }), "no tool's name"),
            (json!({ "tool": "x".repeat(257) }), "no tool's name"),
            (json!({ "take": "rows" }), "no pointer"),
            (json!({ "take": "/content/*/text" }), "no pointer to one place"),
            (json!({ "within": "11s" }), "more than \"10s\""),
            (json!({ "within": "3" }), "no length of time"),
            (json!({ "may_differ": 101 }), "per cents go to 100"),
            (json!({ "may_differ": -1 }), "invalid value"),
            (json!({ "may_differ": 0.5 }), "invalid type"),
            (json!({ "server": "other" }), "unknown field"),
            (json!({ "arguments": [] }), "invalid type"),
        ] {
            let error = read(&more).unwrap_err();
            assert!(error.contains(why), "{more}: {error}");
        }
    }

    #[test]
    fn what_is_asked_is_written_down_as_its_digest_and_nowhere_else() {
        let preview = read(&json!({ "arguments": { "sql": "SELECT 'secret'" } })).unwrap();
        let text = serde_json::to_string(&preview).unwrap();
        assert!(!text.contains("secret") && !format!("{preview:?}").contains("secret"), "{text}");
        let back: Preview = serde_json::from_str(&text).unwrap();
        assert_eq!(back, preview);
        assert!(back.arguments.open().is_none() && preview.arguments.open().is_some());
        assert_ne!(back, read(&json!({ "arguments": { "sql": "SELECT 'other'" } })).unwrap());
    }
}
