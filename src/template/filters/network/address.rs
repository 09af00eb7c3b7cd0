//! An address of the Internet, alone or with the length of its network's prefix.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::value::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) v6: bool,
    pub(crate) number: u128,
    pub(crate) prefix: u32,
    /// Whether the prefix was written.
    pub(crate) given: bool,
    /// Written as one number.
    pub(crate) numeric: bool,
}

impl Address {
    pub(crate) fn new(v6: bool, number: u128, prefix: u32) -> Address {
        Address { v6, number, prefix, given: true, numeric: false }
    }

    /// Of a value; `v6` chooses where a number could be of both versions.
    pub(crate) fn of(value: &Value, v6: Option<bool>) -> Option<Address> {
        match value {
            Value::Str(text) => Address::parse(text, v6),
            Value::Int(number) => Address::numbered(u128::try_from(*number).ok()?, v6),
            _ => None,
        }
    }

    fn numbered(number: u128, v6: Option<bool>) -> Option<Address> {
        let v6 = v6.unwrap_or(number > u128::from(u32::MAX));
        let fits = v6 || number <= u128::from(u32::MAX);
        fits.then(|| Address { given: false, numeric: true, ..Address::new(v6, number, if v6 { 128 } else { 32 }) })
    }

    pub(crate) fn parse(text: &str, v6: Option<bool>) -> Option<Address> {
        let (head, tail) = text.split_once('/').map_or((text, None), |(head, tail)| (head, Some(tail)));
        let mut address = match head.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => Address::new(false, u128::from(u32::from(ip)), 32),
            Ok(IpAddr::V6(ip)) => Address::new(true, u128::from(ip), 128),
            Err(_) if !head.is_empty() && head.bytes().all(|byte| byte.is_ascii_digit()) => Address::numbered(head.parse().ok()?, v6)?,
            Err(_) => return None,
        };
        address.given = tail.is_some();
        if let Some(tail) = tail {
            address.prefix = match tail.parse::<u32>() {
                Ok(prefix) if prefix <= address.bits() => prefix,
                Ok(_) => return None,
                Err(_) => length(tail, address.v6)?,
            };
        }
        Some(address)
    }

    pub(crate) fn bits(self) -> u32 {
        if self.v6 { 128 } else { 32 }
    }

    pub(crate) fn host_mask(self) -> u128 {
        let free = self.bits() - self.prefix;
        if free == 128 { u128::MAX } else { (1 << free) - 1 }
    }

    pub(crate) fn net_mask(self) -> u128 {
        let all = if self.v6 { u128::MAX } else { u128::from(u32::MAX) };
        all & !self.host_mask()
    }

    pub(crate) fn network(self) -> u128 {
        self.number & self.net_mask()
    }

    pub(crate) fn last(self) -> u128 {
        self.network() | self.host_mask()
    }

    /// One address alone.
    pub(crate) fn single(self) -> bool {
        self.prefix == self.bits()
    }

    /// Two addresses: a link from point to point, where both are hosts.
    pub(crate) fn pair(self) -> bool {
        self.prefix + 1 == self.bits()
    }

    /// The address that names its network, of more than one.
    pub(crate) fn is_network(self) -> bool {
        !self.single() && self.number == self.network()
    }

    /// First and last address that a host may have.
    pub(crate) fn usable(self) -> Option<(u128, u128)> {
        if self.single() {
            None
        } else if self.pair() {
            Some((self.network(), self.last()))
        } else {
            Some((self.network() + 1, self.last() - 1))
        }
    }

    pub(crate) fn contains(self, other: Address) -> bool {
        self.v6 == other.v6 && self.network() <= other.network() && other.last() <= self.last()
    }

    /// Another number of the same version, as text.
    pub(crate) fn text_of(self, number: u128) -> String {
        if self.v6 { Ipv6Addr::from(number).to_string() } else { v4(number).to_string() }
    }

    pub(crate) fn text(self) -> String {
        self.text_of(self.number)
    }

    pub(crate) fn with_prefix(self, number: u128) -> String {
        format!("{}/{}", self.text_of(number), self.prefix)
    }

    /// As it was written.
    pub(crate) fn shown(self) -> String {
        if self.given || self.numeric { self.with_prefix(self.number) } else { self.text() }
    }

    fn within(self, networks: &[&str]) -> bool {
        networks
            .iter()
            .filter_map(|network| Address::parse(network, None))
            .any(|network| network.v6 == self.v6 && (network.network()..=network.last()).contains(&self.number))
    }

    /// iana.org, "Special-Purpose Address Registry": not reachable from everywhere.
    pub(crate) fn is_private(self) -> bool {
        if self.v6 {
            let exempt = ["2001:1::1/128", "2001:1::2/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28", "2001:30::/28"];
            let private = [
                "::1/128",
                "::/128",
                "::ffff:0:0/96",
                "64:ff9b:1::/48",
                "100::/64",
                "2001::/23",
                "2001:db8::/32",
                "2002::/16",
                "fc00::/7",
                "fe80::/10",
            ];
            return self.within(&private) && !self.within(&exempt);
        }
        let private = [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "240.0.0.0/4",
        ];
        self.within(&private) && !self.within(&["192.0.0.9/32", "192.0.0.10/32"])
    }

    pub(crate) fn is_public(self) -> bool {
        !self.is_private() && !self.is_multicast() && !self.within(&["100.64.0.0/10"])
    }

    pub(crate) fn is_multicast(self) -> bool {
        self.within(&["224.0.0.0/4", "ff00::/8"])
    }

    pub(crate) fn is_loopback(self) -> bool {
        self.within(&["127.0.0.0/8", "::1/128"])
    }

    pub(crate) fn is_link_local(self) -> bool {
        self.within(&["169.254.0.0/16", "fe80::/10"])
    }

    pub(crate) fn is_reserved(self) -> bool {
        let v6 = [
            "::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3",
            "e000::/4", "f000::/5", "f800::/6", "fe00::/9",
        ];
        self.within(&["240.0.0.0/4"]) || self.within(&v6)
    }

    /// The IPv4 address in an IPv6 one: mapped (`::ffff:1.2.3.4`), or alone in its last bits.
    pub(crate) fn as_v4(self) -> Option<Address> {
        let high = self.number >> 32;
        (self.v6 && (high == 0xffff || high == 0)).then(|| Address {
            given: self.given,
            ..Address::new(false, self.number & u128::from(u32::MAX), self.prefix.saturating_sub(96))
        })
    }
}

pub(crate) fn v4(number: u128) -> Ipv4Addr {
    Ipv4Addr::from(number as u32)
}

/// The length of the prefix that a mask stands for: `255.255.255.0`, or `0.0.0.255`.
fn length(mask: &str, v6: bool) -> Option<u32> {
    let (number, bits) = match mask.parse::<IpAddr>().ok()? {
        IpAddr::V4(ip) if !v6 => (u128::from(u32::from(ip)) << 96, 32),
        IpAddr::V6(ip) if v6 => (u128::from(ip), 128),
        _ => return None,
    };
    let prefix = number.leading_ones();
    if prefix.min(bits) == bits || number << prefix == 0 {
        return Some(prefix.min(bits));
    }
    // A mask of hosts.
    let ones = number.count_ones();
    let inverse = number.leading_zeros();
    (inverse + ones == bits).then_some(inverse)
}
