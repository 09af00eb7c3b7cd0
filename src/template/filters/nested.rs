//! ansible.utils' filters on data in data: paths, places, keys at any depth.

use std::sync::Arc;

use super::{Filter, Invocation};
use crate::template::eval::{Arguments, Result, is_true};
use crate::template::filters::select::attribute;
use crate::template::predicates;
use crate::value::{Map, Value};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("to_paths", &["prepend", "wantlist"], |call| {
        let mut out = Map::new();
        paths(&call.input, call.text(0)?.as_deref().unwrap_or_default(), &mut out);
        Ok(Value::Map(Arc::new(out)))
    }),
    Filter::new("get_path", &["path", "wantlist"], |call| {
        let mut value = call.input.clone();
        for step in steps(&call.required(0)?.to_string()) {
            value = call.eval.item(&value, &step, None)?;
        }
        Ok(value)
    }),
    Filter::new("index_of", &["test", "value", "key", "fail_on_missing", "wantlist"], index_of),
];

/// Everything in it by its path: `a[0].b`, and in brackets what is no name.
fn paths(value: &Value, path: &str, out: &mut Map) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, inner) in map.iter() {
                let name = key.to_string();
                let plain = key.as_str().is_some()
                    && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                let below = match (plain, path.is_empty(), key) {
                    (true, true, _) => name,
                    (true, false, _) => format!("{path}.{name}"),
                    (false, _, Value::Str(_)) => format!("{path}['{name}']"),
                    (false, ..) => format!("{path}[{name}]"),
                };
                paths(inner, &below, out);
            }
        }
        Value::List(items) | Value::Tuple(items) if !items.is_empty() => {
            for (index, inner) in items.iter().enumerate() {
                paths(inner, &format!("{path}[{index}]"), out);
            }
        }
        other => {
            out.insert(Value::str(path), other.clone());
        }
    }
}

/// The keys and indices of a path.
fn steps(path: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let bare = ['"', '\''].iter().find_map(|quote| inside.strip_prefix(*quote)?.strip_suffix(*quote));
            out.push(match (bare, inside.parse()) {
                (Some(name), _) => Value::str(name),
                (None, Ok(index)) => Value::Int(index),
                (None, Err(_)) => Value::str(inside),
            });
            rest = after;
        } else {
            let start = rest.trim_start_matches('.');
            let end = start.find(['.', '[']).unwrap_or(start.len());
            if end > 0 {
                out.push(Value::str(&start[..end]));
            }
            rest = &start[end..];
            if end == 0 && !rest.starts_with('[') {
                break;
            }
        }
    }
    out
}

/// Where the items are that pass a test: an index, or several.
fn index_of(call: &Invocation<'_, '_>) -> Result<Value> {
    let name = call.required(0)?.to_string();
    let test = predicates::find(&name).ok_or_else(|| predicates::unknown(&name))?;
    let arguments = Arguments { positional: call.argument(1).cloned().into_iter().collect(), keywords: Vec::new() };
    let mut found = Vec::new();
    for (index, item) in call.items()?.into_iter().enumerate() {
        let subject = match call.argument(2) {
            None | Some(Value::Null) => item,
            Some(path) => attribute(call, &item, path)?,
        };
        if call.eval.apply_test(test, &name, subject, arguments.clone())? {
            found.push(Value::Int(index as i64));
        }
    }
    if found.is_empty() && call.argument(3).map_or(Ok(false), is_true)? {
        return Err(call.error("no item passes the test"));
    }
    Ok(match (found.as_slice(), call.flag(4, false)) {
        ([one], false) => one.clone(),
        _ => Value::list(found),
    })
}

/// What is left when keys that are hit are kept (with what they stand in), or removed; nothing where nothing is left to keep.
pub(super) fn keys(value: &Value, keep: bool, hit: &dyn Fn(&Value) -> Result<bool>) -> Result<Option<Value>> {
    Ok(match value {
        Value::Map(map) => {
            let mut out = Map::new();
            for (key, inner) in map.iter() {
                let found = match (hit(key)?, keep) {
                    (true, true) => Some(inner.clone()),
                    (true, false) => None,
                    (false, _) => keys(inner, keep, hit)?,
                };
                if let Some(found) = found {
                    out.insert(key.clone(), found);
                }
            }
            (!keep || !out.is_empty()).then(|| Value::Map(Arc::new(out)))
        }
        Value::List(items) => {
            let mut out = Vec::new();
            for item in items.iter() {
                out.extend(keys(item, keep, hit)?);
            }
            (!keep || !out.is_empty()).then(|| Value::list(out))
        }
        other => (!keep).then(|| other.clone()),
    })
}

pub(super) fn rename(value: &Value, name: &dyn Fn(&Value) -> Result<Value>) -> Result<Value> {
    Ok(match value {
        Value::Map(map) => Value::map(map.iter().map(|(key, inner)| Ok((name(key)?, rename(inner, name)?))).collect::<Result<Vec<_>>>()?),
        Value::List(items) => Value::list(items.iter().map(|item| rename(item, name)).collect::<Result<Vec<_>>>()?),
        other => other.clone(),
    })
}
