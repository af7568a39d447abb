//! Where does a call arrive?

pub mod metadata;
