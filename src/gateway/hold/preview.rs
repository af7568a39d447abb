//! What does the server say a call would do, before people are asked and before it is sent?
//!
//! A preview is a call like any other: of the same caller, on its way to the same server, judged by the same rules, written
//! down, and its result judged before anybody sees it. It differs in four things. It is made only where rules plainly allow
//! it and it is known to read only; when in doubt it is not made, and the card says why. It is no call of the agent's, so
//! it does not stand in what rules see of the session. It has a few seconds, whatever the server says meanwhile. And what
//! it says goes to people, so that what a rule masks in results is covered.
//!
//! It is made before the caller's turn to open a place: no lock is held while a server thinks. Limits are charged for it,
//! because a server is asked; so a caller that makes many calls wait cannot wear a server out by previews.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Attended;
use super::leaving::{Left, left};
use super::places::too_many;
use super::words::{changed, unkept};
use crate::approval::Approval;
use crate::approval::precondition::{MOST, Precondition, Seen, Unlike};
use crate::audit::entry::{Dispatched, Ending, Event};
use crate::call::{Action, Call, CallId, Parts};
use crate::catalogue::tool::{Pin, Tool};
use crate::clock::chance;
use crate::downstream::{Asking, FromServer, Link, Reply};
use crate::facts::told::Words;
use crate::gateway::answer::{Refusal, Retry};
use crate::gateway::exchange::Exchange;
use crate::gateway::memory::Counts;
use crate::gateway::reach::Reach;
use crate::gateway::weigh::Weighed;
use crate::gateway::{Gateway, entries};
use crate::object;
use crate::outcome;
use crate::permit::Permit;
use crate::policy::decision::Decision;
use crate::policy::finding::preview::Preview;
use crate::policy::input::Trust;
use crate::wire::json::Object;

/// Messages of a server that may wait while a preview is made.
const WAITING: usize = 16;

/// Whether anything was asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Yes, and it says what it said.
    Something,
    /// There was nothing to ask.
    Nothing,
    /// Yes, and meanwhile its client left, so that nothing may run for it.
    ForNobody(Left),
}

/// A preview that may be made.
struct Ready {
    weighed: Weighed,
    link: Arc<Link>,
}

impl Gateway {
    /// Asks the server everything the rules want people to know of a call that waits.
    pub(super) async fn preview(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        weighed: &Weighed,
    ) -> Vec<Precondition> {
        let Decision::Hold(held) = &weighed.judgement.decision else { return Vec::new() };
        let asked = held.terms().previews().enumerate().map(async |(number, (finding, preview))| {
            let (call, seen) = match number {
                MOST.. => (None, Seen::nothing(format!("no more than {MOST} previews are made for one call"))),
                _ => self.ask_first(exchange, reach, (&weighed.call, preview)).await,
            };
            let server = weighed.call.server.to_string();
            Precondition { finding: finding.to_owned(), server, preview: preview.clone(), call, seen }
        });
        join_all(asked).await
    }

    /// The same for a call that has no place to wait in yet, if it can have one. That is counted again, for good, when it is
    /// its caller's turn.
    pub(super) async fn preview_first(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        weighed: &Weighed,
    ) -> Result<Vec<Precondition>, Refusal> {
        match &weighed.judgement.decision {
            Decision::Hold(held) if held.terms().previews().next().is_some() => {}
            _ => return Ok(Vec::new()),
        }
        let open = self.store.approvals_open_of(&exchange.session.caller.principal).await;
        let open = open.map_err(|error| unkept(&error.into()))?;
        if let Some(full) = too_many(open, self.settings.waiting_per_caller) {
            return Err(self.turned_down(exchange, weighed, full).await);
        }
        let seen = self.preview(exchange, reach, weighed).await;
        // What nobody waited for any more is not what people should decide by.
        if exchange.cancelled.is_cancelled() {
            let why = "the call was given up before anybody was asked";
            return Err(self.turned_down(exchange, weighed, Refusal::new("cancelled", Retry::Useless, why)).await);
        }
        Ok(seen)
    }

    /// Asks the server again what it was asked before people were, and ends an approval for what is not so any more.
    pub(super) async fn is_seen_again(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (weighed, approval, attended): (&Weighed, &Approval, Attended),
    ) -> Result<Asked, Refusal> {
        let now: Vec<(&str, &Preview)> = match &weighed.judgement.decision {
            Decision::Hold(held) => held.terms().previews().collect(),
            Decision::Allow(_) | Decision::Deny(_) => Vec::new(),
        };
        let then = approval.seen.iter().map(|asked| (asked.finding.as_str(), &asked.preview));
        if !then.eq(now.iter().copied()) {
            self.supersede(approval.id.as_str(), "the rules want to know something else than they did".to_owned())
                .await;
            return Err(changed("what the rules want to know of the call changed while it waited"));
        }
        // What could not be had then is not compared.
        let had = approval.seen.iter().zip(now).filter(|(asked, _)| matches!(asked.seen, Seen::Value(_)));
        let looks = had.map(async |(asked, (_, preview))| {
            let (_, seen) = self.ask_first(exchange, reach, (&weighed.call, preview)).await;
            asked.compare(&seen)
        });
        let looks = join_all(looks).await;
        let asked = match left(exchange, attended) {
            _ if looks.is_empty() => Asked::Nothing,
            // A server that was cut short has said nothing against what people agreed to.
            Some(left) => return Ok(Asked::ForNobody(left)),
            None => Asked::Something,
        };
        let unlike: Vec<Unlike> = looks.into_iter().filter_map(Result::err).collect();
        if unlike.is_empty() {
            return Ok(asked);
        }
        let join = |each: fn(&Unlike) -> &str| unlike.iter().map(each).collect::<Vec<_>>().join("; ");
        let (words, sealed) = (join(|unlike| &unlike.words), join(|unlike| &unlike.sealed));
        self.supersede(approval.id.as_str(), sealed.clone()).await;
        Err(Refusal { sealed: Some(sealed), ..changed(&format!("what people agreed to is not so any more: {words}")) })
    }

