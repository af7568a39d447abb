//! What must somebody know before they decide, and what can they say?
//!
//! First what it would do, how bad that could be and why people are asked; then what we know, which we computed; then who
//! asks; then what would be sent. What an agent or a server said stands apart and is called that.

use askama::Template;
use serde_json::Value;

use super::super::card::{Answered, Asked, Card, Edited, Preview, Shown};
use super::super::credential::{Credential, Row};
use super::super::known::{Fact, Tone, facts};
use super::super::risk::risk;
use super::super::sentence::{Word, sentence};
use super::super::why::Why;
use super::difference::{Side, sides};
use super::frame::{Frame, When};
use super::inbox::{asker, moment, state};
use super::saying::{CHIPS, target};
use super::seen::{Seen, Told, Written, is_marked};
use super::timeline::Step;
use super::value::{Argument, Json, arguments, hides, holds_a_mark};
use crate::approval::state::State;
use crate::approval::vote::{Part, Word as Said};
use crate::facts::Risk;
use crate::policy::finding::evidence::Needed;

/// What is longer is not changed on a page, which would be as long as that.
const LONGEST_EDITED: usize = 8 << 10;

/// One call.
#[derive(Debug, Template)]
#[template(path = "card.html", config = "src/review/pages/askama.toml")]
pub struct CardPage {
    /// What stands round it.
    pub frame: Frame,
    /// What is shown.
    pub look: Look,
    /// The last call like it that people agreed to.
    pub like: Option<Like>,
    /// What happened so far.
    pub steps: Vec<Step>,
}

/// What is shown of a call.
#[derive(Debug)]
pub struct Look {
    /// The same for programs.
    pub card: Card,
    /// What it would do.
    pub sentence: Vec<Word>,
    /// How bad it could be.
    pub risk: Risk,
    /// Where it stands.
    pub state: String,
    /// Which rules want people asked, and why.
    pub because: Vec<Because>,
    /// What we know.
    pub facts: Vec<Fact>,
    /// What it would run with.
    pub credentials: Vec<Lent>,
    /// Who asks.
    pub asker: Seen,
    /// More about them: what, and whether it is proven.
    pub who: Vec<(&'static str, Seen, &'static str)>,
    /// What it was asked for, and why.
    pub why: Option<Why>,
    /// What would be sent.
    pub arguments: Vec<Argument>,
    /// The arguments as text, for whoever wants others.
    pub editable: Option<String>,
    /// Whether something in it is not seen for what it is.
    pub marked: bool,
    /// What must be typed before something of critical risk is agreed to.
    pub target: String,
    /// Whether a passkey has to sign a yes: a rule wants it, or it could be very bad and there is one.
    pub sign: bool,
    /// How many passkeys whoever looks has.
    pub passkeys: usize,
    /// When it was opened.
    pub opened: When,
    /// When time decides, where it will.
    pub until: Option<When>,
}

/// Why one rule wants people asked.
#[derive(Clone, Debug)]
pub struct Because {
    /// The rule.
    pub finding: String,
    /// Its words.
    pub reason: Option<Seen>,
    /// What it says to do instead.
    pub advice: Option<Seen>,
}

/// A credential it would run with.
#[derive(Clone, Debug)]
pub struct Lent {
    /// What it comes to.
    pub lead: &'static str,
    /// Whether it is a reason to look twice.
    pub standing: bool,
    /// Everything about it.
    pub rows: Vec<Row>,
}

/// A call like it that people agreed to: the same tool for the same caller.
#[derive(Debug)]
pub struct Like {
    /// Names it.
    pub id: String,
    /// What was sent then.
    pub before: Side,
    /// What would be sent now.
    pub now: Side,
    /// Whether that is the same.
    pub same: bool,
}

impl Like {
    /// The first of these that is like it.
    pub fn among(shown: &Shown, others: impl IntoIterator<Item = (String, Shown)>) -> Option<Self> {
        let is_like = |(_, other): &(String, Shown)| {
            other.server == shown.server && other.target == shown.target && other.method == shown.method
        };
        let (id, other) = others.into_iter().find(is_like)?;
        let text = |shown: &Shown| shown.params.get("arguments").map(|all| format!("{all:#}")).unwrap_or_default();
        let (then, now) = (text(&other), text(shown));
        let same = then == now;
        let (before, now) = sides(&then, &now);
        Some(Self { id, before, now, same })
    }
}

impl Lent {
    fn of(credential: &Credential) -> Self {
        Self { lead: credential.lead(), standing: credential.standing, rows: credential.rows() }
    }
}

