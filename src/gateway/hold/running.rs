//! Is whoever performs a held call still there?

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::talk::Edited;
use crate::call::CallId;
use crate::gateway::desk::{Desk, DeskError, LEASE, Wish};

/// How often whoever performs a held call says that they still do.
const RENEWAL: Duration = Duration::from_secs(5);
/// A held call that is being performed. It says so until it is dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Running {
    /// Names the attempt.
    pub(super) attempt: String,
    /// What people changed before they agreed.
    pub(in crate::gateway) edited: Option<Edited>,
    /// When the lease was taken or renewed last.
    renewed: Arc<Mutex<Instant>>,
    renewing: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(super) fn start(
        desk: Arc<Desk>,
        (id, attempt, claimed): (CallId, String, Instant),
        edited: Option<Edited>,
    ) -> Self {
        let renewed = Arc::new(Mutex::new(claimed));
        let renewing = tokio::spawn(renew(desk, id, attempt.clone(), Arc::clone(&renewed)));
        Self { attempt, edited, renewed, renewing }
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
