//! What is a message? The JSON-RPC layer of the gateway: read strictly, kept exactly, written again from the value
//! that was judged.
//!
//! The layer is our own because a gateway must lose nothing and let nothing around: typed SDKs drop fields they do not
//! know, merge repeated keys and route malformed calls past the handler that judges calls.

pub mod era;
pub mod headers;
pub mod json;
pub mod lines;
pub mod message;
pub mod method;
pub mod reader;
pub mod sse;
