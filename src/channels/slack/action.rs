//! What did somebody press or type in Slack?
//!
//! Of a payload only what is needed is read. That Slack sent it was shown before; whose the account is, and whether they may,
//! is asked afterwards, and what a button says of its call is only a claim: the call is read again.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits;
use crate::digest::Digest;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Interaction {
    /// Somebody pressed a button of ours.
    Pressed(Pressed),
    /// Somebody sent a modal of ours off.
    Submitted(Submitted),
    /// Something nothing follows from.
    Other,
}

/// A button was pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pressed {
    /// By whom.
    pub(super) actor: Actor,
    /// What it does.
    pub(super) press: Press,
    /// About which call.
    pub(super) about: About,
    /// Where the message stands.
    pub(super) place: Spot,
    /// Lets a modal be opened, for three seconds.
    pub(super) trigger: String,
    /// The same for the same press only.
    pub(super) key: String,
}

/// A modal was sent off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submitted {
    /// By whom.
    pub(super) actor: Actor,
    /// Which modal.
    pub(super) press: Press,
    /// What it kept.
    pub(super) kept: Kept,
    /// What was typed: by block, the name of the input and its text.
    pub(super) typed: BTreeMap<String, (String, String)>,
    /// The same for the same modal only.
    pub(super) key: String,
}

/// What a button of ours does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Approve,
    Deny,
    Edit,
    Ask,
}

/// An account in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Actor {
    /// The workspace in which it was pressed.
    pub(super) workspace: Option<String>,
    /// The workspace the account is of.
    pub(super) team: String,
    /// The account.
    pub(super) user: String,
}

/// Which call a button or a modal is about, and as what it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    pub(super) call: String,
    pub(super) digest: String,
    pub(super) revision: i64,
}

/// What a modal keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) about: About,
    /// Where whoever sends it off is answered.
    pub(super) channel: String,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) channel: String,
    pub(super) ts: String,
}

/// A payload that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload has not the form that Slack documents for buttons and modals ({0})")]
pub(super) struct Unreadable(&'static str);

/// No id of a call is longer.
const LONGEST_CALL: usize = 128;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    #[serde(default)]
    team: Option<Named>,
    #[serde(default)]
    trigger_id: Option<String>,
    #[serde(default)]
    container: Option<Container>,
    #[serde(default)]
    channel: Option<Named>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    view: Option<View>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    channel_id: Option<String>,
    #[serde(default)]
    message_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default, rename = "action_id")]
    id: String,
    #[serde(default, rename = "action_ts")]
    ts: String,
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
struct View {
    id: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    callback_id: String,
    #[serde(default)]
    private_metadata: String,
    #[serde(default)]
    state: Typed,
}

#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Input>>,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    value: Option<String>,
}

impl Press {
    const ALL: [Self; 4] = [Self::Approve, Self::Deny, Self::Edit, Self::Ask];

    /// Names the button, and the modal behind it.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Approve => "countersign.approve",
            Self::Deny => "countersign.deny",
            Self::Edit => "countersign.edit",
            Self::Ask => "countersign.ask",
        }
    }

    fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|press| press.id() == id)
    }
}

impl Actor {
    /// As the configuration and the record name it.
    pub(super) fn account(&self) -> String {
        format!("slack:{}/{}", self.team, self.user)
    }
}

impl About {
    fn read(text: &str) -> Option<Self> {
        let about: Self = serde_json::from_str(text).ok()?;
        about.is_sound().then_some(about)
    }

    fn is_sound(&self) -> bool {
        let named = !self.call.is_empty() && self.call.len() <= LONGEST_CALL;
        named && self.call.bytes().all(|byte| byte.is_ascii_graphic()) && Digest::parse(&self.digest).is_some()
    }

    /// As a button keeps it.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Kept {
    /// As a modal keeps it.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Interaction {
    /// Reads a payload.
    pub(super) fn read(text: &str) -> Result<Self, Unreadable> {
        if text.len() > limits::PAYLOAD {
            return Err(Unreadable("too long"));
        }
        let value: Value = serde_json::from_str(text).map_err(|_| Unreadable("no JSON"))?;
        Self::of(value)
    }

    /// The same, from JSON that was read already.
    pub(super) fn of(value: Value) -> Result<Self, Unreadable> {
        let payload: Payload = serde_json::from_value(value).map_err(|_| Unreadable("something is missing"))?;
        match payload.kind.as_str() {
            "block_actions" => pressed(payload),
            "view_submission" => submitted(payload),
            _ => Ok(Self::Other),
        }
    }
}

fn pressed(payload: Payload) -> Result<Interaction, Unreadable> {
    let actor = actor(&payload)?;
    let Some(action) = payload.actions.into_iter().next() else { return Ok(Interaction::Other) };
    // A button that only opens a page says so too.
    let Some(press) = Press::of(&action.id) else { return Ok(Interaction::Other) };
    let about = action.value.as_deref().and_then(About::read).ok_or(Unreadable("the value of the button"))?;
    let container = payload.container.ok_or(Unreadable("no container"))?;
    let channel = container.channel_id.or_else(|| payload.channel.map(|channel| channel.id));
    let (channel, ts) = channel.zip(container.message_ts).ok_or(Unreadable("no message"))?;
    if !is_id(&channel) || !is_time(&ts) || !is_time(&action.ts) {
        return Err(Unreadable("no message"));
    }
    let key = format!("{}/{}/{}", actor.team, actor.user, action.ts);
    let trigger = payload.trigger_id.unwrap_or_default();
    let place = Spot { channel, ts };
    Ok(Interaction::Pressed(Pressed { actor, press, about, place, trigger, key }))
}

fn submitted(payload: Payload) -> Result<Interaction, Unreadable> {
    let actor = actor(&payload)?;
    let view = payload.view.ok_or(Unreadable("no view"))?;
    let Some(press) = Press::of(&view.callback_id) else { return Ok(Interaction::Other) };
    let kept: Kept = serde_json::from_str(&view.private_metadata).map_err(|_| Unreadable("what the modal kept"))?;
    if !kept.about.is_sound() || !is_id(&kept.channel) {
        return Err(Unreadable("what the modal kept"));
    }
    let one = |(block, inputs): (String, BTreeMap<String, Input>)| {
        let (name, input) = inputs.into_iter().next()?;
        Some((block, (name, input.value.unwrap_or_default())))
    };
    let typed = view.state.values.into_iter().filter_map(one).collect();
    let key = format!("{}/{}/{}/{}", actor.team, actor.user, view.id, view.hash);
    Ok(Interaction::Submitted(Submitted { actor, press, kept, typed, key }))
}

fn actor(payload: &Payload) -> Result<Actor, Unreadable> {
    let workspace = payload.team.as_ref().map(|team| team.id.clone());
    let team = payload.user.team_id.clone().or_else(|| workspace.clone()).ok_or(Unreadable("no team"))?;
    let user = payload.user.id.clone();
    if [Some(&team), Some(&user), workspace.as_ref()].into_iter().flatten().all(|id| is_id(id)) {
        Ok(Actor { workspace, team, user })
    } else {
        Err(Unreadable("an id"))
    }
}

/// Ids of Slack are capital letters and digits; nothing else can be put together from them.
pub(super) fn is_id(text: &str) -> bool {
    (2..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_time(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests;
