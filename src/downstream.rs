//! Do it: the only road to a tool.

pub mod http;
pub mod oauth;
