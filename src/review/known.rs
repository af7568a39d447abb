//! What do we know of a call that waits, and what does nobody know?
//!
//! Computed by the gateway from the arguments and the operator's own files; nothing here was said by the agent, and what a
//! server says is not among it. Where something could not be read, that is a fact of its own.

use serde_json::Value;

use super::card::Shown;
use super::sentence::Word;
use super::why::Why;

/// One thing that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What about.
    pub name: &'static str,
    /// What.
    pub words: Vec<Word>,
    /// Whether it is a reason to look twice.
    pub tone: Tone,
}

/// How a fact sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It says something.
    Plain,
    /// It is a reason to look twice.
    Warning,
}

/// Things of one kind that are named; of more, how many.
const MOST: usize = 6;

/// Everything there is to know.
pub fn facts(shown: &Shown) -> Vec<Fact> {
    let nothing = Value::Null;
    let read = shown.more.get("facts").unwrap_or(&nothing);
    let mut all = Vec::new();
    if let Some(environment) = shown.more.get("environment").and_then(Value::as_str) {
        all.push(plain("Runs in", vec![Word::Ours(environment.to_owned())]));
    }
    if let Some(why) = Why::of(shown).filter(|why| why.mismatch) {
        let words = vec![Word::Ours(why.prompt_is), Word::Ours("; something changed the call on the way".to_owned())];
        all.push(Fact { name: "Prompt", words, tone: Tone::Warning });
    }
    unread(read, &mut all);
    touched(read, &mut all);
    if let Some(sql) = read.get("sql") {
        of_sql(sql, &mut all);
    }
    if let Some(shell) = read.get("shell") {
        commands(shell, &mut all);
    }
    if let Some(money) = read.get("money") {
        let text = |key: &str| money.get(key).and_then(Value::as_str);
        let amount = match (text("decimal"), text("currency")) {
            (Some(amount), Some(currency)) => vec![Word::Theirs(format!("{amount} {currency}"))],
            _ => vec![Word::Ours("cannot tell how much".to_owned())],
        };
        all.push(Fact { name: "Money", words: amount, tone: Tone::Warning });
    }
    hosts(read, &mut all);
    let secrets: Vec<&Value> = list(read.get("secrets")).collect();
    if !secrets.is_empty() {
        let classes =
            secrets.iter().filter_map(|found| found.get("class")?.as_str()).map(|class| class.replace('_', " "));
        all.push(Fact { name: "Gives away", words: joined(classes.map(Word::Ours)), tone: Tone::Warning });
    }
    if let Some(bytes) = read.get("bytes").and_then(Value::as_u64) {
        all.push(plain("Size", vec![Word::Ours(format!("{bytes} bytes of arguments"))]));
    }
    all
}

/// What could not be read, and so is not said below.
fn unread(read: &Value, all: &mut Vec<Fact>) {
    let warning = |words: String| Fact { name: "Cannot tell", words: vec![Word::Ours(words)], tone: Tone::Warning };
    if let Some(why) = read.get("left_out").and_then(Value::as_str) {
        all.push(warning(format!("what the arguments say is not shown: {why}")));
    } else if read.get("complete") == Some(&Value::Bool(false)) {
        let parts = [Some(read), read.get("sql"), read.get("shell")].into_iter().flatten();
        let mut why: Vec<String> = parts.flat_map(|part| list(part.get("reasons"))).filter_map(reason).collect();
        why.dedup();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", ")) };
        all.push(warning(format!("not everything could be read for certain{why}")));
    } else if read.is_null() {
        all.push(warning("nothing was read out of the arguments".to_owned()));
    }
}

fn touched(read: &Value, all: &mut Vec<Fact>) {
    for (access, name) in [("write", "Changes"), ("read", "Reads"), ("use", "Touches")] {
        let is = |thing: &&Value| {
            thing.get("access").and_then(Value::as_str) == Some(access)
                && thing.get("kind").and_then(Value::as_str) != Some("tool")
        };
        let things: Vec<&Value> = list(read.get("resources")).filter(is).collect();
        if things.is_empty() {
            continue;
        }
        let more = things.len().saturating_sub(MOST);
        let mut words = Vec::new();
        for (place, thing) in things.iter().take(MOST).enumerate() {
            if place > 0 {
                words.push(Word::Ours("; ".to_owned()));
            }
            tagged(thing, &mut words);
        }
        if more > 0 {
            words.push(Word::Ours(format!(" and {more} more")));
        }
        let tone = if access == "write" { Tone::Warning } else { Tone::Plain };
        all.push(Fact { name, words, tone });
    }
}

fn tagged(thing: &Value, words: &mut Vec<Word>) {
    let text = |key: &str| thing.get(key).and_then(Value::as_str).unwrap_or("unknown");
    words.push(Word::Ours(format!("{} ", text("kind"))));
    words.push(match text("name") {
        "*" => Word::Ours("everything".to_owned()),
        name => Word::Theirs(name.to_owned()),
    });
    let said = if thing.get("known") == Some(&Value::Bool(true)) {
        format!(" ({}, zone {}, {}, owner {})", text("sensitivity"), text("zone"), text("environment"), text("owner"))
    } else {
        " (the catalogue does not know it)".to_owned()
    };
    words.push(Word::Ours(said));
}

