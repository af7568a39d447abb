//! Has it been decided yet?

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::Fault;
use crate::approval::state::State;
use crate::gateway::desk::Desk;
use crate::store::approvals::KeptApproval;

/// The call once it waits for nobody any more, or as it is after this long.
pub async fn decided(desk: &Arc<Desk>, id: &str, patience: Duration) -> Result<KeptApproval, Fault> {
    let mut watching = desk.watch(id).ok_or(Fault::Crowded)?;
    let begun = Instant::now();
    loop {
        let kept = desk.kept(id).await?;
        let left = patience.saturating_sub(begun.elapsed());
        if kept.approval.state != State::Pending || left.is_zero() {
            return Ok(kept);
        }
        // Time alone may decide, and nobody says so.
        let deadline = kept.approval.deadline.micros().saturating_sub(desk.now().await?.micros());
        let deadline = Duration::from_micros(u64::try_from(deadline).unwrap_or(0));
        // Left or reached: it is looked at again either way.
        drop(tokio::time::timeout(left.min(deadline), watching.changed()).await);
    }
}
