//! What does a message look like in Slack?
//!
//! Our words first, in fixed places: where the call stands, what it would do, what is known. Then what others wrote, each in an
//! element of its own that Slack does not read marks in (see [`words`](super::words)). The arguments are shown whole or not at
//! all as far as deciding goes: where something is left out, or the risk is higher than may be decided here, or an account is
//! not enough, there is no button to agree, but one that leads to the whole of it. The same layout is made again when somebody
//! presses a button, so that a button that should not be there does nothing.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod facts;
mod many;

use serde_json::{Value, json};

use super::action::{About, Press};
use super::limits;
use super::words::{bold, box_of, cut, ends, ours, plain, quote, section, spoken};
use crate::approval::vote::Word as Said;
use crate::channels::message::{Arguments, Matter};
use crate::facts::Risk;
use crate::policy::finding::evidence::Needed;
use crate::visible::harmless_json;

/// A message as Slack is given it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// What is shown.
    pub blocks: Vec<Value>,
    /// What stands in a notification: words of ours alone.
    pub text: String,
    /// Whether the call can be agreed to here; why not, where it cannot.
    pub decides: Result<(), Elsewhere>,
}

/// Why a call cannot be agreed to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// It waits for nobody.
    #[error("nobody is asked about it any more")]
    Over,
    /// Its risk is too high.
    #[error("a call of {} risk is not agreed to in Slack; open it and decide there", .0.word())]
    Risk(Risk),
    /// An account alone is not enough.
    #[error("an account is not enough for it: {}", .0.advice())]
    Evidence(Needed),
    /// Something of it is not shown here.
    #[error("not all of it is shown here; open it, look at the whole, and decide there")]
    Hidden,
}

/// A call, and what a message about it says beside.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The call.
    pub matter: &'a Matter,
    /// When what was said last was said.
    pub at: &'a str,
    /// The arguments, where the message does not carry them because they are too long; their ends are shown.
    pub long: Option<&'a str>,
}

/// How much of each thing there is room for.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Words of a sentence, and the length of each.
    sentence: (usize, usize),
    /// Facts, and the words of each, and the length of those.
    facts: (usize, (usize, usize)),
    /// What people and agents said.
    said: usize,
    /// The reason of a rule.
    reason: usize,
}

/// From the most to the least; the first with which a message is short enough is taken.
const SIZES: [Size; 4] = [
    Size { sentence: (24, 200), facts: (12, (24, 120)), said: 600, reason: 600 },
    Size { sentence: (16, 100), facts: (8, (10, 80)), said: 300, reason: 300 },
    Size { sentence: (12, 60), facts: (4, (6, 40)), said: 120, reason: 120 },
    Size { sentence: (6, 40), facts: (1, (3, 30)), said: 40, reason: 40 },
];
/// Arguments that are longer than this, as they stand in the message, are not shown whole.
const ARGUMENTS: usize = 2000;
/// So much of their ends is shown then.
const ENDS: usize = 600;

impl Card {
    /// About one call.
    pub fn of(told: Told<'_>, max_risk: Risk) -> Self {
        let mut card = Self { blocks: Vec::new(), text: String::new(), decides: Err(Elsewhere::Hidden) };
        for size in SIZES {
            card = laid_out(told, max_risk, size);
            if card.fits() {
                break;
            }
        }
        card
    }

    /// One by which somebody sees that messages come through.
    pub fn test() -> Self {
        let text = "Countersign can post here. Nobody has to do anything.".to_owned();
        let blocks = vec![header("This is a test"), section(&[ours(&text)])];
        Self { blocks, text, decides: Err(Elsewhere::Over) }
    }

    /// Whether Slack takes it.
    fn fits(&self) -> bool {
        self.length() < limits::CARD && self.blocks.iter().all(|block| said(block) <= limits::SECTION)
    }

    /// How long it is on its way to Slack.
    pub fn length(&self) -> usize {
        limits::length(&Value::from(self.blocks.clone()).to_string())
    }
}

/// How much text there is in it.
fn said(value: &Value) -> usize {
    let own = value.get("text").and_then(Value::as_str).map(limits::length).unwrap_or_default();
    let inside = value.get("elements").and_then(Value::as_array).into_iter().flatten().map(said);
    inside.fold(own, usize::saturating_add)
}

