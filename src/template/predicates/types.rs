//! Tests of what a value is, and comparisons.

use std::sync::Arc;

use super::Predicate;
use crate::template::eval::objects::{self, plain, snapshot};
use crate::template::eval::{Invocation, Result, ops};
use crate::template::syntax::Comparison;
use crate::template::{big, filters};
use crate::value::Value;

pub(super) const TABLE: &[Predicate] = &[
    Predicate::new("defined", &[], |call| Ok(!matches!(call.input, Value::Undefined(_)))).takes_undefined().takes_shared(),
    Predicate::new("undefined", &[], |call| Ok(matches!(call.input, Value::Undefined(_)))).takes_undefined().takes_shared(),
    Predicate::new("none", &[], |call| Ok(matches!(call.input, Value::Null))).takes_shared(),
    Predicate::new("boolean", &[], |call| Ok(matches!(call.input, Value::Bool(_)))),
    Predicate::new("true", &[], |call| Ok(matches!(call.input, Value::Bool(true)))),
    Predicate::new("false", &[], |call| Ok(matches!(call.input, Value::Bool(false)))),
    Predicate::new("integer", &[], |call| Ok(matches!(call.input, Value::Int(_)) || big::of(&call.input).is_some())),
    Predicate::new("float", &[], |call| Ok(matches!(call.input, Value::Float(_)))),
    Predicate::new("number", &[], |call| {
        Ok(matches!(call.input, Value::Int(_) | Value::Float(_) | Value::Bool(_)) || big::of(&call.input).is_some())
    }),
    Predicate::new("string", &[], |call| Ok(matches!(call.input, Value::Str(_)))),
    Predicate::new("mapping", &[], |call| Ok(matches!(snapshot(&call.input), Value::Map(_)) || is_mapping_object(&call.input)))
        .takes_shared(),
    Predicate::new("sequence", &[], |call| {
        Ok(matches!(snapshot(&call.input), Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Str(_))
            || is_mapping_object(&call.input))
    })
    .takes_shared(),
    Predicate::new("iterable", &[], |call| {
        Ok(match snapshot(&call.input) {
            Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Str(_) => true,
            Value::Object(object) => object.iter()?.is_some(),
            _ => false,
        })
    })
    .takes_shared(),
    Predicate::new("callable", &[], |call| Ok(matches!(snapshot(&call.input), Value::Object(_)))).takes_shared(),
    Predicate::new("sameas", &["other"], sameas).takes_shared(),
    Predicate::new("escaped", &[], |_| Ok(false)),
    Predicate::new("even", &[], |call| remainder(call, 2).map(|rest| rest == 0)),
    Predicate::new("odd", &[], |call| remainder(call, 2).map(|rest| rest == 1)),
    Predicate::new("divisibleby", &["num"], |call| {
        let divisor = call.int(0)?.filter(|divisor| *divisor != 0).ok_or_else(|| call.error("takes a number other than 0"))?;
        remainder(call, divisor).map(|rest| rest == 0)
    }),
    Predicate::new("filter", &[], |call| Ok(filters::find(&call.input_text()?).is_some())),
    Predicate::new("test", &[], |call| Ok(super::find(&call.input_text()?).is_some())),
    compare("eq", |call| comparison(call, Comparison::Eq)),
    compare("==", |call| comparison(call, Comparison::Eq)),
    compare("equalto", |call| comparison(call, Comparison::Eq)),
    compare("ne", |call| comparison(call, Comparison::Ne)),
    compare("!=", |call| comparison(call, Comparison::Ne)),
    compare("lt", |call| comparison(call, Comparison::Lt)),
    compare("<", |call| comparison(call, Comparison::Lt)),
    compare("lessthan", |call| comparison(call, Comparison::Lt)),
    compare("le", |call| comparison(call, Comparison::Le)),
    compare("<=", |call| comparison(call, Comparison::Le)),
    compare("gt", |call| comparison(call, Comparison::Gt)),
    compare(">", |call| comparison(call, Comparison::Gt)),
    compare("greaterthan", |call| comparison(call, Comparison::Gt)),
    compare("ge", |call| comparison(call, Comparison::Ge)),
    compare(">=", |call| comparison(call, Comparison::Ge)),
    Predicate::new("in", &["seq"], |call| ops::contains(call.required(0)?, &call.input)),
    Predicate::new("contains", &["value"], |call| ops::contains(&call.input, call.required(0)?)),
    Predicate::new("subset", &["superset"], |call| all_in(call, &call.items()?, &others(call)?)),
    Predicate::new("issubset", &["superset"], |call| all_in(call, &call.items()?, &others(call)?)),
    Predicate::new("superset", &["subset"], |call| all_in(call, &others(call)?, &call.items()?)),
    Predicate::new("issuperset", &["subset"], |call| all_in(call, &others(call)?, &call.items()?)),
    Predicate::new("all", &[], |call| Ok(call.items()?.iter().all(Value::is_true))),
    Predicate::new("any", &[], |call| Ok(call.items()?.iter().any(Value::is_true))),
    Predicate::new("nan", &[], |call| Ok(matches!(call.input, Value::Float(number) if number.is_nan()))),
    Predicate::new("isnan", &[], |call| Ok(matches!(call.input, Value::Float(number) if number.is_nan()))),
    Predicate::new("truthy", &["convert_bool"], |call| truthy(call).map(|value| value.is_true())),
    Predicate::new("falsy", &["convert_bool"], |call| truthy(call).map(|value| !value.is_true())),
    Predicate::new("a_list", &[], |call| Ok(matches!(call.input, Value::List(_)))),
];

