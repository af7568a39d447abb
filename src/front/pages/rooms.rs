//! What is read for the pages beside the inbox?

use http::StatusCode;

use super::Visit;
use super::reply::{html, redirect};
use crate::approval::vote::Voter;
use crate::clock::Timestamp;
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::review::card::Shown;
use crate::review::fault::Fault;
use crate::review::grant::{self, RevokeGrant};
use crate::review::pages::chain::ChainPage;
use crate::review::pages::frame::When;
use crate::review::pages::grants::{self, GrantsPage};
use crate::review::pages::history::{HistoryPage, Search};
use crate::review::pages::numbers::{DAYS, Hold, MOST, NumbersPage};
use crate::review::pages::rules::{Force, RulesPage};
use crate::review::pages::saying::Form;
use crate::review::pages::servers::ServersPage;
use crate::review::pages::timeline::steps;
use crate::review::past;
use crate::review::sight::sees_all;
use crate::store::grants::Which;

/// Decisions that are looked at for what rules said.
const DECISIONS: usize = 1000;
/// Approvals that are read at once.
const BATCH: i64 = 500;

impl Listener {
    /// How many grants are open that this person may see. Where none is, or they see all, that is one small question.
    pub(super) async fn open_grants(&self, voter: &Voter, now: Timestamp) -> Result<u64, Fault> {
        let store = &self.gateway.store;
        let open = store.open_grants(now).await?;
        if open == 0 || sees_all(voter) {
            return Ok(u64::try_from(open).unwrap_or(0));
        }
        let seen = grant::list((store, &self.gateway.desk), voter, Which::Open).await?;
        Ok(u64::try_from(seen.items.len()).unwrap_or(0))
    }

    pub(super) async fn history(&self, visit: &mut Visit<'_>, search: Search) -> Result<Reply, Fault> {
        visit.here = "history";
        let past::Found { rows, next, looked } = past::past(&self.gateway.store, &search).await?;
        let next = next.map(|before| search.address(before));
        let page = HistoryPage { frame: visit.frame(), search, rows, next, looked: looked.map(When) };
        Ok(html(StatusCode::OK, &visit.nonce, &page))
    }

    /// A call that nobody was asked about. For those who do not see every call it does not exist.
    pub(super) async fn chain(&self, visit: &mut Visit<'_>, id: &str) -> Result<Reply, Fault> {
        if !sees_all(self.voter(visit)?) {
            return Err(Fault::Unknown);
        }
        visit.here = "history";
        let lines = past::lines(&self.gateway.store, id).await?;
        let past = past::told(&self.gateway.store, &lines).await?.ok_or(Fault::Unknown)?;
        Ok(html(StatusCode::OK, &visit.nonce, &ChainPage::of(visit.frame(), past, steps(&lines))))
    }

    pub(super) async fn grants(&self, visit: &mut Visit<'_>, which: Which) -> Result<Reply, Fault> {
        visit.here = "grants";
        let (store, desk) = (&self.gateway.store, &self.gateway.desk);
        let found = grant::list((store, desk), self.voter(visit)?, which).await?;
        let mut rows = Vec::new();
        for card in found.items {
            let shown = store.find_approval(&card.id).await?.map(|kept| Shown::of(&kept)).transpose()?;
            rows.push(grants::Row::of(card, shown.as_ref()));
        }
        Ok(html(StatusCode::OK, &visit.nonce, &GrantsPage { frame: visit.frame(), which, rows }))
    }

    pub(super) async fn revoke_grant(&self, visit: &Visit<'_>, id: &str, form: &Form) -> Result<Reply, Fault> {
        let said = RevokeGrant { reason: form.one("reason").map(str::to_owned) };
        let done = grant::revoke(&self.gateway.desk, id, self.voter(visit)?.clone(), said).await;
        if let Err(fault) = done {
            self.tried(&fault, ("revoke of grant", id), visit.who()).await;
            return Err(fault);
        }
        Ok(redirect("/grants?show=all"))
    }

    pub(super) async fn servers(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "servers";
        let store = &self.gateway.store;
        let pins = store.list_pins("").await?;
        let changed = pins.iter().filter_map(|pin| pin.pinned.agreed.filter(|agreed| *agreed != pin.pinned.seen));
        let names: Vec<String> = changed.map(|digest| digest.to_string()).collect();
        let known = store.kept(&names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let fleet = self.gateway.fleet.servers();
        let configured: Vec<_> = fleet.map(|server| (server.name().to_owned(), server.transport())).collect();
        Ok(html(StatusCode::OK, &visit.nonce, &ServersPage::of(visit.frame(), &configured, &pins, &known)))
    }

    pub(super) async fn rules(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "rules";
        let lines = past::newest(&self.gateway.store, "decided", DECISIONS).await?;
        let force = self.gateway.judge.in_force();
        let rules = force.as_ref().map(|(bundle, _)| bundle.rules()).unwrap_or_default();
        let named =
            force.as_ref().map(|(bundle, since)| Force { digest: bundle.digest().to_string(), since: When(*since) });
        Ok(html(StatusCode::OK, &visit.nonce, &RulesPage::of(visit.frame(), named, rules, &lines)))
    }

    pub(super) async fn numbers(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "numbers";
        let since = visit.now.micros().saturating_sub(DAYS.saturating_mul(86_400_000_000));
        let (mut holds, mut after, mut read) = (Vec::new(), None::<String>, 0_usize);
        let bounded = loop {
            let found = self.gateway.store.approvals_to_count(after.as_deref(), BATCH).await?;
            read = read.saturating_add(found.approvals.len());
            let old = found.approvals.iter().any(|approval| approval.opened.micros() < since);
            let young = found.approvals.iter().filter(|approval| approval.opened.micros() >= since);
            holds.extend(young.filter_map(Hold::of));
            after = found.last;
            if old || after.is_none() {
                break false;
            }
            if read >= MOST {
                break true;
            }
        };
        Ok(html(StatusCode::OK, &visit.nonce, &NumbersPage::of(visit.frame(), &holds, bounded)))
    }
}
