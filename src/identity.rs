//! STUB
#![allow(missing_docs)]
pub mod guard;
use crate::call::caller::{Caller, Proof};
use std::sync::Arc;
#[derive(Debug)]
pub struct Identity;
#[derive(Debug, thiserror::Error)]
#[error("c")]
pub struct Challenge;
impl Challenge {
    pub fn reason(&self) -> &'static str {
        ""
    }
    pub fn status(&self) -> http::StatusCode {
        http::StatusCode::UNAUTHORIZED
    }
    pub fn header(&self) -> &str {
        ""
    }
}
impl Identity {
    pub async fn identify(&self, _h: &http::HeaderMap, _n: crate::clock::Timestamp) -> Result<Arc<Caller>, Challenge> {
        Ok(Arc::new(Caller {
            principal: "anyone".into(),
            agent: None,
            user: None,
            groups: vec![],
            proof: Proof::Nothing,
        }))
    }
}
