//! Networks in networks: `ipsubnet`, `nthhost`, `cidr_merge` and others.

use super::super::Invocation;
use super::address::Address;
use super::query::{beside, nth};
use crate::template::eval::Result;
use crate::value::Value;

/// The input as an address.
fn input(call: &Invocation<'_, '_>) -> Option<Address> {
    Address::of(&call.input, None)
}

fn given(call: &Invocation<'_, '_>, index: usize) -> Result<Address> {
    let value = call.required(index)?;
    Address::of(value, None).ok_or_else(|| call.error(format!("{value:?} is no address or network")))
}

/// How many networks of a size are in one, or one of them; for an address the network of that size around it.
pub(super) fn ipsubnet(call: &Invocation<'_, '_>) -> Result<Value> {
    let Some(address) = input(call) else { return Ok(Value::Bool(false)) };
    let query = call.text(0)?.unwrap_or_default();
    if query.is_empty() {
        return Ok(Value::from(address.with_prefix(address.network())));
    }
    let index = call.int(1)?.map(i128::from);
    if let Ok(prefix) = query.parse::<u32>() {
        if prefix > address.bits() {
            return Ok(Value::Bool(false));
        }
        let of = |prefix: u32| Address::new(address.v6, address.number, prefix);
        if !address.is_network() {
            let around = of(prefix);
            let Some(index) = index else { return Ok(Value::from(around.with_prefix(around.network()))) };
            // All networks around it, the largest first.
            let size = i128::from(address.bits()) - i128::from(prefix);
            let at = if index < 0 { index + size } else { index };
            let chosen = (0..size).contains(&at).then(|| of(prefix + at as u32));
            return Ok(chosen.map_or(Value::Bool(false), |network| Value::from(network.with_prefix(network.network()))));
        }
        if prefix < address.prefix {
            return Ok(Value::Bool(false));
        }
        let step = of(prefix).host_mask();
        let count = (address.host_mask() >> (address.bits() - prefix).min(127)).saturating_add(1);
        let Some(index) = index else { return Ok(Value::from(count.to_string())) };
        let at = if index < 0 { (count as i128).checked_add(index) } else { Some(index) };
        let at = at.and_then(|at| u128::try_from(at).ok()).filter(|at| *at < count);
        return Ok(at.map_or(Value::Bool(false), |at| Value::from(of(prefix).with_prefix(address.network() + at * (step + 1)))));
    }
    let around = Address::parse(&query, None).ok_or_else(|| call.error(format!("{query:?} is no length of a prefix and no network")))?;
    if !around.contains(address) {
        return Err(call.error(format!("{} is not in {}", address.shown(), around.shown())));
    }
    let place = (address.network() - around.network()) >> (address.bits() - address.prefix).min(127);
    Ok(Value::from((place + 1).to_string()))
}

pub(super) fn nthhost(call: &Invocation<'_, '_>) -> Result<Value> {
    let index = i128::from(call.int(0)?.unwrap_or(0));
    let found = input(call).and_then(|address| nth(address, index).map(|number| address.text_of(number)));
    Ok(found.map_or(Value::Bool(false), Value::from))
}

pub(super) fn next_usable(call: &Invocation<'_, '_>, direction: i128) -> Result<Value> {
    let by = i128::from(call.int(0)?.unwrap_or(1)) * direction;
    Ok(input(call).map_or(Value::Bool(false), |address| beside(address, by)))
}

pub(super) fn network_in_network(call: &Invocation<'_, '_>) -> Result<Value> {
    let other = given(call, 0)?;
    Ok(Value::Bool(input(call).is_some_and(|network| network.contains(other))))
}

pub(super) fn network_in_usable(call: &Invocation<'_, '_>) -> Result<Value> {
    let other = given(call, 0)?;
    let usable = input(call).filter(|network| network.v6 == other.v6).and_then(Address::usable);
    Ok(Value::Bool(usable.is_some_and(|(first, last)| first <= other.network() && other.last() <= last)))
}

pub(super) fn reduce_on_network(call: &Invocation<'_, '_>) -> Result<Value> {
    let network = given(call, 0)?;
    let items = call.items()?;
    Ok(Value::list(items.into_iter().filter(|item| Address::of(item, None).is_some_and(|address| network.contains(address)))))
}

