//! Do packages and rules have names that mean something here?

use std::collections::BTreeSet;

use regorus::Value;
use regorus::unstable::{Expr, Module, Ref, Rule, RuleHead};

use super::{did_you_mean, nearest, report};
use crate::policy::decision::Effect;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Node, Part, Written, arity, head, names, package, policy, steps};

/// Packages below `countersign` hold effects, and every other rule in them is used by something.
pub(super) fn check(modules: &[Ref<Module>], written: &[Written<'_>], problems: &mut Vec<Problem>) {
    for module in modules {
        let span = module.package.refr.span();
        let names = package(module);
        if names.first().is_none_or(|root| root != "countersign") {
            continue;
        }
        if names.len() != 2 {
            let what =
                format!("`{}` must be one name below `countersign`. Write `package countersign.NAME`.", span.text());
            report(problems, span, "nested-package", what);
        }
    }
    for module in modules {
        let Some(policy) = policy(module) else { continue };
        let same = |other: &&Written<'_>| super::super::syntax::policy(other.module).as_ref() == Some(&policy);
        let speaks = |rule: &Written<'_>| Effect::from_word(&rule.name()).is_some();
        if !written.iter().filter(same).any(speaks) {
            let what = format!(
                "`countersign.{policy}` has no effect. Write at least one `allow`, `deny`, `hold` or another of the words in policies/README.md."
            );
            report(problems, module.package.refr.span(), "no-effect", what);
        }
    }
    let used = used(written);
    for rule in written {
        rule_name(rule, &used, problems);
    }
}

fn rule_name(rule: &Written<'_>, used: &BTreeSet<Vec<String>>, problems: &mut Vec<Problem>) {
    let (name, span) = (rule.name(), head(rule.rule).span());
    if name == "internal" {
        report(problems, span, "internal-name", "a rule called `internal` breaks `in` in OPA. Choose another name.");
    }
    if name == "input" || name == "data" {
        report(
            problems,
            span,
            "shadowed-root",
            format!("a rule called `{name}` hides what rules are about. Choose another name."),
        );
    }
    for local in rule.locals() {
        if local == "input" || local == "data" {
            report(
                problems,
                span,
                "shadowed-root",
                format!("`{local}` is used as a variable here. Choose another name."),
            );
        }
    }
    if policy(rule.module).is_none() {
        return;
    }
    if Effect::from_word(&name).is_some() {
        if arity(rule.rule).is_some()
            || names(head(rule.rule)).len() != 1
            || steps(head(rule.rule)).is_some_and(|steps| steps.len() != 1)
        {
            let what = format!("`{name}` must be a plain rule: `{name} contains {{…}} if {{…}}`.");
            report(problems, span, "effect-form", what);
        }
    } else if name == "mode" {
        mode(rule, problems);
    } else if !used.iter().any(|path| is_about(path, &rule.path())) {
        let meant = did_you_mean(nearest(&name, Effect::ALL.map(Effect::word).into_iter().chain(["mode"])));
        let what = format!("`{name}` is not an effect and nothing uses it.{meant}");
        report(problems, span, "unused-rule", what);
    }
}

fn mode(rule: &Written<'_>, problems: &mut Vec<Problem>) {
    let value = match rule.rule {
        Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. } if bodies.is_empty() => {
            &assign.value
        }
        _ => {
            let what = "`mode` cannot depend on anything. Write `mode := \"shadow\"` or `mode := \"enforce\"`.";
            return report(problems, head(rule.rule).span(), "mode", what);
        }
    };
    let known = match value.as_ref() {
        Expr::String { value: Value::String(word), .. } => matches!(&**word, "shadow" | "enforce"),
        _ => false,
    };
    if !known {
        report(problems, value.span(), "mode", "`mode` is \"enforce\" or \"shadow\".");
    }
}

/// One path reaches into the other.
fn is_about(used: &[String], rule: &[String]) -> bool {
    used.iter().zip(rule).all(|(a, b)| a == b)
}

/// Every path some rule refers to, another than itself.
fn used(written: &[Written<'_>]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for rule in written {
        let (locals, own) = (rule.locals(), rule.path());
        rule.walk(&mut |node| {
            let (steps, locals) = match node {
                Node::Expr(Expr::Call { fcn, .. }) => (steps(fcn), &BTreeSet::new()),
                Node::Expr(expr) => (steps(expr), &locals),
                Node::Statement(_) => return,
            };
            let Some(path) = steps.and_then(|steps| rule.resolve(steps, locals)) else { return };
            let path: Vec<String> = path
                .into_iter()
                .map_while(|step| if let Part::Name(name) = step { Some(name) } else { None })
                .collect();
            if path.first().is_some_and(|root| root == "data") && !is_about(&path, &own) {
                found.insert(path);
            }
        });
    }
    found
}
