//! Which rules fired, which nearly did, and on which condition did they stop?
//!
//! Rule by rule, for one document: from a file, or from the record. Nothing here is part of judging a call.

use regorus::Value;
use serde::Serialize;

use super::bundle::{Bundle, Mode, Sources};
use super::decision::{Effect, Finding};
use super::evaluate::Watch;
use super::files::is_test;
use super::index::by_rule;
use super::input::Input;
use super::probe::{End, Probe, Stop};
use super::problem::Problem;
use super::rehearse::id;
use super::syntax::{Written, head, place, policy};
use super::told::Told;

/// Why a decision is what it is.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The decision, with the digest of the policies.
    pub verdict: Told,
    /// The document it is about.
    pub input: Value,
    /// Every effect rule that could have had something to say, in the order they are written.
    pub rules: Vec<Explained>,
    /// How many are about other servers, tools, methods or phases.
    pub elsewhere: usize,
}

/// One effect rule and this document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// `policy/id`, or the policy alone where the finding has no name that is written down.
    pub rule: String,
    /// The word.
    pub effect: Effect,
    /// Whether it counts.
    pub mode: &'static str,
    /// `file:line`.
    pub place: String,
    /// What came of it.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer", content = "at")]
pub enum Answer {
    /// It said something.
    Fired,
    /// It did not; where each of its bodies stopped.
    Stopped(Vec<Stop>),
}

/// Judges a document and explains every rule. The sources are those of the bundle.
pub fn explain(
    bundle: &Bundle,
    sources: &Sources,
    input: &Input,
    watch: Watch<'_>,
) -> Result<Explanation, Vec<Problem>> {
    // First of all, as the rest takes longer than a decision may.
    let told = Told::of(bundle, input, watch);
    let probe = Probe::new(&live(sources))?;
    let (mut rules, mut elsewhere) = (Vec::new(), 0_usize);
    let modes = bundle.packages();
    for (rule, conditions) in by_rule(probe.modules()) {
        let (Some(policy), Some(effect)) = (policy(rule.module), Effect::from_word(&rule.name())) else { continue };
        if !effect.phases().contains(&input.phase())
            || !conditions.iter().any(|condition| condition.may_hold(&input.key))
        {
            elsewhere = elsewhere.saturating_add(1);
            continue;
        }
        let stops = probe.follow(rule, Some(&input.value()));
        let fired = stops.iter().any(|stop| stop.end == End::Holds);
        let answer = if fired { Answer::Fired } else { Answer::Stopped(stops) };
        let mode = if modes.get(policy.as_str()) == Some(&Mode::Shadow) { "shadow" } else { "enforce" };
        rules.push(Explained { rule: named(&policy, &rule), effect, mode, place: line(&rule), answer });
    }
    rules.sort_by(|a, b| key(a).cmp(&key(b)));
    let at = |finding: &Finding| {
        let about = |rule: &&Explained| rule.effect == finding.effect && rule.answer == Answer::Fired;
        of_a_finding(finding, rules.iter().filter(about).map(|rule| (rule.rule.as_str(), rule.place.as_str())))
    };
    let verdict = told.at(&at);
    Ok(Explanation { verdict, input: input.value(), rules, elsewhere })
}

/// Judges a document and says where each finding is written.
pub fn judge(bundle: &Bundle, sources: &Sources, input: &Input, watch: Watch<'_>) -> Result<Told, Vec<Problem>> {
    let told = Told::of(bundle, input, watch);
    let probe = Probe::new(&live(sources))?;
    let all = Written::all(probe.modules());
    let rules: Vec<(Written<'_>, Effect, String, String)> = all
        .into_iter()
        .filter_map(|rule| {
            let (policy, effect) = (policy(rule.module)?, Effect::from_word(&rule.name())?);
            Some((rule, effect, named(&policy, &rule), line(&rule)))
        })
        .collect();
    let at = |finding: &Finding| {
        let about: Vec<_> = rules
            .iter()
            .filter(|(_, effect, name, _)| {
                *effect == finding.effect && (*name == finding.name() || *name == finding.policy)
            })
            .collect();
        let exact: Vec<_> = about.iter().filter(|(_, _, name, _)| *name == finding.name()).collect();
        match (exact.as_slice(), about.as_slice()) {
            ([(_, _, _, place)], _) | (_, [(_, _, _, place)]) => Some(place.clone()),
            _ => {
                let fired = |rule: &Written<'_>| {
                    probe.follow(*rule, Some(&input.value())).iter().any(|stop| stop.end == End::Holds)
                };
                let mut fired = about.iter().filter(|(rule, ..)| fired(rule)).map(|(_, _, _, place)| place.clone());
                fired.next().filter(|_| fired.next().is_none())
            }
        }
    };
    Ok(told.at(&at))
}

/// The one rule that can have said it: the one of its name, or the only one whose name is not written down.
fn of_a_finding<'r>(finding: &Finding, rules: impl Iterator<Item = (&'r str, &'r str)>) -> Option<String> {
    let rules: Vec<(&str, &str)> = rules.collect();
    for name in [finding.name(), finding.policy.clone()] {
        let mut found = rules.iter().filter(|(rule, _)| *rule == name);
        if let (Some((_, place)), None) = (found.next(), found.next()) {
            return Some((*place).to_owned());
        }
    }
    None
}

fn named(policy: &str, rule: &Written<'_>) -> String {
    id(rule.rule).map_or_else(|| policy.to_owned(), |id| format!("{policy}/{id}"))
}

fn line(rule: &Written<'_>) -> String {
    let place = place(head(rule.rule).span());
    place.rsplit_once(':').map_or(place.as_str(), |(line, _)| line).to_owned()
}

fn key(rule: &Explained) -> (&str, u32) {
    let (file, line) = rule.place.rsplit_once(':').unwrap_or((&rule.place, ""));
    (file, line.parse().unwrap_or(0))
}

fn live(sources: &Sources) -> Sources {
    let policies = sources.policies.iter().filter(|source| !is_test(&source.path)).cloned().collect();
    Sources { policies, data: sources.data.clone() }
}

#[cfg(test)]
mod tests;
