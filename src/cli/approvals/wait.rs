//! `countersign wait`: has it been decided? For scripts that go on when it has.

use std::time::Duration;

use clap::Args;

use super::{Global, Place, at_the_desk, whole};
use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::cli::Examples;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::config::measure::Period;
use crate::review::wait::decided;

/// What `wait` takes.
#[derive(Args, Debug)]
pub struct WaitArgs {
    /// The call, or how its id begins
    id: String,
    /// For how long at most
    #[arg(long = "for", value_name = "TIME", default_value = "1h", value_parser = period)]
    patience: Duration,
}

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign wait 01a1ff4e && ./deploy", "ends with 0 when people agreed, 20 when they said no"),
    ("countersign wait 01a1ff4e --for 30s", "21: it expired; 22: still pending; 23: given up or taken back"),
]);

/// Runs the command.
pub fn run(args: &WaitArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    at_the_desk(global, async |place| wait(args, place, out).await)
}

async fn wait(args: &WaitArgs, (store, desk): Place<'_>, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let id = whole(store, &args.id).await?;
    let approval = decided(desk, &id, args.patience).await?.approval;
    out.line(approval.state.word())?;
    Ok(exit(&approval))
}

const fn exit(approval: &Approval) -> Exit {
    match &approval.state {
        State::Pending => Exit::Pending,
        State::Approved { .. } | State::Executing(_) | State::Unknown => Exit::Done,
        State::Ended(end) => match end {
            End::Rejected => Exit::Denied,
            End::Expired | End::Lapsed => Exit::Expired,
            End::Cancelled | End::Superseded | End::Revoked => Exit::Cancelled,
            End::Succeeded | End::Failed | End::ReconciledSucceeded | End::ReconciledFailed => Exit::Done,
        },
    }
}

fn period(text: &str) -> Result<Duration, String> {
    Period::parse(text).map(Period::duration).ok_or_else(|| "write a time with its unit, such as 10m".to_owned())
}
