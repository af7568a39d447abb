//! What does somebody see who opens a link from a message?
//!
//! What would happen, as far as everybody may see it whom the message reached: the sentence, the risk, what is known, who asks
//! and until when. Where the link is enough, what would be sent too, because nobody agrees to what they are not shown, and a
//! form. Where it is not, both take signing in.

use askama::Template;

use super::card::Look;
use super::frame::Frame;
use super::inbox::state;
use super::seen::{Seen, Told, is_cut};
use super::value::hides;
use crate::channels::link::Verb;
use crate::facts::Risk;
use crate::review::card::Card;
use crate::review::credential::Credential;
use crate::review::known::Tone;

/// A page that a link leads to.
#[derive(Debug, Template)]
#[template(path = "decision.html", config = "src/review/pages/askama.toml")]
pub struct DecisionPage {
    /// What stands round it; nobody is signed in here.
    pub frame: Frame,
    /// The call, for whoever wants to sign in and see all of it.
    pub call: Option<String>,
    /// What is on it.
    pub stage: Stage,
}

/// What is on the page.
#[derive(Debug)]
pub enum Stage {
    /// A call, and perhaps a form.
    Shown {
        /// The call.
        about: Box<About>,
        /// How it is answered.
        form: Form,
    },
    /// The link is worth nothing.
    Ended {
        /// Why.
        why: String,
    },
    /// It was answered.
    Done {
        /// What was said, in words.
        said: &'static str,
        /// Where the call stands after it.
        state: String,
    },
}

/// A call, for somebody.
#[derive(Debug)]
pub struct About {
    /// What is shown of it.
    pub look: Look,
    /// Who answers.
    pub person: String,
}

/// How it is answered.
#[derive(Debug)]
pub enum Form {
    /// Not here.
    None {
        /// Why.
        why: String,
    },
    /// With this.
    Open {
        /// The secret of the link.
        token: String,
        /// What only this page says.
        page: String,
        /// What was wrong with what was sent before.
        notice: Option<String>,
    },
}

impl DecisionPage {
    /// The head of the page.
    pub fn title(&self) -> &'static str {
        match &self.stage {
            Stage::Shown { .. } => "Decide",
            Stage::Ended { .. } => "This link works no more",
            Stage::Done { .. } => "Thank you",
        }
    }

    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match &self.stage {
            Stage::Shown { form: Form::Open { .. }, .. } => "open",
            Stage::Shown { form: Form::None { .. }, .. } => "shown",
            Stage::Ended { .. } => "ended",
            Stage::Done { .. } => "done",
        }
    }
}

impl About {
    /// Of a card, for this person.
    pub fn of(card: Card, person: &str) -> Self {
        Self { look: Look::of(card, 0), person: person.to_owned() }
    }

    /// Why it cannot be answered here, though the link would be enough.
    pub fn why_not(&self) -> Option<String> {
        let shown = &self.look.card.shown;
        if hides(&shown.params) || shown.credentials.iter().flat_map(Credential::texts).any(is_cut) {
            // REN-07: who cannot see all of it does not agree to it.
            return Some(
                "Not all of this call can be seen at a glance. Sign in, look at it, and answer there.".to_owned(),
            );
        }
        let refused = self.look.card.you.as_ref().and_then(|you| you.why_not.as_ref());
        refused.map(|why| format!("You cannot answer this: {}.", why.text))
    }
}

impl Stage {
    /// After an answer.
    pub fn done(verb: Verb, state_word: &str) -> Self {
        let said = match verb {
            Verb::Approve => "Your yes was written down.",
            Verb::Deny => "Your no was written down, and the agent is told why.",
        };
        Self::Done { said, state: state(state_word).to_owned() }
    }
}
