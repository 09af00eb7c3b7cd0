//! Lookups that ask other machines: `url`, `dig`.

use std::net::{IpAddr, ToSocketAddrs as _};

use super::terms;
use super::{Lookup, Query, programs};
use crate::agent;
use crate::plan::Request;
use crate::template::eval::Result;
use crate::value::Value;

pub(super) const TABLE: &[Lookup] = &[Lookup::new("url", url), Lookup::new("dig", dig)];

/// The answer's lines, or with `split_lines=false` its text.
fn url(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let text = |name: &str| query.text(name);
    let mut headers: Vec<(String, String)> = match query.option("headers") {
        Some(Value::Map(map)) => map.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        _ => Vec::new(),
    };
    headers.push(("user-agent".into(), text("http_agent").unwrap_or_else(|| "ansible-httpget".into())));
    if query.flag("force", false) {
        headers.push(("cache-control".into(), "no-cache".into()));
    }
    let timeout = match query.option("timeout") {
        Some(Value::Int(seconds)) => *seconds as f64,
        Some(Value::Float(seconds)) => *seconds,
        _ => 10.0,
    };
    let mut out = Vec::new();
    for term in &query.terms {
        let url = term.to_string();
        if !url.contains("://") {
            return Err(query.error(format!("{url:?} is no URL")));
        }
        let request = Request {
            method: "GET".into(),
            url: url.clone(),
            headers: headers.clone(),
            body: None,
            user: text("username").map(|user| (user, text("password").unwrap_or_default())),
            validate_certs: query.flag("validate_certs", true),
            redirects: if matches!(text("follow_redirects").as_deref(), Some("no" | "none" | "False")) { 0 } else { 10 },
            timeout,
            unix_socket: text("unix_socket").map(Into::into),
            ca_path: text("ca_path").map(Into::into),
            client_cert: None,
        };
        let (answer, body) = programs::waiting(|| agent::ask(&request)).map_err(|error| query.error(error.to_string()))?;
        if !(200..300).contains(&answer.status) {
            return Err(query.error(format!("{url} answers {} {}", answer.status, answer.reason)));
        }
        let body = String::from_utf8_lossy(&body);
        if query.flag("split_lines", true) {
            out.extend(body.lines().map(Value::str));
        } else {
            out.push(Value::from(body.into_owned()));
        }
    }
    Ok(out)
}

/// community.general's, by the resolver of this machine: addresses of a name.
fn dig(query: &Query<'_, '_>) -> Result<Vec<Value>> {
    let mut kind = query.text("qtype").unwrap_or_else(|| "A".into()).to_uppercase();
    let mut names = Vec::new();
    for term in &query.terms {
        let (name, own) = terms::options(
            query,
            &term.to_string(),
            &["qtype", "flat", "retry_servfail", "fail_on_error", "real_empty", "class", "tcp", "port"],
        )?;
        if let Some((_, given)) = own.iter().find(|(name, _)| name == "qtype") {
            kind = given.to_uppercase();
        }
        match name.rsplit_once('/').filter(|(_, kind)| kind.chars().all(|c| c.is_ascii_alphanumeric())) {
            Some((name, given)) => {
                kind = given.to_uppercase();
                names.push(name.to_string());
            }
            None if name.starts_with('@') => return Err(query.error("asks the resolver of this machine, not a server of its own")),
            None if !name.is_empty() => names.push(name),
            None => {}
        }
    }
    let wanted: fn(&IpAddr) -> bool = match kind.as_str() {
        "A" => IpAddr::is_ipv4,
        "AAAA" => IpAddr::is_ipv6,
        other => return Err(query.error(format!("asks the resolver of this machine for A and AAAA, not for {other}"))),
    };
    let mut out: Vec<Value> = Vec::new();
    for name in names {
        let found: Vec<IpAddr> = (name.trim_end_matches('.'), 0)
            .to_socket_addrs()
            .map(|all| all.map(|address| address.ip()).filter(wanted).collect())
            .unwrap_or_default();
        if found.is_empty() && !query.flag("real_empty", false) {
            out.push(Value::str("NXDOMAIN"));
        }
        for address in found {
            let text = Value::from(address.to_string());
            if !out.contains(&text) {
                out.push(text);
            }
        }
    }
    Ok(out)
}
