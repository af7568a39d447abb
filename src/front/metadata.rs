//! STUB
#![allow(missing_docs)]
#[derive(Debug)]
pub struct Resource;
impl Resource {
    pub fn document(&self, _p: &str) -> Option<String> {
        None
    }
}
pub fn reply(_d: &str) -> super::refusal::Reply {
    super::refusal::empty(http::StatusCode::OK)
}
