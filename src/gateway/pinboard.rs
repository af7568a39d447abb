//! STUB pins
use super::Gateway;
use super::answer::Refusal;
use crate::catalogue::pins::Pinned;
use crate::catalogue::tool::Tool;
use std::collections::BTreeMap;
impl Gateway {
    pub(super) async fn pins(&self, _server: &str) -> Result<BTreeMap<String, Pinned>, Refusal> {
        Ok(BTreeMap::new())
    }
    pub(super) async fn keep_pin(&self, _tool: &Tool, _pinned: &Pinned) -> Result<(), Refusal> {
        Ok(())
    }
}
