//! With which credential does a call run? It is made when everything is decided and before anything is sent, and it is never
//! another one because the right one cannot be had.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Gateway;
use super::answer::{Refusal, Retry};
use super::exchange::Exchange;
use super::{entries, lists};
use crate::audit::entry::{Entry, Event};
use crate::call::Call;
use crate::clock::Timestamp;
use crate::credentials::custody::Custody;
use crate::credentials::lending::{Lent, NotLent};
use crate::credentials::provider::Bearer;

/// Between two attempts, the first time.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a client that waits is kept waiting for a provider.
const PATIENCE: Duration = Duration::from_secs(5);

impl Gateway {
    /// Makes what a call runs with that waits for nobody; nothing where it needs nothing. What was decided is durable before.
    pub(super) async fn lend_decided(
        &self,
        exchange: &Exchange,
        call: &Call,
        decided: &mut Vec<Entry>,
    ) -> Result<Option<Lent>, Refusal> {
        if call.wanted.is_empty() {
            return Ok(None);
        }
        self.recorder.write(std::mem::take(decided)).await.map_err(|error| lists::unrecorded(&error))?;
        match self.lend_once(exchange, call).await {
            Ok(lent) => {
                decided.extend(self.leased(call, Some(&lent)));
                Ok(Some(lent))
            }
            Err(why) => {
                let refusal = refusal(&why, None);
                let written = self.recorder.write(vec![self.entry(&call.id, entries::refused(&refusal))]).await;
                Err(written.map_or_else(|error| lists::unrecorded(&error), |()| refusal))
            }
        }
    }

    /// The same for a call people agreed to. It stays agreed to while a provider cannot be reached: one that nobody waits for
    /// is tried until its time is over, one that a client waits for is tried for a moment, and may be repeated.
    pub(super) async fn lend_agreed(
        &self,
        exchange: &Exchange,
        call: &Call,
        (until, attended): (Timestamp, bool),
    ) -> Result<Option<Lent>, Refusal> {
        if call.wanted.is_empty() {
            return Ok(None);
        }
        let now = self.clock.now();
        let rest = Duration::from_micros(u64::try_from(until.micros().saturating_sub(now.micros())).unwrap_or(0));
        let until = later(if attended { rest.min(PATIENCE) } else { rest });
        let mut pause = PAUSE;
        loop {
            let why = match self.lend_once(exchange, call).await {
                Ok(lent) => return Ok(Some(lent)),
                Err(why) => why,
            };
            let next = later(pause);
            if matches!(why, NotLent::Never(..)) || next >= until {
                return Err(refusal(&why, Some(until)));
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = exchange.cancelled.cancelled() => return Err(refusal(&why, Some(until))),
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    async fn lend_once(&self, exchange: &Exchange, call: &Call) -> Result<Lent, NotLent> {
        let bearer = Bearer {
            call: call.id.clone(),
            digest: call.digest,
            principal: call.caller.principal.clone(),
            agent: call.caller.agent.clone(),
            person: call.caller.user.as_ref().map(|user| user.id.clone()),
            server: call.server.to_string(),
            target: call.action.target().to_owned(),
            token: exchange.token.0.clone(),
        };
        let placements = self.settings.servers.get(&*call.server).map(|server| server.credentials.clone());
        Arc::clone(&self.credentials).lend(call.wanted.clone(), placements.unwrap_or_default(), bearer).await
    }

    /// What is written down of what was made, before it is used.
    pub(super) fn leased(&self, call: &Call, lent: Option<&Lent>) -> Vec<Entry> {
        let events = lent.map(|lent| lent.events.clone()).unwrap_or_default();
        events.into_iter().map(|event| self.entry(&call.id, event)).collect()
    }

    /// Takes back what the call ran with, before anybody hears what came of it.
    pub(super) async fn end_leases(&self, custody: Option<Custody>) -> Vec<Event> {
        match custody {
            Some(custody) => custody.end().await,
            None => Vec::new(),
        }
    }
}

/// So long from now; now, where that is longer than time lasts.
fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}

fn refusal(why: &NotLent, agreed: Option<Instant>) -> Refusal {
    let (class, retry, hint) = match (why, agreed) {
        (NotLent::Never(..), _) => {
            ("credential_refused", Retry::Useless, "ask whoever runs this gateway; nothing was sent")
        }
        (NotLent::Later(..), None) => {
            ("credential_unavailable", Retry::Later, "nothing was sent; try it again in a while")
        }
        (NotLent::Later(..), Some(_)) => (
            "credential_unavailable",
            Retry::Later,
            "nothing was sent, and the call is still agreed to; make exactly the same call again in a while",
        ),
    };
    Refusal::new(class, retry, why.to_string()).hint(hint)
}
