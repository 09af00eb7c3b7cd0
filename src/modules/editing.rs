//! What the modules that edit a text file in place have in common: `lineinfile`, `blockinfile`, `replace`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::attributes::FileAttributes;
use super::realpath::resolve;
use crate::pattern;
use crate::plan::{Change, Content, Failure, Kind, Look, Meta, Outcome, Plan};

/// A file's text, each character one byte of it (see [`pattern::latin`]), to be changed and planned.
pub(crate) struct Edited {
    pub(crate) text: String,
    before: String,
    /// Links followed: the file they point at is edited, not replaced by another.
    path: PathBuf,
    meta: Option<Meta>,
}

impl Edited {
    pub(crate) fn read(target: &dyn Look, path: &Path) -> Result<Edited, Failure> {
        let path = resolve(target, path);
        let meta = target.stat(&path, true)?;
        if meta.as_ref().is_some_and(|meta| meta.kind == Kind::Folder) {
            let msg = format!("Path {} is a directory !", path.display());
            return Err(Failure::argument("path", msg).with("rc", 256));
        }
        let before = pattern::latin(&target.read(&path)?.unwrap_or_default());
        Ok(Edited { text: before.clone(), before, path, meta })
    }

    pub(crate) fn missing(&self) -> bool {
        self.meta.is_none()
    }

    /// The plan, and whether owner, group or mode change in it.
    pub(crate) fn plan(
        self,
        target: &dyn Look,
        attributes: &FileAttributes,
        backup: bool,
        validate: Option<String>,
    ) -> Result<(Plan, bool), Failure> {
        let mut changes = Vec::new();
        let own = match &self.meta {
            Some(meta) => attributes.own(target, &self.path, meta, None, true)?,
            None => None,
        };
        let owned = own.is_some()
            || (self.meta.is_none() && (attributes.mode.is_some() || attributes.owner.is_some() || attributes.group.is_some()));
        if self.text == self.before && self.meta.is_some() {
            changes.extend(own);
        } else {
            if let Some(folder) = self.path.parent().filter(|_| self.meta.is_none())
                && target.stat(folder, true)?.is_none()
            {
                changes.push(Change::Folder { path: folder.to_owned(), attributes: Default::default() });
            }
            changes.push(Change::Write {
                path: self.path.clone(),
                content: Content::Bytes(pattern::bytes(&self.text)),
                attributes: match &self.meta {
                    Some(meta) => attributes.over(target, meta, None)?,
                    None => attributes.fresh(target, false, None),
                },
                backup,
                validate,
            });
        }
        let attributes = attributes.clone();
        let path = self.path;
        let plan = Plan::of(changes).then(move |target, _| Ok(Plan::of(attributes.late(target, &path)?)));
        Ok((plan, owned))
    }

    /// The name of the backup under a module's own key as well.
    pub(crate) fn backed(mut plan: Plan, key: &'static str) -> Plan {
        let Some(next) = plan.next.take() else { return plan };
        plan.then(move |target, outcomes| {
            let mut plan = next(target, outcomes)?;
            let backup = outcomes.iter().find_map(|outcome| match outcome {
                Outcome::Backed(path) => Some(json!(path)),
                _ => None,
            });
            plan.result.extend(backup.map(|path| (key.to_owned(), path)));
            Ok(plan)
        })
    }
}
