//! Filters on numbers: conversion, rounding, sizes, chance.

use std::sync::Arc;

use super::{Filter, Invocation};
use crate::template::big;
use crate::template::eval::objects::type_name;
use crate::template::eval::{Fail, Result};
use crate::template::random::Random;
use crate::value::Value;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("int", &["default", "base"], int),
    Filter::new("float", &["default"], float),
    Filter::new("abs", &[], |call| match &call.input {
        Value::Int(number) => Ok(Value::Int(number.abs())),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        Value::Bool(flag) => Ok(Value::Int(i64::from(*flag))),
        other if big::of(other).is_some_and(|number| *number < 0.into()) => Ok(big::negative(other).unwrap_or(Value::Null)),
        other if big::of(other).is_some() => Ok(other.clone()),
        other => Err(call.error(format!("takes a number, not {other:?} of type '{}'", type_name(other)))),
    }),
    Filter::new("round", &["precision", "method"], round),
    Filter::new("log", &["base"], log),
    Filter::new("pow", &["x"], |call| Ok(Value::Float(numbers_only(call, &call.input)?.powf(numbers_only(call, call.required(0)?)?)))),
    Filter::new("root", &["base"], |call| {
        let base = call.argument(0).map_or(Ok(2.0), |base| numbers_only(call, base))?;
        let value = numbers_only(call, &call.input)?;
        if base == 0.0 {
            return Err(call.error("there is no root of base 0"));
        }
        Ok(Value::Float(if (base - 2.0).abs() < f64::EPSILON { value.sqrt() } else { value.powf(1.0 / base) }))
    }),
    Filter::new("human_readable", &["isbits", "unit"], human_readable),
    Filter::new("human_to_bytes", &["default_unit", "isbits"], human_to_bytes),
    Filter::new("filesizeformat", &["binary"], filesizeformat),
];

/// The input of `log`, `pow`, `root`.
fn numbers_only(call: &Invocation<'_, '_>, value: &Value) -> Result<f64> {
    number(call, value).map_err(|_| call.error(format!("can only be used on numbers, not on {value:?} of type '{}'", type_name(value))))
}

fn number(call: &Invocation<'_, '_>, value: &Value) -> Result<f64> {
    match value {
        Value::Int(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        other if big::of(other).is_some() => Ok(big::of(other).map_or(0.0, big::to_float)),
        other => Err(call.error(format!("takes a number, not {other:?} of type '{}'", type_name(other)))),
    }
}

fn int(call: &Invocation<'_, '_>) -> Result<Value> {
    let default = || call.argument(0).cloned().unwrap_or(Value::Int(0));
    let base = call.int(1)?.unwrap_or(10);
    Ok(match &call.input {
        Value::Int(_) => call.input.clone(),
        Value::Bool(flag) => Value::Int(i64::from(*flag)),
        Value::Float(number) if number.is_finite() => big::from_float(number.trunc()),
        Value::Object(_) if big::of(&call.input).is_some() => call.input.clone(),
        Value::Str(text) => whole(text, base).unwrap_or_else(|| match text.trim().replace('_', "").parse::<f64>() {
            Ok(number) if number.is_finite() => big::from_float(number.trunc()),
            _ => default(),
        }),
        _ => default(),
    })
}

/// Python's `int(text, base)`.
fn whole(text: &str, base: i64) -> Option<Value> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match (base, lower.get(..2)) {
        (16 | 0, Some("0x")) => (16, &lower[2..]),
        (8 | 0, Some("0o")) => (8, &lower[2..]),
        (2 | 0, Some("0b")) => (2, &lower[2..]),
        (0, _) => (10, lower.as_str()),
        (base, _) => (u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?, lower.as_str()),
    };
    if digits.starts_with('_') || digits.ends_with('_') || digits.starts_with(['+', '-']) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    big::parse(&format!("{sign}{}", digits.replace('_', "")), base)
}

fn float(call: &Invocation<'_, '_>) -> Result<Value> {
    let default = || call.argument(0).cloned().unwrap_or(Value::Float(0.0));
    Ok(match &call.input {
        Value::Float(_) => call.input.clone(),
        Value::Int(number) => Value::Float(*number as f64),
        Value::Bool(flag) => Value::Float(f64::from(u8::from(*flag))),
        Value::Str(text) => text.trim().parse().map_or_else(|_| default(), Value::Float),
        other => big::of(other).map_or_else(default, |number| Value::Float(big::to_float(number))),
    })
}

fn round(call: &Invocation<'_, '_>) -> Result<Value> {
    let precision = call.int(0)?.unwrap_or(0);
    let method = call.text(1)?.unwrap_or_else(|| "common".into());
    if let (Value::Int(_), true, "common") = (&call.input, precision >= 0, &*method) {
        return Ok(call.input.clone());
    }
    let value = number(call, &call.input)?;
    let scale = 10f64.powi(precision.clamp(-300, 300) as i32);
    let result = match &*method {
        // Python's round: to the nearest, from the exact decimal value, ties to even.
        "common" if precision >= 0 => format!("{value:.*}", precision.min(300) as usize).parse().unwrap_or(value),
        "common" => (value * scale).round_ties_even() / scale,
        "ceil" => (value * scale).ceil() / scale,
        "floor" => (value * scale).floor() / scale,
        other => return Err(call.error(format!("`method` is common, ceil or floor, not {other:?}"))),
    };
    Ok(match &call.input {
        Value::Int(_) if &*method == "common" => Value::Int(result as i64),
        _ => Value::Float(result),
    })
}

fn log(call: &Invocation<'_, '_>) -> Result<Value> {
    let value = numbers_only(call, &call.input)?;
    if value <= 0.0 {
        return Err(call.error("takes a positive number"));
    }
    Ok(Value::Float(match call.argument(0) {
        None => value.ln(),
        Some(base) => match numbers_only(call, base)? {
            10.0 => value.log10(),
            2.0 => value.log2(),
            base => value.ln() / base.ln(),
        },
    }))
}

