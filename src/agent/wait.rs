//! Waits for a condition, asking again and again.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use super::target::Target;
use crate::pattern::{self, Options, Pattern};
use crate::plan::{Failure, Outcome, Request, Until, Wait};

/// Read from a port or a file at most, to search in.
const MOST_SEARCHED: usize = 1 << 20;

#[derive(Default)]
struct Found {
    groups: Vec<Option<String>>,
    named: Vec<(String, Option<String>)>,
}

pub(crate) fn perform(wait: &Wait, target: &dyn Target) -> Result<Outcome, Failure> {
    let start = target.clock();
    let elapsed = || target.clock().saturating_sub(start).as_secs_f64();
    let waited = |elapsed: f64, found: Found| Outcome::Waited { elapsed, groups: found.groups, named: found.named };
    if matches!(wait.until, Until::Elapsed) {
        target.sleep(seconds(wait.delay + wait.timeout))?;
        return Ok(waited(elapsed(), Found::default()));
    }
    let search = Search::of(&wait.until)?;
    target.sleep(seconds(wait.delay))?;
    let mut last = None;
    loop {
        match holds(&wait.until, search.as_ref(), target) {
            Ok(Some(found)) => return Ok(waited(elapsed(), found)),
            Ok(None) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted) => {
                return Err(error.into());
            }
            Err(error) => last = Some(error.to_string()),
        }
        if elapsed() >= wait.timeout {
            // A refused connection is what one waits for to end; of an answer, the reason tells most.
            let why = last.filter(|_| matches!(wait.until, Until::Answers { .. })).map(|why| format!(" ({why})")).unwrap_or_default();
            return Err(Failure::new(format!("{}{why}", wait.message)).with("elapsed", elapsed() as i64));
        }
        target.sleep(seconds(wait.sleep.max(0.01).min(wait.timeout - elapsed())))?;
    }
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time).unwrap_or_default()
}

struct Search(Pattern);

impl Search {
    fn of(until: &Until) -> Result<Option<Search>, Failure> {
        let (Until::PortOpen { search: Some(text), .. } | Until::FilePresent { search: Some(text), .. }) = until else {
            return Ok(None);
        };
        // Python's re.MULTILINE on bytes, as Ansible's wait_for searches.
        let options = Options { multiline: true, ascii: true, ..Options::default() };
        match Pattern::new(&pattern::latin(text.as_bytes()), options) {
            Ok(pattern) => Ok(Some(Search(pattern))),
            Err(error) => Err(Failure::new(format!("the pattern {text:?} cannot be searched for: {error}"))),
        }
    }

    fn find(&self, text: &[u8]) -> Option<Found> {
        let text = pattern::latin(text);
        let captures = self.0.captures(&text, 0)?;
        let string = |group: usize| {
            let bytes = pattern::bytes(captures.get(group)?.as_str());
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let names = self.0.names();
        Some(Found {
            groups: (1..=self.0.groups()).map(string).collect(),
            named: names.into_iter().enumerate().filter_map(|(group, name)| Some((name?, string(group)))).collect(),
        })
    }
}

fn holds(until: &Until, search: Option<&Search>, target: &dyn Target) -> io::Result<Option<Found>> {
    let yes = |holds: bool| holds.then(Found::default);
    match until {
        Until::PortOpen { host, port, connect_timeout, .. } => match (target.connect(host, *port, seconds(*connect_timeout)), search) {
            (Ok(_), None) => Ok(yes(true)),
            (Ok(mut stream), Some(search)) => Ok(read_until(&mut stream, search)),
            (Err(error), _) => Err(error),
        },
        Until::PortClosed { host, port, connect_timeout } => Ok(yes(target.connect(host, *port, seconds(*connect_timeout)).is_err())),
        Until::Drained { host, port, states, exclude } => drained(host, *port, states, exclude, target).map(yes),
        Until::FilePresent { path, .. } => match search {
            None => Ok(yes(target.stat(path, true)?.is_some())),
            Some(search) => Ok(target.read(path)?.and_then(|text| search.find(&text))),
        },
        Until::FileAbsent { path } => Ok(yes(target.stat(path, true)?.is_none())),
        Until::Answers { request, key, value } => answers(request, key.as_deref(), value, target).map(yes),
        Until::Elapsed => Ok(yes(true)),
    }
}

/// Reads what the port says until the pattern is in it.
fn read_until(stream: &mut dyn Read, search: &Search) -> Option<Found> {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while text.len() < MOST_SEARCHED {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => text.extend_from_slice(&buffer[..n]),
        }
        if let Some(found) = search.find(&text) {
            return Some(found);
        }
    }
    None
}

fn answers(request: &Request, key: Option<&str>, value: &str, target: &dyn Target) -> io::Result<bool> {
    let response = target.send(request)?;
    let mut body = Vec::new();
    target.content(&crate::plan::Content::File(response.body.clone()))?.take(MOST_SEARCHED as u64).read_to_end(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    if response.status >= 400 {
        return Err(io::Error::other(format!("{} answers {} {}", request.url, response.status, response.reason)));
    }
    let found = key
        .and_then(|key| serde_json::from_str::<serde_json::Value>(&body).ok()?.get(key)?.as_str().map(str::to_owned))
        .unwrap_or_else(|| body.trim().to_owned());
    if found == value {
        return Ok(true);
    }
    let short: String = found.chars().take(80).collect();
    Err(io::Error::other(format!("{} answers {short:?}, not {value:?}", request.url)))
}

/// No connection to the port is left in one of the states, as /proc/net/tcp and tcp6 list them.
fn drained(host: &str, port: u16, states: &[String], exclude: &[String], target: &dyn Target) -> io::Result<bool> {
    let any = matches!(host, "0.0.0.0" | "::" | "");
    let wanted: Vec<u8> = states.iter().filter_map(|state| state_code(state)).collect();
    for (file, v6) in [("/proc/net/tcp", false), ("/proc/net/tcp6", true)] {
        let table = target.read(Path::new(file))?.unwrap_or_default();
        for line in String::from_utf8_lossy(&table).lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, ..] = fields[..] else {
                continue;
            };
            let (Some((local, at)), Some((remote, _))) = (address(local, v6), address(remote, v6)) else {
                continue;
            };
            let counts = u8::from_str_radix(state, 16).is_ok_and(|state| wanted.contains(&state));
            if at == port && counts && (any || local == host) && !exclude.contains(&remote) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The numbers of include/net/tcp_states.h.
fn state_code(name: &str) -> Option<u8> {
    let names = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSE",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
    ];
    names.iter().position(|known| *known == name.to_uppercase()).and_then(|at| u8::try_from(at + 1).ok())
}

/// `0100007F:0050`: words of the address in the machine's byte order, and the port.
fn address(field: &str, v6: bool) -> Option<(String, u16)> {
    let (address, port) = field.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<u32> =
        address.as_bytes().chunks(8).map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let text = if v6 {
        let address = std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
        address.to_ipv4_mapped().map_or_else(|| address.to_string(), |v4| v4.to_string())
    } else {
        std::net::Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string()
    };
    Some((text, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proc() {
        assert_eq!(address("0100007F:0050", false), Some(("127.0.0.1".into(), 80)));
        assert_eq!(address("0000000000000000FFFF00000100007F:1F90", true), Some(("127.0.0.1".into(), 8080)));
    }
}
