//! Who makes credentials?
#![cfg_attr(not(test), expect(dead_code, reason = "the door is not built yet"))]

pub mod aws_sts;
pub mod jwt;
mod spelling;
pub mod token_exchange;
pub mod vault;