    /// Makes one preview, if it may be made; also says by which call.
    async fn ask_first(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (waits, preview): (&Call, &Preview),
    ) -> (Option<CallId>, Seen) {
        let begun = Instant::now();
        let until = begun.checked_add(preview.within.duration()).unwrap_or(begun);
        let call = match timeout_at(until, self.preview_call(exchange, reach, (waits, preview))).await {
            Ok(Ok(call)) => call,
            Ok(Err(why)) => return (None, Seen::Nothing { why }),
            Err(_) => return (None, Seen::Nothing { why: too_late(preview) }),
        };
        let id = call.id.clone();
        let weighed = self.weigh_as(exchange, reach, (call, Counts::No)).await;
        let seen = match self.admit_preview(exchange, reach, (waits, weighed), until).await {
            Ok(ready) => self.make_preview(exchange, ready, (waits, preview), until).await,
            Err(why) => Seen::Nothing { why },
        };
        (Some(id), seen)
    }

    /// The call a preview is, if its server takes such a one.
    async fn preview_call(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (waits, preview): (&Call, &Preview),
    ) -> Result<Call, String> {
        let Preview { tool: name, arguments, .. } = preview;
        let arguments = arguments.open().ok_or("what is asked is not known any more")?;
        let offer = self.offer(&exchange.session, reach, name).await.map_err(|refusal| refusal.reason)?;
        let offer = offer.ok_or_else(|| format!("the server has no tool `{name}`"))?;
        if offer.tool.pin != Pin::Agreed {
            return Err(format!("the definition of `{name}` is not the one that was agreed to"));
        }
        let chance = chance().map_err(|error| error.to_string())?;
        let now = self.clock.now();
        let call = Call::new(Parts {
            id: CallId::new(now, chance),
            caller: Arc::clone(&waits.caller),
            server: Arc::clone(&waits.server),
            action: Action::Tool(name.clone()),
            params: object! { "name" => name.as_str(), "arguments" => arguments.clone() },
            tool: Some(offer.tool),
            arrived: now,
            naming: waits.naming.clone(),
        });
        self.still_fits(reach, &call).map_err(|_| format!("what is asked does not fit the tool `{name}`"))?;
        Ok(call)
    }

    /// Lets a preview through that rules plainly allow and that is known to read only. Everything else is written down as
    /// refused.
    async fn admit_preview(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        (waits, mut weighed): (&Call, Weighed),
        until: Instant,
    ) -> Result<Ready, String> {
        let admitted = match self.may_preview(&weighed) {
            Ok(()) => match timeout_at(until, self.attach(&exchange.session, reach)).await {
                Ok(Ok(link)) => self.charge(&mut weighed.judgement).await.map(|()| link),
                Ok(Err(refusal)) => Err(refusal),
                Err(_) => {
                    Err(Refusal::new("server_unavailable", Retry::Later, "the server could not be reached in time"))
                }
            },
            Err(why) => Err(Refusal::new("preview_refused", Retry::Useless, why)),
        };
        let refusal = match admitted {
            Ok(link) => return Ok(Ready { weighed, link }),
            Err(refusal) => refusal,
        };
        let id = weighed.call.id.clone();
        let entries = vec![
            entries::arrived_for(exchange, &weighed, &waits.id),
            self.decided(exchange, &weighed, Some(&refusal)),
            self.entry(&id, entries::refused(&refusal)),
        ];
        let written = self.recorder.write(entries).await;
        Err(written.map_or_else(|_| UNWRITTEN.to_owned(), |()| refusal.reason))
    }

