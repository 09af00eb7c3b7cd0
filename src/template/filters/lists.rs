//! Filters on lists: ends, joins, sets, combinations.

use std::sync::Arc;

use super::{Filter, Invocation};
use crate::template::eval::objects::{self, plain, snapshot, type_name};
use crate::template::eval::{Fail, Result};
use crate::template::filters::select::attribute;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("first", &[], |call| Ok(call.items()?.into_iter().next().unwrap_or_else(|| empty("first")))).keeps_items(),
    Filter::new("last", &[], |call| Ok(call.items()?.into_iter().next_back().unwrap_or_else(|| empty("last")))).keeps_items(),
    Filter::new("list", &[], |call| call.items().map(Value::list)).keeps_items(),
    Filter::new("length", &[], length).keeps_items(),
    Filter::new("count", &[], length).keeps_items(),
    Filter::new("join", &["d", "attribute"], join),
    Filter::new("reverse", &[], reverse).keeps_items(),
    Filter::new("flatten", &["levels", "skip_nulls"], flatten).keeps_items(),
    Filter::new("union", &["b"], |call| {
        sets(call, |a, b| {
            let mut out = distinct(a);
            for item in b {
                if !out.contains(item) {
                    out.push(item.clone());
                }
            }
            out
        })
    }),
    Filter::new("intersect", &["b"], |call| sets(call, |a, b| distinct(a).into_iter().filter(|item| b.contains(item)).collect())),
    Filter::new("difference", &["b"], |call| sets(call, |a, b| distinct(a).into_iter().filter(|item| !b.contains(item)).collect())),
    Filter::new("symmetric_difference", &["b"], |call| {
        sets(call, |a, b| {
            let one = distinct(a).into_iter().filter(|item| !b.contains(item));
            let other = distinct(b).into_iter().filter(|item| !a.contains(item));
            one.chain(other).collect()
        })
    }),
    Filter::new("zip", &["*"], |call| zip(call, false)),
    Filter::new("zip_longest", &["*"], |call| zip(call, true)),
    Filter::new("product", &["*"], product),
    Filter::new("permutations", &["r"], permutations),
    Filter::new("combinations", &["r"], combinations),
    Filter::new("batch", &["linecount", "fill_with"], batch),
    Filter::new("slice", &["slices", "fill_with"], slice),
    Filter::new("random", &["end", "start", "step", "seed"], super::numbers::random),
    Filter::new("shuffle", &["seed"], super::numbers::shuffle),
    Filter::new("extract", &["container", "morekeys"], extract).takes_undefined(),
    Filter::new("lists_union", &["*"], |call| many(call, "union")),
    Filter::new("lists_intersect", &["*"], |call| many(call, "intersect")),
    Filter::new("lists_difference", &["*"], |call| many(call, "difference")),
    Filter::new("lists_symmetric_difference", &["*"], |call| many(call, "symmetric_difference")),
];

fn empty(which: &str) -> Value {
    let hint = Some(format!("the list is empty and has no {which} item"));
    Value::Undefined(Arc::new(crate::value::Undefined { name: format!("{which} item"), hint, ..Default::default() }))
}

