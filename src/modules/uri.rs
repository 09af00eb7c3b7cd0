//! `uri`: talks to a web service.

mod form;
mod told;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::arguments::Rule;
use super::clock::{http_date, now};
use super::web::{Web, file_name};
use super::{Module, glob};
use crate::plan::{Blob, Change, Content, Failure, Kind, Look, Outcome, Plan, Request, Response};
use crate::{arguments, choices};

choices! {
    /// How `body` is written.
    pub(crate) enum Format {
        Raw = "raw",
        Json = "json",
        Form = "form-urlencoded",
        Multipart = "form-multipart",
    }
}

choices! {
    /// Which redirects are followed.
    pub(crate) enum Redirects {
        Safe = "safe",
        All = "all" | "yes" | "true" | "urllib2",
        None = "none" | "no" | "false",
    }
}

arguments! {
    /// Sends a request to a web service, and checks and returns the answer.
    pub(crate) struct Uri {
        /// Where to: http or https.
        url: String,
        /// GET, POST, or any other.
        method: String = "GET".to_owned(),
        /// What to send: text, or values that `body_format` writes.
        body: Option<Json>,
        /// `json` and the forms set Content-Type, unless `headers` has it. `form-multipart` takes a dictionary of texts and of
        /// `{filename, content, mime_type}`; a `filename` without `content` is a file of the host.
        body_format: Format = Format::Raw,
        /// A file to send in place of `body`.
        src: Option<PathBuf>,
        /// `src` is on the host already.
        remote_src: bool = false,
        /// Status codes that mean success.
        status_code: Vec<i64> = vec![200],
        /// Return the body as `content`, whatever it is.
        return_content: bool = false,
        /// `safe` follows redirects of GET and HEAD, `all` of every method, `none` none.
        follow_redirects: Redirects = Redirects::Safe,
        /// Write the body into this file, or into this folder under the name in the URL.
        dest: Option<PathBuf>,
        /// If this file, or one that fits this pattern, is there, nothing is sent.
        creates: Option<PathBuf>,
        /// If it is not there, nothing is sent.
        removes: Option<PathBuf>,
        /// Fetch even what `dest` seems to have already.
        force: bool = false,
        /// Seconds for the whole request.
        timeout: f64 = 30.0,
        /// Connect to this socket; the URL's host is only named.
        unix_socket: Option<PathBuf>,
        /// PEM file of the authorities that the server's certificate is checked against.
        ca_path: Option<PathBuf>,
        /// Set by the controller: the file that `src` named there.
        _blob: Option<Blob>,
    } + web: Web
}

impl Module for Uri {
    const NAME: &'static str = "ansible.builtin.uri";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["body", "src"])];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: Is it up
  ansible.builtin.uri:
    url: http://127.0.0.1:8000/health
  register: health
  until: health.status == 200
  retries: 10
  delay: 1

- name: A new ticket
  ansible.builtin.uri:
    url: https://tickets.example.org/api/new
    method: POST
    user: ci
    password: "{{ password }}"
    body_format: json
    body:
      title: Deployed
    status_code: [200, 201]
"#;
    const RETURNS: &'static str = "\
status: the status code; -1 where there was no answer
url: where the answer came from, after redirects
redirected: whether that is elsewhere
msg: what the server said
content: the body, with return_content or where the status is not the right one
json: the body's value, where it is JSON
path: the file that was written, with dest
elapsed: seconds that it took
cookies, cookies_string: what the server set
and each header of the answer, in lower case with _ for -
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if let Some(path) = self.creates.as_ref().filter(|path| glob::first(target, path).is_some()) {
            return Ok(spared(&format!("skipped, since '{}' exists", path.display())));
        }
        if let Some(path) = self.removes.as_ref().filter(|path| glob::first(target, path).is_none()) {
            return Ok(spared(&format!("skipped, since '{}' does not exist", path.display())));
        }
        let request = self.request(target)?;
        let mut plan = Plan::of(vec![Change::Send(request)])
            .with("url", self.url.clone())
            .with("status", -1)
            .with("redirected", false)
            .with("elapsed", 0);
        plan.changed = Some(false);
        plan.unforeseeable = Some("what a request does, or answers, is not known before it is sent".into());
        let began = now();
        Ok(plan.then(move |target, outcomes| match outcomes.last() {
            Some(Outcome::Answered(response)) => {
                let elapsed = (now() - began).max(0.0) as u64;
                self.answered(response, target).map(|plan| plan.with("elapsed", elapsed))
            }
            _ => Ok(Plan::unchanged()),
        }))
    }
}

