//! `unarchive`: what an archive holds, into a folder.
//!
//! The controller's action sends a local `src` as `_blob`; the archive comes in any case, since only its content tells whether
//! anything is to be done.

mod tar;
mod zip;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::attributes::{FileAttributes, facts};
use super::{Module, glob};
use crate::arguments;
use crate::plan::{Blob, Change, Command, Content, Failure, Kind, Look, Outcome, Output, Plan, Request};

arguments! {
    /// Unpacks an archive on the host: tar, packed by gzip, bzip2, xz, zstd or not at all, and zip. Needs the host's tar or unzip.
    pub(crate) struct Unarchive {
        /// The archive: on the controller, or, with `remote_src`, on the host or at a URL.
        src: String,
        /// The folder to unpack into; it must be there.
        dest: PathBuf,
        /// `src` is on the host already, or is a URL.
        remote_src: bool = false,
        /// The older form of it: `copy: false` is `remote_src: true`.
        copy: bool = true,
        /// A file or pattern; if it is there, nothing is unpacked.
        creates: Option<PathBuf>,
        /// Return the names of what the archive holds.
        list_files: bool = false,
        /// Leave these out: names or patterns in the archive.
        exclude: Vec<String> = Vec::new(),
        /// Unpack only these: names in the archive, of zip also patterns.
        include: Vec<String> = Vec::new(),
        /// Leave files that are newer than those in the archive.
        keep_newer: bool = false,
        /// More options for tar or unzip, such as `--strip-components=1`.
        extra_opts: Vec<String> = Vec::new(),
        /// Decrypt a local `src` of ansible-vault on the controller.
        decrypt: bool = true,
        /// Refuse a URL's server whose certificate is not valid.
        validate_certs: bool = true,
        /// Accepted for Ansible's sake.
        io_buffer_size: i64 = 65536,
        /// Set by the controller: the archive.
        _blob: Option<Blob>,
    } + attributes: FileAttributes
}

impl Module for Unarchive {
    const NAME: &'static str = "ansible.builtin.unarchive";
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: An archive of the role
  ansible.builtin.unarchive:
    src: tool.tgz
    dest: /opt/tool
    owner: root

- name: One that was downloaded, without its outer folder
  ansible.builtin.unarchive:
    src: /tmp/node.tar.xz
    dest: /opt/node
    remote_src: true
    extra_opts: [--strip-components=1]
    creates: /opt/node/bin/node
"#;
    const RETURNS: &'static str = "\
dest: where to
src: the archive
handler: TarArchive, TgzArchive or ZipArchive
files: names in the archive, with list_files
extract_results: command, exit code and output of tar or unzip
mode, owner, group, uid, gid, size, state: of the folder
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if let Some(path) = self.creates.as_ref().filter(|path| glob::first(target, path).is_some()) {
            let msg = format!("skipped, since {} exists", path.display());
            return Ok(Plan::unchanged().with("msg", msg).with("skipped", true));
        }
        if !self.exclude.is_empty() && !self.include.is_empty() {
            return Err(Failure::argument("include", "include and exclude exclude each other"));
        }
        let archive = self.archive(target)?;
        if target.stat(&self.dest, true)?.is_none_or(|meta| meta.kind != Kind::Folder) {
            let msg = format!("dest '{}' must be an existing dir", self.dest.display());
            return Err(Failure::argument("dest", msg));
        }
        let found =
            if starts(target, &archive, b"PK")? { zip::look(&self, &archive, target)? } else { tar::look(&self, &archive, target)? };
        let handler = match found.handler {
            "TarArchive" if starts(target, &archive, &[0x1f, 0x8b])? => "TgzArchive",
            other => other,
        };
        let mut plan = Plan::unchanged().with("dest", json!(self.dest)).with("src", self.src.clone()).with("handler", handler);
        plan.result.extend(facts(target, &self.dest));
        if self.list_files {
            plan.result.insert("files".into(), json!(found.names));
        }
        if !found.differs {
            return self.owned(plan, &found.names, target);
        }
        plan.changes.push(Change::Run(Command { accept: Vec::new(), ..found.extract }));
        Ok(plan.then(move |target, outcomes| {
            let Some(Outcome::Ran(output)) = outcomes.last() else { return Ok(Plan::unchanged()) };
            let results = json!({
                "cmd": found.shown, "rc": output.rc, "out": output.text(), "err": output.errors(),
            });
            if output.rc != 0 {
                let msg = format!("failed to unpack {} to {}: {}", self.src, self.dest.display(), last_line(output));
                return Err(Failure::argument("src", msg).with("extract_results", results));
            }
            self.owned(Plan::unchanged().with("extract_results", results), &found.names, target)
        }))
    }
}

/// What there is to know of an archive and what it would do.
struct Found {
    handler: &'static str,
    /// As they are below `dest`; folders end with a slash.
    names: Vec<String>,
    differs: bool,
    extract: Command,
    shown: Vec<String>,
}

impl Unarchive {
    /// The archive as a file on the host.
    fn archive(&self, target: &dyn Look) -> Result<PathBuf, Failure> {
        if let Some(blob) = &self._blob {
            return Ok(target.scratch(&Content::Blob(blob.clone()))?);
        }
        if self.src.contains("://") {
            let request = Request {
                method: "GET".into(),
                url: self.src.clone(),
                validate_certs: self.validate_certs,
                redirects: 10,
                timeout: 600.0,
                ..Request::default()
            };
            let failed = |why: String| Failure::argument("src", format!("Failure downloading {}, {why}", self.src));
            let response = target.fetch(&request).map_err(|error| failed(error.to_string()))?;
            if !(200..300).contains(&response.status) {
                return Err(failed(super::web::message(&response)));
            }
            return Ok(response.body);
        }
        let path = PathBuf::from(target.expand(&self.src));
        match target.stat(&path, true)? {
            None => Err(Failure::argument("src", format!("Source '{}' does not exist", path.display()))),
            Some(meta) if meta.kind != Kind::File => Err(Failure::argument("src", format!("Source '{}' is no file", path.display()))),
            Some(_) => Ok(path),
        }
    }

    /// Goes on with owner, group and mode of all that was, or would have been, unpacked.
    fn owned(self, mut plan: Plan, names: &[String], target: &dyn Look) -> Result<Plan, Failure> {
        let asks = &self.attributes;
        if asks.mode.is_some() || asks.owner.is_some() || asks.group.is_some() {
            for name in names {
                let path = self.dest.join(name.trim_end_matches('/'));
                if let Some(meta) = target.stat(&path, false)? {
                    plan.changes.extend(asks.own(target, &path, &meta, None, false)?);
                }
            }
        }
        plan.result.extend(facts(target, &self.dest));
        let dest = self.dest;
        Ok(plan.then(move |target, _| Ok(Plan { result: facts(target, &dest), ..Plan::default() })))
    }
}

fn starts(target: &dyn Look, path: &Path, with: &[u8]) -> Result<bool, Failure> {
    let mut head = vec![0; with.len()];
    let mut file = target.content(&Content::File(path.to_owned()))?;
    Ok(std::io::Read::read_exact(&mut file, &mut head).is_ok() && head == with)
}

fn last_line(output: &Output) -> String {
    let errors = output.errors();
    errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").trim().to_owned()
}
