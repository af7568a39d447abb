//! A gateway's identity room with an issuer and a book of keys, and an ear on everything that is logged.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use countersign::call::caller::Caller;
use countersign::clock::Timestamp;
use countersign::identity::{
    Accept, Arrival, BookFault, Challenge, ClaimNames, Identity, IssuerOptions, KeyBook, MemoryBook, Options, Reach,
    StoredKey,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use crate::issuer::Issuer;

pub(crate) const START: i64 = 1_800_000_000;
pub(crate) const GATEWAY: &str = "https://gw.example.com";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((START + seconds) * 1_000_000)
}

/// Claims that are in order, good for three hours.
pub(crate) fn claims(issuer: &Issuer) -> Value {
    json!({ "iss": issuer.url, "aud": GATEWAY, "sub": "u1", "exp": START + 10_800, "iat": START, "email": "alice@example.com" })
}

/// The same with some of them changed.
pub(crate) fn claims_with(issuer: &Issuer, changes: &Value) -> Value {
    let mut all = claims(issuer);
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

pub(crate) fn issuer_options(issuer: &Issuer) -> IssuerOptions {
    IssuerOptions {
        issuer: issuer.url.clone(),
        audience: "countersign".into(),
        jwks_uri: None,
        reach: Reach::Public,
        claims: ClaimNames::default(),
        clock_skew: Duration::from_mins(1),
    }
}

pub(crate) fn options(accept: Accept, issuers: Vec<IssuerOptions>) -> Options {
    Options { accept, issuers, public_url: GATEWAY.parse().unwrap(), scopes: Vec::new() }
}

pub(crate) fn identity(options: Options, book: Arc<dyn KeyBook>) -> Identity {
    LazyLock::force(&LOG);
    Identity::new(options, book).unwrap()
}

/// Takes tokens of one issuer.
pub(crate) fn for_tokens(issuer: &Issuer) -> Identity {
    identity(options(Accept::Tokens, vec![issuer_options(issuer)]), Arc::new(MemoryBook::default()))
}

pub(crate) fn bearer(proof: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::try_from(format!("Bearer {proof}")).unwrap());
    headers
}

/// Comes to the endpoint of all servers. Whatever the answer, nothing of the proof is left anywhere people look.
pub(crate) async fn come(identity: &Identity, proof: &str, now: i64) -> Result<Arc<Caller>, Challenge> {
    come_to(identity, proof, None, now).await
}

pub(crate) async fn come_to(
    identity: &Identity,
    proof: &str,
    server: Option<&str>,
    now: i64,
) -> Result<Arc<Caller>, Challenge> {
    let headers = bearer(proof);
    let result = identity.identify(Arrival { server, ..Arrival::from(&headers) }, at(now)).await;
    let mut said = format!("{result:?} {identity:?}");
    if let Err(challenge) = &result {
        let header = challenge.header().unwrap_or_default();
        said.extend([&challenge.to_string(), header, challenge.reason()]);
    }
    said.push_str(&String::from_utf8_lossy(&LOG.0.lock().unwrap()));
    for part in proof.split(['.', '_']).filter(|part| part.len() > 12) {
        assert!(!said.contains(part), "a part of the proof was repeated: {part}");
    }
    result
}

/// A book that counts how often it is opened and can be locked away.
#[derive(Default)]
pub(crate) struct CountingBook {
    pub(crate) keys: MemoryBook,
    pub(crate) opened: AtomicUsize,
    pub(crate) away: std::sync::atomic::AtomicBool,
}

impl KeyBook for CountingBook {
    fn find<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<StoredKey>, BookFault>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Box::pin(async { Err(BookFault("the disk is gone".into())) });
        }
        self.keys.find(id)
    }
}

/// Everything logged by any test, at every level.
#[derive(Clone)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

pub(crate) static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log(Arc::default());
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    log
});

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
