//! Is everything told that is to be told, whatever becomes of receivers, and at which time? With a clock that is set by hand.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod outage;
mod post;
mod receiver;
