//! Which relations stand after FROM?

use sqlparser::ast::{
    Expr, FunctionArg, Ident, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableVersion,
    TableWithJoins,
};

use super::{Around, Tree, named};
use crate::facts::sql::bound::{Asked, bounds};

impl Tree<'_> {
    /// Reads relations and what joins them; gives the rows if that is certain.
    pub(super) fn tables(&mut self, tables: &TableWithJoins, around: Around) -> Option<u64> {
        let rows = self.factor(&tables.relation, around);
        tables.joins.iter().for_each(|join| self.join(join, around));
        rows.filter(|_| tables.joins.is_empty())
    }

    pub(super) fn join(&mut self, join: &Join, around: Around) {
        self.factor(&join.relation, around);
        let condition = match &join.join_operator {
            JoinOperator::AsOf { match_condition, constraint } => {
                self.expr(match_condition);
                Some(constraint)
            }
            operator => constraint(operator),
        };
        match condition {
            Some(JoinConstraint::On(expr)) => self.expr(expr),
            Some(JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None) | None => {}
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each node the parser knows")]
    fn factor(&mut self, factor: &TableFactor, around: Around) -> Option<u64> {
        match factor {
            TableFactor::Table {
                name,
                alias: _,
                args,
                with_hints,
                version,
                with_ordinality: _,
                partitions: _,
                json_path: _,
                sample: _,
                index_hints: _,
            } => {
                self.version(version.as_ref());
                match args {
                    // A stage of Snowflake, with the format of its files.
                    Some(args) if named(name).starts_with('@') => {
                        self.source(name, around);
                        for arg in &args.args {
                            self.argument(arg);
                        }
                    }
                    Some(args) => self.table_function(name, &args.args),
                    None => self.source(name, around),
                }
                // Hints are words in brackets (`NOLOCK`), and some lock.
                if with_hints.iter().any(|hint| matches!(hint, Expr::Identifier(name) if locks(name))) {
                    self.tally.note(crate::facts::sql::Kind::Lock, crate::facts::Risk::Medium);
                }
                None
            }
            TableFactor::Derived { lateral: _, subquery, alias: _, sample: _ } => self.query(subquery, around),
            TableFactor::TableFunction { expr, alias: _ } => {
                self.expr(expr);
                None
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality: _, alias: _ } => {
                self.table_function(name, args);
                None
            }
            TableFactor::UNNEST { array_exprs, .. } => {
                self.exprs(array_exprs);
                None
            }
            TableFactor::JsonTable { json_expr, .. } | TableFactor::OpenJsonTable { json_expr, .. } => {
                self.expr(json_expr);
                None
            }
            TableFactor::NestedJoin { table_with_joins, alias: _ } => self.tables(table_with_joins, around),
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                default_on_null,
                alias: _,
            } => {
                self.factor(table, around);
                self.exprs(
                    aggregate_functions.iter().map(|item| &item.expr).chain(value_column).chain(default_on_null),
                );
                self.pivot(value_source);
                None
            }
            TableFactor::Unpivot { table, value, name: _, columns, null_inclusion: _, alias: _ } => {
                self.factor(table, around);
                self.exprs(std::iter::once(value).chain(columns.iter().map(|item| &item.expr)));
                None
            }
            TableFactor::UnpivotExpr { expression, .. } => {
                self.expr(expression);
                None
            }
            TableFactor::MatchRecognize { table, partition_by, order_by, measures, symbols, .. } => {
                self.factor(table, around);
                self.exprs(partition_by.iter().chain(order_by.iter().map(|order| &order.expr)));
                self.exprs(
                    measures.iter().map(|measure| &measure.expr).chain(symbols.iter().map(|symbol| &symbol.definition)),
                );
                None
            }
            TableFactor::XmlTable { row_expression, passing, .. } => {
                self.exprs(
                    std::iter::once(row_expression).chain(passing.arguments.iter().map(|argument| &argument.expr)),
                );
                None
            }
            TableFactor::SemanticView { name, dimensions, metrics, facts, where_clause, alias: _ } => {
                self.source(name, around);
                self.exprs(dimensions.iter().chain(metrics).chain(facts).chain(where_clause));
                None
            }
        }
    }

    fn source(&mut self, name: &ObjectName, around: Around) {
        // A column of a row that stands before it (`FROM t, t.items`).
        if let [first, _, ..] = name.0.as_slice()
            && self.dialect == crate::facts::sql::Dialect::Bigquery
            && let Some(first) = first.as_ident()
            && self
                .sources
                .last()
                .is_some_and(|frame| frame.iter().any(|source| source.alias == first.value.to_lowercase()))
        {
            return;
        }
        if let Some(relation) = self.relation(name) {
            if around == Around::Open {
                self.tally.deeds.unbounded.insert(relation.clone());
            }
            self.tally.read(relation);
        }
    }

    fn table_function(&mut self, name: &ObjectName, args: &[FunctionArg]) {
        self.called(name);
        for arg in args {
            self.argument(arg);
        }
    }

    fn version(&mut self, version: Option<&TableVersion>) {
        match version {
            Some(
                TableVersion::ForSystemTimeAsOf(expr)
                | TableVersion::TimestampAsOf(expr)
                | TableVersion::VersionAsOf(expr),
            ) => {
                self.expr(expr);
            }
            // `AT (OFFSET => -60)` is no call.
            Some(TableVersion::Function(Expr::Function(version))) => self.arguments(&version.args),
            Some(TableVersion::Function(expr)) => self.expr(expr),
            Some(TableVersion::Changes { changes, at, end }) => self.exprs([changes, at].into_iter().chain(end)),
            None => {}
        }
    }

    /// Puts the names of relations in sight before anything is read.
    pub(super) fn sight(&mut self, tables: &TableWithJoins) {
        self.sight_factor(&tables.relation);
        tables.joins.iter().for_each(|join| self.sight_factor(&join.relation));
    }

    pub(super) fn sight_factor(&mut self, factor: &TableFactor) {
        let name_of = |alias: &Option<TableAlias>| alias.as_ref().map(|alias| alias.name.clone());
        let alias: Option<Ident> = match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let real = args.is_none() && self.cte(name).is_none();
                let relation = Some(named(name)).filter(|name| real && !name.starts_with('@'));
                return self.enter(name_of(alias).as_ref(), Some(name), relation);
            }
            TableFactor::NestedJoin { table_with_joins, alias: _ } => return self.sight(table_with_joins),
            TableFactor::Pivot { table, alias, .. }
            | TableFactor::Unpivot { table, alias, .. }
            | TableFactor::MatchRecognize { table, alias, .. } => {
                self.sight_factor(table);
                name_of(alias)
            }
            TableFactor::Function { name, alias, .. } => return self.enter(name_of(alias).as_ref(), Some(name), None),
            TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::JsonTable { alias, .. }
            | TableFactor::OpenJsonTable { alias, .. }
            | TableFactor::XmlTable { alias, .. }
            | TableFactor::SemanticView { alias, .. } => name_of(alias),
            TableFactor::UnpivotExpr { value_alias, .. } => Some(value_alias.clone()),
        };
        self.enter(alias.as_ref(), None, None);
    }
}

/// Whether a join leaves only some rows of both sides.
pub(super) fn filters(join: &Join, asked: Asked<'_>) -> bool {
    let inner = matches!(
        join.join_operator,
        JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::Semi(_) | JoinOperator::StraightJoin(_)
    );
    inner && matches!(constraint(&join.join_operator), Some(JoinConstraint::On(condition)) if bounds(condition, asked))
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint)
        | JoinOperator::StraightJoin(constraint)
        | JoinOperator::AsOf { match_condition: _, constraint } => Some(constraint),
        JoinOperator::CrossApply
        | JoinOperator::OuterApply
        | JoinOperator::ArrayJoin
        | JoinOperator::LeftArrayJoin
        | JoinOperator::InnerArrayJoin => None,
    }
}

fn locks(hint: &Ident) -> bool {
    ["updlock", "xlock", "tablockx", "tablock", "holdlock", "serializable"]
        .iter()
        .any(|lock| hint.value.eq_ignore_ascii_case(lock))
}
