//! What did people agree to beyond one call, and how is it taken back?

use std::collections::BTreeSet;

use askama::Template;
use serde_json::Value;

use super::super::card::Shown;
use super::super::grant::GrantCard;
use super::super::sentence::{Word, sentence};
use super::frame::{Frame, When};
use super::inbox::moment;
use super::seen::{Seen, Told};
use crate::approval::grant::GrantState;
use crate::store::grants::Which;

/// Grants, newest first.
#[derive(Debug, Template)]
#[template(path = "grants.html", config = "src/review/pages/askama.toml")]
pub struct GrantsPage {
    /// What stands round it.
    pub frame: Frame,
    /// Which are listed.
    pub which: Which,
    /// The grants.
    pub rows: Vec<Row>,
}

/// One grant.
#[derive(Clone, Debug)]
pub struct Row {
    /// The same for programs.
    pub card: GrantCard,
    /// What the call it came of would do.
    pub sentence: Vec<Word>,
    /// The arguments: what, as it was, and whether it may differ.
    pub places: Vec<Place>,
    /// Who made it.
    pub by: Vec<Seen>,
    /// Whose calls it covers.
    pub whose: Seen,
    /// Since when.
    pub made: When,
    /// Until when.
    pub until: When,
}

/// A place in the arguments.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where.
    pub at: Seen,
    /// What the call had there.
    pub value: Seen,
    /// Whether it may differ.
    pub free: bool,
}

/// Arguments of one grant that are listed.
const MOST_PLACES: usize = 12;
/// Characters of one value.
const LONGEST: usize = 80;

impl Row {
    /// Of a grant, and what was shown of the call it came of, if that can be read.
    pub fn of(card: GrantCard, shown: Option<&Shown>) -> Self {
        let free: BTreeSet<String> = card.bounds.free.iter().map(ToString::to_string).collect();
        let arguments = shown.and_then(|shown| shown.params.get("arguments")?.as_object());
        let place = |(name, value): (&String, &Value)| {
            let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Place { free: free.contains(&at), at: Seen(at), value: Seen(short(&value)) }
        };
        let mut places: Vec<Place> = arguments.into_iter().flatten().take(MOST_PLACES).map(place).collect();
        // What may be free need not have been there.
        let missing = |at: &&String| !places.iter().any(|place| place.at.0 == **at);
        let more: Vec<Place> = free.iter().filter(missing).map(|at| Place::free(at)).collect();
        places.extend(more);
        let plainly = || vec![Word::Ours("Call ".to_owned()), Word::Theirs(card.tool.clone())];
        let whose = match (&card.agent, &card.person) {
            (Some(agent), Some(person)) => format!("{agent} for {person}"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => card.principal.clone(),
        };
        Self {
            sentence: shown.map_or_else(plainly, sentence),
            places,
            by: card.by.iter().map(|by| Seen::from(by.as_str())).collect(),
            whose: Seen(whose),
            made: moment(&card.made),
            until: moment(&card.until),
            card,
        }
    }

    /// Whether it covers something.
    pub fn is_open(&self) -> bool {
        self.card.state == GrantState::Open.word()
    }

    /// Where it stands, for people.
    pub fn state(&self) -> &'static str {
        match self.card.state {
            "open" => "open",
            "used_up" => "used up",
            "over" => "its time is over",
            "revoked" => "taken back",
            _ => "void: what it was about has changed",
        }
    }
}

impl Place {
    fn free(at: &str) -> Self {
        Self { at: Seen::from(at), value: Seen(String::new()), free: true }
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::frame::Me;
    use super::*;
    use crate::clock::Timestamp;

    fn card(state: &'static str, may_revoke: bool) -> GrantCard {
        let bounds = json!({"uses": 5, "for": "15m", "free": ["/to", "/note"]});
        GrantCard {
            id: "01-a".to_owned(),
            state,
            digest: String::new(),
            bounds: serde_json::from_value(bounds).unwrap(),
            by: vec!["<i>ada".to_owned()],
            principal: "key:bot".to_owned(),
            agent: None,
            person: Some("max".to_owned()),
            server: "shop".to_owned(),
            tool: "<b>pay".to_owned(),
            used: 2,
            left: 3,
            made: "2026-01-01T00:00:00Z".to_owned(),
            until: "2026-01-01T00:15:00Z".to_owned(),
            may_revoke,
        }
    }

    fn html(row: Row) -> String {
        let (form_token, person) = ("token".to_owned(), "ada".to_owned());
        let me = Some(Me { person, form_token, tabs: Vec::new(), grants: 1, failing: Vec::new() });
        let frame = Frame { nonce: "n".to_owned(), me, here: "grants", now: Timestamp::default() };
        GrantsPage { frame, which: Which::All, rows: vec![row] }.render().unwrap()
    }

    #[test]
    fn what_is_pinned_stands_apart_from_what_is_free() {
        let shown = json!({"server": "shop", "method": "tools/call", "target": "pay", "reason": null,
            "params": {"arguments": {"a/b": "<u>1", "to": 2}}});
        let shown: Shown = serde_json::from_value(shown).unwrap();
        let row = Row::of(card("open", true), Some(&shown));
        let places: Vec<_> = row.places.iter().map(|place| (&*place.at.0, &*place.value.0, place.free)).collect();
        assert_eq!(places, [("/a~1b", "<u>1", false), ("/to", "2", true), ("/note", "", true)]);
        let html = html(row);
        // REN-10
        assert!(!html.contains("<u>1") && !html.contains("<i>ada"), "{html}");
    }

    #[test]
    fn only_who_may_take_it_back_is_asked_to() {
        for (state, may, form) in [("open", true, true), ("open", false, false), ("revoked", false, false)] {
            let html = html(Row::of(card(state, may), None));
            assert_eq!(html.contains("action=\"/grants/01-a/revoke\""), form, "{state} {may}");
            assert_eq!(html.contains("data-until"), state == "open");
            assert!(!html.contains("<b>pay"));
        }
    }
}
