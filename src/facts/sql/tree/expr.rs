//! Which columns, functions and queries stand in an expression?

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, JsonPathElem, ListAggOnOverflow, ObjectName, Query, SelectItem, Subscript, WindowFrameBound,
    WindowSpec, WindowType,
};

use super::{Around, Tree, named};
use crate::facts::sql::function;
use crate::facts::sql::{FunctionClass, Reason};

impl Tree<'_> {
    pub(super) fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each node the parser knows")]
    pub(super) fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Identifier(name) => self.column(std::slice::from_ref(name)),
            Expr::CompoundIdentifier(names) => self.column(names),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::Function(called) => self.call(called),
            Expr::Value(_) | Expr::TypedString(_) | Expr::Wildcard(_) | Expr::MatchAgainst { .. } => {}
            Expr::QualifiedWildcard(name, _) => self.all_columns(Some(name)),
            Expr::Subquery(query) => self.subquery(query, Around::Open),
            Expr::Exists { subquery, negated: _ } => self.subquery(subquery, Around::Bound),
            Expr::InSubquery { expr, subquery, negated: _ } => {
                self.expr(expr);
                self.subquery(subquery, Around::Bound);
            }
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Nested(inner)
            | Expr::OuterJoin(inner)
            | Expr::Prior(inner) => self.expr(inner),
            Expr::IsJson { expr, .. }
            | Expr::IsNormalized { expr, .. }
            | Expr::UnaryOp { op: _, expr }
            | Expr::Cast { expr, .. }
            | Expr::Extract { expr, .. }
            | Expr::Ceil { expr, .. }
            | Expr::Floor { expr, .. }
            | Expr::Collate { expr, .. }
            | Expr::Named { expr, .. } => self.expr(expr),
            Expr::Prefixed { value, .. } => self.expr(value),
            Expr::IsDistinctFrom(one, other) | Expr::IsNotDistinctFrom(one, other) => self.exprs([one.as_ref(), other]),
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => {
                self.expr(left);
                match right.as_ref() {
                    Expr::Subquery(query) => self.subquery(query, Around::Bound),
                    right => self.expr(right),
                }
            }
            Expr::InList { expr, list, negated: _ } => self.exprs(std::iter::once(expr.as_ref()).chain(list)),
            Expr::InUnnest { expr, array_expr, negated: _ } => self.exprs([expr.as_ref(), array_expr]),
            Expr::Between { expr, negated: _, low, high } => self.exprs([expr.as_ref(), low, high]),
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. }
            | Expr::RLike { expr, pattern, .. } => {
                self.exprs([expr.as_ref(), pattern]);
            }
            Expr::Convert { expr, styles, .. } => self.exprs(std::iter::once(expr.as_ref()).chain(styles)),
            Expr::AtTimeZone { timestamp, time_zone } => self.exprs([timestamp.as_ref(), time_zone]),
            Expr::Position { expr, r#in } => self.exprs([expr.as_ref(), r#in]),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                self.exprs(std::iter::once(expr).chain(substring_from).chain(substring_for).map(AsRef::as_ref));
            }
            Expr::Trim { expr, trim_what, trim_characters, trim_where: _ } => {
                self.exprs(std::iter::once(expr).chain(trim_what).map(AsRef::as_ref));
                self.exprs(trim_characters.iter().flatten());
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.exprs([expr, overlay_what, overlay_from].into_iter().chain(overlay_for).map(AsRef::as_ref));
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.exprs(operand.iter().chain(else_result).map(AsRef::as_ref));
                self.exprs(conditions.iter().flat_map(|when| [&when.condition, &when.result]));
            }
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => self.exprs(sets.iter().flatten()),
            Expr::Tuple(items) => self.exprs(items),
            Expr::Array(array) => self.exprs(&array.elem),
            Expr::Struct { values, fields: _ } => self.exprs(values),
            Expr::Dictionary(fields) => self.exprs(fields.iter().map(|field| field.value.as_ref())),
            Expr::Map(map) => self.exprs(map.entries.iter().flat_map(|entry| [entry.key.as_ref(), &entry.value])),
            Expr::Interval(interval) => self.expr(&interval.value),
            Expr::Lambda(lambda) => self.expr(&lambda.body),
            Expr::MemberOf(member) => self.exprs([member.value.as_ref(), &member.array]),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.expr(root);
                for access in access_chain {
                    self.access(access);
                }
            }
            Expr::JsonAccess { value, path } => {
                self.expr(value);
                for step in &path.path {
                    match step {
                        JsonPathElem::Dot { .. } => {}
                        JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => self.expr(key),
                    }
                }
            }
        }
    }

    /// Operators lean to the left and may be many.
    fn chain(&mut self, expr: &Expr) {
        let mut next = expr;
        while let Expr::BinaryOp { left, op: _, right } = next {
            self.expr(right);
            next = left;
        }
        self.expr(next);
    }

    fn access(&mut self, access: &AccessExpr) {
        match access {
            // The name of a field, or a method of the value.
            AccessExpr::Dot(Expr::Identifier(_)) => {}
            AccessExpr::Dot(expr) => self.expr(expr),
            AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index),
            AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                self.exprs(lower_bound.iter().chain(upper_bound).chain(stride));
            }
        }
    }

    fn subquery(&mut self, query: &Query, around: Around) {
        self.query(query, around);
    }

    pub(super) fn call(&mut self, called: &Function) {
        let Function { name, uses_odbc_syntax: _, parameters, args, within_group, filter, null_treatment: _, over } =
            called;
        self.called(name);
        self.arguments(parameters);
        self.arguments(args);
        for order in within_group {
            self.expr(&order.expr);
        }
        self.exprs(filter.iter().map(AsRef::as_ref));
        match over {
            Some(WindowType::WindowSpec(spec)) => self.window(spec),
            Some(WindowType::NamedWindow(_)) | None => {}
        }
    }

    /// Notes a function by its name.
    pub(super) fn called(&mut self, name: &ObjectName) {
        let computed = name.0.iter().any(|part| part.as_ident().is_none());
        if computed {
            return self.tally.doubt(Reason::DynamicText);
        }
        // The constructor of a relation's rows has its name, and a method of a column the column's.
        let written = named(name);
        let Some(class) = function::class(&written, self.dialect) else { return };
        let method = name.0.len() > 1
            && class == FunctionClass::Unknown
            && name.0.first().and_then(|part| part.as_ident()).is_some_and(|first| {
                let first = first.value.to_lowercase();
                self.sources.last().is_some_and(|frame| frame.iter().any(|source| source.alias == first))
            });
        if !method {
            self.tally.function(written, class);
        }
    }

    pub(super) fn arguments(&mut self, arguments: &FunctionArguments) {
        match arguments {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(query) => self.subquery(query, Around::Open),
            FunctionArguments::List(FunctionArgumentList { duplicate_treatment: _, args, clauses }) => {
                for arg in args {
                    self.argument(arg);
                }
                for clause in clauses {
                    self.clause(clause);
                }
            }
        }
    }

    pub(super) fn argument(&mut self, argument: &FunctionArg) {
        let (name, arg) = match argument {
            FunctionArg::Named { name: _, arg, operator: _ } | FunctionArg::Unnamed(arg) => (None, arg),
            FunctionArg::ExprNamed { name, arg, operator: _ } => (Some(name), arg),
        };
        self.exprs(name);
        match arg {
            FunctionArgExpr::Expr(expr) => self.expr(expr),
            FunctionArgExpr::QualifiedWildcard(name) => self.all_columns(Some(name)),
            // `count(*)` asks for no column.
            FunctionArgExpr::Wildcard => {}
            FunctionArgExpr::WildcardWithOptions(options) => {
                self.all_columns(None);
                self.wildcard(options);
            }
        }
    }

    fn clause(&mut self, clause: &FunctionArgumentClause) {
        match clause {
            FunctionArgumentClause::Where(expr) | FunctionArgumentClause::Limit(expr) => self.expr(expr),
            FunctionArgumentClause::OrderBy(orders) => orders.iter().for_each(|order| self.expr(&order.expr)),
            FunctionArgumentClause::Having(bound) => self.expr(&bound.1),
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Truncate { filler, with_count: _ }) => {
                self.exprs(filler.iter().map(AsRef::as_ref));
            }
            FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Error)
            | FunctionArgumentClause::IgnoreOrRespectNulls(_)
            | FunctionArgumentClause::Separator(_)
            | FunctionArgumentClause::JsonNullClause(_)
            | FunctionArgumentClause::JsonReturningClause(_) => {}
        }
    }

    pub(super) fn window(&mut self, spec: &WindowSpec) {
        let WindowSpec { window_name: _, partition_by, order_by, window_frame } = spec;
        self.exprs(partition_by.iter().chain(order_by.iter().map(|order| &order.expr)));
        let frames = window_frame.iter().flat_map(|frame| std::iter::once(&frame.start_bound).chain(&frame.end_bound));
        for bound in frames {
            match bound {
                WindowFrameBound::CurrentRow => {}
                WindowFrameBound::Preceding(expr) | WindowFrameBound::Following(expr) => {
                    self.exprs(expr.iter().map(AsRef::as_ref));
                }
            }
        }
    }
}

/// Whether what is asked for may give several rows where there is no relation.
pub(super) fn multiplies(projection: &[SelectItem]) -> bool {
    projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => calls(expr),
        SelectItem::ExprWithAliases { .. } | SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => true,
    })
}

/// The functions that give several rows are in no list of the harmless that matters here; few names do.
fn calls(expr: &Expr) -> bool {
    match expr {
        Expr::Function(called) => {
            let name = named(&called.name).to_ascii_lowercase();
            let last = name.rsplit('.').next().unwrap_or_default();
            last.contains("unnest")
                || last.contains("series")
                || last.contains("each")
                || last.contains("elements")
                || last.contains("keys")
                || last.contains("split")
                || last.contains("matches")
                || last.contains("subscripts")
                || last.starts_with("pg_")
                || last.contains("recordset")
                || last.contains("query")
                || last.contains("dblink")
                || last.contains("vals")
                || last.contains("to_table")
                || last.contains("flatten")
        }
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => calls(inner),
        Expr::CompoundFieldAccess { root, .. } => calls(root),
        Expr::BinaryOp { left, right, .. } => calls(left) || calls(right),
        _ => false,
    }
}
