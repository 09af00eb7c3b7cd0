//! `get_url`: a file from a web server.

mod checksum;

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::Module;
use super::clock::{http_date, now};
use super::web::{Web, file_name, header, message};
use crate::arguments;
use crate::plan::{Algorithm, Change, Content, Failure, Kind, Look, Meta, Plan, Request, Response};
use checksum::Checksum;

arguments! {
    /// Downloads a file to the host.
    pub(crate) struct GetUrl {
        /// Where from: http or https.
        url: String,
        /// Where to. Into a folder it goes under the name that the server or the URL gives.
        dest: PathBuf,
        /// Download each time. Else a file that is there is asked for only as "if newer than this".
        force: bool ["thirsty"] = false,
        /// `algorithm:digest`, or `algorithm:URL` of a file of digests in which the file's name stands. A file that is there and has it
        /// is not downloaded, one that comes without it is refused.
        checksum: String = String::new(),
        /// The older form of `checksum: sha256:…`.
        sha256sum: String = String::new(),
        /// Seconds for the whole download.
        timeout: f64 = 10.0,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// Accepted for Ansible's sake: downloads lie in the task's own scratch folder.
        tmp_dest: Option<PathBuf>,
    } + web: Web
}

impl Module for GetUrl {
    const NAME: &'static str = "ansible.builtin.get_url";
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: The release, as its authors signed it off
  ansible.builtin.get_url:
    url: https://example.org/tool-1.2.tar.gz
    dest: /opt/tool.tar.gz
    checksum: sha256:https://example.org/tool-1.2.sha256
    mode: "0644"

- name: Behind a password
  ansible.builtin.get_url:
    url: https://example.org/private.deb
    dest: /tmp/
    url_username: ci
    url_password: "{{ password }}"
"#;
    const RETURNS: &'static str = "\
url: where from
dest: where to
status_code: of the answer
msg: what the server said
checksum_src: SHA-1 of what came
checksum_dest: SHA-1 of what was there
md5sum: MD5 of what came
elapsed: seconds that it took
backup_file: the old file, with backup
mode, owner, group, uid, gid, size, state: of what is there now
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let request = self.web.request(&self.url, self.timeout)?;
        let wanted = self.wanted(target, &request)?;
        let mut dest = self.dest.clone();
        let mut there = target.stat(&dest, true)?;
        let is_folder = there.as_ref().is_some_and(|meta| meta.kind == Kind::Folder);
        let mut older = there.as_ref().filter(|_| !is_folder && !self.force).map(|meta| meta.mtime);
        if let (false, Some(wanted), Some(_)) = (is_folder || self.force, &wanted, &there) {
            if target.digest(&dest, wanted.algorithm)?.as_ref() == Some(&wanted.digest) {
                let plan = Plan::unchanged().with("msg", "file already exists");
                return self.there(plan, target, &dest, there.as_ref());
            }
            older = None;
        }
        let began = now();
        let mut request = request;
        request.headers.extend(older.map(|time| ("If-Modified-Since".to_owned(), http_date(time as i64))));
        let response = target.fetch(&request).map_err(|error| self.failed(format!("Request failed: {error}"), began))?;
        if response.status == 304 {
            let plan = Plan::unchanged().with("msg", message(&response)).with("status_code", 304);
            return self.there(plan.with("elapsed", elapsed(began)), target, &dest, there.as_ref());
        }
        if !(200..300).contains(&response.status) {
            let msg = format!("Request failed: {} for {}", message(&response), response.url);
            return Err(self.failed(msg, began).with("status_code", response.status).with("response", message(&response)));
        }
        if is_folder {
            dest.push(offered_name(&response));
            there = target.stat(&dest, true)?;
        }
        let sha1 = target.digest(&response.body, Algorithm::Sha1)?;
        if let Some(wanted) = &wanted {
            let found = target.digest(&response.body, wanted.algorithm)?.unwrap_or_default();
            if found != wanted.digest {
                let msg = format!("The checksum of what came from {} is {found}, not {}", response.url, wanted.digest);
                return Err(Failure { argument: Some("checksum".into()), ..self.failed(msg, began) });
            }
        }
        let old = match &there {
            Some(_) => target.digest(&dest, Algorithm::Sha1)?,
            None => None,
        };
        let plan = Plan::unchanged()
            .with("msg", message(&response))
            .with("status_code", response.status)
            .with("checksum_src", json!(sha1))
            .with("checksum_dest", json!(old))
            .with("md5sum", json!(target.digest(&response.body, Algorithm::Md5)?))
            .with("elapsed", elapsed(began));
        if old == sha1 {
            return self.there(plan, target, &dest, there.as_ref());
        }
        let attributes = match &there {
            Some(meta) => self.web.attributes.over(target, meta, None)?,
            None => self.web.attributes.fresh(target, false, None),
        };
        let write =
            Change::Write { path: dest.clone(), content: Content::File(response.body), attributes, backup: self.backup, validate: None };
        let plan = Plan { changes: vec![write], ..plan };
        Ok(self.finish(plan, target, dest))
    }
}

impl GetUrl {
    fn wanted(&self, target: &dyn Look, request: &Request) -> Result<Option<Checksum>, Failure> {
        let sha256 = if self.sha256sum.is_empty() { String::new() } else { format!("sha256:{}", self.sha256sum) };
        let text = if self.checksum.is_empty() { sha256 } else { self.checksum.clone() };
        if text.is_empty() {
            return Ok(None);
        }
        checksum::of(&text, &file_name(&self.url), target, request).map(Some)
    }

    /// The right file is there; perhaps not with the right owner and mode.
    fn there(self, mut plan: Plan, target: &dyn Look, dest: &Path, meta: Option<&Meta>) -> Result<Plan, Failure> {
        if let Some(meta) = meta {
            plan.changes.extend(self.web.attributes.own(target, dest, meta, None, true)?);
        }
        plan.result.entry("elapsed").or_insert(json!(0));
        Ok(self.finish(plan, target, dest.to_owned()))
    }

    fn finish(self, plan: Plan, target: &dyn Look, dest: PathBuf) -> Plan {
        let plan = plan.with("url", self.url).with("dest", json!(dest));
        self.web.attributes.finish(plan, target, dest)
    }

    fn failed(&self, msg: String, began: f64) -> Failure {
        Failure::argument("url", msg).with("url", self.url.clone()).with("dest", json!(self.dest)).with("elapsed", elapsed(began))
    }
}

/// Whole seconds, as Ansible tells them.
fn elapsed(began: f64) -> Json {
    json!((now() - began).max(0.0) as u64)
}

/// What the server calls the file (RFC 6266), or its URL does.
fn offered_name(response: &Response) -> String {
    let disposition = header(response, "content-disposition").unwrap_or_default();
    let offered = disposition.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("filename").then(|| value.trim().trim_matches('"').to_owned())
    });
    // A name only: a server does not choose folders here.
    let plain = |name: String| name.rsplit(['/', '\\']).next().map(str::to_owned);
    offered.and_then(plain).filter(|name| !name.is_empty() && name != "." && name != "..").unwrap_or_else(|| file_name(&response.url))
}
