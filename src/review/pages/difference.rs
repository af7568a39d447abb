//! What would be different if other arguments were sent?
//!
//! Shown before anything is changed: what would be sent now and what would be sent then, side by side, with the words marked
//! that differ.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::super::card::Shown;
use super::super::fault::Fault;
use super::frame::Frame;
use super::saying::{Form, changes};
use super::seen::Written;

/// What would be different.
#[derive(Debug, Template)]
#[template(path = "difference.html", config = "src/review/pages/askama.toml")]
pub struct DifferencePage {
    /// What stands round it.
    pub frame: Frame,
    /// Names the call.
    pub id: String,
    /// What would be sent now.
    pub before: Side,
    /// What would be sent then.
    pub after: Side,
    /// What is sent back when somebody is sure.
    pub fields: Vec<(&'static str, String)>,
}

/// One side: its parts, and whether the other has them too.
#[derive(Debug)]
pub struct Side {
    mark: &'static str,
    parts: Vec<(bool, String)>,
}

impl HtmlSafe for Side {}

impl DifferencePage {
    /// Of what somebody filled in.
    pub fn of(frame: Frame, (id, shown): (&str, &Shown), form: &Form) -> Result<Self, Fault> {
        let wanted = form.one("arguments").unwrap_or_default();
        changes(shown, wanted)?;
        if form.one("reason").is_none() {
            return Err(Fault::Malformed {
                key: Some("reason".to_owned()),
                why: "say why: the agent is told".to_owned(),
            });
        }
        let now = shown.params.get("arguments").map(|arguments| format!("{arguments:#}")).unwrap_or_default();
        let then: Value = serde_json::from_str(wanted).unwrap_or_default();
        let (before, after) = sides(&now, &format!("{then:#}"));
        let field = |name| (name, form.one(name).unwrap_or_default().to_owned());
        let fields = ["digest", "reason", "arguments"].map(field).into();
        Ok(Self { frame, id: id.to_owned(), before, after, fields })
    }
}

/// Both, with what differs marked.
pub(super) fn sides(before: &str, after: &str) -> (Side, Side) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for change in TextDiff::from_words(before, after).iter_all_changes() {
        let text = change.value().to_owned();
        match change.tag() {
            ChangeTag::Equal => {
                left.push((true, text.clone()));
                right.push((true, text));
            }
            ChangeTag::Delete => left.push((false, text)),
            ChangeTag::Insert => right.push((false, text)),
        }
    }
    (Side { mark: "del", parts: left }, Side { mark: "ins", parts: right })
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (both, text) in &self.parts {
            let text = Written(text.clone());
            if *both { write!(f, "{text}")? } else { write!(f, "<{0}>{text}</{0}>", self.mark)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_differ_are_marked_on_both_sides() {
        let (before, after) = sides("limit 100 <all>", "limit 5 <all>");
        let text = |side: Side| side.to_string().replace("<bdi>", "").replace("</bdi>", "");
        assert_eq!(text(before), "limit <del>100</del> &lt;all&gt;");
        assert_eq!(text(after), "limit <ins>5</ins> &lt;all&gt;");
    }
}
