//! How long does one piece of work take?

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::figure::Latencies;

/// How long one kind of work is repeated.
const SPAN: Duration = Duration::from_millis(600);

/// One line of a table: the work, its median and its 99th of a hundred in microseconds, and what was wanted.
pub(crate) fn row<T>(name: &str, goal: &str, mut work: impl FnMut() -> T) {
    for _ in 0..50 {
        black_box(work());
    }
    let mut taken = Latencies::default();
    let begin = Instant::now();
    while begin.elapsed() < SPAN {
        let start = Instant::now();
        black_box(work());
        taken.add(start.elapsed());
    }
    println!("| {name} | {:.1} | {:.1} | {goal} | {} |", taken.within(0.5), taken.within(0.99), taken.len());
}

/// What stands over a table.
pub(crate) fn heads(title: &str) {
    println!("\n{title}\n\n| work | p50 us | p99 us | goal p50 us | times |\n|---|---|---|---|---|");
}
