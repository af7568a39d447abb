//! Which relations do INSERT, UPDATE and DELETE change, and within which bounds?

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, MultiTableInsertIntoClause, MultiTableInsertValue,
    ObjectName, OnConflictAction, OnInsert, OutputClause, SelectItem, TableFactor, TableObject, TableWithJoins, Update,
    UpdateTableFromKind,
};

use super::{Around, Tree, named};
use crate::facts::Risk;
use crate::facts::sql::bound::{Asked, bounds};
use crate::facts::sql::tally::binds;
use crate::facts::sql::{Dialect, FunctionClass, Kind, Reason, limit};

/// What may bound a change.
struct Within<'a> {
    selection: Option<&'a Expr>,
    limit: Option<&'a Expr>,
    /// The target and what it is joined with.
    sources: &'a [&'a TableWithJoins],
}

impl Tree<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each node the parser knows")]
    pub(super) fn insert(&mut self, insert: &Insert) {
        let Insert {
            insert_token: _,
            optimizer_hints: _,
            or: _,
            ignore: _,
            into: _,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns: _,
            has_table_keyword: _,
            on,
            returning,
            output,
            replace_into: _,
            priority: _,
            insert_alias: _,
            settings: _,
            format_clause: _,
            multi_table_insert_type: _,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        self.tally.note(Kind::Insert, if *overwrite { Risk::High } else { Risk::Medium });
        self.sources.push(Vec::new());
        let target = match table {
            // Another server's rows, which the parser takes for a relation with columns.
            TableObject::TableName(name) if self.dialect == Dialect::Mssql && super::scope::remote(name) => {
                self.called(name);
                None
            }
            TableObject::TableName(name) => {
                let target = self.target(name);
                self.enter(table_alias.as_ref().map(|alias| &alias.alias), Some(name), target.clone());
                target
            }
            TableObject::TableFunction(function) => {
                self.call(function);
                None
            }
            TableObject::TableQuery(query) => {
                let before = std::mem::take(&mut self.tally.deeds.reads);
                self.query(query, Around::Bound);
                let through = std::mem::replace(&mut self.tally.deeds.reads, before);
                self.tally.deeds.writes.extend(through);
                None
            }
        };
        if let Some(target) = &target {
            for column in columns.iter().filter_map(|name| name.0.last()?.as_ident()) {
                self.tally.column(target, &column.value);
            }
        }
        let inner = std::mem::take(&mut self.sources);
        if let Some(source) = source {
            if !matches!(source.body.as_ref(), sqlparser::ast::SetExpr::Values(_)) {
                self.tally.deeds.kinds.insert(Kind::Select);
            }
            self.query(source, Around::Open);
        }
        self.sources = inner;
        self.assign(assignments);
        self.exprs(partitioned.iter().flatten());
        match on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => self.assign(assignments),
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoNothing => {}
                OnConflictAction::DoUpdate(update) => {
                    self.assign(&update.assignments);
                    self.exprs(&update.selection);
                }
            },
            Some(_) => self.tally.doubt(Reason::UnknownNode),
            None => {}
        }
        let whens = multi_table_when_clauses.iter().flat_map(|when| &when.into_clauses);
        for clause in multi_table_into_clauses.iter().chain(whens).chain(multi_table_else_clause.iter().flatten()) {
            self.also_into(clause);
        }
        self.exprs(multi_table_when_clauses.iter().map(|when| &when.condition));
        self.give_back(returning.as_deref(), output.as_ref());
        self.sources.pop();
    }

    fn also_into(&mut self, clause: &MultiTableInsertIntoClause) {
        self.target(&clause.table_name);
        for value in clause.values.iter().flat_map(|values| &values.values) {
            match value {
                MultiTableInsertValue::Expr(expr) => self.expr(expr),
                MultiTableInsertValue::Default => {}
            }
        }
    }

    pub(super) fn update(&mut self, update: &Update) {
        let Update {
            update_token: _,
            optimizer_hints: _,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or: _,
            order_by,
            limit,
        } = update;
        let (before, after) = match from {
            Some(UpdateTableFromKind::BeforeSet(tables)) => (tables.as_slice(), &[][..]),
            Some(UpdateTableFromKind::AfterSet(tables)) => (&[][..], tables.as_slice()),
            None => (&[][..], &[][..]),
        };
        let sources: Vec<&TableWithJoins> = before.iter().chain(after).collect();
        self.sources.push(Vec::new());
        // SQL Server names the target by an alias of what follows.
        let by_alias = self.dialect == Dialect::Mssql && !sources.is_empty() && table.joins.is_empty();
        if !by_alias {
            self.sight(table);
        }
        for tables in &sources {
            self.sight(tables);
        }
        let mut targets = if self.dialect == Dialect::Mysql {
            self.assigned(table, assignments)
        } else {
            self.meant(&table.relation, by_alias).into_iter().collect()
        };
        targets.dedup();
        let within: Vec<&TableWithJoins> = std::iter::once(table).chain(sources.iter().copied()).collect();
        let within = Within { selection: selection.as_ref(), limit: limit.as_ref(), sources: &within };
        self.changed(Kind::Update, &targets, &within);
        if !table.joins.is_empty() {
            self.read_others(&[table], &targets);
        }
        self.read_others(&sources, &targets);
        self.assign(assignments);
        self.exprs(selection);
        for order in order_by {
            self.expr(&order.expr);
        }
        self.give_back(returning.as_deref(), output.as_ref());
        self.sources.pop();
    }

    pub(super) fn delete(&mut self, delete: &Delete) {
        let Delete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
        let sources: Vec<&TableWithJoins> = using.iter().flatten().collect();
        let from: Vec<&TableWithJoins> = from.iter().collect();
        self.sources.push(Vec::new());
        // `DELETE a FROM t a` and MySQL's `DELETE FROM a USING t a` name the target by an alias.
        let mysql = self.dialect == Dialect::Mysql && !sources.is_empty();
        if !mysql {
            for tables in &from {
                self.sight(tables);
            }
        }
        for tables in &sources {
            self.sight(tables);
        }
        let mut targets = Vec::new();
        for name in tables {
            targets.extend(self.meant_name(name, true));
        }
        if tables.is_empty() {
            for tables in &from {
                targets.extend(self.meant(&tables.relation, mysql));
                if !tables.joins.is_empty() {
                    self.tally.doubt(Reason::Unparsable);
                }
            }
        }
        let within: Vec<&TableWithJoins> = from.iter().chain(&sources).copied().collect();
        let within = Within { selection: selection.as_ref(), limit: limit.as_ref(), sources: &within };
        self.changed(Kind::Delete, &targets, &within);
        if !tables.is_empty() {
            self.read_others(&from, &targets);
        }
        self.read_others(&sources, &targets);
        self.exprs(selection);
        for order in order_by {
            self.expr(&order.expr);
        }
        self.give_back(returning.as_deref(), output.as_ref());
        self.sources.pop();
    }

    /// Notes a change and whether it is bounded.
    fn changed(&mut self, kind: Kind, targets: &[String], within: &Within<'_>) {
        let Within { selection, limit, sources } = *within;
        self.tally.deeds.writes.extend(targets.iter().cloned());
        let lower = targets.iter().map(|name| name.to_ascii_lowercase()).collect();
        let own = self.own();
        let asked = Asked { dialect: self.dialect, own: &own, targets: &lower };
        // Elsewhere the target is no part of what is joined, and another relation's conditions say nothing about it.
        let joins_target = matches!(self.dialect, Dialect::Mysql | Dialect::Mssql);
        let mut joins = sources.iter().flat_map(|tables| &tables.joins);
        let joined = joins_target && joins.any(|join| super::from::filters(join, asked));
        let rows = limit.and_then(limit::number);
        self.exprs(limit);
        let bounded = selection.is_some_and(|condition| bounds(condition, asked)) || joined || binds(rows);
        if bounded {
            self.tally.note(kind, Risk::Medium);
        } else {
            self.tally.note(kind, Risk::High);
            self.tally.deeds.unbounded.extend(targets.iter().cloned());
        }
        self.tally.limit = rows;
    }

    /// Reads the relations beside the target; what they hold does not come back.
    fn read_others(&mut self, sources: &[&TableWithJoins], targets: &[String]) {
        let known: Vec<bool> = targets.iter().map(|target| self.tally.deeds.reads.contains(target)).collect();
        for tables in sources {
            self.tables(tables, Around::Bound);
        }
        for (target, known) in targets.iter().zip(known) {
            let times = sources.iter().flat_map(|tables| {
                std::iter::once(&tables.relation).chain(tables.joins.iter().map(|join| &join.relation))
            });
            let times = times
                .filter(|factor| matches!(factor, TableFactor::Table { name, .. } if named(name) == *target))
                .count();
            // The target stands there only to get its alias.
            if !known && times == 1 {
                self.tally.deeds.reads.remove(target);
            }
        }
    }

    /// The relation a target means.
    fn meant(&mut self, factor: &TableFactor, by_alias: bool) -> Vec<String> {
        match factor {
            TableFactor::Table { name, args: None, .. } => self.meant_name(name, by_alias),
            TableFactor::Table { name, args: Some(args), .. } => {
                self.called(name);
                args.args.iter().for_each(|arg| self.argument(arg));
                Vec::new()
            }
            TableFactor::NestedJoin { table_with_joins, alias: _ } if table_with_joins.joins.is_empty() => {
                self.meant(&table_with_joins.relation, by_alias)
            }
            TableFactor::Function { name, .. } => {
                self.called(name);
                Vec::new()
            }
            _ => {
                self.tally.doubt(Reason::UnknownNode);
                Vec::new()
            }
        }
    }

    pub(super) fn meant_name(&mut self, name: &ObjectName, by_alias: bool) -> Vec<String> {
        if self.dialect == Dialect::Mssql
            && let Some(cte) = self.cte(name)
        {
            return cte.reads.iter().cloned().collect();
        }
        if by_alias && let Some(source) = self.aliased(name) {
            let relation = source.relation.clone();
            let through = relation.is_none() && self.dialect == Dialect::Mssql;
            if through {
                // The alias of a query or a common table expression.
                self.tally.doubt(Reason::UnknownNode);
            }
            return relation.into_iter().collect();
        }
        self.target_name(name).into_iter().collect()
    }

    /// Notes a relation that is written, even where a common table expression has its name.
    pub(super) fn target(&mut self, name: &ObjectName) -> Option<String> {
        let target = self.target_name(name);
        self.tally.deeds.writes.extend(target.clone());
        target
    }

    fn target_name(&mut self, name: &ObjectName) -> Option<String> {
        let hidden = std::mem::take(&mut self.ctes);
        let relation = self.relation(name);
        self.ctes = hidden;
        relation
    }

    /// In MySQL the columns that are set say which of the joined relations change.
    fn assigned(&mut self, table: &TableWithJoins, assignments: &[Assignment]) -> Vec<String> {
        if table.joins.is_empty() {
            return self.meant(&table.relation, false);
        }
        let mut targets = Vec::new();
        for assignment in assignments {
            let names = match &assignment.target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            for name in names {
                let qualifier =
                    name.0.split_last().map(|(_, rest)| ObjectName(rest.to_vec())).filter(|rest| !rest.0.is_empty());
                match qualifier {
                    Some(qualifier) => targets.extend(self.meant_name(&qualifier, true)),
                    // Any of them may have the column.
                    None => targets
                        .extend(self.sources.last().into_iter().flatten().filter_map(|source| source.relation.clone())),
                }
            }
        }
        targets.sort();
        targets
    }

    pub(super) fn assign(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            let names = match &assignment.target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            for name in names {
                let idents: Vec<_> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
                match (idents.as_slice(), self.tally.deeds.writes.len()) {
                    ([column], 1) => {
                        if let Some(target) = self.tally.deeds.writes.first().cloned() {
                            self.tally.column(&target, &column.value);
                        }
                    }
                    (idents, _) => self.column(idents),
                }
            }
            self.expr(&assignment.value);
        }
    }

    /// Reads `RETURNING` and `OUTPUT`.
    pub(super) fn give_back(&mut self, returning: Option<&[SelectItem]>, output: Option<&OutputClause>) {
        let (items, into) = match output {
            Some(OutputClause::Output { select_items, into_table, .. }) => {
                (Some(select_items.as_slice()), into_table.as_ref())
            }
            Some(OutputClause::Returning { select_items, .. }) => (Some(select_items.as_slice()), None),
            None => (returning, None),
        };
        items.into_iter().flatten().for_each(|item| self.item(item));
        for target in into.iter().flat_map(|into| &into.targets) {
            let name = match target {
                Expr::Identifier(name) => ObjectName::from(vec![name.clone()]),
                Expr::CompoundIdentifier(names) => ObjectName::from(names.clone()),
                _ => continue,
            };
            self.target(&name);
        }
        self.tally.returns |= items.is_some() && into.is_none();
        let written = self.tally.deeds.functions.iter().any(|function| function.class == FunctionClass::Writes);
        if written {
            self.tally.raise(Risk::Medium);
        }
    }
}
