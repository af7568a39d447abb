//! Where does it go, what a server says? Answers to their requests, everything else to whom it concerns.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::sync::{mpsc, watch};

use super::open::{Fate, Waiting};
use super::outgoing::Outgoing;
use super::{Claim, Ending, Shared, number_of};
use crate::downstream::asking::FromServer;
use crate::downstream::link::Purpose;
use crate::downstream::questions;
use crate::downstream::sink::Sink;
use crate::wire::era::meta;
use crate::wire::json::{Object, Value};
use crate::wire::lines::{Line, Lines, Meant, Noise};
use crate::wire::message::{Answer, Id, Message, Notification, Request, Response};

/// Reads one connection.
#[derive(Debug)]
pub(super) struct Incoming {
    shared: Arc<Shared>,
    /// Weak, so that the writer ends with the connection's owner.
    outbox: mpsc::WeakSender<Outgoing>,
    /// How the child ended, once it did.
    obituary: Option<watch::Receiver<Option<String>>>,
    noise: u32,
}

/// So many lines in a row that are no messages, and it is no server.
const NOISE: u32 = 100;
/// So long a peer may still talk after we closed the connection.
const FAREWELL: Duration = Duration::from_secs(5);

impl Incoming {
    pub(super) const fn new(
        shared: Arc<Shared>,
        outbox: mpsc::WeakSender<Outgoing>,
        obituary: Option<watch::Receiver<Option<String>>>,
    ) -> Self {
        Self { shared, outbox, obituary, noise: 0 }
    }

    /// Reads until either side ends.
    pub(super) async fn read<R: AsyncRead + Unpin>(mut self, mut lines: Lines<R>) {
        let gone = self.shared.gone.clone();
        let why = loop {
            let line = tokio::select! {
                biased;
                () = gone.cancelled() => {
                    // Either the peer ends within this time, or it is ended.
                    drop(tokio::time::timeout(FAREWELL, lines.drain()).await);
                    return;
                }
                line = lines.next() => line,
            };
            match line {
                Ok(Some(Line::Message(message))) => {
                    self.noise = 0;
                    self.route(message).await;
                }
                Ok(Some(Line::Noise(noise))) => {
                    if self.suffer(&noise) > NOISE {
                        break format!("it wrote {NOISE} lines in a row that are no messages");
                    }
                }
                Ok(None) => break self.last_words().await,
                Err(cut) => break cut.to_string(),
            }
        };
        self.shared.end(&why, Ending::Death);
    }

    async fn last_words(&mut self) -> String {
        const A_MOMENT: Duration = Duration::from_millis(300);
        if let Some(obituary) = &mut self.obituary
            && let Ok(Ok(words)) = tokio::time::timeout(A_MOMENT, obituary.wait_for(Option::is_some)).await
            && let Some(words) = words.as_ref()
        {
            return words.clone();
        }
        "it closed its output".to_owned()
    }

    /// A line that is no message. If it can only be the answer to one request, that request will get no other.
    fn suffer(&mut self, noise: &Noise) -> u32 {
        self.noise = self.noise.saturating_add(1);
        tracing::info!(server = %self.shared.name, "the server wrote a line that is no message: {}", noise.why);
        let lost = {
            let mut table = self.shared.table();
            let only = || (table.waiting.len() == 1).then(|| table.waiting.keys().next().copied()).flatten();
            let number = match (&noise.id, noise.meant) {
                (Some(id), _) => number_of(id),
                (None, Meant::Message) => only(),
                (None, Meant::Words) => None,
            };
            number.and_then(|number| table.waiting.remove(&number))
        };
        if let Some(lost) = lost {
            lost.settle(Fate::Lost(format!("the server's answer cannot be read: {}", noise.why)));
        }
        self.noise
    }

    async fn route(&self, message: Message) {
        match message {
            Message::Response(Response { id, outcome }) => self.shared.answer(id.as_ref(), outcome),
            Message::Notification(notification) => self.hear(notification).await,
            Message::Request(request) => self.question(request).await,
        }
    }

    async fn hear(&self, mut notification: Notification) {
        let sink = match notification.method.as_str() {
            "notifications/progress" => match self.progress(&mut notification.params) {
                Some(sink) => sink,
                None => return self.shared.stray("progress of no open request"),
            },
            "notifications/cancelled" if self.ended_listening(&notification.params) => return,
            _ => match self.addressee(&notification) {
                Some(sink) => sink,
                None => return self.shared.stray("a notification that concerns no one session"),
            },
        };
        let patience = self.shared.patience();
        // The sink counts what its receiver misses.
        sink.deliver(FromServer::Notification(notification), patience).await;
    }

    /// Puts the caller's own token back in its place.
    fn progress(&self, params: &mut Object) -> Option<Arc<Sink>> {
        let number = params.get("progressToken").and_then(Value::as_number)?.as_u64()?;
        let (sink, token) = {
            let table = self.shared.table();
            match table.waiting.get(&number) {
                Some(waiting) => {
                    waiting.hear(self.shared.opened);
                    (waiting.sink.clone(), waiting.token.clone()?)
                }
                // A task's call was answered long ago: its session hears of it.
                None => (table.links.values().next()?.clone(), table.tasks.get(&number)?.clone()),
            }
        };
        params.insert("progressToken", token);
        Some(sink)
    }

