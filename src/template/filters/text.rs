//! Filters on text.

use std::fmt::Write as _;

use super::{Filter, Invocation};
use crate::template::eval::objects::plain;
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
        if start { out.extend(c.to_uppercase()) } else { out.extend(c.to_lowercase()) }
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
    let text = call.input_text()?;
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
        if (index > 0 || first) && (blank || !line.is_empty()) {
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
    let mut lines: Vec<String> = Vec::new();
    for line in python::lines(&text, false) {
        let mut current = String::new();
        let mut chunks: Vec<String> = Vec::new();
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            if hyphens && word.trim_matches('-').contains('-') {
                let mut parts: Vec<String> = word.split_inclusive('-').map(String::from).collect();
                if let Some(last) = parts.last_mut() {
                    last.push(' ');
                }
                chunks.extend(parts);
            } else {
                chunks.push(format!("{word} "));
            }
        }
        for chunk in chunks {
            let mut bare = chunk.trim_end().to_string();
            if current.chars().count() + bare.chars().count() > width && !current.is_empty() {
                lines.push(current.trim_end().to_string());
                current.clear();
            }
            while break_long && bare.chars().count() > width {
                let head: String = bare.chars().take(width).collect();
                bare = bare.chars().skip(width).collect();
                lines.push(head);
            }
            current.push_str(&bare);
            if chunk.ends_with(' ') {
                current.push(' ');
            }
        }
        lines.push(current.trim_end().to_string());
    }
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
        other => return Err(call.error(format!("the style is plain, erlang, c, cblock or xml, not {other:?}"))),
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
    if !prefix.is_empty() {
        out.push_str(&format!("{prefix}{newline}").repeat(prefix_count));
    }
    let text = call.input_text()?;
    let body: Vec<String> = text.split(newline.as_str()).map(|line| format!("{decoration}{line}").trim_end().to_string()).collect();
    out.push_str(&body.join(&newline));
    if !postfix.is_empty() {
        out.push_str(&format!("{newline}{postfix}").repeat(postfix_count));
    }
    if !end.is_empty() {
        let _ = write!(out, "{newline}{end}");
    }
    Ok(Value::from(out))
}

/// Jinja2's `escape`.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&#34;")
}

fn striptags(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let mut out = String::new();
    let mut rest = &*text;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let close = if rest[start..].starts_with("<!--") { rest[start..].find("-->").map(|end| end + 3) } else { rest[start..].find('>').map(|end| end + 1) };
        match close {
            Some(end) => rest = &rest[start + end..],
            None => break,
        }
    }
    out.push_str(rest);
    let unescaped = out.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
    Ok(Value::from(unescaped.split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn xmlattr(call: &Invocation<'_, '_>) -> Result<Value> {
    let Value::Map(map) = plain(&call.input)? else { return Err(Fail::error("`xmlattr`: takes a dictionary")) };
    let attributes: Vec<String> = map
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Null | Value::Undefined(_)))
        .map(|(key, value)| format!("{}=\"{}\"", html(&key.to_string()), html(&value.to_string())))
        .collect();
    let joined = attributes.join(" ");
    Ok(Value::from(if call.flag(0, true) && !joined.is_empty() { format!(" {joined}") } else { joined }))
}
