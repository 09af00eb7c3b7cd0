//! Operators, by Python's rules (docs.python.org, "Expressions").

use std::cmp::Ordering;
use std::sync::Arc;

use super::objects::{plain, type_name};
use super::{Fail, Result};
use crate::template::syntax::{Comparison, Operator};
use crate::template::{big, python};
use crate::value::Value;

#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Bool(flag) => Some(Number::Int(i64::from(*flag))),
        Value::Int(number) => Some(Number::Int(*number)),
        Value::Float(number) => Some(Number::Float(*number)),
        _ => None,
    }
}

pub(crate) fn negative(value: &Value) -> Result<Value> {
    match number(value) {
        Some(Number::Int(number)) => Ok(number.checked_neg().map(Value::Int).or_else(|| big::negative(value)).unwrap_or(Value::Null)),
        Some(Number::Float(number)) => Ok(Value::Float(-number)),
        None if big::of(value).is_some() => Ok(big::negative(value).unwrap_or(Value::Null)),
        None => Err(Fail::error(format!("`-` does not work on an object of type '{}'", type_name(value)))),
    }
}

pub(crate) fn binary(operator: Operator, left: &Value, right: &Value) -> Result<Value> {
    if operator == Operator::Concat {
        return Ok(Value::from(format!("{left}{right}")));
    }
    if let (Value::Str(format), Operator::Rem) = (left, operator) {
        return python::percent(format, right).map(Value::from);
    }
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        return match arithmetic(operator, a, b)? {
            Some(value) => Ok(value),
            None => big::arithmetic(operator, left, right)?.ok_or_else(|| unsupported(operator, left, right)),
        };
    }
    match (operator, left, right) {
        (Operator::Add, Value::Str(a), Value::Str(b)) => Ok(Value::from(format!("{a}{b}"))),
        (Operator::Add, Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).cloned())),
        (Operator::Add, Value::Tuple(a), Value::Tuple(b)) => Ok(Value::Tuple(Arc::new(a.iter().chain(b.iter()).cloned().collect()))),
        (Operator::Mul, Value::Str(text), Value::Int(times)) | (Operator::Mul, Value::Int(times), Value::Str(text)) => {
            repeat(text.len(), *times).map(|times| Value::from(text.repeat(times)))
        }
        (Operator::Mul, Value::List(items), Value::Int(times)) | (Operator::Mul, Value::Int(times), Value::List(items)) => {
            repeat(items.len(), *times).map(|times| Value::list(items.iter().cycle().take(items.len() * times).cloned()))
        }
        (Operator::Mul, Value::Tuple(items), Value::Int(times)) | (Operator::Mul, Value::Int(times), Value::Tuple(items)) => {
            repeat(items.len(), *times)
                .map(|times| Value::Tuple(Arc::new(items.iter().cycle().take(items.len() * times).cloned().collect())))
        }
        (_, Value::Object(_), _) | (_, _, Value::Object(_)) => {
            if let Some(value) = super::objects::arithmetic(operator, left, right)? {
                return Ok(value);
            }
            let (a, b) = (plain(left)?, plain(right)?);
            if matches!((&a, &b), (Value::Object(_), _) | (_, Value::Object(_))) {
                return Err(unsupported(operator, left, right));
            }
            binary(operator, &a, &b)
        }
        _ => Err(unsupported(operator, left, right)),
    }
}

fn unsupported(operator: Operator, left: &Value, right: &Value) -> Fail {
    let message = format!("`{}` does not work between objects of type '{}' and '{}'", operator.sign(), type_name(left), type_name(right));
    match (operator, left, right) {
        (Operator::Add, Value::Str(_), _) | (Operator::Add, _, Value::Str(_)) => Fail::Error(Box::new(
            crate::diag::Diagnostic::error(message).help("`~` joins values of any type as text; `| int` makes a number of text"),
        )),
        _ => Fail::error(message),
    }
}

/// Guards against a result that would not fit into memory.
fn repeat(length: usize, times: i64) -> Result<usize> {
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    if length.saturating_mul(times) > 1 << 30 {
        return Err(Fail::error("the repetition would take more than a gigabyte"));
    }
    Ok(times)
}

