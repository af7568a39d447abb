//! Are people asked in Slack, and does what they press count as it should? Stories with a Slack on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod answered;
mod fake;
mod posted;
mod reading;
mod refused;
mod rules;
mod shown;
mod socket;
mod world;
