//! Which tool is it, and is it still the one we pinned?

pub mod naming;
pub mod pins;
pub mod schema;
pub mod tool;