fn length(call: &Invocation<'_, '_>) -> Result<Value> {
    let count = match snapshot(&call.input) {
        Value::Str(text) => text.chars().count(),
        Value::List(items) | Value::Tuple(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::Object(object) => match object.iter()? {
            Some(items) => items.len(),
            None => return Err(call.error(format!("an object of type '{}' has no length", object.type_name()))),
        },
        other => return Err(call.error(format!("an object of type '{}' has no length", type_name(&other)))),
    };
    Ok(Value::Int(count as i64))
}

fn join(call: &Invocation<'_, '_>) -> Result<Value> {
    let separator = call.text(0)?.unwrap_or_default();
    let mut out = String::new();
    for (index, item) in call.items()?.into_iter().enumerate() {
        if index > 0 {
            out.push_str(&separator);
        }
        let item = match call.argument(1) {
            None | Some(Value::Null) => item,
            Some(path) => attribute(call, &item, path)?,
        };
        match item {
            Value::Str(text) => out.push_str(&text),
            Value::Undefined(undefined) => return Err(Fail::Undefined(undefined)),
            other => out.push_str(&plain(&other)?.to_string()),
        }
    }
    Ok(Value::from(out))
}

fn reverse(call: &Invocation<'_, '_>) -> Result<Value> {
    if let Value::Str(text) = &call.input {
        return Ok(Value::from(text.chars().rev().collect::<String>()));
    }
    Ok(Value::list(call.items()?.into_iter().rev()))
}

fn flatten(call: &Invocation<'_, '_>) -> Result<Value> {
    let levels = call.int(0)?;
    let mut out = Vec::new();
    flatten_into(&call.items()?, levels, call.flag(1, true), &mut out);
    Ok(Value::list(out))
}

pub(crate) fn flatten_into(items: &[Value], levels: Option<i64>, skip_nulls: bool, out: &mut Vec<Value>) {
    for item in items {
        match snapshot(item) {
            Value::Null if skip_nulls => {}
            Value::Str(text) if skip_nulls && matches!(&*text, "None" | "null") => {}
            Value::List(inner) | Value::Tuple(inner) if levels.is_none_or(|levels| levels >= 1) => {
                flatten_into(&inner, levels.map(|levels| levels - 1), skip_nulls, out);
            }
            _ => out.push(item.clone()),
        }
    }
}

/// Items of an argument.
pub(super) fn other(call: &Invocation<'_, '_>, index: usize) -> Result<Vec<Value>> {
    call.eval.iterate(call.required(index)?)
}

fn distinct(items: &[Value]) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    items.iter().filter(|item| seen.insert((*item).clone())).cloned().collect()
}

fn sets(call: &Invocation<'_, '_>, combine: impl Fn(&[Value], &[Value]) -> Vec<Value>) -> Result<Value> {
    Ok(Value::list(combine(&call.items()?, &other(call, 0)?)))
}

/// community.general's: the same over any number of lists.
fn many(call: &Invocation<'_, '_>, how: &'static str) -> Result<Value> {
    let mut lists = vec![call.items()?];
    for index in 0..call.arguments.positional.len() {
        lists.push(other(call, index)?);
    }
    if call.arguments.keyword("flatten").is_some_and(Value::is_true) {
        lists = lists.concat().iter().map(|list| call.eval.iterate(list)).collect::<Result<_>>()?;
    }
    let mut lists = lists.into_iter();
    let mut out = distinct(&lists.next().unwrap_or_default());
    for list in lists {
        out = match how {
            "union" => distinct(&[out, list].concat()),
            "intersect" => out.into_iter().filter(|item| list.contains(item)).collect(),
            "difference" => out.into_iter().filter(|item| !list.contains(item)).collect(),
            _ => {
                let more: Vec<_> = distinct(&list).into_iter().filter(|item| !out.contains(item)).collect();
                out.into_iter().filter(|item| !list.contains(item)).chain(more).collect()
            }
        };
    }
    Ok(Value::list(out))
}

fn lists(call: &Invocation<'_, '_>) -> Result<Vec<Vec<Value>>> {
    let mut lists = vec![call.items()?];
    for value in &call.arguments.positional {
        lists.push(call.eval.iterate(value)?);
    }
    Ok(lists)
}

pub(super) fn row(items: Vec<Value>) -> Value {
    Value::Tuple(Arc::new(items))
}

fn zip(call: &Invocation<'_, '_>, longest: bool) -> Result<Value> {
    let lists = lists(call)?;
    let fill = call.arguments.keyword("fillvalue").cloned().unwrap_or(Value::Null);
    let lengths = lists.iter().map(Vec::len);
    let count = if longest { lengths.max() } else { lengths.min() }.unwrap_or(0);
    Ok(Value::list((0..count).map(|i| row(lists.iter().map(|list| list.get(i).cloned().unwrap_or_else(|| fill.clone())).collect()))))
}

