//! STUB
pub mod shop;
