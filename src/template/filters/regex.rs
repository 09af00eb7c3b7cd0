//! Regular expressions with Python's syntax and meaning (docs.python.org, "re").

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use fancy_regex::{Captures, Regex};

use super::{Filter, Invocation};
use crate::template::eval::{Fail, Result};
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("regex_replace", &["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"], replace),
    Filter::new("regex_search", &["*"], search),
    Filter::new("regex_findall", &["regex", "multiline", "ignorecase"], findall),
    Filter::new("regex_escape", &["re_type"], escape),
];

static COMPILED: LazyLock<RwLock<HashMap<(String, String), Arc<Regex>>>> = LazyLock::new(RwLock::default);

/// A pattern of Python's, with flags (`i`, `m`, `s`); each compiles once.
pub(crate) fn compile(pattern: &str, flags: &str) -> Result<Arc<Regex>> {
    let key = (pattern.to_string(), flags.to_string());
    if let Some(found) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(found.clone());
    }
    let translated = translate(pattern, flags.contains('m'));
    let translated = if flags.is_empty() { translated } else { format!("(?{flags}){translated}") };
    let regex = fancy_regex::RegexBuilder::new(&translated)
        .build()
        .map_err(|error| Fail::error(format!("{pattern:?} is no regular expression: {error}")))?;
    let regex = Arc::new(regex);
    let mut compiled = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() > 2_000 {
        compiled.clear();
    }
    compiled.insert(key, regex.clone());
    Ok(regex)
}

/// The same pattern for our engine: what Python reads otherwise is written otherwise.
fn translate(pattern: &str, multiline: bool) -> String {
    let multiline = multiline || inline_flags(pattern).contains('m');
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut class = false;
    let mut class_start = 0;
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match c {
            '\\' => {
                match next {
                    // The end of the text; here `\Z` would take a newline before it.
                    Some('Z') if !class => out.push_str("\\z"),
                    Some(plain @ ('<' | '>')) => out.push(plain),
                    Some('/') => out.push('/'),
                    Some(quote @ ('"' | '\'' | ',' | ':' | ';' | '=' | '!' | '@' | '%' | '`')) => out.push(quote),
                    Some(next) => out.extend(['\\', next]),
                    None => out.push_str("\\\\"),
                }
                at += 2;
                continue;
            }
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                out.push('[');
                if next == Some('^') {
                    out.push('^');
                    at += 1;
                }
                class_start = at + 1;
                // A bracket that comes first is one of the characters.
                if chars.get(at + 1) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // Set operations of our engine, plain characters in Python.
            '&' | '~' if class && next == Some(c) => out.extend(['\\', c]),
            '-' if class && next == Some('-') && at > class_start => out.push_str("\\-"),
            '$' if !class && !multiline => out.push_str("(?=\\n?\\z)"),
            '{' if !class && !is_quantifier(&chars[at..]) => out.push_str("\\{"),
            '(' if !class && next == Some('?') => {
                // Flags that our engine does not have change nothing here: `a`, `u`, `L`.
                let mut end = at + 2;
                while chars.get(end).is_some_and(|c| c.is_ascii_alphabetic()) {
                    end += 1;
                }
                let flags: String = chars[at + 2..end].iter().filter(|c| !"auL".contains(**c)).collect();
                let only_flags = matches!(chars.get(end), Some(')' | ':')) && end > at + 2 && chars[at + 2] != 'P';
                if only_flags {
                    if flags.is_empty() && chars.get(end) == Some(&')') {
                        at = end + 1;
                        continue;
                    }
                    out.push_str("(?");
                    out.push_str(&flags);
                    at = end;
                    continue;
                }
                out.push('(');
            }
            c => out.push(c),
        }
        at += 1;
    }
    out
}

fn inline_flags(pattern: &str) -> &str {
    pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')')).map_or("", |(flags, _)| if flags.chars().all(|c| c.is_ascii_alphabetic()) { flags } else { "" })
}

/// `{3}`, `{3,}`, `{,3}`, `{3,5}`
fn is_quantifier(chars: &[char]) -> bool {
    let Some(end) = chars.iter().position(|c| *c == '}') else { return false };
    let inside: String = chars[1..end].iter().collect();
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match inside.split_once(',') {
        Some((low, high)) => digits(low) && digits(high) && !(low.is_empty() && high.is_empty()),
        None => !inside.is_empty() && digits(&inside),
    }
}

pub(crate) fn failed(error: &fancy_regex::Error) -> Fail {
    Fail::error(format!("the regular expression took too long: {error}"))
}

pub(crate) fn flags(ignorecase: bool, multiline: bool) -> String {
    format!("{}{}", if ignorecase { "i" } else { "" }, if multiline { "m" } else { "" })
}

