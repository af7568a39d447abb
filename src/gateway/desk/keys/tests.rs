//! From a passkey that is made to a call that may run, and everything in between that stops it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::approval::Approval;
use crate::approval::asker::Asker;
use crate::approval::event::Refused;
use crate::approval::people::{Listed, People};
use crate::call::caller::{Caller, Proof};
use crate::clock::{Clock as _, SystemClock, Timestamp};
use crate::digest::Digest;
use crate::gateway::desk::{Claimant, Done};
use crate::passkey::tests::authenticator::{Authenticator, site};
use crate::passkey::{Created, Nonce, Person, Signed, Used, challenge};
use crate::store::entries::Wanted;
use crate::store::{Durability, Store, StoreOptions};

const ADA: &str = "https://issuer.example#ada";

struct Office {
    desk: Arc<Desk>,
    store: Store,
    ada: Voter,
}

impl Office {
    async fn open() -> Self {
        let options = StoreOptions::new("sqlite::memory:", Durability::Process).unwrap();
        let store = Store::open(&options).await.unwrap();
        let desk = Desk::new(store.clone(), Arc::new(SystemClock));
        let accounts = [ADA.to_owned(), "os:ada".to_owned()].into();
        let roles = ["reviewer".to_owned()].into();
        let ada = Listed { name: "ada".to_owned(), accounts, roles, ..Listed::default() };
        desk.people.store(Arc::new(People::new([ada])));
        let proof = Proof::Os { uid: 1 };
        let caller = Caller { principal: "os:ada".to_owned(), agent: None, user: None, groups: vec![], proof };
        let ada = desk.people.load().voter(&caller).unwrap();
        Self { desk, store, ada }
    }

    /// A passkey that is made as a browser makes one.
    async fn enrol(&self, key: &Authenticator, account: &str) -> KeptPasskey {
        let (site, nonce) = (site(), Nonce::from([1; 32]));
        let created = key.create(&site.creation(Person { account, name: "Ada" }, [], &nonce));
        let created = Created::read(created.to_string().as_bytes()).unwrap();
        let made = site.enrol(&created, account, &nonce).unwrap();
        let kept = KeptPasskey {
            id: made.credential_id.to_string(),
            account: account.to_owned(),
            name: "phone".to_owned(),
            public_key: made.public_key.to_string(),
            counter: made.counter,
            made: Timestamp::from_micros(1),
            used: None,
        };
        self.store.add_passkey(&kept).await.unwrap();
        kept
    }

    /// A call that waits for a passkey's yes.
    async fn waiting(&self, id: &str) -> Approval {
        let hold = json!({ "finding": "p/x", "reviewers": ["role:reviewer"], "evidence": "passkey" });
        let agreement = serde_json::from_value(json!({ "all_of": [hold] })).unwrap();
        let names = (CallId::from_record(id), Digest::of_bytes("call", id.as_bytes()), Digest::of_bytes("t", b""));
        let approval = Approval::open(names, Asker::default(), agreement, SystemClock.now());
        assert!(self.desk.open(approval.clone(), "{}".to_owned(), vec![]).await.unwrap());
        approval
    }

    fn says(&self, word: Word, approval: &Approval) -> Wish {
        let (by, reason, digest) = (self.ada.clone(), Some("seen".to_owned()), approval.summary());
        Wish::Vote { by, word, reason, digest, bounds: None, evidence: Evidence::SignedIn }
    }

    /// The same, signed as a browser has it signed.
    fn signed(&self, key: &Authenticator, word: Word, approval: &Approval) -> Wish {
        let (site, nonce, wish) = (site(), Nonce::from([2; 32]), self.says(word, approval));
        let options = site.request([], &challenge(&nonce, &wish.signed(&approval.id).unwrap()));
        let used = Used::read(key.get(&options).to_string().as_bytes()).unwrap();
        let assertion = site.assertion(&used, &key.public_key(), nonce).unwrap();
        wish.with_evidence(Evidence::Passkey(Box::new(assertion)))
    }

    async fn claim(&self, approval: &Approval) -> Result<Done, DeskError> {
        let claimant = Claimant { attempt: "1".to_owned(), digest: approval.digest, entries: vec![] };
        self.desk.act(approval.id.as_str(), Wish::Claim(claimant)).await
    }
}

