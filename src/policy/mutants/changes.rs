//! Which small changes can be made to a policy?

use std::ops::Range;
use std::sync::Arc;

use regorus::unstable::{BoolOp, Expr, Literal, LiteralStmt, Module, Ref, Rule, Span};
use serde::Serialize;

use super::Mutant;
use crate::policy::bundle::Source;
use crate::policy::decision::Effect;
use crate::policy::files::is_test;
use crate::policy::passage::Passage;
use crate::policy::syntax::{Node, Written, head, place, policy};

/// What kind of change a mutant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A comparison is another.
    Comparison,
    /// A statement is its opposite.
    Negation,
    /// A statement is not there.
    Dropped,
    /// The rule only warns.
    Effect,
    /// A number is one more.
    Number,
    /// An item of a list is not there.
    Item,
}

/// A change to a file.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) file: String,
    text: Arc<str>,
    line: u32,
    kind: Kind,
    at: Range<usize>,
    after: String,
    /// What is shown, when more than what changes helps to see it.
    shown: Option<(String, String)>,
}

impl Change {
    pub(super) fn mutant(&self) -> Mutant {
        let before = self.text.get(self.at.clone()).unwrap_or_default().to_owned();
        let (before, after) = self.shown.clone().unwrap_or((before, self.after.clone()));
        Mutant { file: self.file.clone(), line: self.line, kind: self.kind, before: flat(&before), after: flat(&after) }
    }

    pub(super) fn source(&self) -> Source {
        Source { path: self.file.clone(), text: replaced(&self.text, self.at.clone(), &self.after) }
    }
}

/// Every change to the rules of policies. Tests are not changed, nor what stands beside the policies.
pub(super) fn changes(modules: &[Ref<Module>]) -> Vec<Change> {
    let mut found = Vec::new();
    for module in modules {
        let file = module.package.span.source.file();
        if policy(module).is_none() || is_test(file) {
            continue;
        }
        let text: Arc<str> = module.package.span.source.contents().as_str().into();
        let mut writer = Writer { file, passage: Passage::of(&text), text: &text, found: &mut found };
        for rule in Written::all(std::slice::from_ref(module)) {
            writer.effect(&rule);
            rule.walk(&mut |node| match node {
                Node::Statement(statement) => writer.statement(statement),
                Node::Expr(expr) => writer.expression(expr),
            });
        }
    }
    found
}

struct Writer<'a> {
    file: &'a str,
    passage: Passage<'a>,
    text: &'a Arc<str>,
    found: &'a mut Vec<Change>,
}

impl Writer<'_> {
    fn change(&mut self, span: &Span, at: Range<usize>, kind: Kind, after: String) {
        let line = place(span).rsplit(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
        let change =
            Change { file: self.file.to_owned(), text: Arc::clone(self.text), line, kind, at, after, shown: None };
        self.found.push(change);
    }

    /// A rule that decides becomes one that only says.
    fn effect(&mut self, rule: &Written<'_>) {
        let speaks = Effect::from_word(&rule.name()).is_some_and(|effect| effect != Effect::Warn);
        if speaks && let Rule::Spec { .. } = rule.rule {
            let span = head(rule.rule).span();
            let at = self.passage.extent(span);
            self.change(span, at, Kind::Effect, Effect::Warn.word().to_owned());
        }
    }

    fn statement(&mut self, statement: &LiteralStmt) {
        let span = &statement.span;
        let at = self.passage.extent(span);
        let whole = self.passage.text(span).to_owned();
        match &statement.literal {
            // What comes after needs what these bind.
            Literal::SomeVars { .. } | Literal::SomeIn { .. } => {}
            Literal::NotExpr { .. } => {
                let positive = whole.strip_prefix("not").unwrap_or(&whole).trim_start().to_owned();
                self.change(span, at.clone(), Kind::Negation, positive);
                self.change(span, at, Kind::Dropped, "true".to_owned());
            }
            Literal::Every { .. } => self.change(span, at, Kind::Dropped, "true".to_owned()),
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::AssignExpr { .. } => {}
                // Its opposite is the opposite comparison.
                Expr::BoolExpr { op: BoolOp::Eq | BoolOp::Ne, .. } => {
                    self.change(span, at, Kind::Dropped, "true".to_owned());
                }
                Expr::Bool { .. } => {}
                _ => {
                    self.change(span, at.clone(), Kind::Negation, format!("not {whole}"));
                    self.change(span, at, Kind::Dropped, "true".to_owned());
                }
            },
        }
    }

    fn expression(&mut self, expr: &Expr) {
        match expr {
            Expr::BoolExpr { span, op, lhs, rhs, .. } => {
                let (lhs, rhs) = (lhs.span(), rhs.span());
                let between = self.passage.extent(lhs).end..self.passage.extent(rhs).start;
                let other = match op {
                    BoolOp::Lt => "<=",
                    BoolOp::Le => "<",
                    BoolOp::Gt => ">=",
                    BoolOp::Ge => ">",
                    BoolOp::Eq => "!=",
                    BoolOp::Ne => "==",
                };
                let shown = (
                    self.passage.text(span).to_owned(),
                    format!("{} {other} {}", self.passage.text(lhs), self.passage.text(rhs)),
                );
                self.change(span, between, Kind::Comparison, format!(" {other} "));
                if let Some(change) = self.found.last_mut() {
                    change.shown = Some(shown);
                }
            }
            Expr::Number { span, .. } => {
                let at = self.passage.extent(span);
                if let Some(more) = span.text().parse::<i64>().ok().and_then(|number| number.checked_add(1)) {
                    self.change(span, at, Kind::Number, more.to_string());
                }
            }
            Expr::Set { span, items, .. } | Expr::Array { span, items, .. } if items.len() > 1 => {
                let (opens, closes) = if matches!(expr, Expr::Set { .. }) { ('{', '}') } else { ('[', ']') };
                for left_out in 0..items.len() {
                    let kept = items.iter().enumerate().filter(|(at, _)| *at != left_out);
                    let texts: Vec<&str> = kept.map(|(_, item)| self.passage.text(item.span())).collect();
                    let after = format!("{opens}{}{closes}", texts.join(", "));
                    let at = self.passage.extent(span);
                    self.change(span, at, Kind::Item, after);
                    let gone = items.get(left_out).map(|item| self.passage.text(item.span()).to_owned());
                    if let (Some(change), Some(gone)) = (self.found.last_mut(), gone) {
                        change.shown = Some((format!("{gone} in the list"), "nothing".to_owned()));
                    }
                }
            }
            _ => {}
        }
    }
}

fn replaced(text: &str, at: Range<usize>, after: &str) -> String {
    let before = text.get(..at.start).unwrap_or_default();
    format!("{before}{after}{}", text.get(at.end..).unwrap_or_default())
}

/// On one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
