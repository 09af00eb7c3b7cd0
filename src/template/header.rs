//! The first line `#jinja2: trim_blocks:False, …` of a template file (docs.ansible.com, ansible.builtin.template).

use super::Syntax;
use crate::diag::Diagnostic;

/// Where the template begins after its header, and the syntax that the header asks for.
pub(crate) fn read(text: &str, syntax: &Syntax) -> Result<(usize, Syntax), Diagnostic> {
    let mut syntax = syntax.clone();
    let Some(rest) = text.strip_prefix("#jinja2:") else { return Ok((0, syntax)) };
    let Some((line, _)) = rest.split_once('\n') else {
        return Err(Diagnostic::error("the #jinja2 header is not followed by a line of the template").help("end it with a newline"));
    };
    let end = "#jinja2:".len() + line.len() + 1;
    for (key, value) in entries(line)? {
        let flag = || match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(Diagnostic::error(format!("`{key}` in the #jinja2 header is True or False, not {value:?}"))),
        };
        match key.as_str() {
            "trim_blocks" => syntax.trim_blocks = flag()?,
            "lstrip_blocks" => syntax.lstrip_blocks = flag()?,
            "newline_sequence" => syntax.newline_sequence = value.replace("\\r", "\r").replace("\\n", "\n"),
            "variable_start_string" => syntax.variable.0 = value,
            "variable_end_string" => syntax.variable.1 = value,
            "block_start_string" => syntax.block.0 = value,
            "block_end_string" => syntax.block.1 = value,
            "comment_start_string" => syntax.comment.0 = value,
            "comment_end_string" => syntax.comment.1 = value,
            "line_statement_prefix" => syntax.line_statement = value,
            "line_comment_prefix" => syntax.line_comment = value,
            // The newline at the end always stays; nothing is ever escaped.
            "keep_trailing_newline" | "autoescape" => {}
            _ => {
                return Err(Diagnostic::error(format!("the #jinja2 header does not know `{key}`")).suggest(&key, KEYS.iter().copied()));
            }
        }
    }
    Ok((end, syntax))
}

const KEYS: &[&str] = &[
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "line_statement_prefix",
    "line_comment_prefix",
    "variable_start_string",
    "variable_end_string",
    "block_start_string",
    "block_end_string",
    "comment_start_string",
    "comment_end_string",
];

/// `key: value` pairs between commas; values may be quoted.
fn entries(line: &str) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (None, ',') => parts.push(std::mem::take(&mut part)),
            (None, '"' | '\'') => {
                quote = Some(c);
                part.push(c);
            }
            (Some(open), c) => {
                if c == open {
                    quote = None;
                }
                part.push(c);
            }
            (None, c) => part.push(c),
        }
    }
    parts.push(part);
    let clean = |text: &str| {
        let text = text.trim();
        let bare = text.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
        bare.unwrap_or(text).to_string()
    };
    let pair = |part: &String| match part.split_once(':') {
        Some((key, value)) => Ok((clean(key), clean(value))),
        None => Err(Diagnostic::error(format!("{:?} in the #jinja2 header is no `key: value`", part.trim()))
            .help("for example `#jinja2: lstrip_blocks: True`")),
    };
    parts.iter().map(pair).collect()
}
