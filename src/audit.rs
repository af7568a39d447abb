//! Write it down: the kinds of entry, the rules of the book, and what is made of it for whoever looks back.

pub mod entry;
pub mod export;
pub mod receipt;
pub mod report;
pub mod standing;
pub mod timeline;
