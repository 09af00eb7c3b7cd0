//! Lookups that make loops of lists and dictionaries.

use std::sync::Arc;

use super::{Lookup, Query};
use crate::template::eval::objects::type_name;
use crate::template::eval::{Fail, Result};
use crate::template::filters::{dicts, lists};
use crate::template::random::Random;
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[
    Lookup::new("items", |query| Ok(one_level(&query.terms))),
    Lookup::new("list", |query| Ok(query.terms.clone())),
    Lookup::new("dict", dict),
    Lookup::new("indexed_items", |query| {
        let number = |(index, item): (usize, Value)| pair(Value::Int(index as i64), item);
        Ok(one_level(&query.terms).into_iter().enumerate().map(number).collect())
    }),
    Lookup::new("flattened", |query| {
        let mut out = Vec::new();
        lists::flatten_into(&query.terms, None, false, &mut out);
        Ok(out)
    }),
    Lookup::new("nested", nested),
    Lookup::new("cartesian", |query| Ok(lists::cartesian(&all(&query.terms)).into_iter().map(Value::list).collect())),
    Lookup::new("together", together),
    Lookup::new("subelements", subelements),
    Lookup::new("sequence", sequence),
    Lookup::new("random_choice", |query| {
        if query.terms.is_empty() {
            return Ok(Vec::new());
        }
        let index = Random::fresh().below(query.terms.len() as u64) as usize;
        Ok(vec![query.terms[index].clone()])
    }),
];

fn pair(a: Value, b: Value) -> Value {
    Value::Tuple(Arc::new(vec![a, b]))
}

fn one_level(terms: &[Value]) -> Vec<Value> {
    let mut out = Vec::new();
    for term in terms {
        match term {
            Value::List(items) | Value::Tuple(items) => out.extend(items.iter().cloned()),
            other => out.push(other.clone()),
        }
    }
    out
}

fn dict(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let Value::Map(map) = term else {
            return Err(query.error(format!("lookup plugin expects a dictionary, not {term:?} of type '{}'", type_name(term))));
        };
        out.extend(map.iter().map(|(key, value)| Value::map([(Value::str("key"), key.clone()), (Value::str("value"), value.clone())])));
    }
    Ok(out)
}

/// The terms as lists; a term that is no list is a list of one.
fn all(terms: &[Value]) -> Vec<Vec<Value>> {
    terms
        .iter()
        .map(|term| match term {
            Value::List(items) | Value::Tuple(items) => items.to_vec(),
            other => vec![other.clone()],
        })
        .collect()
}

fn nested(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    if query.terms.is_empty() {
        return Err(query.error("with_nested requires at least one element in the nested list"));
    }
    // A list of one is a list of its items, which must be lists.
    let lists: Vec<Vec<Value>> = match query.terms.as_slice() {
        [one] => {
            let items = one.as_list().ok_or_else(|| query.error(format!("takes lists, not {one:?}")))?;
            let inner =
                |item: &Value| item.as_list().map(<[Value]>::to_vec).ok_or_else(|| query.error(format!("takes lists; {item:?} is none")));
            return items.iter().map(|item| inner(item).map(Value::list)).collect();
        }
        terms => all(terms),
    };
    if lists.iter().map(Vec::len).fold(1usize, usize::saturating_mul) > 5_000_000 {
        return Err(query.error("there would be more than five million combinations"));
    }
    let flat = |row: Vec<Value>| {
        let mut out = Vec::new();
        lists::flatten_into(&row, None, false, &mut out);
        Value::list(out)
    };
    Ok(lists::cartesian(&lists).into_iter().map(flat).collect())
}

fn together(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let lists = all(&query.terms);
    if lists.is_empty() {
        return Err(query.error("with_together requires at least one element in each list"));
    }
    let count = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |index: usize| {
        let items: Vec<Value> = lists.iter().map(|list| list.get(index).cloned().unwrap_or(Value::Null)).collect();
        Value::list(one_level(&items))
    };
    Ok((0..count).map(row).collect())
}

fn subelements(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let [subject, path, rest @ ..] = query.terms.as_slice() else {
        return Err(
            query.error("expects a list of two or three items: first a dict or a list, second a string that names the lists in its items")
        );
    };
    // The result of a task that was skipped has no items.
    if subject.get("skipped").is_some_and(Value::is_true) {
        return Ok(Vec::new());
    }
    let items: Vec<Value> = match subject {
        Value::List(items) | Value::Tuple(items) => items.to_vec(),
        Value::Map(map) => map.values().cloned().collect(),
        other => return Err(query.error(format!("expects first a dict or a list, not {other:?}"))),
    };
    let Value::Str(path) = path else { return Err(query.error(format!("expects second a string, not {path:?}"))) };
    if rest.len() > 1 {
        return Err(query.error("expects a list of two or three items"));
    }
    if let Some(flags) = rest.first().filter(|flags| !matches!(flags, Value::Map(_))) {
        return Err(query.error(format!("the optional third item must be a dict, not {flags:?}")));
    }
    let skip_missing = rest.first().and_then(|flags| flags.get("skip_missing")).is_some_and(|flag| match flag {
        Value::Str(text) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"),
        other => other.is_true(),
    });
    let items = items.into_iter().filter(|item| !item.get("skipped").is_some_and(Value::is_true)).collect();
    let path: Vec<String> = path.split('.').map(str::to_string).collect();
    let rows = dicts::pairs(items, &path, skip_missing, true).map_err(|message| query.error(message))?;
    // Unlike the filter of this name, the lookup leaves the list itself out of the item.
    let shortened = |row: Value| match row.as_list() {
        Some([item, sub]) => pair(without(item, &path), sub.clone()),
        _ => row,
    };
    Ok(rows.into_iter().map(shortened).collect())
}

