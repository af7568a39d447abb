//! Is everything still as it was when people agreed? Then the call is taken out of everybody else's reach, and runs.
//!
//! Looked at in this order: the time, the tool, the rules, what was seen of its effect, the people, and what will really be
//! sent.

use std::sync::Arc;
use std::time::Instant;

use super::leaving::give_up;
use super::preview::Asked;
use super::words::{changed, unkept};
use super::{Attended, Running, Waiter, asks_the_same};
use crate::approval::Approval;
use crate::approval::state::{Outcome, State};
use crate::audit::entry::{Dispatched, Ending, Entry, Event};
use crate::call::{Action, Call, CallId};
use crate::catalogue::tool::Pin;
use crate::facts::risk::Risk;
use crate::gateway::answer::{Refusal, Retry};
use crate::gateway::desk::{self, Claimant, DeskError, Wish};
use crate::gateway::exchange::Exchange;
use crate::gateway::failpoint::Failpoint;
use crate::gateway::lists;
use crate::gateway::reach::{Listing, Reach};
use crate::gateway::weigh::Weighed;
use crate::gateway::{About, Gateway, Leave};
use crate::permit::Permit;
use crate::policy::decision::Decision;
use crate::policy::finding::Severity;
use crate::store::append::AppendError;

impl Gateway {
    /// Looks at everything once more, and takes the call out of everybody else's reach.
    pub(super) async fn claim(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        waiter: Box<Waiter>,
        (approval, attended): (&Approval, Attended),
    ) -> Result<Leave, Refusal> {
        let Waiter { weighed, waiting } = *waiter;
        let id = weighed.call.id.clone();
        let critical = is_critical(&weighed);
        self.is_anchored(&weighed).await?;
        if !self.is_tool_as_it_was(exchange, reach, &weighed.call).await? {
            self.supersede(id.as_str(), "the tool is not the one people were shown".to_owned()).await;
            return Err(changed("the tool changed while the call waited"));
        }
        self.is_still_granted(approval).await?;
        let asked = weighed.asked().clone();
        let mut weighed = self.weigh_again(exchange, reach, (asked.clone(), &approval.agreement)).await;
        self.still_agreed(&weighed, approval).await?;
        match self.is_seen_again(exchange, reach, (&weighed, approval, attended)).await? {
            Asked::Nothing => {}
            Asked::Something => {
                // That took a while, and the rules may be others now.
                weighed = self.weigh_again(exchange, reach, (asked, &approval.agreement)).await;
                self.still_agreed(&weighed, approval).await?;
            }
            Asked::ForNobody(left) => {
                // Who gives a task up says so to the approval itself.
                if attended != Attended::Nobody {
                    tokio::spawn(give_up(Arc::clone(&self.desk), id, waiting, left));
                }
                return Err(Refusal::new("cancelled", Retry::Useless, "the call was given up before it was sent"));
            }
        }
        if !critical {
            // The rules may have come to say so meanwhile.
            self.is_anchored(&weighed).await?;
        }
        self.recorder.admits().map_err(|error| lists::unrecorded(&error))?;
        let link = self.attach(&exchange.session, reach).await?;
        self.charge(&mut weighed.judgement).await?;

        // With which credential? People's word is durable; while none can be made it stays as it is.
        let State::Approved { until } = approval.state else { return Err(Refusal::plain()) };
        let lent = self.lend_agreed(exchange, &weighed.call, (until, attended != Attended::Nobody)).await?;
        let attempt = desk::attempt().map_err(|error| unkept(&error))?;
        let claimed = Instant::now();
        let dispatched = Event::Dispatched(Dispatched { server: weighed.call.server.to_string() });
        let mut entries = self.leased(&weighed.call, lent.as_ref());
        entries.push(self.entry(&id, dispatched));
        let claimant = Claimant { attempt: attempt.clone(), digest: weighed.call.digest, entries };
        let done = self.desk.act(id.as_str(), Wish::Claim(claimant)).await.map_err(|error| unkept(&error))?;
        Failpoint::Claimed.reached();
        let Some((consent, receipt)) = done.leave else { return Err(Refusal::plain()) };
        let running = Running::start(Arc::clone(&self.desk), (id, attempt, claimed), approval);
        let about = About::of(&weighed.call, weighed.input, weighed.shown);
        let permit = match &weighed.judgement.decision {
            Decision::Hold(held) => Permit::agreed(weighed.call, held, consent),
            // Somebody made it harmless, and people agreed to that.
            Decision::Allow(grant) => Permit::granted(weighed.call, grant),
            Decision::Deny(_) => return Err(Refusal::plain()),
        };
        let permit = permit.map_err(|other| Refusal::new("policy_error", Retry::Useless, other.to_string()))?;
        drop(waiting);
        Ok(Leave { about, link, permit, lent, receipt, running: Some(running) })
    }

