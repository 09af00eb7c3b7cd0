//! What the parser's errors mean to the person who wrote the file: the place, and the usual mistake behind it.

use std::sync::Arc;

use libyaml_safer::{Error, Mark};

use super::node::Node;
use crate::diag::{Diagnostic, Source, Span};

/// YAML allows no control characters but tab and line breaks; the parser cannot say where one stands.
pub(super) fn control_characters(source: &Arc<Source>) -> Result<(), Diagnostic> {
    let bad = |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    match source.text.char_indices().find(|(_, c)| bad(*c)) {
        None => Ok(()),
        Some((at, c)) => Err(Diagnostic::error(format!("a control character (U+{:04X}) is not allowed here", c as u32))
            .at(&Span::locate(source, at, at + c.len_utf8()))
            .help("remove it; in double quotes it can be written as an escape, such as `\\x1b`")),
    }
}

/// A key that is itself a dictionary or a list: nearly always a template without quotes, `{{ x }}`.
pub(super) fn container_as_key(map: &Span, key: &Node) -> Diagnostic {
    let text = &map.source.text;
    if text[map.start..].starts_with("{{")
        && let Some(length) = text[map.start..].find("}}")
        && !text[map.start..map.start + length].contains('\n')
    {
        return unquoted_template(&map.source, map.start);
    }
    key.error(format!("a key must be a plain value, this is {}", key.kind_name()))
}

pub(super) fn unknown_tag(tag: &str, span: &Span) -> Diagnostic {
    let shown = match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.to_string(),
    };
    Diagnostic::error(format!("unknown tag `{shown}`"))
        .at(span)
        .suggest(&shown, ["!vault", "!unsafe", "!!str", "!!int", "!!float", "!!bool", "!!binary"])
        .help("`!vault` and `!unsafe` are known, and YAML's own (`!!str`, …); quote the value where `!` is part of its text")
}

