//! The story of a call, told once.
//!
//! A request comes in on a session, finds its server and its tool, is judged, written down, sent, and its outcome is
//! written down before anybody hears of it. `perform` reads top to bottom like the table in `lib.rs`; everything hard is
//! behind one of its verbs.

pub mod answer;
pub mod attend;
mod budget;
pub mod converse;
pub mod desk;
mod entries;
pub mod exchange;
pub(crate) mod failpoint;
pub mod hello;
mod hold;
pub mod imprints;
mod intent;
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
pub mod reported;
mod requests;
pub mod resolve;
pub mod rounds;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod surroundings;
mod tasks;
mod ticket;
mod turnstile;
pub mod watched;
mod weigh;

use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::entry::{Cancelled, Dispatched, Ending, Entry, Event};
use crate::audit::receipt::Receipt;
use crate::call::{Action, Call, CallId};
use crate::change::Mask;
use crate::clock::{Clock, chance};
use crate::downstream::{Fleet, Link, Reply};
use crate::outcome;
use crate::permit::Permit;
use crate::policy::decision::Decision;
use crate::policy::input::Input;
use crate::policy::moment::Moment;
use crate::store::Store;
use crate::telemetry::look::Lookout;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::tracer::Tracer;
use crate::wire::era::Era;
use crate::wire::message::Answer;
use answer::{Refusal, Retry};
use desk::Desk;
use exchange::Exchange;
use hold::{Places, Running};
use imprints::Imprints;
use judge::Judge;
use known::Known;
use memory::{Ended, Outline};
use recorder::Recorder;
use release::{Passed, tell_changes};
use rounds::Rounds;
use sessions::Sessions;
use settings::Settings;
use tasks::{Keeper, Manner};
use weigh::{Shown, Weighed};

/// Everything a call meets on its way.
#[derive(Debug)]
pub struct Gateway {
    /// The servers behind.
    pub fleet: Arc<Fleet>,
    /// The policies in force.
    pub judge: Arc<Judge>,
    /// Where calls wait for people.
    pub desk: Arc<Desk>,
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
    /// Where people answer in a browser, once anything listens.
    pub pages: OnceLock<String>,
    /// Who is connected.
    pub sessions: Sessions,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What traces calls, where somebody wants that.
    pub tracer: OnceLock<Tracer>,
    /// What whoever watches is told of the database.
    pub lookout: Lookout,
    /// Everything that was started and has not ended.
    pub tasks: TaskTracker,
    /// Tells calls that wait for people that their clients must come back to another gateway.
    leaving: CancellationToken,
    /// Every call that runs, or waits with its client.
    underway: TaskTracker,
    own_tasks: tasks::Running,
    rounds: Rounds,
    places: Places,
    imprints: Imprints,
    moment: ArcSwapOption<Moment>,
    /// What hooks reported comes in one after the other.
    reports: reported::Letterbox,
    /// Covers what a rule masks in the record. Made anew by each process, so marks of two cannot be compared.
    mask: Mask,
}

/// A call that may be performed now, and everything that is needed for it.
#[derive(Debug)]
struct Leave {
    about: About,
    link: Arc<Link>,
    permit: Permit,
    receipt: Receipt,
    /// Where people agreed.
    running: Option<Running>,
}

/// What is remembered of a call while its permit has it.
#[derive(Debug)]
struct About {
    id: CallId,
    action: Action,
    server: Arc<str>,
    outline: Outline,
    input: Input,
    shown: Shown,
}

/// A call that is not performed, and what its client hears.
#[derive(Debug)]
struct Turned {
    refusal: Refusal,
    /// Names what it is about.
    id: Option<CallId>,
}

