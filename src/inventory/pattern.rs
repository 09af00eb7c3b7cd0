//! Patterns of hosts (docs.ansible.com, "Patterns: targeting hosts and groups"): `web:&prod:!x`, `web,db`, `host*`, `~regex`,
//! `web[0:3]`, and `@file` in a limit.

use std::sync::Arc;

use fancy_regex::Regex;
use indexmap::IndexSet;

use super::{ALL, Inventory, LOCAL, Unmatched};
use crate::diag::Diagnostic;

type Hosts = IndexSet<Arc<str>>;

pub(super) fn hosts(inventory: &Inventory, pattern: &str, limit: Option<&str>, unmatched: Unmatched) -> Result<Vec<Arc<str>>, Diagnostic> {
    let mut found = evaluate(inventory, terms(pattern), unmatched)?;
    if let Some(limit) = limit {
        let within = evaluate(inventory, limit_terms(limit)?, unmatched)?;
        found.retain(|host| within.contains(host));
    }
    Ok(found.into_iter().collect())
}

/// Splits at commas, and at colons outside brackets; an IPv6 address stays whole.
fn terms(pattern: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for part in pattern.split(',').map(str::trim) {
        if part.parse::<std::net::Ipv6Addr>().is_ok() {
            terms.push(part.to_string());
            continue;
        }
        let (mut term, mut depth) = (String::new(), 0usize);
        for c in part.chars() {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && (c == ':' || c.is_whitespace()) {
                terms.push(std::mem::take(&mut term));
            } else {
                term.push(c);
            }
        }
        terms.push(term);
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// The terms of a limit, those of `@file` read from there, a pattern a line.
fn limit_terms(limit: &str) -> Result<Vec<String>, Diagnostic> {
    let mut all = Vec::new();
    for term in terms(limit) {
        match term.strip_prefix('@') {
            Some(path) => {
                if std::path::Path::new(path).is_dir() {
                    return Err(Diagnostic::error(format!("the limit @{path} must be a file, this is a folder")).help("one pattern a line"));
                }
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Diagnostic::error(format!("cannot read the limit from {path}: {error}")))?;
                all.extend(text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).flat_map(terms));
            }
            None => all.push(term),
        }
    }
    Ok(all)
}

/// First what is named, then what must be in it too (`&`), then what must not (`!`), wherever these stand.
fn evaluate(inventory: &Inventory, terms: Vec<String>, unmatched: Unmatched) -> Result<Hosts, Diagnostic> {
    let (mut plain, mut within, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for term in terms {
        match term.chars().next() {
            Some('&') => within.push(term[1..].to_string()),
            Some('!') => without.push(term[1..].to_string()),
            _ => plain.push(term),
        }
    }
    if plain.is_empty() {
        plain.push(ALL.to_string());
    }
    let mut found = Hosts::new();
    for term in plain {
        match inventory.hosts.get_key_value(term.as_str()) {
            Some((host, _)) => {
                found.insert(host.clone());
            }
            None => found.extend(one(inventory, &term, unmatched)?),
        }
    }
    for term in within {
        let those = one(inventory, &term, unmatched)?;
        found.retain(|host| those.contains(host));
    }
    for term in without {
        let those = one(inventory, &term, unmatched)?;
        found.retain(|host| !those.contains(host));
    }
    Ok(found)
}

fn one(inventory: &Inventory, term: &str, unmatched: Unmatched) -> Result<Hosts, Diagnostic> {
    let (name, pick) = subscript(term);
    let matcher = Matcher::new(name)?;
    let mut known = false;
    let mut found = Hosts::new();
    for group in inventory.groups.keys().filter(|group| matcher.matches(group)) {
        known = true;
        found.extend(inventory.hosts_of(group));
    }
    // A name of a group is not looked for among the hosts, a pattern is.
    if !known || name.starts_with('~') || name.contains(['.', '?', '*', '[']) {
        let hosts: Vec<_> = inventory.hosts.keys().filter(|host| matcher.matches(host)).cloned().collect();
        known |= !hosts.is_empty();
        found.extend(hosts);
    }
    if !known && LOCAL.contains(&name) {
        found.insert(name.into());
        known = true;
    }
    if !known && name != ALL {
        let problem = unknown(inventory, name);
        match unmatched {
            Unmatched::Refuse => return Err(problem),
            Unmatched::Warn => {
                let message = format!("Could not match supplied host pattern, ignoring: {name}");
                inventory.warn(Diagnostic { level: crate::diag::Level::Warning, message, ..problem });
            }
            Unmatched::Ignore => {}
        }
    }
    Ok(match pick {
        None => found,
        Some(pick) => pick.of(found),
    })
}

fn unknown(inventory: &Inventory, name: &str) -> Diagnostic {
    if name.starts_with('~') || name.contains(['*', '?', '[']) {
        return Diagnostic::error(format!("no group and no host matches `{name}`"));
    }
    let groups: Vec<&str> = inventory.groups.keys().map(|group| &**group).collect();
    let names = groups.iter().copied().chain(inventory.hosts.keys().map(|host| &**host));
    let error = Diagnostic::error(format!("no group and no host is named `{name}`")).suggest(name, names);
    if groups.len() <= 2 {
        return error.help("the inventory has no groups: name one with -i");
    }
    let shown = groups.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    error.help(format!("groups: {shown}{}", if groups.len() > 12 { ", …" } else { "" }))
}

/// `[2]`, `[-1]`, `[0:3]` (both ends belong to it), `[1:]` after a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pick {
    first: i64,
    /// None for a single host; -1 for the rest.
    last: Option<i64>,
}

