//! Who do the operator's own services say is on call?
//!
//! An answer is believed for a minute. A service that cannot be asked, or says what cannot be read, makes nobody wait: at most
//! two seconds, and then not again for a minute. Until it answers, what it said last holds for some hours, and after that
//! whoever stands in the configuration for this case. Names that are no known people are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use http::{HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::routing::duty::{OnCall, Service, Source};
use crate::clock::{Clock, Timestamp};
use crate::downstream::http::fetch::fetch;
use crate::downstream::http::guard::{Private, reach_of};

/// An answer is believed for so long, and after a failure nothing is asked for so long, in microseconds.
const FRESH: i64 = 60_000_000;
/// What was said last holds for so long where nothing newer can be had, in microseconds.
const HELD: i64 = 12 * 3_600_000_000;
/// Nobody is made to wait for longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many people of one answer count.
const MOST: usize = 64;

/// Who is on call, by everybody who says so.
#[derive(Debug)]
pub struct Duties {
    all: Vec<Duty>,
    people: BTreeSet<String>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Duty {
    name: String,
    on_call: OnCall,
    kept: ArcSwap<Kept>,
    /// Whoever has it asks.
    turn: Mutex<()>,
}

/// What is known of a service.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// When it was asked last.
    tried: Option<Timestamp>,
    /// What it said last, and when.
    said: Option<(Timestamp, Vec<String>)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Silent {
    #[error("it cannot be asked: {0}")]
    Unasked(String),
    #[error("it did not answer within two seconds")]
    Late,
    #[error("it answered with status {0}, and 200 is wanted")]
    Status(StatusCode),
    #[error("its answer is not {{\"people\": [\"NAME\"]}}")]
    Unreadable,
}

/// All that is read of an answer.
#[derive(Deserialize)]
struct Answer {
    people: Vec<String>,
}

impl Duties {
    /// From the configuration: `[on_call]`, and the names of `[people]`.
    pub fn new(on_call: BTreeMap<String, OnCall>, people: BTreeSet<String>, clock: Arc<dyn Clock>) -> Self {
        let duty = |(name, on_call)| Duty { name, on_call, kept: ArcSwap::default(), turn: Mutex::default() };
        Self { all: on_call.into_iter().map(duty).collect(), people, clock }
    }

    /// Who is on call now, by the names of `[on_call]`. Takes two seconds at most.
    pub async fn now(&self) -> BTreeMap<String, Vec<String>> {
        let now = self.clock.now();
        let all = self.all.iter().map(|duty| async move { (duty.name.clone(), self.of(duty, now).await) });
        join_all(all).await.into_iter().collect()
    }

    async fn of(&self, duty: &Duty, now: Timestamp) -> Vec<String> {
        let named = match &duty.on_call.source {
            Source::Rota(rota) => rota.now(now).map(str::to_owned).into_iter().collect(),
            Source::Service(service) => duty.asked(service, now).await,
        };
        let known: Vec<String> = named.into_iter().filter(|name| self.people.contains(name)).collect();
        if known.is_empty() { duty.on_call.fallback.clone() } else { known }
    }
}

impl Duty {
    async fn asked(&self, service: &Service, now: Timestamp) -> Vec<String> {
        if !self.kept.load().is_fresh(now) && tokio::time::timeout(PATIENCE, self.ask(service, now)).await.is_err() {
            self.keep(Err(Silent::Late), now);
        }
        self.kept.load().said(now)
    }

    async fn ask(&self, service: &Service, now: Timestamp) {
        let _turn = self.turn.lock().await;
        // Somebody else may have asked meanwhile.
        if !self.kept.load().is_fresh(now) {
            self.keep(answer(service).await, now);
        }
    }

    fn keep(&self, answer: Result<Vec<String>, Silent>, now: Timestamp) {
        if let Err(why) = &answer {
            tracing::warn!(on_call = self.name, %why, "nobody says who is on call; who was, or who is named for this, is told");
        }
        let said = answer.ok().map(|people| (now, people));
        // Whoever gave up takes away nothing that another was told meanwhile.
        self.kept.rcu(|kept| Kept { tried: Some(now), said: said.clone().or_else(|| kept.said.clone()) });
    }
}

impl Kept {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.tried.is_some_and(|tried| (0..FRESH).contains(&now.micros().saturating_sub(tried.micros())))
    }

    fn said(&self, now: Timestamp) -> Vec<String> {
        let holds = |said: &&(Timestamp, Vec<String>)| now.micros().saturating_sub(said.0.micros()) < HELD;
        self.said.as_ref().filter(holds).map(|(_, people)| people.clone()).unwrap_or_default()
    }
}

async fn answer(service: &Service) -> Result<Vec<String>, Silent> {
    let mut request = Request::get(service.url.as_str()).header(header::ACCEPT, "application/json");
    if let Some(bearer) = &service.bearer {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", bearer.expose()))
            .map_err(|_| Silent::Unasked("`bearer` cannot stand in a header".to_owned()))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Vec::new()).map_err(|_| Silent::Unasked("its address cannot be asked".to_owned()))?;
    let private = if service.allow_private { Private::Allowed } else { Private::Refused };
    let reach = reach_of(&service.url, private);
    let response = fetch(request, reach, PATIENCE).await.map_err(|fault| Silent::Unasked(fault.to_string()))?;
    if response.status() != StatusCode::OK {
        return Err(Silent::Status(response.status()));
    }
    let Answer { mut people } = serde_json::from_slice(response.body()).map_err(|_| Silent::Unreadable)?;
    people.truncate(MOST);
    Ok(people)
}

#[cfg(test)]
mod tests;
