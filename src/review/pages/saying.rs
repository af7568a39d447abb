//! What did somebody say with a form?
//!
//! A form becomes the same answer that comes in over the interface, so that both are read, judged and refused alike. What is
//! asked for here besides depends on how bad the call could be: of high risk it must have been looked at, of critical risk its
//! target must be named too. What a glance does not show must have been looked at in any case. A tap in passing agrees to none of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::card::Shown;
use super::super::fault::Fault;
use super::value::hides;
use crate::facts::Risk;

/// What was filled in: each name as often as it was.
#[derive(Clone, Debug, Default)]
pub struct Form(BTreeMap<String, Vec<String>>);

/// Reasons a person can pick instead of writing one.
pub const CHIPS: [&str; 6] = [
    "This is the wrong target.",
    "This does too much at once; ask for less.",
    "Not now; ask again later.",
    "Use another way to do this.",
    "I cannot tell what this would do; explain it first.",
    "Nobody asked for this.",
];

impl Form {
    /// Reads what a browser sends.
    pub fn read(body: &[u8]) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            all.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self(all)
    }

    /// What stands under a name, without what surrounds it; nothing where nothing is left, or more than one thing.
    pub fn one(&self, name: &str) -> Option<&str> {
        let [value] = self.0.get(name)?.as_slice() else { return None };
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }
}

/// The answer that a form is, as JSON.
pub fn answer(verb: &str, form: &Form, (shown, risk): (&Shown, Risk)) -> Result<Vec<u8>, Fault> {
    let mut said = Map::new();
    let mut text = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            said.insert(key.to_owned(), Value::from(value));
        }
    };
    match verb {
        "approve" => {
            looked(form, (shown, risk))?;
            text("digest", form.one("digest"));
            text("reason", form.one("reason"));
            if let Some(grant) = grant(form)? {
                said.insert("grant".to_owned(), grant);
            }
        }
        "deny" => {
            text("digest", form.one("digest"));
            let reason: Vec<&str> =
                form.all("because").chain(form.one("reason")).filter(|text| !text.is_empty()).collect();
            if reason.is_empty() {
                return Err(malformed("reason", "say why, or pick a reason: the agent is told"));
            }
            text("reason", Some(&reason.join(" ")));
        }
        "break-glass" => {
            looked(form, (shown, risk))?;
            text("digest", form.one("digest"));
            text("reason", form.one("reason"));
        }
        "ask" => text("question", form.one("question")),
        "revoke" => text("reason", form.one("reason")),
        "reconcile" => {
            text("evidence", form.one("evidence"));
            let happened = match form.one("happened") {
                Some("yes") => true,
                Some("no") => false,
                _ => return Err(malformed("happened", "say whether it happened")),
            };
            said.insert("happened".to_owned(), Value::from(happened));
        }
        "edit" => {
            text("digest", form.one("digest"));
            text("reason", form.one("reason"));
            let (set, remove) = changes(shown, form.one("arguments").unwrap_or_default())?;
            said.insert("set".to_owned(), Value::Object(set));
            said.insert("remove".to_owned(), Value::from(remove));
        }
        _ => {}
    }
    Ok(Value::Object(said).to_string().into_bytes())
}

/// What must be typed before something of critical risk is agreed to.
pub fn target(shown: &Shown) -> &str {
    &shown.target
}

fn looked(form: &Form, (shown, risk): (&Shown, Risk)) -> Result<(), Fault> {
    if (risk >= Risk::High || hides(&shown.params)) && form.one("read").is_none() {
        return Err(Fault::LookFirst("open what will be sent, and say that you have read it".to_owned()));
    }
    if risk == Risk::Critical && form.one("target") != Some(target(shown)) {
        return Err(Fault::LookFirst(format!("type `{}`, the name of what will be called", target(shown))));
    }
    Ok(())
}

fn grant(form: &Form) -> Result<Option<Value>, Fault> {
    if form.one("grant").is_none() {
        return Ok(None);
    }
    let uses: u32 = form
        .one("uses")
        .and_then(|uses| uses.parse().ok())
        .ok_or_else(|| malformed("uses", "write how often, as a number"))?;
    let lasts = form.one("lasts").ok_or_else(|| malformed("lasts", "write how long, such as 15m"))?;
    let free: Vec<&str> = form.all("free").collect();
    Ok(Some(json!({ "uses": uses, "for": lasts, "free": free })))
}

