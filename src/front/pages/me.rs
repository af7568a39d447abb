//! What can somebody see and change of their own account?

use http::StatusCode;

use super::Visit;
use super::reply::{html, redirect};
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::review::fault::Fault;
use crate::review::pages::me::{Browser, MePage};
use crate::review::sight::Me;

impl Listener {
    pub(super) async fn me(&self, visit: &mut Visit<'_>) -> Result<Reply, Fault> {
        visit.here = "me";
        let voter = self.voter(visit)?;
        let sign_in = visit.sign_in.as_ref().ok_or(Fault::SignedOut)?;
        let browsers = self.gateway.store.sign_ins_of(&sign_in.caller.principal, visit.now).await?;
        let browsers = browsers.into_iter().map(|kept| Browser::of(&kept, kept.name == sign_in.name)).collect();
        let passkeys = self.gateway.store.passkeys_of(&sign_in.caller.principal).await?;
        let no_passkeys = self.doors.site.as_ref().err().map(ToString::to_string);
        let page = MePage { frame: visit.frame(), me: Me::of(voter), passkeys, browsers, no_passkeys };
        Ok(html(StatusCode::OK, &visit.nonce, &page))
    }

    /// Signs somebody out in every browser, this one too.
    pub(super) async fn end_sign_ins(&self, visit: &Visit<'_>) -> Result<Reply, Fault> {
        let account = &visit.sign_in.as_ref().ok_or(Fault::SignedOut)?.caller.principal;
        let count = self.gateway.store.end_sign_ins_of(account).await?;
        self.operated("signed_out", format!("{account} in {count} browsers")).await?;
        Ok(redirect("/sign-in"))
    }
}
