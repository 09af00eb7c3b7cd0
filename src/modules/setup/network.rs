//! Interfaces, addresses, default routes, name servers.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value as Json, json};

use super::{Facts, exists, link, names, text};
use crate::plan::{Command, Look};

struct Address4 {
    /// The interface, or its alias (`eth0:1`).
    label: String,
    address: Ipv4Addr,
    prefix: u8,
    broadcast: String,
}

pub(super) fn gather(target: &dyn Look) -> Facts {
    let four = addresses4(target);
    let six = addresses6(target);
    // Also holds files such as bonding_masters: only links are interfaces.
    let found = names(target, "/sys/class/net").into_iter().filter(|name| exists(target, format!("/sys/class/net/{name}/mtu")));
    let mut described: BTreeMap<String, Facts> = found
        .map(|name| {
            let facts = interface(target, &name);
            (name, facts)
        })
        .collect();
    for address in &four {
        let facts =
            described.entry(address.label.clone()).or_insert_with(|| Facts::from_iter([("device".to_owned(), json!(address.label))]));
        let fact = described4(address);
        if facts.contains_key("ipv4") {
            let more = facts.entry("ipv4_secondaries").or_insert_with(|| json!([]));
            more.as_array_mut().into_iter().for_each(|more| more.push(fact.clone()));
        } else {
            facts.insert("ipv4".into(), fact);
        }
    }
    for (name, address, prefix, scope) in &six {
        let Some(facts) = described.get_mut(name) else { continue };
        let list = facts.entry("ipv6").or_insert_with(|| json!([]));
        let fact = json!({ "address": address.to_string(), "prefix": prefix.to_string(), "scope": scope });
        list.as_array_mut().into_iter().for_each(|list| list.push(fact.clone()));
    }
    let shown4: Vec<String> = four.iter().map(|a| a.address).filter(|a| !a.is_loopback()).map(|a| a.to_string()).collect();
    let shown6: Vec<String> = six.iter().map(|(_, a, _, _)| a).filter(|a| !a.is_loopback()).map(Ipv6Addr::to_string).collect();
    let reachable4: Vec<String> = ["127.0.0.0/8".to_owned()].into_iter().chain(four.iter().map(|a| a.address.to_string())).collect();
    let reachable6: Vec<String> = six.iter().map(|(_, a, _, _)| a.to_string()).collect();
    let mut facts = Facts::from_iter([
        ("interfaces".to_owned(), json!(described.keys().collect::<Vec<_>>())),
        ("all_ipv4_addresses".to_owned(), json!(shown4)),
        ("all_ipv6_addresses".to_owned(), json!(shown6)),
        ("locally_reachable_ips".to_owned(), json!({ "ipv4": reachable4, "ipv6": reachable6 })),
        ("default_ipv4".to_owned(), default4(target, &four, &described)),
        ("default_ipv6".to_owned(), default6(target, &six, &described)),
    ]);
    facts.extend(described.into_iter().map(|(name, facts)| (fact_name(&name), Json::Object(facts))));
    facts
}

/// Names of variables have no dashes, colons or dots.
fn fact_name(interface: &str) -> String {
    interface.replace(['-', ':'], "_")
}

fn interface(target: &dyn Look, name: &str) -> Facts {
    let base = format!("/sys/class/net/{name}");
    let read = |file: &str| text(target, format!("{base}/{file}"));
    let number = |file: &str| read(file).and_then(|n| n.parse::<i64>().ok());
    let mut facts = Facts::from_iter([("device".to_owned(), json!(name))]);
    let mut set = |fact: &str, value: Json| drop(facts.insert(fact.to_owned(), value));
    if let Some(address) = read("address").filter(|a| a != "00:00:00:00:00:00") {
        set("macaddress", json!(address));
    }
    number("mtu").into_iter().for_each(|mtu| set("mtu", json!(mtu)));
    set("active", json!(read("operstate").is_some_and(|state| state != "down")));
    let last = |to: String| to.rsplit('/').next().map(str::to_owned);
    link(target, format!("{base}/device/driver/module")).and_then(last).into_iter().for_each(|m| set("module", json!(m)));
    // linux/if_arp.h
    let kind = match number("type") {
        Some(1) => Some("ether"),
        Some(32) => Some("infiniband"),
        Some(512) => Some("ppp"),
        Some(772) => Some("loopback"),
        Some(65534) => Some("tunnel"),
        _ => None,
    };
    kind.into_iter().for_each(|kind| set("type", json!(kind)));
    if exists(target, format!("{base}/bridge")) {
        set("type", json!("bridge"));
        set("interfaces", json!(names(target, format!("{base}/brif"))));
        read("bridge/bridge_id").into_iter().for_each(|id| set("id", json!(id)));
        read("bridge/stp_state").into_iter().for_each(|stp| set("stp", json!(stp == "1")));
    }
    if exists(target, format!("{base}/bonding")) {
        let first = |file: &str| read(file).and_then(|line| line.split_whitespace().next().map(str::to_owned));
        set("type", json!("bonding"));
        set("slaves", json!(read("bonding/slaves").unwrap_or_default().split_whitespace().collect::<Vec<_>>()));
        for (fact, file) in
            [("mode", "bonding/mode"), ("miimon", "bonding/miimon"), ("lacp_rate", "bonding/lacp_rate"), ("primary", "bonding/primary")]
        {
            first(file).into_iter().for_each(|value| set(fact, json!(value)));
        }
        set("all_slaves_active", json!(read("bonding/all_slaves_active").as_deref() == Some("1")));
    }
    link(target, format!("{base}/device")).and_then(last).into_iter().for_each(|id| set("pciid", json!(id)));
    number("speed").into_iter().for_each(|speed| set("speed", json!(speed)));
    // IFF_PROMISC, netdevice(7).
    let flags = read("flags").and_then(|f| u64::from_str_radix(f.trim_start_matches("0x"), 16).ok()).unwrap_or(0);
    set("promisc", json!(flags & 0x100 != 0));
    facts
}

