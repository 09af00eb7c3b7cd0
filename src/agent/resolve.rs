//! Host names: numbers, /etc/hosts, then `getent`. Never through the C library, whose NSS a static program must not load.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::plan::{Command, Look};

pub(crate) fn addresses(host: &str, port: u16, target: &dyn Look) -> io::Result<Vec<SocketAddr>> {
    let found = |addresses: Vec<IpAddr>| addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(found(vec![ip]));
    }
    let hosts = target.read(Path::new("/etc/hosts"))?.unwrap_or_default();
    let listed = in_hosts(&String::from_utf8_lossy(&hosts), host);
    if !listed.is_empty() {
        return Ok(found(listed));
    }
    let answer = target.ask(&Command { accept: Vec::new(), ..Command::new(["getent", "ahosts", host]) })?;
    let mut all: Vec<IpAddr> = Vec::new();
    for line in answer.text().lines() {
        if let Some(ip) = line.split_whitespace().next().and_then(|word| word.parse().ok())
            && !all.contains(&ip)
        {
            all.push(ip);
        }
    }
    if all.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("the host name {host} is not known on this host (DNS, /etc/hosts)")));
    }
    Ok(found(all))
}

fn in_hosts(hosts: &str, name: &str) -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = hosts
        .lines()
        .filter_map(|line| {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let ip = words.next()?.parse().ok()?;
            words.any(|word| word.eq_ignore_ascii_case(name)).then_some(ip)
        })
        .collect();
    all.dedup();
    if all.is_empty() && name.eq_ignore_ascii_case("localhost") {
        all.push(IpAddr::from([127, 0, 0, 1]));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_file() {
        let hosts = "127.0.0.1 localhost\n10.0.0.7  db-1.internal DB-1 # the old one\n";
        assert_eq!(in_hosts(hosts, "db-1"), ["10.0.0.7".parse::<IpAddr>().unwrap()]);
        assert!(in_hosts(hosts, "old").is_empty());
    }
}
