//! `copy`: files and folders from the controller, or from elsewhere on the target.
//!
//! What the controller's actions `copy` and `template` send, besides the user's own arguments:
//!
//! - a file: `_blob` (see [`Blob`]), `_mode` (its mode, for `mode: preserve`, as `"0644"`), and `_name` where the name that the file
//!   gets inside a folder is not the last part of `src`;
//! - a folder: `_files`, a list of `{path, blob: …}`, `{path, link: …}` or `{path, folder: true}`, each with its `mode`; paths are
//!   relative to the folder, folders come before what they hold. `src` keeps its trailing slash: without one, the folder itself is
//!   copied, with one only what it holds;
//! - `content` needs nothing: it goes as it is.
//!
//! A blob crosses the wire only where its SHA-1 differs from what is there (and for a diff).

mod folder;
mod here;

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sha1::{Digest as _, Sha1};

use super::Module;
use super::arguments::{Rule, Value};
use super::attributes::FileAttributes;
use super::json_text::python_json;
use super::mode::Mode;
use super::realpath::resolve;
use crate::arguments;
use crate::octets;
use crate::plan::{Algorithm, Blob, Change, Content, Failure, Kind, Look, Meta, Plan};
use folder::Item;

arguments! {
    /// Copies files and folders to the host, or writes given text into a file.
    pub(crate) struct Copy {
        /// A file or folder on the controller, or on the host with `remote_src`. A folder that ends with `/` gives only what it
        /// holds, without it also itself.
        src: Option<String>,
        /// What the file is to hold, in place of `src`. A dictionary or list is written as JSON.
        content: Option<Text>,
        /// Where to. A file goes into `dest` under its own name if that is a folder or ends with `/` (missing folders are then made).
        dest: PathBuf,
        /// `src` is on the host already.
        remote_src: bool = false,
        /// Replace a file that differs; else copy only what is not there.
        force: bool ["thirsty"] = true,
        /// Keep the old file beside the new one, with the time in its name.
        backup: bool = false,
        /// Write to what `dest` points at if it is a link; else the file takes the link's place.
        follow: bool = false,
        /// Copy what links in `src` point at, not the links. Links inside a folder on the controller are followed unless this is
        /// false, those inside one on the host are kept unless it is true.
        local_follow: Option<bool>,
        /// Mode of folders that are made on the way.
        directory_mode: Option<Mode>,
        /// A command that must agree before the file takes its place; `%s` stands for the new file.
        validate: Option<String>,
        /// SHA-1 that the file must have.
        checksum: Option<String>,
        /// Decrypt files of ansible-vault on the controller.
        decrypt: bool = true,
        /// Set by the controller: the file.
        _blob: Option<Blob>,
        /// Set by the controller: the file's mode there.
        _mode: Option<Mode>,
        /// Set by the controller: the file's name inside a folder.
        _name: Option<String>,
        /// Set by the controller: all that a folder holds.
        _files: Option<Vec<Item>>,
    } + attributes: FileAttributes
}

/// Text for a file.
#[derive(Clone, Debug)]
pub(crate) struct Text(String);

impl Value for Text {
    const KIND: &'static str = "string";
    fn parse(value: &Json) -> Result<Text, String> {
        match value {
            Json::Array(_) | Json::Object(_) => Ok(Text(python_json(value))),
            other => String::parse(other).map(Text),
        }
    }
}

impl Module for Copy {
    const NAME: &'static str = "ansible.builtin.copy";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["src", "content"])];
    const EXAMPLES: &'static str = r#"
- name: A file of the role
  ansible.builtin.copy:
    src: nginx.conf
    dest: /etc/nginx/nginx.conf
    owner: root
    mode: "0644"
    validate: nginx -t -c %s

- name: A line of text
  ansible.builtin.copy:
    content: "deployed by hand\n"
    dest: /etc/motd

- name: All that the folder holds
  ansible.builtin.copy:
    src: static/
    dest: /srv/static/
    directory_mode: "0755"

- name: A file of the host, kept
  ansible.builtin.copy:
    src: /etc/hosts
    dest: /etc/hosts.before
    remote_src: true
    force: false
"#;
    const RETURNS: &'static str = "\
dest: where the file or folder is
src: where it came from
checksum: SHA-1 of the file
md5sum: MD5 of a file that was written
backup_file: the old file, with backup
mode, owner, group, uid, gid, size, state: of what is there now
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if let Some(files) = self._files.clone() {
            return folder::plan(self, &files, target);
        }
        if let Some(text) = self.content.clone() {
            let bytes = octets::bytes(&text.0).into_owned();
            let sha1 = Sha1::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            return self.single(&Source { content: Content::Bytes(bytes), sha1, mode: None }, target);
        }
        if let Some(blob) = self._blob.clone() {
            let mode = match &self._mode {
                Some(Mode::Bits(bits)) => Some(*bits),
                _ => None,
            };
            let sha1 = blob.sha1.clone();
            return self.single(&Source { content: Content::Blob(blob), sha1, mode }, target);
        }
        let Some(src) = self.src.clone() else {
            return Err(Failure::argument("src", "src (or content) is required"));
        };
        if !self.remote_src {
            return Err(Failure::argument("src", "the controller did not send the file"));
        }
        let path = PathBuf::from(target.expand(&src));
        match target.stat(&path, true)? {
            None => Err(Failure::argument("src", format!("Source {} not found", path.display()))),
            Some(meta) if meta.kind == Kind::Folder => here::plan(self, &path, target),
            Some(meta) => {
                let Some(sha1) = target.digest(&path, Algorithm::Sha1)? else {
                    return Err(Failure::argument("src", format!("Source {} not found", path.display())));
                };
                self.single(&Source { content: Content::File(path), sha1, mode: Some(meta.mode) }, target)
            }
        }
    }
}

