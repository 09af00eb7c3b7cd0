//! Methods of lists, tuples and dictionaries, also those that change them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::tuple;
use crate::template::eval::objects::{self, Shared, type_name};
use crate::template::eval::{Arguments, Eval, Fail, Result, ops};
use crate::template::syntax::Comparison;
use crate::value::{Map, Object, Value};

pub(super) const NAMES: &[&str] = &[
    "append",
    "clear",
    "copy",
    "count",
    "extend",
    "fromkeys",
    "get",
    "index",
    "insert",
    "items",
    "keys",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
    "values",
];

pub(super) fn call(eval: &Eval<'_>, shared: &Shared, name: &str, arguments: Arguments) -> Result<Option<Value>> {
    let value = shared.value();
    match &value {
        Value::Map(_) => dictionary(eval, shared, name, arguments),
        Value::List(_) => list(eval, shared, name, arguments),
        Value::Tuple(items) => sequence(items, name, &arguments),
        _ => Ok(None),
    }
}

/// Objects that behave as dictionaries: hostvars.
pub(super) fn object(object: &Arc<dyn Object>, name: &str, arguments: &Arguments) -> Result<Option<Value>> {
    let keys = || object.iter()?.ok_or_else(|| Fail::error(format!("an object of type '{}' has no keys", object.type_name())));
    let value = |key: &Value| -> Result<Value> { Ok(object.get(key)?.unwrap_or(Value::Null)) };
    Ok(Some(match (name, arguments.positional.first()) {
        ("keys", _) => Value::list(keys()?),
        ("values", _) => Value::list(keys()?.iter().map(value).collect::<Result<Vec<_>>>()?),
        ("items", _) => Value::list(keys()?.into_iter().map(|key| Ok(tuple(vec![key.clone(), value(&key)?]))).collect::<Result<Vec<_>>>()?),
        ("get", Some(key)) => object.get(key)?.unwrap_or_else(|| arguments.positional.get(1).cloned().unwrap_or(Value::Null)),
        _ => return Ok(None),
    }))
}

fn sequence(items: &[Value], name: &str, arguments: &Arguments) -> Result<Option<Value>> {
    let wanted =
        || arguments.positional.first().map(objects::plain).transpose()?.ok_or_else(|| Fail::error(format!("`{name}` takes a value")));
    Ok(Some(match name {
        "count" => {
            let wanted = wanted()?;
            let mut count = 0;
            for item in items {
                count += i64::from(ops::equal(item, &wanted)?);
            }
            Value::Int(count)
        }
        "index" => {
            let wanted = wanted()?;
            for (index, item) in items.iter().enumerate() {
                if ops::equal(item, &wanted)? {
                    return Ok(Some(Value::Int(index as i64)));
                }
            }
            return Err(Fail::error(format!("{wanted:?} is not in the list")));
        }
        _ => return Ok(None),
    }))
}

fn list(eval: &Eval<'_>, shared: &Shared, name: &str, arguments: Arguments) -> Result<Option<Value>> {
    let Arguments { positional, keywords } = arguments;
    let Value::List(items) = shared.value() else { return Ok(None) };
    let first = positional.first().cloned();
    let missing = || Fail::error(format!("`{name}` takes a value"));
    let change = |change: &dyn Fn(&mut Vec<Value>)| {
        shared.change(|value| {
            if let Value::List(items) = value {
                change(Arc::make_mut(items));
            }
        });
    };
    // Let go of the copy, so that the change is made in place.
    let length = items.len();
    match name {
        "append" | "add" => {
            drop(items);
            let value = eval.literal(first.ok_or_else(missing)?);
            change(&|items| items.push(value.clone()));
        }
        "extend" => {
            drop(items);
            let more = eval.iterate(&first.ok_or_else(missing)?)?;
            change(&|items| items.extend(more.iter().cloned()));
        }
        "insert" => match (&first, positional.get(1)) {
            (Some(Value::Int(index)), Some(value)) => {
                let index = if *index < 0 { (index + length as i64).max(0) } else { *index } as usize;
                change(&|items| items.insert(index.min(items.len()), eval.literal(value.clone())));
            }
            _ => return Err(Fail::error("`insert` takes an index and a value")),
        },
        "pop" => {
            let index = match first {
                None => -1,
                Some(Value::Int(index)) => index,
                Some(other) => return Err(Fail::error(format!("`pop` takes an index, not {other:?}"))),
            };
            let index = if index < 0 { index + length as i64 } else { index };
            let Some(index) = usize::try_from(index).ok().filter(|index| *index < length) else {
                return Err(Fail::error(if length == 0 {
                    "`pop` from an empty list".to_string()
                } else {
                    format!("`pop`: the list has no item {index}")
                }));
            };
            drop(items);
            return Ok(shared.change(|value| match value {
                Value::List(items) => Some(Arc::make_mut(items).remove(index)),
                _ => None,
            }));
        }
        "remove" => {
            let wanted = objects::plain(&first.ok_or_else(missing)?)?;
            let Some(Value::Int(index)) = sequence(&items, "index", &Arguments { positional: vec![wanted], keywords: Vec::new() })? else {
                return Ok(None);
            };
            change(&|items| {
                items.remove(index as usize);
            });
        }
        "clear" => change(&Vec::clear),
        "reverse" => change(&|items| items.reverse()),
        "sort" => {
            let reverse = keywords.iter().any(|(name, value)| &**name == "reverse" && value.is_true());
            let sorted = sort(items.to_vec(), reverse)?;
            change(&|items| items.clone_from(&sorted));
        }
        "copy" => return Ok(Some(Value::List(items))),
        "__setitem__" => match (&first, positional.get(1)) {
            (Some(Value::Int(index)), Some(value)) if (0..length as i64).contains(index) => {
                let index = *index as usize;
                change(&|items| items[index] = eval.literal(value.clone()));
            }
            _ => return Err(Fail::error("`__setitem__` takes an index of the list and a value")),
        },
        _ => return sequence(&items, name, &Arguments { positional, keywords }),
    }
    Ok(Some(Value::Null))
}

