//! `"{} {name!r:>10}".format(…)` (docs.python.org, "Format String Syntax").

use super::float_digits;
use crate::template::eval::objects::type_name;
use crate::template::eval::{Arguments, Fail, Result};
use crate::value::Value;

pub(crate) fn brace_format(format: &str, arguments: &Arguments) -> Result<String> {
    let mut auto = 0;
    expand(format, arguments, &mut auto, 0)
}

fn expand(format: &str, arguments: &Arguments, auto: &mut usize, depth: usize) -> Result<String> {
    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.next_if_eq(&'{').is_some() => out.push('{'),
            '}' if chars.next_if_eq(&'}').is_some() => out.push('}'),
            '}' => return Err(Fail::error(format!("the format {format:?} has a `}}` alone"))),
            '{' => {
                let mut field = String::new();
                let mut open = 1;
                for c in chars.by_ref() {
                    match c {
                        '{' => open += 1,
                        '}' => open -= 1,
                        _ => {}
                    }
                    if open == 0 {
                        break;
                    }
                    field.push(c);
                }
                if open != 0 || depth > 1 {
                    return Err(Fail::error(format!("the format {format:?} has a `{{` that is not closed")));
                }
                out.push_str(&replacement(&field, arguments, auto, depth)?);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

fn replacement(field: &str, arguments: &Arguments, auto: &mut usize, depth: usize) -> Result<String> {
    let (head, spec) = match split_outside_brackets(field) {
        Some(at) => (&field[..at], &field[at + 1..]),
        None => (field, ""),
    };
    let (path, conversion) = head.rsplit_once('!').map_or((head, None), |(path, kind)| (path, Some(kind)));
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (first, mut rest) = path.split_at(end);
    let mut value = if first.is_empty() {
        *auto += 1;
        arguments.positional.get(*auto - 1).cloned()
    } else if let Ok(index) = first.parse::<usize>() {
        arguments.positional.get(index).cloned()
    } else {
        arguments.keyword(first).cloned()
    }
    .ok_or_else(|| Fail::error(format!("the format wants a value for `{{{field}}}` that was not given")))?;
    while !rest.is_empty() {
        let key;
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) =
                after.split_once(']').ok_or_else(|| Fail::error(format!("`{{{field}}}` has a `[` that is not closed")))?;
            (key, rest) = (inside, after);
        } else {
            let after = &rest[1..];
            let end = after.find(['.', '[']).unwrap_or(after.len());
            (key, rest) = after.split_at(end);
        }
        value = match (&value, key.parse::<usize>()) {
            (Value::List(items) | Value::Tuple(items), Ok(index)) => items.get(index).cloned(),
            (Value::Map(map), Ok(index)) => map.get(&Value::Int(index as i64)).or_else(|| map.get(key)).cloned(),
            (Value::Map(map), Err(_)) => map.get(key).cloned(),
            (Value::Object(object), _) => object.get(&Value::str(key))?,
            _ => None,
        }
        .ok_or_else(|| Fail::error(format!("`{{{field}}}`: there is no {key:?}")))?;
    }
    if let Value::Undefined(undefined) = &value {
        return Err(Fail::Undefined(undefined.clone()));
    }
    let value = match conversion {
        Some("r" | "a") => Value::from(format!("{value:?}")),
        Some("s") => Value::from(value.to_string()),
        Some(other) => return Err(Fail::error(format!("`!{other}` is no conversion; there are !s and !r"))),
        None => value,
    };
    let spec = if spec.contains('{') { expand(spec, arguments, auto, depth + 1)? } else { spec.to_string() };
    format_value(&value, &spec)
}

fn split_outside_brackets(field: &str) -> Option<usize> {
    let mut inside = false;
    field.char_indices().find_map(|(at, c)| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside => return Some(at),
            _ => {}
        }
        None
    })
}

