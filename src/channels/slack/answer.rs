//! What follows when somebody presses a button or sends a window off?
//!
//! Slack is answered at once, because it waits three seconds; the rest is done afterwards, and whoever pressed is told in
//! private what came of it. Who they are, whether the call is for them, and whether it may be agreed to here is asked of the
//! configuration and the record, each time. The decision itself is made at the same desk as every other.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use super::action::{About, Actor, Interaction, Kept, Press, Pressed};
use super::blocks::Elsewhere;
use super::delivery::{Newest, arguments, put};
use super::modal::{self, Wanted};
use super::outcome::Outcome;
use super::{Mode, Slack, limits, signature, words};
use crate::approval::Approval;
use crate::approval::vote::Voter;
use crate::channels::message::Details;
use crate::gateway::desk::{Desk, Wish};
use crate::review::answer::{Answer as _, Approve, Ask, Deny, Edit, say};
use crate::review::card::Shown;
use crate::review::fault::Fault;
use crate::review::sight::sees;
use crate::store::Store;
use crate::store::approvals::KeptApproval;

/// Where answers are brought.
#[derive(Clone, Debug)]
pub struct Room {
    /// Who decides.
    pub desk: Arc<Desk>,
    /// What is kept.
    pub store: Store,
    /// Where people find all of a call.
    pub pages: Option<Url>,
}

/// Somebody who may speak about a call, and the call.
struct Admitted {
    voter: Voter,
    kept: KeptApproval,
}

impl Slack {
    /// Answers a request of Slack: its status, and its body, which is JSON where there is one.
    pub async fn interaction(self: &Arc<Self>, headers: &HeaderMap, body: &[u8], room: &Room) -> (StatusCode, Vec<u8>) {
        let refused = |status: StatusCode, why: String| {
            tracing::warn!(channel = self.options.name, %status, why, "a request of Slack is refused");
            (status, why.into_bytes())
        };
        let Mode::Http { signing_secret } = &self.options.mode else {
            return refused(StatusCode::NOT_FOUND, "this channel is in Socket Mode and takes no requests".to_owned());
        };
        if body.len() > limits::PAYLOAD {
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large".to_owned());
        }
        let now = match room.desk.now().await {
            Ok(now) => now,
            Err(error) => return refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        };
        if let Err(why) = signature::check(signing_secret, headers, body, now) {
            return refused(StatusCode::UNAUTHORIZED, why.to_string());
        }
        let mut payloads = url::form_urlencoded::parse(body).filter(|(key, _)| key == "payload");
        let (Some((_, payload)), None) = (payloads.next(), payloads.next()) else {
            return refused(StatusCode::BAD_REQUEST, "there is no `payload`, or there are two".to_owned());
        };
        match Interaction::read(&payload) {
            Ok(interaction) => {
                let said = self.heard(interaction, room).map(|said| said.to_string().into_bytes());
                (StatusCode::OK, said.unwrap_or_default())
            }
            Err(why) => refused(StatusCode::BAD_REQUEST, why.to_string()),
        }
    }

    /// What Slack is told at once; the rest follows.
    pub(super) fn heard(self: &Arc<Self>, interaction: Interaction, room: &Room) -> Option<Value> {
        let (slack, room) = (Arc::clone(self), room.clone());
        match interaction {
            Interaction::Other => None,
            Interaction::Pressed(pressed) => {
                if self.is_new(&pressed.key) {
                    self.tasks.spawn(async move { slack.pressed(pressed, &room).await });
                }
                None
            }
            Interaction::Submitted(submitted) => match modal::read(&submitted) {
                Err(wrong) => Some(modal::errors(&wrong)),
                Ok(wanted) => {
                    // Only now: whoever is told what is wrong sends the same window off again.
                    if self.is_new(&submitted.key) {
                        let (actor, kept) = (submitted.actor, submitted.kept);
                        self.tasks.spawn(async move { slack.submitted((&actor, &kept), wanted, &room).await });
                    }
                    None
                }
            },
        }
    }