fn product(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut lists = lists(call)?;
    if let Some(Value::Int(repeat)) = call.arguments.keyword("repeat") {
        lists = lists.iter().cycle().take(lists.len() * (*repeat).clamp(0, 100) as usize).cloned().collect();
    }
    let size = lists.iter().map(Vec::len).fold(1usize, usize::saturating_mul);
    if size > 5_000_000 {
        return Err(call.error(format!("there would be {size} combinations")));
    }
    Ok(Value::list(cartesian(&lists).into_iter().map(row)))
}

/// Every way to take one item of each list; the last list turns fastest.
pub(crate) fn cartesian(lists: &[Vec<Value>]) -> Vec<Vec<Value>> {
    lists.iter().fold(vec![Vec::new()], |rows, list| {
        rows.iter()
            .flat_map(|row| {
                list.iter().map(move |item| {
                    let mut row = row.clone();
                    row.push(item.clone());
                    row
                })
            })
            .collect()
    })
}

fn permutations(call: &Invocation<'_, '_>) -> Result<Value> {
    let items = call.items()?;
    let size = call.int(0)?.map_or(items.len(), |size| size.max(0) as usize);
    let mut out = Vec::new();
    pick(&items, size, &mut Vec::new(), &|chosen, next| !chosen.contains(&next), &mut out);
    Ok(Value::list(out))
}

fn combinations(call: &Invocation<'_, '_>) -> Result<Value> {
    let items = call.items()?;
    let size = call.int(0)?.ok_or_else(|| call.error("takes how many items to combine"))?.max(0) as usize;
    let mut out = Vec::new();
    pick(&items, size, &mut Vec::new(), &|chosen, next| chosen.last().is_none_or(|last| *last < next), &mut out);
    Ok(Value::list(out))
}

fn pick(items: &[Value], size: usize, chosen: &mut Vec<usize>, may: &dyn Fn(&[usize], usize) -> bool, out: &mut Vec<Value>) {
    if chosen.len() == size {
        out.push(row(chosen.iter().map(|index| items[*index].clone()).collect()));
        return;
    }
    for next in 0..items.len() {
        if may(chosen, next) {
            chosen.push(next);
            pick(items, size, chosen, may, out);
            chosen.pop();
        }
    }
}

fn batch(call: &Invocation<'_, '_>) -> Result<Value> {
    let count = call.int(0)?.filter(|count| *count > 0).ok_or_else(|| call.error("takes how many items make a batch"))? as usize;
    let items = call.items()?;
    Ok(Value::list(items.chunks(count).map(|chunk| {
        let mut chunk = chunk.to_vec();
        if let Some(fill) = call.argument(1).filter(|fill| !matches!(fill, Value::Null)) {
            chunk.resize(count, fill.clone());
        }
        Value::list(chunk)
    })))
}

fn slice(call: &Invocation<'_, '_>) -> Result<Value> {
    let slices = call.int(0)?.filter(|count| *count > 0).ok_or_else(|| call.error("takes the number of slices"))? as usize;
    let items = call.items()?;
    let (per, extra) = (items.len() / slices, items.len() % slices);
    let mut offset = 0;
    Ok(Value::list((0..slices).map(|index| {
        let size = per + usize::from(index < extra);
        let mut part = items[offset..offset + size].to_vec();
        offset += size;
        if let Some(fill) = call.argument(1).filter(|fill| !matches!(fill, Value::Null))
            && index >= extra
            && extra > 0
        {
            part.push(fill.clone());
        }
        Value::list(part)
    })))
}

/// `index | extract(container, morekeys)`
fn extract(call: &Invocation<'_, '_>) -> Result<Value> {
    if let Value::Undefined(undefined) = &call.input {
        return Err(Fail::Undefined(undefined.clone()));
    }
    let mut value = call.eval.item(call.required(0)?, &call.input, None)?;
    let more = match call.argument(1) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(keys) | Value::Tuple(keys)) => keys.to_vec(),
        Some(key) => vec![key.clone()],
    };
    for key in more {
        value = call.eval.item(&value, &objects::plain(&key)?, None)?;
    }
    Ok(value)
}
