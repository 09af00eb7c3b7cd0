//! TOML as the Python library tomli-w writes it, which ansible-inventory uses.

use std::fmt::Write as _;

use crate::diag::Diagnostic;
use crate::value::{Map, Value};

/// A table that fits into this is written on one line, if it is in a list.
const LONGEST: usize = 100;
const INDENT: &str = "    ";

/// # Errors
/// A value that TOML does not have.
pub(super) fn dump(table: &Map) -> Result<String, Diagnostic> {
    let mut out = String::new();
    tables(table, "", false, &mut out)?;
    Ok(out)
}

/// A table: its plain values, then the tables in it.
fn tables(table: &Map, name: &str, in_list: bool, out: &mut String) -> Result<(), Diagnostic> {
    let (mut plain, mut nested) = (Vec::new(), Vec::new());
    for (key, value) in table {
        match value {
            Value::Map(map) => nested.push((key, map.as_ref(), false)),
            Value::List(items) | Value::Tuple(items) if is_list_of_tables(items)? => {
                nested.extend(items.iter().filter_map(Value::as_map).map(|map| (key, map, true)));
            }
            _ => plain.push((key, value)),
        }
    }
    let mut begun = false;
    if in_list || !name.is_empty() && (!plain.is_empty() || nested.is_empty()) {
        begun = true;
        let _ = if in_list { writeln!(out, "[[{name}]]") } else { writeln!(out, "[{name}]") };
    }
    for (key, value) in plain {
        begun = true;
        let _ = writeln!(out, "{} = {}", key_part(key), literal(value, 0)?);
    }
    for (key, map, in_list) in nested {
        if begun {
            out.push('\n');
        }
        begun = true;
        let part = key_part(key);
        tables(map, &if name.is_empty() { part } else { format!("{name}.{part}") }, in_list, out)?;
    }
    Ok(())
}

/// Dictionaries only, of which one is too much for a line.
fn is_list_of_tables(items: &[Value]) -> Result<bool, Diagnostic> {
    if items.is_empty() || !items.iter().all(|item| item.as_map().is_some()) {
        return Ok(false);
    }
    for item in items {
        let line = format!("{INDENT}{},", literal(item, 0)?);
        if line.chars().count() > LONGEST || line.contains('\n') {
            return Ok(true);
        }
    }
    Ok(false)
}

fn literal(value: &Value, depth: usize) -> Result<String, Diagnostic> {
    Ok(match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(_) | Value::Float(_) => value.to_string(),
        Value::Str(text) => quoted(text),
        Value::List(items) | Value::Tuple(items) if items.is_empty() => "[]".into(),
        Value::List(items) | Value::Tuple(items) => {
            let lines: Vec<String> = items
                .iter()
                .map(|item| Ok(format!("{}{}", INDENT.repeat(depth + 1), literal(item, depth + 1)?)))
                .collect::<Result<_, Diagnostic>>()?;
            format!("[\n{},\n{}]", lines.join(",\n"), INDENT.repeat(depth))
        }
        Value::Map(map) if map.is_empty() => "{}".into(),
        Value::Map(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| Ok(format!("{} = {}", key_part(key), literal(value, 0)?)))
                .collect::<Result<_, Diagnostic>>()?;
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Object(object) => literal(&object.plain()?, depth)?,
        Value::Null | Value::Omit | Value::Undefined(_) => {
            return Err(
                Diagnostic::error("TOML has no word for nothing, which a variable of this inventory holds").help("--yaml writes it")
            );
        }
    })
}

fn key_part(key: &Value) -> String {
    let text = key.to_string();
    let bare = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { text } else { quoted(&text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push('\t'),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}
