//! What does MERGE change?

use sqlparser::ast::{
    Merge, MergeAction, MergeClauseKind, MergeInsertKind, MergeUpdateKind, TableFactor, TableWithJoins,
};

use super::{Around, Tree};
use crate::facts::Risk;
use crate::facts::sql::bound::{Asked, bounds};
use crate::facts::sql::{Kind, Reason};

impl Tree<'_> {
    pub(super) fn merge(&mut self, merge: &Merge) {
        let Merge { merge_token: _, optimizer_hints: _, into: _, table, source, on, clauses, output } = merge;
        self.sources.push(Vec::new());
        self.sight_factor(table);
        self.sight_factor(source);
        let targets = if let TableFactor::Table { name, args: None, .. } = table {
            self.meant_name(name, false)
        } else {
            self.tally.doubt(Reason::UnknownNode);
            Vec::new()
        };
        self.tally.deeds.writes.extend(targets.iter().cloned());
        // Rows of the target without a partner, and all of them when the partners are not told apart.
        let mut risk = Risk::Medium;
        for clause in clauses {
            let other = matches!(clause.clause_kind, MergeClauseKind::NotMatchedBySource);
            let own = self.own();
            let asked = Asked { dialect: self.dialect, own: &own, targets: &self.tally.deeds.writes };
            let bounded = clause.predicate.as_ref().is_some_and(|condition| bounds(condition, asked));
            if other && !bounded {
                risk = Risk::High;
            }
        }
        if is_constant(on) {
            risk = Risk::High;
        }
        self.tally.note(Kind::Merge, risk);
        if risk == Risk::High {
            self.tally.deeds.unbounded.extend(targets.iter().cloned());
        }
        let source = TableWithJoins { relation: source.clone(), joins: Vec::new() };
        self.tables(&source, Around::Bound);
        self.expr(on);
        for clause in clauses {
            self.exprs(&clause.predicate);
            match &clause.action {
                MergeAction::Insert(insert) => match &insert.kind {
                    MergeInsertKind::Values(values) => values.rows.iter().for_each(|row| self.exprs(&row.content)),
                    MergeInsertKind::Row | MergeInsertKind::Wildcard => {}
                },
                MergeAction::Update(update) => match &update.kind {
                    MergeUpdateKind::Set(assignments) => self.assign(assignments),
                    MergeUpdateKind::Wildcard => {}
                },
                MergeAction::Delete { .. } | MergeAction::DoNothing { .. } => {}
            }
        }
        self.give_back(None, output.as_ref());
        self.sources.pop();
    }
}

/// Whether the condition that pairs rows looks at none of them.
fn is_constant(on: &sqlparser::ast::Expr) -> bool {
    let mut on = on;
    while let sqlparser::ast::Expr::Nested(inner) = on {
        on = inner;
    }
    match on {
        sqlparser::ast::Expr::Value(_) => true,
        sqlparser::ast::Expr::BinaryOp { left, right, op: _ } => is_constant(left) && is_constant(right),
        _ => false,
    }
}
