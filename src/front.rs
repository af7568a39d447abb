//! Where does a call arrive?
//!
//! A listener reads strictly, proves who is there, finds the session and hands the request to the gateway. It judges
//! nothing and forwards nothing.

mod api;
pub mod body;
mod channels;
pub mod client;
pub mod frames;
mod hooks;
pub mod http;
mod intake;
pub mod metadata;
pub mod pages;
pub mod post;
pub mod refusal;
pub mod site;
pub mod stdio;
pub mod stream;
pub mod watch;
