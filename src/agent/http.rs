//! Requests from the target: names are resolved without NSS, certificates are those that the host trusts.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::config::Config;
use ureq::http::{self, Uri};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Proxy, ResponseExt};

use super::look::Host;
use super::stop::Stop;
use super::{resolve, sentence, unix_socket};
use crate::plan::{Look, Request, Response};

/// Where distributions keep the certificates that the host trusts: Debian, Red Hat, SUSE, Alpine.
const TRUSTED: [&str; 4] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

/// Asks, with the body into `into`, whose path is `path`.
pub(crate) fn request(request: &Request, mut into: File, path: PathBuf, host: &Host, stop: &Stop) -> io::Result<Response> {
    stop.check()?;
    let fail = |error: ureq::Error| io::Error::other(why(request, &error));
    let uri: Uri = request.url.parse().map_err(|error| io::Error::other(format!("{} is no URL: {error}", shown(&request.url))))?;
    let agent = agent(request, &uri, host, stop)?;
    let response = match &request.body {
        Some(body) => {
            head(request, &uri)?.body(body.clone()).map_err(|error| fail(error.into())).and_then(|r| agent.run(r).map_err(fail))?
        }
        None => head(request, &uri)?.body(()).map_err(|error| fail(error.into())).and_then(|r| agent.run(r).map_err(fail))?,
    };
    let url = response.get_uri().to_string();
    let (parts, body) = response.into_parts();
    let mut body = body.into_with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 64 << 10];
    loop {
        stop.check()?;
        match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => into.write_all(&buffer[..n]).map_err(|error| sentence::error("write", &path, &error))?,
            Err(error) => return Err(io::Error::other(format!("the answer of {} broke off: {error}", shown(&request.url)))),
        }
    }
    Ok(Response {
        status: parts.status.as_u16(),
        reason: parts.status.canonical_reason().unwrap_or_default().to_owned(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        url,
        body: path,
    })
}

fn head(request: &Request, uri: &Uri) -> io::Result<http::request::Builder> {
    let mut builder = http::Request::builder().method(request.method.as_str()).uri(uri);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some((user, password)) = &request.user {
        builder = builder.header("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
    }
    Ok(builder)
}

fn agent(request: &Request, uri: &Uri, host: &Host, stop: &Stop) -> io::Result<Agent> {
    let own = Some(request.timeout).filter(|t| *t > 0.0).and_then(|t| Duration::try_from_secs_f64(t).ok());
    let timeout = own.into_iter().chain(stop.left()).min();
    let mut config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(request.redirects)
        .max_redirects_will_error(false)
        .save_redirect_history(true)
        .allow_non_standard_methods(true)
        .timeout_global(timeout)
        .user_agent("deploy")
        .proxy(proxy(uri, host));
    if uri.scheme_str() == Some("https") {
        config = config.tls_config(tls(request)?);
    }
    let config = config.build();
    Ok(match &request.unix_socket {
        Some(socket) => Agent::with_parts(config, unix_socket::Connector(socket.clone()), Names),
        None => Agent::with_parts(config, DefaultConnector::new(), Names),
    })
}

/// The proxy that the task's environment names for this address, as curl and Python read it.
fn proxy(uri: &Uri, host: &Host) -> Option<Proxy> {
    let variable = |name: &str| host.env(&name.to_lowercase()).or_else(|| host.env(&name.to_uppercase())).filter(|value| !value.is_empty());
    let proxy = variable(&format!("{}_proxy", uri.scheme_str()?)).or_else(|| variable("all_proxy"))?;
    let name = uri.host()?;
    let excluded = |entry: &str| {
        entry == "*" || name == entry.trim_start_matches('.') || name.ends_with(&format!(".{}", entry.trim_start_matches('.')))
    };
    let direct = variable("no_proxy").is_some_and(|list| list.split(',').map(str::trim).any(|entry| !entry.is_empty() && excluded(entry)));
    if direct { None } else { Proxy::new(&proxy).ok() }
}

fn tls(request: &Request) -> io::Result<TlsConfig> {
    let mut tls = TlsConfig::builder().disable_verification(!request.validate_certs);
    if request.validate_certs {
        let roots = match &request.ca_path {
            Some(file) => Arc::new(certificates(file)?),
            None => trusted()?,
        };
        tls = tls.root_certs(RootCerts::Specific(roots));
    }
    if let Some((certificate, key)) = &request.client_cert {
        let pem = std::fs::read(key).map_err(|error| sentence::error("read", key, &error))?;
        let key =
            PrivateKey::from_pem(&pem).map_err(|error| io::Error::other(format!("{} holds no private key: {error}", key.display())))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&certificates(certificate)?, key)));
    }
    Ok(tls.build())
}