fn without(item: &Value, path: &[String]) -> Value {
    let (Value::Map(map), [first, rest @ ..]) = (item, path) else { return item.clone() };
    let inner = |key: &Value, value: &Value| {
        (key.clone(), if !rest.is_empty() && key.as_str() == Some(first) { without(value, rest) } else { value.clone() })
    };
    Value::map(map.iter().filter(|(key, _)| !rest.is_empty() || key.as_str() != Some(first)).map(|(key, value)| inner(key, value)))
}

/// `start=0 end=10 stride=2 format=host%02d`, `count=5`, or `4-16/2:host%02d`.
fn sequence(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    let terms: Vec<String> = match query.terms.is_empty() {
        true if query.options.is_empty() => return Ok(out),
        true => vec![String::new()],
        false => query.terms.iter().map(ToString::to_string).collect(),
    };
    for term in terms {
        let mut range = Range::default();
        for (name, value) in &query.options {
            range.set(name, &value.to_string()).map_err(|message| query.error(message))?;
        }
        let keyed = term.contains('=');
        if keyed {
            for word in crate::words::split(&term).map_err(|why| query.error(format!("{term:?} {why}")))? {
                let (name, value) = word.split_once('=').ok_or_else(|| query.error(format!("{word:?} is no name=value")))?;
                range.set(name, value).map_err(|message| query.error(message))?;
            }
        } else if !term.trim().is_empty() {
            range.shorthand(term.trim()).map_err(|message| query.error(message))?;
        }
        out.extend(range.items().map_err(|message| query.error(message))?);
    }
    Ok(out)
}

struct Range {
    start: i64,
    end: Option<i64>,
    count: Option<i64>,
    stride: Option<i64>,
    format: String,
}

impl Default for Range {
    fn default() -> Range {
        Range { start: 1, end: None, count: None, stride: None, format: "%d".into() }
    }
}

impl Range {
    fn set(&mut self, name: &str, value: &str) -> std::result::Result<(), String> {
        let number = || whole(value).ok_or_else(|| format!("`{name}` has an invalid value: {value:?} is no whole number"));
        match name {
            "start" => self.start = number()?,
            "end" => self.end = Some(number()?),
            "count" => self.count = Some(number()?),
            "stride" => self.stride = Some(number()?),
            "format" => self.format = value.to_string(),
            other => return Err(format!("unrecognized arguments to with_sequence: {other}; there are start, end, count, stride, format")),
        }
        Ok(())
    }

    /// `[start-]end[/stride][:format]`
    fn shorthand(&mut self, text: &str) -> std::result::Result<(), String> {
        let wrong = |part: &str| {
            let digits = !part.is_empty() && part.chars().all(|c| c.is_ascii_hexdigit() || c == 'x');
            let why = if digits { format!("{part:?} has an invalid value") } else { "unrecognized arguments to with_sequence".into() };
            format!("{why}: {text:?} is no sequence such as 1-10/2:host%02d")
        };
        let (range, format) = text.split_once(':').map_or((text, None), |(range, format)| (range, Some(format)));
        let (range, stride) = range.split_once('/').map_or((range, None), |(range, stride)| (range, Some(stride)));
        let (start, end) = range.split_once('-').map_or((None, range), |(start, end)| (Some(start), end));
        // In this form all numbers are positive; other bases have a prefix.
        let number = |text: &str| match text.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok(),
            None => whole(text).filter(|number| *number >= 0),
        };
        if let Some(start) = start {
            self.start = number(start).ok_or_else(|| wrong(start))?;
        }
        self.end = Some(number(end).ok_or_else(|| wrong(end))?);
        if let Some(stride) = stride {
            self.stride = Some(number(stride).ok_or_else(|| wrong(stride))?);
        }
        if let Some(format) = format {
            self.format = format.to_string();
        }
        Ok(())
    }

    fn items(self) -> std::result::Result<Vec<Value>, String> {
        let stride = self.stride.unwrap_or(1);
        let end = match (self.end, self.count) {
            (Some(_), Some(_)) => return Err("can't specify both count and end in with_sequence".into()),
            (None, None) => return Err("must specify count or end in with_sequence".into()),
            (Some(end), None) => end,
            (None, Some(0)) => return Ok(Vec::new()),
            // As ansible-core has it: exact where the numbers grow, one step and more too far where they fall.
            (None, Some(count)) => self.start + count * stride - 1,
        };
        if !self.format.contains('%') {
            return Err(format!("bad formatting string: {} has no place for the number, such as host%02d", self.format));
        }
        if stride == 0 {
            return Ok(Vec::new());
        }
        if stride > 0 && end < self.start {
            return Err(format!("from {} to {end}: to count backwards make stride negative", self.start));
        }
        if stride < 0 && end > self.start {
            return Err(format!("from {} to {end}: to count forward don't make stride negative", self.start));
        }
        let count = (end - self.start) / stride + 1;
        if count > 5_000_000 {
            return Err(format!("there would be {count} items"));
        }
        (0..count)
            .map(|i| crate::template::python::percent(&self.format, &Value::Int(self.start + i * stride)).map(Value::from))
            .collect::<Result<_>>()
            .map_err(|fail: Fail| fail.into_diagnostic().message)
    }
}

/// Decimal; zeros may lead.
fn whole(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}
