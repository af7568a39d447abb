//! Who must agree, and do they? The part of the story in which a call waits for people.
//!
//! The client is kept waiting for as long as the configuration says, and told so meanwhile; then it is told to come back. Who
//! comes back with the same call finds the same approval, and people are not asked again. Nothing runs for nobody: an
//! approval that comes when the client is gone waits for it, and lapses.
//!
//! What people agreed to before may reach as far as this call (see `covered`); then nobody is asked.
//!
//! Before it runs, everything is looked at once more (see `claim`). Whatever is not as it was when people agreed ends the
//! approval.

mod again;
mod claim;
mod covered;
mod leaving;
mod places;
mod preview;
mod running;
mod shown;
mod talk;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::{Refusal, Retry};
use super::desk::{DeskError, Waiting, Wish};
use super::exchange::Exchange;
use super::failpoint::Failpoint;
use super::memory::{Ended, Outline};
use super::reach::Reach;
use super::weigh::Weighed;
use super::{Gateway, Leave, Turned, entries};
use crate::approval::Approval;
use crate::approval::people::People;
use crate::approval::state::State;
use crate::call::{Call, CallId};
use crate::digest::Digest;
use crate::object;
use crate::policy::decision::{Agreement, Decision};
use crate::wire::message::Notification;
use again::{asks_the_same, renamed, repeat};
use leaving::{give_up, leaves, left};
pub(super) use places::Places;
pub(super) use running::Running;
use talk::{Asking, with_edits};
pub(super) use talk::{LONGEST_ANSWER, question, said};
pub(super) use words::{ended, meanwhile, unkept};

/// How often a client that waits is told that it still does.
const PROGRESS: Duration = Duration::from_secs(10);

/// A call that waits, as this gateway sees it. Everybody who passes it on has room for it; it is handed about in a box.
pub(super) struct Waiter {
    weighed: Weighed,
    waiting: Waiting,
}

/// Who waits for the answer to a call that waits for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attended {
    /// The client that asked, on its request, for as long as it is kept waiting.
    Client,
    /// The same client, which came back with a reference.
    Reference,
    /// Nobody: it is a task, and its client asks later.
    Nobody,
}

/// What became of the wish to wait for an approval that is there already.
pub(super) enum Joined {
    /// Here is its place.
    Waiter(Box<Waiter>),
    /// Somebody here waits for it.
    Taken,
    /// It was about something else, and is over.
    Superseded,
}

impl Waiter {
    /// Lets go of the call and keeps its place.
    pub(super) fn place(self: Box<Self>) -> Waiting {
        self.waiting
    }
}

impl Gateway {
    /// Waits until people agree, and claims the call. Everything else is a refusal the client hears.
    pub(super) async fn hold(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        weighed: Box<Weighed>,
    ) -> Result<Leave, Turned> {
        let own = weighed.call.id.clone();
        let Some(_seat) = self.places.seat(self.settings.waiting) else {
            let full = places::full(self.settings.waiting, self.settings.approval_wait);
            return Err(Turned { refusal: self.turned_down(exchange, &weighed, full).await, id: Some(own) });
        };
        let waiter = Box::pin(self.take_place(exchange, reach, weighed)).await;
        let waiter = waiter.map_err(|refusal| Turned { refusal, id: Some(own) })?;
        self.see_through(exchange, reach, waiter, Attended::Client).await
    }

    /// Waits at a place, and claims the call when people have agreed.
    pub(super) async fn see_through(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        mut waiter: Box<Waiter>,
        attended: Attended,
    ) -> Result<Leave, Turned> {
        let _underway = (attended != Attended::Nobody).then(|| self.underway.token());
        waiter.weighed.thin();
        let (outline, input) = (Outline::of(&waiter.weighed.call), waiter.weighed.input.clone());
        let leave = self.ask(exchange, reach, waiter, attended).await;
        if let Err(Turned { refusal, .. }) = &leave {
            exchange.session.memory.note(Ended::refused(outline, &input, refusal.class));
        }
        leave
    }