/// Python's stable sort; an error where two items have no order.
pub(crate) fn sort(mut items: Vec<Value>, reverse: bool) -> Result<Vec<Value>> {
    let mut failed = None;
    items.sort_by(|a, b| {
        let (a, b) = if reverse { (b, a) } else { (a, b) };
        ops::order(a, b, Comparison::Lt).unwrap_or_else(|fail| {
            failed.get_or_insert(fail);
            Ordering::Equal
        })
    });
    failed.map_or(Ok(items), Err)
}

fn dictionary(eval: &Eval<'_>, shared: &Shared, name: &str, arguments: Arguments) -> Result<Option<Value>> {
    let Arguments { positional, keywords } = arguments;
    let key = positional.first().map(objects::plain).transpose()?;
    let second = positional.get(1).cloned();
    let missing = || Fail::error(format!("`{name}` takes a key"));
    if eval.context.sharing.get() && matches!(name, "items" | "values") {
        shared.share_values();
    }
    let Value::Map(map) = shared.value() else { return Ok(None) };
    let change = |change: &dyn Fn(&mut Map)| {
        shared.change(|value| {
            if let Value::Map(map) = value {
                change(Arc::make_mut(map));
            }
        });
    };
    Ok(Some(match name {
        "items" | "iteritems" => Value::list(map.iter().map(|(key, value)| tuple(vec![key.clone(), value.clone()]))),
        "keys" => Value::list(map.keys().cloned()),
        "values" => Value::list(map.values().cloned()),
        "copy" => Value::Map(map),
        "has_key" => Value::Bool(map.contains_key(&key.ok_or_else(missing)?)),
        "get" => {
            let key = key.ok_or_else(missing)?;
            let found = if eval.context.sharing.get() { shared.child(&key) } else { map.get(&key).cloned() };
            found.or(second).or_else(|| keywords.first().map(|(_, value)| value.clone())).unwrap_or(Value::Null)
        }
        "setdefault" => {
            let key = key.ok_or_else(missing)?;
            if !map.contains_key(&key) {
                let value = eval.literal(second.unwrap_or(Value::Null));
                drop(map);
                change(&|map| {
                    map.insert(key.clone(), value.clone());
                });
            }
            shared.child(&key).unwrap_or(Value::Null)
        }
        "update" => {
            let mut more = match positional.first().map(objects::snapshot) {
                None => Map::new(),
                Some(Value::Map(map)) => (*map).clone(),
                Some(Value::List(pairs) | Value::Tuple(pairs)) => {
                    let mut more = Map::new();
                    for pair in pairs.iter() {
                        match objects::snapshot(pair).as_list() {
                            Some([key, value]) => more.insert(objects::plain(key)?, value.clone()),
                            _ => return Err(Fail::error(format!("`update` takes a dictionary or pairs, not {pair:?}"))),
                        };
                    }
                    more
                }
                Some(Value::Undefined(undefined)) => return Err(Fail::Undefined(undefined)),
                Some(other) => {
                    return Err(Fail::error(format!("`update` takes a dictionary, not an object of type '{}'", type_name(&other))));
                }
            };
            more.extend(keywords.into_iter().map(|(key, value)| (Value::Str(key), value)));
            for value in more.values_mut() {
                *value = eval.literal(value.clone());
            }
            drop(map);
            change(&|map| map.extend(more.iter().map(|(key, value)| (key.clone(), value.clone()))));
            Value::Null
        }
        "__setitem__" => match (key, second) {
            (Some(key), Some(value)) => {
                let value = eval.literal(value);
                drop(map);
                change(&|map| {
                    map.insert(key.clone(), value.clone());
                });
                Value::Null
            }
            _ => return Err(Fail::error("`__setitem__` takes a key and a value")),
        },
        "pop" | "__delitem__" => {
            let key = key.ok_or_else(missing)?;
            drop(map);
            let found = shared.change(|value| match value {
                Value::Map(map) => Arc::make_mut(map).shift_remove(&key),
                _ => None,
            });
            match found.or(second) {
                Some(_) if name == "__delitem__" => Value::Null,
                Some(found) => found,
                None => return Err(Fail::error(format!("`{name}`: the dictionary has no key {key:?}"))),
            }
        }
        "popitem" => {
            drop(map);
            let found = shared.change(|value| match value {
                Value::Map(map) => Arc::make_mut(map).pop(),
                _ => None,
            });
            let (key, value) = found.ok_or_else(|| Fail::error("`popitem` from an empty dictionary"))?;
            tuple(vec![key, value])
        }
        "clear" => {
            change(&Map::clear);
            Value::Null
        }
        "fromkeys" => {
            let keys = eval.iterate(&positional.first().cloned().ok_or_else(missing)?)?;
            Value::map(keys.into_iter().map(|key| (key, second.clone().unwrap_or(Value::Null))))
        }
        _ => return Ok(None),
    }))
}
