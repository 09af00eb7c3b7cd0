//! community.general's filters on lists and on other formats of data.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Filter, Invocation};
use crate::diag::Source;
use crate::ini;
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Result, ops};
use crate::template::random::Random;
use crate::template::syntax::Operator;
use crate::template::{csv, versions};
use crate::value::{Map, Value};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("counter", &[], counter),
    Filter::new("accumulate", &[], accumulate),
    Filter::new("version_sort", &["reverse"], version_sort),
    Filter::new("random_mac", &["seed"], random_mac),
    Filter::new("from_csv", &["dialect", "fieldnames", "delimiter", "skipinitialspace", "strict"], from_csv),
    Filter::new("from_ini", &[], from_ini),
    Filter::new("to_ini", &[], to_ini),
    Filter::new("json_query", &["expr"], json_query),
];

/// How often each item is there.
fn counter(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut out = Map::new();
    for item in call.items()? {
        let count = out.entry(plain(&item)?).or_insert(Value::Int(0));
        if let Value::Int(count) = count {
            *count += 1;
        }
    }
    Ok(Value::Map(Arc::new(out)))
}

/// Sums up to each item.
fn accumulate(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut out: Vec<Value> = Vec::new();
    for item in call.items()? {
        out.push(match out.last() {
            Some(sum) => ops::binary(Operator::Add, sum, &item)?,
            None => item,
        });
    }
    Ok(Value::list(out))
}

fn version_sort(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut items = call.items()?;
    let mut failed = None;
    items.sort_by(|a, b| {
        versions::compare(&a.to_string(), &b.to_string(), "loose").unwrap_or_else(|why| {
            failed.get_or_insert(why);
            Ordering::Equal
        })
    });
    if let Some(why) = failed {
        return Err(call.error(why));
    }
    if call.flag(0, false) {
        items.reverse();
    }
    Ok(Value::list(items))
}

/// The rest of a MAC address that begins so.
fn random_mac(call: &Invocation<'_, '_>) -> Result<Value> {
    let prefix = call.input_text()?.to_lowercase();
    let parts: Vec<&str> = prefix.split(':').filter(|part| !part.is_empty()).collect();
    let byte = |part: &&str| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
    if parts.is_empty() || parts.len() > 5 || !parts.iter().all(byte) {
        return Err(call.error(format!("takes the first one to five bytes of a MAC address, such as 52:54:00, not {prefix:?}")));
    }
    let mut random = call.text(0)?.map_or_else(Random::fresh, |seed| Random::seeded(&seed));
    let rest = (parts.len()..6).map(|_| format!("{:02x}", random.below(256)));
    let known: Vec<String> = parts.iter().map(ToString::to_string).collect();
    Ok(Value::from(known.into_iter().chain(rest).collect::<Vec<_>>().join(":")))
}

/// A list of dictionaries, by the names in the first row or in `fieldnames`.
fn from_csv(call: &Invocation<'_, '_>) -> Result<Value> {
    let dialect = call.text(0)?.unwrap_or_else(|| "excel".into());
    let delimiter = match (call.text(2)?, &*dialect) {
        (Some(delimiter), _) => delimiter.chars().next().unwrap_or(','),
        (None, "excel-tab") => '\t',
        (None, "excel" | "unix") => ',',
        (None, other) => return Err(call.error(format!("`dialect` is excel, excel-tab or unix, not {other:?}"))),
    };
    let mut rows = csv::rows(&call.input_text()?, delimiter);
    let trimmed = call.flag(3, false);
    let names = match call.argument(1) {
        Some(names) if !matches!(names, Value::Null) => call.eval.iterate(names)?.iter().map(ToString::to_string).collect(),
        _ if rows.is_empty() => Vec::new(),
        _ => rows.remove(0),
    };
    let clean = |text: String| if trimmed { text.trim_start().to_string() } else { text };
    let names: Vec<Value> = names.into_iter().map(|name| Value::from(clean(name))).collect();
    let row = |row: Vec<String>| {
        let cells = row.into_iter().map(|cell| Value::from(clean(cell))).chain(std::iter::repeat(Value::Null));
        Value::map(names.iter().cloned().zip(cells))
    };
    Ok(Value::list(rows.into_iter().filter(|cells| !cells.is_empty()).map(row)))
}

fn from_ini(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Str(text) = &call.input else {
        return Err(call.error(format!("takes text, not an object of type '{}'", type_name(&call.input))));
    };
    let source = Arc::new(Source { path: "<text>".into(), text: text.clone() });
    let options = ini::Options { inline_comment: None, case_sensitive: true, allow_no_value: false, first_section: None, strict: true };
    let sections = ini::parse(&source, options).map_err(|error| call.error(error.message))?;
    let entries = |section: &ini::Section| {
        Value::map(section.entries.iter().map(|entry| (Value::str(&entry.key), entry.value.as_ref().map_or(Value::Null, Value::str))))
    };
    Ok(Value::map(sections.iter().map(|section| (Value::str(&section.name), entries(section)))))
}

fn to_ini(call: &Invocation<'_, '_>) -> Result<Value> {
    let wrong = || call.error("takes a dictionary of sections, each a dictionary");
    let sections = plain(&call.input)?;
    let mut out = String::new();
    for (name, section) in sections.as_map().ok_or_else(wrong)? {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("[{name}]\n"));
        for (key, value) in section.as_map().ok_or_else(wrong)? {
            out.push_str(&format!("{key} = {value}\n"));
        }
    }
    Ok(Value::from(out))
}

/// JMESPath (jmespath.org). Keys come back in alphabetical order.
fn json_query(call: &Invocation<'_, '_>) -> Result<Value> {
    let expression = call.required(0)?.to_string();
    let compiled = jmespath::compile(&expression).map_err(|error| call.error(format!("{expression:?} is no JMESPath: {error}")))?;
    let found = plain(&call.input)?.to_json().map_err(|error| call.error(error.message)).and_then(|json| {
        let found = compiled.search(json).map_err(|error| call.error(format!("{expression:?} cannot be searched for: {error}")))?;
        serde_json::to_value(&*found).map_err(|error| call.error(error.to_string()))
    })?;
    Ok(Value::from_json(&found))
}
