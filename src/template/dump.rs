//! YAML as PyYAML (with libyaml) writes it, so that files rendered by Ansible before do not change.

use std::fmt::Write as _;

mod encrypted;
mod text;

use super::eval::{Fail, Result};
use crate::value::Value;
use text::{Look, reads_as_text, scalar_text};

pub(crate) use encrypted::Encrypted;

/// Options of `yaml.dump`.
pub(crate) struct Layout {
    pub(crate) indent: usize,
    pub(crate) width: usize,
    pub(crate) sort_keys: bool,
    /// Flow style for all collections, none, or those that hold only scalars.
    pub(crate) flow: Option<bool>,
    pub(crate) unicode: bool,
    pub(crate) explicit_start: bool,
    pub(crate) explicit_end: bool,
    /// `"` or `'` around every scalar.
    pub(crate) quote: Option<char>,
    /// Texts of several lines as literal blocks.
    pub(crate) literal: bool,
}

/// One document.
pub(crate) fn dump(value: &Value, layout: &Layout) -> Result<String> {
    let mut writer = Writer { layout, out: String::new(), column: 0, space: true, indention: true, flow: 0 };
    if layout.explicit_start {
        writer.put("---");
        writer.space = false;
        writer.indention = false;
        if !is_block(value, layout) {
            writer.put(" ");
            writer.space = true;
        }
    }
    writer.node(value, -1, Place::Root)?;
    writer.out.push('\n');
    if layout.explicit_end {
        writer.out.push_str("...\n");
    }
    Ok(writer.out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
    SimpleKey,
}

/// Where the cursor is, as the emitter of libyaml sees it.
struct Writer<'l> {
    layout: &'l Layout,
    out: String,
    column: usize,
    /// The last thing written was white space.
    space: bool,
    /// Only indentation and indicators stand on this line so far.
    indention: bool,
    flow: usize,
}

fn is_block(value: &Value, layout: &Layout) -> bool {
    match value {
        Value::List(items) | Value::Tuple(items) => !items.is_empty() && !wants_flow(value, layout),
        Value::Map(map) => !map.is_empty() && !wants_flow(value, layout),
        _ => false,
    }
}

