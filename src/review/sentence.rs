//! What would a call do, in one sentence?
//!
//! Made from what was read out of the arguments, or from tool and arguments where nothing was, and never by a model. Each
//! word is ours or theirs: theirs is shown apart, and no word of theirs can look like one of ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::card::Shown;
use crate::secret::HIDDEN;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SentenceWord")]
pub enum Word {
    /// We say so.
    Ours(String),
    /// It stands in the call.
    Theirs(String),
}

/// Characters of one argument in a sentence.
const LONGEST: usize = 60;
/// Things that are named; of more, how many.
const MOST_NAMED: usize = 3;
/// Arguments that are named where nothing better is known.
const MOST_ARGUMENTS: usize = 2;

/// The sentence.
pub fn sentence(shown: &Shown) -> Vec<Word> {
    let facts = shown.more.get("facts").unwrap_or(&Value::Null);
    let mut words = Vec::new();
    if let Some(sql) = facts.get("sql") {
        of_sql(sql, &mut words);
    } else if let Some(shell) = facts.get("shell") {
        of_shell(shell, &mut words);
    } else if let Some(money) = facts.get("money").filter(|money| money.get("decimal").is_some_and(Value::is_string)) {
        of_money(money, shown, &mut words);
    } else {
        of_a_call(shown, &mut words);
    }
    words.extend([ours(" on "), theirs(&shown.server)]);
    words
}

/// The same as plain text.
pub fn plain(shown: &Shown) -> String {
    joined(&sentence(shown))
}

/// Words one after the other.
pub fn joined(words: &[Word]) -> String {
    let text = |word: &Word| match word {
        Word::Ours(text) | Word::Theirs(text) => text.clone(),
    };
    words.iter().map(text).collect()
}

fn of_sql(sql: &Value, words: &mut Vec<Word>) {
    let kinds: Vec<&str> = texts(sql.get("kinds")).collect();
    let does: Vec<&str> = kinds.iter().map(|kind| deed(kind)).collect();
    words.push(Word::Ours(if does.is_empty() {
        "Run SQL nobody can read".to_owned()
    } else {
        capital(&does.join(", "))
    }));
    let writes: Vec<&str> = texts(sql.get("writes")).collect();
    let reads: Vec<&str> = texts(sql.get("reads")).collect();
    let touched = if writes.is_empty() { reads } else { writes };
    named(&touched, words);
    let unbounded = texts(sql.get("unbounded")).next().is_some();
    if unbounded {
        words.push(ours(", without a bound"));
    } else if let Some(limit) = sql.get("limit").and_then(Value::as_u64) {
        words.push(Word::Ours(format!(", at most {limit} rows")));
    }
    if sql.get("complete") == Some(&Value::Bool(false)) {
        words.push(ours(", and something that cannot be read"));
    }
}

fn of_shell(shell: &Value, words: &mut Vec<Word>) {
    let commands = shell.get("commands").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let programs: Vec<&str> = commands.iter().filter_map(|command| command.get("program")?.as_str()).collect();
    if programs.is_empty() {
        words.push(ours("Run a command line nobody can read"));
        return;
    }
    words.push(ours("Run"));
    named(&programs, words);
    if shell.get("complete") == Some(&Value::Bool(false)) {
        words.push(ours(", and something that cannot be read"));
    }
}

fn of_money(money: &Value, shown: &Shown, words: &mut Vec<Word>) {
    let text = |key: &str| money.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    words.push(ours("Move "));
    words.push(Word::Theirs(format!("{} {}", text("decimal"), text("currency"))));
    words.extend([ours(" by "), theirs(&shown.target)]);
}

fn of_a_call(shown: &Shown, words: &mut Vec<Word>) {
    let verb = match shown.method.as_str() {
        "tools/call" => "Call ",
        "prompts/get" => "Get the prompt ",
        "resources/read" => "Read ",
        "resources/subscribe" => "Follow ",
        _ => "Ask for ",
    };
    words.extend([ours(verb), theirs(&shown.target)]);
    let arguments = shown.params.get("arguments").and_then(Value::as_object);
    let plain = arguments.into_iter().flatten().filter(|(_, value)| !value.is_object() && !value.is_array());
    for (place, (name, value)) in plain.take(MOST_ARGUMENTS).enumerate() {
        words.push(ours(if place == 0 { " with " } else { " and " }));
        let value = match value.as_str() {
            _ if is_secret(shown, name) => HIDDEN.to_owned(),
            Some(text) => short(text),
            None => short(&value.to_string()),
        };
        words.push(Word::Theirs(format!("{} = {value}", short(name))));
    }
}