/// Read once: there are about 150.
fn trusted() -> io::Result<Arc<Vec<Certificate<'static>>>> {
    static ALL: OnceLock<Arc<Vec<Certificate<'static>>>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all.clone());
    }
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let file = named.into_iter().chain(TRUSTED.map(PathBuf::from)).find(|file| file.exists());
    let Some(file) = file else {
        return Err(io::Error::other(
            "this host has no list of certificates that it trusts: install ca-certificates, or set `validate_certs: false`",
        ));
    };
    let all = Arc::new(certificates(&file)?);
    Ok(ALL.get_or_init(|| all).clone())
}

fn certificates(file: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let pem = std::fs::read(file).map_err(|error| sentence::error("read", file, &error))?;
    let all: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if all.is_empty() {
        return Err(io::Error::other(format!("{} holds no certificate in PEM form", file.display())));
    }
    Ok(all)
}

/// Names through [`resolve`].
#[derive(Debug)]
struct Names;

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, _config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let name = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let limit = (!timeout.after.is_not_happening()).then(|| timeout.after.as_secs_f64());
        let host = Host::new(&Default::default(), Arc::new(Stop::after(limit)), None);
        let found = resolve::addresses(name, port, &host).map_err(ureq::Error::Io)?;
        let mut all = self.empty();
        found.into_iter().take(16).for_each(|address| all.push(address));
        Ok(all)
    }
}

/// Without a user's name and password.
fn shown(url: &str) -> String {
    match url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.split_once('/').unwrap_or((rest, "")), rest.split('/').next()?.rsplit_once('@')?)))
    {
        Some((scheme, (_, path), (_, host))) => format!("{scheme}://{host}/{path}"),
        None => url.to_owned(),
    }
}

fn why(request: &Request, error: &ureq::Error) -> String {
    let url = shown(&request.url);
    let reason = match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "the connection is refused; is the server running?".to_owned()
        }
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Timeout(_) => format!("no answer within {} seconds", request.timeout),
        ureq::Error::HostNotFound => "the host name is not known".into(),
        other if other.to_string().contains("certificate") || other.to_string().contains("UnknownIssuer") => {
            format!("{other}; if the server's certificate is meant to be like that, give `ca_path` or set `validate_certs: false`")
        }
        other => other.to_string(),
    };
    format!("cannot ask {url}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that answers once; what it was asked comes back.
    fn answer_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://localhost:{}/revision", listener.local_addr().unwrap().port());
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = vec![0; 4096];
            let n = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..n]).into_owned()
        });
        (url, served)
    }

    fn host() -> Host {
        Host::new(&[("no_proxy".to_owned(), "localhost".to_owned())].into(), Arc::new(Stop::new()), None)
    }

    #[test]
    fn status_headers_and_body() {
        let (url, served) = answer_once("HTTP/1.1 503 Service Unavailable\r\nX-A: b\r\nContent-Length: 4\r\n\r\ndown");
        let asked = Request { method: "GET".into(), url, user: Some(("a".into(), "b".into())), timeout: 5.0, ..Request::default() };
        let host = host();
        let answer = host.fetch(&asked).unwrap();
        assert_eq!((answer.status, answer.reason.as_str()), (503, "Service Unavailable"));
        assert_eq!(std::fs::read(&answer.body).unwrap(), b"down");
        assert!(answer.headers.contains(&("x-a".into(), "b".into())));
        assert!(served.join().unwrap().to_lowercase().contains("authorization: basic ytpi"));
        drop(host);
        assert!(!answer.body.exists());
    }

    #[test]
    fn refused_says_so() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let asked =
            Request { method: "GET".into(), url: format!("http://u:secret@localhost:{port}/x"), timeout: 5.0, ..Request::default() };
        let error = host().fetch(&asked).unwrap_err().to_string();
        assert_eq!(error, format!("cannot ask http://localhost:{port}/x: the connection is refused; is the server running?"));
    }
}