    /// Waits until somebody outside has what was said of a critical call, where the configuration asks for that. Whatever takes
    /// a while comes first, so that everything else is looked at after it.
    async fn is_anchored(&self, weighed: &Weighed) -> Result<(), Refusal> {
        if !is_critical(weighed) {
            return Ok(());
        }
        self.recorder.covered(&weighed.call.id).await.map_err(|error| {
            let reason = format!("people agreed, and nothing was sent: it is critical, and {error}");
            let hint = "tell the person you work for; when the anchor takes checkpoints again, make exactly the same call again";
            Refusal::new("unanchored", Retry::Later, reason).hint(hint)
        })
    }

    /// Ends what the rules do not want any more, or what is not any more what people agreed to.
    async fn still_agreed(self: &Arc<Self>, weighed: &Weighed, approval: &Approval) -> Result<(), Refusal> {
        if asks_the_same(&weighed.judgement, approval) && weighed.call.digest == approval.digest {
            return Ok(());
        }
        self.supersede(approval.id.as_str(), "the rules do not say any more what they said".to_owned()).await;
        let refusal = Refusal::from_judgement(&weighed.judgement).filter(|refusal| refusal.class != "held");
        Err(refusal.unwrap_or_else(|| changed("the rules changed while the call waited")))
    }

    /// Writes down what came of a held call.
    pub(in crate::gateway) async fn finish(
        &self,
        id: &CallId,
        running: Running,
        ending: Ending,
        entries: Vec<Entry>,
    ) -> Result<(), DeskError> {
        Failpoint::Replied.reached();
        let end = match ending {
            Ending::Succeeded | Ending::InputRequired => Outcome::Succeeded,
            Ending::FailedByTool | Ending::Failed | Ending::NotSent => Outcome::Failed,
            Ending::OutcomeUnknown => Outcome::Unknown,
        };
        let late = entries.clone();
        let finish = Wish::Finish { attempt: running.attempt.clone(), end, entries };
        match self.desk.act(id.as_str(), finish).await {
            Ok(_) => {
                Failpoint::Recorded.reached();
                Ok(())
            }
            // It came too late to be believed alive; what is known now is written down for whoever looks.
            Err(DeskError::Refused(_)) => {
                let written = self.recorder.write(late).await;
                written.map_err(|error| DeskError::Record(AppendError::Broken(error.to_string())))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the server still offers the definition people were shown, asked anew.
    async fn is_tool_as_it_was(
        self: &Arc<Self>,
        exchange: &Exchange,
        reach: &Reach,
        call: &Call,
    ) -> Result<bool, Refusal> {
        let (Action::Tool(name), Some(tool)) = (&call.action, &call.tool) else { return Ok(true) };
        reach.changed(Listing::Tools);
        let offer = self.offer(&exchange.session, reach, name).await?;
        Ok(offer.is_some_and(|offer| offer.tool.pin == Pin::Agreed && offer.tool.digest == tool.digest))
    }
}

/// Whether the worst could come of it: what it says, or what a rule says of it.
fn is_critical(weighed: &Weighed) -> bool {
    let severe = weighed.judgement.findings.iter().any(|finding| finding.severity == Some(Severity::Critical));
    severe || weighed.input.risk() >= Risk::Critical
}
