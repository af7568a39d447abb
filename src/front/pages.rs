//! What happens to one request of a person's browser?
//!
//! In this order, each step refusing on its own: host and origin, the address, for a form that one of our own pages sent it,
//! who is signed in, whether the form is one of that browser's, whether that is a person who answers, whether they may see the
//! call. Then it is done as it is done over the interface, and a page says what came of it. A page loads nothing from
//! elsewhere, stands in no frame, and is kept by no cache.

mod channels;
mod cookie;
mod events;
mod leases;
mod link;
mod me;
mod pace;
mod passkeys;
mod reply;
mod rooms;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use super::http::Listener;
use super::intake;
use super::refusal::Reply;
use crate::approval::vote::{Voter, Word};
use crate::audit::entry::{Entry, Event, Operated};
use crate::call::CallId;
use crate::call::caller::{Caller, Proof};
use crate::clock::{Timestamp, chance};
use crate::digest::hex;
use crate::gateway::desk::{DeskError, Wish};
use crate::identity::guard;
use crate::identity::sign_in::oidc::Providers;
use crate::identity::sign_in::{Cookie, Lasting, SignIn};
use crate::passkey::{NoSite, Site};
use crate::review::answer::say;
use crate::review::card::{Card, Shown};
use crate::review::fault::Fault;
use crate::review::page::{OPEN, Only, USUAL, Wanted, page};
use crate::review::pages::address::{Address, Show, back};
use crate::review::pages::card::{CardPage, Like, Look};
use crate::review::pages::difference::DifferencePage;
use crate::review::pages::frame::{Frame, Me};
use crate::review::pages::inbox::{InboxPage, Row};
use crate::review::pages::needs::Needs;
use crate::review::pages::saying::Form;
use crate::review::pages::timeline::steps;
use crate::review::pages::trouble::TroublePage;
use crate::review::risk::risk;
use crate::review::sight::person;
use crate::review::why::with_words;
use crate::store::append::AppendError;
use crate::store::approvals::KeptApproval;
use reply::{asset, html, plain, redirect};

/// No form is longer: the arguments of a call, and some words.
const LONGEST_FORM: usize = 2 << 20;
/// Calls that are looked through for one like another.
const MOST_LIKE: i64 = 50;
/// Lines of the book that are shown of one call.
const MOST_STEPS: i64 = 200;

/// Who may come to the pages, and how.
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct Doors {
    /// For how long a browser is signed in.
    pub lasting: Lasting,
    /// Whether whoever started the gateway may come in by a link or a passkey.
    pub owner: bool,
    /// How long somebody must have looked at what could be bad before their yes counts.
    pub look: Option<Duration>,
    /// Whether browsers reach the gateway over https.
    pub secure: bool,
    /// As which site browsers know passkeys of this gateway; why there are none, where there are none.
    pub site: Result<Site, NoSite>,
    /// With whom people sign in.
    pub providers: Providers,
}

/// One request of a browser.
struct Visit<'a> {
    head: &'a Parts,
    now: Timestamp,
    nonce: String,
    sign_in: Option<SignIn>,
    voter: Option<Voter>,
    here: &'static str,
    grants: u64,
    /// Channels that do not take messages.
    failing: Vec<String>,
}

impl Listener {
    /// Answers a request for a page; gives it back where it is for none.
    pub(super) async fn page(
        self: &Arc<Self>,
        request: http::Request<Incoming>,
        stop: &CancellationToken,
    ) -> Result<Reply, http::Request<Incoming>> {
        let (mut head, body) = request.into_parts();
        let address = match Address::read(&head.method, head.uri.path(), head.uri.query()) {
            Ok(None) => return Err(http::Request::from_parts(head, body)),
            Ok(Some(address)) => Ok(address),
            Err(fault) => Err(fault),
        };
        if matches!(address, Ok(Address::Decide(_))) {
            link::own_origin(&mut head.headers);
        }
        let mut visit = match self.visit(&head).await {
            Ok(visit) => visit,
            Err(fault) => return Ok(reply::bare(&fault)),
        };
        let done = match address {
            Ok(address) => self.show(&mut visit, address, body, stop).await,
            Err(fault) => Err((fault, None)),
        };
        Ok(done.unwrap_or_else(|(fault, call)| Self::trouble(&visit, &fault, call)))
    }