    async fn ask(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        mut waiter: Box<Waiter>,
        attended: Attended,
    ) -> Result<Leave, Turned> {
        let id = waiter.weighed.call.id.clone();
        let turned = |refusal| Turned { refusal, id: Some(id.clone()) };
        let approval =
            self.wait(exchange, reach, (&mut waiter, attended)).await.map_err(|error| turned(unkept(&error)))?;
        self.went_on(exchange, &approval.state);
        match (&approval.state, left(exchange, attended)) {
            (State::Approved { .. }, None) => {
                let leave = Box::pin(self.claim(exchange, reach, waiter, (&approval, attended))).await;
                let Err(refusal) = leave else { return leave.map_err(turned) };
                let written = self.recorder.write(vec![self.entry(&id, entries::refused(&refusal))]).await;
                Err(turned(written.map_or_else(|error| super::lists::unrecorded(&error), |()| refusal)))
            }
            (_, Some(left)) => {
                // Who gives a task up says so to the approval itself, and a gateway that stops gives nothing up.
                if attended != Attended::Nobody && !self.leaving.is_cancelled() {
                    tokio::spawn(give_up(Arc::clone(&self.desk), id.clone(), waiter.waiting, left));
                }
                Err(turned(Refusal::new("cancelled", Retry::Useless, "the call was given up before anybody agreed")))
            }
            (_, None) => {
                let refusal = Box::pin(self.told(&approval, &waiter.weighed.judgement)).await;
                let asked = waiter.weighed.asked();
                Err(turned(match attended {
                    Attended::Client => Box::pin(self.with_reference(exchange, asked, (&id, refusal))).await,
                    Attended::Reference | Attended::Nobody => refusal,
                }))
            }
        }
    }

    /// The place of an approval that waits for the same call already, or a new one.
    pub(super) async fn take_place(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        weighed: Box<Weighed>,
    ) -> Result<Box<Waiter>, Refusal> {
        let asked = weighed.asked().clone();
        let repeat = repeat(&asked);
        let known = self.store.approvals_repeated_by(&repeat).await.map_err(|error| unkept(&error.into()))?;
        for known in known {
            // Where somebody waits for that one, this is a second call of the same kind.
            if let Joined::Waiter(waiter) = self.join(exchange, reach, (&asked, &known)).await? {
                return Ok(waiter);
            }
        }
        if let Some(refusal) = self.said_no_to(&repeat).await.map_err(|error| unkept(&error))? {
            return Err(self.turned_down(exchange, &weighed, refusal).await);
        }
        if let Some(waiting) = self.granted(exchange, &weighed, repeat).await? {
            return Ok(Box::new(Waiter { weighed: *weighed, waiting }));
        }
        self.open(exchange, reach, (weighed, repeat)).await
    }

    /// The place of this approval, if this call is still the one it is about.
    pub(super) async fn join(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (asked, known): (&Call, &str),
    ) -> Result<Joined, Refusal> {
        let Some(waiting) = self.desk.wait(known) else { return Ok(Joined::Taken) };
        let Ok(approval) = self.desk.look(known).await else { return Ok(Joined::Superseded) };
        let renamed = renamed(asked, CallId::from_record(known));
        let edited = with_edits(&renamed, approval.made_edits()).unwrap_or(renamed);
        let again = self.weigh_again(exchange, reach, (edited, &approval.agreement)).await;
        if again.call.digest != approval.digest {
            self.supersede(known, "the tool, or who asks, is not what it was".to_owned()).await;
            return Ok(Joined::Superseded);
        }
        if !asks_the_same(&again.judgement, &approval) {
            self.supersede(known, "the rules ask for something else than they did".to_owned()).await;
            return Ok(Joined::Superseded);
        }
        let entries = vec![entries::arrived(exchange, &again), self.decided(exchange, &again, None)];
        self.recorder.write(entries).await.map_err(|error| super::lists::unrecorded(&error))?;
        self.held(exchange, &approval.id, Some(&approval.deadline.to_string()));
        Ok(Joined::Waiter(Box::new(Waiter { weighed: again, waiting })))
    }

    async fn open(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (weighed, repeat): (Box<Weighed>, Digest),
    ) -> Result<Box<Waiter>, Refusal> {
        let caller = &exchange.session.caller;
        // Before its turn: a server that takes its time keeps nobody else waiting.
        let seen = self.preview_first(exchange, reach, &weighed).await?;
        let _turn = self.places.turn(&caller.principal).await;
        let open = self.store.approvals_open_of(&caller.principal).await.map_err(|error| unkept(&error.into()))?;
        if let Some(full) = places::too_many(open, self.settings.waiting_per_caller) {
            return Err(self.turned_down(exchange, &weighed, full).await);
        }
        let Decision::Hold(held) = &weighed.judgement.decision else { return Err(Refusal::plain()) };
        let now = self.desk.now().await.map_err(|error| unkept(&error.into()))?;
        let people = self.desk.people.load_full();
        warn_of_nobody(&people, held.terms(), &weighed.call.id);
        let asker = people.asker(caller);
        let named = (weighed.call.id.clone(), weighed.call.digest, repeat);
        let scope = covered::scope(&weighed, (&weighed.call.id, &asker), held.terms());
        let approval = Approval { scope, seen, ..Approval::open(named, asker, held.terms().clone(), now) };
        let shown = self.shown(exchange, &weighed, held.terms());
        let Some(waiting) = self.desk.wait(approval.id.as_str()) else { return Err(Refusal::plain()) };
        let deadline = approval.deadline.to_string();
        let entries = vec![entries::arrived(exchange, &weighed), self.decided(exchange, &weighed, None)];
        match self.desk.open(approval, shown, entries).await {
            Ok(true) => {
                Failpoint::Opened.reached();
                self.held(exchange, &weighed.call.id, Some(&deadline));
                Ok(Box::new(Waiter { weighed: *weighed, waiting }))
            }
            Ok(false) => Err(unkept(&DeskError::Busy)),
            Err(error) => Err(unkept(&error)),
        }
    }