/// What is said in the thread of a message; nothing where nothing is.
pub fn aside(matter: &Matter, what: crate::channels::notice::What) -> Option<(Vec<Value>, String)> {
    use crate::channels::notice::What;
    let (lead, text, of_theirs) = match what {
        What::Questioned => {
            let asked = matter.asked.as_ref()?;
            (
                format!("{} asks the agent:", cut(&asked.by, 120).text),
                "Somebody asks the agent something",
                &asked.question,
            )
        }
        What::Explained => {
            let said = matter.asked.as_ref()?.asserted.as_ref()?;
            ("The agent answers; nobody has checked what it says:".to_owned(), "The agent has answered", said)
        }
        What::Reminded | What::Escalated | What::Edited if is_pending(matter) => {
            let text = match what {
                What::Reminded => "The time for an answer is nearly over",
                What::Escalated => "More people are asked now",
                _ => "What would be sent was changed, and has to be agreed to as it is now",
            };
            let until = format!("{text}. Without an answer it ends at {}.", cut(&matter.deadline, 40).text);
            return Some((vec![section(&[ours(&until)])], text.to_owned()));
        }
        _ => return None,
    };
    let blocks = vec![section(&[bold(&lead)]), quote(&cut(of_theirs, 2000).text)];
    Some((blocks, text.to_owned()))
}

fn laid_out(told: Told<'_>, max_risk: Risk, size: Size) -> Card {
    let matter = told.matter;
    let (sentence, all_said) = spoken(&matter.sentence, size.sentence);
    let (facts, all_known) = facts::lines(matter, size.facts);
    let (mut shown, all_shown) = arguments(told);
    let mut blocks = vec![header(&heading(matter))];
    if !sentence.is_empty() {
        blocks.push(section(&sentence));
    }
    blocks.push(section(&facts));
    let mut whole = all_said && all_known && all_shown;
    if let Some(reason) = &matter.reason {
        let reason = cut(reason, size.reason);
        whole &= reason.whole;
        blocks.extend([section(&[bold("Why people are asked:")]), quote(&reason.text)]);
    }
    blocks.append(&mut shown);
    blocks.extend(conversation(told, size.said));
    let decides = decides(matter, max_risk, whole);
    if let Err(why @ (Elsewhere::Risk(_) | Elsewhere::Evidence(_) | Elsewhere::Hidden)) = decides {
        blocks.push(section(&[ours(&capital(&why.to_string()))]));
    }
    blocks.extend(buttons(matter, decides.is_ok()));
    Card { blocks, text: notification(matter), decides }
}

fn decides(matter: &Matter, max_risk: Risk, whole: bool) -> Result<(), Elsewhere> {
    if !is_pending(matter) {
        Err(Elsewhere::Over)
    } else if matter.risk > max_risk {
        Err(Elsewhere::Risk(matter.risk))
    } else if matter.evidence != Needed::Account {
        Err(Elsewhere::Evidence(matter.evidence))
    } else if !whole {
        Err(Elsewhere::Hidden)
    } else {
        Ok(())
    }
}

/// The arguments as the record holds them, and whether they are all there.
fn arguments(told: Told<'_>) -> (Vec<Value>, bool) {
    let label = |text: &str| section(&[bold(text)]);
    let part = |text: &str| {
        let text = harmless_json(text);
        let all = limits::length(&text);
        let shown = ends(&text, ENDS).text;
        vec![
            label(&format!("The arguments are too long to be shown here: both ends of {all} characters")),
            box_of(&shown),
        ]
    };
    match (&told.matter.arguments, told.long) {
        (Some(Arguments::Whole(text)), _) => {
            let safe = harmless_json(text);
            if limits::length(&Value::from(safe.as_str()).to_string()) <= ARGUMENTS {
                (vec![label("What would be sent, as the record holds it:"), box_of(&safe)], true)
            } else {
                (part(text), false)
            }
        }
        (Some(Arguments::TooLong(_)), Some(text)) => (part(text), false),
        (Some(Arguments::TooLong(bytes)), None) => {
            (vec![label(&format!("The arguments are too long to be shown here: {bytes} bytes"))], false)
        }
        (None, _) => (vec![label("The arguments are not shown here.")], false),
    }
}

