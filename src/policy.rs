//! May it? A bundle of Rego and an input become a decision, by a pure function.
//!
//! A policy is a package below `countersign`; the name of a rule says what it does; its elements are findings. Only
//! `allow` grants, everything else can only take away, and nothing said is a no. The contract, field by field, is in
//! `policies/README.md`.

mod bounds;
pub mod bundle;
pub mod concern;
pub mod coverage;
pub mod crew;
pub mod decision;
pub mod document;
pub mod draft;
pub mod evaluate;
pub mod explain;
pub mod files;
pub mod finding;
pub mod footprint;
pub mod imprint;
pub mod index;
pub mod input;
pub mod kept;
pub mod lint;
pub mod moment;
pub mod mutants;
pub mod pace;
pub mod passage;
pub mod probe;
pub mod problem;
pub mod rehearse;
#[cfg(test)]
pub(crate) mod sample;
pub mod schema;
mod shown;
pub mod starter;
pub mod syntax;
pub mod template;
pub mod told;