    /// Waits until something is decided, the client gives up, or it has waited long enough. Meanwhile people have what they
    /// want to know, and see what they want to be different. What is done in between is in boxes: thousands stand here and do
    /// nothing.
    async fn wait(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &Reach,
        (waiter, attended): (&mut Waiter, Attended),
    ) -> Result<Approval, DeskError> {
        let id = waiter.weighed.call.id.clone();
        let begun = Instant::now();
        let mut told = 0_u64;
        let mut asked = 0;
        let mut asking: Option<Asking> = None;
        let mut ticks = tokio::time::interval(PROGRESS);
        // Who is only told that the wait goes on costs the database nothing: changes are heard of.
        let mut known = None;
        loop {
            let approval = match known.take() {
                Some(approval) => approval,
                None => Box::pin(self.desk.look(id.as_str())).await?,
            };
            let longest = match attended {
                Attended::Client | Attended::Reference => {
                    let session = &exchange.session;
                    let most = self.settings.wait_of(&session.caller.principal, session.door);
                    most.saturating_sub(begun.elapsed())
                }
                Attended::Nobody => Duration::MAX,
            };
            let kept = !longest.is_zero() && (attended == Attended::Nobody || !self.leaving.is_cancelled());
            if approval.state != State::Pending || !kept || left(exchange, attended).is_some() {
                return Ok(approval);
            }
            if let Some(edit) = approval.proposed_edit() {
                Box::pin(self.try_edit(exchange, reach, waiter, (&approval, edit))).await?;
                continue;
            }
            if let Some((number, question)) = approval.open_question()
                && attended != Attended::Nobody
                && number >= asked
            {
                asked = number.saturating_add(1);
                asking = self.put_question(exchange, &question.text);
            }
            let now = Box::pin(self.desk.now()).await?;
            let until = approval.deadline.micros().saturating_sub(now.micros());
            let until = Duration::from_micros(u64::try_from(until).unwrap_or(0));
            tokio::select! {
                () = waiter.waiting.changed() => {}
                () = tokio::time::sleep(longest.min(until)) => {}
                () = leaves(exchange, attended) => {}
                () = self.leaving.cancelled(), if attended != Attended::Nobody => {}
                answer = async { if let Some(asking) = &mut asking { asking.await } else { std::future::pending().await } } => {
                    asking = None;
                    if let Some(text) = answer {
                        Box::pin(self.explain(id.as_str(), text)).await?;
                    }
                }
                _ = ticks.tick() => {
                    told = told.saturating_add(1);
                    Box::pin(say_progress(exchange, told, &self.progress(&approval, now))).await;
                    known = Some(approval);
                }
            }
        }
    }

    /// Hands people what whoever asked says to their question.
    pub(super) async fn explain(&self, id: &str, text: String) -> Result<(), DeskError> {
        match self.desk.act(id, Wish::Explain(text)).await {
            // It was answered in another way, or nobody needs it any more.
            Ok(_) | Err(DeskError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn supersede(&self, id: &str, why: String) {
        if let Err(error) = self.desk.act(id, Wish::Supersede(why)).await {
            tracing::debug!(call = id, %error, "an approval that fits no more is over already");
        }
    }
}

/// A hold nobody can answer ends by itself and as a no; whoever runs the gateway should know.
fn warn_of_nobody(people: &People, agreement: &Agreement, call: &CallId) {
    for said in &agreement.all_of {
        let later = said.terms.escalate.iter().flat_map(|escalation| &escalation.to);
        if said.terms.reviewers.iter().chain(later).all(|reviewer| people.stands_for(reviewer) == 0) {
            tracing::warn!(%call, finding = said.finding, "a call waits for people of whom nobody is listed in [people]");
        }
    }
}

async fn say_progress(exchange: &Exchange, told: u64, message: &str) {
    let Some(token) = exchange.meta.get("progressToken") else { return };
    let params = object! { "progressToken" => token.clone(), "progress" => told, "message" => message };
    let method = "notifications/progress".to_owned();
    exchange.outlet.say(Notification { method, params }).await;
}
