//! The file system as a task sees it: the real one, or a folder that stands in for `/`.
//!
//! In a stand-in, links are followed inside it, and owners are remembered instead of set: tests need no root.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::plan::{Kind, Meta};

/// As many links as the kernel follows (path_resolution(7)).
const MOST_LINKS: u32 = 40;

#[derive(Debug, Default)]
pub struct Tree {
    root: Option<PathBuf>,
    /// Owners and groups in a stand-in, by path inside it; what is not here belongs to 0:0.
    owners: Mutex<BTreeMap<PathBuf, (u32, u32)>>,
}

impl Tree {
    pub fn real() -> Tree {
        Tree::default()
    }

    pub fn rooted(root: PathBuf) -> Tree {
        Tree { root: Some(root), owners: Mutex::default() }
    }

    pub fn is_real(&self) -> bool {
        self.root.is_none()
    }

    /// Where `path` lies for the system calls. `follow`: where the link that it may be points.
    pub fn at(&self, path: &Path, follow: bool) -> io::Result<PathBuf> {
        let Some(root) = &self.root else {
            return Ok(path.to_owned());
        };
        let mut done: Vec<OsString> = Vec::new();
        let mut todo: VecDeque<OsString> = names(path).collect();
        let mut links = 0;
        while let Some(name) = todo.pop_front() {
            if name == ".." {
                done.pop();
                continue;
            }
            let mut here = root.clone();
            here.extend(&done);
            here.push(&name);
            match fs::read_link(&here) {
                Ok(target) if follow || !todo.is_empty() => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(io::Error::other("too many links"));
                    }
                    if target.is_absolute() {
                        done.clear();
                    }
                    let mut next: VecDeque<OsString> = names(&target).collect();
                    next.append(&mut todo);
                    todo = next;
                }
                _ => done.push(name),
            }
        }
        let mut found = root.clone();
        found.extend(&done);
        Ok(found)
    }

    /// `None` where nothing is at `path`, or where something on the way is no folder.
    pub fn stat(&self, path: &Path, follow: bool) -> io::Result<Option<Meta>> {
        let at = self.at(path, follow)?;
        let found = if follow { fs::metadata(&at) } else { fs::symlink_metadata(&at) };
        let found = match found {
            Ok(found) => found,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let kind = kind(found.file_type());
        let (uid, gid) = self.owner(&at).unwrap_or((found.uid(), found.gid()));
        let time = |seconds: i64, nanos: i64| seconds as f64 + nanos as f64 / 1e9;
        Ok(Some(Meta {
            kind,
            mode: found.permissions().mode() & 0o7777,
            uid,
            gid,
            size: found.size(),
            mtime: time(found.mtime(), found.mtime_nsec()),
            atime: time(found.atime(), found.atime_nsec()),
            ctime: time(found.ctime(), found.ctime_nsec()),
            inode: found.ino(),
            device: found.dev(),
            links: found.nlink(),
            rdev: found.rdev(),
            blocks: found.blocks(),
            block_size: found.blksize(),
            target: if kind == Kind::Link { Some(fs::read_link(&at)?) } else { None },
        }))
    }

    /// chown(2); `at` is a path of [`Tree::at`].
    pub fn own(&self, at: &Path, uid: Option<u32>, gid: Option<u32>, follow: bool) -> io::Result<()> {
        if uid.is_none() && gid.is_none() {
            return Ok(());
        }
        if self.root.is_none() {
            return if follow { std::os::unix::fs::chown(at, uid, gid) } else { std::os::unix::fs::lchown(at, uid, gid) };
        }
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = owners.entry(at.to_owned()).or_insert((0, 0));
        *entry = (uid.unwrap_or(entry.0), gid.unwrap_or(entry.1));
        Ok(())
    }

    /// rename(2) between paths of [`Tree::at`].
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        if self.root.is_some() {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            let moved: Vec<PathBuf> = owners.keys().filter(|path| path.starts_with(from)).cloned().collect();
            owners.retain(|path, _| !path.starts_with(to));
            for old in moved {
                if let (Some(owner), Ok(rest)) = (owners.remove(&old), old.strip_prefix(from)) {
                    owners.insert(if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) }, owner);
                }
            }
        }
        Ok(())
    }

    /// Removes a file, a link, or a folder with all below it; `at` is a path of [`Tree::at`].
    pub fn remove(&self, at: &Path) -> io::Result<()> {
        if fs::symlink_metadata(at)?.is_dir() {
            fs::remove_dir_all(at)?
        } else {
            fs::remove_file(at)?
        }
        if self.root.is_some() {
            self.owners.lock().unwrap_or_else(PoisonError::into_inner).retain(|path, _| !path.starts_with(at));
        }
        Ok(())
    }

    /// The remembered owner of a path in a stand-in.
    fn owner(&self, at: &Path) -> Option<(u32, u32)> {
        self.root.as_ref()?;
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        Some(owners.get(at).copied().unwrap_or((0, 0)))
    }
}

fn kind(of: fs::FileType) -> Kind {
    match of {
        t if t.is_dir() => Kind::Folder,
        t if t.is_symlink() => Kind::Link,
        t if t.is_fifo() => Kind::Fifo,
        t if t.is_socket() => Kind::Socket,
        t if t.is_char_device() => Kind::Char,
        t if t.is_block_device() => Kind::Block,
        _ => Kind::File,
    }
}

fn names(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside_a_stand_in() {
        let root = std::env::temp_dir().join(format!("deploy-tree-{}", std::process::id()));
        fs::create_dir_all(root.join("srv/a")).unwrap();
        std::os::unix::fs::symlink("/srv/a", root.join("srv/current")).unwrap();
        std::os::unix::fs::symlink("../../../../etc", root.join("srv/out")).unwrap();
        let tree = Tree::rooted(root.clone());
        assert_eq!(tree.at(Path::new("/srv/current/x"), true).unwrap(), root.join("srv/a/x"));
        assert_eq!(tree.at(Path::new("/srv/current"), false).unwrap(), root.join("srv/current"));
        assert_eq!(tree.at(Path::new("/srv/out/passwd"), true).unwrap(), root.join("etc/passwd"));
        fs::remove_dir_all(root).unwrap();
    }
}
