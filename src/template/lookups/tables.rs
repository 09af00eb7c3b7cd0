//! Lookups in files of values: `csvfile`, `ini`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::files::find;
use super::terms;
use super::{Lookup, Query};
use crate::diag::Source;
use crate::ini;
use crate::template::csv;
use crate::template::eval::Result;
use crate::template::filters::encode::Encoding;
use crate::template::filters::regex;
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[Lookup::new("csvfile", csvfile), Lookup::new("ini", from_ini)];

/// A file as text in its encoding.
fn read(query: &Query<'_, '_>, name: &str, encoding: &str) -> Result<(PathBuf, String)> {
    let path = find(query, "files", name)?;
    let bytes = std::fs::read(&path).map_err(|error| query.error(format!("{} cannot be read: {error}", path.display())))?;
    let encoding = Encoding::named(encoding)
        .ok_or_else(|| query.error(format!("there is no encoding {encoding:?}; there are utf-8, utf-16, latin-1, ascii")))?;
    let text = encoding.decode(&bytes).map_err(|why| query.error(format!("{}: {why}", path.display())))?;
    Ok((path, text))
}

fn csvfile(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    const NAMES: &[&str] = &["file", "delimiter", "col", "keycol", "default", "encoding"];
    if query.terms.is_empty() {
        return Err(query.error("Search key is required but was not found: it is what to look for in the first column"));
    }
    let mut out = Vec::new();
    for term in &query.terms {
        let (key, own) = terms::options(query, &term.to_string(), NAMES)?;
        let option = |name: &str| terms::option(query, &own, name);
        if key.is_empty() {
            return Err(query.error("Search key is required but was not found: it is what to look for in the first column"));
        }
        let delimiter = match option("delimiter").as_deref() {
            None | Some("TAB" | "\\t" | "\t") => '\t',
            Some(other) => other.chars().next().unwrap_or('\t'),
        };
        let name = option("file").unwrap_or_else(|| "ansible.csv".into());
        let (path, text) = read(query, &name, &option("encoding").unwrap_or_else(|| "utf-8".into()))?;
        let (column, by) = (terms::number(query, &own, "col", 1)?, terms::number(query, &own, "keycol", 0)?);
        let missing =
            |at: usize, column: usize| query.error(format!("row {} of {} has no column {column}; the first is 0", at + 1, path.display()));
        let mut found = None;
        for (at, row) in csv::rows(&text, delimiter).iter().enumerate().filter(|(_, row)| !row.is_empty()) {
            if *row.get(by).ok_or_else(|| missing(at, by))? == key {
                found = Some(Value::str(row.get(column).ok_or_else(|| missing(at, column))?));
                break;
            }
        }
        match found
            .or_else(|| own.iter().find(|(name, _)| name == "default").map(|(_, text)| Value::str(text)))
            .or_else(|| query.option("default").cloned())
        {
            Some(Value::Null) | None => {}
            Some(Value::List(items)) => out.extend(items.iter().cloned()),
            Some(value) => out.push(value),
        }
    }
    Ok(out)
}

/// Keys of one section; those of `[DEFAULT]` stand in every section.
fn from_ini(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    const NAMES: &[&str] =
        &["type", "section", "file", "re", "encoding", "default", "case_sensitive", "allow_no_value", "allow_none", "interpolation"];
    let mut out = Vec::new();
    for term in &query.terms {
        let (key, own) = terms::options(query, &term.to_string(), NAMES)?;
        if key.is_empty() {
            return Err(query.error("No key to look up was provided as first term within string inline options"));
        }
        let option = |name: &str| terms::option(query, &own, name);
        let flag = |name: &str, default: bool| terms::flag(query, &own, name, default);
        let properties = match option("type").as_deref() {
            None | Some("ini") => false,
            Some("properties") => true,
            Some(other) => return Err(query.error(format!("`type` is ini or properties, not {other:?}"))),
        };
        let name = option("file").unwrap_or_else(|| "ansible.ini".into());
        let (path, text) = read(query, &name, &option("encoding").unwrap_or_else(|| "utf-8".into()))?;
        let source = Arc::new(Source { path, text: text.into() });
        let case_sensitive = flag("case_sensitive", false);
        let options = ini::Options {
            inline_comment: None,
            case_sensitive,
            allow_no_value: flag("allow_no_value", false) || flag("allow_none", false),
            first_section: properties.then_some("java_properties"),
            strict: true,
        };
        let sections = ini::parse(&source, options)?;
        let wanted = if properties { "java_properties".into() } else { option("section").unwrap_or_else(|| "global".into()) };
        let named = |name: &str| sections.iter().find(|section| section.name == name);
        let Some(section) = named(&wanted) else {
            let error = crate::diag::Diagnostic::error(format!("lookup `ini`: No section '{wanted}' in {}", source.path.display()));
            return Err(error.suggest(&wanted, sections.iter().map(|section| section.name.as_str())).into());
        };
        let inherited =
            named("DEFAULT").filter(|defaults| defaults.name != wanted).map(|section| section.entries.as_slice()).unwrap_or_default();
        let own_names: Vec<&str> = section.entries.iter().map(|entry| entry.key.as_str()).collect();
        let entries: Vec<&ini::Entry> =
            section.entries.iter().chain(inherited.iter().filter(|entry| !own_names.contains(&entry.key.as_str()))).collect();
        let values: HashMap<&str, &str> = entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.as_deref()?))).collect();
        let filled = |entry: &ini::Entry| -> Result<Option<Value>> {
            let Some(value) = &entry.value else { return Ok(None) };
            if !flag("interpolation", true) {
                return Ok(Some(Value::str(value)));
            }
            let fold = |name: &str| if case_sensitive { name.to_string() } else { name.to_lowercase() };
            interpolate(value, &|name| values.get(fold(name).as_str()).map(ToString::to_string), 0)
                .map(|text| Some(Value::from(text)))
                .map_err(|why| crate::diag::Diagnostic::error(format!("`{}` {why}", entry.key)).at(&entry.span).into())
        };
        if flag("re", false) {
            let pattern = regex::compile(&key, false, false)?;
            for entry in entries.iter().filter(|entry| pattern.matches_start(&entry.key)) {
                out.extend(filled(entry)?);
            }
            continue;
        }
        let folded = if case_sensitive { key.clone() } else { key.to_lowercase() };
        match entries.iter().find(|entry| entry.key == folded) {
            Some(entry) => out.extend(filled(entry)?),
            None => out.push(option("default").map_or_else(|| Value::str(""), Value::from)),
        }
    }
    Ok(out)
}

/// `%(name)s` and `%%`, as configparser's basic interpolation.
fn interpolate(text: &str, value: &dyn Fn(&str) -> Option<String>, depth: usize) -> std::result::Result<String, String> {
    if depth > 10 {
        return Err("refers to itself".into());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('%') {
            out.push('%');
            rest = tail;
            continue;
        }
        let (name, tail) = after
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(")s"))
            .ok_or("has a `%` that is neither `%%` nor `%(name)s`; `interpolation=false` takes it as it is")?;
        let inner = value(name).ok_or_else(|| format!("refers to `{name}`, which is not in its section"))?;
        out.push_str(&interpolate(&inner, value, depth + 1)?);
        rest = tail;
    }
    Ok(out + rest)
}
