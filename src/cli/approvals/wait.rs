//! `countersign wait`: has it been decided? For scripts that go on when it has.
//!
//! What came of it goes to stdout, one word; while people are asked, each change is told on stderr, and now and then that it
//! still waits, so that a pipeline shows why it stands still.

mod remote;

use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::Args;

use super::{Global, Place, at_the_desk, whole};
use crate::approval::Approval;
use crate::approval::state::{End, State};
use crate::cli::Examples;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::config::measure::Period;
use crate::review::wait::decided;
use crate::visible::harmless;

/// What `wait` takes.
#[derive(Args, Debug)]
pub struct WaitArgs {
    /// The call, or how its id begins; with --url its whole id
    id: String,
    /// For how long at most
    #[arg(long = "for", visible_alias = "timeout", value_name = "TIME", default_value = "1h", value_parser = period)]
    patience: Duration,
    /// Ask a gateway elsewhere: its address, such as <https://gw.example.com>
    #[arg(long, value_name = "URL")]
    url: Option<url::Url>,
    /// The environment variable that holds the key to ask it with
    #[arg(long, value_name = "NAME", default_value = "COUNTERSIGN_KEY", requires = "url")]
    key: String,
}

/// How often is looked whether something changed that decides nothing.
const LOOK: Duration = Duration::from_secs(15);
/// After so long of nothing it is said that it still waits.
const STILL: Duration = Duration::from_mins(1);

/// Shown under its help.
pub const EXAMPLES: Examples = Examples([
    ("countersign wait 01a1ff4e && ./deploy", "ends with 0 when people agreed, 20 when they said no"),
    (
        "countersign wait 01a1ff4e-... --url https://gw.example.com --timeout 30m",
        "21: it expired; 22: still pending; 23: given up or taken back; 4: no answer",
    ),
]);

/// What is told of a call while people are asked.
#[derive(Debug, Default)]
struct Progress {
    told: Option<String>,
    at: Option<Instant>,
}

/// Runs the command.
pub fn run(args: &WaitArgs, global: &Global, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    match &args.url {
        Some(url) => remote::run(args, url, out),
        None => at_the_desk(global, async |place| wait(args, place, out).await),
    }
}

async fn wait(args: &WaitArgs, (store, desk): Place<'_>, out: &mut Output<'_>) -> anyhow::Result<Exit> {
    let id = whole(store, &args.id).await?;
    let (begun, mut progress) = (Instant::now(), Progress::default());
    loop {
        let left = args.patience.saturating_sub(begun.elapsed());
        let approval = decided(desk, &id, left.min(progress.look(LOOK))).await?.approval;
        if approval.state != State::Pending || left.is_zero() {
            out.line(approval.state.word())?;
            return Ok(exit(&approval));
        }
        progress.tell(&approval.lacking(desk.now().await?), &approval.deadline.to_string());
    }
}

impl Progress {
    /// How long is waited for an answer: not at all where nothing was told yet.
    const fn look(&self, usual: Duration) -> Duration {
        if self.told.is_none() { Duration::ZERO } else { usual }
    }

    /// Says what is missing, where that changed or was not said for a while. Where nobody hears it, it is not said.
    fn tell(&mut self, lacking: &[String], deadline: &str) {
        self.say(&format!("pending until {deadline}; missing: {}", lacking.join("; ")));
    }

    fn say(&mut self, told: &str) {
        let changed = self.told.as_deref() != Some(told);
        if changed || self.at.is_none_or(|at| at.elapsed() >= STILL) {
            let again = if changed { "" } else { "still " };
            drop(writeln!(std::io::stderr(), "{again}{}", harmless(told)));
            (self.told, self.at) = (Some(told.to_owned()), Some(Instant::now()));
        }
    }
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
