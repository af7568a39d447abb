//! Countersign stands between an agent and the MCP servers that hold its tools.

pub mod wire;

pub mod digest;

pub mod call;

pub mod catalogue;

pub mod policy;

pub mod permit;

pub mod audit;

pub mod config;

pub mod clock;

pub mod cli;
