//! Terms with options in them, as older content writes them: `user section=db file=app.ini`.

use crate::template::eval::Result;

use super::Query;

/// The words of a term that are `name=value` with one of the names, and the rest of it.
pub(super) fn options(query: &Query<'_, '_>, term: &str, names: &[&str]) -> Result<(String, Vec<(String, String)>)> {
    if !term.contains('=') {
        return Ok((term.to_string(), Vec::new()));
    }
    let mut rest: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for word in words(term) {
        match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => {
                let value = crate::words::split(value).map_err(|why| query.error(format!("{term:?} {why}")))?;
                found.push((name.to_string(), value.join(" ")));
            }
            Some((name, _)) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                return Err(query.error(format!("'{name}' is not a valid option; there are {}", names.join(", "))));
            }
            _ => rest.push(word),
        }
    }
    Ok((rest.join(" "), found))
}

/// The words of a text with their quotes: those of the key mean themselves.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote) = (Vec::new(), None, None);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c.is_whitespace() && quote.is_none() => words.extend(start.take().map(|start| &text[start..at])),
            _ => {
                start.get_or_insert(at);
                match c {
                    '\\' => drop(chars.next()),
                    '"' | '\'' if quote.is_none() => quote = Some(c),
                    c if quote == Some(c) => quote = None,
                    _ => {}
                }
            }
        }
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// An option of the term, else of the call.
pub(super) fn option(query: &Query<'_, '_>, own: &[(String, String)], name: &str) -> Option<String> {
    own.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone()).or_else(|| query.text(name))
}

pub(super) fn flag(query: &Query<'_, '_>, own: &[(String, String)], name: &str, default: bool) -> bool {
    match own.iter().find(|(found, _)| found == name) {
        Some((_, value)) => crate::config::is_true(value),
        None => query.flag(name, default),
    }
}

pub(super) fn number(query: &Query<'_, '_>, own: &[(String, String)], name: &str, default: usize) -> Result<usize> {
    match option(query, own, name) {
        None => Ok(default),
        Some(text) => {
            text.trim().parse().map_err(|_| query.error(format!("`{name}` has an invalid value: it is a whole number, not {text:?}")))
        }
    }
}
