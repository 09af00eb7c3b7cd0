//! YAML in and out.

use std::sync::Arc;

use super::{Filter, Invocation};
use crate::diag::{Diagnostic, Source};
use crate::template::dump::{self, Layout};
use crate::template::eval::Result;
use crate::template::eval::stmt::settle;
use crate::value::Value;
use crate::yaml;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("to_yaml", &["*"], |call| write(call, 2, None)),
    Filter::new("to_nice_yaml", &["*"], |call| write(call, 4, Some(false))),
    Filter::new("from_yaml", &[], |call| Ok(documents(call)?.into_iter().next().unwrap_or(Value::Null))),
    Filter::new("from_yaml_all", &[], |call| match &call.input {
        Value::Str(_) | Value::Null => documents(call).map(Value::list),
        other => Ok(other.clone()),
    }),
];

fn write(call: &Invocation<'_, '_>, indent: usize, flow: Option<bool>) -> Result<Value> {
    let keyword = |name: &str| call.arguments.keyword(name);
    let number =
        |name: &str, default: usize| match keyword(name).or(if name == "indent" { call.arguments.positional.first() } else { None }) {
            Some(Value::Int(number)) => usize::try_from(*number).unwrap_or(default),
            _ => default,
        };
    let flag = |name: &str, default: bool| keyword(name).map_or(default, Value::is_true);
    let indent = match number("indent", indent) {
        indent @ 2..=9 => indent,
        _ => 2,
    };
    let width = match number("width", 80) {
        width if width > indent * 2 => width,
        _ => 80,
    };
    let layout = Layout {
        indent,
        width,
        sort_keys: flag("sort_keys", true),
        flow: match keyword("default_flow_style") {
            Some(Value::Null) => None,
            Some(value) => Some(value.is_true()),
            None => flow,
        },
        unicode: flag("allow_unicode", true),
        explicit_start: flag("explicit_start", false),
        explicit_end: flag("explicit_end", false),
        quote: keyword("default_style").and_then(Value::as_str).and_then(|style| style.chars().next()),
        literal: false,
    };
    dump::dump(&settle(&call.input)?, &layout).map(Value::from)
}

fn documents(call: &Invocation<'_, '_>) -> Result<Vec<Value>> {
    let text = match &call.input {
        Value::Str(text) => text.clone(),
        Value::Null => return Ok(Vec::new()),
        other => return Ok(vec![other.clone()]),
    };
    let source = Arc::new(Source { path: "<text>".into(), text });
    let loaded = yaml::load(&source).map_err(|error| {
        let place =
            error.span.as_ref().map(|span| format!(" (line {}, column {} of the text)", span.line, span.column)).unwrap_or_default();
        Diagnostic::error(format!("`{}`: {}{place}", call.name, error.message))
    })?;
    Ok(loaded.documents.iter().map(Value::from_node).collect())
}
