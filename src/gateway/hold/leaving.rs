//! What becomes of a call whose client has left?

use std::sync::Arc;
use std::time::Duration;

use super::Attended;
use crate::approval::state::State;
use crate::call::CallId;
use crate::gateway::desk::{Desk, Waiting, Wish};
use crate::gateway::exchange::Exchange;

/// How long a call is kept for a client whose connection broke.
const GRACE: Duration = Duration::from_mins(1);

/// How a client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It said that it wants the call no more.
    Gone,
    /// Its connection broke, and it may come back with the same call.
    Lost,
}

/// How the client of this request left; nothing while it is there. One that hangs up does not cancel in the older era, but
/// there is no way back to its answer either: the call must not run for it.
pub(super) fn left(exchange: &Exchange, attended: Attended) -> Option<Left> {
    let cancelled = exchange.cancelled.is_cancelled();
    let deserted = attended != Attended::Nobody && exchange.outlet.is_deserted();
    // Clients that cancel hang up as well.
    let said_so = cancelled && !exchange.session.ended.is_cancelled() && !exchange.hanging_up_cancels();
    match (cancelled, deserted) {
        (false, false) => None,
        (_, true) if !said_so => Some(Left::Lost),
        _ => Some(Left::Gone),
    }
}

/// Waits until the client has left.
pub(super) async fn leaves(exchange: &Exchange, attended: Attended) {
    let deserted = async {
        match attended {
            Attended::Client | Attended::Reference => exchange.outlet.deserted().await,
            Attended::Nobody => std::future::pending().await,
        }
    };
    tokio::select! {
        () = exchange.cancelled.cancelled() => {}
        () = deserted => {}
    }
}

/// Ends what nobody wants any more. What people agree to while a client is lost waits for it, until it lapses.
pub(super) async fn give_up(desk: Arc<Desk>, id: CallId, waiting: Waiting, left: Left) {
    drop(waiting);
    if left == Left::Lost {
        tokio::time::sleep(GRACE).await;
        let Some(_back) = desk.wait(id.as_str()) else { return };
        if !desk.look(id.as_str()).await.is_ok_and(|approval| approval.state == State::Pending) {
            return;
        }
    }
    if let Err(error) = desk.act(id.as_str(), Wish::Cancel("the client wants it no more")).await {
        tracing::debug!(call = %id, %error, "a call its client gave up is over already");
    }
}