    /// Who comes, and whether they may come at all.
    async fn visit<'a>(&self, head: &'a Parts) -> Result<Visit<'a>, Fault> {
        self.admit(head).await.map_err(|stranger| Fault::Stranger(stranger.status(), stranger.to_string()))?;
        let now = self.gateway.desk.now().await?;
        let nonce = hex(&chance::<16>()?);
        let sign_in = match cookie::of(&head.headers, cookie::PERSON, self.doors.secure) {
            Some(text) => {
                let (store, cookie) = (&self.gateway.store, Cookie::read(text));
                // A page that looks what has changed is not somebody who uses it.
                if head.headers.contains_key("x-by-itself") {
                    SignIn::look(store, &cookie, self.doors.lasting, now).await?
                } else {
                    SignIn::find(store, &cookie, self.doors.lasting, now).await?
                }
            }
            None => None,
        };
        // Whoever may not come in that way any more is not in.
        let sign_in = sign_in.filter(|found| self.doors.owner || !matches!(found.caller.proof, Proof::Owner { .. }));
        let voter = sign_in.as_ref().and_then(|found| self.gateway.desk.people.load().voter(&found.caller));
        Ok(Visit { head, now, nonce, sign_in, voter, here: "", grants: 0, failing: self.outbox.failing() })
    }

    async fn show(
        self: &Arc<Self>,
        visit: &mut Visit<'_>,
        address: Address,
        body: Incoming,
        stop: &CancellationToken,
    ) -> Result<Reply, (Fault, Option<String>)> {
        let plainly = |fault| (fault, None);
        let form = if visit.head.method == http::Method::POST {
            Some(self.form(visit, &address, body).await.map_err(plainly)?)
        } else {
            None
        };
        if let Some(away) = self.turned_away(visit, &address).map_err(plainly)? {
            return Ok(away);
        }
        if let Some(voter) = visit.voter.as_ref().filter(|_| address.is_page()) {
            visit.grants = self.open_grants(voter, visit.now).await.map_err(plainly)?;
        }
        let form = form.unwrap_or_default();
        match address {
            Address::Asset(found) => Ok(asset(found)),
            Address::Home => Ok(redirect("/inbox")),
            Address::SignIn { then } => Ok(self.ways_in(visit, then)),
            Address::With { name, then } => self.go_to(visit, (&name, &then)).await.map_err(plainly),
            Address::Callback => self.come_back(visit).await.map_err(plainly),
            Address::Link(secret) => self.link(visit, secret).map_err(plainly),
            Address::UseLink => self.use_link(visit, &form).await.map_err(plainly),
            Address::SignOut => self.sign_out(visit).await.map_err(plainly),
            Address::Decision(token) => self.link_opened(visit, &token).await.map_err(plainly),
            Address::Decide(token) => self.link_answered(visit, &token, &form).await,
            Address::Events => self.events(visit, stop).await.map_err(plainly),
            Address::Inbox { show, after } => self.inbox(visit, show, after).await.map_err(plainly),
            Address::Call(id) => self.call(visit, &id).await.map_err(plainly),
            Address::History(search) => self.history(visit, search).await.map_err(plainly),
            Address::Grants(which) => self.grants(visit, which).await.map_err(plainly),
            Address::RevokeGrant(id) => self.revoke_grant(visit, &id, &form).await.map_err(plainly),
            Address::Servers => self.servers(visit).await.map_err(plainly),
            Address::Channels => self.channels(visit).await.map_err(plainly),
            Address::Redeliver => self.redeliver(visit, &form).await.map_err(plainly),
            Address::Leases => self.leases(visit).await.map_err(plainly),
            Address::TakeBack(id) => self.take_back(visit, &id).await.map_err(plainly),
            Address::Rules => self.rules(visit).await.map_err(plainly),
            Address::Numbers => self.numbers(visit).await.map_err(plainly),
            Address::Sent(id) => self.sent(visit, &id).await.map_err(plainly),
            Address::Me => self.me(visit).await.map_err(plainly),
            Address::EndSignIns => self.end_sign_ins(visit).await.map_err(plainly),
            Address::AddPasskey => self.add_passkey(visit, &form).await.map_err(plainly),
            Address::RemovePasskey => self.remove_passkey(visit, &form).await.map_err(plainly),
            Address::FinishSignIn => self.finish_sign_in(visit, &form).await.map_err(plainly),
            Address::BeginPasskey => Ok(program(self.begin_passkey(visit).await)),
            Address::BeginSignIn => Ok(program(self.begin_sign_in(visit).await)),
            Address::Sign(id, verb) => Ok(program(self.begin_answer(visit, (&id, verb), &form).await)),
            Address::Say(id, verb) => {
                visit.here = "inbox";
                self.say(visit, (&id, verb), &form).await.map_err(|fault| (fault, Some(id)))
            }
        }
    }

    /// Where somebody is sent, or what they are told, who may not come here.
    fn turned_away(&self, visit: &Visit<'_>, address: &Address) -> Result<Option<Reply>, Fault> {
        let needs = address.needs();
        if needs != Needs::Nothing && visit.sign_in.is_none() {
            if visit.head.method == http::Method::POST || matches!(address, Address::Events) {
                return Err(Fault::SignedOut);
            }
            let path = visit.head.uri.path_and_query().map_or("/inbox", http::uri::PathAndQuery::as_str);
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("then", path).finish();
            return Ok(Some(redirect(&format!("/sign-in?{query}"))));
        }
        match needs {
            Needs::OneOf(roles) if !needs.lets(self.voter(visit)?) => Err(Fault::RoleRequired(roles)),
            _ => Ok(None),
        }
    }

    /// What was filled in, if one of our own pages asked for it, in this very browser.
    async fn form(&self, visit: &Visit<'_>, address: &Address, mut body: Incoming) -> Result<Form, Fault> {
        let headers = &visit.head.headers;
        let by_link = matches!(address, Address::Decide(_)) && link::may_be_ours(headers);
        if !by_link && !guard::from_own_page(headers) {
            self.gateway.tasks.spawn(intake::hear_out(body));
            self.record("rejected_origin", "a form that no page of ours sent".to_owned(), visit.who()).await;
            return Err(Fault::Forged);
        }
        let bytes = match intake::read_body(headers, &mut body, LONGEST_FORM).await {
            Ok(bytes) => bytes,
            Err((status, why)) => {
                self.gateway.tasks.spawn(intake::hear_out(body));
                return Err(Fault::Body(status, why));
            }
        };
        let form = Form::read(&bytes);
        match &visit.sign_in {
            _ if address.needs() == Needs::Nothing => Ok(form),
            None => Err(Fault::SignedOut),
            Some(sign_in) if form.one("form").is_some_and(|token| sign_in.is_ours(token)) => Ok(form),
            Some(_) => {
                self.record("rejected_origin", "a form of another browser".to_owned(), visit.who()).await;
                Err(Fault::Forged)
            }
        }
    }

    async fn inbox(&self, visit: &mut Visit<'_>, show: Show, after: Option<String>) -> Result<Reply, Fault> {
        visit.here = "inbox";
        let voter = self.voter(visit)?;
        let (states, only) = match show {
            Show::Mine => (vec!["pending"], Only::Answerable),
            Show::Open => (OPEN.to_vec(), Only::Visible),
            Show::Decided => (decided(), Only::Visible),
        };
        let wanted = Wanted { states, limit: USUAL, after, only };
        let found = page((&self.gateway.store, &self.gateway.desk), voter, &wanted).await?;
        let rows = found.items.iter().map(Row::of).collect();
        Ok(html(StatusCode::OK, &visit.nonce, &InboxPage { frame: visit.frame(), show, rows, next: found.next }))
    }

    async fn call(&self, visit: &mut Visit<'_>, id: &str) -> Result<Reply, Fault> {
        visit.here = "inbox";
        let voter = self.voter(visit)?;
        let kept = match self.seen(voter, id).await {
            Ok(kept) => kept,
            Err(Fault::Unknown) => return self.chain(visit, id).await,
            Err(fault) => return Err(fault),
        };
        let card = with_words(&self.gateway.store, Card::of(&kept, Some(voter), visit.now)?).await?;
        let lines = self.gateway.store.of_call(kept.approval.id.as_str(), MOST_STEPS).await?;
        let passkeys = self.passkeys(voter).await?.len();
        self.viewed(voter, &card, &lines).await?;
        let like = self.like(voter, &kept, &card.shown).await?;
        let page = CardPage { frame: visit.frame(), look: Look::of(card, passkeys), like, steps: steps(&lines) };
        Ok(html(StatusCode::OK, &visit.nonce, &page))
    }

    /// The last call like it that people agreed to, if this person may see that one.
    async fn like(&self, voter: &Voter, kept: &KeptApproval, shown: &Shown) -> Result<Option<Like>, Fault> {
        let approval = &kept.approval;
        let before = (approval.asker.principal.as_str(), approval.id.as_str());
        let others = self.gateway.store.agreed_to_before(before.0, before.1, MOST_LIKE).await?;
        let read = |(id, text): (String, String)| Shown::read(&id, &text).ok().map(|shown| (id, shown));
        let Some(like) = Like::among(shown, others.into_iter().filter_map(read)) else { return Ok(None) };
        Ok(self.seen(voter, &like.id).await.is_ok().then_some(like))
    }

    /// Exactly what would be sent, as text that no browser takes for anything else.
    async fn sent(&self, visit: &Visit<'_>, id: &str) -> Result<Reply, Fault> {
        let kept = self.seen(self.voter(visit)?, id).await?;
        Ok(plain(StatusCode::OK, Shown::sent(&kept)?))
    }

    async fn say(&self, visit: &Visit<'_>, (id, verb): (&str, &str), form: &Form) -> Result<Reply, Fault> {
        let voter = self.voter(visit)?;
        let kept = self.seen(voter, id).await?;
        let shown = Shown::of(&kept)?;
        if verb == "edit" && form.one("sure").is_none() {
            let page = DifferencePage::of(visit.frame(), (id, &shown), form)?;
            return Ok(html(StatusCode::OK, &visit.nonce, &page));
        }
        let wish = passkeys::wish((voter, &kept.approval), (verb, form), &shown)?;
        let yes = matches!(&wish, Wish::Vote { word: Word::Yes | Word::BreakGlass, .. });
        let rushed = if yes {
            self.rushes(visit, (id, form.one("digest").unwrap_or_default()), risk(&shown)).await?
        } else {
            None
        };
        let wish = match &wish {
            Wish::Vote { .. } => wish.with_evidence(self.evidence(visit, form).await?),
            _ => wish,
        };
        if let Err(fault) = say(&self.gateway.desk, id, voter.clone(), |_, _| Ok(wish)).await {
            self.tried(&fault, (verb, id), visit.who()).await;
            return Err(fault);
        }
        if let Some(rushed) = rushed {
            self.write(Some(CallId::from_record(id)), Event::Rushed(rushed)).await?;
        }
        Ok(redirect(&form.one("then").map_or_else(|| format!("/calls/{id}"), |then| back(Some(then.to_owned())))))
    }

    async fn operated(&self, what: &'static str, detail: String) -> Result<(), Fault> {
        self.write(None, Event::Operated(Operated { what, detail })).await
    }

    async fn write(&self, call: Option<CallId>, event: Event) -> Result<(), Fault> {
        let entry = Entry { call, at: self.gateway.clock.now(), event };
        self.gateway
            .recorder
            .write(vec![entry])
            .await
            .map_err(|error| Fault::Away(DeskError::Record(AppendError::Broken(error.to_string()))))?;
        Ok(())
    }

    fn trouble(visit: &Visit<'_>, fault: &Fault, call: Option<String>) -> Reply {
        reply::logged(fault);
        let page = TroublePage::of(visit.frame(), fault, call);
        let status = StatusCode::from_u16(page.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        reply::closed_after(html(status, &visit.nonce, &page), fault)
    }

    fn voter<'a>(&self, visit: &'a Visit<'_>) -> Result<&'a Voter, Fault> {
        let sign_in = visit.sign_in.as_ref().ok_or(Fault::SignedOut)?;
        match &visit.voter {
            Some(voter) => Ok(voter),
            None => Err(person(&self.gateway.desk.people.load(), &sign_in.caller).err().unwrap_or(Fault::SignedOut)),
        }
    }
}

impl Visit<'_> {
    fn who(&self) -> Option<&Arc<Caller>> {
        self.sign_in.as_ref().map(|found| &found.caller)
    }

    fn frame(&self) -> Frame {
        let me = match (&self.voter, &self.sign_in) {
            (Some(voter), Some(sign_in)) => Some(Me::of(voter, sign_in.form_token(), (self.grants, &self.failing))),
            _ => None,
        };
        Frame { nonce: self.nonce.clone(), me, here: self.here, now: self.now }
    }
}

/// What the script of a page is told, also where it is told no.
fn program(done: Result<Reply, Fault>) -> Reply {
    done.unwrap_or_else(|fault| {
        reply::logged(&fault);
        let status = StatusCode::from_u16(fault.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = reply::document(&passkeys::told(&fault));
        *reply.status_mut() = status;
        reply
    })
}

/// The states of what is over.
fn decided() -> Vec<&'static str> {
    crate::approval::state::State::WORDS.into_iter().filter(|word| !OPEN.contains(word)).collect()
}
