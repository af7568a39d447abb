//! Countersign stands between an agent and the MCP servers that hold its tools.

pub mod wire;

pub mod digest;

pub mod identity;

pub mod call;

pub mod catalogue;

pub mod policy;

pub mod permit;

pub mod audit;

pub mod clock;

pub mod front;

pub mod cli;