fn replace(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let pattern = call.text(0)?.unwrap_or_default();
    let replacement = call.text(1)?.unwrap_or_default();
    let regex = compile(&pattern, &flags(call.flag(2, false), call.flag(3, false)))?;
    let limit = call.int(4)?.unwrap_or(0).max(0) as usize;
    let wanted = call.int(5)?.unwrap_or(0).max(0) as usize;
    let pieces = pieces(&replacement);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut count = 0;
    for captures in regex.captures_iter(&*text) {
        let captures = captures.map_err(|error| failed(&error))?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[from..whole.start()]);
        expand(&pieces, &captures, &mut out)?;
        from = whole.end();
        count += 1;
        if count == limit {
            break;
        }
    }
    if count < wanted {
        return Err(call.error(format!("{pattern:?} was to match {wanted} times and matched {count} times")));
    }
    out.push_str(&text[from..]);
    Ok(Value::from(out))
}

enum Piece {
    Text(String),
    Number(usize),
    Name(String),
}

/// Python's replacement templates: `\1`, `\g<name>`, `\n`.
fn pieces(template: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let Some(c) = after.chars().next() else {
            text.push('\\');
            rest = "";
            break;
        };
        let mut group = None;
        let mut used = c.len_utf8();
        match c {
            '0' => text.push('\0'),
            '1'..='9' => {
                let digits: usize = if after.as_bytes().get(1).is_some_and(u8::is_ascii_digit) { 2 } else { 1 };
                group = after[..digits].parse().ok().map(Piece::Number);
                used = digits;
            }
            'g' if after[1..].starts_with('<') && after.contains('>') => {
                let end = after.find('>').unwrap_or(after.len() - 1);
                let name = &after[2..end];
                group = Some(name.parse().map_or_else(|_| Piece::Name(name.to_string()), Piece::Number));
                used = end + 1;
            }
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '\\' => text.push('\\'),
            other => text.extend(['\\', other]),
        }
        if let Some(group) = group {
            out.push(Piece::Text(std::mem::take(&mut text)));
            out.push(group);
        }
        rest = &after[used..];
    }
    text.push_str(rest);
    out.push(Piece::Text(text));
    out
}

fn expand(pieces: &[Piece], captures: &Captures<'_, str>, out: &mut String) -> Result<()> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Number(number) if *number >= captures.len() => {
                return Err(Fail::error(format!("the replacement names group {number}, and the regular expression has {}", captures.len() - 1)));
            }
            Piece::Number(number) => out.push_str(captures.get(*number).map_or("", |found| found.as_str())),
            Piece::Name(name) => out.push_str(captures.name(name).map_or("", |found| found.as_str())),
        }
    }
    Ok(())
}

fn group(captures: &Captures<'_, str>, index: usize) -> Value {
    captures.get(index).map_or(Value::Null, |found| Value::str(found.as_str()))
}

/// Without groups the match, with `\1` or `\g<name>` a list of them; none where nothing matches.
fn search(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let keyword = |name: &str| call.arguments.keyword(name).is_some_and(Value::is_true);
    let pattern = call.arguments.get(0, "regex").ok_or_else(|| call.error("takes a regular expression"))?.to_string();
    let regex = compile(&pattern, &flags(keyword("ignorecase"), keyword("multiline")))?;
    let found = regex.captures(&*text).map_err(|error| failed(&error))?;
    let wanted = call.arguments.positional.get(1..).unwrap_or_default();
    let mut groups = Vec::new();
    for argument in wanted {
        let name = argument.to_string();
        let reference = name
            .strip_prefix("\\g<")
            .and_then(|name| name.strip_suffix('>'))
            .or_else(|| name.strip_prefix('\\'))
            .ok_or_else(|| call.error(format!("a group is written \\\\1 or \\\\g<name>, not {name:?}")))?
            .to_string();
        groups.push(reference);
    }
    let Some(captures) = found else { return Ok(Value::Null) };
    if groups.is_empty() {
        return Ok(group(&captures, 0));
    }
    let mut out = Vec::new();
    for reference in groups {
        out.push(match reference.parse::<usize>() {
            Ok(number) if number < captures.len() => group(&captures, number),
            Ok(number) => return Err(call.error(format!("the regular expression has no group {number}"))),
            Err(_) => captures.name(&reference).map_or(Value::Null, |found| Value::str(found.as_str())),
        });
    }
    Ok(Value::list(out))
}

fn findall(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let pattern = call.required(0)?.to_string();
    let regex = compile(&pattern, &flags(call.flag(2, false), call.flag(1, false)))?;
    let mut out = Vec::new();
    for captures in regex.captures_iter(&*text) {
        let captures = captures.map_err(|error| failed(&error))?;
        let text = |index: usize| Value::str(captures.get(index).map_or("", |found| found.as_str()));
        out.push(match captures.len() {
            1 => text(0),
            2 => text(1),
            count => Value::Tuple(Arc::new((1..count).map(text).collect())),
        });
    }
    Ok(Value::list(out))
}

fn escape(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let special: &str = match call.text(0)?.as_deref() {
        None | Some("python") => "\t\n\u{b}\u{c}\r #$&()*+-.?[\\]^{|}~",
        Some("posix_basic") => "[].*^$\\",
        Some(other) => return Err(call.error(format!("`re_type` is python or posix_basic, not {other:?}"))),
    };
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(Value::from(out))
}
