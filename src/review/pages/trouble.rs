//! What does a page say when it cannot be shown, or something was not done?

use askama::Template;

use super::super::fault::{Fault, Problem};
use super::frame::Frame;

/// What happened and what to do.
#[derive(Debug, Template)]
#[template(path = "trouble.html", config = "src/review/pages/askama.toml")]
pub struct TroublePage {
    /// What stands round it.
    pub frame: Frame,
    /// What happened.
    pub problem: Problem,
    /// The call it was about.
    pub call: Option<String>,
}

impl TroublePage {
    /// Of a fault.
    pub fn of(frame: Frame, fault: &Fault, call: Option<String>) -> Self {
        Self { frame, problem: fault.problem(), call }
    }
}
