//! Do the facts say what the databases would do?
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

#[path = "facts/ask.rs"]
mod ask;
#[path = "facts/case.rs"]
mod case;
#[path = "facts/chance.rs"]
mod chance;
#[path = "facts/disguise.rs"]
mod disguise;
#[path = "facts/everyday.rs"]
mod everyday;
#[path = "facts/mutation.rs"]
mod mutation;
#[path = "facts/noise.rs"]
mod noise;
#[path = "facts/split.rs"]
mod split;
#[path = "facts/table.rs"]
mod table;
