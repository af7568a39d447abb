//! Who gets in, who does not, and what is said about it: stories with a real issuer on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests stop at the first surprise"
)]

mod issuer;
mod keys;
mod mint;
mod outage;
mod provider;
mod sign_in;
mod tokens;
mod world;
