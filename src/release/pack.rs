//! The objects that a host lacks, as one pack.
//!
//! A pack holds one commit without its history: its tree, less what the host has through the commits it names. That is
//! enough to check the commit out, and keeps later packs as small as the difference between two trees. The host notes the
//! commit as shallow. libgit2 makes no thin packs, so a changed file travels whole (compressed), not as a difference.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use git2::{ObjectType, Oid, Repository, Tree};
use tempfile::NamedTempFile;

use super::files;
use crate::diag::Diagnostic;

/// A pack, ready to send.
#[derive(Debug)]
pub struct Pack {
    /// Removed when the last host is done with it.
    pub file: NamedTempFile,
    pub objects: usize,
    pub bytes: u64,
}

type Packs = BTreeMap<(String, Vec<String>), Arc<Mutex<Weak<Pack>>>>;

/// Packs that a host is being sent now: hosts mostly lack the same and come at the same time, and ten of them need one pack.
static PACKS: Mutex<Packs> = Mutex::new(BTreeMap::new());

/// The pack for a host that has the commits `tips`, made once for all hosts that have the same. Blocks.
///
/// # Errors
/// The commit is not whole here, or has files that no pack carries.
pub fn for_host(repository: &Path, sha: &str, mut tips: Vec<String>) -> Result<Arc<Pack>, Diagnostic> {
    tips.sort_unstable();
    let place = Arc::clone(PACKS.lock().unwrap_or_else(PoisonError::into_inner).entry((sha.to_owned(), tips.clone())).or_default());
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pack) = place.upgrade() {
        return Ok(pack);
    }
    let pack = Arc::new(make(&super::revision::open(Some(repository))?, sha, &tips)?);
    *place = Arc::downgrade(&pack);
    Ok(pack)
}

/// Makes a pack for whoever has the commits `tips` whole; those that this repository does not know count for nothing.
///
/// # Errors
/// As [`for_host`].
pub fn make(repository: &Repository, sha: &str, tips: &[String]) -> Result<Pack, Diagnostic> {
    let entries = files::of(repository, sha)?;
    files::refuse_what_lies_elsewhere(repository, sha, &entries)?;
    let tree = files::tree(repository, sha)?;
    let mut had = HashSet::new();
    for tip in tips {
        let known = Oid::from_str(tip).and_then(|id| repository.find_commit(id)).and_then(|commit| commit.tree());
        if let Ok(tree) = known {
            // Not whole here: then less is left out, and nothing is missing.
            let _ = objects(repository, &tree, &mut had, &mut |_, _| Ok(()));
        }
    }
    let failed = |error: git2::Error| files::not_whole(sha, &error);
    let mut builder = repository.packbuilder().map_err(failed)?;
    // Several hosts' packs are made one after the other; each may use all processors.
    builder.set_threads(0);
    let commit = Oid::from_str(sha).map_err(failed)?;
    builder.insert_object(commit, None).map_err(failed)?;
    objects(repository, &tree, &mut had, &mut |id, name| builder.insert_object(id, name)).map_err(failed)?;

    let mut file = NamedTempFile::new().map_err(|error| Diagnostic::error(format!("cannot make a temporary file: {error}")))?;
    let mut written = Ok(());
    let mut bytes = 0;
    let result = builder.foreach(|chunk| {
        bytes += chunk.len() as u64;
        written = file.write_all(chunk);
        written.is_ok()
    });
    written.and_then(|()| file.flush()).map_err(|error| Diagnostic::error(format!("cannot write the pack of {sha:.12}: {error}")))?;
    result.map_err(failed)?;
    Ok(Pack { objects: builder.object_count(), bytes, file })
}

/// Calls `found` for the tree and all below it that is not in `had`, and adds them to it.
fn objects(
    repository: &Repository,
    tree: &Tree<'_>,
    had: &mut HashSet<Oid>,
    found: &mut dyn FnMut(Oid, Option<&str>) -> Result<(), git2::Error>,
) -> Result<(), git2::Error> {
    if !had.insert(tree.id()) {
        return Ok(());
    }
    found(tree.id(), None)?;
    for entry in tree {
        match entry.kind() {
            Some(ObjectType::Tree) if !had.contains(&entry.id()) => objects(repository, &repository.find_tree(entry.id())?, had, found)?,
            Some(ObjectType::Blob) if had.insert(entry.id()) => found(entry.id(), entry.name().ok())?,
            _ => {}
        }
    }
    Ok(())
}
