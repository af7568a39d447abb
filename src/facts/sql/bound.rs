//! Does a condition really bound the rows?
//!
//! It does when it compares a column with something that does not move with the row. `1 = 1`, `id = id`, `x is null or
//! x is not null`, a variable alone, a join and everything negative keep all rows or nearly all, and bound nothing.

mod constant;

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, Query, SetExpr, UnaryOperator, Value};

use self::constant::Constant;
use super::{Dialect, limit, tally};

/// Who asks: the names of the relations whose rows are to be bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) dialect: Dialect,
    /// The names and aliases, lower-case. A column of another name is an outer query's and stands still.
    pub(super) own: &'a [String],
    /// The relations that are changed; a subquery over all of them bounds nothing.
    pub(super) targets: &'a BTreeSet<String>,
}

/// Of how many rows a condition is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Always,
    Never,
    /// Of some.
    Some,
    /// Perhaps of all.
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Plain,
    Negated,
}

impl Sense {
    fn flip(self) -> Self {
        match self {
            Self::Plain => Self::Negated,
            Self::Negated => Self::Plain,
        }
    }

    fn with(self, negated: bool) -> Self {
        if negated { self.flip() } else { self }
    }
}

/// Whether a condition bounds the rows.
pub(super) fn bounds(condition: &Expr, asked: Asked<'_>) -> bool {
    matches!(asked.truth(condition, Sense::Plain), Truth::Some | Truth::Never)
}

