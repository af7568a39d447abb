//! Is there enough left of every limit?
//!
//! A call that may run is charged last, when nothing but the record can still stop it: one that is denied, or whose
//! server cannot be reached, takes nothing. All its limits are charged together or none. What cannot be counted may not
//! run.

use super::Gateway;
use super::answer::{Refusal, Retry};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::object;
use crate::policy::decision::{Decision, Denial, DenyCode, Effect, Judgement, Said};
use crate::policy::finding::limit::{LimitTerms, Then};
use crate::store::limits::{Charge, Charged, Exceeded};
use crate::wire::json::Value;

impl Gateway {
    /// Charges what the rules count of this call, or turns the decision.
    pub(super) async fn charge(&self, judgement: &mut Judgement) -> Result<(), Refusal> {
        let limits = judgement.apply.limit.clone();
        if limits.is_empty() {
            return Ok(());
        }
        let charges: Vec<Charge> = limits.iter().map(charge).collect();
        let now = self.clock.now();
        match self.store.charge(&charges, now).await {
            Ok(Charged::Done(_)) => Ok(()),
            Ok(Charged::Exceeded(exceeded)) => Err(turn(judgement, &limits, &exceeded, now)),
            Err(error) => {
                tracing::error!(%error, "limits cannot be counted; what they are about may not run");
                let detail = Some(format!("the limits cannot be counted: {error}"));
                judgement.decision = Decision::Deny(Denial { code: DenyCode::LimitExceeded, detail });
                let reason = "the limits this call counts under cannot be counted right now, so it may not run";
                Err(Refusal::new("limits_unavailable", Retry::Later, reason)
                    .hint("whoever runs this gateway finds the cause in its log"))
            }
        }
    }
}

fn charge(said: &Said<LimitTerms>) -> Charge {
    let LimitTerms { key, max, per, cost, .. } = &said.terms;
    let named = object! {
        "finding" => said.finding.as_str(),
        "key" => key.iter().map(Value::from).collect::<Value>(),
        "per" => per.seconds(),
    };
    let per_micros = i64::try_from(per.seconds()).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    // A digest, because a key may be somebody's name.
    Charge { name: Digest::of_object("limit", &named).to_string(), max: *max, per_micros, cost: *cost }
}

/// What follows from limits that are exceeded: a no, or a hold when every one of them says so.
fn turn(judgement: &mut Judgement, limits: &[Said<LimitTerms>], exceeded: &[Exceeded], now: Timestamp) -> Refusal {
    let over: Vec<(&Said<LimitTerms>, &Exceeded)> =
        exceeded.iter().filter_map(|over| Some((limits.get(over.charge)?, over))).collect();
    let findings: Vec<String> = over.iter().map(|(said, _)| said.finding.clone()).collect();
    let about = judgement
        .findings
        .iter()
        .filter(|finding| finding.effect == Effect::Limit && findings.contains(&finding.name()));
    let reasons: Vec<&str> = about.filter_map(|finding| finding.reason.as_deref()).collect();
    let counts: Vec<String> = over.iter().map(|(said, over)| counted(&said.terms, over, now)).collect();
    let mut reason = reasons.iter().map(|reason| format!("{}. ", reason.trim_end_matches('.'))).collect::<String>();
    reason.push_str(&counts.join("; "));
    let detail = over.iter().zip(&counts).map(|((said, _), count)| format!("{}: {count}", said.finding));
    let detail = detail.collect::<Vec<_>>().join("; ");

    let hold = |(said, _): &(&Said<LimitTerms>, _)| match &said.terms.then {
        Then::Hold(terms) => Some(Said { finding: said.finding.clone(), terms: terms.clone() }),
        Then::Deny => None,
    };
    let holds: Option<Vec<_>> = over.iter().map(hold).collect();
    let denied = Decision::Deny(Denial { code: DenyCode::LimitExceeded, detail: Some(detail) });
    let decision = std::mem::replace(&mut judgement.decision, denied);
    if let (Some(holds), Decision::Allow(grant)) = (holds, decision) {
        let mut holds = holds.into_iter();
        if let Some(first) = holds.next() {
            judgement.decision = Decision::Hold(holds.fold(grant.held(first), |held, by| held.also(by)));
            return Refusal { findings, ..Refusal::held(reason) };
        }
    }
    let fits = over.iter().map(|(_, over)| over.fits).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
    let retry = if fits.is_some() { Retry::Later } else { Retry::Useless };
    let less = over.iter().map(|(_, over)| over.left).min().filter(|left| *left > 0);
    let hint = match (fits, less) {
        (Some(fits), Some(left)) => format!("wait {} and repeat it, or ask for no more than {left}", until(fits, now)),
        (Some(fits), None) => format!("wait {} and repeat it", until(fits, now)),
        (None, Some(left)) => format!("ask for no more than {left}"),
        (None, None) => "ask whoever runs this gateway for a higher limit".to_owned(),
    };
    Refusal { findings, ..Refusal::new("limit_exceeded", retry, reason).hint(hint) }
}

fn counted(terms: &LimitTerms, over: &Exceeded, now: Timestamp) -> String {
    let LimitTerms { key, max, per, cost, .. } = terms;
    let what = key.first().map_or("calls", String::as_str);
    let then = match over.fits {
        Some(fits) => format!("it fits in {}", until(fits, now)),
        None => "it never fits".to_owned(),
    };
    format!("the limit `{what}` is {max} in {per}; {} of it are left and this call needs {cost}; {then}", over.left)
}

/// A length of time in words, never too short.
fn until(fits: Timestamp, now: Timestamp) -> String {
    let micros = u64::try_from(fits.micros().saturating_sub(now.micros())).unwrap_or(0);
    let seconds = micros.div_ceil(1_000_000).max(1);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds.div_ceil(60)),
        7200..=172_799 => format!("{} h", seconds.div_ceil(3600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_told_in_words_and_never_too_short() {
        let at = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000).saturating_add(1));
        for (seconds, words) in
            [(0, "1 s"), (41, "42 s"), (300, "6 min"), (7199, "2 h"), (86_400, "25 h"), (200_000, "3 days")]
        {
            assert_eq!(until(at(seconds), Timestamp::default()), words);
        }
    }
}
