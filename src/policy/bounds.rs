//! How much may the builtins of one evaluation make?
//!
//! The engine looks at its clock between two expressions and never inside a builtin, and it counts no memory. One
//! `replace` of a long text by itself asks for terabytes, which ends the process; one `indexof` can run for minutes. So
//! every builtin that can make more than it is given, or can take more than one walk over it, has a price that is
//! worked out before it runs, and the builtins of one question together may spend [`MOST`]. Only the builtins that
//! policies call are wrapped; the others and all operators run as they always did.
//!
//! What this does not bound: operators and loops, which the engine's clock stops within some sixteen expressions, and
//! one expression of which can be slow. Comparing two lists made by one loop each, of the longest texts there are, takes up
//! to a second; multiplying numbers of very many digits takes a few times the limit. What nests or doubles such lists
//! would take hours: those rules `pace` finds by their text, and they are asked on a thread that is left behind. Such a
//! thread uses up a processor until it ends, which only a separate process for policies would prevent.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use regorus::unstable::{BUILTINS, Expr, Module, Ref, Source, Span};
use regorus::{Engine, Value};

use super::syntax::{Node, Written, names};

mod costs;
mod weight;

pub(super) use weight::weight;

/// What the builtins of one question may spend, in bytes made or looked at: sixteen times the longest arguments there
/// are by default.
pub(super) const MOST: u64 = 16 << 20;

/// The heaviest answer that is kept; findings are far lighter.
const KEPT: u64 = 16 << 10;

/// How the text of a refusal begins; whoever sees it knows that a limit was met.
pub(super) const SPENT: &str = "too much work for one builtin";

thread_local! {
    /// An evaluation stays on its thread from beginning to end.
    static LEFT: Cell<u64> = const { Cell::new(MOST) };
}

/// Begins a question, which has everything to spend.
pub(super) fn renew() {
    LEFT.set(MOST);
}

/// Puts a price on every builtin that these policies call and that has one.
pub(super) fn install(engine: &mut Engine) {
    let modules: Vec<Ref<Module>> = engine.get_modules().clone();
    let Some(place) = Place::nowhere() else { return };
    for (name, cost) in called(&modules) {
        let Some((builtin, arity)) = BUILTINS.get(name).copied() else { continue };
        let place = Arc::clone(&place);
        let wrapped = move |arguments: Vec<Value>| {
            spend(name, cost(&arguments))?;
            // Its words without the place where nothing is written; the engine adds the true one.
            builtin(&place.span, &place.parameters, &arguments, true).map_err(|error| {
                let text = error.to_string();
                anyhow::anyhow!("{}", text.rsplit("error: ").next().unwrap_or(&text).trim())
            })
        };
        // It refuses a name that is there twice, and these are the keys of a map.
        drop(engine.add_extension(name.to_owned(), arity, Box::new(wrapped)));
    }
}

/// Whether an answer is small enough to be kept for as long as the policies are in force.
pub(super) fn is_light(said: &Value) -> bool {
    weight(said, KEPT) <= KEPT
}

fn called(modules: &[Ref<Module>]) -> BTreeMap<&'static str, costs::Cost> {
    let mut found = BTreeMap::new();
    for rule in Written::all(modules) {
        rule.walk(&mut |node| {
            if let Node::Expr(Expr::Call { fcn, .. }) = node {
                let name = names(fcn).join(".");
                found.extend(costs::COSTS.iter().find(|(known, _)| *known == name).copied());
            }
        });
    }
    found
}

fn spend(name: &str, cost: u64) -> anyhow::Result<()> {
    match LEFT.get().checked_sub(cost) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => Err(anyhow::anyhow!("{SPENT}: `{name}` would bring this rule over {} MiB", MOST >> 20)),
    }
}

/// Builtins want to know where their arguments are written, for their errors.
struct Place {
    span: Span,
    parameters: Vec<Ref<Expr>>,
}

impl Place {
    /// More arguments than any builtin has.
    const ARGUMENTS: usize = 8;

    fn nowhere() -> Option<Arc<Self>> {
        let source = Source::from_contents("builtin".to_owned(), String::new()).ok()?;
        let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
        let parameter = || Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
        let parameters = std::iter::repeat_with(parameter).take(Self::ARGUMENTS).collect();
        Some(Arc::new(Self { span, parameters }))
    }
}

#[cfg(test)]
mod tests;
