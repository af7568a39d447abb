//! Does any rule or function need itself?
//!
//! A function that calls itself ends the whole process in this engine, so the graph of who needs whom must have no
//! circle. It holds at least every edge there is: a reference that is not written down to its end needs everything below.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Span};

use super::report;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Node, Part, Written, head, steps};

/// The deepest chain of rules that need each other. Evaluation uses the caller's stack, which is large but not endless.
const DEEPEST: usize = 200;

struct Knot<'a> {
    span: &'a Span,
    needs: BTreeSet<Vec<String>>,
}

/// Looks for circles and for chains that are too long.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let paths: BTreeSet<Vec<String>> = written.iter().map(Written::path).collect();
    let mut graph: BTreeMap<Vec<String>, Knot<'_>> = BTreeMap::new();
    for rule in written {
        let knot =
            graph.entry(rule.path()).or_insert_with(|| Knot { span: head(rule.rule).span(), needs: BTreeSet::new() });
        needs(rule, &paths, &mut knot.needs);
    }
    let mut depths = BTreeMap::new();
    for (path, knot) in &graph {
        let mut road = Vec::new();
        match depth(path, &graph, &mut depths, &mut road) {
            Found::Circle => {
                let road: Vec<&str> = road.iter().filter_map(|path| path.last()).map(String::as_str).collect();
                let what = format!("{} needs itself. Break the circle.", road.join(" → "));
                return report(problems, knot.span, "recursion", what);
            }
            Found::Depth(depth) if depth > DEEPEST => {
                let what = format!("more than {DEEPEST} rules need each other in a row. Make the chain shorter.");
                return report(problems, knot.span, "recursion", what);
            }
            Found::Depth(_) => {}
        }
    }
}

enum Found {
    Depth(usize),
    Circle,
}

fn depth<'g>(
    path: &'g Vec<String>,
    graph: &'g BTreeMap<Vec<String>, Knot<'_>>,
    depths: &mut BTreeMap<&'g Vec<String>, usize>,
    road: &mut Vec<&'g Vec<String>>,
) -> Found {
    if let Some(depth) = depths.get(path) {
        return Found::Depth(*depth);
    }
    let closed = road.contains(&path);
    road.push(path);
    if closed {
        return Found::Circle;
    }
    // Longer than any chain that is let through; going on would only use up our own stack.
    if road.len() > DEEPEST.saturating_add(1) {
        return Found::Depth(road.len());
    }
    let mut deepest = 0_usize;
    for next in graph.get(path).into_iter().flat_map(|knot| &knot.needs) {
        match depth(next, graph, depths, road) {
            Found::Circle => return Found::Circle,
            Found::Depth(below) => deepest = deepest.max(below.saturating_add(1)),
        }
    }
    road.pop();
    depths.insert(path, deepest);
    Found::Depth(deepest)
}

fn needs(rule: &Written<'_>, paths: &BTreeSet<Vec<String>>, found: &mut BTreeSet<Vec<String>>) {
    let (locals, none) = (rule.locals(), BTreeSet::new());
    rule.walk(&mut |node| {
        let (steps, locals) = match node {
            // A local name cannot be called, so one that is also a function's hides nothing.
            Node::Expr(Expr::Call { fcn, .. }) => (steps(fcn), &none),
            Node::Expr(expr) => (steps(expr), &locals),
            Node::Statement(_) => return,
        };
        let Some(path) = steps.and_then(|steps| rule.resolve(steps, locals)) else { return };
        if path.first() != Some(&Part::Name("data".to_owned())) {
            return;
        }
        let written: Vec<&String> =
            path.iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect();
        let about = |path: &&Vec<String>| path.iter().zip(&written).all(|(a, b)| a == *b);
        found.extend(paths.iter().filter(about).cloned());
    });
}
