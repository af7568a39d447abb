//! Who may call over HTTP with an API key? Makes, lists and revokes keys.

pub mod noted;

use std::io::Write;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use zeroize::{Zeroize as _, Zeroizing};

use super::exit::Exit;
use crate::call::caller::Person;
use crate::clock::{Timestamp, chance};
use crate::identity::api_key::{self, Holder};
use crate::identity::{KeyBookWrite, Revoked, StoredKey};
use crate::object;
use crate::wire::json::{Object, Value};

/// Make, list and revoke API keys.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign keys make ci-bot --group ci --agent github-actions\n  \
    countersign keys revoke 3f9a1c0b7d24")]
pub struct KeysArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What can be done with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a key and show it once.
    #[command(after_help = "Examples:\n  \
        countersign keys make ci-bot --group ci\n  \
        countersign keys make alice-laptop --agent claude-code --user alice@example.com --json")]
    Make(Make),
    /// List keys, without their secrets.
    #[command(after_help = "Examples:\n  countersign keys list\n  countersign keys list --json")]
    List(List),
    /// Take a key back; it is refused within five seconds.
    #[command(after_help = "Examples:\n  \
        countersign keys revoke 3f9a1c0b7d24\n  \
        countersign keys revoke \"$(countersign keys list --json | jq -r 'select(.name == \"ci-bot\").id')\"")]
    Revoke(Revoke),
}

/// Makes a key.
#[derive(Clone, Debug, Args)]
pub struct Make {
    /// Names the caller in policies and the record, as `key:NAME`.
    #[arg(value_parser = name)]
    pub name: String,
    /// A group the caller is in; may be given several times.
    #[arg(long = "group", value_name = "G", value_parser = word)]
    pub groups: Vec<String>,
    /// The software that will hold the key.
    #[arg(long, value_name = "A", value_parser = word)]
    pub agent: Option<String>,
    /// The person the key is made for, who counts as the one asking.
    #[arg(long, value_name = "U", value_parser = word)]
    pub user: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The address of the gateway, filled in by the configuration.
    #[arg(skip = String::from("http://127.0.0.1:4180/mcp"))]
    pub endpoint: String,
}

/// Lists keys.
#[derive(Clone, Debug, Args)]
pub struct List {
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Takes a key back.
#[derive(Clone, Debug, Args)]
pub struct Revoke {
    /// The key's public part: the 12 characters after `csk_`.
    pub id: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Does what was asked; yields the exit code.
pub async fn run(args: KeysArgs, book: &dyn KeyBookWrite, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::Make(make) => make_key(make, book, now, out).await,
        Verb::List(List { json }) => {
            let keys = book.list().await?;
            if json { list_json(&keys, out) } else { list_table(&keys, out) }.context("cannot write the list")?;
            Ok(Exit::Done)
        }
        Verb::Revoke(revoke) => revoke_key(&revoke, book, now, out).await,
    }
}

async fn make_key(make: Make, book: &dyn KeyBookWrite, now: Timestamp, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let Make { name, groups, agent, user, json, endpoint } = make;
    let mut bytes: [u8; 38] = chance()?;
    let seed = Zeroizing::new(bytes);
    bytes.zeroize();
    let holder = Holder { name, groups, agent, user: user.map(|id| Person { id, name: None }) };
    let (new, stored) = api_key::make(holder, now, &seed);
    // A key is shown only once it is in the book: a shown key that does not work is worse than none.
    book.add(stored.clone()).await?;
    if json {
        let mut line = describe(&stored);
        line.insert("key", new.expose());
        writeln!(out, "{line}")?;
        return Ok(Exit::Done);
    }
    let key = new.expose();
    writeln!(out, "Key {} for {} was made. It is shown once, now:\n\n  {key}\n", stored.id, stored.name)?;
    writeln!(out, "Connect Claude Code with it:\n")?;
    writeln!(
        out,
        "  claude mcp add --transport http countersign {endpoint} --header \"Authorization: Bearer {key}\"\n"
    )?;
    writeln!(out, "Any other client: send the header Authorization: Bearer and the key to {endpoint}.")?;
    writeln!(out, "Take it back: countersign keys revoke {}", stored.id)?;
    Ok(Exit::Done)
}

async fn revoke_key(
    revoke: &Revoke,
    book: &dyn KeyBookWrite,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    // Whoever pastes the whole key means the key it belongs to; the rest of it is neither looked at nor repeated.
    let given = revoke.id.strip_prefix(api_key::PREFIX).unwrap_or(&revoke.id);
    let id = given.split('_').next().unwrap_or_default();
    let (state, code) = match book.revoke(id, now).await? {
        Revoked::Now => ("revoked", Exit::Done),
        Revoked::Earlier(_) => ("was_revoked", Exit::Done),
        Revoked::Unknown => ("unknown", Exit::NotFound),
    };
    if revoke.json {
        writeln!(out, "{}", object! { "id" => id, "state" => state })?;
        return Ok(code);
    }
    match state {
        "revoked" => writeln!(out, "Key {id} is revoked; calls with it are refused within five seconds.")?,
        "was_revoked" => writeln!(out, "Key {id} was revoked before; nothing changed.")?,
        _ => writeln!(out, "There is no key {id}; countersign keys list shows the ones there are.")?,
    }
    Ok(code)
}

fn list_json(keys: &[StoredKey], out: &mut dyn Write) -> std::io::Result<()> {
    keys.iter().try_for_each(|key| writeln!(out, "{}", describe(key)))
}

fn list_table(keys: &[StoredKey], out: &mut dyn Write) -> std::io::Result<()> {
    if keys.is_empty() {
        return writeln!(out, "There are no keys. Make one: countersign keys make NAME");
    }
    let head = ["ID", "NAME", "GROUPS", "AGENT", "USER", "MADE", "STATE"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(keys.iter().map(row)).collect();
    for row in &rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let width = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()).saturating_add(2)));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn row(key: &StoredKey) -> [String; 7] {
    let dash = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    [
        key.id.clone(),
        key.name.clone(),
        dash(Some(&key.groups.join(","))),
        dash(key.agent.as_deref()),
        dash(key.user.as_ref().map(|user| user.id.as_str())),
        key.made.to_string(),
        key.revoked.map_or_else(|| "good".to_owned(), |when| format!("revoked {when}")),
    ]
}

fn describe(key: &StoredKey) -> Object {
    object! {
        "id" => key.id.as_str(),
        "name" => key.name.as_str(),
        "groups" => key.groups.iter().map(|group| Value::from(group.as_str())).collect::<Value>(),
        "agent" => key.agent.as_deref(),
        "user" => key.user.as_ref().map(|user| user.id.as_str()),
        "made" => key.made.to_string(),
        "revoked" => key.revoked.map(|when| when.to_string()),
    }
}

/// Names stand in policies, tables and the record, so they are plain.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    let good = (1..=64).contains(&text.len()) && text.bytes().all(plain);
    good.then(|| text.to_owned()).ok_or_else(|| "use 1 to 64 letters, digits and -_.@".to_owned())
}

fn word(text: &str) -> Result<String, String> {
    let good = !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
    good.then(|| text.trim().to_owned()).ok_or_else(|| "use 1 to 256 printable characters".to_owned())
}

#[cfg(test)]
mod tests;
