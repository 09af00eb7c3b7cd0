//! `"%s and %05.2f" % (…)` (docs.python.org, "printf-style String Formatting").

use super::float_digits;
use crate::template::eval::objects::{plain, type_name};
use crate::template::eval::{Fail, Result};
use crate::value::Value;

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

pub(crate) fn percent(format: &str, argument: &Value) -> Result<String> {
    let argument = plain(argument)?;
    let (arguments, several): (&[Value], bool) = match &argument {
        Value::Tuple(items) => (items, true),
        other => (std::slice::from_ref(other), false),
    };
    let mut next = 0;
    let mut by_name = false;
    let mut take = |what: &str| -> Result<Value> {
        let value = arguments
            .get(next)
            .cloned()
            .ok_or_else(|| Fail::error(format!("the format {format:?} wants more values: none is left for `{what}`")))?;
        next += 1;
        Ok(value)
    };
    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut name = None;
        if chars.peek() == Some(&'(') {
            chars.next();
            let mut key = String::new();
            let mut depth = 1;
            for c in chars.by_ref() {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                key.push(c);
            }
            name = Some(key);
        }
        let mut spec = Spec::default();
        while let Some(flag) = chars.next_if(|c| "-+ 0#".contains(*c)) {
            match flag {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.space = true,
                '0' => spec.zero = true,
                _ => spec.alternate = true,
            }
        }
        let count =
            |chars: &mut std::iter::Peekable<std::str::Chars<'_>>, take: &mut dyn FnMut(&str) -> Result<Value>| -> Result<Option<i64>> {
                if chars.next_if_eq(&'*').is_some() {
                    return match take("*")? {
                        Value::Int(number) => Ok(Some(number)),
                        other => Err(Fail::error(format!("`*` in a format wants a whole number, not {other:?}"))),
                    };
                }
                let mut digits = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                Ok(digits.parse().ok())
            };
        if let Some(width) = count(&mut chars, &mut take)? {
            spec.left |= width < 0;
            spec.width = (width.unsigned_abs() as usize).min(1 << 20);
        }
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = Some(count(&mut chars, &mut take)?.unwrap_or(0).clamp(0, 1 << 16) as usize);
        }
        while chars.next_if(|c| "hlL".contains(*c)).is_some() {}
        let kind = chars.next().ok_or_else(|| Fail::error(format!("the format {format:?} ends inside a `%`")))?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match name {
            Some(key) => {
                by_name = true;
                let map = argument.as_map().ok_or_else(|| Fail::error(format!("`%({key})` wants a dictionary on the right of `%`")))?;
                map.get(key.as_str())
                    .cloned()
                    .ok_or_else(|| Fail::error(format!("the format wants {key:?}, and the dictionary does not have it")))?
            }
            None => take(&format!("%{kind}"))?,
        };
        out.push_str(&piece(&value, kind, &spec)?);
    }
    if (several && next < arguments.len()) || (!several && next == 0 && !by_name && !matches!(argument, Value::Map(_) | Value::List(_))) {
        return Err(Fail::error(format!("the format {format:?} wants fewer values than it was given")));
    }
    Ok(out)
}

fn piece(value: &Value, kind: char, spec: &Spec) -> Result<String> {
    if let Value::Undefined(undefined) = value {
        return Err(Fail::Undefined(undefined.clone()));
    }
    let wrong = || Fail::error(format!("`%{kind}` wants a number, not {value:?} of type '{}'", type_name(value)));
    let signed = |negative: bool, digits: String| {
        let sign = if negative {
            "-"
        } else if spec.plus {
            "+"
        } else if spec.space {
            " "
        } else {
            ""
        };
        numeric(spec, sign, &digits)
    };
    Ok(match kind {
        's' | 'r' | 'a' => {
            let text = if kind == 's' { value.to_string() } else { format!("{value:?}") };
            let text: String = match spec.precision {
                Some(precision) => text.chars().take(precision).collect(),
                None => text,
            };
            text_field(spec, &text)
        }
        'c' => match value {
            Value::Int(code) => text_field(spec, &u32::try_from(*code).ok().and_then(char::from_u32).ok_or_else(wrong)?.to_string()),
            Value::Str(text) if text.chars().count() == 1 => text_field(spec, text),
            _ => return Err(Fail::error(format!("`%c` wants one character or its number, not {value:?}"))),
        },
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            let number = match value {
                Value::Int(number) => *number,
                Value::Bool(flag) => i64::from(*flag),
                Value::Float(number) if "diu".contains(kind) => number.trunc() as i64,
                _ => return Err(wrong()),
            };
            let size = number.unsigned_abs();
            let (prefix, digits) = match kind {
                'x' => ("0x", format!("{size:x}")),
                'X' => ("0X", format!("{size:X}")),
                'o' => ("0o", format!("{size:o}")),
                _ => ("", size.to_string()),
            };
            let digits = format!("{digits:0>width$}", width = spec.precision.unwrap_or(0));
            signed(number < 0, if spec.alternate { format!("{prefix}{digits}") } else { digits })
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            let number = match value {
                Value::Int(number) => *number as f64,
                Value::Bool(flag) => f64::from(u8::from(*flag)),
                Value::Float(number) => *number,
                _ => return Err(wrong()),
            };
            signed(
                number.is_sign_negative() && !number.is_nan(),
                float_digits(number.abs(), kind, spec.precision.unwrap_or(6), spec.alternate),
            )
        }
        other => return Err(Fail::error(format!("`%{other}` is no format"))),
    })
}

fn text_field(spec: &Spec, text: &str) -> String {
    if spec.left { format!("{text:<width$}", width = spec.width) } else { format!("{text:>width$}", width = spec.width) }
}

fn numeric(spec: &Spec, sign: &str, digits: &str) -> String {
    let missing = spec.width.saturating_sub(sign.len() + digits.len());
    if spec.left {
        format!("{sign}{digits}{}", " ".repeat(missing))
    } else if spec.zero {
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{sign}{digits}", " ".repeat(missing))
    }
}
