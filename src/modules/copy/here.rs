//! A folder that is on the host already (`remote_src`). Modes come from what is copied; `mode` is for the folder itself, `owner` and
//! `group` for all in it, as ansible-core 2.19 does.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Copy, Source, ends_with_slash};
use crate::modules::attributes::FileAttributes;
use crate::modules::mode::Mode;
use crate::plan::{Algorithm, Attributes, Change, Content, Failure, Kind, Look, Meta, Plan};

pub(super) fn plan(copy: Copy, src: &Path, target: &dyn Look) -> Result<Plan, Failure> {
    let base: PathBuf = match src.file_name().filter(|_| !ends_with_slash(src)) {
        Some(name) => copy.dest.join(name),
        None => copy.dest.clone(),
    };
    let mut walk = Walk { copy: &copy, target, changes: Vec::new() };
    let meta = target.stat(src, true)?;
    match target.stat(&base, true)? {
        None => {
            let wanted = copy.attributes.fresh(target, true, meta.as_ref().map(|meta| meta.mode));
            let mode = wanted.mode.or(meta.map(|meta| meta.mode));
            walk.changes.push(Change::Folder { path: base.clone(), attributes: Attributes { mode, ..wanted } });
        }
        Some(there) => walk.changes.extend(copy.attributes.own(target, &base, &there, None, true)?),
    }
    walk.folder(src, &base)?;
    let plan = Plan::of(walk.changes)
        .with("dest", json!(base))
        .with("src", json!(copy.src))
        .with("checksum", Json::Null)
        .with("md5sum", Json::Null);
    Ok(copy.attributes.finish(plan, target, base))
}

struct Walk<'a> {
    copy: &'a Copy,
    target: &'a dyn Look,
    changes: Vec<Change>,
}

impl Walk<'_> {
    fn folder(&mut self, from: &Path, to: &Path) -> Result<(), Failure> {
        let follow = self.copy.local_follow == Some(true);
        for name in self.target.list(from)? {
            let (source, path) = (from.join(&name), to.join(&name));
            let Some(meta) = self.target.stat(&source, follow)? else { continue };
            let there = self.target.stat(&path, false)?;
            // The mode of what is copied, the owner that was asked for.
            let attributes = FileAttributes { mode: Some(Mode::Bits(meta.mode)), ..self.copy.attributes.clone() };
            match meta.kind {
                Kind::Folder => {
                    match there {
                        Some(_) => self.owners(&path, there.as_ref())?,
                        None => {
                            let attributes = attributes.fresh(self.target, true, None);
                            self.changes.push(Change::Folder { path: path.clone(), attributes });
                        }
                    }
                    self.folder(&source, &path)?;
                }
                Kind::Link => {
                    let to = meta.target.unwrap_or_default();
                    if there.as_ref().and_then(|there| there.target.as_ref()) != Some(&to) && (there.is_none() || self.copy.force) {
                        self.changes.push(Change::Link { path, target: to });
                    }
                }
                Kind::File if there.is_none() || self.copy.force => {
                    let sha1 = self.target.digest(&source, Algorithm::Sha1)?.unwrap_or_default();
                    let same = self.target.digest(&path, Algorithm::Sha1)?.as_ref() == Some(&sha1);
                    if same {
                        self.owners(&path, there.as_ref())?;
                    } else {
                        let copy = Copy { attributes, validate: None, ..self.copy.clone() };
                        let source = Source { content: Content::File(source), sha1, mode: None };
                        let (change, _) = copy.write(&source, &path, there.as_ref(), self.target)?;
                        self.changes.extend(change);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn owners(&mut self, path: &Path, there: Option<&Meta>) -> Result<(), Failure> {
        let owners = FileAttributes { mode: None, ..self.copy.attributes.clone() };
        if let Some(meta) = there {
            self.changes.extend(owners.own(self.target, path, meta, None, false)?);
        }
        Ok(())
    }
}
