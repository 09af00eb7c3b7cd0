//! Filters that run over items: `map`, `select`, `selectattr`, `groupby`, `sort`, `unique`, `sum`, `min`, `max`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Filter, Invocation, find};
use crate::template::eval::objects::{plain, snapshot, type_name};
use crate::template::eval::{Arguments, Fail, Result, is_true, ops};
use crate::template::predicates;
use crate::template::syntax::{Comparison, Operator};
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("map", &["*"], map).takes_undefined().keeps_items(),
    Filter::new("select", &["*"], |call| sift(call, false, true)).takes_undefined().keeps_items(),
    Filter::new("reject", &["*"], |call| sift(call, false, false)).takes_undefined().keeps_items(),
    Filter::new("selectattr", &["*"], |call| sift(call, true, true)).takes_undefined().keeps_items(),
    Filter::new("rejectattr", &["*"], |call| sift(call, true, false)).takes_undefined().keeps_items(),
    Filter::new("sort", &["reverse", "case_sensitive", "attribute"], sort).keeps_items(),
    Filter::new("unique", &["case_sensitive", "attribute"], unique).keeps_items(),
    Filter::new("groupby", &["attribute", "default", "case_sensitive"], groupby).keeps_items(),
    Filter::new("sum", &["attribute", "start"], sum),
    Filter::new("min", &["case_sensitive", "attribute"], |call| extreme(call, Ordering::Less)).keeps_items(),
    Filter::new("max", &["case_sensitive", "attribute"], |call| extreme(call, Ordering::Greater)).keeps_items(),
];

/// `a.b.0` of an item.
pub(super) fn attribute(call: &Invocation<'_, '_>, item: &Value, path: &Value) -> Result<Value> {
    match path {
        Value::Int(_) => call.eval.item(item, path, None),
        path => {
            let path = path.to_string();
            let mut value = item.clone();
            for part in path.split('.') {
                value = match part.parse::<i64>() {
                    Ok(index) if !matches!(snapshot(&value), Value::Map(_)) => call.eval.item(&value, &Value::Int(index), None)?,
                    Ok(index) => match call.eval.item(&value, &Value::Int(index), None)? {
                        Value::Undefined(_) => call.eval.attribute(&value, &part.into(), None)?,
                        found => found,
                    },
                    Err(_) => call.eval.attribute(&value, &part.into(), None)?,
                };
            }
            Ok(value)
        }
    }
}

fn map(call: &Invocation<'_, '_>) -> Result<Value> {
    if matches!(call.input, Value::Undefined(_)) {
        return Ok(call.input.clone());
    }
    let items = call.items()?;
    if let Some(path) = call.arguments.keyword("attribute") {
        let default = call.arguments.keyword("default");
        let values = items.iter().map(|item| {
            let found = attribute(call, item, path)?;
            Ok(match (found, default) {
                (Value::Undefined(_), Some(default)) => default.clone(),
                (found, _) => found,
            })
        });
        return Ok(Value::list(values.collect::<Result<Vec<_>>>()?));
    }
    let name = call.arguments.positional.first().ok_or_else(|| call.error("takes a filter's name or `attribute=`"))?.to_string();
    let filter = find(&name).ok_or_else(|| super::unknown(&name))?;
    let arguments = Arguments { positional: call.arguments.positional[1..].to_vec(), keywords: call.arguments.keywords.clone() };
    let values = items.into_iter().map(|item| call.eval.apply_filter(filter, &name, item, arguments.clone()));
    Ok(Value::list(values.collect::<Result<Vec<_>>>()?))
}

fn sift(call: &Invocation<'_, '_>, by_attribute: bool, keep: bool) -> Result<Value> {
    if matches!(call.input, Value::Undefined(_)) {
        return Ok(call.input.clone());
    }
    let items = call.items()?;
    let mut arguments = call.arguments.clone();
    let path = if by_attribute {
        if arguments.positional.is_empty() {
            return Err(call.error("takes the name of an attribute"));
        }
        Some(arguments.positional.remove(0))
    } else {
        None
    };
    let test = if arguments.positional.is_empty() {
        None
    } else {
        let name = arguments.positional.remove(0).to_string();
        Some((predicates::find(&name).ok_or_else(|| predicates::unknown(&name))?, name))
    };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let subject = match &path {
            Some(path) => attribute(call, &item, path)?,
            None => item.clone(),
        };
        let passes = match &test {
            Some((test, name)) => call.eval.apply_test(test, name, subject, arguments.clone())?,
            None => is_true(&subject)?,
        };
        if passes == keep {
            out.push(item);
        }
    }
    Ok(Value::list(out))
}

