//! What exactly did a rule say? The raw value of an effect becomes findings, or it is refused as a whole.

use regorus::Value;

use super::decision::{Effect, Finding, Severity};
use super::template::render;

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

/// Where findings are read: what they may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The package.
    pub policy: &'a str,
    /// The word.
    pub effect: Effect,
    /// What templates are filled in from.
    pub input: &'a Value,
    /// And this.
    pub data: &'a Value,
}

/// The fields every finding may have.
pub const FIELDS: [&str; 5] = ["id", "reason", "severity", "advice", "link"];
/// Who must agree and for how long is read by the approvals; a hold refuses until they exist.
const OF_A_HOLD: [&str; 8] = ["reviewers", "quorum", "each", "ttl", "escalate", "show", "self", "by"];

/// Whether a finding of this effect may have this field.
pub fn is_field(effect: Effect, name: &str) -> bool {
    FIELDS.contains(&name) || (effect == Effect::Hold && OF_A_HOLD.contains(&name))
}

/// The most findings one rule may have at a time, and the longest name or link of one: all of it is recorded.
const MOST: usize = 256;
const LONGEST: usize = 2000;

/// Reads the value of an effect: a set or array of findings, one finding, a reason, or `true`.
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
    let mut finding = Finding {
        policy: context.policy.to_owned(),
        effect: context.effect,
        id: None,
        reason: None,
        severity: None,
        advice: None,
        link: None,
    };
    match value {
        Value::Bool(true) => {}
        Value::String(reason) => finding.reason = Some(render(reason, context.input, context.data)),
        Value::Object(members) => {
            for (name, value) in members.iter() {
                let Value::String(name) = name else {
                    return Err(malformed(context, "a field's name is not a text".to_owned()));
                };
                field(context, &mut finding, name, value)?;
            }
        }
        _ => return Err(malformed(context, "an element is neither an object, nor a text, nor `true`".to_owned())),
    }
    Ok(finding)
}

fn field(context: Context<'_>, finding: &mut Finding, name: &str, value: &Value) -> Result<(), Malformed> {
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
        "reason" => finding.reason = Some(render(&text()?, context.input, context.data)),
        "advice" => finding.advice = Some(render(&text()?, context.input, context.data)),
        "link" => finding.link = Some(short()?),
        "severity" => finding.severity = Some(severity(&text()?).ok_or_else(|| unknown_severity(context))?),
        _ if is_field(context.effect, name) => {}
        _ => return Err(malformed(context, format!("`{name}` is not a field of `{}`", context.effect.word()))),
    }
    Ok(())
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
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_has_an_end() {
        // POL-02
        let (input, data) = (Value::new_object(), Value::new_object());
        let context = Context { policy: "p", effect: Effect::Warn, input: &input, data: &data };
        let many = |count: usize| Value::from((0..count).map(|_| Value::from("a reason")).collect::<Vec<_>>());
        assert_eq!(read(context, &many(MOST)).unwrap().len(), MOST);
        assert!(read(context, &many(MOST + 1)).unwrap_err().why.contains("too many"));
        let named = |length: usize| Value::from_json_str(&format!(r#"{{"id":"{}"}}"#, "a".repeat(length))).unwrap();
        assert_eq!(read(context, &named(LONGEST)).unwrap().len(), 1);
        assert!(read(context, &named(LONGEST + 1)).unwrap_err().why.contains("more than"));
    }
}