/// As few networks as hold the same addresses, or the one that spans them all.
pub(super) fn cidr_merge(call: &Invocation<'_, '_>) -> Result<Value> {
    let mut networks = Vec::new();
    for item in call.items()? {
        networks.push(Address::of(&item, None).ok_or_else(|| call.error(format!("{item:?} is no address or network")))?);
    }
    let Some(first) = networks.first().copied() else { return Ok(Value::list([])) };
    match call.text(0)?.as_deref() {
        Some("span") => {
            if networks.iter().any(|network| network.v6 != first.v6) {
                return Err(call.error("nothing spans IPv4 and IPv6"));
            }
            let low = networks.iter().map(|network| network.network()).min().unwrap_or(0);
            let high = networks.iter().map(|network| network.last()).max().unwrap_or(0);
            let free = 128 - (low ^ high).leading_zeros();
            let span =
                Address::new(first.v6, low, (first.bits() - free).min(networks.iter().map(|network| network.prefix).min().unwrap_or(0)));
            Ok(Value::from(span.with_prefix(span.network())))
        }
        None | Some("merge") => {
            networks.sort_by_key(|network| (network.v6, network.network(), network.prefix));
            let mut merged: Vec<Address> = Vec::new();
            for network in networks {
                let mut network = Address::new(network.v6, network.network(), network.prefix);
                if merged.last().is_some_and(|last| last.contains(network)) {
                    continue;
                }
                // Two halves are their whole, again and again.
                while let Some(last) = merged.last().copied() {
                    let whole = Address::new(network.v6, network.number, network.prefix.wrapping_sub(1));
                    if network.prefix == 0
                        || last.prefix != network.prefix
                        || last.v6 != network.v6
                        || last.last() + 1 != network.network()
                        || whole.network() != last.network()
                    {
                        break;
                    }
                    merged.pop();
                    network = Address::new(network.v6, last.network(), whole.prefix);
                }
                merged.push(network);
            }
            Ok(Value::list(merged.iter().map(|network| Value::from(network.with_prefix(network.network())))))
        }
        Some(other) => Err(call.error(format!("`action` is merge or span, not {other:?}"))),
    }
}

pub(super) fn ip4_hex(call: &Invocation<'_, '_>) -> Result<Value> {
    let address = input(call).filter(|address| !address.v6).ok_or_else(|| call.error("takes an IPv4 address"))?;
    let delimiter = call.text(0)?.unwrap_or_default();
    let bytes: Vec<String> = (address.number as u32).to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Value::from(bytes.join(&delimiter)))
}

pub(super) fn ipmath(call: &Invocation<'_, '_>) -> Result<Value> {
    let address = input(call).ok_or_else(|| call.error(format!("{:?} is no address", call.input)))?;
    let by = i128::from(call.int(0)?.ok_or_else(|| call.error("takes a whole number to add"))?);
    let all = Address { prefix: 0, ..address }.last();
    let number = address.number.checked_add_signed(by).filter(|number| *number <= all);
    number.map(|number| Value::from(address.text_of(number))).ok_or_else(|| call.error("the result is beyond all addresses"))
}

/// So many bits from the start of an IPv6 address, or from its end where they are negative, in groups.
pub(super) fn ipcut(call: &Invocation<'_, '_>) -> Result<Value> {
    let address = input(call).filter(|address| address.v6).ok_or_else(|| call.error("takes an IPv6 address"))?;
    let bits = call.int(0)?.ok_or_else(|| call.error("takes a number of bits"))?;
    let groups = groups(address);
    let count = (bits.unsigned_abs() as usize / 16).min(8);
    let part = if bits < 0 { &groups[8 - count..] } else { &groups[..count] };
    Ok(Value::from(part.iter().map(|group| format!("{group:x}")).collect::<Vec<_>>().join(":")))
}

fn groups(address: Address) -> Vec<u16> {
    (0..8).map(|index| (address.number >> (112 - 16 * index)) as u16).collect()
}

pub(super) fn ipv6form(call: &Invocation<'_, '_>) -> Result<Value> {
    let address = input(call).filter(|address| address.v6).ok_or_else(|| call.error("takes an IPv6 address"))?;
    let all = |write: &dyn Fn(&u16) -> String| groups(address).iter().map(write).collect::<Vec<_>>().join(":");
    Ok(Value::from(match call.text(0)?.as_deref() {
        Some("expand") => all(&|group| format!("{group:04x}")),
        Some("x509") => all(&|group| format!("{group:x}")),
        None | Some("compress") => address.text(),
        Some(other) => return Err(call.error(format!("`format` is expand, compress or x509, not {other:?}"))),
    }))
}

pub(super) fn usable_range(call: &Invocation<'_, '_>) -> Result<Value> {
    let address = input(call).ok_or_else(|| call.error(format!("{:?} is no network", call.input)))?;
    if address.host_mask() > 1 << 20 {
        return Err(call.error(format!("{} has too many addresses to list", address.shown())));
    }
    let all: Vec<Value> = (address.network()..=address.last()).map(|number| Value::from(address.text_of(number))).collect();
    Ok(Value::map([(Value::str("number_of_ips"), Value::Int(all.len() as i64)), (Value::str("usable_ips"), Value::list(all))]))
}