/// Nothing where the result does not fit into 64 bits.
fn arithmetic(operator: Operator, a: Number, b: Number) -> Result<Option<Value>> {
    let whole = |result: Option<i64>| Ok(result.map(Value::Int));
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        match operator {
            Operator::Add => return whole(a.checked_add(b)),
            Operator::Sub => return whole(a.checked_sub(b)),
            Operator::Mul => return whole(a.checked_mul(b)),
            Operator::FloorDiv | Operator::Rem if b == 0 => return Err(Fail::error("division by zero")),
            Operator::FloorDiv => {
                return whole(a.checked_div(b).map(|q| if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }));
            }
            Operator::Rem => return whole(a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })),
            Operator::Pow if b >= 0 => return whole(u32::try_from(b).ok().and_then(|b| a.checked_pow(b))),
            _ => {}
        }
    }
    let (a, b) = (a.float(), b.float());
    if matches!(operator, Operator::Div | Operator::FloorDiv | Operator::Rem) && b == 0.0 {
        return Err(Fail::error("division by zero"));
    }
    Ok(Some(Value::Float(match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div => a / b,
        Operator::FloorDiv => (a / b).floor(),
        Operator::Rem => {
            let rest = a % b;
            if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
        }
        Operator::Pow => a.powf(b),
        Operator::Concat => return Ok(None),
    })))
}

pub(crate) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool> {
    Ok(match comparison {
        Comparison::Eq => equal(left, right)?,
        Comparison::Ne => !equal(left, right)?,
        Comparison::Lt => order(left, right, comparison)? == Ordering::Less,
        Comparison::Le => order(left, right, comparison)? != Ordering::Greater,
        Comparison::Gt => order(left, right, comparison)? == Ordering::Greater,
        Comparison::Ge => order(left, right, comparison)? != Ordering::Less,
        Comparison::In => contains(right, left)?,
        Comparison::NotIn => !contains(right, left)?,
    })
}

pub(crate) fn equal(left: &Value, right: &Value) -> Result<bool> {
    Ok(match (left, right) {
        (Value::Object(a), Value::Object(b)) if Arc::ptr_eq(a, b) => true,
        _ if big::order(left, right).is_some() => big::order(left, right) == Some(Ordering::Equal),
        (Value::Object(_), _) | (_, Value::Object(_)) => plain(left)? == plain(right)?,
        _ => left == right,
    })
}

/// Python's order between values of one kind; an error between kinds.
pub(crate) fn order(left: &Value, right: &Value, comparison: Comparison) -> Result<Ordering> {
    Ok(match (left, right) {
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b)? {
                    return order(a, b, comparison);
                }
            }
            a.len().cmp(&b.len())
        }
        _ if big::order(left, right).is_some() => big::order(left, right).unwrap_or(Ordering::Equal),
        (Value::Object(_), _) | (_, Value::Object(_)) => match (super::objects::rank(left), super::objects::rank(right)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => match (plain(left)?, plain(right)?) {
                (Value::Object(_), _) | (_, Value::Object(_)) => return Err(unordered(left, right, comparison)),
                (a, b) => order(&a, &b, comparison)?,
            },
        },
        _ => match (number(left), number(right)) {
            (Some(Number::Int(a)), Some(Number::Int(b))) => a.cmp(&b),
            (Some(a), Some(b)) => a.float().partial_cmp(&b.float()).unwrap_or(Ordering::Greater),
            _ => return Err(unordered(left, right, comparison)),
        },
    })
}

fn unordered(left: &Value, right: &Value, comparison: Comparison) -> Fail {
    let message = format!("`{}` cannot compare objects of type '{}' and '{}'", comparison.sign(), type_name(left), type_name(right));
    match (left, right) {
        (Value::Str(_), Value::Int(_) | Value::Float(_)) | (Value::Int(_) | Value::Float(_), Value::Str(_)) => Fail::Error(Box::new(
            crate::diag::Diagnostic::error(message).help("`| int` makes a number of text; `is version(…)` compares versions"),
        )),
        _ => Fail::error(message),
    }
}

/// `item in container`
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool> {
    match container {
        Value::Str(text) => match item {
            Value::Str(part) => Ok(text.contains(&**part)),
            other => Err(Fail::error(format!("`in` a string takes a string on its left, not an object of type '{}'", type_name(other)))),
        },
        Value::List(items) | Value::Tuple(items) => {
            for found in items.iter() {
                if equal(found, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(map.contains_key(item)),
        Value::Object(object) => match super::objects::snapshot(container) {
            Value::Object(_) => match object.iter()? {
                Some(items) => Ok(items.contains(item) || object.get(item)?.is_some()),
                None => Ok(object.get(item)?.is_some()),
            },
            inner => contains(&inner, item),
        },
        Value::Undefined(undefined) => Err(Fail::Undefined(undefined.clone())),
        other => Err(Fail::error(format!("`in` does not look into an object of type '{}'", type_name(other)))),
    }
}
