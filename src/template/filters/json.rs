//! JSON as Python's json module writes it.

use std::fmt::Write as _;

use super::{Filter, Invocation};
use crate::template::eval::objects::plain;
use crate::template::eval::stmt::settle;
use crate::template::eval::{Fail, Result};
use crate::value::{Value, float_text};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("to_json", &["*"], |call| write(call, None, false)),
    Filter::new("to_nice_json", &["*"], |call| write(call, Some(4), true)),
    Filter::new("tojson", &["indent"], |call| {
        let text = dump(&plain(&call.input)?, &Style { indent: call.int(0)?.map(|indent| indent.max(0) as usize), sort: true, ascii: true, comma: ", ", colon: ": " })?;
        Ok(Value::from(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027")))
    }),
    Filter::new("from_json", &["*"], |call| parse(&call.input_text()?).map_err(|error| call.error(error))),
];

pub(crate) struct Style {
    pub(crate) indent: Option<usize>,
    pub(crate) sort: bool,
    /// Everything beyond ASCII as `\u` escapes.
    pub(crate) ascii: bool,
    pub(crate) comma: &'static str,
    pub(crate) colon: &'static str,
}

fn write(call: &Invocation<'_, '_>, indent: Option<usize>, sort: bool) -> Result<Value> {
    let flag = |name: &str, default: bool| call.arguments.keyword(name).map_or(default, Value::is_true);
    let indent = match call.arguments.keyword("indent").or(call.arguments.positional.first()) {
        Some(Value::Int(indent)) => Some((*indent).clamp(0, 100) as usize),
        _ => indent,
    };
    let mut style = Style { indent, sort: flag("sort_keys", sort), ascii: flag("ensure_ascii", true), comma: ", ", colon: ": " };
    let separators = call.arguments.keyword("separators").and_then(Value::as_list).map(|pair| pair.iter().map(ToString::to_string).collect::<Vec<_>>());
    let text = match separators.as_deref() {
        Some([comma, colon]) => {
            let compact = |text: &str, with: &'static str, without: &'static str| if text.ends_with(' ') { with } else { without };
            style.comma = compact(comma, ", ", ",");
            style.colon = compact(colon, ": ", ":");
            dump(&settle(&call.input)?, &style)?
        }
        _ => dump(&settle(&call.input)?, &style)?,
    };
    Ok(Value::from(text))
}

pub(crate) fn parse(text: &str) -> std::result::Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(json) => Ok(Value::from_json(&json)),
        Err(error) => {
            // Python's json also reads NaN and infinities.
            let relaxed: std::result::Result<serde_json::Value, _> = match text.trim() {
                "NaN" => return Ok(Value::Float(f64::NAN)),
                "Infinity" => return Ok(Value::Float(f64::INFINITY)),
                "-Infinity" => return Ok(Value::Float(f64::NEG_INFINITY)),
                _ => Err(error),
            };
            relaxed.map(|json| Value::from_json(&json)).map_err(|error| format!("this is no JSON: {error}"))
        }
    }
}

pub(crate) fn dump(value: &Value, style: &Style) -> Result<String> {
    let mut out = String::new();
    put(value, style, 0, &mut out)?;
    Ok(out)
}

fn put(value: &Value, style: &Style, depth: usize, out: &mut String) -> Result<()> {
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = style.indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent * depth));
        }
    };
    let comma = if style.indent.is_some() { style.comma.trim_end() } else { style.comma };
    match value {
        Value::Undefined(undefined) => return Err(Fail::Undefined(undefined.clone())),
        Value::Null | Value::Omit => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) if number.is_nan() => out.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Float(number) => out.push_str(&float_text(*number)),
        Value::Str(text) => string(text, style.ascii, out),
        Value::List(items) | Value::Tuple(items) => {
            if items.is_empty() {
                out.push_str("[]");
                return Ok(());
            }
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, depth + 1);
                put(item, style, depth + 1, out)?;
            }
            line(out, depth);
            out.push(']');
        }
        Value::Map(map) => {
            if map.is_empty() {
                out.push_str("{}");
                return Ok(());
            }
            let mut entries: Vec<(String, &Value)> = map
                .iter()
                .map(|(key, value)| {
                    let key = match key {
                        Value::Null => "null".to_string(),
                        Value::Bool(flag) => if *flag { "true" } else { "false" }.to_string(),
                        other => other.to_string(),
                    };
                    (key, value)
                })
                .collect();
            if style.sort {
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(comma);
                }
                line(out, depth + 1);
                string(&key, style.ascii, out);
                out.push_str(style.colon);
                put(item, style, depth + 1, out)?;
            }
            line(out, depth);
            out.push('}');
        }
        Value::Object(object) => match object.plain()? {
            Value::Object(_) => return Err(Fail::error(format!("an object of type '{}' cannot be written as JSON", object.type_name()))),
            inner => put(&inner, style, depth, out)?,
        },
    }
    Ok(())
}

fn string(text: &str, ascii: bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || (ascii && (c as u32) >= 0x7f) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
