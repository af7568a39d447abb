//! What did the person at the terminal ask for?

pub mod keys;
