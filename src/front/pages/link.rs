//! What happens to somebody who comes by a link from a message?
//!
//! Opening it changes nothing: no vote, no try, no line in the book, not even what the time has decided is written down. Who
//! answers needs the code from the message and the page that the link opened. Then the link is used up, and the answer is given
//! at the same desk as every other, by the account `link:NAME`, with no more evidence than an account is. Nobody is signed in
//! by a link, and whoever is signed in counts for nothing here.

use http::header::{HeaderName, ORIGIN, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::Visit;
use super::reply::html;
use crate::approval::people::People;
use crate::approval::vote::{Evidence, Voter, Word};
use crate::channels::link::kept::{self, Tried};
use crate::channels::link::{Link, Token, Verb, Void, is_a_code};
use crate::clock::Timestamp;
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::gateway::desk::Wish;
use crate::review::answer::{LONGEST_REASON, say};
use crate::review::card::Card;
use crate::review::decided::whose_word;
use crate::review::fault::Fault;
use crate::review::pages::decision::{About, DecisionPage, Form as Asked, Stage};
use crate::review::pages::frame::Frame;
use crate::review::pages::saying::Form;
use crate::store::approvals::KeptApproval;

/// What browsers and scanners say who open an address before anybody wants to see it.
const PREFETCH: [&str; 3] = ["sec-purpose", "purpose", "x-moz"];

/// A link that leads to a call that waits for this person.
struct Opened {
    token: Token,
    link: Link,
    kept: KeptApproval,
    voter: Voter,
}

/// Why there is nothing to answer.
struct Ended {
    why: String,
    call: Option<String>,
}

impl Listener {
    /// The page of a link.
    pub(super) async fn link_opened(&self, visit: &Visit<'_>, text: &str) -> Result<Reply, Fault> {
        match self.behind(visit, text).await? {
            Ok(opened) => opened.page(visit, None),
            Err(ended) => Ok(ended.page(visit)),
        }
    }

    /// An answer by a link.
    pub(super) async fn link_answered(
        &self,
        visit: &Visit<'_>,
        text: &str,
        form: &Form,
    ) -> Result<Reply, (Fault, Option<String>)> {
        let plainly = |fault| (fault, None);
        let opened = match self.behind(visit, text).await.map_err(plainly)? {
            Ok(opened) => opened,
            Err(ended) => return Ok(ended.page(visit)),
        };
        let call = opened.link.call.clone();
        self.link_said(visit, opened, form).await.map_err(|fault| (fault, Some(call)))
    }

    async fn link_said(&self, visit: &Visit<'_>, opened: Opened, form: &Form) -> Result<Reply, Fault> {
        let Opened { token, link, .. } = &opened;
        let asks_again = |notice: &str| opened.page(visit, Some(notice.to_owned()));
        if opened.about(visit.now)?.why_not().is_some() {
            return opened.page(visit, None);
        }
        if !form.one("page").is_some_and(|page| token.is_of_page(page, visit.now)) {
            return asks_again("This page was open for too long, or did not come from here. Fill it in again.");
        }
        let Some(verb) = link.verbs.iter().copied().find(|verb| Some(verb.word()) == form.one("say")) else {
            return asks_again("Press one of the two buttons.");
        };
        let reason = form.one("reason").map(str::to_owned);
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
            return Err(Fault::TooLong("reason"));
        }
        if verb == Verb::Deny && reason.is_none() {
            return asks_again("To deny, say why: the agent is told.");
        }
        let Some(code) = form.one("code").filter(|code| is_a_code(code)) else {
            return asks_again("Type the four digits that stand beside the link in your message.");
        };
        let store = &self.gateway.store;
        match kept::attempt(store, token, code, visit.now).await? {
            Tried::Right(_) => {}
            Tried::Wrong(left) => {
                return asks_again(&format!("These are not the digits of this link. {left} tries are left."));
            }
            Tried::Ended => {
                self.record("rejected_answer", format!("wrong_code: link of {}", link.person), None).await;
                return Ok(Ended::of("Too many wrong codes were tried. Sign in to answer.", link).page(visit));
            }
            Tried::Nothing => return Ok(Ended::unknown().page(visit)),
        }
        if !kept::use_up(store, token, visit.now).await? {
            return Ok(Ended::unknown().page(visit));
        }
        self.link_voted(&opened, (verb, reason), visit).await
    }

    async fn link_voted(
        &self,
        opened: &Opened,
        (verb, reason): (Verb, Option<String>),
        visit: &Visit<'_>,
    ) -> Result<Reply, Fault> {
        let Opened { token, link, kept: before, voter } = opened;
        let wish = Wish::Vote {
            by: voter.clone(),
            word: if verb == Verb::Approve { Word::Yes } else { Word::No },
            reason,
            digest: link.digest,
            bounds: None,
            evidence: Evidence::Account,
        };
        match say(&self.gateway.desk, &link.call, voter.clone(), |_, _| Ok(wish)).await {
            Ok(done) => {
                let stage = Stage::done(verb, done.approval.state.word());
                Ok(sent(visit, StatusCode::OK, (stage, Some(link.call.clone()))))
            }
            Err(fault) => {
                // Where others were faster it is void anyhow, and says by whom it was decided.
                let too_late = matches!(fault.code(), "not_open" | "late");
                if too_late || matches!(fault, Fault::Busy | Fault::Away(_)) {
                    let ends = before.approval.deadline;
                    kept::give_back(&self.gateway.store, token, link, ends).await?;
                }
                self.tried(&fault, (verb.word(), &link.call), None).await;
                Err(fault)
            }
        }
    }

    async fn behind(&self, visit: &Visit<'_>, text: &str) -> Result<Result<Opened, Ended>, Fault> {
        let store = &self.gateway.store;
        let Some(token) = Token::read(text) else { return Ok(Err(Ended::unknown())) };
        let Some(link) = kept::look(store, &token, visit.now).await? else { return Ok(Err(Ended::unknown())) };
        // Not by the desk: that would write down what the time has decided, and opening a link changes nothing.
        let Some(kept) = store.find_approval(&link.call).await? else { return Ok(Err(Ended::unknown())) };
        if let Some(void) = link.void(&kept.approval, visit.now) {
            let by = whose_word(&kept.approval).filter(|_| void == Void::Over).map(|by| format!(" {by}."));
            return Ok(Err(Ended::of(&format!("{void}.{}", by.unwrap_or_default()), &link)));
        }
        let people: &People = &self.gateway.desk.people.load();
        let Some(voter) = people.by_link(&link.person) else {
            return Ok(Err(Ended::of("Whom this link was for is not listed any more.", &link)));
        };
        Ok(Ok(Opened { token, link, kept, voter }))
    }
}

