//! On which statement does a body stop, and what did it see there?
//!
//! The engine keeps no trace. So for every body a module is written into the same package, with one rule for each
//! beginning of the body, from the very text of its file: the first that is not true is where the body stops. One more
//! question for each name in that statement gives its value. Exact, plain Rego, and never part of judging a call.

mod body;
mod names;
mod question;

use regorus::unstable::{Literal, LiteralStmt, Module, Query, Ref, Rule, RuleBody, RuleHead, Span};
use regorus::{Engine, Value};
use serde::Serialize;

use self::body::Steps;
use self::names::{Seen, seen};
use self::question::Asking;
use super::bundle::Sources;
use super::passage::Passage;
use super::problem::Problem;
use super::rehearse::parse;
use super::syntax::{Written, place};

/// Policies ready to be asked where they stop.
pub struct Probe {
    engine: Engine,
    modules: Vec<Ref<Module>>,
}

/// Where a body ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// `file:line`.
    pub place: String,
    /// How it ended there.
    #[serde(flatten)]
    pub end: End,
    /// What the names in the statement were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Named>,
    /// The rules the statement needs, and where they ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Stop>,
}

/// How a body ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "end", content = "text")]
pub enum End {
    /// All of it is true.
    Holds,
    /// This statement is not true.
    Stopped(String),
    /// All of it is true, and what its head says is not there.
    Unsaid(String),
    /// This statement, or the body as a whole, could not be evaluated.
    Broken(String),
}

/// A name and what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// As it is written.
    pub name: String,
    /// What it was, once for each way the statement was reached; empty when it was not there.
    pub values: Vec<serde_json::Value>,
    /// How many more there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
const fn is_zero(more: &usize) -> bool {
    *more == 0
}

/// How far helpers of helpers are followed.
const DEEPEST: usize = 2;
/// How many ways a helper was called are looked into.
const WAYS: usize = 3;

/// One body where it is written, and what it begins with.
#[derive(Clone, Copy)]
struct Begin<'a> {
    rule: Written<'a>,
    query: &'a Query,
    /// Statements put before the body: what the arguments of a function were.
    given: &'a [String],
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Probe").field("modules", &self.modules.len()).finish_non_exhaustive()
    }
}

impl Probe {
    /// Reads policies, and tests if they are among them.
    pub fn new(sources: &Sources) -> Result<Self, Vec<Problem>> {
        let mut engine = parse(sources)?;
        let modules = engine.get_modules().clone();
        Ok(Self { engine, modules })
    }

    /// What the files say.
    pub fn modules(&self) -> &[Ref<Module>] {
        &self.modules
    }

    /// Where each body of a rule ends; a rule without a body holds.
    pub fn follow(&self, rule: Written<'_>, input: Option<&Value>) -> Vec<Stop> {
        let mut engine = self.engine.clone();
        if let Some(input) = input {
            engine.set_input(input.clone());
        }
        self.bodies(&engine, rule, &[], 0)
    }

    fn bodies(&self, engine: &Engine, rule: Written<'_>, given: &[String], depth: usize) -> Vec<Stop> {
        let Rule::Spec { head, bodies, .. } = rule.rule else { return Vec::new() };
        let at = |span: &Span| line(&place(span));
        if bodies.is_empty() {
            let span = super::syntax::head(rule.rule).span();
            return vec![Stop { place: at(span), end: End::Holds, values: Vec::new(), inside: Vec::new() }];
        }
        let follow = |body: &RuleBody| {
            let begin = Begin { rule, query: &body.query, given };
            let mut stop = self.body(engine, begin, depth)?;
            if stop.end == End::Holds {
                stop.place = at(body.query.stmts.first().map_or(&body.query.span, |first| &first.span));
                self.said(engine, begin, (head, body), &mut stop);
            }
            Some(stop)
        };
        bodies.iter().filter_map(follow).collect()
    }