const UNITS: &[(char, f64)] = &[
    ('Y', 1_208_925_819_614_629_174_706_176.0),
    ('Z', 1_180_591_620_717_411_303_424.0),
    ('E', 1_152_921_504_606_846_976.0),
    ('P', 1_125_899_906_842_624.0),
    ('T', 1_099_511_627_776.0),
    ('G', 1_073_741_824.0),
    ('M', 1_048_576.0),
    ('K', 1024.0),
    ('B', 1.0),
];

fn human_readable(call: &Invocation<'_, '_>) -> Result<Value> {
    let size = match &call.input {
        Value::Str(text) => {
            text.trim().parse().map_err(|_| call.error(format!("human_readable() failed on bad input: {text:?} is no number")))?
        }
        other => number(call, other).map_err(|_| call.error(format!("human_readable() failed on bad input: {other:?} is no number")))?,
    };
    let base = if call.flag(0, false) { "bits" } else { "Bytes" };
    let unit = call.text(1)?;
    let chosen = UNITS.iter().find(|(letter, limit)| match &unit {
        Some(unit) => unit.to_uppercase().starts_with(*letter),
        None => size >= *limit,
    });
    let (letter, limit) = chosen.copied().unwrap_or(('B', 1.0));
    let suffix = if letter == 'B' { base.to_string() } else { format!("{letter}{}", &base[..1]) };
    Ok(Value::from(format!("{:.2} {suffix}", size / limit)))
}

fn human_to_bytes(call: &Invocation<'_, '_>) -> Result<Value> {
    let text = call.input_text()?;
    let bits = call.flag(1, false);
    let trimmed = text.trim();
    let cut = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let wrong = || call.error(format!("{text:?} is no size such as 10, 1.5G or 20MB"));
    let size: f64 = trimmed[..cut].parse().map_err(|_| wrong())?;
    let unit = match trimmed[cut..].trim() {
        "" => call.text(0)?.unwrap_or_default().to_string(),
        unit => unit.to_string(),
    };
    if unit.is_empty() {
        return Ok(Value::Int(size.round_ties_even() as i64));
    }
    let letter = unit.chars().next().unwrap_or('B').to_ascii_uppercase();
    let (_, limit) =
        UNITS.iter().find(|(found, _)| *found == letter || (letter == 'b'.to_ascii_uppercase() && *found == 'B')).ok_or_else(wrong)?;
    let rest = unit.get(1..).unwrap_or_default();
    let fits = match rest {
        "" => true,
        "b" | "bit" | "bits" | "its" | "it" => bits || rest.is_empty(),
        "B" | "yte" | "ytes" | "byte" | "bytes" | "Byte" | "Bytes" => !bits,
        _ => false,
    };
    let single = unit.len() == 1 && ((unit == "b") == bits || !"bB".contains(&unit));
    if !fits && !single && unit.len() > 1 {
        return Err(call.error(format!("{unit:?} is no unit of {}", if bits { "bits, such as Mb" } else { "bytes, such as MB" })));
    }
    Ok(big::from_float((size * limit).round_ties_even()))
}

fn filesizeformat(call: &Invocation<'_, '_>) -> Result<Value> {
    let size = match &call.input {
        Value::Str(text) => text.trim().parse().map_err(|_| call.error(format!("{text:?} is no number")))?,
        other => number(call, other)?,
    };
    let binary = call.flag(0, false);
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if (size - 1.0).abs() < f64::EPSILON {
        return Ok(Value::str("1 Byte"));
    }
    if size < base {
        return Ok(Value::from(format!("{} Bytes", size as i64)));
    }
    let mut unit = base * base;
    let mut shown = String::new();
    for letter in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
        let name = if binary { format!("{}iB", letter.to_uppercase()) } else { format!("{letter}B") };
        shown = format!("{:.1} {name}", base * size / unit);
        if size < unit {
            break;
        }
        unit *= base;
    }
    Ok(Value::from(shown))
}

/// A number below the input or an item of it; with a seed always the same.
pub(super) fn random(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut random = generator(call, 3)?;
    match &call.input {
        Value::Int(end) => {
            let (start, step) = (call.int(1)?.unwrap_or(0), call.int(2)?.unwrap_or(1));
            if *end <= start || step < 1 {
                return Err(call.error(format!("there is no number from {start} to below {end} in steps of {step}")));
            }
            let count = (end - start + step - 1) / step;
            Ok(Value::Int(start + random.below(count as u64) as i64 * step))
        }
        _ => {
            if call.argument(1).or(call.argument(2)).is_some() {
                return Err(call.error("start and step can only be used with a number"));
            }
            let items = call
                .items()
                .map_err(|_| call.error(format!("random can only be used on sequences and whole numbers, not on {:?}", call.input)))?;
            if items.is_empty() {
                return Err(Fail::error("`random`: there are no items"));
            }
            Ok(items[random.below(items.len() as u64) as usize].clone())
        }
    }
}

pub(super) fn shuffle(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut random = generator(call, 0)?;
    // What has no items is left as it is.
    let Ok(mut items) = call.items() else { return Ok(call.input.clone()) };
    for index in (1..items.len()).rev() {
        items.swap(index, random.below(index as u64 + 1) as usize);
    }
    Ok(Value::list(items))
}

fn generator(call: &Invocation<'_, '_>, seed: usize) -> Result<Random> {
    Ok(match call.argument(seed) {
        None | Some(Value::Null) => Random::fresh(),
        Some(seed) => Random::seeded(&Arc::<str>::from(seed.to_string())),
    })
}
