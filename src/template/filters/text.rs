//! Filters on text.

use std::fmt::Write as _;

use super::{Filter, Invocation, markup};
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Arguments, Fail, Result};
use crate::template::python;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("string", &[], |call| Ok(Value::Str(call.input_text()?))),
    Filter::new("upper", &[], |call| Ok(Value::from(call.input_text()?.to_uppercase()))),
    Filter::new("lower", &[], |call| Ok(Value::from(call.input_text()?.to_lowercase()))),
    Filter::new("capitalize", &[], |call| Ok(Value::from(python::capitalize(&call.input_text()?)))),
    Filter::new("title", &[], |call| Ok(Value::from(title(&call.input_text()?)))),
    Filter::new("trim", &["chars"], trim),
    Filter::new("replace", &["old", "new", "count"], replace),
    Filter::new("split", &["sep", "maxsplit"], split),
    Filter::new("splitlines", &["keepends"], |call| {
        Ok(Value::list(python::lines(&call.input_text()?, call.flag(0, false)).into_iter().map(Value::str)))
    }),
    Filter::new("indent", &["width", "first", "blank"], indent),
    Filter::new("center", &["width"], |call| Ok(Value::from(python::pad(&call.input_text()?, call.int(0)?.unwrap_or(80), ' ', "center")))),
    Filter::new("truncate", &["length", "killwords", "end", "leeway"], truncate),
    Filter::new("wordcount", &[], |call| {
        let text = call.input_text()?;
        Ok(Value::Int(text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).count() as i64))
    }),
    Filter::new("wordwrap", &["width", "break_long_words", "wrapstring", "break_on_hyphens"], wordwrap),
    Filter::new("format", &["*"], format),
    Filter::new("quote", &[], |call| {
        Ok(Value::from(match &call.input {
            Value::Null => shell_quote(""),
            _ => shell_quote(&call.input_text()?),
        }))
    }),
    Filter::new("comment", &["*"], comment),
    Filter::new("escape", &[], |call| Ok(Value::from(html(&call.input_text()?)))),
    Filter::new("e", &[], |call| Ok(Value::from(html(&call.input_text()?)))),
    Filter::new("forceescape", &[], |call| Ok(Value::from(html(&call.input_text()?)))),
    Filter::new("striptags", &[], striptags),
    Filter::new("xmlattr", &["autospace"], xmlattr),
    Filter::new("pprint", &[], |call| Ok(Value::from(format!("{:?}", plain(&call.input)?)))),
    Filter::new("strip", &[], |call| Ok(Value::str(call.input_text()?.trim()))),
];

/// Jinja2's `title`: words begin after white space, hyphens and opening brackets.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase())
        } else {
            out.extend(c.to_lowercase())
        }
        start = c.is_whitespace() || "-({[<".contains(c);
    }
    out
}

fn trim(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    Ok(Value::str(match call.text(0)? {
        Some(chars) => text.trim_matches(|c| chars.contains(c)),
        None => text.trim(),
    }))
}

fn replace(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let (old, new) = (call.required(0)?.to_string(), call.required(1)?.to_string());
    Ok(Value::from(match call.int(2)? {
        Some(count) if count >= 0 => text.replacen(&old, &new, count as usize),
        _ => text.replace(&old, &new),
    }))
}

fn split(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = match &call.input {
        Value::Str(text) => text.clone(),
        other => return Err(call.error(format!("takes text, not {other:?}"))),
    };
    let separator = call.text(0)?;
    if separator.as_deref() == Some("") {
        return Err(call.error("the separator is empty"));
    }
    Ok(Value::list(python::split(&text, separator.as_deref(), call.int(1)?.unwrap_or(-1), false).into_iter().map(Value::from)))
}

fn indent(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Str(text) = &call.input else {
        return Err(call.error(format!("takes text, not an object of type '{}'", type_name(&call.input))));
    };
    let prefix = match call.argument(0) {
        Some(Value::Str(prefix)) => prefix.to_string(),
        _ => " ".repeat(call.int(0)?.unwrap_or(4).clamp(0, 10_000) as usize),
    };
    let (first, blank) = (call.flag(1, false), call.flag(2, false));
    // A last line without text is a line too.
    let whole = format!("{text}\n");
    let lines = python::lines(&whole, false);
    let mut out = String::with_capacity(text.len() + lines.len() * prefix.len());
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        // The first line is indented also where it is blank.
        if if index == 0 { first } else { blank || !line.is_empty() } {
            out.push_str(&prefix);
        }
        out.push_str(line);
    }
    Ok(Value::from(out))
}

fn truncate(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let length = call.int(0)?.unwrap_or(255).max(0) as usize;
    let end = call.text(2)?.unwrap_or_else(|| "...".into());
    let leeway = call.int(3)?.unwrap_or(5).max(0) as usize;
    let size = text.chars().count();
    if size <= length + leeway {
        return Ok(Value::Str(text));
    }
    let room = length.checked_sub(end.chars().count()).ok_or_else(|| call.error(format!("`length` is smaller than {end:?}")))?;
    let cut: String = text.chars().take(room).collect();
    let cut = if call.flag(1, false) { cut.as_str() } else { cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before) };
    Ok(Value::from(format!("{cut}{end}")))
}

