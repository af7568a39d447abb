//! STUB
#![allow(missing_docs)]
#[derive(Debug)]
pub struct Input;