impl Uri {
    fn request(&self, target: &dyn Look) -> Result<Request, Failure> {
        let mut request = self.web.request(&self.url, self.timeout)?;
        request.method = self.method.to_uppercase();
        if request.method.is_empty() || !request.method.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(Failure::argument("method", format!("{:?} is no HTTP method", self.method)));
        }
        let content = match (&self.src, &self._blob, &self.body) {
            (_, Some(blob), _) => Some((bytes(target, &Content::Blob(blob.clone()))?, None)),
            (Some(path), None, _) => {
                if target.stat(path, true)?.is_none() {
                    return Err(Failure::argument("src", format!("Unable to open source file {}: it is not there", path.display())));
                }
                Some((bytes(target, &Content::File(path.clone()))?, None))
            }
            (None, None, Some(body)) if !body.is_null() => Some(form::body(self.body_format, body, target)?),
            _ => None,
        };
        if let Some((body, kind)) = content {
            let given = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !given || self.body_format == Format::Multipart {
                request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
                let kind = kind.unwrap_or_else(|| "application/x-www-form-urlencoded".into());
                request.headers.push(("Content-Type".into(), kind));
            }
            request.body = Some(body);
        }
        request.redirects = match self.follow_redirects {
            Redirects::Safe if !matches!(request.method.as_str(), "GET" | "HEAD") => 0,
            Redirects::None => 0,
            _ => 10,
        };
        if let Some(meta) = self.dest.as_ref().map(|path| target.stat(path, true)).transpose()?.flatten()
            && meta.kind == Kind::File
            && !self.force
        {
            request.headers.push(("If-Modified-Since".into(), http_date(meta.mtime as i64)));
        }
        request.unix_socket.clone_from(&self.unix_socket);
        request.ca_path.clone_from(&self.ca_path);
        Ok(request)
    }

    fn answered(self, response: &Response, target: &dyn Look) -> Result<Plan, Failure> {
        let mut plan = Plan { result: told::result(&self.url, response), ..Plan::default() };
        let body = super::web::body(target, response)?;
        let kept = response.status == 304 && self.dest.is_some();
        let right = kept || self.status_code.contains(&i64::from(response.status));
        let text = String::from_utf8_lossy(&body);
        if self.return_content || !right {
            plan.result.insert("content".into(), text.clone().into());
        }
        if let Some(value) = told::json(response, &text) {
            plan.result.insert("json".into(), value);
        }
        if !right {
            let msg = format!("Status code was {} and not {:?}: {}", response.status, self.status_code, super::web::message(response));
            return Err(Failure { msg, argument: Some("url".into()), result: plan.result });
        }
        plan.changed = Some(false);
        let Some(mut path) = self.dest else { return Ok(plan) };
        let mut there = target.stat(&path, true)?;
        if there.as_ref().is_some_and(|meta| meta.kind == Kind::Folder) {
            path.push(file_name(&response.url));
            there = target.stat(&path, true)?;
        }
        let same = kept || (there.is_some() && target.read(&path)?.as_ref() == Some(&body));
        let attributes = &self.web.attributes;
        match &there {
            Some(meta) if same => plan.changes.extend(attributes.own(target, &path, meta, None, true)?),
            _ => plan.changes.push(Change::Write {
                path: path.clone(),
                content: Content::Bytes(body),
                attributes: match &there {
                    Some(meta) => attributes.over(target, meta, None)?,
                    None => attributes.fresh(target, false, None),
                },
                backup: false,
                validate: None,
            }),
        }
        plan.changed = Some(!plan.changes.is_empty());
        Ok(self.web.attributes.finish(plan.with("path", json!(path)), target, path))
    }
}

fn spared(said: &str) -> Plan {
    Plan::unchanged().with("stdout", said).with("stdout_lines", json!([said]))
}

fn bytes(target: &dyn Look, content: &Content) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    std::io::Read::read_to_end(&mut target.content(content)?, &mut all)?;
    Ok(all)
}