fn wordwrap(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let width = call.int(0)?.unwrap_or(79).max(1) as usize;
    let (break_long, hyphens) = (call.flag(1, true), call.flag(3, true));
    let separator = call.text(2)?.unwrap_or_else(|| "\n".into());
    let lines: Vec<String> =
        python::lines(&text, false).into_iter().map(|line| python::wrap(line, width, break_long, hyphens).join(&separator)).collect();
    Ok(Value::from(lines.join(&separator)))
}

fn format(call: &Invocation<'_, '_>) -> Result<Value> {
    let Arguments { positional, keywords } = &call.arguments;
    let argument = match (positional.is_empty(), keywords.is_empty()) {
        (false, false) => return Err(call.error("takes values by place or by name, not both")),
        (true, false) => Value::map(keywords.iter().map(|(name, value)| (Value::Str(name.clone()), value.clone()))),
        _ => Value::Tuple(positional.clone().into()),
    };
    python::percent(&call.input_text()?, &argument).map(Value::from)
}

/// As Python's `shlex.quote`.
pub(crate) fn shell_quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%_-+=:,./".contains(c);
    if !text.is_empty() && text.chars().all(safe) { text.to_string() } else { format!("'{}'", text.replace('\'', "'\"'\"'")) }
}

/// docs.ansible.com, "Adding comments to files".
fn comment(call: &Invocation<'_, '_>) -> Result<Value> {
    let argument = |name: &str| call.arguments.keyword(name).map(ToString::to_string);
    let style = call.arguments.get(0, "style").map_or_else(|| "plain".to_string(), ToString::to_string);
    // beginning, decoration, end
    let (beginning, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        other => return Err(call.error(format!("Invalid style {other:?}: it is plain, erlang, c, cblock or xml"))),
    };
    let decoration = argument("decoration").unwrap_or_else(|| decoration.to_string());
    let beginning = argument("beginning").unwrap_or_else(|| beginning.to_string());
    let end = argument("end").unwrap_or_else(|| end.to_string());
    let newline = argument("newline").unwrap_or_else(|| "\n".into());
    let prefix = argument("prefix").unwrap_or_else(|| decoration.trim_end().to_string());
    let postfix = argument("postfix").unwrap_or_else(|| decoration.trim_end().to_string());
    let count = |name: &str| match call.arguments.keyword(name) {
        Some(Value::Int(count)) => (*count).clamp(0, 10_000) as usize,
        _ => 1,
    };
    let (prefix_count, postfix_count) = (count("prefix_count"), count("postfix_count"));
    let mut out = String::new();
    if !beginning.is_empty() {
        let _ = write!(out, "{beginning}{newline}");
    }
    // A prefix of newlines needs no more of them.
    if prefix == newline {
        out.push_str(&prefix.repeat(prefix_count));
    } else if !prefix.is_empty() {
        out.push_str(&format!("{prefix}{newline}").repeat(prefix_count));
    }
    let Value::Str(text) = &call.input else {
        return Err(call.error(format!("takes text, not an object of type '{}'", type_name(&call.input))));
    };
    let body = format!("{decoration}{}", text.replace(newline.as_str(), &format!("{newline}{decoration}")));
    out.push_str(&body.replace(&format!("{decoration}{newline}"), &format!("{}{newline}", decoration.trim_end())));
    out.push_str(&format!("{newline}{postfix}").repeat(postfix_count));
    if !end.is_empty() {
        let _ = write!(out, "{newline}{end}");
    }
    Ok(Value::from(out))
}

/// Jinja2's `escape`.
pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&#34;")
}

fn striptags(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let mut out = String::new();
    let mut rest = &*text;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let close = if rest[start..].starts_with("<!--") {
            rest[start..].find("-->").map(|end| end + 3)
        } else {
            rest[start..].find('>').map(|end| end + 1)
        };
        match close {
            Some(end) => rest = &rest[start + end..],
            None => break,
        }
    }
    out.push_str(rest);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Value::from(markup::unescape(&words)))
}

fn xmlattr(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Map(map) = plain(&call.input)? else { return Err(Fail::error("`xmlattr`: takes a dictionary")) };
    let attributes: Vec<String> = map
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Null | Value::Undefined(_)))
        .map(|(key, value)| {
            let key = key.to_string();
            if key.contains(|c: char| c.is_whitespace() || "/>=".contains(c)) {
                return Err(call.error(format!("{key:?} is no name of an attribute")));
            }
            Ok(format!("{}=\"{}\"", html(&key), html(&value.to_string())))
        })
        .collect::<Result<_>>()?;
    let joined = attributes.join(" ");
    Ok(Value::from(if call.flag(0, true) && !joined.is_empty() { format!(" {joined}") } else { joined }))
}
