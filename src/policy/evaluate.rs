//! STUB
#![allow(missing_docs)]
#[derive(Debug, PartialEq, Eq)]
pub enum Visibility {
    Visible,
    Hidden,
}