    /// Why a preview is not made.
    fn may_preview(&self, weighed: &Weighed) -> Result<(), String> {
        let Weighed { call, before, judgement, .. } = weighed;
        match &judgement.decision {
            Decision::Allow(_) => {}
            Decision::Hold(_) => return Err("the rules make it wait for people itself".to_owned()),
            Decision::Deny(_) => {
                let said = Refusal::from_judgement(judgement);
                return Err(format!("the rules refuse it: {}", said.map(|said| said.reason).unwrap_or_default()));
            }
        }
        if before.is_some() {
            return Err("the rules have something else sent than what is asked".to_owned());
        }
        let words = self.facts(call).reads_only()?;
        let tool = call.tool.as_deref();
        let hint = |name| tool.and_then(|tool: &Tool| tool.hint(name));
        if hint("readOnlyHint") == Some(false) || hint("destructiveHint") == Some(true) {
            return Err("the server says that this tool changes something".to_owned());
        }
        let vouched = self.trust(&call.server) == Trust::Trusted && hint("readOnlyHint") == Some(true);
        match words {
            Words::Read => Ok(()),
            Words::Nothing if vouched => Ok(()),
            Words::Nothing => Err("nobody here knows that this tool only reads".to_owned()),
        }
    }

    /// Makes it, and writes down what came of it before anybody sees it.
    async fn make_preview(
        self: &Arc<Self>,
        exchange: &Exchange,
        ready: Ready,
        (waits, preview): (&Call, &Preview),
        until: Instant,
    ) -> Seen {
        let Ready { weighed, link } = ready;
        let mut entries =
            vec![entries::arrived_for(exchange, &weighed, &waits.id), self.decided(exchange, &weighed, None)];
        let Weighed { call, input, judgement, shown, .. } = weighed;
        let (id, action, server) = (call.id.clone(), call.action.clone(), Arc::clone(&call.server));
        let Decision::Allow(grant) = &judgement.decision else { return Seen::nothing("the rules do not allow it") };
        let Ok(permit) = Permit::granted(call, grant) else { return Seen::nothing("the rules allow something else") };
        let Ok(lent) = self.lend_decided(exchange, permit.call(), &mut entries).await else {
            return Seen::nothing("the credential it needs cannot be made");
        };
        let (lease, custody) = lent.map(|lent| (lent.lease, lent.custody)).unzip();
        entries.push(self.entry(&id, Event::Dispatched(Dispatched { server: server.to_string() })));
        let Ok(receipt) = self.recorder.about_to(&permit, entries).await else { return Seen::nothing(UNWRITTEN) };

        let sent = self.clock.now();
        let (events, mut arriving) = mpsc::channel(WAITING);
        let mut sending = self.sending(exchange, permit.call(), &link);
        sending.is_preview_of(&waits.id);
        let asking = Asking {
            meta: sending.meta(&Object::new()),
            cancelled: exchange.cancelled.child_token(),
            // Never the first to give up: what is waited for is counted below, with what came before.
            timeout: preview.within.duration().saturating_mul(2),
            ..Asking::new(Arc::clone(&exchange.session.client.profile), events)
        };
        let (given_up, mut late) = (asking.cancelled.clone(), false);
        let performing = self.perform_on(&link, (permit, lease, receipt), asking);
        tokio::pin!(performing);
        let reply = loop {
            tokio::select! {
                biased;
                Some(event) = arriving.recv() => hear(exchange, &server, event),
                reply = &mut performing => break reply,
                // Progress buys a server no time here. It is told that nobody waits any more.
                () = sleep_until(until), if !late => {
                    late = true;
                    given_up.cancel();
                }
            }
        };
        let reply = if late { Reply::Unknown(too_late(preview)) } else { reply };
        self.sent(sending, &reply);
        let ended = self.end_leases(custody).await;

        let mut outcome = outcome::read(reply);
        let scrutiny = self.scrutiny(exchange, (&server, &action), &input);
        let passed = self.release(exchange, &scrutiny, &mut outcome).await;
        let seen = match (&outcome.answer, outcome.ending) {
            _ if passed.refusal.is_some() => Seen::nothing("the rules withhold what it says"),
            (Ok(result), Ending::Succeeded) => {
                Seen::of(&waits.id, preview.take.as_ref(), (result, &self.cover(&passed, result)))
            }
            (Ok(_), Ending::InputRequired) => Seen::nothing("the server wants to know more first"),
            (Ok(_), _) => Seen::nothing("the tool says that it failed"),
            (Err(_), _) => Seen::nothing(outcome.error.as_deref().unwrap_or("the server answered with an error")),
        };
        let micros = u64::try_from(self.clock.now().micros().saturating_sub(sent.micros())).unwrap_or(0);
        let (finished, _) = entries::finished(outcome, &shown, micros);
        let released = passed.released.map(|released| self.entry(&id, Event::Released(released)));
        let ended = ended.into_iter().map(|event| self.entry(&id, event));
        let entries = ended.chain([self.entry(&id, finished)]).chain(released).collect();
        // What is not written down is not shown.
        self.recorder.write(entries).await.map_or_else(|_| Seen::nothing(UNWRITTEN), |()| seen)
    }
}

const UNWRITTEN: &str = "the record of this gateway cannot be written";

fn too_late(preview: &Preview) -> String {
    format!("it did not answer within {}", preview.within)
}

/// What a server says while it works on a preview is for nobody, and its questions are answered by nobody: they are dropped
/// here, which tells it so.
fn hear(exchange: &Exchange, server: &Arc<str>, event: FromServer) {
    if let FromServer::Notification(notification) = event
        && notification.method.ends_with("/list_changed")
    {
        exchange.session.hear(server, notification);
    }
}
