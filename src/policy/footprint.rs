//! Which parts of the input can change what a rule says?
//!
//! A rule is a function of what it reads. Where that is only who asks which tool of which server, its answer is kept and
//! given again: most rules decide by that, and the same tools are called over and over. What a rule reads is gathered
//! from the syntax tree, too much rather than too little: a name counts as the rule of that name even where it may be
//! local, and a reference that is not written down to its end counts as everything below.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::RwLock;

use regorus::Value;
use regorus::unstable::{Expr, Module, Ref};

use super::syntax::{Node, Part, Written, steps};

/// Parts of the input that are few and come again. Arguments, ids, times and counters are not among them.
const RECURRING: [&[&str]; 11] = [
    &["version"],
    &["phase"],
    &["environment"],
    &["call", "server"],
    &["call", "tool"],
    &["call", "method"],
    &["call", "target"],
    &["tool"],
    &["server"],
    &["principal"],
    &["client"],
];
/// How many answers are kept. Addresses of resources have no end, so when it is full, no more are added.
const MOST: usize = 8192;

/// The paths below `input` that a rule reads, all of them recurring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint(Vec<Vec<Value>>);

/// Answers given before.
#[derive(Debug, Default)]
pub struct Memory(RwLock<BTreeMap<Question, Value>>);

/// A rule, by its number, and everything it reads.
pub type Question = (usize, Vec<Value>);

impl Footprint {
    /// The values a rule reads.
    pub fn of(&self, input: &Value) -> Vec<Value> {
        let value = |path: &Vec<Value>| {
            let inside = path.iter().try_fold(input, |value, key| value.as_object().ok()?.get(key));
            inside.cloned().unwrap_or(Value::Undefined)
        };
        self.0.iter().map(value).collect()
    }
}

impl Memory {
    /// The answer to the same question asked before.
    pub fn recall(&self, question: &Question) -> Option<Value> {
        self.0.read().ok()?.get(question).cloned()
    }

    /// Keeps an answer.
    pub fn keep(&self, question: Question, answer: Value) {
        // Not remembering is always right, so a lock that is poisoned is left alone.
        let full = self.0.read().is_ok_and(|known| known.len() >= MOST);
        if !full && let Ok(mut known) = self.0.write() {
            known.insert(question, answer);
        }
    }
}

/// The footprint of every rule that has one, by its path from `data`.
pub fn footprints(modules: &[Ref<Module>]) -> BTreeMap<Vec<String>, Footprint> {
    let written = Written::all(modules);
    let mut reads: BTreeMap<Vec<String>, Reads> = BTreeMap::new();
    let paths: BTreeSet<Vec<String>> = written.iter().map(Written::path).collect();
    for rule in &written {
        gather(rule, &paths, reads.entry(rule.path()).or_default());
    }
    let footprint = |path: &Vec<String>| {
        let mut all = BTreeSet::new();
        let mut road = vec![path];
        let mut seen = BTreeSet::new();
        while let Some(path) = road.pop() {
            let Some(reads) = reads.get(path).filter(|_| seen.insert(path)) else { continue };
            all.extend(reads.input.iter());
            road.extend(&reads.rules);
        }
        let recurring = |path: &&Vec<String>| RECURRING.iter().any(|known| begins(path, known));
        let values = |path: &Vec<String>| path.iter().map(|name| Value::from(name.as_str())).collect();
        all.iter().all(recurring).then(|| Footprint(all.into_iter().map(values).collect()))
    };
    reads.keys().filter_map(|path| Some((path.clone(), footprint(path)?))).collect()
}

fn begins(path: &[String], known: &[&str]) -> bool {
    known.len() <= path.len() && known.iter().zip(path).all(|(a, b)| a == b)
}

#[derive(Default)]
struct Reads {
    /// Paths below `input`; an empty one is the whole of it.
    input: BTreeSet<Vec<String>>,
    /// Other rules.
    rules: BTreeSet<Vec<String>>,
}

fn gather(rule: &Written<'_>, paths: &BTreeSet<Vec<String>>, reads: &mut Reads) {
    let none = BTreeSet::new();
    rule.walk(&mut |node| {
        let steps = match node {
            Node::Expr(Expr::Call { fcn, .. }) => steps(fcn),
            Node::Expr(expr) => steps(expr),
            Node::Statement(_) => None,
        };
        let Some(path) = steps.and_then(|steps| rule.resolve(steps, &none)) else { return };
        let mut names =
            path.into_iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None }).peekable();
        if names.next_if(|root| root == "input").is_some() {
            reads.input.insert(names.collect());
        } else {
            let names: Vec<String> = names.collect();
            let about = |path: &&Vec<String>| path.iter().zip(&names).all(|(a, b)| a == b);
            reads.rules.extend(paths.iter().filter(about).cloned());
        }
    });
}

#[cfg(test)]
mod tests;
