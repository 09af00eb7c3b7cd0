//! What `ipaddr` and its kin ask of an address (docs.ansible.com, "ansible.utils.ipaddr filter").

use super::address::{Address, v4};
use crate::diag::Diagnostic;
use crate::template::big;
use crate::template::eval::{Fail, Result};
use crate::value::Value;

const NAMES: &[&str] = &[
    "6to4",
    "address",
    "address/prefix",
    "bool",
    "broadcast",
    "cidr",
    "first_usable",
    "gateway",
    "gw",
    "host",
    "host/prefix",
    "hostmask",
    "hostnet",
    "int",
    "ip",
    "ip/prefix",
    "ip_netmask",
    "ipv4",
    "ipv6",
    "last_usable",
    "link-local",
    "lo",
    "loopback",
    "multicast",
    "net",
    "netmask",
    "network",
    "network/prefix",
    "network_id",
    "network_netmask",
    "network_wildcard",
    "next_usable",
    "peer",
    "prefix",
    "previous_usable",
    "private",
    "public",
    "range_usable",
    "revdns",
    "router",
    "size",
    "size_usable",
    "subnet",
    "type",
    "unicast",
    "v4",
    "v6",
    "version",
    "wildcard",
    "wrap",
];

/// The answer for one address: none where it does not apply.
pub(super) fn answer(address: Address, query: &str) -> Result<Value> {
    let text = |text: String| Ok(Value::from(text));
    let when = |holds: bool, answer: &dyn Fn() -> String| Ok(if holds { Value::from(answer()) } else { Value::Null });
    let a = address;
    // An address that a host may have; the last one of a network is allowed.
    let host = a.single() || a.pair() && !a.v6 || a.number != a.network();
    let usable = || -> Result<Option<(u128, u128)>> {
        if a.given { Ok(a.usable()) } else { Err(Fail::error(format!("{} is no network", a.text()))) }
    };
    match query {
        "" => text(if a.given { a.with_prefix(a.number) } else { a.text() }),
        "address" | "ip" => when(host || a.v6, &|| a.text()),
        "host" | "hostnet" => when(host, &|| a.with_prefix(a.number)),
        "ip/prefix" => when(host && !a.single(), &|| a.with_prefix(a.number)),
        "host/prefix" | "address/prefix" | "gateway" | "gw" | "router" => {
            let fits = a.single() || a.pair() || (a.number != a.network() && a.number != a.last());
            Ok(if fits { Value::from(a.with_prefix(a.number)) } else { Value::Bool(false) })
        }
        "cidr" => text(a.with_prefix(a.number)),
        "net" => when(a.is_network(), &|| a.with_prefix(a.network())),
        "network" | "network_id" => text(a.text_of(a.network())),
        "network/prefix" | "subnet" => text(a.with_prefix(a.network())),
        "network_netmask" => text(format!("{} {}", a.text_of(a.network()), a.text_of(a.net_mask()))),
        "network_wildcard" => text(format!("{} {}", a.text_of(a.network()), a.text_of(a.host_mask()))),
        "ip_netmask" => when(host && !a.single(), &|| format!("{} {}", a.text(), a.text_of(a.net_mask()))),
        "netmask" => text(a.text_of(a.net_mask())),
        "hostmask" | "wildcard" => text(a.text_of(a.host_mask())),
        "prefix" => Ok(Value::Int(i64::from(a.prefix))),
        "broadcast" => when(!a.single() && !a.pair(), &|| a.text_of(a.last())),
        "size" => Ok(big::plus_one(a.host_mask())),
        "size_usable" => Ok(match a.usable() {
            None => Value::Int(0),
            Some((first, last)) => big::plus_one(last - first),
        }),
        "first_usable" => Ok(usable()?.map_or(Value::Null, |(first, _)| Value::from(a.text_of(first)))),
        "last_usable" => Ok(usable()?.map_or(Value::Null, |(_, last)| Value::from(a.text_of(last)))),
        "range_usable" => {
            Ok(usable()?.map_or(Value::Null, |(first, last)| Value::from(format!("{}-{}", a.text_of(first), a.text_of(last)))))
        }
        "next_usable" => usable().map(|_| beside(a, 1)),
        "previous_usable" => usable().map(|_| beside(a, -1)),
        "peer" => match (a.pair(), a.prefix + 2 == a.bits(), a.number & 3) {
            (true, ..) => text(a.text_of(a.number ^ 1)),
            (_, true, 1 | 2) => text(a.text_of(a.number ^ 3)),
            (_, true, _) => Err(Fail::error(format!("{} is the network's own address or its broadcast, and has no peer", a.shown()))),
            _ => Err(Fail::error(format!("{} is in no network from point to point", a.shown()))),
        },
        "int" => Ok(if a.given { Value::from(format!("{}/{}", a.number, a.prefix)) } else { big::from_u128(a.number) }),
        "bool" => Ok(Value::Bool(true)),
        "type" => Ok(Value::str(if a.is_network() { "network" } else { "address" })),
        "version" => Ok(Value::Int(if a.v6 { 6 } else { 4 })),
        "revdns" => text(reverse(a)),
        "public" => when(a.is_public(), &|| a.shown()),
        "private" => when(a.is_private(), &|| a.shown()),
        "loopback" | "lo" => when(a.is_loopback(), &|| a.shown()),
        "multicast" => when(a.is_multicast(), &|| a.shown()),
        "unicast" => when(!a.is_multicast(), &|| a.shown()),
        "link-local" => when(a.is_link_local(), &|| a.shown()),
        "wrap" => text(wrapped(a)),
        "ipv4" | "v4" => Ok(match (a.v6, a.as_v4()) {
            (false, _) => Value::from(a.shown()),
            (true, Some(inner)) => Value::from(inner.with_prefix(inner.number)),
            (true, None) => Value::Bool(false),
        }),
        "ipv6" | "v6" => text(if a.v6 { a.shown() } else { format!("::ffff:{}/{}", a.text(), a.prefix + 96) }),
        "6to4" => Ok(match a.v6 {
            true if a.number >> 112 == 0x2002 => Value::from(a.shown()),
            false if !a.is_network() && !a.is_multicast() => {
                let [b0, b1, b2, b3] = v4(a.number).octets();
                Value::from(format!("2002:{b0:02x}{b1:02x}:{b2:02x}{b3:02x}::1/48"))
            }
            _ => Value::Bool(false),
        }),
        other => {
            if let Ok(index) = other.parse::<i128>() {
                return Ok(nth(a, index).map_or(Value::Bool(false), |number| {
                    if a.single() { Value::from(a.shown()) } else { Value::from(a.with_prefix(number)) }
                }));
            }
            match Address::parse(other, None) {
                Some(network) => when(network.contains(a), &|| a.shown()),
                None => Err(Diagnostic::error(format!("`ipaddr` does not know the query {other:?}"))
                    .suggest(other, NAMES.iter().copied())
                    .into()),
            }
        }
    }
}

