//! Python's ways with text: formatting, splitting, case.

mod brace;
mod escape;
mod percent;
mod wrap;

pub(crate) use brace::brace_format;
pub(crate) use escape::escaped;
pub(crate) use percent::percent;
pub(crate) use wrap::wrap;

/// `str.capitalize`
pub(crate) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

/// `str.title`: a capital after every character that is no letter.
pub(crate) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase())
        } else {
            out.extend(c.to_uppercase())
        }
        inside = c.is_alphabetic();
    }
    out
}

/// `str.split` and `str.rsplit`; a negative limit is none, no separator is any whitespace.
pub(crate) fn split(text: &str, separator: Option<&str>, limit: i64, from_right: bool) -> Vec<String> {
    let limit = usize::try_from(limit).ok().and_then(|limit| limit.checked_add(1));
    match (separator, limit) {
        (Some(separator), None) => text.split(separator).map(String::from).collect(),
        (Some(separator), Some(limit)) if from_right => {
            let mut parts: Vec<String> = text.rsplitn(limit, separator).map(String::from).collect();
            parts.reverse();
            parts
        }
        (Some(separator), Some(limit)) => text.splitn(limit, separator).map(String::from).collect(),
        (None, None) => text.split_whitespace().map(String::from).collect(),
        (None, Some(limit)) => {
            // White space beyond the last cut stays; that at the other end does not.
            let mut parts = Vec::new();
            let mut rest = if from_right { text.trim_end() } else { text.trim_start() };
            while !rest.is_empty() {
                let cut = if from_right { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
                match cut {
                    Some(cut) if parts.len() + 1 < limit => {
                        let (left, right) = rest.split_at(cut);
                        if from_right {
                            parts.push(right.trim_start().to_string());
                            rest = left.trim_end();
                        } else {
                            parts.push(left.to_string());
                            rest = right.trim_start();
                        }
                    }
                    Some(_) if parts.len() + 1 >= limit => {
                        parts.push(rest.to_string());
                        break;
                    }
                    _ => {
                        parts.push(rest.trim().to_string());
                        break;
                    }
                }
            }
            if from_right {
                parts.reverse();
            }
            parts
        }
    }
}

/// `str.splitlines`
pub(crate) fn lines(text: &str, keep: bool) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end =
            rest.find(['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
        let width = if rest[end..].starts_with("\r\n") { 2 } else { rest[end..].chars().next().map_or(0, char::len_utf8) };
        out.push(&rest[..if keep { end + width } else { end }]);
        rest = &rest[end + width..];
    }
    out
}

/// `ljust`, `rjust`, `center`.
pub(crate) fn pad(text: &str, width: i64, fill: char, how: &str) -> String {
    let length = text.chars().count();
    let missing = usize::try_from(width).unwrap_or(0).min(1 << 24).saturating_sub(length);
    let some = |count: usize| fill.to_string().repeat(count);
    match how {
        "ljust" => format!("{text}{}", some(missing)),
        "rjust" => format!("{}{text}", some(missing)),
        _ => {
            // Python puts the odd one to the left where the width is odd.
            let left = missing / 2 + (missing & usize::try_from(width).unwrap_or(0) & 1);
            format!("{}{text}{}", some(left), some(missing - left))
        }
    }
}

/// Digits of a number in a format: `f`, `e`, `g` and their capitals.
pub(crate) fn float_digits(number: f64, kind: char, precision: usize, alternate: bool) -> String {
    if !number.is_finite() {
        let text = crate::value::float_text(number);
        return if kind.is_uppercase() { text.to_uppercase() } else { text };
    }
    let exponent = |text: String| {
        let (digits, power) = text.split_once('e').map_or((text.as_str(), "0"), |(digits, power)| (digits, power));
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
        format!("{digits}e{sign}{power:0>2}")
    };
    let text = match kind.to_ascii_lowercase() {
        'e' => exponent(format!("{number:.precision$e}")),
        'g' => {
            let precision = precision.max(1);
            let scientific = format!("{number:.*e}", precision - 1);
            let power: i32 = scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
            let trimmed = |text: String| {
                if alternate || !text.contains('.') { text } else { text.trim_end_matches('0').trim_end_matches('.').to_string() }
            };
            if power < -4 || power >= precision as i32 {
                let (digits, rest) =
                    scientific.split_once('e').map_or((scientific.clone(), String::new()), |(d, p)| (d.to_string(), p.to_string()));
                exponent(format!("{}e{rest}", trimmed(digits)))
            } else {
                trimmed(format!("{number:.*}", (precision as i32 - 1 - power).max(0) as usize))
            }
        }
        _ => format!("{number:.precision$}"),
    };
    if kind.is_uppercase() { text.to_uppercase() } else { text }
}