pub(super) fn error(source: &Arc<Source>, base: usize, error: &Error) -> Diagnostic {
    let text = &source.text;
    let offset = |mark: Mark| {
        let mut at = (mark.index as usize + base).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let at = error.problem_mark().map_or(text.len(), offset);
    let begun = error.context_mark().map(offset);
    let here = Diagnostic::error(error.problem()).at(&Span::locate(source, at, next_character(text, at)));
    let rest = &text[at..];

    if let Some(start) = template_on_line(text, at).or_else(|| begun.and_then(|b| template_on_line(text, b))) {
        return unquoted_template(source, start);
    }
    if tab_before(text, at) {
        let tab = line_start(text, at) + line(text, at).find('\t').unwrap_or(0);
        return message(source, tab, tab + 1, "a tab is used for indentation")
            .label("a tab")
            .help("YAML is indented with spaces only: replace the tab");
    }
    match error.problem() {
        "found character that cannot start any token" => match rest.chars().next() {
            Some(c @ ('@' | '`' | '%')) => {
                relabel(here, format!("a value cannot begin with `{c}`")).help(format!("quote it: `\"{}\"`", clip(line_from(text, at))))
            }
            Some('\t') => relabel(here, "a tab cannot stand here").help("replace the tab with spaces"),
            _ => here,
        },
        "mapping values are not allowed in this context" => colon_in_text(source, at, here),
        "could not find expected ':'" => missing_colon(source, begun.unwrap_or(at)),
        "did not find expected key" | "did not find expected '-' indicator" => collection_broken(source, at, begun, error.problem()),
        "did not find expected ',' or ']'" | "did not find expected ',' or '}'" => {
            let close = if error.problem().contains(']') { ']' } else { '}' };
            let mut found = relabel(here, format!("expected `,` or `{close}` here"));
            if let Some(begun) = begun {
                found = found.related(&Span::locate(source, begun, begun + 1), "opened here");
            }
            found.help("quote a value that has `:`, `,`, brackets or braces in it")
        }
        "found unexpected end of stream" => {
            let begun = begun.unwrap_or(at);
            message(source, begun, next_character(text, begun), "this quote is never closed")
                .help("add the closing quote; a quote in single quotes is written twice")
        }
        "found unknown escape character" => {
            let end = next_character(text, next_character(text, at));
            message(source, at, end, format!("`{}` is no escape in double quotes", &text[at..end]))
                .help("use single quotes, or double the backslash")
        }
        "did not find expected alphabetic or numeric character" => {
            relabel(here, "this is no name of an anchor or alias").help("quote the value where `*` or `&` is part of its text")
        }
        "found undefined tag handle" => relabel(here, "unknown tag").help("quote the value where `!` is part of its text"),
        "did not find expected <document start>" => relabel(here, "YAML parsing failed: Did not find expected <document start>")
            .label("the document has ended before this")
            .help("check the indentation: what goes on from the lines above must be as deep as they are"),
        "did not find expected comment or line break" => relabel(here, "nothing but a comment may follow `|` or `>` on its line")
            .help("put the text on the next lines, indented; or quote the value where `|` or `>` is part of it"),
        "did not find expected node content" => relabel(here, "a value is missing here"),
        "found incompatible YAML document" => relabel(here, "only YAML 1.1 and 1.2 can be read"),
        _ => here,
    }
}

fn message(source: &Arc<Source>, start: usize, end: usize, text: impl Into<String>) -> Diagnostic {
    Diagnostic::error(text).at(&Span::locate(source, start, end))
}

fn relabel(diagnostic: Diagnostic, message: impl Into<String>) -> Diagnostic {
    Diagnostic { message: message.into(), ..diagnostic }
}

fn unquoted_template(source: &Arc<Source>, start: usize) -> Diagnostic {
    let value = line_from(&source.text, start);
    let quote = if value.contains('"') { '\'' } else { '"' };
    let quotable = !value.contains(quote) && value.contains("}}");
    let found = message(source, start, start + value.len(), "a value that begins with `{{` must be quoted")
        .label("YAML reads `{` as the start of a dictionary");
    if quotable { found.help(format!("write `{quote}{value}{quote}`")) } else { found.help("put the whole value in quotes") }
}

/// The start of an unquoted `{{` that begins a value on the line of `at`.
fn template_on_line(text: &str, at: usize) -> Option<usize> {
    let start = line_start(text, at);
    let line = line(text, at);
    line.match_indices("{{")
        .map(|(i, _)| i)
        .find(|i| {
            let before = line[..*i].trim_end();
            before.ends_with(": ".trim_end()) && line[..*i].ends_with([' ', '\t']) && !in_quotes(before)
                || before.trim_start() == "-"
                || before.is_empty() && start + i == at
        })
        .map(|i| start + i)
}

fn in_quotes(before: &str) -> bool {
    before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1
}

/// Two values on one line (`name: a: b`), a missing space, or lines that are deeper than those above.
fn colon_in_text(source: &Arc<Source>, at: usize, here: Diagnostic) -> Diagnostic {
    let text = &source.text;
    let current = line(text, at);
    let start = line_start(text, at);
    let before = &text[start..at];
    if let Some(first) = before.find(": ").map(|i| i + 2) {
        let value = current[first..].trim();
        let quote = if value.contains('"') { '\'' } else { '"' };
        return relabel(here, "a second `:` on this line")
            .label("YAML takes this as another key")
            .help(format!("quote the value: `{quote}{}{quote}`", clip(value)));
    }
    if let Some(previous) = text[..start].trim_end().rsplit('\n').next().filter(|p| !p.trim().is_empty()) {
        let deeper = indent(current) > indent(previous);
        if missing_space(previous).is_some() {
            return missing_colon(source, text[..start].trim_end().len());
        }
        if deeper {
            return relabel(here, "this line is deeper than the line above, which has a value already")
                .help("indent it like the line above, or end that line with `:` and nothing after it");
        }
    }
    relabel(here, "a key cannot stand here")
        .help("check the indentation of this line and the line above; quote a value that has `: ` in it")
}

/// A line that should be `key: value` and is not.
fn missing_colon(source: &Arc<Source>, at: usize) -> Diagnostic {
    let text = &source.text;
    let (start, current) = (line_start(text, at), line(text, at));
    let (from, to) = (start + indent(current), start + current.trim_end().len());
    if let Some(colon) = missing_space(current) {
        let (key, value) = (current[..colon].trim(), &current[colon + 1..]);
        return message(source, start + colon, start + colon + 1, "a space is missing after `:`").help(format!(
            "write `{}: {}`",
            key,
            clip(value.trim())
        ));
    }
    if current.trim_start().starts_with('-') && !current.trim_start().starts_with("- ") {
        return message(source, from, to, "a space is missing after `-`");
    }
    message(source, from, to, "expected `key: value` here")
        .help("add the `:`; or, where this goes on from the value above, indent it deeper than that key")
}

/// Where `key:value` lacks its space.
fn missing_space(line: &str) -> Option<usize> {
    let colon = line.find(':')?;
    let key = line[..colon].trim_start().trim_start_matches("- ");
    let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let after = line[colon + 1..].chars().next()?;
    (plain && !after.is_whitespace() && !line[colon + 1..].starts_with("//")).then_some(colon)
}

/// A block dictionary or list that goes on with something that is no key and no item.
fn collection_broken(source: &Arc<Source>, at: usize, begun: Option<usize>, problem: &str) -> Diagnostic {
    let text = &source.text;
    let current = line(text, at);
    let start = line_start(text, at);
    let before = &text[start..at];
    if let Some(quote) = before.trim_end().chars().last().filter(|c| matches!(c, '"' | '\'')) {
        return message(source, at, next_character(text, at), "text after the closing quote")
            .label("the value has ended already")
            .help(format!("put the whole value in quotes; a {quote} inside it needs the other kind of quotes around"));
    }
    let (thing, found) = if problem.contains('-') { ("list", "an item (`- …`)") } else { ("dictionary", "a key") };
    let mut diagnostic = message(source, at, start + current.trim_end().len().max(at - start), format!("expected {found} here"));
    if let Some(begun) = begun {
        let column = text[line_start(text, begun)..begun].chars().count() + 1;
        diagnostic = diagnostic
            .related(&Span::locate(source, begun, next_character(text, begun)), format!("this {thing} begins in column {column}"));
        if before.trim().is_empty() && before.chars().count() + 1 != column {
            let above = text[..start].trim_end().rsplit('\n').next().map_or(0, indent) + 1;
            let or = if above > column { format!(", or to column {above}, like the line above") } else { String::new() };
            return diagnostic.help(format!("indent this line to column {column}, like the {thing} it belongs to{or}"));
        }
    }
    if current.trim_start().starts_with("- ") {
        return diagnostic.help("a list item cannot stand among the keys of a dictionary: indent the list under its own key");
    }
    diagnostic.help("check the indentation and the quotes of this line and of the line above")
}

fn tab_before(text: &str, at: usize) -> bool {
    let current = line(text, at);
    let blank: &str = &current[..current.len() - current.trim_start_matches([' ', '\t']).len()];
    blank.contains('\t') && !current.trim().is_empty()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |i| i + 1)
}

fn line(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    text[start..].split('\n').next().unwrap_or("")
}

/// From `at` to the end of its line, without trailing space and comment.
fn line_from(text: &str, at: usize) -> &str {
    let rest = text[at..].split('\n').next().unwrap_or("");
    rest.split(" #").next().unwrap_or(rest).trim_end()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn next_character(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
