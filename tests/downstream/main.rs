//! Does a child process serve its callers, and no misbehaving one harm them? Stories with real processes.
//!
//! This executable is the tests and, started with `COUNTERSIGN_FAKE` in its environment, the tool server they run
//! against.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod bad;
mod fake;
mod good;
mod remote;
mod web;
mod world;

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

/// One story.
type Story = (&'static str, fn() -> world::Told);

fn main() {
    if let Ok(part) = std::env::var("COUNTERSIGN_FAKE") {
        fake::play(&part);
        return;
    }
    let stories = good::STORIES.iter().chain(bad::STORIES).chain(remote::STORIES);
    let trials = stories.map(|(name, story)| Trial::test(*name, || tell(*story))).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Tells one story to its end, which must come.
fn tell(story: fn() -> world::Told) -> Result<(), libtest_mimic::Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), story()).await })?;
    Ok(())
}
