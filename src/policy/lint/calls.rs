//! Does every call go to a function that exists, takes these arguments and always ends?

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{BUILTINS, Expr, Ref, Span};

use super::{did_you_mean, nearest, report};
use crate::policy::problem::Problem;
use crate::policy::syntax::{Node, Part, Written, arity, names, steps, text};

/// What depends on something else than the input, or can run on without looking at the clock.
const FORBIDDEN: [(&str, &str); 13] = [
    ("time.now_ns", "a rule that asks for the time cannot be repeated. Use input.time"),
    ("rand.intn", "a rule that throws dice cannot be repeated"),
    ("uuid.rfc4122", "a rule that throws dice cannot be repeated"),
    ("http.send", "a rule does not ask the network. Put what it needs into data"),
    ("net.lookup_ip_addr", "a rule does not ask the network. Put what it needs into data"),
    ("opa.runtime", "a rule does not ask about its engine"),
    ("graph.reachable", "it can run on past every limit"),
    ("graph.reachable_paths", "it can run on past every limit"),
    ("bits.lsh", "it can run on past every limit"),
    ("net.cidr_expand", "it can run on past every limit. Use net.cidr_contains"),
    ("numbers.range_step", "it can run on past every limit"),
    ("trace", "it does nothing here"),
    ("print", "nobody would read it. Take it out"),
];
/// The largest number of elements `numbers.range` may make.
const WIDEST: u64 = 10_000;
/// The largest compiled pattern the engine takes.
const PATTERN_BYTES: usize = 100 << 10;

/// Looks at every call.
pub(super) fn check(written: &[Written<'_>], problems: &mut Vec<Problem>) {
    let mut functions: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for rule in written {
        functions.extend(arity(rule.rule).map(|arity| (rule.path(), arity)));
    }
    for rule in written {
        rule.walk(&mut |node| {
            if let Node::Expr(Expr::Call { fcn, params, .. }) = node {
                let path = rule.resolve(steps(fcn).unwrap_or_default(), &BTreeSet::new());
                let own = path.and_then(|path| {
                    let path: Vec<String> = path.iter().filter_map(named).collect();
                    functions.get(&path).copied()
                });
                let call = Call { name: names(fcn).join("."), span: fcn.span(), given: params.len() };
                match own {
                    Some(wanted) => call.expect(wanted, problems),
                    None => call.builtin(problems),
                }
                arguments(&call.name, params, fcn.span(), problems);
            }
        });
    }
}

fn named(part: &Part) -> Option<String> {
    match part {
        Part::Name(name) => Some(name.clone()),
        Part::Any => None,
    }
}

struct Call<'a> {
    name: String,
    span: &'a Span,
    given: usize,
}

impl Call<'_> {
    fn builtin(&self, problems: &mut Vec<Problem>) {
        let name = self.name.as_str();
        if let Some((_, why)) = FORBIDDEN.iter().find(|(forbidden, _)| *forbidden == name) {
            return report(problems, self.span, "forbidden-builtin", format!("`{name}` cannot be used here: {why}."));
        }
        let Some((_, wanted)) = BUILTINS.get(name) else {
            let meant = did_you_mean(nearest(name, BUILTINS.keys().copied()));
            return report(problems, self.span, "unknown-function", format!("there is no function `{name}`.{meant}"));
        };
        self.expect(usize::from(*wanted), problems);
    }

    fn expect(&self, wanted: usize, problems: &mut Vec<Problem>) {
        let Self { name, span, given } = self;
        // One more binds the result: `f(x, y)` where `f` takes one.
        if *given != wanted && *given != wanted.saturating_add(1) {
            report(problems, span, "wrong-arity", format!("`{name}` takes {wanted} arguments, not {given}."));
        }
    }
}

fn arguments(name: &str, params: &[Ref<Expr>], span: &Span, problems: &mut Vec<Problem>) {
    let nth = |index: usize| params.get(index).map(AsRef::as_ref);
    match name {
        "regex.match" | "regex.split" | "regex.find_n" | "regex.is_valid" => regex(nth(0), problems),
        "regex.replace" => regex(nth(1), problems),
        "glob.match" => glob(nth(0), problems),
        "numbers.range" => {
            let bound = |index| nth(index).and_then(whole);
            let bounded = matches!((bound(0), bound(1)), (Some(from), Some(to)) if from.abs_diff(to) <= WIDEST);
            if !bounded {
                let what = format!("`numbers.range` needs two bounds that are written down, at most {WIDEST} apart.");
                report(problems, span, "forbidden-builtin", what);
            }
        }
        "sprintf" => {
            let wide = nth(0).and_then(text).is_none_or(|format| {
                format.split('%').skip(1).any(|rest| rest.chars().take_while(char::is_ascii_digit).count() > 2)
            });
            if wide {
                let what = "`sprintf` needs a format that is written down, with widths below 100. Reasons are templates: \"{call.tool}\".";
                report(problems, span, "forbidden-builtin", what);
            }
        }
        _ => {}
    }
}

fn whole(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Number { value, .. } => value.as_i64().ok(),
        Expr::UnaryExpr { expr, .. } => whole(expr)?.checked_neg(),
        _ => None,
    }
}

fn regex(pattern: Option<&Expr>, problems: &mut Vec<Problem>) {
    // A pattern made while the rule runs is compiled then; when it is bad, the rule fails and the call is denied.
    let Some((pattern, span)) = pattern.and_then(|expr| Some((text(expr)?, expr.span()))) else { return };
    if let Err(error) = regex::RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES).build() {
        let words = error.to_string();
        let last = words.lines().last().unwrap_or_default().trim_start_matches("error: ");
        report(problems, span, "bad-pattern", format!("this pattern cannot be used: {last}."));
    }
    if ["&&", "--", "~~"].iter().any(|operator| inside_class(&pattern, operator)) {
        let what = "`&&`, `--` and `~~` inside a class mean something else in OPA. Write the characters apart.";
        report(problems, span, "bad-pattern", what);
    }
}

fn inside_class(pattern: &str, operator: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => drop(rest.next()),
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 && operator.starts_with(next) && rest.as_str().starts_with(next) => return true,
            _ => {}
        }
    }
    false
}

fn glob(pattern: Option<&Expr>, problems: &mut Vec<Problem>) {
    let Some((pattern, span)) = pattern.and_then(|expr| Some((text(expr)?, expr.span()))) else { return };
    let balanced = |open, close| pattern.matches(open).count() == pattern.matches(close).count();
    if pattern.is_empty() || !balanced('[', ']') || !balanced('{', '}') {
        report(problems, span, "bad-pattern", "this pattern is empty or has a bracket that is not closed.");
    }
}
