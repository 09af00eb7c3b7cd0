//! Filters on dictionaries: `combine`, `dict2items`, `dictsort`, `subelements`.

use std::sync::Arc;

use super::lists::row;
use super::{Filter, Invocation, nested, select};
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Fail, Result};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("combine", &["*"], combine),
    Filter::new("dict2items", &["key_name", "value_name"], dict2items),
    Filter::new("items2dict", &["key_name", "value_name"], items2dict),
    Filter::new("dictsort", &["case_sensitive", "by", "reverse"], dictsort),
    Filter::new("items", &[], |call| Ok(Value::list(map(call)?.iter().map(|(key, value)| row(vec![key.clone(), value.clone()])))))
        .takes_undefined(),
    Filter::new("dict", &[], from_pairs),
    Filter::new("dict_kv", &["key"], |call| Ok(Value::map([(call.required(0)?.clone(), call.input.clone())]))),
    Filter::new("keep_keys", &["target", "matching_parameter"], |call| keys(call, true)),
    Filter::new("remove_keys", &["target", "matching_parameter"], |call| keys(call, false)),
    Filter::new("replace_keys", &["target", "matching_parameter"], replace_keys),
    Filter::new("subelements", &["subelements", "skip_missing"], subelements),
    Filter::new("lists_mergeby", &["*"], mergeby),
    Filter::new("groupby_as_dict", &["attribute"], groupby_as_dict),
    // Attributes only, not the keys of a dictionary.
    Filter::new("attr", &["name"], |call| {
        let input = if matches!(call.input, Value::Map(_)) { &Value::Null } else { &call.input };
        call.eval.attribute(input, &call.text(0)?.unwrap_or_default(), None)
    }),
    Filter::new("rekey_on_member", &["key", "duplicates"], rekey),
];

fn map(call: &Invocation<'_, '_>) -> Result<Arc<Map>> {
    match plain(&call.input)? {
        Value::Map(map) => Ok(map),
        Value::Undefined(undefined) => Err(Fail::Undefined(undefined)),
        other => Err(call.error(format!("{} requires a dictionary, not {other:?} of type '{}'", call.name, type_name(&other)))),
    }
}

/// How lists meet when dictionaries are combined (docs.ansible.com, ansible.builtin.combine).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meet {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

fn meet(call: &Invocation<'_, '_>) -> Result<Meet> {
    Ok(match call.arguments.keyword("list_merge").map(ToString::to_string).as_deref() {
        None | Some("replace") => Meet::Replace,
        Some("keep") => Meet::Keep,
        Some("append") => Meet::Append,
        Some("prepend") => Meet::Prepend,
        Some("append_rp") => Meet::AppendNew,
        Some("prepend_rp") => Meet::PrependNew,
        Some(other) => {
            return Err(call.error(format!("`list_merge` is replace, keep, append, prepend, append_rp or prepend_rp, not {other:?}")));
        }
    })
}

fn combine(call: &Invocation<'_, '_>) -> Result<Value> {
    let recursive = call.arguments.keyword("recursive").is_some_and(Value::is_true);
    let how = meet(call)?;
    if let Some((unknown, _)) = call.arguments.keywords.iter().find(|(name, _)| !matches!(&**name, "recursive" | "list_merge")) {
        return Err(call.error(format!("there is no `{unknown}`: 'recursive' and 'list_merge' are the only valid keyword arguments")));
    }
    let mut all = Vec::new();
    // Lists of dictionaries are dictionaries; what is none is left out.
    super::lists::flatten_into(std::slice::from_ref(&call.input), Some(1), true, &mut all);
    super::lists::flatten_into(&call.arguments.positional, Some(1), true, &mut all);
    let mut out: Option<Arc<Map>> = None;
    for value in all {
        let next = match value {
            Value::Map(map) => map,
            Value::Undefined(undefined) => return Err(Fail::Undefined(undefined)),
            other => {
                return Err(
                    call.error(format!("failed to combine variables, expected dicts but got {other:?} of type '{}'", type_name(&other)))
                );
            }
        };
        out = Some(match out {
            None => next,
            Some(base) => Arc::new(merge(&base, &next, recursive, how)),
        });
    }
    Ok(Value::Map(out.unwrap_or_default()))
}