impl Asked<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each condition")]
    fn truth(self, expr: &Expr, sense: Sense) -> Truth {
        let plain = sense == Sense::Plain;
        match expr {
            Expr::Nested(inner) | Expr::IsTrue(inner) => self.truth(inner, sense),
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => self.truth(expr, sense.flip()),
            Expr::IsFalse(inner) => self.truth(inner, sense.flip()),
            Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. } => self.logic(expr, sense),
            Expr::BinaryOp { left, op, right } => self.compare(left, op, right, sense),
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, &BinaryOperator::Eq, right, sense),
            Expr::IsDistinctFrom(left, right) => self.compare(left, &BinaryOperator::Eq, right, sense.flip()),
            Expr::Value(value) => match (&value.value, Constant::of(expr)) {
                (Value::Null, _) => Truth::Never,
                (_, Some(constant)) => constant.truth().map_or(Truth::Open, |truth| known(truth == plain)),
                _ => Truth::Open,
            },
            Expr::IsNull(inner) if plain => self.moves_some(inner),
            Expr::IsNotNull(inner) if !plain => self.moves_some(inner),
            Expr::InList { expr, list, negated } if sense.with(*negated) == Sense::Plain => self.in_list(expr, list),
            Expr::InSubquery { expr, subquery, negated } if sense.with(*negated) == Sense::Plain => {
                if self.moves(expr).is_empty() || !self.holds_few(subquery) { Truth::Open } else { Truth::Some }
            }
            Expr::InUnnest { expr, array_expr, negated } if sense.with(*negated) == Sense::Plain => {
                self.apart(expr, &[array_expr.as_ref()])
            }
            Expr::Between { expr, negated, low, high } if sense.with(*negated) == Sense::Plain => {
                let wide = Constant::of(low).is_some_and(|low| low.is_floor())
                    && Constant::of(high).is_some_and(|high| high.is_ceiling());
                if wide { Truth::Open } else { self.apart(expr, &[low.as_ref(), high.as_ref()]) }
            }
            Expr::Like { negated, expr, pattern, .. }
            | Expr::ILike { negated, expr, pattern, .. }
            | Expr::SimilarTo { negated, expr, pattern, .. }
            | Expr::RLike { negated, expr, pattern, .. }
                if sense.with(*negated) == Sense::Plain =>
            {
                if fits_all(pattern) {
                    Truth::Open
                } else {
                    self.apart(expr, &[pattern.as_ref()])
                }
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } if plain => match right.as_ref() {
                Expr::Subquery(query) if !self.holds_few(query) => Truth::Open,
                right => self.apart(left, &[right]),
            },
            Expr::MemberOf(member) if plain => self.apart(&member.value, &[member.array.as_ref()]),
            Expr::Exists { subquery, negated } if sense.with(*negated) == Sense::Plain => {
                if self.depends(subquery) {
                    Truth::Some
                } else {
                    Truth::Open
                }
            }
            Expr::Identifier(name) => {
                let text = name.quote_style == Some('"') && self.dialect == Dialect::Sqlite;
                let number = matches!(self.dialect, Dialect::Mysql | Dialect::Sqlite | Dialect::Mssql)
                    && name.value.to_ascii_lowercase().ends_with("id");
                if text || number { Truth::Open } else { self.moves_some(expr) }
            }
            Expr::CompoundIdentifier(_) => self.moves_some(expr),
            Expr::MatchAgainst { .. } if plain => Truth::Some,
            Expr::Function(_) if plain => self.call(expr),
            Expr::Cast { expr, .. } | Expr::Collate { expr, .. } => self.truth(expr, sense),
            _ => Truth::Open,
        }
    }

    fn logic(self, expr: &Expr, sense: Sense) -> Truth {
        let Expr::BinaryOp { op: outer, .. } = expr else { return Truth::Open };
        // A chain of the same word leans to the left and may be long.
        let (mut parts, mut next) = (Vec::new(), expr);
        while let Expr::BinaryOp { left, op, right } = next
            && op == outer
        {
            parts.push(right.as_ref());
            next = left;
        }
        parts.push(next);
        let all = (*outer == BinaryOperator::And) == (sense == Sense::Plain);
        let truths: Vec<Truth> = parts.iter().map(|part| self.truth(part, sense)).collect();
        let has = |truth| truths.contains(&truth);
        if all {
            match () {
                () if has(Truth::Never) => Truth::Never,
                () if has(Truth::Some) => Truth::Some,
                () if has(Truth::Open) => Truth::Open,
                () => Truth::Always,
            }
        } else {
            match () {
                () if has(Truth::Always) => Truth::Always,
                () if has(Truth::Open) || self.covers(&parts) => Truth::Open,
                () if has(Truth::Some) => Truth::Some,
                () => Truth::Never,
            }
        }
    }

    /// Whether alternatives may add up to everything: the same column from below and from above.
    fn covers(self, parts: &[&Expr]) -> bool {
        let sides = parts.iter().filter_map(|part| {
            let mut part = *part;
            while let Expr::Nested(inner) = part {
                part = inner;
            }
            match part {
                Expr::BinaryOp { left, op, right } => {
                    let mirrored = self.moves(left).is_empty();
                    let column = if mirrored { self.moves(right) } else { self.moves(left) };
                    let up = match op {
                        BinaryOperator::Gt | BinaryOperator::GtEq => !mirrored,
                        BinaryOperator::Lt | BinaryOperator::LtEq => mirrored,
                        _ => return None,
                    };
                    Some((column, up))
                }
                _ => None,
            }
        });
        let sides: BTreeSet<_> = sides.collect();
        let flags =
            parts.iter().filter(|part| matches!(part, Expr::UnaryOp { op: UnaryOperator::Not, .. })).any(|part| {
                let column = self.moves(part);
                parts.iter().any(|other| !std::ptr::eq(*part, *other) && self.moves(other) == column)
            });
        flags || sides.iter().any(|(column, up)| *up && sides.contains(&(column.clone(), false)))
    }

    fn compare(self, left: &Expr, op: &BinaryOperator, right: &Expr, sense: Sense) -> Truth {
        let (one, other) = (self.moves(left), self.moves(right));
        if one.is_empty() && other.is_empty() {
            let pair = Constant::of(left).zip(Constant::of(right));
            return pair
                .and_then(|(left, right)| left.compare(op, &right))
                .map_or(Truth::Open, |truth| known(truth == (sense == Sense::Plain)));
        }
        if !one.is_empty() && !other.is_empty() {
            return Truth::Open;
        }
        let (moving, fixed, mirrored) = if other.is_empty() { (left, right, false) } else { (right, left, true) };
        // `(condition) = true`
        if let Some(Constant::Truth(truth)) = Constant::of(fixed)
            && matches!(
                inner(moving),
                Expr::BinaryOp { .. } | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::UnaryOp { .. }
            )
        {
            let same = matches!(op, BinaryOperator::Eq | BinaryOperator::Spaceship);
            return if same { self.truth(moving, sense.with(!truth)) } else { Truth::Open };
        }
        if !stays_free(moving) {
            return Truth::Open;
        }
        let fixed = Constant::of(fixed);
        let floor = fixed.as_ref().is_some_and(Constant::is_floor);
        let ceiling = fixed.as_ref().is_some_and(Constant::is_ceiling);
        let negated = sense == Sense::Negated;
        match op {
            BinaryOperator::Eq | BinaryOperator::Spaceship if !negated => Truth::Some,
            BinaryOperator::NotEq if negated => Truth::Some,
            BinaryOperator::Eq | BinaryOperator::Spaceship | BinaryOperator::NotEq => Truth::Open,
            BinaryOperator::Gt | BinaryOperator::GtEq | BinaryOperator::Lt | BinaryOperator::LtEq => {
                let up = matches!(op, BinaryOperator::Gt | BinaryOperator::GtEq) != (mirrored != negated);
                if up && floor || !up && ceiling { Truth::Open } else { Truth::Some }
            }
            _ if negated => Truth::Open,
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGLikeMatch
            | BinaryOperator::PGILikeMatch => {
                if fits_all(right) {
                    Truth::Open
                } else {
                    Truth::Some
                }
            }
            BinaryOperator::AtArrow
            | BinaryOperator::ArrowAt
            | BinaryOperator::AtAt
            | BinaryOperator::AtQuestion
            | BinaryOperator::PGOverlap
            | BinaryOperator::Question
            | BinaryOperator::QuestionAnd
            | BinaryOperator::QuestionPipe
            | BinaryOperator::Match
            | BinaryOperator::Regexp
            | BinaryOperator::Overlaps => Truth::Some,
            _ => Truth::Open,
        }
    }

    fn in_list(self, expr: &Expr, list: &[Expr]) -> Truth {
        if self.moves(expr).is_empty() {
            return Truth::Open;
        }
        let free = list.iter().all(|item| match item {
            Expr::Subquery(query) => self.holds_few(query),
            item => self.moves(item).is_empty(),
        });
        if free && stays_free(expr) { Truth::Some } else { Truth::Open }
    }

    /// A call bounds when it sets a column against something else.
    fn call(self, expr: &Expr) -> Truth {
        let Expr::Function(called) = expr else { return Truth::Open };
        let FunctionArguments::List(list) = &called.args else { return Truth::Open };
        let several = list.args.len() > 1 && list.args.len() > self.moves(expr).len();
        let name = called.name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_ascii_lowercase());
        let chooses = name.is_none_or(|name| {
            matches!(
                name.as_str(),
                "coalesce" | "ifnull" | "isnull" | "nvl" | "iif" | "if" | "nullif" | "greatest" | "least" | "concat"
            )
        });
        if several && !chooses { self.moves_some(expr) } else { Truth::Open }
    }

    fn moves_some(self, expr: &Expr) -> Truth {
        if self.moves(expr).is_empty() { Truth::Open } else { Truth::Some }
    }

    /// A column against values that do not move with it.
    fn apart(self, expr: &Expr, others: &[&Expr]) -> Truth {
        let still = others.iter().all(|other| self.moves(other).is_empty());
        if still && !self.moves(expr).is_empty() && stays_free(expr) { Truth::Some } else { Truth::Open }
    }

    /// The columns in an expression that move with the rows that are asked about.
    fn moves(self, expr: &Expr) -> BTreeSet<String> {
        let mut found = Vec::new();
        constant::columns(expr, &mut found);
        found
            .into_iter()
            .filter(|names| match names {
                [qualifiers @ .., _] if !qualifiers.is_empty() => {
                    let last = qualifiers.last().map(|name| name.value.to_ascii_lowercase()).unwrap_or_default();
                    self.own.is_empty() || self.own.contains(&last)
                }
                _ => true,
            })
            .map(|names| names.last().map(|name| name.value.to_ascii_lowercase()).unwrap_or_default())
            .collect()
    }

    /// Whether a subquery gives few rows, or rows of other relations than those that are changed.
    fn holds_few(self, query: &Query) -> bool {
        if tally::binds(limit::of_query(query)) {
            return true;
        }
        match query.body.as_ref() {
            SetExpr::Select(select) => {
                let inside = Asked { own: &[], ..self };
                let filtered = select.selection.as_ref().is_some_and(|condition| bounds(condition, inside));
                let other = !select.from.is_empty()
                    && !self.targets.is_empty()
                    && select.from.iter().all(|from| match &from.relation {
                        sqlparser::ast::TableFactor::Table { name, .. } => {
                            !self.targets.contains(&super::tree::named(name).to_ascii_lowercase())
                        }
                        _ => false,
                    });
                filtered || other || select.from.is_empty() || limit::sums_up(select)
            }
            SetExpr::Values(_) => true,
            SetExpr::Query(query) => self.holds_few(query),
            _ => false,
        }
    }

    /// Whether a subquery looks at the row that is asked about, or at few rows.
    fn depends(self, query: &Query) -> bool {
        match query.body.as_ref() {
            SetExpr::Select(select) => {
                !select.from.is_empty()
                    && select.selection.as_ref().is_some_and(|condition| {
                        let mut found = Vec::new();
                        constant::columns(condition, &mut found);
                        found.iter().any(|names| {
                        matches!(names, [.., qualifier, _] if self.own.contains(&qualifier.value.to_ascii_lowercase()))
                    })
                    })
            }
            _ => false,
        }
    }
}

fn known(truth: bool) -> Truth {
    if truth { Truth::Always } else { Truth::Never }
}

fn inner(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(next) = expr {
        expr = next;
    }
    expr
}

/// Whether a pattern fits every text.
fn fits_all(pattern: &Expr) -> bool {
    match Constant::of(pattern) {
        Some(Constant::Text(text)) => text.chars().all(|c| matches!(c, '%' | '_' | '.' | '*' | '^' | '$' | '?' | '+')),
        _ => false,
    }
}

/// Whether a value moves with its column: not `id - id`, not `id * 0`, not a choice.
fn stays_free(expr: &Expr) -> bool {
    let mut found = Vec::new();
    constant::columns(expr, &mut found);
    let names: BTreeSet<String> =
        found.iter().filter_map(|names| names.last()).map(|name| name.value.to_ascii_lowercase()).collect();
    names.len() == found.len() && !constant::flattens(expr)
}