/// The address so many places away, if a host may have it.
pub(super) fn beside(address: Address, by: i128) -> Value {
    let number = address.number.checked_add_signed(by);
    match (number, address.usable()) {
        (Some(number), Some((first, last))) if (first..=last).contains(&number) => Value::from(address.text_of(number)),
        _ => Value::Null,
    }
}

/// The address at a place of its network, from the end where it is negative; a single address has only itself.
pub(super) fn nth(address: Address, index: i128) -> Option<u128> {
    if address.single() {
        return Some(address.number);
    }
    let number = if index < 0 { address.last().checked_add_signed(index + 1) } else { address.network().checked_add_signed(index) };
    number.filter(|number| (address.network()..=address.last()).contains(number))
}

fn reverse(address: Address) -> String {
    if address.v6 {
        let digits: Vec<String> = format!("{:032x}", address.number).chars().rev().map(String::from).collect();
        return format!("{}.ip6.arpa.", digits.join("."));
    }
    let [a, b, c, d] = v4(address.number).octets();
    format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
}

/// IPv6 in brackets.
pub(super) fn wrapped(address: Address) -> String {
    match (address.v6, address.given) {
        (false, _) => address.shown(),
        (true, true) => format!("[{}]/{}", address.text(), address.prefix),
        (true, false) => format!("[{}]", address.text()),
    }
}
