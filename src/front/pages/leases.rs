//! What is shown and done where people look after credentials that are out?

use http::StatusCode;

use super::Visit;
use super::reply::{html, redirect};
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::review::fault::Fault;
use crate::review::lease;
use crate::review::pages::leases::{LeasesPage, Row};
use crate::store::leases::Over;

/// Credentials that are listed, of those that are out, and of the newest of all.
const MOST: u32 = 200;

impl Listener {
    pub(super) async fn leases(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "leases";
        let store = &self.gateway.store;
        let out = store.list_leases(Over::LeftOut, MOST).await?;
        let all = store.list_leases(Over::Too, MOST).await?;
        let over = all.into_iter().filter(|kept| kept.ended.is_some());
        let page = LeasesPage {
            may_take_back: lease::lets(self.voter(visit)?, &lease::TAKING).is_ok(),
            frame: visit.frame(),
            over: over.map(Row::of).collect(),
            out: out.into_iter().map(Row::of).collect(),
        };
        Ok(html(StatusCode::OK, &visit.nonce, &page))
    }

    pub(super) async fn take_back(&self, visit: &Visit<'_>, id: &str) -> Result<Reply, Fault> {
        lease::revoke(&self.gateway.credentials, &self.gateway.store, id, self.voter(visit)?).await?;
        Ok(redirect("/leases"))
    }
}