/// `[[fill]align][sign][#][0][width][,][.precision][type]`
fn format_value(value: &Value, spec: &str) -> Result<String> {
    if spec.is_empty() {
        return Ok(value.to_string());
    }
    if matches!(value, Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Null) {
        return Err(Fail::error(format!("an object of type '{}' takes no format such as {spec:?}", type_name(value))));
    }
    let wrong = |what: &str| Fail::error(format!("the format {spec:?} does not fit {value:?} of type '{}': {what}", type_name(value)));
    let mut chars = spec.chars().peekable();
    let aligned: Vec<char> = spec.chars().take(2).collect();
    let (mut fill, mut align) = (' ', None);
    if aligned.len() == 2 && "<>^=".contains(aligned[1]) {
        (fill, align) = (aligned[0], Some(aligned[1]));
        chars.next();
        chars.next();
    } else if let Some(found) = chars.next_if(|c| "<>^=".contains(*c)) {
        align = Some(found);
    }
    let sign = chars.next_if(|c| "+- ".contains(*c)).unwrap_or('-');
    let alternate = chars.next_if_eq(&'#').is_some();
    if chars.next_if_eq(&'0').is_some() && align.is_none() {
        (fill, align) = ('0', Some('='));
    }
    let digits = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let mut text = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            text.push(digit);
        }
        text.parse::<usize>().ok()
    };
    let width = digits(&mut chars).unwrap_or(0).min(1 << 20);
    let group = chars.next_if(|c| ",_".contains(*c));
    let precision = if chars.next_if_eq(&'.').is_some() { digits(&mut chars).map(|p| p.min(1 << 16)) } else { None };
    let kind = chars.next();
    if chars.next().is_some() {
        return Err(wrong("too long"));
    }
    let number = match value {
        Value::Int(number) => Some((*number < 0, number.unsigned_abs() as f64, Some(number.unsigned_abs()))),
        Value::Bool(flag) if kind.is_some() => Some((false, f64::from(u8::from(*flag)), Some(u64::from(*flag)))),
        Value::Float(number) => Some((number.is_sign_negative(), number.abs(), None)),
        _ => None,
    };
    let (prefix, body, right) = match (number, kind) {
        (None, None | Some('s')) => {
            let text = value.to_string();
            let text = precision.map_or(text.clone(), |precision| text.chars().take(precision).collect());
            (String::new(), text, false)
        }
        (Some(_), Some('s')) | (None, Some(_)) => return Err(wrong("another type of value is wanted")),
        (Some((negative, size, whole)), kind) => {
            let sign = if negative {
                "-"
            } else if sign == '-' {
                ""
            } else {
                if sign == '+' { "+" } else { " " }
            };
            let (prefix, digits) = match (kind, whole) {
                (Some('x'), Some(whole)) => ("0x", format!("{whole:x}")),
                (Some('X'), Some(whole)) => ("0X", format!("{whole:X}")),
                (Some('o'), Some(whole)) => ("0o", format!("{whole:o}")),
                (Some('b'), Some(whole)) => ("0b", format!("{whole:b}")),
                (Some('c'), Some(whole)) => ("", u32::try_from(whole).ok().and_then(char::from_u32).map(String::from).unwrap_or_default()),
                (None | Some('d' | 'n'), Some(whole)) => ("", whole.to_string()),
                (Some('%'), _) => ("", format!("{:.*}%", precision.unwrap_or(6), size * 100.0)),
                (Some(kind @ ('f' | 'F' | 'e' | 'E' | 'g' | 'G')), _) => ("", float_digits(size, kind, precision.unwrap_or(6), alternate)),
                (None, None) => match precision {
                    Some(precision) => ("", float_digits(size, 'g', precision, alternate)),
                    None => ("", crate::value::float_text(size)),
                },
                _ => return Err(wrong("this type of format is for other values")),
            };
            let digits = match group {
                Some(mark) => grouped(&digits, mark),
                None => digits,
            };
            (format!("{sign}{}", if alternate { prefix } else { "" }), digits, true)
        }
    };
    let missing = width.saturating_sub(prefix.chars().count() + body.chars().count());
    let some = |count: usize| fill.to_string().repeat(count);
    Ok(match align.unwrap_or(if right { '>' } else { '<' }) {
        '<' => format!("{prefix}{body}{}", some(missing)),
        '^' => format!("{}{prefix}{body}{}", some(missing / 2), some(missing - missing / 2)),
        '=' => format!("{prefix}{}{body}", some(missing)),
        _ => format!("{}{prefix}{body}", some(missing)),
    })
}

fn grouped(digits: &str, mark: char) -> String {
    let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let mut out = String::new();
    for (i, c) in digits[..whole].chars().enumerate() {
        if i > 0 && (whole - i).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(c);
    }
    out + &digits[whole..]
}
