//! `file`: files, folders, links, and what they have.

mod below;
mod links;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use super::attributes::{FileAttributes, facts};
use super::clock::{self, Zone};
use super::realpath::resolve;
use crate::plan::{Attributes, Change, Failure, Kind, Look, Meta, Plan};
use crate::{arguments, choices};

choices! {
    /// What `path` is to be.
    pub(crate) enum State {
        Absent = "absent",
        Directory = "directory",
        File = "file",
        Hard = "hard",
        Link = "link",
        Touch = "touch",
    }
}

arguments! {
    /// Makes, changes and removes folders, links and empty files; sets owner, group, mode and times of what is there.
    pub(crate) struct File {
        /// The file, folder or link.
        path: PathBuf ["dest", "name"],
        /// `absent` removes, a folder with all in it. `directory` makes the folder and those above it. `file` only changes a file
        /// that is there. `touch` makes an empty file, or gives new times. `link` and `hard` point to `src`.
        /// Left out: as it is, or `directory` with `recurse`.
        state: Option<State>,
        /// What a link points at: of a symbolic one as `ln -s` takes it (relative to the link), of a hard one a file that is there.
        src: Option<PathBuf>,
        /// Owner, group and mode go to everything in the folder as well; with `state: directory`.
        recurse: bool = false,
        /// Makes a link even where `src` does not exist, or where something else stands in its place (an empty folder at most).
        force: bool = false,
        /// Where `path` is a link, means what it points at.
        follow: bool = true,
        /// Time of the last change: `preserve`, `now`, or a time in `modification_time_format`. `now` with `touch` if left out.
        modification_time: Option<String>,
        /// How that time is written, in Python's strftime letters, of which numbers are understood.
        modification_time_format: String = "%Y%m%d%H%M.%S".to_owned(),
        /// Time of the last reading, likewise.
        access_time: Option<String>,
        /// How that time is written.
        access_time_format: String = "%Y%m%d%H%M.%S".to_owned(),
    } + attributes: FileAttributes
}

impl Module for File {
    const NAME: &'static str = "ansible.builtin.file";
    const EXAMPLES: &'static str = r#"
- name: A folder for the application
  ansible.builtin.file:
    path: /srv/app/shared
    state: directory
    owner: app
    mode: "0750"

- name: The current release
  ansible.builtin.file:
    src: releases/20260131120000
    dest: /srv/app/current
    state: link
    force: true

- name: Nothing of the old cache
  ansible.builtin.file:
    path: /var/cache/old
    state: absent

- name: A file that is there, with its times left alone when it is
  ansible.builtin.file:
    path: /srv/app/shared/.keep
    state: touch
    mode: u=rw,g=r,o=
    modification_time: preserve
    access_time: preserve
"#;
    const RETURNS: &'static str = "\
path: what was managed, links followed (absent, directory, file)
dest: the same for touch, link and hard
src: what the link points at
state: what is there now
mode, owner, group, uid, gid, size: of what is there now
";

    fn plan(mut self, target: &dyn Look) -> Result<Plan, Failure> {
        let there = target.stat(&self.path, false)?;
        let state = self.state.unwrap_or_else(|| match there.as_ref().map(|meta| meta.kind) {
            Some(Kind::Link) => State::Link,
            Some(Kind::Folder) => State::Directory,
            None if self.recurse => State::Directory,
            _ => State::File,
        });
        if self.recurse && state != State::Directory {
            return Err(self.refuse(target, "recurse", "recurse needs state to be 'directory'"));
        }
        if self.src.is_some() && !matches!(state, State::Link | State::Hard) {
            return Err(self.refuse(target, "src", "src needs state to be 'link' or 'hard'"));
        }
        let is_link = there.as_ref().is_some_and(|meta| meta.kind == Kind::Link);
        if is_link && self.follow && matches!(state, State::File | State::Directory) {
            self.path = resolve(target, &self.path);
        }
        match state {
            State::Absent => self.absent(target),
            State::Directory => self.directory(target),
            State::File => self.file(target),
            State::Touch => self.touch(target),
            State::Link => self.link(target),
            State::Hard => self.hard(target),
        }
    }
}

impl File {
    /// A failure about an argument, with the facts of what is there.
    fn refuse(&self, target: &dyn Look, argument: &str, msg: impl Into<String>) -> Failure {
        let mut failure = Failure::argument(argument, msg);
        failure.result = facts(target, &self.path);
        failure.result.insert("path".into(), json!(self.path));
        failure
    }

    fn absent(self, target: &dyn Look) -> Result<Plan, Failure> {
        let changes = match target.stat(&self.path, false)? {
            Some(_) => vec![Change::Remove { path: self.path.clone() }],
            None => Vec::new(),
        };
        Ok(Plan::of(changes).with("path", json!(self.path)).with("state", "absent"))
    }