impl Opened {
    fn about(&self, now: Timestamp) -> Result<About, Fault> {
        Ok(About::of(Card::of(&self.kept, Some(&self.voter), now)?, &self.voter.person))
    }

    fn page(&self, visit: &Visit<'_>, notice: Option<String>) -> Result<Reply, Fault> {
        let about = self.about(visit.now)?;
        let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let form = match about.why_not() {
            Some(why) => Asked::None { why },
            None if is_prefetch(&visit.head.headers) => {
                Asked::None { why: "Your browser opened this page by itself. Open the link to answer.".to_owned() }
            }
            None => Asked::Open { token: self.token.expose().to_owned(), page: self.token.page(visit.now), notice },
        };
        let stage = Stage::Shown { about: Box::new(about), form };
        Ok(sent(visit, status, (stage, Some(self.link.call.clone()))))
    }
}

impl Ended {
    fn unknown() -> Self {
        let why =
            "It was used before, or what it was about is over. If a call still waits for you, it is in the inbox.";
        Self { why: why.to_owned(), call: None }
    }

    fn of(why: &str, link: &Link) -> Self {
        let mut words = why.chars();
        let first: String = words.next().into_iter().flat_map(char::to_uppercase).collect();
        Self { why: format!("{first}{}", words.as_str()), call: Some(link.call.clone()) }
    }

    fn page(self, visit: &Visit<'_>) -> Reply {
        sent(visit, StatusCode::GONE, (Stage::Ended { why: self.why }, self.call))
    }
}

/// Named to nobody, also not to ourselves, and in no index.
fn sent(visit: &Visit<'_>, status: StatusCode, (stage, call): (Stage, Option<String>)) -> Reply {
    let frame = Frame { nonce: visit.nonce.clone(), me: None, here: "", now: visit.now };
    let mut reply = html(status, &visit.nonce, &DecisionPage { frame, call, stage });
    let headers = reply.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow, noarchive"));
    reply
}

/// Nobody says such a thing of an address that a person opened.
fn is_prefetch(headers: &HeaderMap) -> bool {
    PREFETCH.iter().any(|name| headers.contains_key(*name))
}

/// A page that is named to nobody sends its form from an origin called `null`. Where a browser says that it was one of our own
/// pages all the same, or is none that says so, that is no stranger: to answer takes what stands in the link.
pub(super) fn own_origin(headers: &mut HeaderMap) {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let alone = headers.get_all(ORIGIN).iter().count() == 1;
    let null = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == b"null");
    if alone && null && site.is_none_or(|site| site == b"same-origin") {
        headers.remove(ORIGIN);
    }
}

/// Whether a form may be of a link's page: no browser says that it is of another site.
pub(super) fn may_be_ours(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site.as_bytes() == b"same-origin")
}