/// A22: what the book holds of a yes is enough to check it, also for whoever has nothing else.
#[tokio::test]
async fn a_call_runs_with_a_passkey_s_yes_that_the_book_proves() {
    let (office, mut key) = (Office::open().await, Authenticator::es256(1));
    office.enrol(&key, ADA).await;
    key.counter = 7;
    let waits = office.waiting("call-1").await;
    let voted = office.desk.act("call-1", office.signed(&key, Word::Yes, &waits)).await.unwrap().approval;
    assert_eq!(voted.state.word(), "approved");
    assert!(office.claim(&waits).await.unwrap().leave.is_some());
    let kept = office.store.find_passkey(&voted.votes[0].evidence.assertion().unwrap().credential_id()).await.unwrap();
    assert_eq!(kept.unwrap().counter, 7);

    let wanted = Wanted { events: vec!["voted".to_owned()], ..Wanted::default() };
    let written = office.store.latest(&wanted, 10).await.unwrap().pop().unwrap();
    let told: Value = serde_json::from_str(&written.body).unwrap();
    assert_eq!((&told["evidence"], &told["word"]), (&json!("passkey"), &json!("yes")));
    let assertion: Assertion = serde_json::from_value(told["assertion"].clone()).unwrap();
    let call = written.call.unwrap();
    let digest = Digest::parse(told["digest"].as_str().unwrap()).unwrap();
    let signed = Signed { call: &call, digest, word: Word::Yes, reason: told["reason"].as_str(), bounds: None };
    assertion.verify(&signed).unwrap();
    assertion.verify(&Signed { reason: None, ..signed }).unwrap_err();
}

fn why(acted: Result<Done, DeskError>) -> PasskeyError {
    match acted {
        Err(DeskError::Passkey(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// A21, A22, IDN-13: another's passkey, another call's signature, and a copy of a passkey say nothing.
#[tokio::test]
async fn only_one_s_own_passkey_that_signed_exactly_this_says_yes() {
    let (office, mut key) = (Office::open().await, Authenticator::ed25519(1));
    let (one, two) = (office.waiting("call-1").await, office.waiting("call-2").await);
    let act = async |wish| office.desk.act("call-1", wish).await;
    assert_eq!(why(act(office.signed(&key, Word::Yes, &one)).await), PasskeyError::Unknown, "it was never enrolled");
    office.enrol(&key, "https://issuer.example#eve").await;
    assert_eq!(why(act(office.signed(&key, Word::Yes, &one)).await), PasskeyError::Unknown, "it is another's");
    let mut own = Authenticator::ed25519(2);
    office.enrol(&own, "os:ada").await;
    std::mem::swap(&mut key.id, &mut own.id);
    assert_eq!(why(act(office.signed(&key, Word::Yes, &one)).await), PasskeyError::Unknown, "the name is not the key");
    std::mem::swap(&mut key.id, &mut own.id);
    assert_eq!(why(act(office.signed(&own, Word::Yes, &two)).await), PasskeyError::Challenge);
    let Wish::Vote { evidence, .. } = office.signed(&own, Word::No, &one) else { panic!() };
    let turned = office.says(Word::Yes, &one).with_evidence(evidence);
    assert_eq!(why(act(turned).await), PasskeyError::Challenge, "a no is no yes");
    let plain = act(office.says(Word::Yes, &one)).await;
    assert!(matches!(plain, Err(DeskError::Refused(Refused::Evidence(_)))), "{plain:?}");

    own.counter = 5;
    office.desk.act("call-2", office.signed(&own, Word::Yes, &two)).await.unwrap();
    for counter in [5, 4, 0] {
        own.counter = counter;
        assert_eq!(why(act(office.signed(&own, Word::Yes, &one)).await), PasskeyError::Cloned);
    }
    assert!(office.desk.look("call-1").await.unwrap().votes.is_empty(), "nothing of it was written down");
    // Whatever the passkey is worth, a no is one.
    let no = act(office.signed(&own, Word::No, &one)).await.unwrap().approval;
    assert_eq!((no.state.word(), &no.votes[0].evidence), ("rejected", &Evidence::Account));
}

/// IDN-12: a passkey that was removed, because it was lost, lets nothing run any more.
#[tokio::test]
async fn a_passkey_that_is_removed_takes_its_yes_with_it() {
    let (office, key) = (Office::open().await, Authenticator::es256(1));
    let kept = office.enrol(&key, ADA).await;
    let waits = office.waiting("call-1").await;
    office.desk.act("call-1", office.signed(&key, Word::Yes, &waits)).await.unwrap();
    assert!(office.store.remove_passkey(ADA, &kept.id).await.unwrap());
    let refused = office.claim(&waits).await;
    assert!(matches!(refused, Err(DeskError::Refused(Refused::QuorumGone))), "{refused:?}");
}