/// Whether a secret stands in this argument. A sentence goes where no secret may.
fn is_secret(shown: &Shown, name: &str) -> bool {
    let place = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let found = shown.more.get("facts").and_then(|facts| facts.get("secrets")?.as_array());
    let mut places = found.into_iter().flatten().filter_map(|found| found.get("at")?.as_str());
    // A name that was too long, or a secret itself, is not repeated in a place: then it may be any of them.
    places.any(|at| at == place || at == "/*")
}

fn named(all: &[&str], words: &mut Vec<Word>) {
    for (place, name) in all.iter().take(MOST_NAMED).enumerate() {
        words.push(ours(if place == 0 { " " } else { ", " }));
        words.push(if *name == "*" { ours("everything") } else { Word::Theirs(short(name)) });
    }
    let more = all.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        words.push(Word::Ours(format!(" and {more} more")));
    }
}

/// What a kind of statement does.
fn deed(kind: &str) -> &str {
    match kind {
        "select" => "read rows of",
        "insert" => "add rows to",
        "update" => "change rows of",
        "delete" => "delete rows of",
        "merge" => "merge rows into",
        "truncate" => "delete all rows of",
        "create" => "create",
        "alter" => "alter",
        "drop" => "drop",
        "grant" => "change rights on",
        "role" => "change users or roles",
        "export" => "export rows of",
        "import" => "import rows into",
        "host_exec" => "run a program on the database's machine",
        "file_io" => "use files of the database's machine",
        "network" => "open a connection from the database",
        "call" | "execute" => "call a procedure",
        "block" | "dynamic" => "run code in the database",
        "explain" => "explain a query on",
        "setting" => "change a setting",
        "lock" => "lock",
        "admin" => "administer the database",
        "attach" => "attach a database file",
        "transaction" => "begin or end a transaction",
        "prepare" => "prepare a statement",
        "client_meta" => "run a command of the client program",
        other => other,
    }
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn ours(text: &str) -> Word {
    Word::Ours(text.to_owned())
}

fn theirs(text: &str) -> Word {
    Word::Theirs(short(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(params: &Value, facts: &Value) -> String {
        let shown = json!({
            "server": "shop", "method": "tools/call", "target": "pay", "params": params, "reason": null, "facts": facts
        });
        plain(&serde_json::from_value(shown).unwrap())
    }

    #[test]
    fn a_call_says_what_it_would_do() {
        // A28, A30
        let sql = |kinds: &[&str], writes: &[&str]| json!({"sql": {"kinds": kinds, "writes": writes, "reads": ["x"], "complete": true}});
        for (params, facts, sentence) in [
            (json!({}), json!({}), "Call pay on shop"),
            (
                json!({"arguments": {"to": "Ada", "list": [1], "count": 3}}),
                json!({}),
                "Call pay with count = 3 and to = Ada on shop",
            ),
            (json!({}), sql(&["delete"], &["orders"]), "Delete rows of orders on shop"),
            (
                json!({}),
                sql(&["drop", "select"], &["a", "b", "c", "d"]),
                "Drop, read rows of a, b, c and 1 more on shop",
            ),
            (json!({}), sql(&["truncate"], &["*"]), "Delete all rows of everything on shop"),
            (
                json!({}),
                json!({"sql": {"kinds": [], "complete": false}}),
                "Run SQL nobody can read, and something that cannot be read on shop",
            ),
            (json!({}), json!({"shell": {"commands": [{"program": "rm"}], "complete": true}}), "Run rm on shop"),
            (json!({}), json!({"money": {"decimal": "12.50", "currency": "EUR"}}), "Move 12.50 EUR by pay on shop"),
        ] {
            assert_eq!(said(&params, &facts), sentence);
        }
    }

    #[test]
    fn a_secret_stands_in_no_sentence() {
        // NOT-10
        let params = json!({"arguments": {"pass/word": "k9#mQ2xv81Lp", "user": "ada"}});
        let said_of = |places: &[&str]| {
            let found: Vec<Value> = places.iter().map(|at| json!({"at": at, "class": "password"})).collect();
            said(&params, &json!({ "secrets": found }))
        };
        assert_eq!(said_of(&["/pass~1word"]), "Call pay with pass/word = ••• and user = ada on shop");
        assert_eq!(said_of(&["/*"]), "Call pay with pass/word = ••• and user = ••• on shop");
        assert_eq!(said_of(&["/list/0"]), "Call pay with pass/word = k9#mQ2xv81Lp and user = ada on shop");
    }

    #[test]
    fn what_cannot_be_read_is_never_called_harmless() {
        // REN-14
        let blob = json!({"arguments": {"data": "A".repeat(500)}});
        assert_eq!(said(&blob, &json!({})), format!("Call pay with data = {}… on shop", "A".repeat(60)));
        let shell = json!({"shell": {"commands": [], "complete": false}});
        assert_eq!(said(&json!({}), &shell), "Run a command line nobody can read on shop");
    }
}
