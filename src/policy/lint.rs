//! What do these policies say that their authors cannot have meant?
//!
//! The engine looks at much less when it loads than OPA does: an unknown function, a misspelt field or a recursion shows
//! itself when a call comes by, or never. Whatever is found here stops the load.

mod absence;
mod calls;
mod fields;
mod findings;
mod forms;
pub mod lenders;
mod names;
mod recursion;
pub mod reviewers;
mod unreachable;
mod unused;

use regorus::unstable::{Module, Ref, Span};

use self::lenders::Lenders;
use self::reviewers::Reviewers;
use super::problem::Problem;
use super::syntax::{Written, place};

/// Looks at all policies together.
pub fn check(modules: &[Ref<Module>]) -> Vec<Problem> {
    let written = Written::all(modules);
    let mut problems = Vec::new();
    names::check(modules, &written, &mut problems);
    calls::check(&written, &mut problems);
    fields::check(&written, &mut problems);
    recursion::check(&written, &mut problems);
    absence::check(&written, &mut problems);
    findings::check(&written, &mut problems);
    unused::check(&written, &mut problems);
    unreachable::check(modules, &written, &mut problems);
    problems
}

/// What is known of the place where policies are to judge; nothing where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whom rules can name as reviewers.
    pub reviewers: Option<Reviewers>,
    /// Who makes the credentials they require.
    pub lenders: Option<Lenders>,
}

/// Looks for names that are nobody's there.
pub fn strangers(modules: &[Ref<Module>], known: &Known) -> Vec<Problem> {
    let (written, mut problems) = (Written::all(modules), Vec::new());
    if let Some(reviewers) = &known.reviewers {
        reviewers::check(&written, reviewers, &mut problems);
    }
    if let Some(lenders) = &known.lenders {
        lenders::check(&written, lenders, &mut problems);
    }
    problems
}

fn report(problems: &mut Vec<Problem>, span: &Span, rule: &'static str, what: impl Into<String>) {
    problems.push(Problem { place: place(span), rule, what: what.into() });
}

/// The known word somebody may have meant.
fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|other| (strsim::damerau_levenshtein(word, other), other));
    near.filter(|(distance, other)| *distance <= 2 && *distance < other.len()).min().map(|(_, other)| other)
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |word| format!(" Did you mean `{word}`?"))
}

#[cfg(test)]
mod tests;
