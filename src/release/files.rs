//! A commit's files, read from its objects: exactly what was committed, whatever lies in the working tree.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::Path;

use git2::{FileMode, ObjectType, Oid, Repository, Tree};

use crate::diag::Diagnostic;

/// An entry of a commit's tree that is no folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub path: String,
    pub id: Oid,
    pub mode: FileMode,
}

/// Every file of the commit, by path.
///
/// # Errors
/// The commit is not whole in this repository (a partial clone).
pub fn of(repository: &Repository, sha: &str) -> Result<Vec<Entry>, Diagnostic> {
    let mut entries = Vec::new();
    walk(repository, &tree(repository, sha)?, "", &mut entries).map_err(|error| not_whole(sha, &error))?;
    Ok(entries)
}

/// What a host would not get from the commit's objects alone: submodules, and files kept in Git LFS.
///
/// # Errors
/// The commit has such: a sentence that names the first.
pub fn refuse_what_lies_elsewhere(repository: &Repository, sha: &str, entries: &[Entry]) -> Result<(), Diagnostic> {
    if let Some(module) = entries.iter().find(|entry| entry.mode == FileMode::Commit) {
        return Err(Diagnostic::error(format!("commit {sha:.12} has a submodule, `{}`, and submodules are not deployed", module.path))
            .help("put its files into the repository (git subtree), or install it as a dependency"));
    }
    let attributes = entries.iter().filter(|entry| entry.path == ".gitattributes" || entry.path.ends_with("/.gitattributes"));
    let uses_lfs = attributes.filter_map(|entry| repository.find_blob(entry.id).ok()).any(|blob| has(blob.content(), b"filter=lfs"));
    if !uses_lfs {
        return Ok(());
    }
    let odb = repository.odb().map_err(|error| not_whole(sha, &error))?;
    // github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer is a text of less than 1024 bytes that begins so.
    let small = entries.iter().filter(|entry| odb.read_header(entry.id).is_ok_and(|(size, _)| size < 1024));
    let is_pointer = |entry: &&Entry| {
        repository.find_blob(entry.id).is_ok_and(|blob| blob.content().starts_with(b"version https://git-lfs.github.com/spec/"))
    };
    let pointers: Vec<&Entry> = small.filter(is_pointer).collect();
    match pointers.first() {
        None => Ok(()),
        Some(first) => Err(Diagnostic::error(format!(
            "commit {sha:.12} keeps {} file{} in Git LFS (`{}` first), and those are not deployed: hosts would get pointers",
            pointers.len(),
            if pointers.len() == 1 { "" } else { "s" },
            first.path
        ))
        .help("keep what the servers need in the repository itself, or in the bundle")),
    }
}

/// Writes the files into a folder that is there.
///
/// # Errors
/// The disk refuses; the commit is not whole.
pub fn write(repository: &Repository, entries: &[Entry], folder: &Path) -> Result<(), Diagnostic> {
    for entry in entries {
        let path = folder.join(&entry.path);
        let blob = match entry.mode {
            FileMode::Commit => continue,
            _ => repository.find_blob(entry.id).map_err(|error| not_whole(&entry.path, &error))?,
        };
        write_one(&path, entry.mode, blob.content())
            .map_err(|error| Diagnostic::error(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}

fn write_one(path: &Path, mode: FileMode, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    if mode == FileMode::Link {
        return symlink(std::ffi::OsStr::from_bytes(content), path);
    }
    let bits = if mode == FileMode::BlobExecutable { 0o777 } else { 0o666 };
    fs::OpenOptions::new().write(true).create_new(true).mode(bits).open(path)?.write_all(content)
}

pub(super) fn tree<'a>(repository: &'a Repository, sha: &str) -> Result<Tree<'a>, Diagnostic> {
    let id = Oid::from_str(sha).map_err(|_| Diagnostic::error(format!("`{sha}` is no SHA")))?;
    let commit = repository.find_commit(id).map_err(|_| {
        Diagnostic::error(format!("commit {sha:.12} is not in {}", super::revision::place(repository)))
            .help("git fetch brings it, if it was pushed")
    })?;
    commit.tree().map_err(|error| not_whole(sha, &error))
}

fn walk(repository: &Repository, tree: &Tree<'_>, above: &str, entries: &mut Vec<Entry>) -> Result<(), git2::Error> {
    for entry in tree {
        let path = format!("{above}{}", String::from_utf8_lossy(entry.name_bytes()));
        if entry.kind() == Some(ObjectType::Tree) {
            walk(repository, &repository.find_tree(entry.id())?, &format!("{path}/"), entries)?;
        } else {
            entries.push(Entry { path, id: entry.id(), mode: mode(entry.filemode()) });
        }
    }
    Ok(())
}

/// gitformat-index(5): the modes that a tree can hold.
fn mode(bits: i32) -> FileMode {
    match bits {
        0o120000 => FileMode::Link,
        0o160000 => FileMode::Commit,
        bits if bits & 0o111 != 0 => FileMode::BlobExecutable,
        _ => FileMode::Blob,
    }
}

pub(super) fn not_whole(what: &str, error: &git2::Error) -> Diagnostic {
    Diagnostic::error(format!("{what:.60} is not whole in this repository: {}", error.message()))
        .help("a partial or shallow clone lacks objects: git fetch --refetch, or clone it again without --filter")
}

fn has(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
