//! The story of a call, told once.
//!
//! A request comes in on a session, finds its server and its tool, is judged, written down, sent, and its outcome is
//! written down before anybody hears of it. `perform` reads top to bottom like the table in `lib.rs`; everything hard is
//! behind one of its verbs.

pub mod answer;
pub mod attend;
mod budget;
pub mod converse;
mod entries;
pub mod exchange;
pub mod hello;
pub mod imprints;
pub mod judge;
pub mod known;
pub mod listen;
pub mod listeners;
pub mod lists;
pub mod memory;
pub mod outlet;
pub mod pinboard;
pub mod reach;
pub mod recorder;
pub mod release;
mod requests;
pub mod resolve;
pub mod rounds;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod surroundings;
mod turnstile;
mod weigh;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio_util::task::TaskTracker;

use crate::audit::entry::{Cancelled, Dispatched, Entry, Event};
use crate::call::{Call, CallId};
use crate::change::Mask;
use crate::clock::{Clock, chance};
use crate::downstream::{Fleet, Link, Reply};
use crate::outcome;
use crate::permit::Permit;
use crate::policy::decision::Decision;
use crate::policy::moment::Moment;
use crate::store::Store;
use crate::wire::era::Era;
use crate::wire::message::Answer;
use answer::{Refusal, Retry};
use exchange::Exchange;
use imprints::Imprints;
use judge::Judge;
use known::Known;
use memory::{Ended, Outline};
use recorder::Recorder;
use release::{Passed, tell_changes};
use rounds::Rounds;
use sessions::Sessions;
use settings::Settings;
use weigh::Weighed;

/// Everything a call meets on its way.
#[derive(Debug)]
pub struct Gateway {
    /// The servers behind.
    pub fleet: Arc<Fleet>,
    /// The policies in force.
    pub judge: Arc<Judge>,
    /// Writes entries.
    pub recorder: Recorder,
    /// Keeps pins.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What the configuration says.
    pub settings: Settings,
    /// What is known of the things calls touch.
    pub known: ArcSwap<Known>,
    /// Who is connected.
    pub sessions: Sessions,
    /// Everything that was started and has not ended.
    pub tasks: TaskTracker,
    rounds: Rounds,
    imprints: Imprints,
    moment: ArcSwapOption<Moment>,
    /// Covers what a rule masks in the record. Made anew by each process, so marks of two cannot be compared.
    mask: Mask,
}

impl Gateway {
    /// A gateway without sessions.
    pub fn new(
        fleet: Arc<Fleet>,
        judge: Arc<Judge>,
        recorder: Recorder,
        store: Store,
        (clock, settings): (Arc<dyn Clock>, Settings),
    ) -> Arc<Self> {
        let sessions = Sessions::new(settings.sessions_per_principal);
        let (tasks, rounds, moment) = (TaskTracker::new(), Rounds::default(), ArcSwapOption::empty());
        let known = ArcSwap::default();
        let imprints = Imprints::default();
        let mask = chance().map(Mask::new).unwrap_or_default();
        Arc::new(Self {
            fleet,
            judge,
            recorder,
            store,
            clock,
            settings,
            known,
            sessions,
            tasks,
            rounds,
            imprints,
            moment,
            mask,
        })
    }

