//! How does somebody enrol a passkey, sign in with it, and sign an answer with it?
//!
//! Each in two steps: the browser asks what is to be signed, and comes back with the signature. In between the gateway keeps
//! what it asked for, for two minutes and one use. Whoever has a passkey already signs with it to add another: a browser
//! that is signed in is not enough to put a key beside it.

use std::time::Duration;

use futures_util::TryFutureExt as _;
use serde_json::{Value, json};

use super::Visit;
use super::reply::{document, redirect};
use crate::approval::Approval;
use crate::approval::evidence::Evidence;
use crate::approval::vote::Voter;
use crate::call::CallId;
use crate::clock::{Timestamp, chance};
use crate::digest::Digest;
use crate::front::http::Listener;
use crate::front::refusal::Reply;
use crate::gateway::desk::Wish;
use crate::identity::sign_in::{How, owner};
use crate::passkey::{self, Created, Nonce, PasskeyError, Person, PublicKey, Site, Used, challenge, went_on};
use crate::review::answer::VERBS;
use crate::review::card::Shown;
use crate::review::fault::Fault;
use crate::review::pages::address::back;
use crate::review::pages::saying::{Form, answer};
use crate::review::risk::risk;
use crate::store::once::Once;
use crate::store::passkeys::KeptPasskey;

/// How long somebody may take to touch a passkey.
const PATIENCE: Duration = Duration::from_mins(2);
/// Passkeys of one account.
const MOST: usize = 10;
/// Characters of a passkey's name.
const LONGEST_NAME: usize = 60;

const ENROLS: &str = "passkey";
const SIGNS_IN: &str = "passkey sign-in";
const ANSWERS: &str = "passkey answer";

impl Listener {
    /// What the browser makes a passkey with.
    pub(super) async fn begin_passkey(&self, visit: &Visit<'_>) -> Result<Reply, Fault> {
        let (site, account) = (self.site()?, account(visit)?);
        let mine = self.gateway.store.passkeys_of(account).await?;
        if mine.len() >= MOST {
            return Err(PasskeyError::TooMany.into());
        }
        let nonce = self.ask(ENROLS, account, visit.now).await?;
        let known = || mine.iter().map(|kept| kept.id.as_str());
        let name = self.voter(visit)?.person.as_str();
        let create = site.creation(Person { account, name }, known(), &nonce);
        let sign = (!mine.is_empty()).then(|| site.request(known(), &passkey::enrolment(&nonce, account)));
        Ok(document(&json!({ "nonce": nonce.to_string(), "create": create, "sign": sign })))
    }

    /// It was made.
    pub(super) async fn add_passkey(&self, visit: &Visit<'_>, form: &Form) -> Result<Reply, Fault> {
        let (site, account) = (self.site()?, account(visit)?);
        let nonce = self.asked(ENROLS, account, form, visit.now).await?;
        let created = Created::read(form.one("created").unwrap_or_default().as_bytes())?;
        let made = site.enrol(&created, account, &nonce)?;
        if !self.gateway.store.passkeys_of(account).await?.is_empty() {
            let challenge = passkey::enrolment(&nonce, account);
            let kept = self.signed((site, form), nonce, &challenge, visit.now).await?;
            if kept.account != account {
                return Err(PasskeyError::Unknown.into());
            }
        }
        let name = form.one("name").unwrap_or("Passkey").chars().take(LONGEST_NAME).collect();
        let kept = KeptPasskey {
            id: made.credential_id.to_string(),
            account: account.to_owned(),
            name,
            public_key: made.public_key.to_string(),
            counter: made.counter,
            made: visit.now,
            used: None,
        };
        self.gateway.store.add_passkey(&kept).await?;
        self.operated("passkey_added", format!("{account}: {} with the key {}", kept.id, kept.public_key)).await?;
        Ok(redirect("/me"))
    }

    pub(super) async fn remove_passkey(&self, visit: &Visit<'_>, form: &Form) -> Result<Reply, Fault> {
        let (account, id) = (account(visit)?, form.one("id").unwrap_or_default());
        if self.gateway.store.remove_passkey(account, id).await? {
            self.operated("passkey_removed", format!("{account}: {id}")).await?;
        }
        Ok(redirect("/me"))
    }

    /// What whoever started the gateway signs in with.
    pub(super) async fn begin_sign_in(&self, visit: &Visit<'_>) -> Result<Reply, Fault> {
        let site = self.site()?;
        let nonce = self.ask(SIGNS_IN, "", visit.now).await?;
        Ok(document(&json!({ "nonce": nonce.to_string(), "sign": site.request([], &passkey::sign_in(&nonce)) })))
    }

    /// They signed. Others sign in where they have an account: their provider says every time whether they still do.
    pub(super) async fn finish_sign_in(&self, visit: &Visit<'_>, form: &Form) -> Result<Reply, Fault> {
        let site = self.site()?;
        let nonce = self.asked(SIGNS_IN, "", form, visit.now).await?;
        let kept = self.signed((site, form), nonce, &passkey::sign_in(&nonce), visit.now).await;
        let caller = owner::owner();
        match kept {
            Ok(kept) if self.doors.owner && kept.account == caller.principal => {}
            Ok(_) => {
                self.record("rejected_identity", "a passkey that signs nobody in".to_owned(), None).await;
                return Err(Fault::NotSignedIn(
                    "this passkey signs answers, and signs nobody in; continue with your provider".to_owned(),
                ));
            }
            Err(fault) => {
                self.record("rejected_identity", format!("sign-in by passkey: {}", fault.code()), None).await;
                return Err(fault);
            }
        }
        let then = back(form.one("then").map(str::to_owned));
        self.signed_in(visit, (&caller, How::Passkey), "by a passkey", &then).await
    }

