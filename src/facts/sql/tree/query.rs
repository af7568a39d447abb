//! What does a query read, and how many rows does it give?

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, GroupByWithModifier, Join, LimitClause, LockClause, NamedWindowExpr, ObjectName,
    OrderBy, OrderByKind, PipeOperator, PivotValueSource, Query, Select, SelectInto, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, TopQuantity, WildcardAdditionalOptions, With,
};

use super::{Around, Cte, Tree, named};
use crate::facts::Risk;
use crate::facts::sql::bound::{Asked, bounds};
use crate::facts::sql::tally::{binds, both, least};
use crate::facts::sql::{Dialect, Kind, Reason, limit};

impl Tree<'_> {
    /// Reads a query and gives the number of rows it certainly does not exceed.
    pub(super) fn query(&mut self, query: &Query, around: Around) -> Option<u64> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause: _,
            settings,
            format_clause: _,
            pipe_operators,
        } = query;
        let own = limit::of_query(query);
        let piped = pipe_operators.iter().any(|operator| match operator {
            PipeOperator::Where { expr } => {
                bounds(expr, Asked { dialect: self.dialect, own: &[], targets: &self.tally.deeds.writes })
            }
            _ => false,
        });
        let around = if binds(own) || piped { Around::Bound } else { around };
        let outer = self.ctes.len();
        if let Some(with) = with {
            let inside = if self.holds(body) { Around::Bound } else { around };
            self.with(with, inside);
        }
        let rows = self.body(body, around);
        if let Some(order) = order_by {
            self.order(order);
        }
        match limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                self.exprs(limit.iter().chain(offset.as_ref().map(|offset| &offset.value)).chain(limit_by));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => self.exprs([offset, limit]),
            None => {}
        }
        self.exprs(fetch.iter().filter_map(|fetch| fetch.quantity.as_ref()));
        self.exprs(settings.iter().flatten().map(|setting| &setting.value));
        self.pipe(pipe_operators, around);
        self.locks(locks);
        self.ctes.truncate(outer);
        if pipe_operators.is_empty() { least(own, rows) } else { own }
    }

    fn locks(&mut self, locks: &[LockClause]) {
        if !locks.is_empty() {
            self.tally.note(Kind::Lock, Risk::Medium);
        }
    }

    /// Brings the names of a `WITH` into sight.
    pub(super) fn with(&mut self, with: &With, around: Around) {
        let start = self.ctes.len();
        let early = with.recursive
            && matches!(self.dialect, Dialect::Postgres | Dialect::Mysql | Dialect::Bigquery | Dialect::Sqlite);
        if early {
            for cte in &with.cte_tables {
                self.see(&cte.alias.name);
            }
        }
        for cte in &with.cte_tables {
            // Where the word RECURSIVE is not needed, only a union calls itself.
            let union = matches!(cte.query.body.as_ref(), SetExpr::SetOperation { .. });
            let loops = with.recursive
                || union && matches!(self.dialect, Dialect::Mssql | Dialect::Snowflake | Dialect::Sqlite);
            if loops && !early {
                self.see(&cte.alias.name);
            }
            let outer = std::mem::take(&mut self.tally.deeds.reads);
            self.query(&cte.query, around);
            let reads = std::mem::replace(&mut self.tally.deeds.reads, outer);
            if !loops {
                self.see(&cte.alias.name);
            }
            let folded = self.folded(&cte.alias.name);
            if self.dialect == Dialect::Mssql
                && let Some(seen) = self.ctes.iter_mut().skip(start).find(|seen| seen.name == folded)
            {
                seen.reads.clone_from(&reads);
            }
            self.tally.deeds.reads.extend(reads);
        }
    }

    fn see(&mut self, name: &sqlparser::ast::Ident) {
        let name = self.folded(name);
        self.ctes.push(Cte { name, reads: std::collections::BTreeSet::new() });
    }

    /// Whether a body bounds its own rows.
    fn holds(&self, body: &SetExpr) -> bool {
        match body {
            SetExpr::Select(select) => {
                let top = select.top.as_ref().and_then(limit::of_top);
                let asked = Asked { dialect: self.dialect, own: &[], targets: &self.tally.deeds.writes };
                binds(top)
                    || limit::sums_up(select)
                    || select.selection.as_ref().is_some_and(|condition| bounds(condition, asked))
            }
            SetExpr::Query(query) => binds(limit::of_query(query)) || self.holds(&query.body),
            SetExpr::Values(_) => true,
            SetExpr::SetOperation { .. }
            | SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => false,
        }
    }

    fn body(&mut self, body: &SetExpr, around: Around) -> Option<u64> {
        // Unions lean to the left and may be many.
        let mut next = body;
        let mut rows = Some(0);
        while let SetExpr::SetOperation { left, op, set_quantifier: _, right } = next {
            let right = self.body(right, around);
            rows = match op {
                SetOperator::Union => both(rows, right),
                SetOperator::Except | SetOperator::Minus | SetOperator::Intersect => rows,
            };
            next = left;
        }
        let first = match next {
            SetExpr::Select(select) => self.select(select, around),
            SetExpr::Query(query) => self.query(query, around),
            SetExpr::Values(values) => {
                values.rows.iter().for_each(|row| self.exprs(&row.content));
                u64::try_from(values.rows.len()).ok()
            }
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => {
                self.statement(statement);
                None
            }
            SetExpr::Table(table) => {
                let name = table.schema_name.iter().chain(&table.table_name).cloned().collect::<Vec<_>>().join(".");
                if around == Around::Open {
                    self.tally.deeds.unbounded.insert(name.clone());
                }
                self.tally.column(&name, "*");
                self.tally.read(name);
                None
            }
            SetExpr::SetOperation { .. } => None,
        };
        both(rows, first)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each node the parser knows")]
    fn select(&mut self, select: &Select, around: Around) -> Option<u64> {
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers: _,
            top,
            top_before_distinct: _,
            projection,
            exclude: _,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode: _,
            flavor: _,
        } = select;
        let own_limit = top.as_ref().and_then(limit::of_top);
        let sums = limit::sums_up(select);
        self.sources.push(Vec::new());
        // Names come before columns, and the bound before either reads.
        for tables in from {
            self.sight(tables);
        }
        let own = self.own();
        let asked = Asked { dialect: self.dialect, own: &own, targets: &self.tally.deeds.writes };
        let filtered = selection.iter().chain(prewhere).any(|condition| bounds(condition, asked))
            || from.iter().flat_map(|tables| &tables.joins).any(|join| super::from::filters(join, asked));
        let inside = if filtered || sums || binds(own_limit) { Around::Bound } else { around };
        let mut rows = from.iter().map(|tables| self.tables(tables, inside)).reduce(|_, _| None).flatten();
        for view in lateral_views {
            self.expr(&view.lateral_view);
            rows = None;
        }
        for item in projection {
            self.item(item);
        }
        self.exprs(selection.iter().chain(prewhere).chain(having).chain(qualify));
        self.exprs(cluster_by.iter().chain(distribute_by));
        for order in sort_by {
            self.expr(&order.expr);
        }
        if let Some(Distinct::On(exprs)) = distinct {
            self.exprs(exprs);
        }
        if let Some(TopQuantity::Expr(expr)) = top.as_ref().and_then(|top| top.quantity.as_ref()) {
            self.expr(expr);
        }
        for clause in connect_by {
            match clause {
                sqlparser::ast::ConnectByKind::ConnectBy { relationships, .. } => self.exprs(relationships),
                sqlparser::ast::ConnectByKind::StartWith { condition, .. } => self.expr(condition),
            }
            rows = None;
        }
        self.groups(group_by);
        for window in named_window {
            match &window.1 {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(spec) => self.window(spec),
            }
        }
        if let Some(into) = into {
            self.select_into(into);
        }
        self.sources.pop();
        if from.is_empty() && !super::expr::multiplies(projection) {
            rows = Some(1);
        }
        least(own_limit, if sums { Some(1) } else { rows })
    }

    /// `SELECT .. INTO t` defines a relation; into variables it does not.
    pub(super) fn select_into(&mut self, into: &SelectInto) {
        for target in &into.targets {
            let name = match target {
                Expr::Identifier(name) => ObjectName::from(vec![name.clone()]),
                Expr::CompoundIdentifier(names) => ObjectName::from(names.clone()),
                _ => {
                    self.tally.doubt(Reason::UnknownNode);
                    continue;
                }
            };
            let written = named(&name);
            if written.starts_with(['@', ':']) {
                continue;
            }
            self.tally.note(Kind::Create, Risk::Medium);
            self.tally.write(written);
        }
    }

    fn groups(&mut self, group_by: &GroupByExpr) {
        let (exprs, modifiers) = match group_by {
            GroupByExpr::All(modifiers) => (&[][..], modifiers),
            GroupByExpr::Expressions(exprs, modifiers) => (exprs.as_slice(), modifiers),
        };
        self.exprs(exprs);
        for modifier in modifiers {
            match modifier {
                GroupByWithModifier::Rollup | GroupByWithModifier::Cube | GroupByWithModifier::Totals => {}
                GroupByWithModifier::GroupingSets(expr) => self.expr(expr),
            }
        }
    }

    fn order(&mut self, order: &OrderBy) {
        match &order.kind {
            OrderByKind::All(_) => {}
            OrderByKind::Expressions(exprs) => exprs.iter().for_each(|order| self.expr(&order.expr)),
        }
        if order.interpolate.is_some() {
            self.tally.doubt(Reason::UnknownNode);
        }
    }

    pub(super) fn item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::UnnamedExpr(expr)
            | SelectItem::ExprWithAlias { expr, alias: _ }
            | SelectItem::ExprWithAliases { expr, aliases: _ } => {
                self.expr(expr);
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) => self.all_columns(Some(name)),
                    SelectItemQualifiedWildcardKind::Expr(expr) => self.expr(expr),
                }
                self.wildcard(options);
            }
            SelectItem::Wildcard(options) => {
                self.all_columns(None);
                self.wildcard(options);
            }
        }
    }

    pub(super) fn wildcard(&mut self, options: &WildcardAdditionalOptions) {
        let replaced = options.opt_replace.iter().flat_map(|replace| &replace.items);
        self.exprs(replaced.map(|item| &item.expr));
    }

    fn pipe(&mut self, operators: &[PipeOperator], around: Around) {
        for operator in operators {
            match operator {
                PipeOperator::Limit { expr, offset } => self.exprs(std::iter::once(expr).chain(offset)),
                PipeOperator::Where { expr } => self.expr(expr),
                PipeOperator::OrderBy { exprs } => exprs.iter().for_each(|order| self.expr(&order.expr)),
                PipeOperator::Select { exprs } | PipeOperator::Extend { exprs } => {
                    for item in exprs {
                        self.item(item);
                    }
                }
                PipeOperator::Set { assignments } => self.exprs(assignments.iter().map(|set| &set.value)),
                PipeOperator::Aggregate { full_table_exprs, group_by_expr } => {
                    self.exprs(full_table_exprs.iter().chain(group_by_expr).map(|item| &item.expr.expr));
                }
                PipeOperator::Union { set_quantifier: _, queries }
                | PipeOperator::Intersect { set_quantifier: _, queries }
                | PipeOperator::Except { set_quantifier: _, queries } => {
                    for query in queries {
                        self.query(query, around);
                    }
                }
                PipeOperator::Call { function, alias: _ } => self.call(function),
                PipeOperator::Pivot { aggregate_functions, value_column: _, value_source, alias: _ } => {
                    self.exprs(aggregate_functions.iter().map(|item| &item.expr));
                    self.pivot(value_source);
                }
                PipeOperator::Join(join) => self.piped_join(join, around),
                PipeOperator::Drop { .. }
                | PipeOperator::As { .. }
                | PipeOperator::TableSample { .. }
                | PipeOperator::Rename { .. }
                | PipeOperator::Unpivot { .. } => {}
            }
        }
    }

    fn piped_join(&mut self, join: &Join, around: Around) {
        self.sources.push(Vec::new());
        self.join(join, around);
        self.sources.pop();
    }

    pub(super) fn pivot(&mut self, source: &PivotValueSource) {
        match source {
            PivotValueSource::List(items) => self.exprs(items.iter().map(|item| &item.expr)),
            PivotValueSource::Any(orders) => orders.iter().for_each(|order| self.expr(&order.expr)),
            PivotValueSource::Subquery(query) => {
                self.query(query, Around::Open);
            }
        }
    }
}
