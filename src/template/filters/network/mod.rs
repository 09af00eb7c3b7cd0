//! ansible.utils' filters on addresses of the Internet and of network cards.
//!
//! - `address`: one address with its prefix. `query`: what `ipaddr` asks of it. `subnets`: networks in networks. `hardware`: MAC addresses.

pub(crate) mod address;
pub(crate) mod hardware;
mod query;
mod subnets;

use super::{Filter, Invocation};
use crate::template::eval::Result;
use crate::template::eval::objects::type_name;
use crate::value::Value;
use address::Address;

pub(super) const TABLE: &[Filter] = &[
    Filter::new("ipaddr", &["query", "version", "alias"], |call| ask(call, None)),
    Filter::new("ipv4", &["query", "alias"], |call| ask(call, Some(false))),
    Filter::new("ipv6", &["query", "alias"], |call| ask(call, Some(true))),
    Filter::new("ipwrap", &["query"], ipwrap),
    Filter::new("ipsubnet", &["query", "index"], subnets::ipsubnet),
    Filter::new("nthhost", &["query"], subnets::nthhost),
    Filter::new("next_nth_usable", &["offset"], |call| subnets::next_usable(call, 1)),
    Filter::new("previous_nth_usable", &["offset"], |call| subnets::next_usable(call, -1)),
    Filter::new("network_in_network", &["test"], subnets::network_in_network),
    Filter::new("network_in_usable", &["test"], subnets::network_in_usable),
    Filter::new("reduce_on_network", &["network"], subnets::reduce_on_network),
    Filter::new("cidr_merge", &["action"], subnets::cidr_merge),
    Filter::new("ip4_hex", &["delimiter"], subnets::ip4_hex),
    Filter::new("ipmath", &["amount"], subnets::ipmath),
    Filter::new("ipcut", &["amount"], subnets::ipcut),
    Filter::new("ipv6form", &["format"], subnets::ipv6form),
    Filter::new("usable_range", &[], subnets::usable_range),
    Filter::new("hwaddr", &["query", "alias"], hardware::hwaddr),
    Filter::new("macaddr", &["query"], hardware::hwaddr),
    Filter::new("slaac", &["query"], hardware::slaac),
];

/// The answer for the input, or for those items of it that have one.
fn ask(call: &Invocation<'_, '_>, v6: Option<bool>) -> Result<Value> {
    let query = call.text(0)?.unwrap_or_default();
    let v6 = v6.or(match call.int(1) {
        Ok(Some(4)) => Some(false),
        Ok(Some(6)) => Some(true),
        _ => None,
    });
    let one = |value: &Value| match Address::of(value, v6).filter(|address| v6.is_none_or(|v6| v6 == address.v6)) {
        Some(address) => query::answer(address, &query),
        None => Ok(Value::Bool(false)),
    };
    match &call.input {
        Value::List(items) | Value::Tuple(items) => {
            let answers = items.iter().map(one).collect::<Result<Vec<_>>>()?;
            Ok(Value::list(answers.into_iter().filter(Value::is_true)))
        }
        Value::Str(_) | Value::Int(_) | Value::Bool(_) => one(&call.input),
        other => Err(call.error(format!("takes an address or a list of them, not an object of type '{}'", type_name(other)))),
    }
}

/// IPv6 in brackets; everything else as it is.
fn ipwrap(call: &Invocation<'_, '_>) -> Result<Value> {
    let query = call.text(0)?.unwrap_or_default();
    let one = |value: &Value| -> Result<Value> {
        let asked = match Address::of(value, None) {
            Some(address) if query.is_empty() => return Ok(Value::from(query::wrapped(address))),
            Some(address) => query::answer(address, &query)?,
            None => return Ok(value.clone()),
        };
        Ok(Address::of(&asked, None).map_or(asked, |address| Value::from(query::wrapped(address))))
    };
    match &call.input {
        Value::List(items) | Value::Tuple(items) => Ok(Value::list(items.iter().map(one).collect::<Result<Vec<_>>>()?)),
        other => one(other),
    }
}
