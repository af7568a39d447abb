//! May it? A bundle of Rego and an input become a decision, by a pure function.

pub mod decision;
pub mod evaluate;
pub mod input;