    /// The story. The era returned is the one the answer was spoken in.
    async fn perform(self: &Arc<Self>, exchange: &Arc<Exchange>, reach: &reach::Reach, call: Call) -> (Answer, Era) {
        // Whatever we say ourselves is said as a legacy server would; the last step translates it.
        let ours = |answer| (answer, Era::Legacy);

        // May it? What is asked for is changed first where policy wants that.
        let mut weighed = self.weigh(exchange, reach, call).await;
        let mut entries = vec![entries::arrived(exchange, &weighed)];
        let admitted = self.admit(exchange, reach, &mut weighed).await;
        entries.push(self.decided(exchange, &weighed, admitted.as_ref().err()));
        let Weighed { call, input, judgement, shown } = weighed;
        let (id, action, server) = (call.id.clone(), call.action.clone(), Arc::clone(&call.server));
        let outline = Outline::of(&call);
        let refuse = |refusal: Refusal| ours(refusal.answer(Some(&id), Some(&action)));
        let (link, grant) = match (admitted, &judgement.decision) {
            (Ok(link), Decision::Allow(grant)) => (link, grant),
            (admitted, decision) => {
                let refusal = admitted.err().unwrap_or_else(Refusal::plain);
                if matches!(decision, Decision::Allow(_)) {
                    entries.push(self.entry(&id, entries::refused(&refusal)));
                }
                exchange.session.memory.note(Ended::refused(outline, &input, refusal.class));
                let written = self.recorder.write(entries).await;
                return refuse(written.map_or_else(|error| lists::unrecorded(&error), |()| refusal));
            }
        };

        // So it may.
        let permit = match Permit::granted(call, grant) {
            Ok(permit) => permit,
            Err(other) => return refuse(Refusal::new("policy_error", Retry::Useless, other.to_string())),
        };

        // Written before it is done.
        entries.push(self.entry(&id, Event::Dispatched(Dispatched { server: server.to_string() })));
        let receipt = match self.recorder.about_to(&permit, entries).await {
            Ok(receipt) => receipt,
            Err(error) => return refuse(lists::unrecorded(&error)),
        };

        // Do it.
        let sent = self.clock.now();
        let scrutiny = self.scrutiny(exchange, (&server, &action), &input);
        let (reply, unsaid) = self.converse(exchange, &link, (permit, receipt), &scrutiny).await;
        let was_cancelled = matches!(reply, Reply::Cancelled);

        // What came back, and may the agent have it?
        let mut outcome = outcome::read(reply);
        let scrutiny = scrutiny.or_else(|| self.scrutiny(exchange, (&server, &action), &input));
        let passed = self.release(exchange, &scrutiny, &mut outcome).await;
        if passed.is_as_it_came() {
            self.catch_up(exchange, &server, unsaid).await;
        }

        // Write it down.
        let micros = u64::try_from(self.clock.now().micros().saturating_sub(sent.micros())).unwrap_or(0);
        let Passed { released, labels, changed, refusal } = passed;
        let cancelled = || self.entry(&id, Event::Cancelled(Cancelled { by: "client", reason: None }));
        let mut entries = Vec::from_iter(was_cancelled.then(cancelled));
        let ended = outcome.ending;
        let (finished, mut answer) = entries::finished(outcome, &shown, micros);
        entries.push(self.entry(&id, finished));
        entries.extend(released.map(|released| self.entry(&id, Event::Released(released))));
        let ended = Ended { labels, ..Ended::sent(outline, &input, ended, refusal.as_ref()) };
        self.remember(&exchange.session, ended, &answer);
        match self.conclude(&id, entries, refusal).await {
            None => {
                tell_changes(&mut answer, &shown.redacted, &changed);
                (answer, link.era())
            }
            Some(refusal) => refuse(refusal),
        }
    }

    /// Writes down how a call ended; says what the agent hears instead of the result, if it hears something else.
    async fn conclude(&self, id: &CallId, entries: Vec<Entry>, refusal: Option<Refusal>) -> Option<Refusal> {
        let Err(error) = self.recorder.write(entries).await else { return refusal };
        tracing::error!(call = %id, error = %error, "the outcome could not be recorded; the result is withheld");
        let reason = "the call was sent, but its outcome could not be recorded, so its result is withheld";
        let unrecorded = Refusal::new("outcome_unrecorded", Retry::Useless, reason);
        Some(unrecorded.hint("do not repeat it before somebody has looked"))
    }

    /// The way to the server of a call that may run, once there is one and every limit has enough left.
    async fn admit(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &reach::Reach,
        weighed: &mut Weighed,
    ) -> Result<Arc<Link>, Refusal> {
        if let Some(refusal) = Refusal::from_judgement(&weighed.judgement) {
            return Err(refusal);
        }
        let link = self.attach(&exchange.session, reach).await?;
        self.charge(&mut weighed.judgement).await?;
        Ok(link)
    }

    fn entry(&self, call: &CallId, event: Event) -> Entry {
        Entry { call: Some(call.clone()), at: self.clock.now(), event }
    }
}