/// A file to copy.
struct Source {
    content: Content,
    sha1: String,
    /// Its own mode, where it has one.
    mode: Option<u32>,
}

impl Copy {
    fn single(self, source: &Source, target: &dyn Look) -> Result<Plan, Failure> {
        if let Some(wanted) = self.checksum.as_ref().filter(|wanted| **wanted != source.sha1) {
            return Err(Failure::argument("checksum", "the file does not match the expected checksum")
                .with("checksum", source.sha1.clone())
                .with("expected_checksum", wanted.clone()));
        }
        let into = ends_with_slash(&self.dest);
        let is_folder = target.stat(&self.dest, true)?.is_some_and(|meta| meta.kind == Kind::Folder);
        let mut changes = Vec::new();
        let mut path = self.dest.clone();
        if into || is_folder {
            if self.content.is_some() {
                return Err(Failure::argument("dest", "can not use content with a dir as dest"));
            }
            if !is_folder {
                changes.push(self.folder(target, &self.dest));
            }
            path = self.dest.join(self.name());
        }
        let there = target.stat(&path, false)?;
        if there.is_some() && !self.force {
            return Ok(Plan::unchanged().with("dest", json!(path)).with("src", json!(self.src)));
        }
        let mut meta = there;
        if self.follow
            && meta.as_ref().is_some_and(|meta| meta.kind == Kind::Link)
            && let Some(pointed) = target.stat(&path, true)?
        {
            path = resolve(target, &path);
            meta = Some(pointed);
        }
        let (change, written) = self.write(source, &path, meta.as_ref(), target)?;
        changes.extend(change);
        let mut plan = Plan::of(changes).with("dest", json!(path)).with("src", json!(self.src)).with("checksum", source.sha1.clone());
        if let (true, Content::File(from)) = (written, &source.content) {
            plan.result.insert("md5sum".into(), json!(target.digest(from, Algorithm::Md5)?));
        }
        let mut plan = self.attributes.finish(plan, target, path.clone());
        let wants_md5 = written && !plan.result.contains_key("md5sum");
        if wants_md5 && let Some(next) = plan.next.take() {
            plan.next = Some(Box::new(move |target, outcomes| {
                let mut plan = next(target, outcomes)?;
                plan.result.insert("md5sum".into(), json!(target.digest(&path, Algorithm::Md5)?));
                Ok(plan)
            }));
        }
        Ok(plan)
    }

    /// What makes `path` the file, and whether that is more than a new owner or mode.
    fn write(&self, source: &Source, path: &Path, there: Option<&Meta>, target: &dyn Look) -> Result<(Option<Change>, bool), Failure> {
        let regular = there.filter(|meta| meta.kind == Kind::File);
        let attributes = match regular {
            Some(meta) if target.digest(path, Algorithm::Sha1)?.as_ref() == Some(&source.sha1) => {
                return Ok((self.attributes.own(target, path, meta, source.mode, false)?, false));
            }
            Some(meta) => self.attributes.over(target, meta, source.mode)?,
            None => self.attributes.fresh(target, false, source.mode),
        };
        let write = Change::Write {
            path: path.to_owned(),
            content: source.content.clone(),
            attributes,
            backup: self.backup,
            validate: self.validate.clone(),
        };
        Ok((Some(write), true))
    }

    /// Makes a folder and those above it, as `directory_mode` says.
    fn folder(&self, target: &dyn Look, path: &Path) -> Change {
        let made = FileAttributes { mode: self.directory_mode.clone(), ..self.attributes.clone() };
        Change::Folder { path: path.to_owned(), attributes: made.fresh(target, true, None) }
    }

    /// What the file is called inside a folder.
    fn name(&self) -> PathBuf {
        match (&self._name, &self.src) {
            (Some(name), _) => name.into(),
            (None, Some(src)) => Path::new(src).file_name().unwrap_or_default().into(),
            (None, None) => PathBuf::new(),
        }
    }
}

fn ends_with_slash(path: &Path) -> bool {
    path.to_string_lossy().ends_with('/')
}
