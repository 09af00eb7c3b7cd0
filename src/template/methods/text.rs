//! Methods of strings (docs.python.org, "String Methods"); indices count characters.

use super::tuple;
use crate::template::eval::{Arguments, Fail, Result};
use crate::template::python;
use crate::value::Value;

pub(super) const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

pub(super) fn call(text: &str, name: &str, arguments: &Arguments) -> Result<Option<Value>> {
    let at = |index: usize| arguments.positional.get(index);
    let missing = || Fail::error(format!("`{name}` takes an argument"));
    let string = |index: usize| -> Result<&str> {
        let value = at(index).ok_or_else(missing)?;
        value.as_str().ok_or_else(|| Fail::error(format!("`{name}` takes a string, not {value:?}")))
    };
    let number = |index: usize| -> Result<Option<i64>> {
        match at(index) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(other) => Err(Fail::error(format!("`{name}` takes a whole number, not {other:?}"))),
        }
    };
    let cased = |test: fn(char) -> bool, against: fn(char) -> bool| Value::Bool(text.chars().any(test) && !text.chars().any(against));
    let all = |test: fn(char) -> bool| Value::Bool(!text.is_empty() && text.chars().all(test));
    Ok(Some(match name {
        "upper" => Value::from(text.to_uppercase()),
        "lower" => Value::from(text.to_lowercase()),
        // The one letter in use that folds to two.
        "casefold" => Value::from(text.to_lowercase().replace('ß', "ss")),
        "capitalize" => Value::from(python::capitalize(text)),
        "title" => Value::from(python::title(text)),
        "swapcase" => Value::from(
            text.chars()
                .flat_map(|c| if c.is_uppercase() { c.to_lowercase().collect::<Vec<_>>() } else { c.to_uppercase().collect() })
                .collect::<String>(),
        ),
        "strip" | "lstrip" | "rstrip" => {
            let chars = match at(0) {
                None | Some(Value::Null) => None,
                Some(_) => Some(string(0)?),
            };
            let strips = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
            Value::str(match name {
                "strip" => text.trim_matches(strips),
                "lstrip" => text.trim_start_matches(strips),
                _ => text.trim_end_matches(strips),
            })
        }
        "split" | "rsplit" => {
            let separator = match arguments.get(0, "sep") {
                None | Some(Value::Null) => None,
                Some(Value::Str(separator)) if separator.is_empty() => {
                    return Err(Fail::error(format!("`{name}`: the separator is empty")));
                }
                Some(Value::Str(separator)) => Some(separator.clone()),
                Some(other) => return Err(Fail::error(format!("`{name}` takes a string, not {other:?}"))),
            };
            let limit = match arguments.get(1, "maxsplit") {
                Some(Value::Int(limit)) => *limit,
                _ => -1,
            };
            Value::list(python::split(text, separator.as_deref(), limit, name == "rsplit").into_iter().map(Value::from))
        }
        "splitlines" => {
            let keep = arguments.get(0, "keepends").is_some_and(Value::is_true);
            Value::list(python::lines(text, keep).into_iter().map(Value::str))
        }
        "join" => {
            let value = at(0).ok_or_else(missing)?;
            let items: Vec<String> = match value {
                Value::Str(text) => text.chars().map(String::from).collect(),
                Value::Map(map) => map.keys().map(ToString::to_string).collect(),
                _ => {
                    let items = value.as_list().ok_or_else(|| Fail::error(format!("`join` takes a list, not {value:?}")))?;
                    let text = |(index, item): (usize, &Value)| {
                        item.as_str()
                            .map(str::to_string)
                            .ok_or_else(|| Fail::error(format!("`join` takes strings, item {index} is {item:?}")))
                    };
                    items.iter().enumerate().map(text).collect::<Result<_>>()?
                }
            };
            Value::from(items.join(text))
        }
        "replace" => {
            let (from, to) = (string(0)?, string(1)?);
            Value::from(match number(2)? {
                Some(count) if count >= 0 => text.replacen(from, to, count as usize),
                _ => text.replace(from, to),
            })
        }
        "startswith" | "endswith" => {
            let part: String = window(text, number(1)?, number(2)?).1;
            let test = |wanted: &str| if name == "startswith" { part.starts_with(wanted) } else { part.ends_with(wanted) };
            match at(0).ok_or_else(missing)? {
                Value::Str(wanted) => Value::Bool(test(wanted)),
                Value::Tuple(items) => Value::Bool(items.iter().filter_map(Value::as_str).any(test)),
                other => return Err(Fail::error(format!("`{name}` takes a string or a tuple of strings, not {other:?}"))),
            }
        }
        "find" | "rfind" | "index" | "rindex" => {
            let (offset, part) = window(text, number(1)?, number(2)?);
            let wanted = string(0)?;
            let found = if name.starts_with('r') { part.rfind(wanted) } else { part.find(wanted) };
            match found {
                Some(found) => Value::Int((offset + part[..found].chars().count()) as i64),
                None if name.ends_with("find") => Value::Int(-1),
                None => return Err(Fail::error(format!("`{name}`: {wanted:?} is not in {text:?}"))),
            }
        }
        "count" => {
            let part = window(text, number(1)?, number(2)?).1;
            let wanted = string(0)?;
            Value::Int(if wanted.is_empty() { part.chars().count() + 1 } else { part.matches(wanted).count() } as i64)
        }
        "removeprefix" => Value::str(text.strip_prefix(string(0)?).unwrap_or(text)),
        "removesuffix" => Value::str(text.strip_suffix(string(0)?).unwrap_or(text)),
        "partition" => match text.split_once(string(0)?) {
            Some((before, after)) => tuple(vec![Value::str(before), Value::str(string(0)?), Value::str(after)]),
            None => tuple(vec![Value::str(text), Value::str(""), Value::str("")]),
        },
        "rpartition" => match text.rsplit_once(string(0)?) {
            Some((before, after)) => tuple(vec![Value::str(before), Value::str(string(0)?), Value::str(after)]),
            None => tuple(vec![Value::str(""), Value::str(""), Value::str(text)]),
        },
        "ljust" | "rjust" | "center" => {
            let width = number(0)?.ok_or_else(missing)?;
            let fill = if at(1).is_some() { string(1)?.chars().next().unwrap_or(' ') } else { ' ' };
            Value::from(python::pad(text, width, fill, name))
        }
        "zfill" => {
            let width = number(0)?.ok_or_else(missing)?.max(0) as usize;
            let (sign, digits) = text.strip_prefix(['+', '-']).map_or(("", text), |rest| (&text[..1], rest));
            let missing = width.saturating_sub(text.chars().count());
            Value::from(format!("{sign}{}{digits}", "0".repeat(missing.min(1 << 20))))
        }
        "expandtabs" => {
            let size = number(0)?.unwrap_or(8).max(0) as usize;
            let (mut out, mut column) = (String::new(), 0);
            for c in text.chars() {
                match c {
                    '\t' => {
                        let spaces = if size == 0 { 0 } else { size - column % size };
                        out.push_str(&" ".repeat(spaces));
                        column += spaces;
                    }
                    '\n' | '\r' => {
                        out.push(c);
                        column = 0;
                    }
                    c => {
                        out.push(c);
                        column += 1;
                    }
                }
            }
            Value::from(out)
        }
        "format" => Value::from(python::brace_format(text, arguments)?),
        "format_map" => {
            let map = at(0).and_then(Value::as_map).ok_or_else(|| Fail::error("`format_map` takes a dictionary"))?;
            let keywords = map.iter().map(|(key, value)| (key.to_string().into(), value.clone())).collect();
            Value::from(python::brace_format(text, &Arguments { positional: Vec::new(), keywords })?)
        }
        "translate" => {
            let map = at(0).and_then(Value::as_map).ok_or_else(|| Fail::error("`translate` takes a dictionary"))?;
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                match map.get(&Value::Int(i64::from(u32::from(c)))) {
                    None => out.push(c),
                    Some(Value::Null) => {}
                    Some(Value::Int(code)) => out.extend(u32::try_from(*code).ok().and_then(char::from_u32)),
                    Some(other) => out.push_str(&other.to_string()),
                }
            }
            Value::from(out)
        }
        "isdigit" | "isdecimal" | "isnumeric" => all(char::is_numeric),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(char::is_whitespace),
        "isascii" => Value::Bool(text.is_ascii()),
        "isupper" => cased(char::is_uppercase, char::is_lowercase),
        "islower" => cased(char::is_lowercase, char::is_uppercase),
        "istitle" => Value::Bool(!text.is_empty() && text.chars().any(char::is_alphabetic) && python::title(text) == text),
        "isidentifier" => {
            Value::Bool(text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_'))
        }
        "encode" | "decode" => Value::str(text),
        _ => return Ok(None),
    }))
}

/// Characters `start..end` by Python's slice rules, and how many come before them.
fn window(text: &str, start: Option<i64>, end: Option<i64>) -> (usize, String) {
    if start.is_none() && end.is_none() {
        return (0, text.to_string());
    }
    let length = text.chars().count() as i64;
    let clip = |index: Option<i64>, default: i64| match index {
        None => default,
        Some(index) if index < 0 => (index + length).max(0),
        Some(index) => index.min(length),
    };
    let (start, end) = (clip(start, 0), clip(end, length));
    (start as usize, text.chars().skip(start as usize).take((end - start).max(0) as usize).collect())
}
