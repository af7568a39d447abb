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
use crate::policy::decision::{Agreement, Decision, Denial, DenyCode, Effect, Judgement, Said};
use crate::policy::finding::hold::HoldTerms;
use crate::policy::finding::limit::{LimitTerms, Then};
use crate::store::StoreError;
use crate::store::limits::{Charge, Charged, Exceeded};
use crate::wire::json::Value;

impl Gateway {
    /// Turns a call into one that waits for people, where a rule wants that of what would exceed its limit. Nothing is charged
    /// yet; but nobody is asked about a call that another limit forbids.
    pub(super) async fn reckon(&self, judgement: &mut Judgement) -> Result<(), Refusal> {
        let asks = |said: &Said<LimitTerms>| matches!(said.terms.then, Then::Hold(_));
        let matters = match &judgement.decision {
            Decision::Allow(_) => judgement.apply.limit.iter().any(asks),
            Decision::Hold(_) => !judgement.apply.limit.is_empty(),
            Decision::Deny(_) => false,
        };
        if !matters {
            return Ok(());
        }
        let limits = judgement.apply.limit.clone();
        let charges: Vec<Charge> = limits.iter().map(charge).collect();
        let now = self.clock.now();
        let exceeded = self.store.exceeded(&charges, now).await.map_err(|error| uncounted(judgement, &error))?;
        let over: Vec<&Said<LimitTerms>> = exceeded.iter().filter_map(|over| limits.get(over.charge)).collect();
        if !over.iter().all(|said| asks(said)) {
            return Err(deny(judgement, &limits, &exceeded, now));
        }
        also(judgement, over.into_iter().filter_map(agreed_by).collect());
        Ok(())
    }

    /// Charges what the rules count of this call, or turns the decision. What people are asked to agree to is counted, and may
    /// go beyond its limit.
    pub(super) async fn charge(&self, judgement: &mut Judgement) -> Result<(), Refusal> {
        let limits = judgement.apply.limit.clone();
        if limits.is_empty() {
            return Ok(());
        }
        let beyond = |said: &Said<LimitTerms>| goes_beyond(&judgement.decision, said);
        let unbounded = |said| Charge { max: i64::MAX, ..charge(said) };
        let charges: Vec<Charge> =
            limits.iter().map(|said| if beyond(said) { unbounded(said) } else { charge(said) }).collect();
        let now = self.clock.now();
        match self.store.charge(&charges, now).await {
            Ok(Charged::Done(_)) => Ok(()),
            Ok(Charged::Exceeded(exceeded)) => Err(deny(judgement, &limits, &exceeded, now)),
            Err(error) => Err(uncounted(judgement, &error)),
        }
    }
}

/// Makes a judgement say what it said when people were asked to let a call go beyond its limits: how much is left by now does
/// not matter to what they agreed to, but the rules must still want it of them.
pub(super) fn beyond_limits(judgement: &mut Judgement, agreement: &Agreement) {
    let holds = judgement.apply.limit.iter().filter_map(agreed_by);
    let holds = holds.filter(|hold| agreement.all_of.contains(hold)).collect();
    also(judgement, holds);
}

/// Whether people are asked, because this limit has not enough left.
pub(super) fn goes_beyond(decision: &Decision, said: &Said<LimitTerms>) -> bool {
    let Decision::Hold(held) = decision else { return false };
    agreed_by(said).is_some_and(|hold| held.terms().all_of.contains(&hold))
}

/// What people would agree to who let a call go beyond this limit.
fn agreed_by(said: &Said<LimitTerms>) -> Option<Said<HoldTerms>> {
    match &said.terms.then {
        Then::Hold(terms) => Some(Said { finding: said.finding.clone(), terms: terms.clone() }),
        Then::Deny => None,
    }
}

/// Adds what people must agree to. A no stays one.
fn also(judgement: &mut Judgement, holds: Vec<Said<HoldTerms>>) {
    for hold in holds {
        let nothing = Decision::Deny(Denial { code: DenyCode::LimitExceeded, detail: None });
        judgement.decision = match std::mem::replace(&mut judgement.decision, nothing) {
            Decision::Allow(grant) => Decision::Hold(grant.held(hold)),
            Decision::Hold(held) if held.terms().all_of.contains(&hold) => Decision::Hold(held),
            Decision::Hold(held) => Decision::Hold(held.also(hold)),
            Decision::Deny(denial) => Decision::Deny(denial),
        };
    }
}

fn uncounted(judgement: &mut Judgement, error: &StoreError) -> Refusal {
    tracing::error!(%error, "limits cannot be counted; what they are about may not run");
    let detail = Some(format!("the limits cannot be counted: {error}"));
    judgement.decision = Decision::Deny(Denial { code: DenyCode::LimitExceeded, detail });
    let reason = "the limits this call counts under cannot be counted right now, so it may not run";
    Refusal::new("limits_unavailable", Retry::Later, reason)
        .hint("whoever runs this gateway finds the cause in its log")
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

/// A no, because limits are exceeded.
fn deny(judgement: &mut Judgement, limits: &[Said<LimitTerms>], exceeded: &[Exceeded], now: Timestamp) -> Refusal {
    let over: Vec<(&Said<LimitTerms>, &Exceeded)> =
        exceeded.iter().filter_map(|over| Some((limits.get(over.charge)?, over))).collect();
    let findings: Vec<String> = over.iter().map(|(said, _)| said.finding.clone()).collect();
    let about = judgement
        .findings
        .iter()
        .filter(|finding| finding.effect == Effect::Limit && findings.contains(&finding.name()));
    let reasons: Vec<&str> = about.filter_map(|finding| finding.reason.as_deref()).collect();
    let counts: Vec<String> = over.iter().map(|(said, over)| counted(&said.terms, over, now)).collect();
    let counts_in_words = counts.join("; ");
    let words = reasons.iter().map(|reason| reason.trim_end_matches('.')).chain([counts_in_words.as_str()]);
    let reason = words.collect::<Vec<_>>().join(". ");
    let detail = over.iter().zip(&counts).map(|((said, _), count)| format!("{}: {count}", said.finding));
    let detail = detail.collect::<Vec<_>>().join("; ");

    judgement.decision = Decision::Deny(Denial { code: DenyCode::LimitExceeded, detail: Some(detail) });
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