    fn directory(self, target: &dyn Look) -> Result<Plan, Failure> {
        let there = target.stat(&self.path, self.follow)?;
        let Some(meta) = there else {
            let attributes = self.attributes.fresh(target, true, None);
            let plan = Plan::of(vec![Change::Folder { path: self.path.clone(), attributes }]);
            return Ok(self.attributes.finish(plan.with("path", json!(self.path)), target, self.path));
        };
        if meta.kind != Kind::Folder {
            return Err(self.refuse(target, "path", format!("{} already exists as a {}", self.path.display(), word(&meta))));
        }
        let mut changes: Vec<Change> = self.own(target, &meta)?.into_iter().collect();
        if self.recurse {
            below::own(&self.attributes, target, &self.path, self.follow, &mut changes)?;
        }
        changes.extend(self.times(target, Some(&meta), "preserve")?);
        let plan = Plan::of(changes).with("path", json!(self.path));
        Ok(self.attributes.finish(plan, target, self.path))
    }

    fn file(self, target: &dyn Look) -> Result<Plan, Failure> {
        let there = target.stat(&self.path, false)?;
        let Some(meta) = there else {
            let msg = format!("file ({}) is absent, cannot continue; `state: touch` or `copy` makes it", self.path.display());
            return Err(self.refuse(target, "path", msg).with("state", "absent"));
        };
        if matches!(meta.kind, Kind::Folder | Kind::Link) {
            let msg = format!("file ({}) is {}, cannot continue", self.path.display(), word(&meta));
            return Err(self.refuse(target, "path", msg));
        }
        let mut changes: Vec<Change> = self.own(target, &meta)?.into_iter().collect();
        changes.extend(self.times(target, Some(&meta), "preserve")?);
        let plan = Plan::of(changes).with("path", json!(self.path));
        Ok(self.attributes.finish(plan, target, self.path))
    }

    fn touch(self, target: &dyn Look) -> Result<Plan, Failure> {
        let there = target.stat(&self.path, true)?;
        let mut changes = Vec::new();
        match &there {
            Some(meta) => {
                changes.extend(self.times(target, Some(meta), "now")?);
                changes.extend(self.own(target, meta)?);
            }
            None if target.stat(&self.path, false)?.is_some() => {
                let to = resolve(target, &self.path);
                let msg = format!("{} is a link to {}, which does not exist", self.path.display(), to.display());
                return Err(self.refuse(target, "path", msg));
            }
            None => {
                let touch = self.times(target, None, "now")?;
                let path = self.path.clone();
                changes.push(touch.unwrap_or(Change::Touch { path, atime: None, mtime: None }));
                let attributes = self.attributes.fresh(target, false, None);
                if attributes != Attributes::default() {
                    changes.push(Change::Own { path: self.path.clone(), attributes, follow: true });
                }
            }
        }
        let plan = Plan::of(changes).with("dest", json!(self.path));
        Ok(self.attributes.finish(plan, target, self.path))
    }

    fn own(&self, target: &dyn Look, meta: &Meta) -> Result<Option<Change>, Failure> {
        self.attributes.own(target, &self.path, meta, None, self.follow)
    }

    /// New times, where they differ from what is there. `default` stands for what is left out.
    fn times(&self, target: &dyn Look, meta: Option<&Meta>, default: &str) -> Result<Option<Change>, Failure> {
        let atime = self.time(target, "access_time", self.access_time.as_deref().unwrap_or(default), &self.access_time_format)?;
        let mtime = self.modification_time.as_deref().unwrap_or(default);
        let mtime = self.time(target, "modification_time", mtime, &self.modification_time_format)?;
        let atime = atime.filter(|time| meta.is_none_or(|meta| meta.atime != *time));
        let mtime = mtime.filter(|time| meta.is_none_or(|meta| meta.mtime != *time));
        let change = Change::Touch { path: self.path.clone(), atime, mtime };
        Ok((atime.is_some() || mtime.is_some()).then_some(change))
    }

    fn time(&self, target: &dyn Look, argument: &str, text: &str, format: &str) -> Result<Option<f64>, Failure> {
        match text {
            "preserve" | "" => Ok(None),
            "now" => Ok(Some(clock::now())),
            time => match Zone::of(target).parse(time, format) {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(Failure::argument(argument, format!("{argument} {time:?} is no time in the format {format}"))),
            },
        }
    }
}

/// The word for what is there.
fn word(meta: &Meta) -> &'static str {
    match meta.kind {
        Kind::Folder => "directory",
        Kind::Link => "link",
        _ if meta.links > 1 => "hard",
        _ => "file",
    }
}

/// Of a path's own folder; a bare name lies in the current one.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
