//! Which tools do the servers offer, and is each still what was agreed to?

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use super::difference::{Side, sides};
use super::frame::{Frame, When};
use super::seen::Seen;
use crate::store::pins::KeptPin;

/// Servers and their tools.
#[derive(Debug, Template)]
#[template(path = "servers.html", config = "src/review/pages/askama.toml")]
pub struct ServersPage {
    /// What stands round it.
    pub frame: Frame,
    /// The servers, by name.
    pub servers: Vec<ServerRow>,
}

/// One server.
#[derive(Debug)]
pub struct ServerRow {
    /// Its configured name.
    pub name: String,
    /// How it is reached; nothing where it is not configured any more.
    pub transport: Option<&'static str>,
    /// Its tools, those first that somebody must look at.
    pub tools: Vec<ToolRow>,
}

/// One tool.
#[derive(Debug)]
pub struct ToolRow {
    /// Its name, under the server's own.
    pub name: Seen,
    /// Where it stands.
    pub standing: Standing,
    /// Who agreed.
    pub agreed_by: Option<Seen>,
    /// The definition agreed to.
    pub agreed: Option<String>,
    /// The definition seen last.
    pub seen: String,
    /// When it was first seen.
    pub first_seen: When,
    /// When the definition seen last came.
    pub last_seen: When,
    /// How often it changed since somebody agreed.
    pub changes: u32,
    /// What differs, where both definitions are known.
    pub difference: Option<(Side, Side)>,
    /// The definition seen last, where only that is known.
    pub now: Option<super::value::Json>,
    /// How somebody agrees to it.
    pub command: String,
}

/// Where a tool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is not what was agreed to.
    Changed,
    /// Nobody has agreed yet.
    Waits,
    /// It is what was agreed to.
    Agreed,
}

impl ServersPage {
    /// Of what is configured, what was seen, and the agreed definitions that are known by their digests.
    pub fn of(
        frame: Frame,
        configured: &[(String, &'static str)],
        pins: &[KeptPin],
        known: &BTreeMap<String, String>,
    ) -> Self {
        let mut servers: BTreeMap<&str, ServerRow> = BTreeMap::new();
        for (name, transport) in configured {
            let row = ServerRow { name: name.clone(), transport: Some(transport), tools: Vec::new() };
            servers.insert(name, row);
        }
        for pin in pins {
            let gone = || ServerRow { name: pin.server.clone(), transport: None, tools: Vec::new() };
            servers.entry(&pin.server).or_insert_with(gone).tools.push(ToolRow::of(pin, known));
        }
        let mut servers: Vec<ServerRow> = servers.into_values().collect();
        for server in &mut servers {
            server.tools.sort_by_key(|tool| tool.standing);
        }
        Self { frame, servers }
    }
}

impl ToolRow {
    fn of(pin: &KeptPin, known: &BTreeMap<String, String>) -> Self {
        let standing = Standing::of(pin);
        let agreed = pin.pinned.agreed.map(|agreed| agreed.to_string());
        let before = agreed.as_ref().and_then(|agreed| known.get(agreed)).filter(|_| standing == Standing::Changed);
        let difference = before.map(|before| sides(&pretty(before), &pretty(&pin.definition)));
        let alone = standing != Standing::Agreed && difference.is_none();
        Self {
            name: Seen::from(pin.tool.as_str()),
            standing,
            agreed_by: pin.agreed_by.as_deref().map(Seen::from),
            seen: pin.pinned.seen.to_string(),
            first_seen: When(pin.first_seen),
            last_seen: When(pin.last_seen),
            changes: pin.pinned.changes,
            now: alone.then(|| super::value::Json(serde_json::from_str(&pin.definition).unwrap_or_default())),
            difference,
            command: format!(
                "countersign pins agree {} {} --digest {}",
                pin.server,
                quoted(&pin.tool),
                pin.pinned.seen
            ),
            agreed,
        }
    }
}

impl Standing {
    fn of(pin: &KeptPin) -> Self {
        match pin.pinned.agreed {
            None => Self::Waits,
            Some(agreed) if agreed == pin.pinned.seen => Self::Agreed,
            Some(_) => Self::Changed,
        }
    }

    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Waits => "waits",
            Self::Agreed => "agreed",
        }
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed: cannot be called",
            Self::Waits => "waits for somebody to agree",
            Self::Agreed => "as agreed",
        }
    }
}

/// For a shell, whatever a server calls its tool.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

fn pretty(definition: &str) -> String {
    let value: Option<Value> = serde_json::from_str(definition).ok();
    value.map_or_else(|| definition.to_owned(), |value| format!("{value:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::pins::Pinned;
    use crate::clock::Timestamp;
    use crate::digest::Digest;

    fn pin(tool: &str, agreed: Option<&str>, seen: &str) -> KeptPin {
        let digest = |text: &str| Digest::of_bytes("t", text.as_bytes());
        let at = Timestamp::default();
        KeptPin {
            server: "shop".to_owned(),
            tool: tool.to_owned(),
            pinned: Pinned { agreed: agreed.map(digest), seen: digest(seen), changes: 1 },
            agreed_by: None,
            definition: seen.to_owned(),
            first_seen: at,
            last_seen: at,
        }
    }

    fn page(pins: &[KeptPin], known: &[&str]) -> ServersPage {
        let name = |text: &&str| (Digest::of_bytes("t", text.as_bytes()).to_string(), (*text).to_owned());
        let frame = Frame { nonce: "n".to_owned(), me: None, here: "servers", now: Timestamp::default() };
        ServersPage::of(frame, &[("idle".to_owned(), "stdio")], pins, &known.iter().map(name).collect())
    }

    #[test]
    fn a_definition_that_changed_is_shown_beside_the_one_that_was_agreed_to() {
        // TOO-01
        let (before, after) = ("{\"description\":\"Finds orders.\"}", "{\"description\":\"Finds <b>all orders.\"}");
        let pins = [pin("same", Some(after), after), pin("new", None, after), pin("moved", Some(before), after)];
        for (known, differs) in [(&[before][..], true), (&[], false)] {
            let page = page(&pins, known);
            let names: Vec<_> = page.servers.iter().map(|server| (&*server.name, server.tools.len())).collect();
            assert_eq!(names, [("idle", 0), ("shop", 3)]);
            let tools = &page.servers[1].tools;
            let stand: Vec<_> = tools.iter().map(|tool| (&*tool.name.0, tool.standing.word())).collect();
            assert_eq!(stand, [("moved", "changed"), ("new", "waits"), ("same", "agreed")]);
            assert_eq!((tools[0].difference.is_some(), tools[0].now.is_some()), (differs, !differs));
            assert!(tools[1].now.is_some() && tools[2].now.is_none());
            let html = page.render().unwrap();
            assert_eq!(html.contains("<ins>") && html.contains("all"), differs, "{html}");
            assert_eq!(html.contains("only its digest"), !differs);
            assert!(!html.contains("<b>all") && html.contains("pins agree shop moved --digest sha256:"), "{html}");
        }
    }

    #[test]
    fn a_command_is_one_whatever_a_server_calls_its_tool() {
        for (name, said) in [("find_orders", "find_orders"), ("a b", "'a b'"), ("$(id)'x", "'$(id)'\\''x'"), ("", "''")]
        {
            assert_eq!(quoted(name), said);
        }
    }
}
