//! Is every field of the input that a rule reads one that exists, when the rule is asked?

use std::collections::BTreeMap;

use regorus::unstable::{AssignOp, Expr, Literal, Span};

use super::report;
use crate::policy::decision::Effect;
use crate::policy::input::Phase;
use crate::policy::problem::Problem;
use crate::policy::schema::{Fields, Known};
use crate::policy::syntax::{Node, Part, Shorthands, Written, head, policy, steps};

/// Names that are local and stand for a part of the input: `some path in input.facts.paths`.
type Names = BTreeMap<String, Vec<Part>>;

/// Locals of locals are followed this far.
const DEEPEST: usize = 4;

/// Looks at every reference to the input, and refuses `with`, which is for tests.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let (fields, shorthands) = (Fields::of_the_input(), Shorthands::among(written));
    for rule in written {
        let locals = rule.locals();
        let resolve = |expr: &Expr| {
            let path = steps(expr).and_then(|steps| rule.resolve(steps, &locals))?;
            Some(shorthands.expand(path))
        };
        let names = names(rule, &resolve);
        rule.walk(&mut |node| match node {
            Node::Expr(expr) => {
                let Some(path) = resolve(expr).or_else(|| by_name(&names, steps(expr)?)) else { return };
                field(fields, &path, expr.span(), problems);
                phase(rule, &path, expr.span(), problems);
            }
            Node::Statement(statement) => {
                if let Some(with) = statement.with_mods.first() {
                    let what =
                        format!("`with` replaces what `{}` sees; only a test may.", head(rule.rule).span().text());
                    report(problems, &with.span, "with-outside-test", what);
                }
            }
        });
    }
}

fn field(fields: &Fields, path: &[Part], span: &Span, problems: &mut Vec<Problem>) {
    if let Known::No { wrong, meant } = fields.know(path) {
        let meant = meant.map_or_else(String::new, |meant| format!(" Did you mean {meant}?"));
        report(problems, span, "unknown-field", format!("{wrong} does not exist, so this is never true.{meant}"));
    }
}

/// There is no result yet when a call is judged.
fn phase(rule: &Written<'_>, path: &[Part], span: &Span, problems: &mut Vec<Problem>) {
    let [Part::Name(root), Part::Name(part), ..] = path else { return };
    let Some(effect) = policy(rule.module).and_then(|_| Effect::from_word(&rule.name())) else { return };
    if root == "input" && part == "result" && !effect.phases().contains(&Phase::Result) {
        let what = format!(
            "`{}` is asked before there is a result, so this is never true. About results, rules say `withhold`, `redact`, `mask`, `label` or `warn`.",
            effect.word()
        );
        report(problems, span, "wrong-phase", what);
    }
}

/// Local names with one meaning. One that is given twice may be anything.
fn names<'a>(rule: &Written<'a>, resolve: &dyn Fn(&Expr) -> Option<Vec<Part>>) -> Names {
    let mut given: Vec<(String, Option<(&'a Expr, bool)>)> = Vec::new();
    rule.walk(&mut |node| match node {
        Node::Expr(Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. }) => {
            given.extend(name(lhs).map(|name| (name, Some((rhs.as_ref(), false)))));
        }
        Node::Statement(statement) => match &statement.literal {
            Literal::SomeIn { key, value, collection, .. } => {
                given.extend(name(value).map(|name| (name, Some((collection.as_ref(), true)))));
                given.extend(key.as_deref().and_then(name).map(|name| (name, None)));
            }
            Literal::Every { key, value, domain, .. } => {
                given.push((value.text().to_owned(), Some((domain.as_ref(), true))));
                given.extend(key.as_ref().map(|key| (key.text().to_owned(), None)));
            }
            Literal::SomeVars { vars, .. } => given.extend(vars.iter().map(|span| (span.text().to_owned(), None))),
            Literal::Expr { .. } | Literal::NotExpr { .. } => {}
        },
        Node::Expr(_) => {}
    });
    let mut found = Names::new();
    for _ in 0..DEEPEST {
        for (name, source) in &given {
            let once = given.iter().filter(|(other, _)| other == name).count() == 1;
            let Some((expr, each)) = source.filter(|_| once) else { continue };
            let path = resolve(expr).or_else(|| by_name(&found, steps(expr)?));
            if let Some(mut path) = path {
                path.extend(each.then_some(Part::Any));
                found.insert(name.clone(), path);
            }
        }
    }
    found
}

fn name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var { span, .. } => Some(span.text().to_owned()),
        _ => None,
    }
}

fn by_name(names: &Names, steps: Vec<Part>) -> Option<Vec<Part>> {
    let Some(Part::Name(root)) = steps.first() else { return None };
    Some(names.get(root)?.iter().cloned().chain(steps.into_iter().skip(1)).collect())
}
