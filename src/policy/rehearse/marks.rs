//! Which rules said something while the tests ran?
//!
//! The engine counts lines, and a rule on one line is looked at and speaks in the same. So the findings of every effect
//! rule pass through a function of ours on their way out, which takes down the number of the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use regorus::unstable::{Expr, Rule, RuleHead, Span};
use regorus::{Engine, Value, coverage};

use super::coverage::{Coverage, Lines, Silence, Silent};
use super::{line, parse};
use crate::policy::bundle::{Source, Sources};
use crate::policy::decision::Effect;
use crate::policy::files::is_test;
use crate::policy::passage::Passage;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, head, place, policy, text};

/// What findings pass through.
const MARK: &str = "countersign_spoke";

/// Policies with a mark on every effect rule.
pub(super) struct Marks {
    /// As they are run.
    pub(super) sources: Sources,
    rules: Vec<Silent>,
    ends: Vec<(String, u32, u32)>,
    spoke: Arc<Mutex<BTreeSet<usize>>>,
}

impl Marks {
    /// Puts a mark on every effect rule.
    pub(super) fn on(sources: &Sources) -> Result<Self, Vec<Problem>> {
        let mut engine = parse(sources)?;
        let modules = engine.get_modules().clone();
        let (mut rules, mut ends) = (Vec::new(), Vec::new());
        let mut edits: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
        for rule in Written::all(&modules) {
            let (Some(policy), Some(effect)) = (policy(rule.module), Effect::from_word(&rule.name())) else { continue };
            let Rule::Spec { span, .. } = rule.rule else { continue };
            let file = span.source.file().clone();
            if is_test(&file) {
                continue;
            }
            let own = edits.entry(file.clone()).or_default();
            mark(&rule, rules.len(), own);
            let at = place(head(rule.rule).span());
            let first = at.rsplit(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
            let lines = span.text().matches('\n').count();
            ends.push((file, first, u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(first)));
            let name = id(rule.rule).unwrap_or_else(|| effect.word().to_owned());
            let silence = Silence::NotAsked;
            rules.push(Silent { rule: format!("{policy}/{name}"), effect, place: line(&at), silence });
        }
        let write = |source: &Source| Source {
            path: source.path.clone(),
            text: edits.get(&source.path).map_or_else(|| source.text.clone(), |edits| edited(&source.text, edits)),
        };
        let policies = sources.policies.iter().map(write).collect();
        let sources = Sources { policies, data: sources.data.clone() };
        Ok(Self { sources, rules, ends, spoke: Arc::default() })
    }

    /// Lets an engine take down which rules speak.
    pub(super) fn listen(&self, engine: &mut Engine) {
        let spoke = Arc::clone(&self.spoke);
        let take_down = move |arguments: Vec<Value>| {
            let mut arguments = arguments.into_iter();
            let number = arguments.next().and_then(|number| number.as_u64().ok());
            if let (Some(number), Ok(mut spoke)) =
                (number.and_then(|number| usize::try_from(number).ok()), spoke.lock())
            {
                spoke.insert(number);
            }
            Ok(arguments.next().unwrap_or(Value::Undefined))
        };
        // It refuses a name that is there twice, and this engine is new.
        drop(engine.add_extension(MARK.to_owned(), 2, Box::new(take_down)));
    }

    /// What the marks and the engine's own count come to.
    pub(super) fn coverage(self, reports: impl Iterator<Item = coverage::Report>) -> Coverage {
        let mut lines: BTreeMap<String, Lines> = BTreeMap::new();
        for file in reports.flat_map(|report| report.files).filter(|file| !is_test(&file.path)) {
            let known = lines.entry(file.path).or_default();
            known.covered.extend(file.covered);
            known.not_covered.extend(file.not_covered);
        }
        for known in lines.values_mut() {
            known.not_covered.retain(|line| !known.covered.contains(line));
        }
        let spoke = self.spoke.lock().map(|spoke| spoke.clone()).unwrap_or_default();
        let asked = |(file, first, last): &(String, u32, u32)| {
            lines.get(file).is_some_and(|lines| lines.covered.range(*first..=*last).next().is_some())
        };
        let count = self.rules.len();
        let numbered = self.rules.into_iter().zip(&self.ends).enumerate();
        let silent = numbered.filter(|(number, _)| !spoke.contains(number)).map(|(_, (rule, ends))| {
            let silence = if asked(ends) { Silence::NeverSpoke } else { Silence::NotAsked };
            Silent { silence, ..rule }
        });
        Coverage { rules: count, silent: silent.collect(), lines }
    }
}

/// The name a finding gives itself, when it is written down.
pub(in crate::policy) fn id(rule: &Rule) -> Option<String> {
    let Rule::Spec { head, .. } = rule else { return None };
    let value = match head {
        RuleHead::Set { key, .. } => key.as_ref(),
        RuleHead::Compr { assign, .. } => assign.as_ref().map(|assign| &assign.value),
        RuleHead::Func { .. } => None,
    };
    let Expr::Object { fields, .. } = value?.as_ref() else { return None };
    fields.iter().find(|(_, key, _)| text(key).as_deref() == Some("id")).and_then(|(_, _, value)| text(value))
}

fn mark(rule: &Written<'_>, number: usize, edits: &mut Vec<(usize, String)>) {
    let passage = Passage::of(rule.module.package.span.source.contents());
    let Rule::Spec { head: said, bodies, .. } = rule.rule else { return };
    let mut around = |span: &Span| {
        let extent = passage.extent(span);
        edits.push((extent.start, format!("{MARK}({number}, ")));
        edits.push((extent.end, ")".to_owned()));
    };
    for assign in bodies.iter().filter_map(|body| body.assign.as_ref()) {
        around(assign.value.span());
    }
    match said {
        RuleHead::Set { key: Some(key), .. } => around(key.span()),
        RuleHead::Compr { assign: Some(assign), .. } => around(assign.value.span()),
        RuleHead::Compr { refr, assign: None, .. } => {
            let end = passage.extent(refr.span()).end;
            edits.push((end, format!(" := {MARK}({number}, true)")));
        }
        _ => {}
    }
}

fn edited(text: &str, edits: &[(usize, String)]) -> String {
    let mut edits: Vec<&(usize, String)> = edits.iter().collect();
    edits.sort_by_key(|(at, _)| *at);
    let (mut written, mut from) = (String::with_capacity(text.len().saturating_mul(2)), 0);
    for (at, more) in edits {
        written.push_str(text.get(from..*at).unwrap_or_default());
        written.push_str(more);
        from = *at;
    }
    written.push_str(text.get(from..).unwrap_or_default());
    written
}
