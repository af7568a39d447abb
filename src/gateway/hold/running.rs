//! Is whoever performs a held call still there?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::covered;
use super::talk::Edited;
use crate::approval::Approval;
use crate::call::CallId;
use crate::gateway::desk::{Desk, DeskError, LEASE, Wish};
use crate::wire::message::Answer;

/// How often whoever performs a held call says that they still do.
const RENEWAL: Duration = Duration::from_secs(5);
/// A held call that is being performed. It says so until it is dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Running {
    /// Names the attempt.
    pub(super) attempt: String,
    /// What people changed before they agreed.
    edited: Option<Edited>,
    /// The grant because of which nobody was asked.
    under: Option<CallId>,
    /// When the lease was taken or renewed last.
    renewed: Arc<Mutex<Instant>>,
    renewing: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(super) fn start(
        desk: Arc<Desk>,
        (id, attempt, claimed): (CallId, String, Instant),
        approval: &Approval,
    ) -> Self {
        let edited = Edited::of(approval);
        let under = approval.under.as_ref().map(|under| under.grant.clone());
        let renewed = Arc::new(Mutex::new(claimed));
        let renewing = tokio::spawn(renew(desk, id, attempt.clone(), Arc::clone(&renewed)));
        Self { attempt, edited, under, renewed, renewing }
    }

    /// Tells the agent what people changed, and because of what nobody was asked.
    pub(in crate::gateway) fn tell(&self, answer: &mut Answer) {
        if let Some(edited) = &self.edited {
            edited.tell(answer);
        }
        if let Some(under) = &self.under {
            covered::tell(under, answer);
        }
    }

    /// Whether others may believe by now that nobody performs it: a process that stood still must not go on.
    pub(in crate::gateway) fn is_lost(&self) -> bool {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner).elapsed() >= LEASE
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(desk: Arc<Desk>, id: CallId, attempt: String, renewed: Arc<Mutex<Instant>>) {
    let mut ticks = tokio::time::interval(RENEWAL);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        match desk.act(id.as_str(), Wish::Renew(attempt.clone())).await {
            Err(DeskError::Refused(_) | DeskError::Unknown) => return,
            Err(error) => tracing::warn!(call = %id, %error, "the lease of a call that runs could not be renewed yet"),
            Ok(_) => *renewed.lock().unwrap_or_else(PoisonError::into_inner) = asked,
        }
    }
}