fn merge(base: &Map, over: &Map, recursive: bool, how: Meet) -> Map {
    let mut out = base.clone();
    for (key, new) in over {
        let value = match (out.get(key), new) {
            (Some(Value::Map(old)), Value::Map(new)) if recursive => Value::Map(Arc::new(merge(old, new, recursive, how))),
            (Some(Value::List(old)), Value::List(new)) => {
                let absent = |from: &[Value], of: &[Value]| from.iter().filter(|item| !of.contains(item)).cloned().collect::<Vec<_>>();
                match how {
                    Meet::Replace => Value::List(new.clone()),
                    Meet::Keep => Value::List(old.clone()),
                    Meet::Append => Value::list(old.iter().chain(new.iter()).cloned()),
                    Meet::Prepend => Value::list(new.iter().chain(old.iter()).cloned()),
                    Meet::AppendNew => Value::list(absent(old, new).into_iter().chain(new.iter().cloned())),
                    Meet::PrependNew => Value::list(new.iter().cloned().chain(absent(old, new))),
                }
            }
            _ => new.clone(),
        };
        out.insert(key.clone(), value);
    }
    out
}

fn names(call: &Invocation<'_, '_>) -> Result<(Value, Value)> {
    Ok((
        Value::from(call.text(0)?.unwrap_or_else(|| "key".into()).to_string()),
        Value::from(call.text(1)?.unwrap_or_else(|| "value".into()).to_string()),
    ))
}

fn dict2items(call: &Invocation<'_, '_>) -> Result<Value> {
    let (key_name, value_name) = names(call)?;
    Ok(Value::list(
        map(call)?.iter().map(|(key, value)| Value::map([(key_name.clone(), key.clone()), (value_name.clone(), value.clone())])),
    ))
}

fn items2dict(call: &Invocation<'_, '_>) -> Result<Value> {
    let (key_name, value_name) = names(call)?;
    if matches!(call.input, Value::Map(_)) {
        return Err(call.error("items2dict requires a list, not a dictionary"));
    }
    let mut out = Map::new();
    let items = call.items().map_err(|_| call.error(format!("items2dict requires a list, not {:?}", call.input)))?;
    for item in items {
        let (key, value) = match item.as_map() {
            Some(map) => (map.get(&key_name), map.get(&value_name)),
            None => return Err(call.error(format!("items2dict requires a list of dictionaries; {item:?} is none"))),
        };
        match (key, value) {
            (Some(key), Some(value)) => out.insert(key.clone(), value.clone()),
            _ => {
                let wanted = format!("items2dict requires each dictionary in the list to contain the keys {key_name:?} and {value_name:?}");
                return Err(call.error(format!("{wanted}; {item:?} does not")));
            }
        };
    }
    Ok(Value::Map(Arc::new(out)))
}

fn dictsort(call: &Invocation<'_, '_>) -> Result<Value> {
    let case_sensitive = call.flag(0, false);
    let by_value = match call.text(1)?.as_deref() {
        None | Some("key") => false,
        Some("value") => true,
        Some(other) => return Err(call.error(format!("`by` is key or value, not {other:?}"))),
    };
    let mut keyed = Vec::new();
    for (key, value) in map(call)?.iter() {
        let by = if by_value { value } else { key };
        keyed.push((select::key(call, by, None, case_sensitive)?, row(vec![key.clone(), value.clone()])));
    }
    select::sort_keyed(&mut keyed, call.flag(2, false))?;
    Ok(Value::list(keyed.into_iter().map(|(_, pair)| pair)))
}

fn from_pairs(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut out = Map::new();
    for pair in call.items()? {
        match plain(&pair)?.as_list() {
            Some([key, value]) => out.insert(key.clone(), value.clone()),
            _ => return Err(call.error(format!("takes pairs, not {pair:?}"))),
        };
    }
    Ok(Value::Map(Arc::new(out)))
}