fn described4(of: &Address4) -> Json {
    let mask = u32::MAX.checked_shl(32 - u32::from(of.prefix)).unwrap_or(0);
    json!({
        "address": of.address.to_string(),
        "broadcast": of.broadcast,
        "netmask": Ipv4Addr::from(mask).to_string(),
        "network": Ipv4Addr::from(u32::from(of.address) & mask).to_string(),
        "prefix": of.prefix.to_string(),
    })
}

/// From `ip`, which knows labels and broadcast addresses; without it (or with busybox's), from /proc.
fn addresses4(target: &dyn Look) -> Vec<Address4> {
    let question = Command::new(["ip", "-4", "-j", "addr"]);
    let answer = target.which("ip").and_then(|_| target.ask(&question).ok());
    let Some(Json::Array(interfaces)) = answer.and_then(|a| serde_json::from_slice(&a.stdout).ok()) else {
        return addresses4_of_proc(target);
    };
    let word = |of: &Json, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for interface in &interfaces {
        for info in interface["addr_info"].as_array().into_iter().flatten().filter(|info| info["family"] == "inet") {
            let (Ok(address), Some(prefix)) = (word(info, "local").parse(), info["prefixlen"].as_u64()) else { continue };
            let label = Some(word(info, "label")).filter(|l| !l.is_empty()).unwrap_or_else(|| word(interface, "ifname"));
            found.push(Address4 { label, address, prefix: prefix as u8, broadcast: word(info, "broadcast") });
        }
    }
    found
}

/// A route of /proc/net/route: (interface, destination, gateway, flags, metric, mask).
type Route = (String, u32, u32, u32, u32, u32);

fn routes4(target: &dyn Look) -> Vec<Route> {
    let table = text(target, "/proc/net/route").unwrap_or_default();
    let row = |line: &str| {
        let f: Vec<&str> = line.split_whitespace().collect();
        // Addresses are printed as this machine's integers, in network byte order.
        let address = |at: usize| u32::from_str_radix(f.get(at)?, 16).ok().map(u32::to_be);
        let flags = u32::from_str_radix(f.get(3)?, 16).ok()?;
        Some((f[0].to_owned(), address(1)?, address(2)?, flags, f.get(6)?.parse().ok()?, address(7)?))
    };
    table.lines().skip(1).filter_map(row).collect()
}

fn addresses4_of_proc(target: &dyn Look) -> Vec<Address4> {
    let trie = text(target, "/proc/net/fib_trie").unwrap_or_default();
    let routes = routes4(target);
    let mut found: Vec<Address4> = Vec::new();
    let mut leaf = None;
    for line in trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse::<Ipv4Addr>().ok();
        } else if let (Some(address), "/32 host LOCAL") = (leaf, line)
            && !found.iter().any(|a| a.address == address)
        {
            let near = routes.iter().filter(|r| r.2 == 0 && r.1 != 0 && u32::from(address) & r.5 == r.1);
            let (label, mask) = match near.max_by_key(|r| r.5) {
                Some(route) => (route.0.clone(), route.5),
                None if address.is_loopback() => ("lo".to_owned(), 0xff00_0000),
                None => continue,
            };
            let broadcast = if address.is_loopback() { String::new() } else { Ipv4Addr::from(u32::from(address) | !mask).to_string() };
            found.push(Address4 { label, address, prefix: mask.count_ones() as u8, broadcast });
        }
    }
    found
}

