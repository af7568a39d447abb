//! Over which channels are people asked?

pub mod slack;
