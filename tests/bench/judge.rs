//! What does it cost to see what a call would do, and to judge it?
//!
//!     cargo bench --bench judge                    # some seconds
//!     cargo bench --bench judge -- --only facts    # or: decide

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]
#![expect(dead_code, reason = "figures over several rounds are another benchmark's")]

#[path = "../library/calls.rs"]
mod calls;
mod decide;
mod facts;
mod figure;
mod measure;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench judge`");
        return Ok(());
    }
    let only = words.iter().position(|word| word == "--only").and_then(|place| words.get(place + 1));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("facts") {
        facts::run();
    }
    if wanted("decide") {
        // As large as the stacks policies are judged on.
        let work = std::thread::Builder::new().stack_size(32 << 20).spawn(decide::run)?;
        work.join().map_err(|_| anyhow::anyhow!("the measurement stopped"))??;
    }
    Ok(())
}