fn wants_flow(value: &Value, layout: &Layout) -> bool {
    let scalar = |value: &Value| layout.quote.is_none() && !matches!(value, Value::List(_) | Value::Tuple(_) | Value::Map(_));
    layout.flow.unwrap_or_else(|| match value {
        Value::List(items) | Value::Tuple(items) => items.iter().all(scalar),
        Value::Map(map) => map.iter().all(|(key, value)| scalar(key) && scalar(value)),
        _ => false,
    })
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.space = true;
        self.indention = true;
    }

    fn indent(&mut self, indent: isize) {
        let indent = usize::try_from(indent).unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.space) {
            self.line_break();
        }
        if self.column < indent {
            let missing = indent - self.column;
            self.put(&" ".repeat(missing));
            self.space = true;
        }
        self.indention = true;
    }

    fn indicator(&mut self, sign: &str, wants_space: bool, is_space: bool, is_indention: bool) {
        if wants_space && !self.space {
            self.put(" ");
        }
        self.put(sign);
        self.space = is_space;
        self.indention = self.indention && is_indention;
    }

    fn node(&mut self, value: &Value, indent: isize, place: Place) -> Result<()> {
        match value {
            Value::List(items) | Value::Tuple(items) if self.flow > 0 || items.is_empty() || wants_flow(value, self.layout) => {
                self.flow_list(items, indent)
            }
            Value::List(items) | Value::Tuple(items) => {
                // A list under a key stands at the key's own indentation.
                let level = if place == Place::Value && !self.indention { indent.max(0) } else { self.deeper(indent) };
                for item in items.iter() {
                    self.indent(level);
                    self.indicator("-", true, false, true);
                    self.node(item, level, Place::Item)?;
                }
                Ok(())
            }
            Value::Map(map) => {
                let mut entries: Vec<(&Value, &Value)> = map.iter().collect();
                if self.layout.sort_keys && sortable(&entries) {
                    entries.sort_by(|(a, _), (b, _)| order(a, b));
                }
                if self.flow > 0 || map.is_empty() || wants_flow(value, self.layout) {
                    return self.flow_map(&entries, indent);
                }
                let level = self.deeper(indent);
                for (key, value) in entries {
                    self.indent(level);
                    if simple_key(key)? {
                        self.node(key, level, Place::SimpleKey)?;
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.node(key, level, Place::Item)?;
                        self.indent(level);
                        self.indicator(":", true, false, true);
                    }
                    self.node(value, level, Place::Value)?;
                }
                Ok(())
            }
            Value::Undefined(undefined) => Err(Fail::Undefined(undefined.clone())),
            Value::Object(object) if self.flow == 0 && object.type_name() == "EncryptedString" => {
                self.encrypted(&object.plain()?.to_string(), indent);
                Ok(())
            }
            scalar => self.scalar(scalar, indent, place),
        }
    }

    fn encrypted(&mut self, text: &str, indent: isize) {
        self.indicator("!vault", true, false, false);
        self.literal(text, indent);
    }

    /// `|`, and the lines below it.
    fn literal(&mut self, text: &str, indent: isize) {
        let hint = if text.starts_with([' ', '\n']) { self.layout.indent.to_string() } else { String::new() };
        let end = match text.trim_end_matches('\n').len() {
            rest if rest == text.len() => "-",
            rest if rest + 1 == text.len() => "",
            _ => "+",
        };
        self.indicator(&format!("|{hint}{end}"), true, false, false);
        let level = self.deeper(indent);
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.indention = false;
            self.indent(if line.is_empty() { 0 } else { level });
            self.put(line);
        }
        self.space = false;
        self.indention = false;
    }

    fn deeper(&self, indent: isize) -> isize {
        if indent < 0 { 0 } else { indent + self.layout.indent as isize }
    }

    fn flow_deeper(&self, indent: isize) -> isize {
        if indent < 0 { self.layout.indent as isize } else { indent + self.layout.indent as isize }
    }

    fn flow_list(&mut self, items: &[Value], indent: isize) -> Result<()> {
        self.indicator("[", true, true, false);
        self.flow += 1;
        let level = self.flow_deeper(indent);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.indicator(",", false, false, false);
            }
            if self.column > self.layout.width {
                self.indent(level);
            }
            self.node(item, level, Place::Item)?;
        }
        self.flow -= 1;
        self.indicator("]", false, false, false);
        Ok(())
    }

    fn flow_map(&mut self, entries: &[(&Value, &Value)], indent: isize) -> Result<()> {
        self.indicator("{", true, true, false);
        self.flow += 1;
        let level = self.flow_deeper(indent);
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.indicator(",", false, false, false);
            }
            if self.column > self.layout.width {
                self.indent(level);
            }
            if simple_key(key)? {
                self.node(key, level, Place::SimpleKey)?;
                self.indicator(":", false, false, false);
            } else {
                self.indicator("?", true, false, false);
                self.node(key, level, Place::Item)?;
                if self.column > self.layout.width {
                    self.indent(level);
                }
                self.indicator(":", true, false, false);
            }
            self.node(value, level, Place::Value)?;
        }
        self.flow -= 1;
        self.indicator("}", false, false, false);
        Ok(())
    }

    fn scalar(&mut self, value: &Value, indent: isize, place: Place) -> Result<()> {
        let text = scalar_text(value)?;
        let is_text = matches!(value, Value::Str(_));
        let look = Look::at(&text, self.layout.unicode);
        let key = place == Place::SimpleKey;
        let level = self.deeper(indent);
        let quote = self.layout.quote;
        let plain = quote.is_none()
            && (!is_text || reads_as_text(&text))
            && if self.flow > 0 { look.flow_plain } else { look.block_plain }
            && !(text.is_empty() && (self.flow > 0 || key || is_text))
            && !(look.several_lines && key);
        if quote.is_some() && !is_text {
            // libyaml marks that the quotes do not make it a string.
            self.indicator("!", true, false, false);
        }
        if self.layout.literal && look.literal && !key && self.flow == 0 {
            self.literal(&text, indent);
        } else if plain {
            self.plain(&text, level, !key);
        } else if quote != Some('"') && look.single && !(key && look.several_lines) {
            self.single(&text, level, !key);
        } else {
            self.double(&text, level, !key);
        }
        Ok(())
    }

    fn plain(&mut self, text: &str, indent: isize, may_fold: bool) {
        if !self.space && !text.is_empty() {
            self.put(" ");
        }
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (index, c) in chars.iter().enumerate() {
            if *c == ' ' && may_fold && !spaces && self.column > self.layout.width && chars.get(index + 1) != Some(&' ') {
                self.indent(indent);
            } else {
                self.put(c.encode_utf8(&mut [0; 4]));
            }
            spaces = *c == ' ';
        }
        self.space = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, indent: isize, may_fold: bool) {
        self.indicator("'", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let (mut spaces, mut breaks) = (false, false);
        for (index, c) in chars.iter().enumerate() {
            let inside = index > 0 && index + 1 < chars.len();
            if *c == ' ' {
                if may_fold && !spaces && self.column > self.layout.width && inside && chars.get(index + 1) != Some(&' ') {
                    self.indent(indent);
                } else {
                    self.put(" ");
                }
                (spaces, breaks) = (true, false);
            } else if *c == '\n' {
                if !breaks {
                    self.line_break();
                }
                self.line_break();
                (spaces, breaks) = (false, true);
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put(c.encode_utf8(&mut [0; 4]));
                if *c == '\'' {
                    self.put("'");
                }
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        if breaks {
            self.indent(indent);
        }
        self.indicator("'", false, false, false);
        self.space = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, indent: isize, may_fold: bool) {
        self.indicator("\"", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let mut spaces = false;
        for (index, c) in chars.iter().enumerate() {
            let c = *c;
            if !printable(c, self.layout.unicode) || c == '\u{feff}' || matches!(c, '\n' | '"' | '\\' | '\u{85}' | '\u{2028}' | '\u{2029}')
            {
                let escape = escaped(c);
                self.put(&escape);
                spaces = false;
            } else if c == ' ' {
                if may_fold && !spaces && self.column > self.layout.width && index > 0 && index + 1 < chars.len() {
                    self.indent(indent);
                    if chars.get(index + 1) == Some(&' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                spaces = true;
            } else {
                self.put(c.encode_utf8(&mut [0; 4]));
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.space = false;
        self.indention = false;
    }
}

fn escaped(c: char) -> String {
    match c {
        '\0' => "\\0".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        '\r' => "\\r".into(),
        '\u{1b}' => "\\e".into(),
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{85}' => "\\N".into(),
        '\u{a0}' => "\\_".into(),
        '\u{2028}' => "\\L".into(),
        '\u{2029}' => "\\P".into(),
        c => {
            let code = c as u32;
            let mut out = String::new();
            // Writing to a string cannot fail.
            let _ = match code {
                0..=0xff => write!(out, "\\x{code:02X}"),
                0x100..=0xffff => write!(out, "\\u{code:04X}"),
                _ => write!(out, "\\U{code:08X}"),
            };
            out
        }
    }
}

/// What libyaml writes as it is.
fn printable(c: char, unicode: bool) -> bool {
    matches!(c, '\n' | ' '..='~') || (unicode && matches!(c, '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}')
}

/// Keys of up to 128 bytes on one line stand before their colon; others need a `?`.
fn simple_key(key: &Value) -> Result<bool> {
    Ok(match key {
        Value::List(items) | Value::Tuple(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        scalar => {
            let text = scalar_text(scalar)?;
            text.len() <= 128 && !text.contains('\n')
        }
    })
}

/// Python sorts keys of one kind and leaves others as they are.
fn sortable(entries: &[(&Value, &Value)]) -> bool {
    let number = |key: &Value| matches!(key, Value::Int(_) | Value::Float(_) | Value::Bool(_));
    entries.iter().all(|(key, _)| matches!(key, Value::Str(_))) || entries.iter().all(|(key, _)| number(key))
}

fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    super::eval::ops::order(a, b, super::syntax::Comparison::Lt).unwrap_or(std::cmp::Ordering::Equal)
}
