//! What do all metrics say right now?

use std::sync::Arc;

use super::instrument::{Counter, Family, Histogram};
use super::{
    ANCHOR, APPROVALS, BUILD, BUNDLE, CALLS, CLIENT, CLOCK, DELIVERIES, DROPPED, Definition, FAILURES, HELD, HOLDS,
    LEASES, LOG, Lag, MINTED, Measured, POLICY, Point, READY, SERVER, SESSIONS, STUCK, UNWRITTEN, VOTES, Value, WRITES,
};
use crate::gateway::Gateway;
use crate::telemetry::health::readiness;

/// Reads everything.
pub async fn gather(gateway: &Gateway) -> Vec<Measured> {
    let counted = gateway.lookout.count(&gateway.store).await;
    let (metrics, now) = (&gateway.metrics, gateway.clock.now());
    let lag = |lag: &Lag| lag.behind(now).map(|behind| behind.as_secs_f64());
    let ready = u64::from(readiness(gateway).await.is_ready());
    let open = counted.open.iter().map(|(state, count)| point(&[state], level(*count)));
    let deliveries = counted.deliveries.iter();
    let bundle = gateway.judge.digest().map(|digest| digest.to_string());
    let measured = |of, points| Measured { of, points };
    vec![
        spreads(&SERVER, &metrics.server),
        spreads(&CLIENT, &metrics.client),
        counts(&CALLS, &metrics.calls),
        measured(&HOLDS, open.collect()),
        spreads(&HELD, &metrics.held),
        counts(&VOTES, &metrics.votes),
        counts(&APPROVALS, &metrics.approvals),
        spreads(&POLICY, &metrics.policy),
        measured(&WRITES, vec![point(&[], spread(gateway.recorder.took()))]),
        measured(&UNWRITTEN, vec![point(&[], Value::Count(gateway.recorder.failed().count()))]),
        measured(
            &DELIVERIES,
            deliveries.map(|(channel, state, count)| point(&[channel, state], level(*count))).collect(),
        ),
        spreads(&MINTED, &metrics.minted),
        measured(&LEASES, counted.leases.iter().map(|(state, count)| point(&[state], level(*count))).collect()),
        counts(&STUCK, &metrics.stuck),
        counts(&DROPPED, &metrics.dropped),
        counts(&FAILURES, &metrics.failures),
        measured(&SESSIONS, vec![point(&[], level(u64::try_from(gateway.sessions.count()).unwrap_or(u64::MAX)))]),
        measured(&CLOCK, metrics.clock.value().map(|off| point(&[], Value::Level(off))).into_iter().collect()),
        measured(&LOG, lag(&metrics.log).map(|behind| point(&[], Value::Level(behind))).into_iter().collect()),
        measured(&ANCHOR, lag(&metrics.anchor).map(|behind| point(&[], Value::Level(behind))).into_iter().collect()),
        measured(&READY, vec![point(&[], level(ready))]),
        measured(&BUILD, vec![point(&[env!("CARGO_PKG_VERSION")], level(1))]),
        measured(&BUNDLE, bundle.iter().map(|digest| point(&[digest], level(1))).collect()),
    ]
}

fn counts<const N: usize>(of: &'static Definition, family: &Family<N, Counter>) -> Measured {
    each(of, family, |counter| Value::Count(counter.count()))
}

fn spreads<const N: usize>(of: &'static Definition, family: &Family<N, Histogram>) -> Measured {
    each(of, family, spread)
}

fn each<const N: usize, C>(of: &'static Definition, family: &Family<N, C>, read: impl Fn(&C) -> Value) -> Measured {
    let points = family.all();
    let points = points.iter().map(|one| Point { labels: one.labels.to_vec(), value: read(&one.counted) });
    Measured { of, points: points.collect() }
}

fn spread(histogram: &Histogram) -> Value {
    Value::Spread(Box::new(histogram.spread()))
}

fn level(count: u64) -> Value {
    // Counts this large are told as the largest there is.
    Value::Level(u32::try_from(count).map_or_else(|_| f64::from(u32::MAX), f64::from))
}

fn point(labels: &[&str], value: Value) -> Point {
    Point { labels: labels.iter().map(|label| Arc::from(*label)).collect(), value }
}
