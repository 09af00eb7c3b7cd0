//! Regular expressions with Python's syntax and meaning: see `pattern`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::{Filter, Invocation};
use crate::pattern::{Captures, Options, Pattern, Template};
use crate::template::eval::{Fail, Result};
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("regex_replace", &["pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"], replace),
    Filter::new("regex_search", &["*"], search),
    Filter::new("regex_findall", &["regex", "multiline", "ignorecase"], findall),
    Filter::new("regex_escape", &["re_type"], escape),
];

/// Patterns by their text, whether case counts, and whether `^` and `$` stand at every line.
type Compiled = HashMap<(String, bool, bool), Arc<Pattern>>;

static COMPILED: LazyLock<RwLock<Compiled>> = LazyLock::new(RwLock::default);

/// A pattern of Python's; each compiles once.
pub(crate) fn compile(pattern: &str, ignore_case: bool, multiline: bool) -> Result<Arc<Pattern>> {
    let key = (pattern.to_string(), ignore_case, multiline);
    if let Some(found) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(found.clone());
    }
    let options = Options { multiline, ignore_case, ..Options::default() };
    let compiled = Pattern::new(pattern, options).map_err(|why| Fail::error(format!("{pattern:?} is no regular expression: {why}")))?;
    let compiled = Arc::new(compiled);
    let mut cache = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if cache.len() > 2_000 {
        cache.clear();
    }
    cache.insert(key, compiled.clone());
    Ok(compiled)
}

fn replace(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let pattern = call.text(0)?.unwrap_or_default();
    let replacement = call.text(1)?.unwrap_or_default();
    let regex = compile(&pattern, call.flag(2, false), call.flag(3, false))?;
    let template = Template::new(&replacement, &regex)
        .map_err(|why| call.error(format!("{replacement:?} is no replacement for {pattern:?}: {why}")))?;
    let limit = call.int(4)?.unwrap_or(0).max(0) as usize;
    let wanted = call.int(5)?.unwrap_or(0).max(0) as usize;
    let (out, count) = regex.replace(&text, &template, limit);
    if wanted > 0 && count != wanted {
        return Err(call.error(format!("{pattern:?} should match {wanted} times, but matches {count} times")));
    }
    Ok(Value::from(out))
}

fn group(captures: &Captures<'_>, index: usize) -> Value {
    captures.get(index).map_or(Value::Null, |found| Value::str(found.as_str()))
}

/// Without groups the match, with `\1` or `\g<name>` a list of them; none where nothing matches.
fn search(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let keyword = |name: &str| call.arguments.keyword(name).is_some_and(Value::is_true);
    let pattern = call.arguments.get(0, "regex").ok_or_else(|| call.error("takes a regular expression"))?.to_string();
    let regex = compile(&pattern, keyword("ignorecase"), keyword("multiline"))?;
    let found = regex.captures(&text, 0);
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
            Err(_) => match regex.group(&reference) {
                Some(number) => group(&captures, number),
                None => return Err(call.error(format!("the regular expression has no group {reference:?}"))),
            },
        });
    }
    Ok(Value::list(out))
}

fn findall(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let pattern = call.required(0)?.to_string();
    let regex = compile(&pattern, call.flag(2, false), call.flag(1, false))?;
    let mut out = Vec::new();
    for captures in regex.all(&text) {
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
        Some("posix_extended") => {
            return Err(call.error("Regex type (posix_extended) not yet implemented; there are python and posix_basic"));
        }
        Some(other) => return Err(call.error(format!("Invalid regex type ({other}); there are python and posix_basic"))),
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
