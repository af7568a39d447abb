//! What is shown and done where people look after channels?

use http::StatusCode;

use super::Visit;
use super::reply::{html, redirect};
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::review::fault::Fault;
use crate::review::pages::channels::{ChannelsPage, Row, Stands};
use crate::review::pages::saying::Form;
use crate::store::deliveries::Wanted;

/// Messages that are listed.
const MOST: i64 = 100;
/// Who may have something delivered again.
const CARER: &str = "operator";

impl Listener {
    pub(super) async fn channels(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "channels";
        let store = &self.gateway.store;
        let (counts, closed) = (store.count_deliveries().await?, store.closed_channels().await?);
        let found = store.deliveries(Wanted::default(), MOST).await?;
        let may_redeliver = self.voter(visit)?.roles.contains(CARER);
        let channels = Stands::all(self.outbox.channels(), &counts, &closed, &self.outbox.failing());
        let rows = found.iter().map(Row::of).collect();
        Ok(html(StatusCode::OK, &visit.nonce, &ChannelsPage { frame: visit.frame(), channels, rows, may_redeliver }))
    }

    /// Whoever gives a closed channel something again wants it open.
    pub(super) async fn redeliver(&self, visit: &Visit<'_>, form: &Form) -> Result<Reply, Fault> {
        let store = &self.gateway.store;
        let id = form.one("id").unwrap_or_default();
        let delivery = store.find_delivery(id).await?.ok_or(Fault::NoRoute)?;
        if store.redeliver(id, visit.now).await? {
            store.reopen_channel(&delivery.channel).await?;
            let by = &self.voter(visit)?.person;
            self.operated("redelivered", format!("{id} on {} again, by {by}", delivery.channel)).await?;
        }
        Ok(redirect("/channels"))
    }
}
