//! ansible.utils' tests of addresses.

use std::net::ToSocketAddrs as _;

use super::Predicate;
use crate::template::eval::{Invocation, Result};
use crate::template::filters::network::address::Address;
use crate::template::filters::network::hardware;
use crate::value::Value;

pub(super) const TABLE: &[Predicate] = &[
    Predicate::new("ip", &[], |call| is(call, |_| true)),
    Predicate::new("ip_address", &[], |call| is(call, |address| !address.given)),
    Predicate::new("ipv4", &[], |call| is(call, |address| !address.v6)),
    Predicate::new("ipv4_address", &[], |call| is(call, |address| !address.v6 && !address.given)),
    Predicate::new("ipv4_netmask", &[], |call| {
        is(call, |address| {
            !address.v6 && !address.given && (address.number as u32).leading_ones() + (address.number as u32).trailing_zeros() >= 32
        })
    }),
    Predicate::new("ipv4_hostmask", &[], |call| {
        is(call, |address| {
            !address.v6 && !address.given && (address.number as u32).leading_zeros() + (address.number as u32).trailing_ones() >= 32
        })
    }),
    Predicate::new("ipv6", &[], |call| is(call, |address| address.v6)),
    Predicate::new("ipv6_address", &[], |call| is(call, |address| address.v6 && !address.given)),
    Predicate::new("ipv6_ipv4_mapped", &[], |call| is(call, |address| address.v6 && address.number >> 32 == 0xffff)),
    Predicate::new("ipv6_sixtofour", &[], |call| is(call, |address| address.v6 && address.number >> 112 == 0x2002)),
    Predicate::new("ipv6_teredo", &[], |call| is(call, |address| address.v6 && address.number >> 96 == 0x2001_0000)),
    Predicate::new("loopback", &[], |call| is(call, Address::is_loopback)),
    Predicate::new("multicast", &[], |call| is(call, Address::is_multicast)),
    Predicate::new("private", &[], |call| is(call, Address::is_private)),
    Predicate::new("public", &[], |call| is(call, Address::is_public)),
    Predicate::new("reserved", &[], |call| is(call, Address::is_reserved)),
    Predicate::new("unspecified", &[], |call| is(call, |address| address.number == 0)),
    Predicate::new("mac", &[], |call| Ok(hardware::parse(&call.input_text()?).is_some())),
    Predicate::new("in_network", &["network"], |call| within(call, call.required(0)?)),
    Predicate::new("subnet_of", &["network"], |call| within(call, call.required(0)?)),
    Predicate::new("supernet_of", &["network"], |call| Ok(both(call, call.required(0)?).is_some_and(|(other, this)| this.contains(other)))),
    Predicate::new("in_any_network", &["networks"], |call| count(call).map(|count| count > 0)),
    Predicate::new("in_one_network", &["networks"], |call| count(call).map(|count| count == 1)),
    Predicate::new("resolvable", &[], |call| Ok((&*call.input_text()?, 0).to_socket_addrs().is_ok_and(|mut found| found.next().is_some()))),
];

fn is(call: &Invocation<'_, '_>, test: fn(Address) -> bool) -> Result<bool> {
    Ok(Address::of(&call.input, None).is_some_and(test))
}

/// The other one and this.
fn both(call: &Invocation<'_, '_>, other: &Value) -> Option<(Address, Address)> {
    Address::of(other, None).zip(Address::of(&call.input, None))
}

fn within(call: &Invocation<'_, '_>, network: &Value) -> Result<bool> {
    Ok(both(call, network).is_some_and(|(network, address)| network.contains(address)))
}

fn count(call: &Invocation<'_, '_>) -> Result<usize> {
    let mut count = 0;
    for network in call.eval.iterate(call.required(0)?)? {
        count += usize::from(within(call, &network)?);
    }
    Ok(count)
}
