//! Do those who make credentials ask for what was planned and nothing more, and take nothing more? Against stand-ins on real
//! sockets that keep to the documented protocols.

#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "tests stop at the first surprise")]

mod aws_sts;
mod canary;
mod desk;
mod jwt;
mod stand_in;
mod token_exchange;
mod vault;
