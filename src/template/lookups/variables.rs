//! Lookups of variables and of the environment.

use std::sync::Arc;

use super::{Lookup, Query};
use crate::diag::{Diagnostic, nearest};
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Fail, Result};
use crate::template::filters::regex;
use crate::value::{Undefined, Value};

pub(super) const TABLE: &[Lookup] = &[
    Lookup::new("vars", vars),
    Lookup::new("varnames", varnames),
    Lookup::new("env", env),
    Lookup::new("inventory_hostnames", inventory_hostnames),
];

fn vars(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let name: Arc<str> = match term {
            Value::Str(name) => name.clone(),
            other => return Err(query.error(format!("Variable name must be 'str' not '{}': {other:?}", type_name(other)))),
        };
        let found = query.context.variable(&name)?.map(|found| query.context.whole(found)).transpose()?;
        let default = query.option("default").filter(|default| !matches!(default, Value::Null));
        out.push(match (found, default) {
            // One that is there and uses what is not defined is no missing one.
            (Some(value), _) => value,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                let similar = nearest(&name, query.context.scope.names().iter().map(AsRef::as_ref)).map(str::to_string);
                let hint = Some(format!("No variable named '{name}' was found."));
                return Err(Fail::Undefined(Arc::new(Undefined { name: name.to_string(), similar, hint, ..Undefined::default() })));
            }
        });
    }
    Ok(out)
}

fn varnames(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let Value::Str(text) = term else { return Err(query.error(format!("Invalid setting identifier, {term:?} is no string"))) };
        let pattern = regex::compile(text, false, false)
            .map_err(|fail| query.error(format!("Unable to use {text:?} as a search parameter: {}", fail.into_diagnostic().message)))?;
        out.extend(query.context.scope.names().into_iter().filter(|name| pattern.is_match(name)).map(Value::Str));
    }
    Ok(out)
}

fn env(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut out = Vec::new();
    for term in &query.terms {
        let text = term.to_string();
        let name = text.split_whitespace().next().unwrap_or_default();
        out.push(match (std::env::var(name), query.option("default")) {
            (Ok(value), _) => Value::from(value),
            (Err(_), Some(Value::Undefined(_))) => {
                let hint = Some(format!("the environment variable `{name}` is not set"));
                return Err(Fail::Undefined(Arc::new(Undefined { name: name.to_string(), hint, ..Undefined::default() })));
            }
            (Err(_), Some(default)) => default.clone(),
            (Err(_), None) => Value::str(""),
        });
    }
    Ok(out)
}

/// Hosts that a pattern means: names of groups and hosts, `all`, `:`, `:&`, `:!`, wildcards.
fn inventory_hostnames(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let groups = match query.context.variable(&"groups".into())? {
        Some(found) => plain(&query.context.whole(found)?)?,
        None => return Err(Diagnostic::error("lookup `inventory_hostnames`: there is no inventory here").into()),
    };
    let Value::Map(groups) = groups else { return Ok(Vec::new()) };
    let all: Vec<Value> = groups.get("all").and_then(Value::as_list).unwrap_or_default().to_vec();
    let mut out: Vec<Value> = Vec::new();
    for term in &query.terms {
        for part in term.to_string().split([':', ',']).map(str::trim).filter(|part| !part.is_empty()) {
            let (sign, pattern) = match part.chars().next() {
                Some(sign @ ('!' | '&')) => (sign, &part[1..]),
                _ => ('+', part),
            };
            let regex = regex::compile(&wildcard(pattern), false, false)?;
            let matches = |name: &str| regex.is_match(name);
            let mut hosts: Vec<Value> = Vec::new();
            for (name, members) in groups.iter() {
                if matches(&name.to_string()) || (pattern == "*" && name.as_str() == Some("all")) {
                    hosts.extend(members.as_list().unwrap_or_default().iter().cloned());
                }
            }
            hosts.extend(all.iter().filter(|host| matches(&host.to_string())).cloned());
            match sign {
                '!' => out.retain(|host| !hosts.contains(host)),
                '&' => out.retain(|host| hosts.contains(host)),
                _ => {
                    for host in hosts {
                        if !out.contains(&host) {
                            out.push(host);
                        }
                    }
                }
            }
        }
    }
    Ok(out)
}

/// A shell pattern, or a regular expression after `~`.
fn wildcard(pattern: &str) -> String {
    if let Some(regex) = pattern.strip_prefix('~') {
        return format!("\\A(?:{regex})");
    }
    let mut out = String::from("\\A");
    for c in pattern.chars() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            c if c.is_alphanumeric() || "_[]".contains(c) => out.push(c),
            c => out.extend(['\\', c]),
        }
    }
    out + "\\Z"
}