const fn compare(name: &'static str, run: fn(&Invocation<'_, '_>) -> Result<bool>) -> Predicate {
    Predicate::new(name, &["other"], run)
}

fn comparison(call: &Invocation<'_, '_>, comparison: Comparison) -> Result<bool> {
    ops::compare(comparison, &call.input, call.required(0)?)
}

/// hostvars and other objects that answer to keys.
fn is_mapping_object(value: &Value) -> bool {
    match snapshot(value) {
        Value::Object(object) => {
            matches!(object.type_name(), "HostVars" | "HostVarsVars" | "dict") || matches!(object.plain(), Ok(Value::Map(_)))
        }
        _ => false,
    }
}

fn sameas(call: &Invocation<'_, '_>) -> Result<bool> {
    Ok(match (&call.input, call.required(0)?) {
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => Arc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Bool(_), _) | (_, Value::Bool(_)) => false,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && a == b,
    })
}

fn remainder(call: &Invocation<'_, '_>, divisor: i64) -> Result<i64> {
    match &call.input {
        Value::Int(number) => Ok(number.rem_euclid(divisor)),
        Value::Bool(flag) => Ok(i64::from(*flag).rem_euclid(divisor)),
        Value::Float(number) if number.fract() == 0.0 => Ok((*number as i64).rem_euclid(divisor)),
        Value::Float(_) => Ok(-1),
        other => Err(call.error(format!("takes a number, not {other:?} of type '{}'", objects::type_name(other)))),
    }
}

fn others(call: &Invocation<'_, '_>) -> Result<Vec<Value>> {
    call.eval.iterate(call.required(0)?)
}

fn all_in(_: &Invocation<'_, '_>, items: &[Value], whole: &[Value]) -> Result<bool> {
    for item in items {
        let item = plain(item)?;
        let mut found = false;
        for other in whole {
            found = found || ops::equal(&item, other)?;
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn truthy(call: &Invocation<'_, '_>) -> Result<Value> {
    Ok(match (&call.input, call.flag(0, false)) {
        (Value::Str(text), true) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" => Value::Bool(true),
            "no" | "off" | "0" | "false" | "n" | "f" => Value::Bool(false),
            _ => call.input.clone(),
        },
        (other, _) => snapshot(other),
    })
}
