//! What do hooks of clients and frameworks report?
//!
//! `POST /hooks/v1`, by a device that signs (Standard Webhooks, `v1a`, and `countersign-device` names it), or by whoever may make
//! calls here and shows the same proof. Host and origin first, as everywhere, so that no page in a browser reports anything.
//! The answer says only that it was heard: a hook is told nothing of anybody's calls.

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, Method, Request as HttpRequest, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use super::api::{json as reply, unstored};
use super::http::Listener;
use super::intake;
use super::refusal::{self, Reply};
use crate::call::caller::{Caller, Proof};
use crate::channels::signature::{Claimed, Unbelievable};
use crate::gateway::reported::Unheard;
use crate::identity::{Arrival, Challenge};
use crate::intent::envelope::DEVICE;
use crate::intent::report::LONGEST;

/// Where reports go.
pub(super) const PATH: &str = "/hooks/v1";

/// Why a report is refused.
enum Refused {
    /// Whatever every request has to pass.
    Early(Reply),
    /// Nobody proved anything.
    Nobody(Challenge),
    /// The listener asks nobody for a proof.
    Anonymous,
    /// The report, or who sent it.
    Unheard(Unheard),
}

impl From<Unheard> for Refused {
    fn from(unheard: Unheard) -> Self {
        Self::Unheard(unheard)
    }
}

impl Listener {
    /// Answers one report.
    pub(super) async fn reported(self: &Arc<Self>, request: HttpRequest<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let done = self.hear(&head, body).await;
        unstored(match done {
            Ok(()) => reply(StatusCode::ACCEPTED, "application/json", json!({ "heard": true }).to_string()),
            Err(refused) => self.refused(refused).await,
        })
    }

    async fn hear(self: &Arc<Self>, head: &Parts, mut body: Incoming) -> Result<(), Refused> {
        let plain = |status, why: &str| Refused::Early(refusal::plain(status, why));
        let closing = |status, why: &str| Refused::Early(refusal::and_close(refusal::plain(status, why)));
        self.admit(head).await.map_err(|stranger| closing(stranger.status(), &stranger.to_string()))?;
        if head.method != Method::POST {
            return Err(Refused::Early(refusal::method_not_allowed("POST")));
        }
        let headers = &head.headers;
        intake::is_json(headers).map_err(|why| plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, why))?;
        // Who it is from is known before a long body is read, unless it is the body that proves it.
        let caller = if headers.contains_key(DEVICE) { None } else { Some(self.caller(head).await?) };
        let bytes = match intake::read_body(headers, &mut body, LONGEST).await {
            Ok(bytes) => bytes,
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
                return Err(closing(status, &why));
            }
        };
        if let Some(caller) = caller {
            return Ok(self.gateway.hear_caller(&caller, &bytes).await?);
        }
        let mut named = headers.get_all(DEVICE).iter().filter_map(|name| name.to_str().ok());
        let (Some(device), None) = (named.next(), named.next()) else {
            return Err(Unheard::from(Unbelievable::Missing).into());
        };
        let claimed = Claimed::of(headers).map_err(Unheard::from)?;
        Ok(self.gateway.hear_device(device, claimed, &bytes).await?)
    }

    async fn caller(&self, head: &Parts) -> Result<Arc<Caller>, Refused> {
        let arrival = Arrival { headers: &head.headers, query: head.uri.query(), server: None };
        match self.identity.identify(arrival, self.gateway.clock.now()).await {
            Ok(caller) if caller.proof != Proof::Nothing => Ok(caller),
            Ok(_) => Err(Refused::Anonymous),
            Err(challenge) => Err(Refused::Nobody(challenge)),
        }
    }

    async fn refused(&self, refused: Refused) -> Reply {
        let problem = |status, why: &str| {
            reply(status, "application/problem+json", json!({ "status": status.as_u16(), "detail": why }).to_string())
        };
        match refused {
            Refused::Early(reply) => reply,
            Refused::Nobody(challenge) => {
                self.record("rejected_identity", challenge.reason().to_owned(), None).await;
                let mut told = problem(challenge.status(), &challenge.to_string());
                if let Some(header) = challenge.header().and_then(|header| HeaderValue::from_str(header).ok()) {
                    told.headers_mut().insert(WWW_AUTHENTICATE, header);
                }
                told
            }
            Refused::Anonymous => {
                self.record("rejected_identity", "a report of a hook: nobody proved anything".to_owned(), None).await;
                let why =
                    "a report is from an enrolled device (`countersign hook enroll`), or comes with a caller's proof";
                problem(StatusCode::UNAUTHORIZED, why)
            }
            Refused::Unheard(unheard) if unheard.is_passing() => {
                tracing::error!(%unheard, "what a hook reported cannot be kept");
                problem(StatusCode::SERVICE_UNAVAILABLE, "it cannot be kept right now; try again")
            }
            Refused::Unheard(Unheard::NoReport(why)) => problem(StatusCode::BAD_REQUEST, &why.to_string()),
            Refused::Unheard(unheard) => {
                self.record("rejected_identity", format!("a report of a hook: {unheard}"), None).await;
                problem(StatusCode::UNAUTHORIZED, &unheard.to_string())
            }
        }
    }
}