impl Pick {
    fn of(self, hosts: Hosts) -> Hosts {
        let length = hosts.len() as i64;
        let first = if self.first < 0 { self.first + length } else { self.first };
        let last = match self.last {
            None => first,
            Some(-1) => length - 1,
            Some(last) => last,
        };
        hosts.into_iter().enumerate().filter(|(i, _)| (first..=last).contains(&(*i as i64))).map(|(_, host)| host).collect()
    }
}

fn subscript(term: &str) -> (&str, Option<Pick>) {
    let whole = (term, None);
    if term.starts_with('~') {
        return whole;
    }
    let Some((name, inside)) = term.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) else { return whole };
    if name.is_empty() {
        return whole;
    }
    if let Ok(index) = inside.parse::<i64>()
        && !inside.starts_with('+')
    {
        return (name, Some(Pick { first: index, last: None }));
    }
    match inside.split_once([':', '-']) {
        Some((first, last)) if !first.is_empty() => match (first.parse::<u32>(), last.is_empty(), last.parse::<u32>()) {
            (Ok(first), true, _) => (name, Some(Pick { first: i64::from(first), last: Some(-1) })),
            (Ok(first), false, Ok(last)) => (name, Some(Pick { first: i64::from(first), last: Some(i64::from(last)) })),
            _ => whole,
        },
        _ => whole,
    }
}

enum Matcher<'p> {
    Exact(&'p str),
    Regex(Box<Regex>),
}

impl<'p> Matcher<'p> {
    fn new(name: &'p str) -> Result<Matcher<'p>, Diagnostic> {
        let expression = match name.strip_prefix('~') {
            Some(expression) => format!("\\A(?:{expression})"),
            None if name.contains(['*', '?', '[']) => shell_pattern(name),
            None => return Ok(Matcher::Exact(name)),
        };
        let regex = Regex::new(&expression).map_err(|error| {
            Diagnostic::error(format!("`{name}` is no regular expression: {error}")).help("quote it from the shell with single quotes")
        })?;
        Ok(Matcher::Regex(Box::new(regex)))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Matcher::Exact(wanted) => *wanted == name,
            Matcher::Regex(regex) => regex.is_match(name).unwrap_or(false),
        }
    }
}

/// `*`, `?`, `[abc]`, `[!abc]` as a regular expression for the whole name.
fn shell_pattern(pattern: &str) -> String {
    let mut expression = String::from("(?s)\\A");
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => {
                // A bracket that closes at once belongs to the set.
                let skip = usize::from(rest.starts_with('!')) + usize::from(rest.trim_start_matches('!').starts_with(']'));
                match rest.get(skip..).and_then(|after| after.find(']')).map(|end| end + skip) {
                    Some(end) => {
                        let (negated, set) = match rest[..end].strip_prefix('!') {
                            Some(set) => ("^", set),
                            None => ("", &rest[..end]),
                        };
                        let set = set
                            .replace('\\', "\\\\")
                            .replace('[', "\\[")
                            .replace(']', "\\]")
                            .replace('^', "\\^")
                            .replace('&', "\\&")
                            .replace('~', "\\~");
                        expression.push_str(&format!("[{negated}{set}]"));
                        rest = &rest[end + 1..];
                    }
                    None => expression.push_str("\\["),
                }
            }
            c => expression.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str("\\z");
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_split_outside_brackets() {
        assert_eq!(terms("web:&prod:!x"), ["web", "&prod", "!x"]);
        assert_eq!(terms("web, db"), ["web", "db"]);
        assert_eq!(terms("web[0:3]:db"), ["web[0:3]", "db"]);
        assert_eq!(terms("2001:db8::1,web"), ["2001:db8::1", "web"]);
        assert_eq!(terms("~web(?:a|b)"), ["~web(?:a|b)"]);
    }

    #[test]
    fn subscripts_are_seen() {
        assert_eq!(subscript("web[-1]"), ("web", Some(Pick { first: -1, last: None })));
        assert_eq!(subscript("web[1:]"), ("web", Some(Pick { first: 1, last: Some(-1) })));
        assert_eq!(subscript("web[0:3]"), ("web", Some(Pick { first: 0, last: Some(3) })));
        assert_eq!(subscript("web[ab]"), ("web[ab]", None));
        assert_eq!(subscript("~web[0]"), ("~web[0]", None));
    }
}