    /// A modern server may end a `subscriptions/listen` by naming it.
    fn ended_listening(&self, params: &Object) -> bool {
        if !matches!(self.shared.claim.get(), Some(Claim::Everybody)) {
            return false;
        }
        let number = params.get("requestId").and_then(Id::from_value).as_ref().and_then(number_of);
        let waiting = number.and_then(|number| {
            let mut table = self.shared.table();
            table.waiting.get(&number).filter(|waiting| waiting.purpose == Purpose::Listening)?;
            table.waiting.remove(&number)
        });
        match waiting {
            Some(waiting) => waiting.settle(Fate::Answered(Ok(Object::new().into()))),
            None => self.shared.stray("the cancellation of no open request"),
        }
        true
    }

    /// Whom a notification concerns: its subscription, the only call at work, or the only session. What could concern
    /// several sessions is given to none.
    fn addressee(&self, notification: &Notification) -> Option<Arc<Sink>> {
        let table = self.shared.table();
        let subscription = notification.params.object("_meta").and_then(|meta| meta.get(meta::SUBSCRIPTION_ID));
        if let Some(id) = subscription.and_then(Id::from_value) {
            return number_of(&id).and_then(|number| table.waiting.get(&number)).map(|waiting| waiting.sink.clone());
        }
        if matches!(self.shared.claim.get(), Some(Claim::Everybody)) {
            // No log level goes out with a `subscriptions/listen`, so a log message is never about one.
            let about_a_call = notification.method == "notifications/message";
            let may_be_about = |waiting: &&Waiting| !about_a_call || waiting.purpose != Purpose::Listening;
            return one_place(table.waiting.values().filter(may_be_about));
        }
        let of_a_call = matches!(notification.method.as_str(), "notifications/message" | "notifications/cancelled");
        let call = of_a_call.then(|| only_call(table.waiting.values())).flatten();
        call.map(|waiting| waiting.sink.clone()).or_else(|| table.links.values().next().cloned())
    }

    async fn question(&self, request: Request) {
        if request.method == "ping" {
            return self.reply(request.id, Ok(Object::new().into()));
        }
        let declared = match self.shared.claim.get() {
            Some(Claim::Own { declared }) => Some(declared),
            Some(Claim::Everybody) | None => None,
        };
        let place = match self.shared.questions.admit(&request.method, declared) {
            Ok(place) => place,
            Err(error) => return self.reply(request.id, Err(error)),
        };
        let (sink, asker) = {
            let mut table = self.shared.table();
            let asker = asker(table.waiting.iter());
            match asker.and_then(|number| table.waiting.get_mut(&number)) {
                Some(call) => {
                    call.questions = call.questions.saturating_add(1);
                    (Some(call.sink.clone()), asker)
                }
                None => (table.links.values().next().cloned(), None),
            }
        };
        let id = request.id.clone();
        let answered = match questions::put(request, sink).await {
            Ok(answered) => answered,
            Err(error) => {
                settled(&self.shared, asker);
                return self.reply(id, Err(error));
            }
        };
        let (outbox, shared) = (self.outbox.clone(), Arc::clone(&self.shared));
        tokio::spawn(async move {
            let answer = tokio::select! {
                () = shared.gone.cancelled() => return,
                answer = questions::hear(answered) => answer,
            };
            drop(place);
            settled(&shared, asker);
            let line = Message::Response(Response::to(id, answer)).to_line();
            if let Some(outbox) = outbox.upgrade() {
                drop(outbox.send(Outgoing::line(line)).await);
            }
        });
    }

    /// Answers the server without waiting: a server that asks and does not read must not stop us from reading.
    fn reply(&self, id: Id, answer: Answer) {
        let line = Message::Response(Response::to(id, answer)).to_line();
        if self.outbox.upgrade().is_none_or(|outbox| outbox.try_send(Outgoing::line(line)).is_err()) {
            self.shared.stray("questions without reading our answers");
        }
    }
}

/// The call that is at work, if it is the only one.
fn only_call<'a>(waiting: impl Iterator<Item = &'a Waiting>) -> Option<&'a Waiting> {
    only(waiting.filter(|waiting| waiting.purpose == Purpose::Effect))
}

/// The call a question of the server belongs to: the only one at work or, since one that waits for a reply of its own
/// hardly asks more, the only one that does not. Without the second an unanswered question would silence all others.
fn asker<'a>(waiting: impl Iterator<Item = (&'a u64, &'a Waiting)> + Clone) -> Option<u64> {
    let calls = waiting.filter(|(_, waiting)| waiting.purpose == Purpose::Effect);
    let idle = calls.clone().filter(|(_, waiting)| waiting.questions == 0);
    only(calls).or_else(|| only(idle)).map(|(number, _)| *number)
}

/// A question has its answer, or will have none.
fn settled(shared: &Shared, asker: Option<u64>) {
    let mut table = shared.table();
    if let Some(call) = asker.and_then(|number| table.waiting.get_mut(&number)) {
        call.questions = call.questions.saturating_sub(1);
    }
}

fn only<T>(mut several: impl Iterator<Item = T>) -> Option<T> {
    let first = several.next();
    if several.next().is_none() { first } else { None }
}

/// The one place all open requests report to, if there is only one.
fn one_place<'a>(waiting: impl Iterator<Item = &'a Waiting>) -> Option<Arc<Sink>> {
    let mut waiting = waiting;
    let first = waiting.next()?;
    waiting.all(|other| other.sink.same(&first.sink)).then(|| first.sink.clone())
}