type Changes = (Map<String, Value>, Vec<String>);

/// What is different in the arguments that somebody wrote.
pub fn changes(shown: &Shown, wanted: &str) -> Result<Changes, Fault> {
    let malformed = |why: String| Fault::Malformed { key: Some("arguments".to_owned()), why };
    let wanted: Value = serde_json::from_str(wanted).map_err(|error| malformed(format!("this is no JSON: {error}")))?;
    let wanted = wanted.as_object().ok_or_else(|| malformed("write the arguments as a JSON object".to_owned()))?;
    let nothing = Map::new();
    let before = shown.params.get("arguments").and_then(Value::as_object).unwrap_or(&nothing);
    let at = |name: &String| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let set: Map<String, Value> = wanted
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| (at(name), value.clone()))
        .collect();
    let removed: Vec<String> = before.keys().filter(|name| !wanted.contains_key(*name)).map(at).collect();
    if set.is_empty() && removed.is_empty() {
        return Err(malformed("nothing in it differs from what would be sent".to_owned()));
    }
    Ok((set, removed))
}

fn malformed(key: &str, why: &str) -> Fault {
    Fault::Malformed { key: Some(key.to_owned()), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        let shown = json!({
            "server": "shop", "method": "tools/call", "target": "drop", "params": {"arguments": {"a/b": 1, "c": 2}},
            "reason": null
        });
        serde_json::from_value(shown).unwrap()
    }

    fn said(verb: &str, body: &str, risk: Risk) -> Result<Value, String> {
        let answer = answer(verb, &Form::read(body.as_bytes()), (&shown(), risk)).map_err(|fault| fault.to_string())?;
        serde_json::from_slice(&answer).map_err(|error| error.to_string())
    }

    #[test]
    fn the_worse_it_could_be_the_more_must_be_looked_at() {
        let yes = json!({"digest": "d"});
        for (risk, body, fine) in [
            (Risk::Low, "digest=d", true),
            (Risk::Medium, "digest=d", true),
            (Risk::High, "digest=d", false),
            (Risk::High, "digest=d&read=yes", true),
            (Risk::Critical, "digest=d&read=yes", false),
            (Risk::Critical, "digest=d&read=yes&target=dro", false),
            (Risk::Critical, "digest=d&target=drop", false),
            (Risk::Critical, "digest=d&read=yes&target=+drop+", true),
        ] {
            assert_eq!(said("approve", body, risk).ok(), fine.then(|| yes.clone()), "{risk:?} {body}");
        }
    }

    #[test]
    fn a_form_is_the_answer_it_stands_for() {
        for (verb, body, wanted) in [
            (
                "deny",
                "digest=d&because=Not+now.&because=Ask+less.&reason=+please+",
                json!({"digest": "d", "reason": "Not now. Ask less. please"}),
            ),
            ("ask", "question=why%3F", json!({"question": "why?"})),
            ("reconcile", "happened=no&evidence=log", json!({"happened": false, "evidence": "log"})),
            ("withdraw", "", json!({})),
            (
                "approve",
                "digest=d&grant=yes&uses=3&lasts=15m&free=/c",
                json!({"digest": "d", "grant": {"uses": 3, "for": "15m", "free": ["/c"]}}),
            ),
            (
                "edit",
                "digest=d&reason=r&arguments=%7B%22a%2Fb%22%3A5%2C%22n%22%3Atrue%7D",
                json!({"digest": "d", "reason": "r", "set": {"/a~1b": 5, "/n": true}, "remove": ["/c"]}),
            ),
        ] {
            assert_eq!(said(verb, body, Risk::Low).unwrap(), wanted);
        }
        for (verb, body) in [
            ("deny", "digest=d"),
            ("reconcile", "evidence=e"),
            ("edit", "arguments=[]"),
            ("edit", "arguments=x"),
            ("edit", "arguments=%7B%22a%2Fb%22%3A1%2C%22c%22%3A2%7D"),
            ("approve", "grant=yes&uses=x&lasts=1m"),
        ] {
            said(verb, body, Risk::Low).unwrap_err();
        }
    }

    #[test]
    fn what_is_there_twice_is_not_there() {
        assert_eq!(Form::read(b"digest=a&digest=b").one("digest"), None);
    }
}