    /// Where one body ends; nowhere when what was given to it does not fit.
    fn body(&self, engine: &Engine, begin: Begin<'_>, depth: usize) -> Option<Stop> {
        let passage = Passage::of(begin.rule.module.package.span.source.contents());
        let steps = Steps::of(begin.query, &passage);
        let given = begin.given.join("\n\t");
        let mut asking = Asking::new(begin.rule.module);
        let fits = asking.truth(&format!("{given}\n\ttrue"));
        let asked: Vec<usize> =
            (0..steps.len()).map(|last| asking.truth(&format!("{given}\n\t{}", steps.up_to(last)))).collect();
        let holds = Stop { place: String::new(), end: End::Holds, values: Vec::new(), inside: Vec::new() };
        let mut answers = match asking.compile(engine) {
            Ok(answers) => answers,
            Err(why) => return Some(Stop { place: line(&place(&begin.query.span)), end: End::Broken(why), ..holds }),
        };
        // A function of another form was called with something else.
        if answers.ask(fits) != Ok(Value::Bool(true)) {
            return None;
        }
        for (last, question) in asked.into_iter().enumerate() {
            let Some(statement) = steps.statement(last) else { break };
            let text = first_line(passage.text(&statement.span));
            let end = match answers.ask(question) {
                Ok(Value::Bool(true)) => continue,
                Ok(_) => End::Stopped(text),
                Err(why) => End::Broken(format!("{text}: {why}")),
            };
            let before = steps.before(last);
            let reached = if given.is_empty() { before } else { format!("{given}\n\t{before}") };
            let mut stop = Stop { place: line(&place(&statement.span)), end, ..holds };
            self.look(engine, (begin, statement, &reached), depth, &mut stop);
            return Some(stop);
        }
        Some(holds)
    }

