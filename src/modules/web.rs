//! What `get_url` and `uri` have in common: the arguments of a request, and what a result tells of the answer.

use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use super::arguments::Secret;
use super::attributes::FileAttributes;
use crate::arguments;
use crate::plan::{Failure, Look, Request, Response};

arguments! {
    /// How a request is made.
    pub(crate) struct Web {
        /// More headers of the request, by name.
        headers: Map<String, Json> = Map::new(),
        /// How we call ourselves.
        http_agent: String = "ansible-httpget".to_owned(),
        /// Name for the server (Basic).
        url_username: Option<String> ["username", "user"],
        /// Password for the server.
        url_password: Option<Secret> ["password"],
        /// Name and password always go with the first request here, so this changes nothing.
        force_basic_auth: bool = false,
        /// Refuse a server whose certificate is not valid. False only for one's own, self-signed.
        validate_certs: bool = true,
        /// PEM file with the certificate, and perhaps the key, that shows who we are.
        client_cert: Option<PathBuf>,
        /// PEM file with its key.
        client_key: Option<PathBuf>,
        /// Accepted for Ansible's sake: answers packed by gzip are always unpacked.
        decompress: bool = true,
        /// Accepted for Ansible's sake: proxies of the task's environment are used.
        use_proxy: bool = true,
        /// Accepted for Ansible's sake: ~/.netrc is not read.
        use_netrc: bool = true,
        /// Not supported: Kerberos.
        use_gssapi: bool = false,
        /// Accepted for Ansible's sake: the ciphers are those of rustls.
        ciphers: Vec<String> = Vec::new(),
        /// Accepted for Ansible's sake: Authorization never goes to another host.
        unredirected_headers: Vec<String> = Vec::new(),
    } + attributes: FileAttributes
}

impl Web {
    /// A GET of `url`, to be made more of. `timeout` in seconds.
    pub(crate) fn request(&self, url: &str, timeout: f64) -> Result<Request, Failure> {
        if self.use_gssapi {
            return Err(Failure::argument("use_gssapi", "Kerberos (use_gssapi) is not supported; use a token in `headers`"));
        }
        let mut headers = vec![("User-Agent".to_owned(), self.http_agent.clone())];
        for (name, value) in &self.headers {
            headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            headers.push((name.clone(), text(value)));
        }
        let (url, login) = login(url);
        let user = match (&self.url_username, login) {
            (Some(name), _) => Some((name.clone(), self.url_password.as_ref().map_or_else(String::new, |secret| secret.0.clone()))),
            (None, login) => login,
        };
        let cert = self.client_cert.clone();
        Ok(Request {
            method: "GET".into(),
            url,
            headers,
            body: None,
            user,
            validate_certs: self.validate_certs,
            redirects: 10,
            timeout,
            unix_socket: None,
            ca_path: None,
            client_cert: cert.map(|cert| (cert.clone(), self.client_key.clone().unwrap_or(cert))),
        })
    }
}

/// A value as a header or a form field says it.
pub(crate) fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) => "False".into(),
        Json::Null => "None".into(),
        other => other.to_string(),
    }
}

/// `http://user:password@host/` without, and with what it held.
fn login(url: &str) -> (String, Option<(String, String)>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let Some((login, _)) = host.rsplit_once('@') else { return (url.to_owned(), None) };
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let plain = |text: &str| String::from_utf8_lossy(&unescaped(text)).into_owned();
    (format!("{scheme}://{}", &rest[login.len() + 1..]), Some((plain(name), plain(password))))
}

/// `%41` and its like as bytes.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// One header of an answer; of several with the name, all.
pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    let all: Vec<&str> = response.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// `OK (6 bytes)`, `HTTP Error 404: Not Found`.
pub(crate) fn message(response: &Response) -> String {
    match response.status {
        200..=299 => format!("OK ({} bytes)", header(response, "content-length").unwrap_or_else(|| "unknown".into())),
        status => format!("HTTP Error {status}: {}", response.reason),
    }
}

/// The last part of a URL's path: what a file from there is called.
pub(crate) fn file_name(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next()).unwrap_or_default();
    let name = String::from_utf8_lossy(&unescaped(name)).replace('/', "_");
    if name.is_empty() || name == "." || name == ".." { "index.html".to_owned() } else { name }
}

/// The body of an answer.
pub(crate) fn body(target: &dyn Look, response: &Response) -> Result<Vec<u8>, Failure> {
    Ok(target.read(&response.body)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(file_name("http://h/a/b.tgz?x=1"), "b.tgz");
        assert_eq!(file_name("http://h/a/b%20c"), "b c");
        assert_eq!(file_name("http://h"), "index.html");
        assert_eq!(file_name("http://h/%2e%2e"), "index.html");
        let (url, user) = login("http://u:p%40@h:80/x@y");
        assert_eq!((url.as_str(), user), ("http://h:80/x@y", Some(("u".into(), "p@".into()))));
        assert_eq!(login("http://h/x@y").1, None);
    }
}
