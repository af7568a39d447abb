//! What can a person tell the program to do?

pub mod demo;
pub mod keys;