/// (interface, address, prefix length, scope), from /proc/net/if_inet6.
fn addresses6(target: &dyn Look) -> Vec<(String, Ipv6Addr, u8, &'static str)> {
    let table = text(target, "/proc/net/if_inet6").unwrap_or_default();
    let row = |line: &str| {
        let f: Vec<&str> = line.split_whitespace().collect();
        let address = Ipv6Addr::from(u128::from_str_radix(f.first()?, 16).ok()?);
        // include/net/ipv6.h: IPV6_ADDR_LINKLOCAL, _LOOPBACK, _SITELOCAL.
        let scope = match *f.get(3)? {
            "20" => "link",
            "10" => "host",
            "40" => "site",
            _ => "global",
        };
        Some(((*f.get(5)?).to_owned(), address, u8::from_str_radix(f.get(2)?, 16).ok()?, scope))
    };
    table.lines().filter_map(row).collect()
}

fn default4(target: &dyn Look, addresses: &[Address4], described: &BTreeMap<String, Facts>) -> Json {
    const UP_GATEWAY: u32 = 0x3;
    let routes = routes4(target);
    let by_gateway = routes.iter().filter(|r| r.1 == 0 && r.5 == 0 && r.3 & UP_GATEWAY == UP_GATEWAY).min_by_key(|r| r.4);
    let Some(route) = by_gateway.or_else(|| routes.iter().filter(|r| r.1 == 0 && r.5 == 0).min_by_key(|r| r.4)) else {
        return json!({});
    };
    let of_interface = |a: &&Address4| a.label.split(':').next() == Some(route.0.as_str());
    let same_net = |a: &&Address4| {
        let mask = u32::MAX.checked_shl(32 - u32::from(a.prefix)).unwrap_or(0);
        u32::from(a.address) & mask == route.2 & mask
    };
    let mut fact = Facts::from_iter([("interface".to_owned(), json!(route.0))]);
    if route.2 != 0 {
        fact.insert("gateway".into(), json!(Ipv4Addr::from(route.2).to_string()));
    }
    if let Some(own) = addresses.iter().filter(of_interface).find(same_net).or_else(|| addresses.iter().find(of_interface)) {
        fact.extend(described4(own).as_object().cloned().unwrap_or_default());
        fact.insert("alias".into(), json!(own.label));
    }
    fact.extend(borrowed(described, &route.0));
    Json::Object(fact)
}

fn default6(target: &dyn Look, addresses: &[(String, Ipv6Addr, u8, &'static str)], described: &BTreeMap<String, Facts>) -> Json {
    let table = text(target, "/proc/net/ipv6_route").unwrap_or_default();
    let row = |line: &str| {
        let f: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let is_default = f.len() >= 10 && f[0].chars().all(|c| c == '0') && f[1] == "00" && f[9] != "lo";
        is_default.then(|| (u32::from_str_radix(&f[5], 16).unwrap_or(u32::MAX), f))
    };
    let Some((_, route)) = table.lines().filter_map(row).min_by_key(|(metric, _)| *metric) else { return json!({}) };
    let mut fact = Facts::from_iter([("interface".to_owned(), json!(route[9]))]);
    if let Some(gateway) = u128::from_str_radix(&route[4], 16).ok().filter(|g| *g != 0) {
        fact.insert("gateway".into(), json!(Ipv6Addr::from(gateway).to_string()));
    }
    let own = |scope: &str| addresses.iter().find(|(name, _, _, of)| *name == route[9] && *of == scope);
    let Some((_, address, prefix, scope)) = own("global") else { return json!({}) };
    fact.insert("address".into(), json!(address.to_string()));
    fact.insert("prefix".into(), json!(prefix.to_string()));
    fact.insert("scope".into(), json!(scope));
    fact.extend(borrowed(described, &route[9]));
    Json::Object(fact)
}

fn borrowed(described: &BTreeMap<String, Facts>, interface: &str) -> Facts {
    let of = described.get(interface);
    let fact = |name: &str| Some((name.to_owned(), of?.get(name)?.clone()));
    ["macaddress", "mtu", "type"].into_iter().filter_map(fact).collect()
}

/// resolv.conf(5).
pub(super) fn dns(target: &dyn Look) -> Facts {
    let config = text(target, "/etc/resolv.conf").unwrap_or_default();
    let mut facts = Facts::new();
    let mut servers = Vec::new();
    for line in config.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        match name {
            "nameserver" => servers.extend(rest.iter().map(|s| (*s).to_owned())),
            "domain" => drop(facts.insert("domain".into(), json!(rest.first()))),
            "search" | "sortlist" => drop(facts.insert(name.into(), json!(rest))),
            "options" => {
                let option = |o: &&str| o.split_once(':').map_or(((*o).to_owned(), json!(true)), |(n, v)| (n.to_owned(), json!(v)));
                facts.insert("options".into(), Json::Object(rest.iter().map(option).collect()));
            }
            _ => {}
        }
    }
    if !servers.is_empty() {
        facts.insert("nameservers".into(), json!(servers));
    }
    Facts::from_iter([("dns".to_owned(), facts.into())])
}
