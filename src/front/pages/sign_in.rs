//! How does a browser come to be signed in, and how is it signed out?

use http::StatusCode;

use super::Visit;
use super::cookie::{self, Kept};
use super::reply::{html, redirect};
use crate::call::caller::Caller;
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::identity::sign_in::oidc::{PATIENCE, SignInFault};
use crate::identity::sign_in::{How, SignIn, SignInError, owner};
use crate::review::fault::Fault;
use crate::review::pages::address::back;
use crate::review::pages::saying::Form;
use crate::review::pages::sign_in::{LinkPage, SignInPage};

impl Listener {
    pub(super) fn ways_in(&self, visit: &Visit<'_>, then: String) -> Reply {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", &then).finish();
        let way = |(name, label): (&str, &str)| (format!("/sign-in/with/{name}?{query}"), label.to_owned());
        let providers = self.doors.providers.all().map(way).collect();
        let page = SignInPage { frame: visit.frame(), then, providers, owner: self.doors.owner };
        html(StatusCode::OK, &visit.nonce, &page)
    }

    /// Sends somebody to where they have an account.
    pub(super) async fn go_to(&self, visit: &Visit<'_>, (name, then): (&str, &str)) -> Result<Reply, Fault> {
        let asking = self.doors.providers.begin(name, then, &self.gateway.store, visit.now);
        let begun = asking.await.map_err(|fault| failed(&fault))?;
        let kept = Kept { what: cookie::WAY, value: begun.browser.expose(), seconds: PATIENCE.as_secs() };
        Ok(cookie::set(redirect(begun.to.as_str()), &kept, &self.doors))
    }

    /// They come back, as somebody or not.
    pub(super) async fn come_back(&self, visit: &Visit<'_>) -> Result<Reply, Fault> {
        let way = cookie::of(&visit.head.headers, cookie::WAY, self.doors.secure);
        let query = visit.head.uri.query().unwrap_or_default();
        let asking = self.doors.providers.finish(query, way, &self.gateway.store, visit.now);
        let finished = match asking.await {
            Ok(finished) => finished,
            Err(fault) => {
                self.record("rejected_identity", format!("sign-in: {}", fault.class()), None).await;
                return Err(failed(&fault));
            }
        };
        let by = format!("by the provider {}", finished.provider);
        let reply =
            self.signed_in(visit, (&finished.caller, How::Provider), &by, &back(Some(finished.return_to))).await?;
        Ok(cookie::unset(reply, cookie::WAY, &self.doors))
    }

    pub(super) fn link(&self, visit: &Visit<'_>, secret: String) -> Result<Reply, Fault> {
        if !self.doors.owner {
            return Err(Fault::NotSignedIn("nobody signs in here by a link".to_owned()));
        }
        let login = owner::owner().user.map_or_else(String::new, |user| user.id);
        Ok(html(StatusCode::OK, &visit.nonce, &LinkPage { frame: visit.frame(), secret, login }))
    }

    pub(super) async fn use_link(&self, visit: &Visit<'_>, form: &Form) -> Result<Reply, Fault> {
        let secret = form.one("secret").filter(|_| self.doors.owner).unwrap_or_default();
        let Some(caller) = owner::accept(&self.gateway.store, secret, visit.now).await? else {
            self.record("rejected_identity", "a link of the owner that works no more".to_owned(), None).await;
            return Err(Fault::NotSignedIn(
                "this link was used before, is too old, or a newer one was made; start the gateway again for a new one, or sign \
                 in with a passkey"
                    .to_owned(),
            ));
        };
        self.signed_in(visit, (&caller, How::Link), "by the link of the owner", "/inbox").await
    }

    pub(super) async fn sign_out(&self, visit: &Visit<'_>) -> Result<Reply, Fault> {
        if let Some(sign_in) = &visit.sign_in {
            self.gateway.store.end_sign_in(sign_in.name).await?;
            self.operated("signed_out", sign_in.caller.principal.clone()).await?;
        }
        Ok(cookie::unset(redirect("/sign-in"), cookie::PERSON, &self.doors))
    }

    /// Gives a browser its cookie. Whoever was signed in there before is signed out.
    pub(super) async fn signed_in(
        &self,
        visit: &Visit<'_>,
        (caller, how): (&Caller, How),
        by: &str,
        then: &str,
    ) -> Result<Reply, Fault> {
        let begun = SignIn::begin(&self.gateway.store, (caller, how), self.doors.lasting, visit.now).await;
        let cookie = begun.map_err(|error| match error {
            SignInError::Store(error) => Fault::from(error),
            SignInError::Chance(error) => error.into(),
        })?;
        if let Some(before) = &visit.sign_in {
            self.gateway.store.end_sign_in(before.name).await?;
        }
        self.operated("signed_in", format!("{} {by}", caller.principal)).await?;
        let kept = Kept { what: cookie::PERSON, value: cookie.expose(), seconds: self.doors.lasting.longest.as_secs() };
        Ok(cookie::set(redirect(then), &kept, &self.doors))
    }
}

fn failed(fault: &SignInFault) -> Fault {
    tracing::warn!(class = fault.class(), error = %fault, "somebody was not signed in");
    Fault::NotSignedIn(fault.to_string())
}
