//! How many rows come back at most?

use sqlparser::ast::{Expr, Fetch, LimitClause, PipeOperator, Query, Select, SelectItem, Top, TopQuantity, Value};

use super::function;
use super::tally::least;

/// The certain limit that a query sets itself: by `LIMIT`, `FETCH` or in its pipe.
pub(super) fn of_query(query: &Query) -> Option<u64> {
    let clause = query.limit_clause.as_ref().and_then(|clause| match clause {
        LimitClause::LimitOffset { limit, offset: _, limit_by } => {
            limit.as_ref().filter(|_| limit_by.is_empty()).and_then(number)
        }
        LimitClause::OffsetCommaLimit { offset: _, limit } => number(limit),
    });
    least(least(clause, query.fetch.as_ref().and_then(of_fetch)), of_pipe(&query.pipe_operators))
}

fn of_fetch(fetch: &Fetch) -> Option<u64> {
    if fetch.percent || fetch.with_ties {
        return None;
    }
    fetch.quantity.as_ref().map_or(Some(1), number)
}

/// In a pipe a limit holds until rows can multiply again.
fn of_pipe(operators: &[PipeOperator]) -> Option<u64> {
    let mut rows = None;
    for operator in operators {
        rows = match operator {
            PipeOperator::Limit { expr, offset: _ } => least(rows, number(expr)),
            PipeOperator::Where { .. }
            | PipeOperator::OrderBy { .. }
            | PipeOperator::Extend { .. }
            | PipeOperator::Set { .. }
            | PipeOperator::Drop { .. }
            | PipeOperator::As { .. }
            | PipeOperator::Rename { .. }
            | PipeOperator::Aggregate { .. }
            | PipeOperator::TableSample { .. }
            | PipeOperator::Intersect { .. }
            | PipeOperator::Except { .. }
            | PipeOperator::Pivot { .. } => rows,
            PipeOperator::Select { .. }
            | PipeOperator::Union { .. }
            | PipeOperator::Call { .. }
            | PipeOperator::Unpivot { .. }
            | PipeOperator::Join(_) => None,
        };
    }
    rows
}

/// `TOP 5`; neither a share nor ties are certain.
pub(super) fn of_top(top: &Top) -> Option<u64> {
    if top.percent || top.with_ties {
        return None;
    }
    match top.quantity.as_ref()? {
        TopQuantity::Constant(rows) => Some(*rows),
        TopQuantity::Expr(expr) => number(expr),
    }
}

/// Whether all that is asked for are sums over all rows, which give one.
pub(super) fn sums_up(select: &Select) -> bool {
    let grouped = match &select.group_by {
        sqlparser::ast::GroupByExpr::All(_) => true,
        sqlparser::ast::GroupByExpr::Expressions(exprs, modifiers) => !exprs.is_empty() || !modifiers.is_empty(),
    };
    let sum = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => is_sum(expr),
        SelectItem::ExprWithAliases { .. } | SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => false,
    };
    !grouped && !select.projection.is_empty() && select.projection.iter().all(sum)
}

fn is_sum(expr: &Expr) -> bool {
    match expr {
        Expr::Function(called) => {
            called.over.is_none()
                && matches!(called.name.0.as_slice(), [part] if part.as_ident().is_some_and(|name| function::sums_up(&name.value)))
        }
        Expr::Nested(inner) => is_sum(inner),
        Expr::Cast { expr, .. } => is_sum(expr),
        _ => false,
    }
}

/// A number that is written as one.
pub(super) fn number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        Expr::Nested(inner) => number(inner),
        _ => None,
    }
}