/// Whether a key is one of those that keep_keys, remove_keys and replace_keys are about.
fn chosen(key: &str, targets: &[String], how: &str) -> Result<bool> {
    for target in targets {
        let hit = match how {
            "equal" | "equality" => key == target,
            "starts_with" => key.starts_with(target),
            "ends_with" => key.ends_with(target),
            "regex" => super::regex::compile(target, false, false)?.is_match(key),
            other => return Err(Fail::error(format!("`matching_parameter` is equal, starts_with, ends_with or regex, not {other:?}"))),
        };
        if hit {
            return Ok(true);
        }
    }
    Ok(false)
}

fn keys(call: &Invocation<'_, '_>, keep: bool) -> Result<Value> {
    let targets: Vec<String> = match call.required(0)? {
        Value::Str(one) => vec![one.to_string()],
        list => call.eval.iterate(list)?.iter().map(ToString::to_string).collect(),
    };
    let how = call.text(1)?.unwrap_or_else(|| "equal".into());
    let hit = |key: &Value| chosen(&key.to_string(), &targets, &how);
    if matches!(call.input, Value::Map(_)) {
        return nested::keys(&call.input, keep, &hit).map(|found| found.unwrap_or_else(|| Value::map([])));
    }
    let mut out = Vec::new();
    for item in call.items()? {
        let Value::Map(map) = &item else { return Err(call.error(format!("takes a list of dictionaries; {item:?} is none"))) };
        let mut kept = Map::new();
        for (key, value) in map.iter() {
            if hit(key)? == keep {
                kept.insert(key.clone(), value.clone());
            }
        }
        out.push(Value::Map(Arc::new(kept)));
    }
    Ok(Value::list(out))
}

fn replace_keys(call: &Invocation<'_, '_>) -> Result<Value> {
    let how = call.text(1)?.unwrap_or_else(|| "equal".into());
    let mut pairs = Vec::new();
    for target in call.eval.iterate(call.required(0)?)? {
        match (target.get("before"), target.get("after")) {
            (Some(before), Some(after)) => pairs.push((before.to_string(), after.clone())),
            _ => return Err(call.error("`target` is a list of dictionaries with before and after")),
        }
    }
    let rename = |key: &Value| -> Result<Value> {
        let mut name = key.clone();
        for (before, after) in &pairs {
            if chosen(&key.to_string(), std::slice::from_ref(before), &how)? {
                name = after.clone();
            }
        }
        Ok(name)
    };
    if matches!(call.input, Value::Map(_)) {
        return nested::rename(&call.input, &rename);
    }
    let mut out = Vec::new();
    for item in call.items()? {
        let Value::Map(map) = &item else { return Err(call.error(format!("takes a list of dictionaries; {item:?} is none"))) };
        let mut renamed = Map::new();
        for (key, value) in map.iter() {
            renamed.insert(rename(key)?, value.clone());
        }
        out.push(Value::Map(Arc::new(renamed)));
    }
    Ok(Value::list(out))
}

fn subelements(call: &Invocation<'_, '_>) -> Result<Value> {
    let path: Vec<String> = match call.required(0)? {
        Value::Str(path) => path.split('.').map(str::to_string).collect(),
        Value::List(parts) | Value::Tuple(parts) => parts.iter().map(ToString::to_string).collect(),
        other => return Err(call.error(format!("subelements must be a list or a string, not {other:?}"))),
    };
    let items = match &call.input {
        Value::Map(map) => map.values().cloned().collect(),
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        other => return Err(call.error(format!("obj must be a list of dicts or a nested dict, not {other:?}"))),
    };
    pairs(items, &path, call.flag(1, false), false).map_err(|message| call.error(message)).map(Value::list)
}

