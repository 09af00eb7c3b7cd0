//! Filters that choose or check a value: `default`, `ternary`, `bool`, `mandatory`.

use super::{Filter, Invocation};
use crate::diag::Diagnostic;
use crate::template::eval::objects::{self, type_name};
use crate::template::eval::stmt::settle;
use crate::template::eval::{Fail, Result};
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("default", &["default_value", "boolean"], default).takes_undefined().keeps_items(),
    Filter::new("d", &["default_value", "boolean"], default).takes_undefined().keeps_items(),
    Filter::new("ternary", &["true_val", "false_val", "none_val"], ternary).takes_undefined().keeps_items(),
    Filter::new("bool", &[], bool),
    Filter::new("mandatory", &["msg"], mandatory).takes_undefined().keeps_items(),
    Filter::new("type_debug", &[], |call| Ok(Value::str(type_name(&call.input)))).takes_undefined(),
    Filter::new("safe", &[], |call| Ok(call.input.clone())),
    // ansible._protomatter's: the value as data.
    Filter::new("finalize", &[], |call| settle(&call.input)),
];

fn default(call: &Invocation<'_, '_>) -> Result<Value> {
    let missing = match &call.input {
        Value::Undefined(_) => true,
        value => call.flag(1, false) && !objects::snapshot(value).is_true(),
    };
    if !missing {
        return Ok(call.input.clone());
    }
    Ok(call.argument(0).cloned().unwrap_or_else(|| Value::str("")))
}

fn ternary(call: &Invocation<'_, '_>) -> Result<Value> {
    if let Value::Undefined(undefined) = &call.input {
        return Err(Fail::Undefined(undefined.clone()));
    }
    call.required(1)?;
    let index = match (&call.input, call.argument(2)) {
        (Value::Null, Some(none)) if !matches!(none, Value::Null) => 2,
        (value, _) if objects::snapshot(value).is_true() => 0,
        _ => 1,
    };
    call.required(index).cloned()
}

/// `yes`, `on`, `true`, `1` in any case are true, all else is false (docs.ansible.com, ansible.builtin.bool).
fn bool(call: &Invocation<'_, '_>) -> Result<Value> {
    Ok(Value::Bool(match &call.input {
        Value::Bool(flag) => *flag,
        Value::Null => false,
        Value::Int(number) => *number == 1,
        Value::Float(number) => (number - 1.0).abs() < f64::EPSILON,
        Value::Str(text) => matches!(text.to_ascii_lowercase().as_str(), "yes" | "on" | "1" | "true"),
        _ => false,
    }))
}

fn mandatory(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Undefined(undefined) = &call.input else { return Ok(call.input.clone()) };
    let message = match call.text(0)? {
        Some(message) => message.to_string(),
        None if undefined.name.is_empty() => "Mandatory variable not defined.".into(),
        None => format!("Mandatory variable '{}' not defined.", undefined.name),
    };
    Err(Diagnostic::error(message).or_at(undefined.span.as_ref()).into())
}
