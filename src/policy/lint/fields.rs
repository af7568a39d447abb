//! Is every field of the input that a rule reads one that exists?

use regorus::unstable::Span;

use super::report;
use crate::policy::problem::Problem;
use crate::policy::schema::{Fields, Known};
use crate::policy::syntax::{Node, Part, Shorthands, Written, head, steps};

/// Looks at every reference to the input, and refuses `with`, which is for tests.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let (fields, shorthands) = (Fields::of_the_input(), Shorthands::among(written));
    for rule in written {
        let locals = rule.locals();
        rule.walk(&mut |node| match node {
            Node::Expr(expr) => {
                let Some(path) = steps(expr).and_then(|steps| rule.resolve(steps, &locals)) else { return };
                field(fields, &shorthands.expand(path), expr.span(), problems);
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
