//! Plain scalars by YAML 1.1 as PyYAML resolves them (yaml.org/type: bool, int, float, null), which is narrower than the
//! specification in places: `y` and `n` are strings, `0o644` and `1e3` too.

use std::sync::Arc;

use super::node::Kind;

/// What an unquoted, untagged scalar is. Timestamps stay strings, and so do whole numbers beyond 64 bits (as decimal
/// digits, so that they print as they should).
pub(super) fn resolve(text: &str) -> Kind {
    let Some(first) = text.bytes().next() else { return Kind::Null };
    match first {
        b'~' | b'n' | b'N' if matches!(text, "~" | "null" | "Null" | "NULL") => Kind::Null,
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => match boolean(text) {
            Some(flag) => Kind::Bool(flag),
            None => Kind::Str(text.into()),
        },
        b'-' | b'+' | b'.' | b'0'..=b'9' => number(text).unwrap_or_else(|| Kind::Str(text.into())),
        _ => Kind::Str(text.into()),
    }
}

/// The words that are booleans where they stand unquoted.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Kind> {
    if is_integer(text) { integer(text) } else { float(text).map(Kind::Float) }
}

/// The five forms of a whole number: binary, octal, decimal, hexadecimal, base 60.
fn is_integer(text: &str) -> bool {
    let digits = unsigned(text).as_bytes();
    let all = |part: &[u8], allowed: fn(u8) -> bool| !part.is_empty() && part.iter().all(|b| *b == b'_' || allowed(*b));
    match digits {
        [] => false,
        [b'0'] => true,
        [b'0', b'b', rest @ ..] => all(rest, |b| matches!(b, b'0' | b'1')),
        [b'0', b'x', rest @ ..] => all(rest, |b| b.is_ascii_hexdigit()),
        [b'0', rest @ ..] => all(rest, |b| matches!(b, b'0'..=b'7')),
        [b'1'..=b'9', ..] => {
            let text = unsigned(text);
            let (head, tail) = text.split_once(':').unwrap_or((text, "0"));
            all(head.as_bytes(), |b| b.is_ascii_digit()) && tail.split(':').all(is_sixtieth)
        }
        _ => false,
    }
}

fn is_sixtieth(part: &str) -> bool {
    match part.as_bytes() {
        [b] => b.is_ascii_digit(),
        [b'0'..=b'5', b] => b.is_ascii_digit(),
        _ => false,
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// Also for an explicit `!!int`, whose text need not have the form of a plain one; none where it is no number at all.
pub(super) fn integer(text: &str) -> Option<Kind> {
    let clean = text.replace('_', "");
    let digits = unsigned(&clean);
    let magnitude = if let Some(bits) = digits.strip_prefix("0b") {
        u128::from_str_radix(bits, 2).ok()
    } else if let Some(hex) = digits.strip_prefix("0x") {
        u128::from_str_radix(hex, 16).ok()
    } else if digits.len() > 1 && digits.starts_with('0') {
        u128::from_str_radix(digits.strip_prefix("0o").unwrap_or(digits), 8).ok()
    } else if digits.contains(':') {
        digits.split(':').try_fold(0u128, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))
    } else if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
        match digits.parse() {
            Ok(number) => Some(number),
            Err(_) => return Some(Kind::Str(signed_text(&clean, digits))),
        }
    } else {
        None
    }?;
    let negative = clean.starts_with('-');
    Some(match i128::try_from(magnitude).ok().and_then(|m| i64::try_from(if negative { -m } else { m }).ok()) {
        Some(number) => Kind::Int(number),
        None => Kind::Str(signed_text(&clean, &magnitude.to_string())),
    })
}

fn signed_text(signed: &str, magnitude: &str) -> Arc<str> {
    if signed.starts_with('-') { format!("-{magnitude}").into() } else { magnitude.into() }
}

/// The forms of a plain float; an exponent must carry its sign, and there must be a point.
pub(super) fn float(text: &str) -> Option<f64> {
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let digits = unsigned(text);
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if digits.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let bytes = digits.as_bytes();
    let digit_run = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    if !digit_run(fraction) {
        return None;
    }
    if let Some(exponent) = exponent {
        let run = exponent.strip_prefix(['-', '+'])?;
        if run.is_empty() || !run.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    }
    if whole.is_empty() {
        // `.5`, without a sign, and a digit must follow the point.
        if digits.len() != text.len() || !bytes.get(1).is_some_and(u8::is_ascii_digit) {
            return None;
        }
    } else if !bytes[0].is_ascii_digit() {
        return None;
    } else if let Some((head, tail)) = whole.split_once(':') {
        if exponent.is_some() || !digit_run(head) || !tail.split(':').all(is_sixtieth) {
            return None;
        }
        let clean = mantissa.replace('_', "");
        return clean.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?)).map(|v| sign * v);
    } else if !digit_run(whole) {
        return None;
    }
    digits.replace('_', "").parse::<f64>().ok().map(|v| sign * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match resolve(text) {
            Kind::Null => "null".into(),
            Kind::Bool(v) => v.to_string(),
            Kind::Int(v) => v.to_string(),
            Kind::Float(v) => format!("{v:?}f"),
            Kind::Str(v) => format!("{v:?}"),
            _ => unreachable!(),
        }
    }

    #[test]
    fn numbers_are_what_pyyaml_makes_of_them() {
        for (text, expected) in [
            ("0644", "420"),
            ("0o644", "\"0o644\""),
            ("0x1F", "31"),
            ("0b101", "5"),
            ("-0x_1f", "-31"),
            ("089", "\"089\""),
            ("1_000", "1000"),
            ("1:30", "90"),
            ("-1:30:00", "-5400"),
            ("0:30", "\"0:30\""),
            ("1:75", "\"1:75\""),
            ("1:30.5", "90.5f"),
            ("1.5", "1.5f"),
            ("1.", "1.0f"),
            (".5", "0.5f"),
            ("-.5", "\"-.5\""),
            ("1e3", "\"1e3\""),
            ("1.0e3", "\"1.0e3\""),
            ("1.0e+3", "1000.0f"),
            ("-.inf", "-inff"),
            (".NaN", "NaNf"),
            ("-.nan", "\"-.nan\""),
            ("1.2.3", "\"1.2.3\""),
            ("10.0.0.1", "\"10.0.0.1\""),
            ("-", "\"-\""),
            ("18446744073709551615", "\"18446744073709551615\""),
            ("-9223372036854775808", "-9223372036854775808"),
            ("2001-12-14", "\"2001-12-14\""),
            ("0x_", "\"0x_\""),
            ("=", "\"=\""),
            ("y", "\"y\""),
            ("yes", "true"),
            ("OFF", "false"),
            ("oFF", "\"oFF\""),
            ("~", "null"),
            ("", "null"),
            ("Null", "null"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
