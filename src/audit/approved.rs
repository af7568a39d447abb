//! Who let this call run, on what grounds, and how surely is that known?
//!
//! From the entries of one call alone. A passkey's signature proves an answer to whoever trusts nobody here; any other answer
//! is the gateway's word, and is called that. Every answer must name what people were shown, and what ran must be it.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use crate::approval::vote::Word;
use crate::call::CallId;
use crate::digest::Digest;
use crate::passkey::{Assertion, Signed};
use crate::policy::finding::grant::GrantTerms;
use crate::wire::json::{Object, Value};

/// How surely something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surety {
    /// Somebody else's signature says it.
    Signed,
    /// The gateway wrote it down.
    Written,
    /// It does not fit what else is written down.
    Broken,
}

/// One thing about an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// How surely.
    pub surety: Surety,
    /// What, in words.
    pub what: String,
}

/// What people are asked about at one moment.
#[derive(Default)]
struct Asked {
    /// Names the call.
    call: String,
    /// Names what they are shown.
    shown: String,
}

/// What the entries of a call say of its approval, in their order; nothing for a call that nobody was asked about.
pub fn grounds(call: &CallId, entries: &[(String, Object)]) -> Vec<Ground> {
    let (mut asked, mut lacking, mut found) = (None::<Asked>, Vec::new(), Vec::new());
    for (event, body) in entries {
        let text = |name: &str| body.str(name).unwrap_or_default();
        match event.as_str() {
            "held" => {
                let (digest, summary) = (text("digest"), text("summary"));
                let shown = if summary.is_empty() { digest } else { summary };
                asked = Some(Asked { call: digest.to_owned(), shown: shown.to_owned() });
                written(&mut found, format!("people were asked about {}, until {}", text("digest"), text("deadline")));
            }
            "edited" if text("outcome") == "made" => {
                asked = Some(Asked { call: text("digest").to_owned(), shown: text("digest").to_owned() });
                written(
                    &mut found,
                    format!("{} had it changed; from then on it was {}", text("person"), text("digest")),
                );
            }
            "viewed" => written(&mut found, format!("{} was shown {}", text("person"), text("digest"))),
            "voted" => {
                lacking = body.get("lacking").and_then(Value::as_array).unwrap_or_default().to_vec();
                found.push(vote(call, body, asked.as_ref()));
            }
            "grant_used" => written(&mut found, format!("nobody was asked: the grant of {} covers it", text("grant"))),
            "claimed" => found.push(claim(body, asked.as_ref(), &lacking)),
            "settled" => written(&mut found, format!("it ended as {}", text("state"))),
            _ => {}
        }
    }
    found
}

fn written(found: &mut Vec<Ground>, what: String) {
    found.push(Ground { surety: Surety::Written, what });
}

fn vote(call: &CallId, body: &Object, asked: Option<&Asked>) -> Ground {
    let text = |name: &str| body.str(name).unwrap_or_default();
    let (person, word, digest) = (text("person"), text("word"), text("digest"));
    let said = format!("{person} said {word} to {digest} ({}, {})", text("part"), text("account"));
    let broken = |why: &str| Ground { surety: Surety::Broken, what: format!("{said}, {why}") };
    if asked.is_none_or(|asked| asked.shown != digest && asked.call != digest) {
        return broken("and that is not what people were asked about");
    }
    let Some(assertion) = body.get("assertion") else {
        return Ground { surety: Surety::Written, what: format!("{said}; known by {} alone", text("evidence")) };
    };
    let assertion = serde_json::from_str::<Assertion>(&assertion.to_string());
    let bounds = body.get("bounds").map(|bounds| serde_json::from_str::<GrantTerms>(&bounds.to_string()));
    let word = [Word::Yes, Word::No, Word::BreakGlass].into_iter().find(|known| known.text() == word);
    let (Ok(assertion), Some(digest), Some(word)) = (assertion, Digest::parse(digest), word) else {
        return broken("and the signature cannot be read");
    };
    let Ok(bounds) = bounds.transpose() else { return broken("and how far it reaches cannot be read") };
    let signed = Signed { call, digest, word, reason: body.str("reason"), bounds: bounds.as_ref() };
    match assertion.verify(&signed) {
        Ok(()) => Ground { surety: Surety::Signed, what: format!("{said}, and signed exactly that with a passkey") },
        Err(error) => broken(&format!("and the signature is not of that: {error}")),
    }
}

fn claim(body: &Object, asked: Option<&Asked>, lacking: &[Value]) -> Ground {
    let digest = body.str("digest").unwrap_or_default();
    let glass = body.get("break_glass").and_then(Value::as_bool).unwrap_or_default();
    let broken = |what: String| Ground { surety: Surety::Broken, what };
    if asked.is_some_and(|asked| asked.call != digest) {
        return broken(format!("what ran is {digest}, and that is not what people were asked about"));
    }
    if !lacking.is_empty() && !glass {
        return broken(format!("{digest} ran although somebody still had to agree"));
    }
    let how =
        if glass { "although not everybody agreed: people broke the glass" } else { "after everybody had agreed" };
    Ground { surety: Surety::Written, what: format!("exactly that ran, {how}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    const DIGEST: &str = "sha256:aa";

    fn entries(voted: Object, claimed: &str) -> Vec<(String, Object)> {
        let named = |event: &str, body: Object| (event.to_owned(), body);
        vec![
            named("held", object! { "digest" => DIGEST, "deadline" => "later" }),
            named("voted", voted),
            named("claimed", object! { "digest" => claimed, "attempt" => "1" }),
            named("settled", object! { "state" => "succeeded" }),
        ]
    }

    fn broken(entries: &[(String, Object)]) -> Vec<String> {
        let found = grounds(&CallId::from_record("0190"), entries);
        assert_eq!(found.len(), 4);
        found.into_iter().filter(|ground| ground.surety == Surety::Broken).map(|ground| ground.what).collect()
    }

    #[test]
    fn what_ran_is_what_people_agreed_to_or_it_is_said() {
        let yes = object! { "person" => "ada", "word" => "yes", "digest" => DIGEST, "evidence" => "session" };
        assert_eq!(broken(&entries(yes.clone(), DIGEST)), Vec::<String>::new());
        assert!(broken(&entries(yes.clone(), "sha256:bb"))[0].contains("not what people were asked about"));
        let other = object! { "person" => "ada", "word" => "yes", "digest" => "sha256:cc" };
        assert!(broken(&entries(other, DIGEST))[0].contains("not what people were asked about"));
        let mut early = yes.clone();
        early.insert("lacking", vec![Value::from("role:reviewer")].into_iter().collect::<Value>());
        assert!(broken(&entries(early, DIGEST))[0].contains("still had to agree"));
        let mut forged = yes;
        forged.insert("assertion", object! { "signature" => "AA" });
        assert!(broken(&entries(forged, DIGEST))[0].contains("cannot be read"));
    }
}
