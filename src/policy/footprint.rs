//! Which parts of the input can change what a rule says?
//!
//! A rule is a function of what it reads. Where that is only who asks which tool of which server, its answer is kept and
//! given again: most rules decide by that, and the same tools are called over and over. What a rule reads is gathered
//! from the syntax tree, too much rather than too little: a name counts as the rule of that name even where it may be
//! local, and a reference that is not written down to its end counts as everything below.
//!
//! Arguments never come again, but their names do. A body that begins with `some name, value in input.call.arguments`
//! and `data.some.names[name]` looks only at arguments with those names, so a call that has none of them is to this
//! rule like a call without arguments. The same holds of arguments that are written down, and of what was read out of
//! arguments: most calls have no SQL, no command line, no path, and then there is nothing, every time.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::RwLock;

use regorus::Value;
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Ref, Rule};

use super::syntax::{Node, Part, Written, steps};

/// Parts of the input that are few and come again. Arguments, what was read out of them word by word, the words of results,
/// ids, times and counters are not among them.
const RECURRING: [&[&str]; 22] = [
    &["version"],
    &["phase"],
    &["environment"],
    &["zone"],
    &["call", "server"],
    &["call", "tool"],
    &["call", "method"],
    &["call", "target"],
    &["tool"],
    &["server"],
    &["principal"],
    &["client"],
    &["session", "labels"],
    &["facts", "risk"],
    &["facts", "complete"],
    &["facts", "sql", "risk"],
    &["facts", "sql", "complete"],
    &["facts", "sql", "read_only"],
    &["facts", "shell", "risk"],
    &["facts", "shell", "complete"],
    &["result", "is_error"],
    &["result", "facts", "injection"],
];
/// Parts of the input that are not there, or are empty, in most calls.
const OFTEN_NOTHING: [&[&str]; 10] = [
    &["facts", "sql"],
    &["facts", "shell"],
    &["facts", "money"],
    &["facts", "paths"],
    &["facts", "urls"],
    &["facts", "secrets"],
    &["facts", "resources"],
    &["facts", "reasons"],
    &["result", "facts", "secrets"],
    &["result", "facts", "urls"],
];
/// Where arguments are.
const ARGUMENTS: [&str; 2] = ["call", "arguments"];
/// How many answers are kept. Addresses of resources have no end, so when it is full, no more are added.
const MOST: usize = 8192;

/// What a rule reads of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Places below `input`, all of them recurring.
    paths: Vec<usize>,
    /// Places below `input` that a call must have nothing at to ask what was asked before.
    nothing: Vec<usize>,
    /// Names of arguments. Only a call that has none of them asks what was asked before.
    arguments: BTreeSet<Value>,
}

/// Every path that any rule's footprint names. A place is its number.
#[derive(Clone, Debug, Default)]
pub struct Places(Vec<Vec<Value>>);

/// One input, in which each place is looked at once, however many rules read it.
#[derive(Debug)]
pub struct Glance<'a> {
    input: &'a Value,
    places: &'a Places,
    seen: Vec<OnceCell<&'a Value>>,
}

/// Answers given before.
#[derive(Debug, Default)]
pub struct Memory(RwLock<BTreeMap<Question, Value>>);

/// A rule, by its number, and everything it reads.
pub type Question = (usize, Vec<Value>);

impl Places {
    /// A look at this input.
    pub fn glance<'a>(&'a self, input: &'a Value) -> Glance<'a> {
        Glance { input, places: self, seen: vec![OnceCell::new(); self.0.len()] }
    }

    /// The number of a place.
    pub(super) fn number(&mut self, path: Vec<Value>) -> usize {
        let known = self.0.iter().position(|known| *known == path);
        known.unwrap_or_else(|| {
            self.0.push(path);
            self.0.len().saturating_sub(1)
        })
    }
}

