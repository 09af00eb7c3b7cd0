//! HTML: what its entities mean, and links in a text.

use std::sync::Arc;

use super::{Filter, Invocation};
use crate::template::eval::Result;
use crate::template::filters::regex;
use crate::template::filters::text::html;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[Filter::new("urlize", &["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"], urlize)];

/// The entities in use beside those for signs of HTML itself.
const ENTITIES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("deg", '°'),
    ("euro", '€'),
    ("pound", '£'),
    ("times", '×'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
];

/// `&lt;`, `&#233;`, `&#xe9;`; what is no entity stays.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let found = after.split_once(';').and_then(|(name, tail)| {
            let code = match name.strip_prefix('#') {
                Some(digits) => match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => digits.parse().ok(),
                }
                .and_then(char::from_u32),
                None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c),
            };
            code.map(|c| (c, tail))
        });
        rest = match found {
            Some((c, tail)) => {
                out.push(c);
                tail
            }
            None => {
                out.push('&');
                after
            }
        };
    }
    out + rest
}

/// Jinja2's: web and mail addresses become links.
fn urlize(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = html(&call.input_text()?);
    let limit = call.int(0)?.and_then(|limit| usize::try_from(limit).ok());
    let mut rel: Vec<String> = call.text(3)?.unwrap_or_default().split_whitespace().map(String::from).collect();
    if call.flag(1, false) {
        rel.push("nofollow".into());
    }
    rel.push("noopener".into());
    rel.sort();
    rel.dedup();
    let target = call.text(2)?.map(|target| format!(" target=\"{}\"", html(&target))).unwrap_or_default();
    let link = format!(" rel=\"{}\"{target}", html(&rel.join(" ")));
    let web = regex::compile(
        r"^(https?://|www\.)(([\w%-]+\.)+)?([a-z]{2,63}|xn--[\w%]{2,59}|\d{1,3}(\.\d{1,3}){3}|localhost|(?:\[[0-9a-f:.]+\]))(?::\d{1,5})?(?:[/?#]\S*)?$|^([\w%-]+\.)+(com|net|int|edu|gov|org|info|mil)(?::\d{1,5})?(?:[/?#]\S*)?$",
        true,
        false,
    )?;
    let mail = regex::compile(r"^\S+@\w[\w.-]*\.\w+$", false, false)?;
    let mut out = String::with_capacity(text.len());
    for word in pieces(&text) {
        // Brackets and signs around an address are not part of it.
        let start = word.len() - word.trim_start_matches(['(', '<']).trim_start_matches("&lt;").len();
        let (head, rest) = word.split_at(start);
        let middle = rest.trim_end_matches([')', '>', '.', ',']);
        let middle = middle.strip_suffix("&gt;").unwrap_or(middle);
        let tail = &rest[middle.len()..];
        let shown: Arc<str> = match limit {
            Some(limit) if middle.chars().count() > limit => format!("{}...", middle.chars().take(limit).collect::<String>()).into(),
            _ => middle.into(),
        };
        out.push_str(head);
        if web.is_match(middle) {
            let address = if middle.starts_with("http://") || middle.starts_with("https://") {
                middle.to_string()
            } else {
                format!("https://{middle}")
            };
            out.push_str(&format!("<a href=\"{address}\"{link}>{shown}</a>"));
        } else if let Some(bare) = middle.strip_prefix("mailto:").filter(|bare| mail.is_match(bare)) {
            out.push_str(&format!("<a href=\"{middle}\">{bare}</a>"));
        } else if mail.is_match(middle) && !middle.starts_with("www.") && !middle.contains(':') {
            out.push_str(&format!("<a href=\"mailto:{middle}\">{middle}</a>"));
        } else {
            out.push_str(middle);
        }
        out.push_str(tail);
    }
    Ok(Value::from(out))
}

/// Words and the white space between them, in turn.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| c.is_whitespace() != first.is_whitespace()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        out.push(piece);
        rest = after;
    }
    out
}