    /// What an answer is signed with.
    pub(super) async fn begin_answer(
        &self,
        visit: &Visit<'_>,
        (id, verb): (&str, &str),
        form: &Form,
    ) -> Result<Reply, Fault> {
        let (site, account) = (self.site()?, account(visit)?);
        let voter = self.voter(visit)?;
        let kept = self.seen(voter, id).await?;
        let wish = wish((voter, &kept.approval), (verb, form), &Shown::of(&kept)?)?;
        let mine = self.passkeys(voter).await?;
        if mine.is_empty() {
            return Err(Fault::LookFirst("this wants a passkey, and you have none; add one at /me".to_owned()));
        }
        let nonce = self.ask(ANSWERS, account, visit.now).await?;
        let call = CallId::from_record(id);
        let signed = wish.signed(&call).ok_or(PasskeyError::Challenge)?;
        let sign = site.request(mine.iter().map(|kept| kept.id.as_str()), &challenge(&nonce, &signed));
        Ok(document(&json!({ "nonce": nonce.to_string(), "sign": sign })))
    }

    /// By what this answer is given: by a passkey where one signed, else by the browser that is signed in.
    pub(super) async fn evidence(&self, visit: &Visit<'_>, form: &Form) -> Result<Evidence, Fault> {
        if form.one("credential").is_none() {
            return Ok(Evidence::SignedIn);
        }
        let nonce = self.asked(ANSWERS, account(visit)?, form, visit.now).await?;
        let (used, key, _) = self.used(form).await?;
        // Whose it is, what it signed and whether its counter goes on is looked at where the answer is taken.
        Ok(Evidence::Passkey(Box::new(self.site()?.assertion(&used, &key, nonce)?)))
    }

    /// All passkeys this person may answer with.
    pub(super) async fn passkeys(&self, voter: &Voter) -> Result<Vec<KeptPasskey>, Fault> {
        let mut mine = self.gateway.store.passkeys_of(&voter.account).await?;
        for account in voter.accounts.iter().filter(|account| **account != voter.account) {
            mine.extend(self.gateway.store.passkeys_of(account).await?);
        }
        Ok(mine)
    }

    fn site(&self) -> Result<&Site, Fault> {
        self.doors.site.as_ref().map_err(|why| PasskeyError::NoSite(why.clone()).into())
    }

    async fn ask(&self, kind: &'static str, whose: &str, now: Timestamp) -> Result<Nonce, Fault> {
        let nonce = Nonce::from(chance::<32>()?);
        let micros = i64::try_from(PATIENCE.as_micros()).unwrap_or(i64::MAX);
        let ends = Timestamp::from_micros(now.micros().saturating_add(micros));
        self.gateway.store.put_once(Once { name: name(&nonce), kind, ends, body: whose }).await?;
        Ok(nonce)
    }

    async fn asked(&self, kind: &'static str, whose: &str, form: &Form, now: Timestamp) -> Result<Nonce, Fault> {
        let nonce = form.one("nonce").and_then(|text| Nonce::try_from(text.to_owned()).ok());
        let nonce = nonce.ok_or(PasskeyError::Late)?;
        let kept = self.gateway.store.take_once(name(&nonce), kind, now).await?;
        if kept.as_deref() == Some(whose) { Ok(nonce) } else { Err(PasskeyError::Late.into()) }
    }

    /// What a form says was signed, and the passkey that is said to have.
    async fn used(&self, form: &Form) -> Result<(Used, PublicKey, KeptPasskey), Fault> {
        let used = Used::read(form.one("credential").unwrap_or_default().as_bytes())?;
        let kept = self.gateway.store.find_passkey(&used.credential_id()).await?.ok_or(PasskeyError::Unknown)?;
        let key = PublicKey::try_from(kept.public_key.clone()).map_err(|_| PasskeyError::Unknown)?;
        Ok((used, key, kept))
    }

    /// The passkey that signed a challenge, and whose counter went on by it.
    async fn signed(
        &self,
        (site, form): (&Site, &Form),
        nonce: Nonce,
        challenge: &[u8; 32],
        now: Timestamp,
    ) -> Result<KeptPasskey, Fault> {
        let (used, key, kept) = self.used(form).await?;
        let assertion = site.assertion(&used, &key, nonce)?;
        assertion.is_over(challenge)?;
        let counter = assertion.counter()?;
        went_on(kept.counter, counter)?;
        let taken = self.gateway.store.used_passkey(&kept.id, counter, now).map_err(Fault::from).await?;
        if taken { Ok(kept) } else { Err(PasskeyError::Cloned.into()) }
    }
}

/// What is wished by a form.
pub(super) fn wish(
    (voter, approval): (&Voter, &Approval),
    (verb, form): (&str, &Form),
    shown: &Shown,
) -> Result<Wish, Fault> {
    let said = answer(verb, form, (shown, risk(shown)))?;
    let known = VERBS.iter().find(|known| known.name == verb).ok_or(Fault::NoRoute)?;
    (known.read)(&said)?(voter.clone(), approval)
}

fn account<'a>(visit: &'a Visit<'_>) -> Result<&'a str, Fault> {
    visit.sign_in.as_ref().map(|found| found.caller.principal.as_str()).ok_or(Fault::SignedOut)
}

fn name(nonce: &Nonce) -> Digest {
    Digest::of_bytes("passkey nonce", nonce.to_string().as_bytes())
}

/// What a program is told of a fault.
pub(super) fn told(fault: &Fault) -> Value {
    let problem = fault.problem();
    json!({ "code": problem.code, "detail": problem.detail })
}
