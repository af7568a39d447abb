//! What happens to one request of a person who answers?
//!
//! In this order, each step refusing on its own: host and origin, the address, the proof, whether it is a person's, whether
//! they may see the call, form and body. Cookies are not looked at, so that no page can answer with somebody's session.

use std::sync::Arc;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::http::Listener;
use super::intake;
use super::refusal::{self, Reply};
use crate::approval::vote::Voter;
use crate::call::caller::{Caller, Proof};
use crate::identity::Arrival;
use crate::review::answer::{Verb, read, say};
use crate::review::card::Card;
use crate::review::fault::Fault;
use crate::review::grant::{self, RevokeGrant};
use crate::review::lease::{self, RevokeLease};
use crate::review::openapi::document_text;
use crate::review::page::page;
use crate::review::reach::reach;
use crate::review::route::Route;
use crate::review::sight::{Me, person, sees};
use crate::review::wait::decided;
use crate::review::why::with_words;
use crate::store::approvals::KeptApproval;

/// No answer is longer; a reason has 2000 characters at most.
const LONGEST_BODY: usize = 64 << 10;

/// Somebody who may answer.
struct Reviewer {
    caller: Arc<Caller>,
    voter: Voter,
}

impl Listener {
    /// Answers one request below `/api/`.
    pub(super) async fn api(self: &Arc<Self>, request: HttpRequest<Incoming>, stop: &CancellationToken) -> Reply {
        let (head, body) = request.into_parts();
        let done = self.attend(&head, body, stop).await;
        unstored(done.unwrap_or_else(|fault| problem(&fault)))
    }

    async fn attend(self: &Arc<Self>, head: &Parts, body: Incoming, stop: &CancellationToken) -> Result<Reply, Fault> {
        self.admit(head).await.map_err(|stranger| Fault::Stranger(stranger.status(), stranger.to_string()))?;
        let route = Route::read(&head.method, head.uri.path(), head.uri.query())?;
        if matches!(route, Route::Document) {
            return Ok(json(StatusCode::OK, "application/json", document_text()));
        }
        let reviewer = self.reviewer(head).await?;
        let desk = &self.gateway.desk;
        match route {
            Route::Document => Err(Fault::NoRoute),
            Route::Me => told(&Me::of(&reviewer.voter)),
            Route::List(wanted) => told(&page((&self.gateway.store, desk), &reviewer.voter, &wanted).await?),
            Route::Card(id) => self.card(&reviewer.voter, &self.seen(&reviewer.voter, &id).await?).await,
            Route::Wait(id, patience) => {
                let kept = self.seen(&reviewer.voter, &id).await?;
                let kept = tokio::select! {
                    () = stop.cancelled() => kept,
                    kept = decided(desk, &id, patience) => kept?,
                };
                self.card(&reviewer.voter, &kept).await
            }
            Route::Reach(id, free) => {
                let kept = self.seen(&reviewer.voter, &id).await?;
                told(&reach(&self.gateway.store, &kept.approval, free, desk.now().await?).await?)
            }
            Route::Grants(which) => told(&grant::list((&self.gateway.store, desk), &reviewer.voter, which).await?),
            Route::RevokeGrant(id) => self.revoked(&id, &reviewer, &head.headers, body).await,
            Route::Leases(over) => told(&lease::list(&self.gateway.store, &reviewer.voter, over).await?),
            Route::RevokeLease(id) => self.taken_back(&id, &reviewer, &head.headers, body).await,
            Route::Say(id, verb) => self.said((&id, verb), &reviewer, &head.headers, body).await,
        }
    }

    /// The person this request is from. Everybody else's try is on record.
    async fn reviewer(&self, head: &Parts) -> Result<Reviewer, Fault> {
        let arrival = Arrival { headers: &head.headers, query: head.uri.query(), server: None };
        let caller = match self.identity.identify(arrival, self.gateway.clock.now()).await {
            Ok(caller) if caller.proof != Proof::Nothing => caller,
            Ok(_) => {
                self.record("rejected_identity", "anonymous".to_owned(), None).await;
                return Err(Fault::Anonymous);
            }
            Err(challenge) => {
                self.record("rejected_identity", challenge.reason().to_owned(), None).await;
                return Err(challenge.into());
            }
        };
        match person(&self.gateway.desk.people.load(), &caller) {
            Ok(voter) => Ok(Reviewer { caller, voter }),
            Err(fault) => {
                let why = format!("{}: {} {}", fault.code(), head.method, head.uri.path());
                self.record("rejected_answer", why, Some(&caller)).await;
                Err(fault)
            }
        }
    }

