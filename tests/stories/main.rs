//! What happens to a call, told through the real doors: the real program, real sockets and pipes, a real child process
//! behind it that keeps a ledger of everything it was sent.
//!
//! This executable is the stories and, started with `STORY_SERVER` in its environment, the tool server behind the
//! gateway. With `STORY_PROVIDER` it is whom people sign in with.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::unnecessary_debug_formatting,
    reason = "tests stop at the first surprise"
)]

mod anchored;
mod audit_export;
mod audit_sinks;
mod bench;
mod channels;
mod claimed;
mod client;
mod crashing;
mod crowding;
mod database;
mod effects;
mod eras;
mod evidence;
mod facts;
#[path = "../slack/fake.rs"]
#[expect(dead_code, reason = "the tests of Slack use more of it")]
mod fake;
mod falling;
mod forms;
mod granted;
mod guarded;
mod hooks;
mod identity;
mod intent;
mod judged;
mod lent;
#[path = "../channels/letterbox.rs"]
#[expect(dead_code, reason = "the tests of letters use more of it")]
mod letterbox;
mod linked;
mod minter;
mod office;
mod onboard;
mod outside;
mod pages;
mod parsing;
mod past;
mod pipeline;
mod previews;
mod protocol;
mod proven;
#[path = "../identity/provider.rs"]
mod provider;
mod pruned;
#[path = "../slack/reading.rs"]
mod reading;
#[path = "../channels/receiver.rs"]
mod receiver;
mod replayed;
mod results;
mod review;
mod rounds;
#[path = "../slack/rules.rs"]
mod rules;
mod server;
mod surfaces;
mod talking;
mod tasks;
mod tools;
mod unseen;
mod visitor;
mod waiting;
mod watched;
mod world;

use std::io::Write as _;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

/// One story.
type Story = (&'static str, fn() -> world::Told);

fn main() {
    if std::env::var_os("STORY_SERVER").is_some() {
        server::play();
        return;
    }
    if let Ok(what) = std::env::var("STORY_MINTER") {
        minter::play(&what);
        return;
    }
    if let Ok(port) = std::env::var("STORY_PROVIDER") {
        provide(port.parse().expect("a port, or 0 for any"));
        return;
    }
    let mut rooms = vec![parsing::STORIES, protocol::STORIES, identity::STORIES, judged::STORIES, tools::STORIES];
    rooms.extend([eras::STORIES, rounds::STORIES, facts::STORIES, replayed::STORIES, bench::STORIES]);
    rooms.extend([effects::STORIES, results::STORIES, past::STORIES, waiting::STORIES, crashing::STORIES]);
    rooms.extend([tasks::STORIES, talking::STORIES, review::STORIES, forms::STORIES]);
    rooms.extend([crowding::STORIES, falling::STORIES, claimed::STORIES, granted::STORIES]);
    rooms.extend([linked::STORIES, pipeline::STORIES]);
    rooms.extend([previews::STORIES, unseen::STORIES, evidence::STORIES, pages::STORIES, channels::STORIES]);
    rooms.extend([surfaces::STORIES, watched::STORIES, proven::STORIES, intent::STORIES, hooks::STORIES]);
    rooms.extend([audit_export::STORIES, audit_sinks::STORIES, anchored::STORIES, pruned::STORIES, outside::STORIES]);
    rooms.extend([lent::STORIES, onboard::STORIES]);
    // As with the contracts, what needs a Postgres is told where there is one; `tests/run.sh` sees to it.
    if std::env::var_os("COUNTERSIGN_TEST_POSTGRES").is_some_and(|url| !url.is_empty()) {
        rooms.extend([rounds::WITH_POSTGRES, crashing::WITH_POSTGRES]);
    }
    if std::env::var_os("COUNTERSIGN_TEST_LANGUAGES").is_some_and(|wanted| !wanted.is_empty()) {
        rooms.push(hooks::WITH_LANGUAGES);
    }
    let trials = rooms.into_iter().flatten().map(|(name, story)| Trial::test(*name, || tell(*story))).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Signs people in until its standard input ends. The first line it prints is its address.
fn provide(port: u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let provider = runtime.block_on(provider::Provider::start(port));
    let mut out = std::io::stdout();
    writeln!(out, "{}", provider.url).and_then(|()| out.flush()).expect("somebody reads the address");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("standard input can be read to its end");
}

/// Tells one story to its end, which must come.
fn tell(story: fn() -> world::Told) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let patience = Duration::from_secs(crashing::cycles().saturating_mul(3).saturating_add(90));
    runtime.block_on(async { tokio::time::timeout(patience, story()).await })?;
    Ok(())
}
