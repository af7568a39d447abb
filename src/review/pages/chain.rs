//! What happened to a call that nobody was asked about?

use askama::Template;

use super::frame::Frame;
use super::history::Past;
use super::seen::Told;
use super::timeline::Step;
use super::value::{Argument, arguments};

/// One call, from the book alone.
#[derive(Debug, Template)]
#[template(path = "chain.html", config = "src/review/pages/askama.toml")]
pub struct ChainPage {
    /// What stands round it.
    pub frame: Frame,
    /// What the book says of it in short.
    pub past: Past,
    /// What was sent, or would have been, as the record has it.
    pub arguments: Vec<Argument>,
    /// And in full.
    pub steps: Vec<Step>,
}

impl ChainPage {
    /// Of a call.
    pub fn of(frame: Frame, past: Past, steps: Vec<Step>) -> Self {
        let arguments = arguments(&past.params, &[]);
        Self { frame, past, arguments, steps }
    }
}
