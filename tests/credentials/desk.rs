//! What a provider is handed: a call, what a rule asks for, and an order.

use std::sync::Arc;

use countersign::call::caller::{Caller, Person, Proof};
use countersign::call::{Action, Call, CallId, Parts};
use countersign::clock::{HandClock, Timestamp};
use countersign::credentials::jwt::Signing;
use countersign::credentials::jwt::keys::{Keys, USUAL_ROTATION};
use countersign::credentials::provider::{Bearer, Gone, Order};
use countersign::credentials::wanted::{About, Asked, Kind, Planned, Unfit, Wanted};
use countersign::facts::told::Facts;
use countersign::object;
use countersign::policy::finding::require::Credential;
use countersign::policy::finding::span::Span;
use countersign::secret::Secret;
use countersign::store::{Durability, Store, StoreOptions};
use countersign::wire::json::Object;

pub(crate) const LEASE: &str = "0190-lease-4711";
pub(crate) const CALLERS_TOKEN: &str = "canary.callers-token.4711";
/// 2023-11-14T22:13:20Z
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) struct Desk {
    pub(crate) call: Call,
    pub(crate) bearer: Bearer,
}

/// So many seconds after now.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((NOW + seconds) * 1_000_000)
}

pub(crate) fn span(seconds: u64) -> Span {
    Span::of_seconds(seconds).unwrap()
}

pub(crate) async fn store() -> Store {
    Store::open(&StoreOptions::new("sqlite::memory:", Durability::Process).unwrap()).await.unwrap()
}

/// A gateway that signs.
pub(crate) async fn signing() -> Signing<'static> {
    Signing {
        public_url: Some("https://gw.example.com/"),
        keys: Arc::new(Keys::new(store().await, USUAL_ROTATION)),
        clock: Arc::new(HandClock::at(at(0))),
    }
}

pub(crate) const fn gone(handle: Option<&str>) -> Gone<'_> {
    Gone { lease: LEASE, handle }
}

impl Desk {
    /// A call with these arguments of somebody who came with a token.
    pub(crate) fn new(arguments: Object) -> Self {
        let proof = Proof::Token {
            issuer: "https://login.example.com".into(),
            scopes: vec![],
            delegation: vec![],
            expires: NOW,
        };
        Self::proven(arguments, proof)
    }

    pub(crate) fn proven(arguments: Object, proof: Proof) -> Self {
        let caller = Caller {
            principal: "https://login.example.com#alice".to_owned(),
            agent: Some("claude".to_owned()),
            user: Some(Person { id: "alice@example.com".to_owned(), name: None }),
            groups: Vec::new(),
            proof,
        };
        let call = Call::new(Parts {
            id: CallId::new(at(0), [7; 10]),
            caller: Arc::new(caller),
            server: "orders".into(),
            action: Action::Tool("refund".to_owned()),
            params: object! { "name" => "refund", "arguments" => arguments },
            tool: None,
            arrived: at(0),
            naming: countersign::digest::Naming::new([5; 32]),
        });
        let bearer = Bearer {
            call: call.id.clone(),
            digest: call.digest,
            principal: call.caller.principal.clone(),
            agent: call.caller.agent.clone(),
            person: call.caller.user.as_ref().map(|user| user.id.clone()),
            server: "orders".to_owned(),
            target: "refund".to_owned(),
            token: Some(Secret::new(CALLERS_TOKEN.to_owned())),
        };
        Self { call, bearer }
    }

    /// What a provider plans for a rule that asks for this.
    pub(crate) fn plan(
        &self,
        plan: impl Fn(&Asked<'_>, &About<'_>) -> Result<Planned, Unfit>,
        (scope, ttl): (Option<&str>, u64),
    ) -> Result<Planned, Unfit> {
        let credential = Credential { provider: "it".to_owned(), scope: scope.map(str::to_owned), ttl: None };
        let facts = Facts::nothing(0);
        plan(&Asked { credential: &credential, ttl: span(ttl) }, &About { call: &self.call, facts: &facts })
    }

    /// The same, as it is ordered after the decision.
    pub(crate) fn wanted(
        &self,
        plan: impl Fn(&Asked<'_>, &About<'_>) -> Result<Planned, Unfit>,
        asked: (Option<&str>, u64),
    ) -> Wanted {
        let Planned { scope, reaches, ttl, standing, terms } = self.plan(plan, asked).unwrap();
        let (findings, into) = (vec!["p/r".to_owned()], Vec::new());
        Wanted {
            findings,
            provider: "it".to_owned(),
            kind: Kind::Jwt,
            scope,
            reaches,
            ttl,
            standing,
            into,
            terms,
            covered: false,
        }
    }

    pub(crate) fn order<'a>(&'a self, wanted: &'a Wanted) -> Order<'a> {
        let expires = at(i64::try_from(wanted.ttl.seconds()).unwrap());
        Order { lease: LEASE, wanted, bearer: &self.bearer, now: at(0), expires }
    }
}