/// What people said, and what the agent said to it.
fn conversation(told: Told<'_>, most: usize) -> Vec<Value> {
    let matter = told.matter;
    let mut blocks = Vec::new();
    if let Some(asked) = &matter.asked {
        blocks.extend([
            section(&[bold(&format!("{} asks:", cut(&asked.by, 60).text))]),
            quote(&cut(&asked.question, most).text),
        ]);
        if let Some(said) = &asked.asserted {
            blocks
                .extend([section(&[bold("The agent answers; nobody has checked it:")]), quote(&cut(said, most).text)]);
        }
    }
    if let Some(said) = &matter.said {
        let did = match said.word {
            Said::Yes => "agreed",
            Said::No => "said no",
            Said::BreakGlass => "broke the glass",
        };
        let (by, account) = (cut(&said.by, 60).text, cut(&said.account, 80).text);
        let line = format!("{by} {did} with the account {account} at {}", cut(told.at, 40).text);
        blocks.push(context(&line));
        if let Some(reason) = &said.reason {
            blocks.push(quote(&cut(reason, most).text));
        }
    }
    blocks
}

fn buttons(matter: &Matter, decides: bool) -> Option<Value> {
    let about = About { call: matter.id.clone(), digest: matter.digest.clone(), revision: matter.revision };
    let value = about.text();
    let button = |press: Press, text: &str, style: Option<&str>| {
        let mut button = json!({
            "type": "button", "action_id": press.id(), "value": value, "text": plain(text, limits::BUTTON),
        });
        if let (Some(style), Some(members)) = (style, button.as_object_mut()) {
            members.insert("style".to_owned(), style.into());
        }
        button
    };
    let mut all = Vec::new();
    let pending = is_pending(matter) && limits::length(&value) <= limits::VALUE;
    if pending && decides {
        all.push(button(Press::Approve, "Approve", Some("primary")));
    }
    if pending {
        all.push(button(Press::Deny, "Deny", Some("danger")));
    }
    if pending && matches!(matter.arguments, Some(Arguments::Whole(_))) {
        all.push(button(Press::Edit, "Edit", None));
    }
    if pending {
        all.push(button(Press::Ask, "Ask", None));
    }
    if let Some(page) = page(matter) {
        let text = if is_pending(matter) && !decides { "Open to decide" } else { "Open" };
        all.push(json!({
            "type": "button", "action_id": "countersign.open", "url": page, "text": plain(text, limits::BUTTON),
        }));
    }
    (!all.is_empty()).then(|| json!({ "type": "actions", "elements": all }))
}

/// Our own page about a call. What a browser would do with anything else nobody knows.
fn page(matter: &Matter) -> Option<&str> {
    matter.page.as_deref().filter(|page| {
        (page.starts_with("https://") || page.starts_with("http://")) && limits::length(page) <= limits::ADDRESS
    })
}

fn heading(matter: &Matter) -> String {
    let stands = match matter.state.as_str() {
        "pending" => return format!("Waits for people · {} risk", matter.risk.word()),
        "approved" => "Approved",
        "executing" => "Approved, and running",
        "outcome_unknown" => "Nobody knows whether it happened",
        "rejected" => "Denied",
        "expired" => "Expired: nobody agreed in time",
        "cancelled" => "Withdrawn by whoever asked",
        "superseded" => "Replaced by another call",
        "lapsed" => "Approved, and not used in time",
        "revoked" => "Approval taken back",
        "succeeded" => "Approved, and done",
        "failed" => "Approved, tried, and failed",
        "reconciled_succeeded" => "Looked up: it happened",
        "reconciled_failed" => "Looked up: it did not happen",
        _ => "Decided",
    };
    stands.to_owned()
}

/// Nothing of others, because how it is shown is up to each device.
fn notification(matter: &Matter) -> String {
    if is_pending(matter) {
        format!("A tool call of {} risk waits for people", matter.risk.word())
    } else {
        format!("Tool call: {}", heading(matter))
    }
}

fn is_pending(matter: &Matter) -> bool {
    matter.state == "pending"
}

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": plain(text, limits::HEADER) })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [plain(text, limits::FIELD)] })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
