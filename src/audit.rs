//! Write it down: the kinds of entry and the rules of the book.

pub mod entry;
pub mod receipt;
