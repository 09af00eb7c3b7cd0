//! JSON as Python's json module writes it.

use std::fmt::Write as _;

use super::{Filter, Invocation};
use crate::diag::Diagnostic;
use crate::template::big;
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::stmt::settle;
use crate::template::eval::{Fail, Result};
use crate::value::{Value, float_text};

pub(super) const TABLE: &[Filter] = &[
    Filter::new("to_json", &["*"], |call| write(call, None, false)),
    Filter::new("to_nice_json", &["*"], |call| write(call, Some(4), true)),
    Filter::new("tojson", &["indent"], |call| {
        let indent = call.int(0)?.map(|indent| " ".repeat(indent.clamp(0, 100) as usize));
        let comma = if indent.is_some() { "," } else { ", " }.to_string();
        let text = dump(&plain(&call.input)?, &Style { indent, sort: true, ascii: true, comma, colon: ": ".into() })?;
        Ok(Value::from(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027")))
    }),
    Filter::new("from_json", &["*"], |call| parse(&text_of(call)?).map_err(|error| call.error(error))),
];

fn text_of(call: &Invocation<'_, '_>) -> Result<std::sync::Arc<str>> {
    match &call.input {
        Value::Str(text) => Ok(text.clone()),
        other => Err(call.error(format!("takes a text, not an object of type '{}'", type_name(other)))),
    }
}

pub(crate) struct Style {
    /// What a level is indented by; nothing for all in one line.
    pub(crate) indent: Option<String>,
    pub(crate) sort: bool,
    /// Everything beyond ASCII as `\u` escapes.
    pub(crate) ascii: bool,
    pub(crate) comma: String,
    pub(crate) colon: String,
}

/// Arguments of Python's `json.dumps`.
const ARGUMENTS: &[&str] =
    &["indent", "sort_keys", "ensure_ascii", "separators", "skipkeys", "allow_nan", "check_circular", "preprocess_unsafe", "vault_to_text"];

fn write(call: &Invocation<'_, '_>, indent: Option<usize>, sort: bool) -> Result<Value> {
    if let Some((unknown, _)) = call.arguments.keywords.iter().find(|(name, _)| !ARGUMENTS.contains(&&**name)) {
        let error = Diagnostic::error(format!("`{}` has no argument `{unknown}`", call.name));
        return Err(error.suggest(unknown, ARGUMENTS.iter().copied()).into());
    }
    let flag = |name: &str, default: bool| call.arguments.keyword(name).map_or(default, Value::is_true);
    let nice = indent.is_some();
    let indent = match call.arguments.keyword("indent").or(call.arguments.positional.first()) {
        Some(Value::Int(indent)) => Some(" ".repeat((*indent).clamp(0, 100) as usize)),
        Some(Value::Str(indent)) => Some(indent.to_string()),
        Some(Value::Null) => None,
        _ => indent.map(|indent| " ".repeat(indent)),
    };
    let separators =
        call.arguments.keyword("separators").and_then(Value::as_list).map(|pair| pair.iter().map(ToString::to_string).collect::<Vec<_>>());
    let (comma, colon) = match separators.as_deref() {
        Some([comma, colon]) => (comma.clone(), colon.clone()),
        _ if nice || indent.is_some() => (",".into(), ": ".into()),
        _ => (", ".into(), ": ".into()),
    };
    let style = Style { indent, sort: flag("sort_keys", sort), ascii: flag("ensure_ascii", true), comma, colon };
    dump(&settle(&call.input)?, &style).map(Value::from)
}

/// What `serde_json` has no number for stands behind this mark until the text is read.
const MARK: char = '\u{1}';

pub(crate) fn parse(text: &str) -> std::result::Result<Value, String> {
    let parsed = match marked(text) {
        Some(marked) => serde_json::from_str(&marked).map(|json| unmark(Value::from_json(&json))),
        None => serde_json::from_str(text).map(|json| Value::from_json(&json)),
    };
    parsed.map_err(|error| format!("this is no JSON: {error}"))
}

/// Python's json also reads NaN, infinities and whole numbers of any size: a text in which these are marked strings.
fn marked(text: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' | b'N' | b'I' => {
                let end = bytes[at..]
                    .iter()
                    .position(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(byte))
                    .map_or(bytes.len(), |end| at + end);
                let word = &text[at..end];
                let large = word.len() > 18 && word.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit());
                if large || matches!(word, "NaN" | "Infinity" | "-Infinity") {
                    out.push_str(&text[copied..at]);
                    let _ = write!(out, "\"\\u0001{word}\"");
                    copied = end;
                }
                at = end.max(at + 1);
            }
            _ => at += 1,
        }
    }
    (copied > 0).then(|| out + &text[copied..])
}

fn unmark(value: Value) -> Value {
    match value {
        Value::Str(text) if text.starts_with(MARK) => match &text[1..] {
            "NaN" => Value::Float(f64::NAN),
            "Infinity" => Value::Float(f64::INFINITY),
            "-Infinity" => Value::Float(f64::NEG_INFINITY),
            digits => big::parse(digits, 10).unwrap_or(Value::Null),
        },
        Value::List(items) => Value::list(items.iter().cloned().map(unmark)),
        Value::Map(map) => Value::map(map.iter().map(|(key, value)| (key.clone(), unmark(value.clone())))),
        other => other,
    }
}

pub(crate) fn dump(value: &Value, style: &Style) -> Result<String> {
    let mut out = String::new();
    put(value, style, 0, &mut out)?;
    Ok(out)
}

fn put(value: &Value, style: &Style, depth: usize, out: &mut String) -> Result<()> {
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = &style.indent {
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
    };
    let comma = style.comma.as_str();
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
                out.push_str(&style.colon);
                put(item, style, depth + 1, out)?;
            }
            line(out, depth);
            out.push('}');
        }
        Value::Object(object) if big::of(value).is_some() => out.push_str(&object.plain()?.to_string()),
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