    async fn pressed(&self, pressed: Pressed, room: &Room) {
        let Pressed { actor, press, about, place, trigger, .. } = &pressed;
        let kept = Kept { about: about.clone(), channel: place.channel.clone() };
        let outcome = match press {
            Press::Approve => Some(self.approved(&pressed, room).await),
            Press::Deny => self.opened((actor, trigger), &modal::deny(&kept), room).await,
            Press::Ask => self.opened((actor, trigger), &modal::ask(&kept), room).await,
            Press::Edit => self.edits((actor, trigger), &kept, room).await,
        };
        if let Some(outcome) = outcome {
            self.tell((actor, &place.channel), &outcome, (about, room)).await;
        }
        if *press != Press::Approve
            && let Ok(admitted) = self.admitted(actor, about, room).await
        {
            self.took_in(&pressed, &admitted, room).await;
        }
    }

    async fn approved(&self, pressed: &Pressed, room: &Room) -> Outcome {
        let Pressed { actor, about, .. } = pressed;
        let admitted = match self.admitted(actor, about, room).await {
            Ok(admitted) => admitted,
            Err(outcome) => return outcome,
        };
        self.took_in(pressed, &admitted, room).await;
        let now = match room.desk.now().await {
            Ok(now) => now,
            Err(error) => return Outcome::Fault(Box::new(error.into()), None),
        };
        match Newest::of(&admitted.kept, Details::Full, now) {
            Ok(newest) => match newest.card(self).decides {
                // What is over is said better at the desk, which knows by whom.
                Ok(()) | Err(Elsewhere::Over) => {}
                Err(elsewhere) => return Outcome::Elsewhere(elsewhere),
            },
            Err(error) => return Outcome::Fault(Box::new(error.into()), None),
        }
        let answer = Approve { digest: about.digest.clone(), reason: None, grant: None };
        self.said((about, admitted), move |by, approval| answer.wish(by, approval), room).await
    }

    async fn submitted(&self, (actor, kept): (&Actor, &Kept), wanted: Wanted, room: &Room) {
        let about = &kept.about;
        let outcome = match self.admitted(actor, about, room).await {
            Ok(admitted) => self.wanted((about, admitted), wanted, room).await,
            Err(outcome) => outcome,
        };
        self.tell((actor, &kept.channel), &outcome, (about, room)).await;
    }

    async fn wanted(&self, (about, admitted): (&About, Admitted), wanted: Wanted, room: &Room) -> Outcome {
        let digest = about.digest.clone();
        match wanted {
            Wanted::Deny(reason) => {
                let answer = Deny { digest, reason };
                self.said((about, admitted), move |by, approval| answer.wish(by, approval), room).await
            }
            Wanted::Ask(question) => {
                let asked = admitted.kept.approval.questions.last().filter(|asked| {
                    asked.answer.is_none() && asked.by == admitted.voter.person && asked.text == question
                });
                if asked.is_some() {
                    return Outcome::Asked;
                }
                let answer = Ask { question };
                self.said((about, admitted), move |by, approval| answer.wish(by, approval), room).await
            }
            Wanted::Edit(changes, reason) => {
                // Inputs have places; what stood at them is known only of the call that was shown.
                let stale = admitted.kept.approval.summary().to_string() != digest;
                let (set, remove) = match of_call(&admitted.kept) {
                    Ok(arguments) if !stale => changes.of(&arguments),
                    Ok(_) => Default::default(),
                    Err(fault) => return Outcome::Fault(Box::new(fault), None),
                };
                if set.is_empty() && remove.is_empty() && !stale {
                    return Outcome::Unchanged;
                }
                let answer = Edit { digest, set, remove, reason };
                self.said((about, admitted), move |by, approval| answer.wish(by, approval), room).await
            }
        }
    }

    async fn said(
        &self,
        (about, admitted): (&About, Admitted),
        spoken: impl FnOnce(Voter, &Approval) -> Result<Wish, Fault>,
        room: &Room,
    ) -> Outcome {
        match say(&room.desk, &about.call, admitted.voter, spoken).await {
            Ok(done) => Outcome::Done(Box::new(done.approval)),
            Err(fault) => Outcome::Fault(Box::new(fault), room.desk.look(&about.call).await.ok().map(Box::new)),
        }
    }