fn of_sql(sql: &Value, all: &mut Vec<Fact>) {
    let count = sql.get("statements").and_then(Value::as_u64).unwrap_or(0);
    let mut said = match count {
        1 => "one statement".to_owned(),
        count => format!("{count} statements"),
    };
    let unbounded = list(sql.get("unbounded")).next().is_some();
    if sql.get("read_only") == Some(&Value::Bool(true)) {
        said.push_str(", which only read");
    }
    match sql.get("limit").and_then(Value::as_u64) {
        Some(limit) => said = format!("{said}, at most {limit} rows come back"),
        None if unbounded => said.push_str(", without a bound on the rows"),
        None => {}
    }
    let tone = if unbounded { Tone::Warning } else { Tone::Plain };
    all.push(Fact { name: "SQL", words: vec![Word::Ours(said)], tone });
}

fn commands(shell: &Value, all: &mut Vec<Fact>) {
    let programs = list(shell.get("commands")).filter_map(|command| command.get("program")?.as_str());
    let programs: Vec<String> = programs.map(str::to_owned).collect();
    if !programs.is_empty() {
        all.push(plain("Programs", joined(programs.into_iter().take(MOST).map(Word::Theirs))));
    }
}

fn hosts(read: &Value, all: &mut Vec<Fact>) {
    let hosts = list(read.get("urls")).filter_map(|url| url.get("host")?.as_str());
    let mut hosts: Vec<String> = hosts.map(str::to_owned).collect();
    hosts.sort();
    hosts.dedup();
    if hosts.is_empty() {
        return;
    }
    // A host is shown as it is looked up. What stands for other letters looks like none of ours.
    let strange = hosts.iter().any(|host| host.split('.').any(|label| label.starts_with("xn--")));
    let mut words = joined(hosts.into_iter().take(MOST).map(Word::Theirs));
    if strange {
        words.push(Word::Ours(" (letters of another script: it may look like a name you know)".to_owned()));
    }
    all.push(Fact { name: "Talks to", words, tone: if strange { Tone::Warning } else { Tone::Plain } });
}

fn reason(value: &Value) -> Option<String> {
    value.as_str().map(|word| word.replace('_', " "))
}

fn joined(words: impl Iterator<Item = Word>) -> Vec<Word> {
    let mut all = Vec::new();
    for word in words {
        if !all.is_empty() {
            all.push(Word::Ours(", ".to_owned()));
        }
        all.push(word);
    }
    all
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn plain(name: &'static str, words: Vec<Word>) -> Fact {
    Fact { name, words, tone: Tone::Plain }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(facts_read: &Value) -> Vec<(&'static str, String, Tone)> {
        let shown = json!({
            "server": "s", "method": "tools/call", "target": "t", "params": {}, "reason": null, "facts": facts_read
        });
        let text = |word: Word| match word {
            Word::Ours(text) | Word::Theirs(text) => text,
        };
        let line = |fact: Fact| (fact.name, fact.words.into_iter().map(text).collect(), fact.tone);
        facts(&serde_json::from_value(shown).unwrap()).into_iter().map(line).collect()
    }

    #[test]
    fn a_reader_learns_what_is_touched_and_what_nobody_knows() {
        // A28
        let known = json!({"kind": "table", "name": "orders", "access": "write", "known": true, "owner": "sales",
            "sensitivity": "personal", "zone": "eu", "environment": "production"});
        let unknown = json!({"kind": "table", "name": "*", "access": "read", "known": false});
        assert_eq!(
            said(&json!({"complete": true, "resources": [known, unknown]})),
            [
                ("Changes", "table orders (personal, zone eu, production, owner sales)".to_owned(), Tone::Warning),
                ("Reads", "table everything (the catalogue does not know it)".to_owned(), Tone::Plain),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_in_words() {
        // REN-14
        for (read, words) in [
            (json!(null), "nothing was read out of the arguments"),
            (
                json!({"complete": false, "shell": {"reasons": ["not_text"]}}),
                "not everything could be read for certain: not text",
            ),
            (
                json!({"left_out": "a rule covers some of the arguments"}),
                "what the arguments say is not shown: a rule covers some of the arguments",
            ),
        ] {
            assert_eq!(said(&read).first().unwrap(), &("Cannot tell", words.to_owned(), Tone::Warning));
        }
    }

    #[test]
    fn a_name_in_letters_that_look_like_ours_is_told() {
        // REN-03, REN-06
        let told = said(&json!({"complete": true, "urls": [{"host": "xn--pypal-4ve.com"}]}));
        assert_eq!(told[0].2, Tone::Warning);
        assert!(told[0].1.starts_with("xn--pypal-4ve.com (letters of another script"), "{told:?}");
    }
}
