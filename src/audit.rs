//! Write it down: the kinds of entry and the rules of the book.
//!
//! Everything an outsider needs to check it, for whoever writes a verifier of their own:
#![doc = include_str!("audit/format.md")]

pub mod approved;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod entry;
pub mod export;
pub mod field;
pub mod leaf;
pub mod note;
pub mod places;
pub mod proof;
pub mod pruned;
pub mod receipt;
pub mod report;
pub mod standing;
pub mod timeline;
pub mod timestamp;
pub mod tree;
pub mod verify;