    /// Opens a window while it still can be, and asks who it is for afterwards where that takes time.
    async fn opened(&self, (actor, trigger): (&Actor, &str), view: &Value, room: &Room) -> Option<Outcome> {
        if let Err(stranger) = self.known(actor, &room.desk.people.load())
            && !self.options.by_email
        {
            return Some(Outcome::Stranger(stranger));
        }
        let opened = self.api.call("views.open", &json!({ "trigger_id": trigger, "view": view })).await;
        opened.err().map(Outcome::Trouble)
    }

    /// Opens a window for other arguments: what is in it is only for those who may see the call.
    async fn edits(&self, (actor, trigger): (&Actor, &str), kept: &Kept, room: &Room) -> Option<Outcome> {
        const TITLE: &str = "Change the arguments";
        let wait = modal::notice(TITLE, "One moment: the call is looked up.");
        let opened = self.api.call("views.open", &json!({ "trigger_id": trigger, "view": wait })).await;
        let opened = match opened {
            Ok(opened) => opened,
            Err(trouble) => return Some(Outcome::Trouble(trouble)),
        };
        let view = match self.admitted(actor, &kept.about, room).await {
            Ok(admitted) if admitted.kept.approval.summary().to_string() != kept.about.digest => {
                modal::notice(TITLE, "The call is another one by now. Look at its message again.")
            }
            Ok(admitted) => {
                of_call(&admitted.kept).ok().and_then(|arguments| modal::edit(kept, &arguments)).unwrap_or_else(|| {
                    modal::notice(TITLE, "The arguments do not fit into a window of Slack; change them on its page.")
                })
            }
            Err(outcome) => modal::notice(TITLE, &outcome.text()),
        };
        let id = opened.pointer("/view/id").and_then(Value::as_str).unwrap_or_default();
        let shown = self.api.call("views.update", &json!({ "view_id": id, "view": view })).await;
        shown.err().map(Outcome::Trouble)
    }

    /// Who it is, and the call, if it exists for them.
    async fn admitted(&self, actor: &Actor, about: &About, room: &Room) -> Result<Admitted, Outcome> {
        let people = room.desk.people.load_full();
        let voter = self.person(actor, &people).await.map_err(Outcome::Stranger)?;
        let fault = |fault: Fault| Outcome::Fault(Box::new(fault), None);
        let kept = room.desk.kept(&about.call).await.map_err(|error| fault(error.into()))?;
        let now = room.desk.now().await.map_err(|error| fault(error.into()))?;
        if sees(&voter, &kept.approval, now) { Ok(Admitted { voter, kept }) } else { Err(fault(Fault::Unknown)) }
    }

    async fn took_in(&self, pressed: &Pressed, admitted: &Admitted, room: &Room) {
        if let Ok(now) = room.desk.now().await {
            self.adopt(&pressed.place, &admitted.kept, &room.store, now).await;
        }
    }

    /// Tells whoever pressed what came of it, and nobody else.
    async fn tell(&self, (actor, channel): (&Actor, &str), outcome: &Outcome, (about, room): (&About, &Room)) {
        if let Outcome::Stranger(why) = outcome {
            tracing::warn!(channel = self.options.name, account = actor.account(), %why, "an answer in Slack does not count");
        }
        let page = room.pages.as_ref().and_then(|pages| pages.join(&format!("/calls/{}", about.call)).ok());
        let mut elements = vec![words::ours(&words::cut(&outcome.text(), limits::SECTION).text)];
        if let Some(page) = page {
            elements
                .extend([words::ours(" "), json!({ "type": "link", "url": page.as_str(), "text": "Open the call" })]);
        }
        let blocks = [words::section(&elements)];
        let mut private = arguments(channel, outcome.notification(), &blocks);
        put(&mut private, "user", actor.user.as_str());
        let Err(trouble) = self.api.call("chat.postEphemeral", &private).await else { return };
        // Where the app is not in the channel nobody can be told in private there.
        let direct = arguments(&actor.user, outcome.notification(), &blocks);
        if let Err(other) = self.api.call("chat.postMessage", &direct).await {
            tracing::warn!(channel = self.options.name, %trouble, %other, "whoever pressed a button in Slack could not be told what came of it");
        }
    }
}

/// The arguments as the record holds them.
fn of_call(kept: &KeptApproval) -> Result<Map<String, Value>, Fault> {
    let params = Shown::of(kept)?.params;
    Ok(params.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default())
}