impl About {
    fn of(call: &Call, input: Input, shown: Shown) -> Self {
        let (id, action, server) = (call.id.clone(), call.action.clone(), Arc::clone(&call.server));
        Self { id, action, server, outline: Outline::of(call), input, shown }
    }
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
        let desk = Desk::new(store.clone(), Arc::clone(&clock));
        let metrics: Arc<Metrics> = Arc::default();
        drop(desk.metrics.set(Arc::clone(&metrics)));
        Arc::new(Self {
            fleet,
            judge,
            desk,
            recorder,
            store,
            clock,
            settings,
            known,
            pages: OnceLock::new(),
            sessions,
            metrics,
            tracer: OnceLock::new(),
            lookout: Lookout::default(),
            tasks,
            leaving: CancellationToken::new(),
            underway: TaskTracker::new(),
            own_tasks: tasks::Running::default(),
            rounds,
            places: Places::default(),
            imprints,
            moment,
            reports: reported::Letterbox::default(),
            mask,
        })
    }

    /// The story. The era returned is the one the answer was spoken in.
    async fn perform(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        reach: &reach::Reach,
        (call, manner): (Call, Manner),
    ) -> (Answer, Era) {
        let action = call.action.clone();

        // May it? What is asked for is changed first where policy wants that.
        let mut weighed = self.weigh(exchange, reach, call).await;
        let reckoned = self.reckon(&mut weighed.judgement).await;
        self.judged(exchange, &weighed, reckoned.as_ref().err());
        if let Err(refusal) = reckoned {
            let refusal = self.turned_down(exchange, &weighed, refusal).await;
            return exchange.watched.refuse(&refusal, (Some(&weighed.call.id), &action));
        }

        // Who will hear what comes of it? A client that does not wait has a task, and the rest goes on under that.
        if manner.is_task(&weighed.judgement.decision) {
            return (Box::pin(self.begin_task(exchange, reach, weighed)).await, Era::Legacy);
        }

        // Who must agree? So it may, and that is written before it is done.
        let leave = match &weighed.judgement.decision {
            // In boxes: a call that waits for nobody does not carry the room for it, and one that waits not that for the rest.
            Decision::Hold(_) => Box::pin(self.hold(exchange, reach, Box::new(weighed))).await,
            Decision::Allow(_) | Decision::Deny(_) => Box::pin(self.settle(exchange, reach, weighed)).await,
        };
        match leave {
            Ok(leave) => Box::pin(self.carry_out(exchange, leave, None)).await,
            // Whatever we say ourselves is said as a legacy server would; the last step translates it.
            Err(Turned { refusal, id }) => exchange.watched.refuse(&refusal, (id.as_ref(), &action)),
        }
    }

    /// Writes down what policy said of a call that waits for nobody, and that it is sent, if it is.
    async fn settle(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &reach::Reach,
        mut weighed: Weighed,
    ) -> Result<Leave, Turned> {
        let admitted = self.admit(exchange, reach, &mut weighed).await;
        let id = weighed.call.id.clone();
        let turned = |refusal| Turned { refusal, id: Some(id.clone()) };
        let (link, grant) = match (admitted, &weighed.judgement.decision) {
            (Ok(link), Decision::Allow(grant)) => (link, grant),
            (admitted, _) => {
                let refusal = admitted.err().unwrap_or_else(Refusal::plain);
                return Err(turned(self.turned_down(exchange, &weighed, refusal).await));
            }
        };
        let mut entries = vec![entries::arrived(exchange, &weighed), self.decided(exchange, &weighed, None)];
        let about = About::of(&weighed.call, weighed.input, weighed.shown);
        let permit = Permit::granted(weighed.call, grant)
            .map_err(|other| turned(Refusal::new("policy_error", Retry::Useless, other.to_string())))?;
        let dispatched = Dispatched { server: about.server.to_string() };
        entries.push(self.entry(&id, Event::Dispatched(dispatched)));
        let receipt = self.recorder.about_to(&permit, entries).await;
        let receipt = receipt.map_err(|error| turned(lists::unrecorded(&error)))?;
        Ok(Leave { about, link, permit, receipt, running: None })
    }

    /// Writes down that a call is not performed, and nobody is asked about it. What policy said of it is no news.
    async fn turned_down(&self, exchange: &Exchange, weighed: &Weighed, refusal: Refusal) -> Refusal {
        let Weighed { call, input, judgement, .. } = weighed;
        let mut entries = vec![entries::arrived(exchange, weighed), self.decided(exchange, weighed, Some(&refusal))];
        if !matches!(judgement.decision, Decision::Deny(_)) {
            entries.push(self.entry(&call.id, entries::refused(&refusal)));
        }
        exchange.session.memory.note(Ended::refused(Outline::of(call), input, refusal.class));
        let written = self.recorder.write(entries).await;
        written.map_or_else(|error| lists::unrecorded(&error), |()| refusal)
    }

    /// Does it, and writes down what came of it before anybody hears.
    async fn carry_out(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        leave: Leave,
        keeper: Option<&Keeper>,
    ) -> (Answer, Era) {
        let _underway = self.underway.token();
        let Leave { about, link, permit, receipt, running } = leave;
        let About { id, action, server, outline, input, shown } = about;

        // Do it, unless whoever was to do it stood still for so long that others gave it up.
        if running.as_ref().is_some_and(Running::is_lost) {
            let refusal =
                Refusal::new("outcome_unknown", Retry::Useless, "the gateway stood still just before it sent the call");
            let refusal =
                refusal.hint("nothing was sent by it; ask the person you work for to look before you repeat it");
            let written = self.recorder.write(vec![self.entry(&id, entries::refused(&refusal))]).await;
            let refusal = written.map_or_else(|error| lists::unrecorded(&error), |()| refusal);
            return exchange.watched.refuse(&refusal, (Some(&id), &action));
        }
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
        let Passed { released, labels, changed, refusal, .. } = passed;
        let cancelled = || self.entry(&id, Event::Cancelled(Cancelled { by: self.quitter(), reason: None }));
        let mut entries = Vec::from_iter(was_cancelled.then(cancelled));
        let ending = outcome.ending;
        let (finished, mut answer) = entries::finished(outcome, &shown, micros);
        entries.push(self.entry(&id, finished));
        entries.extend(released.map(|released| self.entry(&id, Event::Released(released))));
        let ended = Ended { labels, ..Ended::sent(outline, &input, ending, refusal.as_ref()) };
        self.remember(&exchange.session, ended, &answer);
        tell_changes(&mut answer, &shown.redacted, &changed);
        if let Some(running) = &running {
            running.tell(&mut answer);
        }
        if let (Some(keeper), Some(_)) = (keeper, &running) {
            let heard = refusal.as_ref().map(|refusal| refusal.answer(Some(&id), Some(&action)));
            self.keep(keeper, &exchange.session, heard.unwrap_or_else(|| answer.clone()), link.era()).await;
        }
        match self.conclude(&id, (entries, running), ending, refusal).await {
            None => (answer, link.era()),
            Some(refusal) => exchange.watched.refuse(&refusal, (Some(&id), &action)),
        }
    }

    /// Writes down how a call ended; says what the agent hears instead of the result, if it hears something else.
    async fn conclude(
        &self,
        id: &CallId,
        (entries, running): (Vec<Entry>, Option<Running>),
        ending: Ending,
        refusal: Option<Refusal>,
    ) -> Option<Refusal> {
        let written = match running {
            Some(running) => self.finish(id, running, ending, entries).await.map_err(|error| error.to_string()),
            None => self.recorder.write(entries).await.map_err(|error| error.to_string()),
        };
        let Err(error) = written else { return refusal };
        tracing::error!(call = %id, error, "the outcome could not be recorded; the result is withheld");
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
        self.recorder.admits().map_err(|error| lists::unrecorded(&error))?;
        let link = self.attach(&exchange.session, reach).await?;
        self.charge(&mut weighed.judgement).await?;
        Ok(link)
    }

    fn entry(&self, call: &CallId, event: Event) -> Entry {
        Entry { call: Some(call.clone()), at: self.clock.now(), event }
    }
}