    /// The call, if it exists for this person.
    pub(super) async fn seen(&self, voter: &Voter, id: &str) -> Result<KeptApproval, Fault> {
        let desk = &self.gateway.desk;
        let kept = desk.kept(id).await?;
        if sees(voter, &kept.approval, desk.now().await?) { Ok(kept) } else { Err(Fault::Unknown) }
    }

    async fn card(&self, voter: &Voter, kept: &KeptApproval) -> Result<Reply, Fault> {
        let card = Card::of(kept, Some(voter), self.gateway.desk.now().await?)?;
        told(&with_words(&self.gateway.store, card).await?)
    }

    async fn heard(&self, headers: &HeaderMap, mut body: Incoming) -> Result<Vec<u8>, Fault> {
        intake::is_json(headers).map_err(Fault::Media)?;
        match intake::read_body(headers, &mut body, LONGEST_BODY).await {
            Ok(bytes) => Ok(bytes.into()),
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
                Err(Fault::Body(status, why))
            }
        }
    }

    async fn revoked(
        &self,
        id: &str,
        reviewer: &Reviewer,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, Fault> {
        let said: RevokeGrant = read(&self.heard(headers, body).await?)?;
        let done = grant::revoke(&self.gateway.desk, id, reviewer.voter.clone(), said).await;
        if let Err(fault) = &done {
            self.tried(fault, ("revoke of grant", id), Some(&reviewer.caller)).await;
        }
        told(&done?)
    }

    async fn taken_back(
        &self,
        id: &str,
        reviewer: &Reviewer,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, Fault> {
        let RevokeLease {} = read(&self.heard(headers, body).await?)?;
        let done = lease::revoke(&self.gateway.credentials, &self.gateway.store, id, &reviewer.voter).await;
        if let Err(fault) = &done {
            self.tried(fault, ("revoke of credential", id), Some(&reviewer.caller)).await;
        }
        told(&done?)
    }

    /// Who tries what is not theirs to try stands in the record.
    pub(super) async fn tried(&self, fault: &Fault, (verb, id): (&str, &str), who: Option<&Arc<Caller>>) {
        const TRIED: [&str; 6] =
            ["own_call", "not_eligible", "no_break_glass", "not_yours", "role_required", "unknown"];
        if TRIED.contains(&fault.code()) {
            let why = format!("{}: {verb} of {}", fault.code(), id.chars().take(64).collect::<String>());
            self.record("rejected_answer", why, who).await;
        }
    }

    async fn said(
        &self,
        (id, verb): (&str, &Verb),
        reviewer: &Reviewer,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Reply, Fault> {
        let spoken = (verb.read)(&self.heard(headers, body).await?)?;
        let done = async {
            self.seen(&reviewer.voter, id).await?;
            say(&self.gateway.desk, id, reviewer.voter.clone(), spoken).await
        };
        if let Err(fault) = done.await {
            self.tried(&fault, (verb.name, id), Some(&reviewer.caller)).await;
            return Err(fault);
        }
        self.card(&reviewer.voter, &self.gateway.desk.kept(id).await?).await
    }
}

fn told(what: &impl Serialize) -> Result<Reply, Fault> {
    let text = serde_json::to_string(what).map_err(|error| Fault::Malformed { key: None, why: error.to_string() })?;
    Ok(json(StatusCode::OK, "application/json", text))
}

pub(super) fn problem(fault: &Fault) -> Reply {
    if let Fault::Away(error) = fault {
        tracing::error!(%error, "an answer of a person could not be taken");
    }
    let told = fault.problem();
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = serde_json::to_string(&told).unwrap_or_default();
    let mut reply = json(status, "application/problem+json", text);
    let header = match fault {
        Fault::Unproven(challenge) => challenge.header().map(|value| (WWW_AUTHENTICATE, value)),
        Fault::Anonymous => Some((WWW_AUTHENTICATE, "Bearer realm=\"countersign\"")),
        Fault::Method(allowed) => Some((ALLOW, *allowed)),
        Fault::Busy | Fault::Crowded | Fault::Away(_) => Some((RETRY_AFTER, "1")),
        _ => None,
    };
    if let Some((name, value)) = header.and_then(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?))) {
        reply.headers_mut().insert(name, value);
    }
    // What is left of a body that was refused is not the beginning of another request.
    if matches!(fault, Fault::Body(..) | Fault::Stranger(..)) { refusal::and_close(reply) } else { reply }
}

/// What nobody keeps, and no browser takes for something else.
pub(super) fn unstored(mut reply: Reply) -> Reply {
    for (name, value) in [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

pub(super) fn json(status: StatusCode, kind: &'static str, text: String) -> Reply {
    let mut reply = Response::new(Body::whole(text));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
