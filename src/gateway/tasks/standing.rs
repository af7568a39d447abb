//! Who looks after a task while people think about it?
//!
//! Many may wait for hours, and nobody waits with them. So the call itself is let go of; what is left here is its place, its
//! id, and whose it is. When something is decided, or somebody wants the call changed, it is taken up as after a restart:
//! opened, judged anew, and gone on with.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::approval::Approval;
use crate::approval::state::State;
use crate::digest::Digest;
use crate::gateway::Gateway;
use crate::gateway::desk::Waiting;
use crate::gateway::session::Session;
use crate::gateway::ticket::Ticket;

/// A task whose call waits for people.
struct Standing {
    ticket: Ticket,
    /// Names it among those that run here.
    name: Digest,
    session: Arc<Session>,
    waiting: Waiting,
    /// Its client wants it no more, or is gone.
    stop: CancellationToken,
}

/// Whether there is nothing to do for a call but to wait.
pub(super) fn is_still(approval: &Approval) -> bool {
    approval.state == State::Pending && approval.proposed_edit().is_none()
}

impl Gateway {
    /// Has a task looked after at this place, unless somebody here does already.
    pub(super) fn stand_at(
        self: &Arc<Self>,
        session: &Arc<Session>,
        (ticket, name): (Ticket, Digest),
        waiting: Waiting,
    ) {
        let (session, stop) = (Arc::clone(session), session.ended.child_token());
        if self.own_tasks.take(name, &stop) {
            self.stand_by(Standing { ticket, name, session, waiting, stop });
        }
    }

    /// Waits at the call's place until something happens to it.
    fn stand_by(self: &Arc<Self>, standing: Standing) {
        let gateway = Arc::clone(self);
        self.tasks.spawn(async move {
            loop {
                // A store that fails is met again when the client asks, which takes the task up anew.
                let looked = Box::pin(gateway.desk.look(standing.waiting.id())).await;
                if standing.stop.is_cancelled() || !looked.is_ok_and(|approval| is_still(&approval)) {
                    break;
                }
                tokio::select! {
                    () = standing.waiting.changed() => {}
                    () = standing.stop.cancelled() => break,
                }
            }
            Box::pin(gateway.take_up(standing)).await;
        });
    }

    async fn take_up(self: Arc<Self>, standing: Standing) {
        let Standing { ticket, name, session, waiting, stop } = standing;
        drop(waiting);
        self.own_tasks.end(name);
        // Whose session is over hears nothing, and takes the task up with the next one.
        if session.ended.is_cancelled() {
            return;
        }
        if !stop.is_cancelled()
            && let Ok(Some(found)) = self.find_task(&session, ticket.text()).await
            && found.answer.is_none()
        {
            let resumed = self.resume_task(&session, (Ticket::brought(ticket.text()), found.kept)).await;
            match resumed {
                // Whoever goes on with it tells the client.
                Ok(()) => return,
                Err(refusal) => tracing::debug!(reason = refusal.reason, "a task could not be taken up again"),
            }
        }
        self.tell_task(&session, &ticket).await;
    }
}
