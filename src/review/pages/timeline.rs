//! What happened to a call, from when it arrived until now?

use serde_json::Value;

use super::super::sentence::Word;
use super::frame::When;
use crate::store::entries::Written;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: When,
    /// Its code in the book.
    pub event: String,
    /// What, for people.
    pub words: Vec<Word>,
}

/// Everything the book says of a call, in order.
pub fn steps(lines: &[Written]) -> Vec<Step> {
    let step = |line: &Written| {
        let body: Value = serde_json::from_str(&line.body).unwrap_or_default();
        Step { at: When(line.at), event: line.event.clone(), words: words(&line.event, &body) }
    };
    lines.iter().map(step).collect()
}

fn words(event: &str, body: &Value) -> Vec<Word> {
    let ours = |text: &str| Word::Ours(text.to_owned());
    let theirs = |key: &str| Word::Theirs(text(body, key));
    let because = |words: Vec<Word>| {
        let why = body.get("reason").or_else(|| body.get("why")).and_then(Value::as_str).filter(|why| !why.is_empty());
        words.into_iter().chain(why.into_iter().flat_map(|why| [ours(": "), Word::Theirs(why.to_owned())])).collect()
    };
    match event {
        "arrived" => vec![theirs("principal"), ours(" asked for "), theirs("target"), ours(" of "), theirs("server")],
        "mismatched" => {
            vec![ours("It is not the call that its client's hook reported: something changed it on the way")]
        }
        "decided" => vec![Word::Ours(format!("The rules say: {}", text(body, "outcome")))],
        "refused" => because(vec![ours("Refused")]),
        "held" => vec![Word::Ours(format!(
            "Waits for people until {}",
            super::inbox::moment(&text(body, "deadline")).words()
        ))],
        "voted" => because(vec![
            theirs("person"),
            Word::Ours(format!(" {} ({})", vote(&text(body, "word")), text(body, "part"))),
        ]),
        "viewed" => vec![theirs("person"), ours(" looked at it")],
        "rushed" => {
            let millis = body.get("millis").and_then(Value::as_u64).unwrap_or(0);
            vec![theirs("person"), Word::Ours(format!(" agreed {millis} ms after it was shown to them"))]
        }
        "escalated" => vec![theirs("person"), ours(" had those asked at once who would be asked later")],
        "questioned" => vec![theirs("person"), ours(" asked: "), theirs("text")],
        "explained" => vec![ours("The agent says, and nobody has checked: "), theirs("text")],
        "edited" => {
            because(vec![theirs("person"), Word::Ours(format!(" wanted other arguments: {}", text(body, "outcome")))])
        }
        "grant_made" => vec![theirs("person"), ours(" let calls like it run for a while")],
        "grant_used" => vec![ours("Nobody was asked: people had agreed to calls like it")],
        "claimed" if body.get("break_glass") == Some(&Value::Bool(true)) => vec![ours("Claimed: the glass was broken")],
        "claimed" => vec![ours("People agreed, and it was looked at once more")],
        "leased" => vec![ours("A credential was made by "), theirs("provider")],
        "lease_ended" => vec![ours("The credential ended: "), theirs("end")],
        "dispatched" => vec![ours("Sent to "), theirs("server")],
        "finished" => finished(body),
        "released" => vec![Word::Ours(format!("What came back: {}", text(body, "outcome")))],
        "settled" => {
            let state = super::inbox::state(&text(body, "state")).to_owned();
            because(vec![Word::Ours(format!("It stands now: {state}"))])
        }
        "cancelled" => because(vec![Word::Ours(format!("Cancelled by {}", text(body, "by")))]),
        other => vec![Word::Ours(other.replace('_', " "))],
    }
}

fn finished(body: &Value) -> Vec<Word> {
    let micros = body.get("micros").and_then(Value::as_u64).unwrap_or(0);
    let took = format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000);
    let mut words = vec![Word::Ours(format!("It {} after {took}", text(body, "outcome").replace('_', " ")))];
    if let Some(error) = body.get("error").and_then(Value::as_str) {
        words.extend([Word::Ours(": ".to_owned()), Word::Theirs(error.to_owned())]);
    }
    words
}

/// What somebody did with this word.
pub fn vote(word: &str) -> &str {
    match word {
        "yes" => "approved",
        "no" => "denied",
        "break_glass" => "broke the glass",
        other => other,
    }
}

/// The text under a key; empty where there is none.
pub fn text(body: &Value, key: &str) -> String {
    body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