impl Glance<'_> {
    /// What is at a place.
    pub(super) fn at(&self, place: usize) -> &Value {
        let look = || self.places.0.get(place).and_then(|path| inside(self.input, path)).unwrap_or(&NOTHING);
        self.seen.get(place).map_or(&NOTHING, |seen| seen.get_or_init(look))
    }

    /// Whether a place is one of these parts of the input, or below one.
    pub(super) fn is_below(&self, place: usize, parts: &[&str]) -> bool {
        let first = self.places.0.get(place).and_then(|path| path.first());
        first.is_none_or(|first| matches!(first, Value::String(first) if parts.contains(&&**first)))
    }
}

/// What is where nothing is.
static NOTHING: Value = Value::Undefined;

impl Footprint {
    /// The values a rule reads; none when it reads some that do not come again.
    pub fn of(&self, glance: &Glance<'_>) -> Option<Vec<Value>> {
        if !self.arguments.is_empty() {
            let arguments = inside(glance.input, &ARGUMENTS.map(Value::from))?.as_object().ok()?;
            if arguments.keys().any(|name| self.arguments.contains(name)) {
                return None;
            }
        }
        // What is not there and what is empty are not the same to a rule, so the question says which it was.
        let nothing =
            self.nothing.iter().map(|place| glance.at(*place)).map(|value| is_nothing(value).then(|| value.clone()));
        nothing.chain(self.paths.iter().map(|place| Some(glance.at(*place).clone()))).collect()
    }
}

/// What is at a path.
pub(super) fn inside<'v>(input: &'v Value, path: &[Value]) -> Option<&'v Value> {
    path.iter().try_fold(input, |value, key| value.as_object().ok()?.get(key))
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

/// The footprint of every rule that has one, by its path from `data`; the places they name are added to these.
pub fn footprints(modules: &[Ref<Module>], data: &Value, places: &mut Places) -> BTreeMap<Vec<String>, Footprint> {
    let written = Written::all(modules);
    let mut reads: BTreeMap<Vec<String>, Reads> = BTreeMap::new();
    let rules: BTreeSet<Vec<String>> = written.iter().map(Written::path).collect();
    let known = Known { rules, data };
    for rule in &written {
        known.gather(rule, reads.entry(rule.path()).or_default());
    }
    let mut footprint = |path: &Vec<String>| {
        let (mut all, mut arguments) = (BTreeSet::new(), BTreeSet::new());
        let mut road = vec![path];
        let mut seen = BTreeSet::new();
        while let Some(path) = road.pop() {
            let Some(reads) = reads.get(path).filter(|_| seen.insert(path)) else { continue };
            all.extend(reads.input.iter());
            arguments.extend(reads.arguments.iter().cloned());
            road.extend(&reads.rules);
        }
        let (mut paths, mut nothing) = (BTreeSet::new(), BTreeSet::new());
        for path in all {
            match part(path)? {
                Recurs::Always => paths.insert(values(path)),
                Recurs::AsNothing(part) => nothing.insert(values(part)),
            };
        }
        let mut numbers = |paths: BTreeSet<_>| paths.into_iter().map(|path| places.number(path)).collect();
        Some(Footprint { paths: numbers(paths), nothing: numbers(nothing), arguments })
    };
    reads.keys().filter_map(|path| Some((path.clone(), footprint(path)?))).collect()
}

/// How a part of the input comes again.
enum Recurs<'p> {
    /// With one of few values.
    Always,
    /// This part is often not there.
    AsNothing(&'p [String]),
}

fn part(path: &[String]) -> Option<Recurs<'_>> {
    if RECURRING.iter().any(|known| begins(path, known)) {
        return Some(Recurs::Always);
    }
    let length = OFTEN_NOTHING.iter().find(|known| begins(path, known)).map(|known| known.len());
    let argument = || begins(path, &ARGUMENTS).then_some(ARGUMENTS.len().saturating_add(1));
    path.get(..length.or_else(argument)?).map(Recurs::AsNothing)
}

fn values(path: &[String]) -> Vec<Value> {
    path.iter().map(|name| Value::from(name.as_str())).collect()
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Undefined) || value.as_array().is_ok_and(regorus::value::Array::is_empty)
}

