//! Methods of Python's strings, lists, dictionaries and numbers.

mod containers;
mod text;

use super::dates;
use super::eval::objects::{self, Shared};
use super::eval::{Arguments, Eval, Fail, Result};
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::value::Value;

/// Calls `base.name(…)`.
pub(crate) fn call(eval: &Eval<'_>, base: &Value, name: &str, arguments: Arguments) -> Result<Value> {
    for value in arguments.positional.iter().chain(arguments.keywords.iter().map(|(_, value)| value)) {
        if let (Value::Undefined(undefined), false) = (value, matches!(name, "get" | "append" | "setdefault" | "format")) {
            return Err(Fail::Undefined(undefined.clone()));
        }
    }
    if let Some(found) = dates::method(base, name, &arguments) {
        return found;
    }
    let found = match base {
        Value::Str(found) => text::call(found, name, &plain(arguments)?)?,
        Value::List(_) | Value::Tuple(_) | Value::Map(_) => {
            // Nobody else refers to it: what a change leaves behind is not seen.
            containers::call(eval, &Shared::new(base.clone()), name, arguments)?
        }
        Value::Object(object) => match objects::downcast::<Shared>(object) {
            Some(shared) => containers::call(eval, shared, name, arguments)?,
            None => containers::object(object, name, &arguments)?,
        },
        Value::Int(number) => match name {
            "bit_length" => Some(Value::Int(i64::from(64 - number.unsigned_abs().leading_zeros()))),
            _ => None,
        },
        Value::Float(number) => match name {
            "is_integer" => Some(Value::Bool(number.fract() == 0.0)),
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| {
        let known: &[&str] = match base {
            Value::Str(_) => text::NAMES,
            Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Object(_) => containers::NAMES,
            _ => &[],
        };
        Diagnostic::error(format!("an object of type '{}' has no method `{name}`", objects::type_name(base)))
            .suggest(name, known.iter().copied())
            .into()
    })
}

fn plain(mut arguments: Arguments) -> Result<Arguments> {
    for value in arguments.positional.iter_mut().chain(arguments.keywords.iter_mut().map(|(_, value)| value)) {
        *value = objects::plain(value)?;
    }
    Ok(arguments)
}

fn tuple(items: Vec<Value>) -> Value {
    Value::Tuple(Arc::new(items))
}
