//! Addresses of network cards.

use super::super::Invocation;
use super::address::Address;
use crate::template::eval::Result;
use crate::value::Value;

/// Six bytes, however they are written: `1a:2b:…`, `1a-2b-…`, `1a2b.3c4d.5e6f`, `1a2b3c:4d5e6f`, bare.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|c| !":-.".contains(*c)).collect();
    if digits.len() != 12 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let sizes: Vec<usize> = text.split([':', '-', '.']).map(str::len).collect();
    let even = matches!(sizes[..], [12] | [6, 6] | [4, 4, 4] | [2, 2, 2, 2, 2, 2]);
    u64::from_str_radix(&digits, 16).ok().filter(|_| even)
}

fn grouped(number: u64, size: usize, between: &str) -> String {
    let digits = format!("{number:012x}");
    let groups: Vec<&str> = (0..12 / size).map(|index| &digits[index * size..(index + 1) * size]).collect();
    groups.join(between)
}

pub(super) fn hwaddr(call: &Invocation<'_, '_>) -> Result<Value> {
    let query = call.text(0)?.unwrap_or_default();
    let text = call.input_text()?;
    let Some(number) = parse(&text) else {
        return match &*query {
            "" => Ok(Value::Null),
            "bool" => Ok(Value::Bool(false)),
            _ => Err(call.error(format!("{text:?} is no hardware address"))),
        };
    };
    Ok(Value::from(match &*query {
        "" => return Ok(Value::Str(text)),
        "bool" => return Ok(Value::Bool(true)),
        "int" => return Ok(Value::Int(number as i64)),
        "bare" => format!("{number:012X}"),
        "linux" | "unix" => grouped(number, 2, ":"),
        "win" | "eui48" => grouped(number, 2, "-").to_uppercase(),
        "cisco" => grouped(number, 4, "."),
        "pgsql" | "postgresql" | "psql" => grouped(number, 6, ":"),
        other => {
            return Err(
                call.error(format!("{other:?} is no way to write it; there are bare, bool, cisco, eui48, int, linux, pgsql, unix, win"))
            );
        }
    }))
}

/// The address that a card gives itself in a network (RFC 4862).
pub(super) fn slaac(call: &Invocation<'_, '_>) -> Result<Value> {
    let (text, card) = (call.input_text()?, call.required(0)?.to_string());
    let (Some(network), Some(number)) = (Address::parse(&text, Some(true)).filter(|network| network.v6), parse(&card)) else {
        return Ok(Value::Bool(false));
    };
    // The vendor's half, ff:fe, the card's half; the bit for addresses of all the world is turned.
    let id = (number >> 24 << 40 | 0xff_fe00_0000 | number & 0xff_ffff) ^ 1 << 57;
    Ok(Value::from(network.text_of(network.network() >> 64 << 64 | u128::from(id))))
}