fn begins(path: &[String], known: &[&str]) -> bool {
    known.len() <= path.len() && known.iter().zip(path).all(|(a, b)| a == b)
}

#[derive(Default)]
struct Reads {
    /// Paths below `input`; an empty one is the whole of it.
    input: BTreeSet<Vec<String>>,
    /// Arguments by name.
    arguments: BTreeSet<Value>,
    /// Other rules.
    rules: BTreeSet<Vec<String>>,
}

/// What is known of all policies together.
struct Known<'d> {
    /// The path of every rule.
    rules: BTreeSet<Vec<String>>,
    /// What rules know beside the input. No rule replaces it: `with` is for tests.
    data: &'d Value,
}

impl Known<'_> {
    fn gather(&self, rule: &Written<'_>, reads: &mut Reads) {
        let none = BTreeSet::new();
        let mut sieves = Vec::new();
        if let Rule::Spec { bodies, .. } = rule.rule {
            for (collection, names) in bodies.iter().filter_map(|body| self.sieve(rule, &body.query.stmts)) {
                sieves.push(collection);
                reads.arguments.extend(names);
            }
        }
        rule.walk(&mut |node| {
            let steps = match node {
                Node::Expr(expr) if sieves.iter().any(|sieve| std::ptr::eq(*sieve, expr)) => None,
                Node::Expr(Expr::Call { fcn, .. }) => steps(fcn),
                Node::Expr(expr) => steps(expr),
                Node::Statement(_) => None,
            };
            let Some(path) = steps.and_then(|steps| rule.resolve(steps, &none)) else { return };
            let mut names = names(path).into_iter().peekable();
            if names.next_if(|root| root == "input").is_some() {
                reads.input.insert(names.collect());
            } else {
                let names: Vec<String> = names.collect();
                reads.rules.extend(self.about(&names).cloned());
            }
        });
    }

    /// A body that begins with a look at all arguments and goes on only with those whose names stand in the data. The
    /// engine runs these two before anything else that needs an argument.
    fn sieve<'a>(&self, rule: &Written<'_>, body: &'a [LiteralStmt]) -> Option<(&'a Expr, BTreeSet<Value>)> {
        let [first, second, ..] = body else { return None };
        let Literal::SomeIn { key: Some(key), value, collection, .. } = &first.literal else { return None };
        let (Expr::Var { span: key, .. }, Expr::Var { .. }) = (key.as_ref(), value.as_ref()) else { return None };
        let Literal::Expr { expr, .. } = &second.literal else { return None };
        let Expr::RefBrack { refr, index, .. } = expr.as_ref() else { return None };
        let Expr::Var { span: index, .. } = index.as_ref() else { return None };
        if key.text() == "_" || key.text() != index.text() {
            return None;
        }
        let whole = |expr: &Expr| {
            let path = rule.resolve(steps(expr)?, &rule.locals())?;
            let (length, names) = (path.len(), names(path));
            (names.len() == length).then_some(names)
        };
        if whole(collection)? != ["input", "call", "arguments"] {
            return None;
        }
        let path = whole(refr)?;
        let (root, rest) = path.split_first()?;
        if root != "data" || self.about(&path).next().is_some() {
            return None;
        }
        let names = rest.iter().try_fold(self.data, |data, name| data.as_object().ok()?.get(&name.as_str().into()));
        Some((collection.as_ref(), names?.as_object().ok()?.keys().cloned().collect()))
    }

    /// The rules at, above or below a path.
    fn about(&self, names: &[String]) -> impl Iterator<Item = &Vec<String>> {
        self.rules.iter().filter(move |path| path.iter().zip(names).all(|(a, b)| a == b))
    }
}

/// The steps of a path up to the first that is not written down.
fn names(path: Vec<Part>) -> Vec<String> {
    path.into_iter().map_while(|step| if let Part::Name(name) = step { Some(name) } else { None }).collect()
}

#[cfg(test)]
mod tests;
