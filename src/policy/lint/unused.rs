//! Does every rule of a policy help some effect?
//!
//! A rule that only rules use which nobody uses is as dead as they are.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::Expr;

use super::report;
use crate::policy::decision::Effect;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Node, Part, Written, head, policy, steps};

/// Looks from the effects on.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let mut needs: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for rule in written {
        needs.entry(rule.path()).or_default().extend(references(rule));
    }
    let root = |rule: &&Written<'_>| {
        policy(rule.module).is_none() || Effect::from_word(&rule.name()).is_some() || rule.name() == "mode"
    };
    let mut open: Vec<Vec<String>> = written.iter().filter(root).map(Written::path).collect();
    let mut alive: BTreeSet<Vec<String>> = BTreeSet::new();
    while let Some(path) = open.pop() {
        let Some(used) = needs.get(&path).filter(|_| alive.insert(path.clone())) else { continue };
        let about = |rule: &&Vec<String>| used.iter().any(|used| used.iter().zip(rule.iter()).all(|(a, b)| a == b));
        open.extend(needs.keys().filter(about).cloned());
    }
    // What nothing at all uses is told by its name already.
    let named = |rule: &Written<'_>| {
        written.iter().any(|other| {
            other.path() != rule.path()
                && references(other).iter().any(|used| used.iter().zip(&rule.path()).all(|(a, b)| a == b))
        })
    };
    let mut told = BTreeSet::new();
    for rule in written.iter().filter(|rule| policy(rule.module).is_some()) {
        if !alive.contains(&rule.path()) && named(rule) && told.insert(rule.path()) {
            let what = format!("only rules that no effect needs use `{}`. Leave them out, or use them.", rule.name());
            report(problems, head(rule.rule).span(), "unused-rule", what);
        }
    }
}

/// The paths a rule refers to.
fn references(rule: &Written<'_>) -> BTreeSet<Vec<String>> {
    let (locals, none) = (rule.locals(), BTreeSet::new());
    let mut found = BTreeSet::new();
    rule.walk(&mut |node| {
        let (steps, locals) = match node {
            Node::Expr(Expr::Call { fcn, .. }) => (steps(fcn), &none),
            Node::Expr(expr) => (steps(expr), &locals),
            Node::Statement(_) => return,
        };
        let Some(path) = steps.and_then(|steps| rule.resolve(steps, locals)) else { return };
        let path: Vec<String> =
            path.into_iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect();
        if path.first().is_some_and(|root| root == "data") {
            found.insert(path);
        }
    });
    found
}
