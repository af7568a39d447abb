//! What do rules see of why a call is made?
//!
//! Every member is always there, so that no rule looks for one that is not: what nobody knows is `missing`. The words of a
//! prompt are not among them; see [`crate::intent`].

use std::sync::LazyLock;

use regorus::Value;

use super::Part;
use super::values::{object, text};
use crate::intent::{Intent, Provenance};

/// Why it is asked.
pub fn intent(intent: &Intent) -> Part {
    Part(if intent.is_nothing() { NOTHING.clone() } else { whole(intent) })
}

/// Nothing is known of why it is asked.
pub fn no_intent() -> Part {
    Part(NOTHING.clone())
}

static NOTHING: LazyLock<Value> = LazyLock::new(|| whole(&Intent::default()));

fn whole(intent: &Intent) -> Value {
    let provenance = |known: Option<Provenance>| ("provenance", text(Provenance::word_of(known)));
    let maybe = |said: Option<&String>| said.map_or(Value::Null, |said| text(said));
    let Intent { prompt, rationale, model, source, mismatch, .. } = intent;
    object([
        (
            "prompt",
            object([
                provenance(intent.prompt_provenance()),
                ("digest", maybe(prompt.as_ref().map(|prompt| &prompt.digest))),
            ]),
        ),
        (
            "rationale",
            object([
                provenance(intent.rationale_provenance()),
                ("digest", maybe(rationale.as_ref().map(|rationale| &rationale.digest))),
                ("text", maybe(rationale.as_ref().map(|rationale| &rationale.text))),
            ]),
        ),
        (
            "model",
            object([
                provenance(model.as_ref().map(|model| model.provenance)),
                ("name", maybe(model.as_ref().map(|model| &model.name))),
            ]),
        ),
        ("client", maybe(source.as_ref().map(|source| &source.client))),
        ("device", maybe(source.as_ref().and_then(|source| source.device.as_ref()))),
        ("mismatch", Value::from(*mismatch)),
    ])
}
