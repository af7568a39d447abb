//! What does it cost to see what a call would do, and to judge it?
//!
//!     cargo bench --bench judge                    # some seconds
//!     cargo bench --bench judge -- --only facts

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise, and what it counts is small"
)]
#![expect(dead_code, reason = "figures over several rounds are another benchmark's")]

mod facts;
mod figure;
mod measure;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benchmarks too, without this word, and wants no figures.
    if !words.iter().any(|word| word == "--bench") {
        println!("started by `cargo bench --bench judge`");
        return;
    }
    let only = words.iter().position(|word| word == "--only").and_then(|place| words.get(place + 1));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("facts") {
        facts::run();
    }
}