/// What an item is compared by: itself or its attributes, without case where that is wanted.
pub(super) fn key(call: &Invocation<'_, '_>, item: &Value, path: Option<&Value>, case_sensitive: bool) -> Result<Value> {
    let fold = |value: Value| match value {
        Value::Str(text) if !case_sensitive => Value::from(text.to_lowercase()),
        other => other,
    };
    let one = |path: &Value| -> Result<Value> {
        match plain(&attribute(call, item, path)?)? {
            Value::Undefined(undefined) => Err(Fail::Undefined(undefined)),
            value => Ok(fold(value)),
        }
    };
    match path {
        None | Some(Value::Null) => Ok(fold(plain(item)?)),
        Some(Value::Str(paths)) if paths.contains(',') => {
            Ok(Value::Tuple(Arc::new(paths.split(',').map(|path| one(&Value::str(path))).collect::<Result<_>>()?)))
        }
        Some(path) => one(path),
    }
}

fn sort(call: &Invocation<'_, '_>) -> Result<Value> {
    let (reverse, case_sensitive) = (call.flag(0, false), call.flag(1, false));
    let mut keyed = Vec::new();
    for item in call.items()? {
        keyed.push((key(call, &item, call.argument(2), case_sensitive)?, item));
    }
    sort_keyed(&mut keyed, reverse)?;
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item)))
}

/// A stable sort by key; an error where two keys have no order.
pub(super) fn sort_keyed(keyed: &mut [(Value, Value)], reverse: bool) -> Result<()> {
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| {
        let (a, b) = if reverse { (b, a) } else { (a, b) };
        ops::order(a, b, Comparison::Lt).unwrap_or_else(|fail| {
            failed.get_or_insert(fail);
            Ordering::Equal
        })
    });
    failed.map_or(Ok(()), Err)
}

fn unique(call: &Invocation<'_, '_>) -> Result<Value> {
    let case_sensitive = call.flag(0, false);
    let asked = call.argument(0).or(call.argument(1)).is_some();
    let mut seen = std::collections::HashSet::new();
    let mut out = Vec::new();
    for item in call.items()? {
        let key = key(call, &item, call.argument(1), case_sensitive)?;
        if asked && matches!(key, Value::Map(_) | Value::List(_)) {
            let kind = type_name(&key);
            return Err(call.error(format!("a {kind} has no case and cannot be looked up by an attribute; without `case_sensitive` and `attribute` it could, so it cannot fall back")));
        }
        if seen.insert(key) {
            out.push(item);
        }
    }
    Ok(Value::list(out))
}

fn groupby(call: &Invocation<'_, '_>) -> Result<Value> {
    let path = call.required(0)?;
    let case_sensitive = call.flag(2, false);
    let mut keyed = Vec::new();
    for item in call.items()? {
        let shown = match plain(&attribute(call, &item, path)?)? {
            Value::Undefined(undefined) => call.argument(1).cloned().ok_or(Fail::Undefined(undefined))?,
            value => value,
        };
        let folded = match &shown {
            Value::Str(text) if !case_sensitive => Value::from(text.to_lowercase()),
            other => other.clone(),
        };
        keyed.push((folded, Value::Tuple(Arc::new(vec![shown, item]))));
    }
    sort_keyed(&mut keyed, false)?;
    let mut groups: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    for (folded, pair) in keyed {
        let Some([shown, item]) = pair.as_list() else { continue };
        match groups.last_mut() {
            Some((last, _, items)) if *last == folded => items.push(item.clone()),
            _ => groups.push((folded, shown.clone(), vec![item.clone()])),
        }
    }
    Ok(Value::list(groups.into_iter().map(|(_, shown, items)| Value::Tuple(Arc::new(vec![shown, Value::list(items)])))))
}

fn sum(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut total = call.argument(1).cloned().unwrap_or(Value::Int(0));
    for item in call.items()? {
        let value = match call.argument(0) {
            None | Some(Value::Null) => item,
            Some(path) => attribute(call, &item, path)?,
        };
        if let Value::Undefined(undefined) = value {
            return Err(Fail::Undefined(undefined));
        }
        total = ops::binary(Operator::Add, &total, &plain(&value)?)?;
    }
    Ok(total)
}

fn extreme(call: &Invocation<'_, '_>, wanted: Ordering) -> Result<Value> {
    let case_sensitive = call.flag(0, false);
    let mut best: Option<(Value, Value)> = None;
    for item in call.items()? {
        let found = key(call, &item, call.argument(1), case_sensitive)?;
        let better = match &best {
            None => true,
            Some((held, _)) => ops::order(&found, held, Comparison::Lt)? == wanted,
        };
        if better {
            best = Some((found, item));
        }
    }
    best.map(|(_, item)| item).ok_or_else(|| call.error("there are no items"))
}
