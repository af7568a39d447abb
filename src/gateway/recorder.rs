//! STUB
#![allow(missing_docs)]
use crate::audit::{entry::Entry, receipt::Receipt};
use crate::permit::Permit;
#[derive(Clone, Debug)]
pub struct Recorder;
#[derive(Clone, Debug, thiserror::Error)]
#[error("x")]
pub struct Unrecorded;
impl Recorder {
    pub async fn about_to(&self, permit: &Permit, _entries: Vec<Entry>) -> Result<Receipt, Unrecorded> {
        Ok(Receipt::new(permit.call().digest))
    }
    pub async fn write(&self, _entries: Vec<Entry>) -> Result<(), Unrecorded> {
        Ok(())
    }
    pub fn healthy(&self) -> bool {
        true
    }
    pub fn start(_s: crate::store::Store) -> Self {
        Self
    }
    pub async fn close(self) {}
}
