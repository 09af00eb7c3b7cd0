//! Owner, group and mode for everything below a folder.

use std::collections::BTreeSet;
use std::path::Path;

use crate::modules::attributes::FileAttributes;
use crate::plan::{Change, Failure, Kind, Look};

/// Adds the changes for what is in `folder`, links themselves and, where `follow`, what they point at.
pub(super) fn own(
    attributes: &FileAttributes,
    target: &dyn Look,
    folder: &Path,
    follow: bool,
    changes: &mut Vec<Change>,
) -> Result<(), Failure> {
    let mut walk = Walk { attributes, target, follow, changes, seen: BTreeSet::new() };
    walk.folder(folder)
}

struct Walk<'a> {
    attributes: &'a FileAttributes,
    target: &'a dyn Look,
    follow: bool,
    changes: &'a mut Vec<Change>,
    /// Folders by device and inode: links may lead in a circle.
    seen: BTreeSet<(u64, u64)>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        for name in self.target.list(folder)? {
            let path = folder.join(name);
            // Gone since the folder was listed.
            let Some(meta) = self.target.stat(&path, false)? else { continue };
            self.changes.extend(self.attributes.own(self.target, &path, &meta, None, false)?);
            match meta.kind {
                Kind::Folder if self.seen.insert((meta.device, meta.inode)) => self.folder(&path)?,
                Kind::Link if self.follow => {
                    let Some(meta) = self.target.stat(&path, true)? else { continue };
                    self.changes.extend(self.attributes.own(self.target, &path, &meta, None, true)?);
                    if meta.kind == Kind::Folder && self.seen.insert((meta.device, meta.inode)) {
                        self.folder(&path)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