/// Each item with each item of its list under `path`; `skip_strange`: to skip items that have no dictionary on the way to it, too.
pub(crate) fn pairs(items: Vec<Value>, path: &[String], skip_missing: bool, skip_strange: bool) -> std::result::Result<Vec<Value>, String> {
    let mut out = Vec::new();
    for item in items {
        let mut inner = Some(&item);
        for part in path {
            inner = match inner {
                Some(Value::Map(map)) => match map.get(part.as_str()) {
                    None if !skip_missing => return Err(format!("could not find '{part}' key in iterated item {item:?}")),
                    found => found,
                },
                _ if skip_missing && skip_strange => None,
                Some(other) => return Err(format!("the key before {part:?} should point to a dictionary, not to {other:?}")),
                None => None,
            };
        }
        match inner {
            Some(Value::List(list) | Value::Tuple(list)) => out.extend(list.iter().map(|sub| row(vec![item.clone(), sub.clone()]))),
            Some(other) => return Err(format!("the key '{}' should point to a list, not to {other:?}", path.join("."))),
            None => {}
        }
    }
    Ok(out)
}

/// community.general's: lists of dictionaries joined on one key.
fn mergeby(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut arguments = call.arguments.positional.clone();
    let index = match call.arguments.keyword("index") {
        Some(index) => index.clone(),
        None => arguments.pop().ok_or_else(|| call.error("takes the name of the key to merge by"))?,
    };
    let recursive = call.arguments.keyword("recursive").is_some_and(Value::is_true);
    let how = meet(call)?;
    // A list of lists is several lists.
    let first = call.eval.iterate(&call.input)?;
    let mut lists = if arguments.is_empty() && !first.is_empty() && first.iter().all(|item| item.as_list().is_some()) {
        first
    } else {
        vec![call.input.clone()]
    };
    lists.extend(arguments);
    let mut merged: Vec<(Value, Arc<Map>)> = Vec::new();
    for list in lists {
        for item in call.eval.iterate(&list)? {
            let Value::Map(map) = &item else { return Err(call.error(format!("takes lists of dictionaries; {item:?} is none"))) };
            let Some(by) = map.get(&index) else { continue };
            match merged.iter_mut().find(|(key, _)| key == by) {
                Some((_, held)) => *held = Arc::new(merge(held, map, recursive, how)),
                None => merged.push((by.clone(), map.clone())),
            }
        }
    }
    let mut keyed: Vec<(Value, Value)> = merged.into_iter().map(|(key, map)| (key, Value::Map(map))).collect();
    select::sort_keyed(&mut keyed, false)?;
    Ok(Value::list(keyed.into_iter().map(|(_, map)| map)))
}

/// A dictionary of the items by one of their own values.
fn rekey(call: &Invocation<'_, '_>) -> Result<Value> {
    let name = call.required(0)?;
    let overwrite = match call.text(1)?.as_deref() {
        None | Some("error") => false,
        Some("overwrite") => true,
        Some(other) => {
            return Err(
                call.error(format!("duplicates parameter to rekey_on_member has unknown value {other:?}; it is error or overwrite"))
            );
        }
    };
    let items = match &call.input {
        Value::Map(map) => map.values().cloned().collect(),
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        other => return Err(call.error(format!("Type is not a valid list, set, or dict: {other:?}"))),
    };
    let mut out = Map::new();
    for item in items {
        let map = item.as_map().ok_or_else(|| call.error(format!("List item is not a valid dict: {item:?}")))?;
        let key = map.get(name).ok_or_else(|| call.error(format!("the key {name:?} was not found in {item:?}")))?.clone();
        if out.insert(key.clone(), item).is_some() && !overwrite {
            return Err(
                call.error(format!("{key:?} is not unique, cannot convert to dict; `duplicates='overwrite'` lets the last one win"))
            );
        }
    }
    Ok(Value::Map(Arc::new(out)))
}

fn groupby_as_dict(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut out = Map::new();
    for item in call.items()? {
        match select::attribute(call, &item, call.required(0)?)? {
            Value::Undefined(undefined) => return Err(Fail::Undefined(undefined)),
            key if out.contains_key(&key) => return Err(call.error(format!("{key:?} comes twice"))),
            key => out.insert(key, item),
        };
    }
    Ok(Value::Map(Arc::new(out)))
}