impl Look {
    /// Of a card, for somebody with so many passkeys.
    pub fn of(card: Card, passkeys: usize) -> Self {
        let shown = &card.shown;
        let risk = risk(shown);
        let wanted = card.you.as_ref().is_some_and(|you| you.suffices == Some(Needed::Passkey));
        let text = |key: &str| shown.more.get(key).and_then(Value::as_str);
        let places = shown.more.get("facts").and_then(|facts| facts.get("sql")?.get("arguments")?.as_array().cloned());
        let sql: Vec<String> = places.into_iter().flatten().filter_map(|at| at.as_str().map(str::to_owned)).collect();
        let whole = shown.params.get("arguments").map(|arguments| format!("{arguments:#}")).unwrap_or_default();
        let editable = shown.masked.is_empty() && !whole.is_empty() && whole.len() <= LONGEST_EDITED;
        let marked = |credential: &Credential| credential.texts().any(is_marked);
        let proof = |known: bool| if known { "proven" } else { "its own word" };
        let who = [
            ("Agent", text("agent"), true),
            ("On behalf of", text("user"), true),
            ("Account", Some(card.asker.principal.as_str()), true),
            ("Client", text("client"), false),
        ];
        Self {
            sentence: sentence(shown),
            risk,
            sign: wanted || risk == Risk::Critical && passkeys > 0,
            passkeys,
            state: state(card.state).to_owned(),
            because: because(&card),
            facts: facts(shown),
            credentials: shown.credentials.iter().map(Lent::of).collect(),
            asker: asker(&card),
            who: who
                .into_iter()
                .filter_map(|(name, text, known)| Some((name, Seen::from(text?), proof(known))))
                .collect(),
            why: Why::of(shown),
            arguments: arguments(&shown.params, &sql),
            marked: holds_a_mark(&shown.params) || is_marked(&shown.target) || shown.credentials.iter().any(marked),
            editable: editable.then_some(whole),
            target: target(shown).to_owned(),
            opened: moment(&card.opened),
            until: card.until.as_deref().map(moment),
            card,
        }
    }

    /// Whether whoever looks can say this now.
    pub fn may(&self, verb: &str) -> bool {
        self.card.you.as_ref().is_some_and(|you| you.may.contains(&verb))
    }

    /// Whether it must be read before somebody agrees.
    pub fn must_be_read(&self) -> bool {
        self.risk >= Risk::High || hides(&self.card.shown.params)
    }

    /// Whether its target must be typed before somebody agrees.
    pub fn must_be_named(&self) -> bool {
        self.risk == Risk::Critical
    }

    /// Whether it could be answered with a passkey, and there is none.
    pub fn lacks_a_passkey(&self) -> bool {
        self.sign && self.passkeys == 0
    }

    /// Whether people are still asked.
    pub fn waits(&self) -> bool {
        self.card.state == State::Pending.word()
    }

    /// What happens when nobody does anything.
    pub fn at_the_end(&self) -> &'static str {
        match self.card.state {
            "pending" => "If nobody decides by then, it is refused and does not run.",
            "approved" => "If it is not run by then, the approval lapses and it does not run.",
            "executing" => "If nothing is heard of it by then, nobody knows whether it ran.",
            _ => "",
        }
    }

    /// Reasons that can be picked.
    pub fn chips(&self) -> &'static [&'static str] {
        &CHIPS
    }
}

fn because(card: &Card) -> Vec<Because> {
    let list = card.shown.more.get("because").and_then(Value::as_array);
    let one = |said: &Value| {
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        Because {
            finding: text("finding").unwrap_or_default().to_owned(),
            reason: text("reason").map(Seen::from),
            advice: text("advice").map(Seen::from),
        }
    };
    list.into_iter().flatten().map(one).collect()
}

impl Answered {
    /// What they said, for people.
    pub fn said(&self) -> &'static str {
        match (self.word, self.part) {
            (Said::Yes, Part::Confirms) => "confirmed it",
            (Said::Yes, Part::Countersigns) => "countersigned it",
            (Said::No, _) => "said no",
            (Said::BreakGlass, _) => "broke the glass",
        }
    }

    /// By what they showed that it was them.
    pub fn shown_by(&self) -> &'static str {
        match self.evidence {
            Needed::Account => "by their account alone",
            Needed::Session => "signed in at a browser",
            Needed::Passkey => "signed with a passkey",
        }
    }

    /// Why, if they said.
    pub fn why(&self) -> Option<Seen> {
        self.reason.as_deref().map(Seen::from)
    }

    /// When.
    pub fn when(&self) -> When {
        moment(&self.at)
    }
}

impl Asked {
    /// The answer, which nobody has checked.
    pub fn answer(&self) -> Option<Seen> {
        self.asserted.as_deref().map(Seen::from)
    }
}

impl Edited {
    /// What would stand where.
    pub fn places(&self) -> Vec<(Seen, Seen)> {
        let place = |(at, to): (&String, &Option<String>)| {
            (Seen(at.clone()), Seen(to.clone().unwrap_or_else(|| "nothing".to_owned())))
        };
        self.changes.iter().map(place).collect()
    }
}

impl Preview {
    /// Its value, as people may see it.
    pub fn json(&self) -> Json {
        Json(self.value.clone())
    }
}
