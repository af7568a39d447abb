//! What does the operator see while the gateway runs? Lines on standard error, never on standard output; traces and metrics
//! at a collector; metrics for whoever scrapes them; and whether calls are taken.

pub mod export;
pub mod health;
pub mod look;
pub mod metrics;
pub mod trace;
pub mod tracer;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Log};

/// Starts logging. `RUST_LOG` overrides the level for whoever looks for a fault.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("countersign={}", log.level.as_str())));
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // A second start, as in tests, keeps the first.
    drop(match log.format {
        Format::Json => lines.json().try_init(),
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
    });
}
