//! Which value does an expression have in every row?

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator, Value,
};

/// A value that is written down.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    Truth(bool),
    Number(f64),
    Text(String),
}

impl Constant {
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Nested(inner) | Expr::Cast { expr: inner, .. } | Expr::Collate { expr: inner, .. } => Self::of(inner),
            Expr::Value(value) => match &value.value {
                Value::Boolean(truth) => Some(Self::Truth(*truth)),
                Value::Number(digits, _) => digits.parse().ok().map(Self::Number),
                Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(Self::Text(text.clone())),
                _ => None,
            },
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match Self::of(expr)? {
                Self::Number(number) => Some(Self::Number(-number)),
                Self::Truth(_) | Self::Text(_) => None,
            },
            Expr::BinaryOp { left, op, right } => {
                let (Self::Number(left), Self::Number(right)) = (Self::of(left)?, Self::of(right)?) else {
                    return None;
                };
                match op {
                    BinaryOperator::Plus => Some(Self::Number(left + right)),
                    BinaryOperator::Minus => Some(Self::Number(left - right)),
                    BinaryOperator::Multiply => Some(Self::Number(left * right)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether it is true where a condition is asked for.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Number(number) => Some(*number != 0.0),
            Self::Text(_) => None,
        }
    }

    pub(super) fn compare(&self, op: &BinaryOperator, other: &Self) -> Option<bool> {
        let order = match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other)?,
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Truth(one), Self::Truth(other)) => one.cmp(other),
            _ => return None,
        };
        match op {
            BinaryOperator::Eq | BinaryOperator::Spaceship => Some(order.is_eq()),
            BinaryOperator::NotEq => Some(order.is_ne()),
            BinaryOperator::Gt => Some(order.is_gt()),
            BinaryOperator::GtEq => Some(order.is_ge()),
            BinaryOperator::Lt => Some(order.is_lt()),
            BinaryOperator::LtEq => Some(order.is_le()),
            _ => None,
        }
    }

    /// Whether nearly every value is above it.
    pub(super) fn is_floor(&self) -> bool {
        match self {
            Self::Number(number) => *number <= 0.0,
            Self::Text(text) => text.trim().is_empty(),
            Self::Truth(_) => true,
        }
    }

    /// Whether nearly every value is below it.
    pub(super) fn is_ceiling(&self) -> bool {
        match self {
            Self::Number(number) => *number >= 999_999_999.0,
            Self::Text(text) => text.starts_with(|c: char| c >= 'z') || text.starts_with("9999"),
            Self::Truth(_) => true,
        }
    }
}

/// The columns in an expression, each time one stands there.
pub(super) fn columns<'a>(expr: &'a Expr, found: &mut Vec<&'a [Ident]>) {
    match expr {
        Expr::Identifier(name) if !is_value(name) => found.push(std::slice::from_ref(name)),
        Expr::CompoundIdentifier(names) if !names.first().is_some_and(is_value) => found.push(names),
        Expr::CompoundFieldAccess { root, .. } => columns(root, found),
        Expr::JsonAccess { value, .. } => columns(value, found),
        Expr::BinaryOp { .. } => {
            let mut next = expr;
            while let Expr::BinaryOp { left, right, .. } = next {
                columns(right, found);
                next = left;
            }
            columns(next, found);
        }
        Expr::Nested(inner)
        | Expr::UnaryOp { expr: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::Cast { expr: inner, .. }
        | Expr::Convert { expr: inner, .. }
        | Expr::Collate { expr: inner, .. }
        | Expr::Extract { expr: inner, .. }
        | Expr::Ceil { expr: inner, .. }
        | Expr::Floor { expr: inner, .. }
        | Expr::Trim { expr: inner, .. }
        | Expr::Substring { expr: inner, .. }
        | Expr::Between { expr: inner, .. }
        | Expr::Like { expr: inner, .. }
        | Expr::ILike { expr: inner, .. }
        | Expr::InSubquery { expr: inner, .. }
        | Expr::AtTimeZone { timestamp: inner, .. } => columns(inner, found),
        Expr::InList { expr, list, .. } => {
            columns(expr, found);
            for item in list {
                columns(item, found);
            }
        }
        Expr::Position { expr, r#in } => {
            columns(expr, found);
            columns(r#in, found);
        }
        Expr::Tuple(items) => items.iter().for_each(|item| columns(item, found)),
        Expr::Array(array) => array.elem.iter().for_each(|item| columns(item, found)),
        Expr::Case { operand, conditions, else_result, .. } => {
            operand.iter().chain(else_result).for_each(|part| columns(part, found));
            for when in conditions {
                columns(&when.condition, found);
                columns(&when.result, found);
            }
        }
        Expr::Function(called) => arguments(called).for_each(|argument| columns(argument, found)),
        _ => {}
    }
}

fn arguments(called: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &called.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => match arg {
            FunctionArgExpr::Expr(expr) => Some(expr),
            _ => None,
        },
    })
}

/// Whether a name stands for a value: a variable, or what the server knows without a row.
fn is_value(name: &Ident) -> bool {
    name.quote_style.is_none()
        && (name.value.starts_with(['@', ':', '$'])
            || [
                "true",
                "false",
                "null",
                "current_date",
                "current_timestamp",
                "current_time",
                "current_user",
                "session_user",
                "user",
                "localtime",
                "localtimestamp",
                "rownum",
                "default",
                "day",
                "hour",
                "minute",
                "month",
                "year",
                "second",
                "week",
            ]
            .iter()
            .any(|value| name.value.eq_ignore_ascii_case(value)))
}

/// Whether an expression gives few values whatever its columns hold.
pub(super) fn flattens(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => flattens(inner),
        Expr::Case { .. } => true,
        Expr::BinaryOp { left, op, right } => {
            let zero = |expr: &Expr| Constant::of(expr) == Some(Constant::Number(0.0));
            let one = |expr: &Expr| Constant::of(expr) == Some(Constant::Number(1.0));
            match op {
                BinaryOperator::Multiply | BinaryOperator::BitwiseAnd => zero(left) || zero(right),
                BinaryOperator::Modulo => one(right),
                BinaryOperator::Plus | BinaryOperator::Minus => flattens(left) || flattens(right),
                _ => false,
            }
        }
        Expr::Function(called) => {
            let name =
                called.name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_ascii_lowercase());
            name.is_some_and(|name| matches!(name.as_str(), "coalesce" | "ifnull" | "nvl" | "iif" | "if" | "isnull"))
                && arguments(called).count() > 1
                && matches!(called.args, FunctionArguments::List(_))
                && arguments(called).next().is_some_and(|first| matches!(first, Expr::BinaryOp { .. } | Expr::Value(_)))
        }
        _ => false,
    }
}
