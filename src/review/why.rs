//! What are people shown of why a call is made?
//!
//! How a prompt is known is said in our words and never as more than it is: captured by a hook on a device, not verified. The
//! words themselves are a person's, or the model's about itself, and stand apart from what a rule says. A prompt's words are
//! not part of what is kept of a call: they are looked for when somebody looks, and after a while there are none.

use serde_json::{Value, json};

use super::card::{Card, Shown};
use crate::intent::{Intent, Provenance};
use crate::store::{Store, StoreError};

/// What a card holds of it.
pub fn told(intent: &Intent) -> Value {
    let Intent { prompt, rationale, model, source, mismatch, .. } = intent;
    json!({
        "prompt": {
            "provenance": Provenance::word_of(intent.prompt_provenance()),
            "digest": prompt.as_ref().map(|prompt| &prompt.digest),
            "told": intent.prompt_in_words(),
        },
        "rationale": {
            "provenance": Provenance::word_of(intent.rationale_provenance()),
            "digest": rationale.as_ref().map(|rationale| &rationale.digest),
            "text": rationale.as_ref().map(|rationale| &rationale.text),
        },
        "model": {
            "provenance": Provenance::word_of(model.as_ref().map(|model| model.provenance)),
            "name": model.as_ref().map(|model| &model.name),
        },
        "client": source.as_ref().map(|source| &source.client),
        "device": source.as_ref().and_then(|source| source.device.as_ref()),
        "mismatch": mismatch,
    })
}

/// Puts the words of the prompt beside what names them, while they are kept.
pub async fn with_words(store: &Store, mut card: Card) -> Result<Card, StoreError> {
    add_words(store, &mut card.shown).await?;
    Ok(card)
}

/// The same for what is shown alone.
pub async fn add_words(store: &Store, shown: &mut Shown) -> Result<(), StoreError> {
    let Some(prompt) = shown.more.get_mut("intent").and_then(|intent| intent.get_mut("prompt")) else { return Ok(()) };
    let Some(digest) = prompt.get("digest").and_then(Value::as_str) else { return Ok(()) };
    if let (Some(words), Some(prompt)) = (store.words_of(digest).await?, prompt.as_object_mut()) {
        prompt.insert("text".to_owned(), Value::from(words));
    }
    Ok(())
}

/// Why a call is made, as a page or a terminal shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// How the prompt is known, in our words.
    pub prompt_is: String,
    /// What was asked for. Somebody's words.
    pub prompt: Option<String>,
    /// Why the model says it makes the call. Its words.
    pub rationale: Option<String>,
    /// Which model that is, and how that is known.
    pub model: Option<(String, String)>,
    /// Something changed the call on the way.
    pub mismatch: bool,
}

impl Why {
    /// As far as it was looked for.
    pub fn of(shown: &Shown) -> Option<Self> {
        let intent = shown.more.get("intent")?;
        let text = |part: &str, key: &str| intent.get(part)?.get(key)?.as_str().map(str::to_owned);
        let model = text("model", "name").zip(text("model", "provenance"));
        Some(Self {
            prompt_is: text("prompt", "told").unwrap_or_default(),
            prompt: text("prompt", "text"),
            rationale: text("rationale", "text"),
            model,
            mismatch: intent.get("mismatch").and_then(Value::as_bool).unwrap_or_default(),
        })
    }
}
