//! What exactly did a rule say? The raw value of an effect becomes findings, or it is refused as a whole.

use regorus::Value;
use schemars::JsonSchema;
use serde::Serialize;

use super::bounds::weight;
use super::template::render;
use change::Change;
use effect::Effect;
use hold::HoldTerms;
use label::Label;
use limit::LimitTerms;
use require::Requirement;

pub mod change;
pub mod effect;
pub mod evidence;
pub mod grant;
pub mod hold;
pub mod label;
pub mod limit;
pub mod pattern;
pub mod pointer;
pub mod preview;
pub mod require;
pub mod span;
pub mod written;

/// One thing one rule said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The package below `countersign`.
    pub policy: String,
    /// Which word it was said with.
    pub effect: Effect,
    /// Unique in package and effect; `policy/id` names the finding everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// For people and the agent, rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For people; never for precedence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What to do instead, rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What its effect needs beside that.
    #[serde(flatten)]
    pub detail: Detail,
}

/// What some effects need beside words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Detail {
    /// Nothing.
    #[schemars(with = "Nothing")]
    None,
    /// A hold, or a withhold that can be released.
    Hold(HoldTerms),
    /// A redact or a mask.
    Change(Change),
    /// A require.
    Require(Requirement),
    /// A limit.
    Limit(LimitTerms),
    /// A label.
    Label {
        /// The label.
        label: Label,
    },
}

#[derive(JsonSchema)]
struct Nothing {}

/// How bad it would be, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, clippy::allow_attributes, reason = "the words say it")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The word rules write.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A value that is no finding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{policy}` says `{effect}` in a form that is no finding: {why}")]
pub struct Malformed {
    /// The package.
    pub policy: String,
    /// The word.
    pub effect: &'static str,
    /// What is wrong.
    pub why: String,
}

/// Where findings are read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The package.
    pub policy: &'a str,
    /// The word.
    pub effect: Effect,
}

/// The most findings one rule may have at a time, and the longest name or link of one: all of it is recorded.
const MOST: usize = 256;
const LONGEST: usize = 2000;
/// The heaviest finding, its texts included.
const HEAVIEST: u64 = 64 << 10;

impl Finding {
    /// `package/id`, or the package alone.
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| self.policy.clone(), |id| format!("{}/{id}", self.policy))
    }

    /// A finding that says nothing but its word.
    pub(super) fn silent(policy: &str, effect: Effect) -> Self {
        let (id, reason, severity, advice, link) = (None, None, None, None, None);
        Self { policy: policy.to_owned(), effect, id, reason, severity, advice, link, detail: Detail::None }
    }

    /// Fills in its templates from what may be shown.
    pub(super) fn render(&mut self, input: &Value, data: &Value) {
        for text in [&mut self.reason, &mut self.advice].into_iter().flatten() {
            *text = render(text, input, data);
        }
    }
}

/// Reads the value of an effect: a set or array of findings, one finding, a text, or `true`. Templates are left as
/// they are: whoever knows what is masked fills them in.
pub fn read(context: Context<'_>, value: &Value) -> Result<Vec<Finding>, Malformed> {
    let many = match value {
        Value::Set(items) => items.len(),
        Value::Array(items) => items.len(),
        _ => 1,
    };
    if many > MOST {
        return Err(malformed(context, format!("{many} findings at a time are too many; {MOST} may be")));
    }
    match value {
        Value::Undefined | Value::Bool(false) => Ok(Vec::new()),
        Value::Set(items) => items.iter().map(|item| one(context, item)).collect(),
        Value::Array(items) => items.iter().map(|item| one(context, item)).collect(),
        other => Ok(vec![one(context, other)?]),
    }
}

fn one(context: Context<'_>, value: &Value) -> Result<Finding, Malformed> {
    let mut finding = Finding::silent(context.policy, context.effect);
    let mut own = serde_json::Map::new();
    match value {
        Value::Bool(true) => {}
        Value::String(label) if context.effect == Effect::Label => {
            own.insert("label".to_owned(), serde_json::Value::from(&**label));
        }
        Value::String(reason) => finding.reason = Some(reason.to_string()),
        Value::Object(members) => {
            for (name, value) in members.iter() {
                let Value::String(name) = name else {
                    return Err(malformed(context, "a field's name is not a text".to_owned()));
                };
                if !field(context, &mut finding, name, value)? {
                    own.insert(name.to_string(), plain(context, name, value)?);
                }
            }
        }
        _ => return Err(malformed(context, "an element is neither an object, nor a text, nor `true`".to_owned())),
    }
    finding.detail = written::read(context.effect, own).map_err(|why| malformed(context, why))?;
    Ok(finding)
}

/// One of the fields every finding may have; whether it was one.
fn field(context: Context<'_>, finding: &mut Finding, name: &str, value: &Value) -> Result<bool, Malformed> {
    let text = || match value {
        Value::String(text) => Ok(text.to_string()),
        _ => Err(malformed(context, format!("`{name}` must be a text"))),
    };
    let short = || {
        let text = text()?;
        let fits = text.len() <= LONGEST;
        fits.then_some(text).ok_or_else(|| malformed(context, format!("`{name}` has more than {LONGEST} bytes")))
    };
    match name {
        "id" => finding.id = Some(short()?),
        "reason" => finding.reason = Some(text()?),
        "advice" => finding.advice = Some(text()?),
        "link" => finding.link = Some(short()?),
        "severity" => finding.severity = Some(severity(&text()?).ok_or_else(|| unknown_severity(context))?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// A field of one effect, as its reader takes it.
fn plain(context: Context<'_>, name: &str, value: &Value) -> Result<serde_json::Value, Malformed> {
    let short: String = name.chars().take(80).collect();
    match value {
        value if weight(value, HEAVIEST) > HEAVIEST => Err(malformed(context, format!("`{short}` is too large"))),
        value => serde_json::to_value(value).map_err(|error| malformed(context, format!("`{short}`: {error}"))),
    }
}

/// What a word means.
pub fn severity(word: &str) -> Option<Severity> {
    Some(match word {
        "info" => Severity::Info,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

fn unknown_severity(context: Context<'_>) -> Malformed {
    malformed(context, "`severity` is one of info, low, medium, high, critical".to_owned())
}

fn malformed(context: Context<'_>, why: String) -> Malformed {
    Malformed { policy: context.policy.to_owned(), effect: context.effect.word(), why }
}

#[cfg(test)]
mod tests;
