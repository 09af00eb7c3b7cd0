//! Scalars: how a text may be written so that it is read as the same text again.

use super::super::eval::{Fail, Result};
use super::printable;
use crate::value::{Value, float_text};
use crate::yaml::{self, Kind};

/// What the characters of a scalar allow.
pub(super) struct Look {
    pub(super) several_lines: bool,
    pub(super) flow_plain: bool,
    pub(super) block_plain: bool,
    pub(super) single: bool,
    /// It has several lines, and nothing that a literal block would lose.
    pub(super) literal: bool,
}

impl Look {
    pub(super) fn at(text: &str, unicode: bool) -> Look {
        if text.is_empty() {
            return Look { several_lines: false, flow_plain: false, block_plain: true, single: true, literal: false };
        }
        let chars: Vec<char> = text.chars().collect();
        let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let is_blank = |c: Option<&char>| c.is_none_or(|c| *c == ' ' || *c == '\t' || *c == '\0' || is_break(*c));
        let start = text.starts_with("---") || text.starts_with("...");
        let (mut block, mut flow) = (start, start);
        let (mut lines, mut special, mut space_break, mut break_space) = (false, false, false, false);
        for (index, c) in chars.iter().enumerate() {
            let (c, next) = (*c, chars.get(index + 1));
            if index == 0 {
                match c {
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                        (block, flow) = (true, true)
                    }
                    '?' | ':' => {
                        flow = true;
                        block |= is_blank(next);
                    }
                    '-' if is_blank(next) => (block, flow) = (true, true),
                    _ => {}
                }
            } else {
                match c {
                    ',' | '?' | '[' | ']' | '{' | '}' => flow = true,
                    ':' => {
                        flow = true;
                        block |= is_blank(next);
                    }
                    '#' if is_blank(chars.get(index - 1)) => (block, flow) = (true, true),
                    _ => {}
                }
            }
            special |= !printable(c, unicode);
            lines |= is_break(c);
            space_break |= c == ' ' && next.is_some_and(|next| is_break(*next));
            break_space |= is_break(c) && next == Some(&' ');
        }
        let edge = |c: Option<&char>| c.is_some_and(|c| *c == ' ' || is_break(*c));
        let bare = edge(chars.first()) || edge(chars.last()) || break_space || space_break || special || lines;
        Look {
            several_lines: lines,
            flow_plain: !bare && !flow,
            block_plain: !bare && !block,
            single: !break_space && !space_break && !special,
            literal: text.contains('\n') && !space_break && !special && !text.ends_with(' '),
        }
    }
}

/// Whether the text, written plain, is read as text again.
pub(super) fn reads_as_text(text: &str) -> bool {
    if matches!(text, "=" | "<<" | "") || is_timestamp(text) {
        return false;
    }
    // Whole numbers beyond 64 bits are text for us, numbers for others.
    let digits = text.trim_start_matches(['-', '+']);
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '_') && !digits.starts_with(['0', '_']) {
        return false;
    }
    matches!(yaml::resolve(text), Kind::Str(_))
}

fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    const FORM: &str = r"^(\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?([Tt]|[ \t]+)\d\d?:\d\d:\d\d(\.\d*)?([ \t]*(Z|[-+]\d\d?(:\d\d)?))?)$";
    super::super::filters::regex::compile(FORM, false, false).is_ok_and(|form| form.is_match(text))
}

pub(super) fn scalar_text(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Null | Value::Omit => "null".into(),
        Value::Bool(flag) => if *flag { "true" } else { "false" }.into(),
        Value::Float(number) if number.is_nan() => ".nan".into(),
        Value::Float(number) if number.is_infinite() => if *number > 0.0 { ".inf" } else { "-.inf" }.into(),
        Value::Float(number) => {
            let text = float_text(*number);
            if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
        }
        Value::Object(object) => match object.plain()? {
            Value::Object(_) => return Err(Fail::error(format!("an object of type '{}' cannot be written as YAML", object.type_name()))),
            inner => inner.to_string(),
        },
        other => other.to_string(),
    })
}
