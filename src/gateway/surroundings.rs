//! STUB
use super::Gateway;
use super::exchange::Exchange;
use crate::call::Call;
use crate::catalogue::tool::Tool;
use crate::policy::evaluate::Visibility;
use crate::policy::input::Input;

impl Gateway {
    pub(super) fn input(&self, _exchange: &Exchange, _call: &Call) -> Input {
        Input
    }
    pub(super) fn visibility(&self, exchange: &Exchange, _tool: &Tool) -> Visibility {
        let _ = exchange;
        self.judge.visible(&Input)
    }
}