    /// The values at a statement, and where the rules it needs ended.
    fn look(
        &self,
        engine: &Engine,
        (begin, statement, reached): (Begin<'_>, &LiteralStmt, &str),
        depth: usize,
        stop: &mut Stop,
    ) {
        let passage = Passage::of(begin.rule.module.package.span.source.contents());
        let with = body::with(statement, &passage);
        let seen = seen(statement, &passage);
        let mut asking = Asking::new(begin.rule.module);
        let value = |asking: &mut Asking<'_>, seen: &Seen<'_>| asking.values(reached, seen.text, &with);
        let asked: Vec<usize> = seen.iter().map(|seen| value(&mut asking, seen)).collect();
        let Ok(mut answers) = asking.compile(engine) else { return };
        for (seen, question) in seen.iter().zip(asked) {
            let values = answers.ask(question).ok().and_then(|found| found.as_array().ok().cloned());
            let named = question::named(seen.text, values.as_ref().map_or(&[], |values| values.as_slice()));
            stop.values.push(named);
        }
        if let Literal::Every { .. } = statement.literal {
            stop.inside.extend(self.every(engine, (begin, statement, reached), depth));
        }
        // A rule asked under `with` sees another input than the one this probe has.
        if depth < DEEPEST && statement.with_mods.is_empty() {
            self.helpers(engine, (begin, statement, reached), depth, stop);
        }
    }

    fn helpers(
        &self,
        engine: &Engine,
        (begin, statement, reached): (Begin<'_>, &LiteralStmt, &str),
        depth: usize,
        stop: &mut Stop,
    ) {
        let all = Written::all(&self.modules);
        let wanted =
            if matches!(statement.literal, Literal::NotExpr { .. }) { Wanted::Holding } else { Wanted::Stopped };
        let keep = |stop: &Stop| match wanted {
            Wanted::Holding => stop.end == End::Holds,
            Wanted::Stopped => stop.end != End::Holds,
        };
        for need in names::needs(&begin.rule, statement, &all) {
            let rules = || all.iter().filter(|rule| rule.path() == need.path);
            if need.arguments.is_empty() {
                let stops: Vec<Stop> =
                    rules().flat_map(|rule| self.bodies(engine, *rule, &[], depth.saturating_add(1))).collect();
                // One way that holds is enough for a rule to be there, so the others say nothing about this stop.
                if wanted == Wanted::Stopped && stops.iter().any(|stop| stop.end == End::Holds) {
                    continue;
                }
                stop.inside.extend(stops.into_iter().filter(keep));
                continue;
            }
            for arguments in self.arguments(engine, (begin, reached), &need.arguments) {
                let stops: Vec<Stop> = rules()
                    .flat_map(|rule| {
                        let given = body::given(rule, &arguments);
                        self.bodies(engine, *rule, &given, depth.saturating_add(1))
                    })
                    .collect();
                if wanted == Wanted::Stopped && stops.iter().any(|stop| stop.end == End::Holds) {
                    continue;
                }
                stop.inside.extend(stops.into_iter().filter(keep));
            }
        }
        stop.inside.dedup();
    }

    /// The ways a function was called: the values of its arguments, as they can be written down.
    fn arguments(&self, engine: &Engine, (begin, reached): (Begin<'_>, &str), arguments: &[&str]) -> Vec<Vec<String>> {
        let mut asking = Asking::new(begin.rule.module);
        let question = asking.values(reached, &format!("[{}]", arguments.join(", ")), "");
        let Ok(mut answers) = asking.compile(engine) else { return Vec::new() };
        let Ok(Value::Array(ways)) = answers.ask(question) else { return Vec::new() };
        let written = |way: &Value| way.as_array().ok().map(|values| values.iter().map(question::literal).collect());
        ways.iter().take(WAYS).filter_map(written).collect()
    }

    /// The first of an `every` for which its body does not hold, and where that stops.
    fn every(
        &self,
        engine: &Engine,
        (begin, statement, reached): (Begin<'_>, &LiteralStmt, &str),
        depth: usize,
    ) -> Option<Stop> {
        let Literal::Every { key, value, domain, query, .. } = &statement.literal else { return None };
        let passage = Passage::of(begin.rule.module.package.span.source.contents());
        let with = body::with(statement, &passage);
        let mut asking = Asking::new(begin.rule.module);
        let key_name = key.as_ref().map_or("_", |key| key.text());
        let each = format!(
            "[countersign_at, countersign_item] | some countersign_at, countersign_item in {}",
            passage.text(domain.span())
        );
        let question = asking.values(reached, &format!("[{each}]"), &with);
        let mut answers = asking.compile(engine).ok()?;
        let found = answers.ask(question).ok()?;
        let pairs = found.as_array().ok()?.first()?.as_array().ok()?.clone();
        for pair in pairs.iter().take(question::MOST_ITEMS) {
            let [at, item] = pair.as_array().ok()?.as_slice() else { return None };
            let mut given = begin.given.to_vec();
            given.push(reached.to_owned());
            given.push(format!("{} := {}", value.text(), question::literal(item)));
            if key.is_some() {
                given.push(format!("{key_name} := {}", question::literal(at)));
            }
            let mut stop = self.body(engine, Begin { given: &given, query, ..begin }, depth)?;
            if stop.end != End::Holds {
                let named = question::named(value.text(), std::slice::from_ref(item));
                if !stop.values.iter().any(|known| known.name == named.name) {
                    stop.values.insert(0, named);
                }
                return Some(stop);
            }
        }
        None
    }

    /// A body that is true says nothing when its head is not there.
    fn said(&self, engine: &Engine, begin: Begin<'_>, (head, body): (&RuleHead, &RuleBody), stop: &mut Stop) {
        let value = match (head, &body.assign) {
            (_, Some(assign)) => Some(&assign.value),
            (RuleHead::Set { key, .. }, None) => key.as_ref(),
            (RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. }, None) => {
                assign.as_ref().map(|assign| &assign.value)
            }
        };
        let Some(value) = value else { return };
        let passage = Passage::of(begin.rule.module.package.span.source.contents());
        let steps = Steps::of(begin.query, &passage);
        let text = passage.text(value.span());
        let reached = format!("{}\n\t{}", begin.given.join("\n\t"), steps.all());
        let mut asking = Asking::new(begin.rule.module);
        let question = asking.values(&reached, text, "");
        let answer = asking.compile(engine).map(|mut answers| answers.ask(question));
        match answer {
            Ok(Ok(Value::Array(found))) if found.is_empty() => {
                stop.place = line(&place(value.span()));
                stop.end = End::Unsaid(text.to_owned());
            }
            Ok(Err(why)) => stop.end = End::Broken(why),
            _ => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Under a `not`, what holds is the reason.
    Holding,
    /// Otherwise what does not.
    Stopped,
}

/// A statement over many lines by its first.
fn first_line(text: &str) -> String {
    text.split_once('\n').map_or_else(|| text.to_owned(), |(first, _)| format!("{first} …"))
}

/// `file:line` of `file:line:column`.
fn line(place: &str) -> String {
    place.rsplit_once(':').map_or(place, |(line, _)| line).to_owned()
}

#[cfg(test)]
mod tests;
