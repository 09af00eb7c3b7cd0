//! `state: link` and `state: hard`.

use std::path::PathBuf;

use serde_json::json;

use super::{File, folder_of, word};
use crate::modules::attributes::facts;
use crate::plan::{Change, Failure, Kind, Look, Plan};

impl File {
    pub(super) fn link(mut self, target: &dyn Look) -> Result<Plan, Failure> {
        let there = target.stat(&self.path, false)?;
        let old = there.as_ref().and_then(|meta| meta.target.clone());
        let Some(src) = self.src.take().or_else(|| old.clone().filter(|_| self.follow || self.state.is_none())) else {
            if there.as_ref().is_some_and(|meta| meta.kind == Kind::Link) {
                return self.linked(target, Vec::new(), None);
            }
            return Err(Failure::argument("src", "src is required for a new link"));
        };
        let to = folder_of(&self.path).join(&src);
        if !self.force && target.stat(&to, true)?.is_none() && old.as_ref() != Some(&src) {
            let msg = format!("src file does not exist, use 'force=yes' if you really want to create the link: {}", to.display());
            return Err(self.refuse(target, "src", msg).with("src", json!(src)));
        }
        let mut changes = Vec::new();
        if let Some(meta) = there.filter(|meta| meta.kind != Kind::Link) {
            if !self.force {
                let msg = format!("refusing to convert from {} to symlink for {}; `force: true` does it", word(&meta), self.path.display());
                return Err(self.refuse(target, "path", msg));
            }
            if meta.kind == Kind::Folder {
                if !target.list(&self.path)?.is_empty() {
                    let msg = format!("the directory {} is not empty, refusing to convert it", self.path.display());
                    return Err(self.refuse(target, "path", msg));
                }
                changes.push(Change::Remove { path: self.path.clone() });
            }
        }
        if old.as_ref() != Some(&src) {
            changes.push(Change::Link { path: self.path.clone(), target: src.clone() });
        }
        self.linked(target, changes, Some(src))
    }

    /// With what is asked for the link, or, where links are followed, for what it points at.
    fn linked(self, target: &dyn Look, changes: Vec<Change>, src: Option<PathBuf>) -> Result<Plan, Failure> {
        let File { path, follow, attributes, .. } = self;
        let mut plan = Plan { result: facts(target, &path), ..Plan::of(changes) }.with("dest", json!(path)).with("src", json!(src));
        plan.next = Some(Box::new(move |target, _| {
            let mut plan = Plan { result: facts(target, &path), ..Plan::default() };
            match target.stat(&path, follow)? {
                Some(meta) => plan.changes.extend(attributes.own(target, &path, &meta, None, follow)?),
                None => plan
                    .warnings
                    .push(format!("{} points at nothing, so owner and mode cannot be set there; say follow: false", path.display())),
            }
            Ok(plan.then(move |target, _| Ok(Plan { result: facts(target, &path), ..Plan::default() })))
        }));
        Ok(plan)
    }

    pub(super) fn hard(mut self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut there = target.stat(&self.path, false)?;
        let Some(src) = self.src.clone() else {
            return Err(Failure::argument("src", "src is required for a new hard link"));
        };
        let Some(file) = target.stat(&src, true)? else {
            return Err(Failure::argument("src", "src does not exist").with("dest", json!(self.path)).with("src", json!(src)));
        };
        if there.as_ref().is_some_and(|meta| meta.kind == Kind::Folder) {
            self.path.push(src.file_name().unwrap_or_default());
            there = target.stat(&self.path, false)?;
        }
        let same = there.as_ref().is_some_and(|meta| (meta.device, meta.inode) == (file.device, file.inode));
        let mut changes = Vec::new();
        if !same {
            if there.as_ref().is_some_and(|meta| meta.kind != Kind::Link) && !self.force {
                let msg = "Cannot link, file exists at destination; `force: true` replaces it";
                return Err(self.refuse(target, "path", msg).with("dest", json!(self.path)).with("src", json!(src)));
            }
            changes.push(Change::Hardlink { path: self.path.clone(), target: src.clone() });
        }
        changes.extend(self.attributes.own(target, &src, &file, None, true)?);
        changes.extend(self.times(target, Some(&file), "preserve")?);
        let plan = Plan::of(changes).with("dest", json!(self.path)).with("src", json!(src));
        Ok(self.attributes.finish(plan, target, self.path))
    }
}
