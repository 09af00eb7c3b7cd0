//! The keyword `collections`: where short names of roles and modules are looked for besides.
//!
//! docs.ansible.com, "Using collections in playbooks": a play's list counts for its tasks and its `roles:`; a role has its own, in
//! `meta/main.yml`, and begins with the collection that it lies in.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::load::{Inside, Loader};
use crate::yaml::Node;

/// `ansible_collections/NAMESPACE/NAME`, and what stands above it.
const FOLDER: &str = "ansible_collections";

impl Inside {
    /// The same place with the collections that a block or a task names, if it names some.
    pub(super) fn searching(&self, written: &Node) -> Cow<'_, Inside> {
        match written.get("collections") {
            Some(node) => Cow::Owned(Inside { collections: names(node), ..self.clone() }),
            None => Cow::Borrowed(self),
        }
    }
}

/// What a play searches: what its keyword names, or the collection that the playbook's folder lies in.
pub(crate) fn searched_in(written: Option<&Node>, folder: &Path) -> Vec<String> {
    written.map_or_else(|| around(folder).into_iter().map(|(_, name)| name).collect(), names)
}

/// The names in a value of the keyword.
pub(super) fn names(node: &Node) -> Vec<String> {
    super::keywords::list_or_one(node).iter().filter_map(Node::scalar_text).filter(|name| !name.is_empty()).collect()
}

/// The collection that a role or a playbook lies in: the folder above `ansible_collections/`, and the collection's name.
pub(super) fn around(path: &Path) -> Option<(PathBuf, String)> {
    let path = std::path::absolute(path).ok()?;
    let parts: Vec<&OsStr> = path.iter().collect();
    let at = parts.iter().rposition(|part| *part == FOLDER)?;
    let (namespace, name) = (parts.get(at + 1)?, parts.get(at + 2)?);
    Some((parts[..at].iter().collect(), format!("{}.{}", namespace.to_string_lossy(), name.to_string_lossy())))
}

/// The name of a role that was found at `path`: with its collection, where it lies in one.
pub(super) fn full_name(name: &str, path: &Path) -> String {
    match around(path) {
        Some((_, collection)) if !name.contains(['.', '/']) => format!("{collection}.{name}"),
        _ => name.to_owned(),
    }
}

impl Loader {
    /// The folders that may hold the collection NAMESPACE.NAME, nearest first.
    pub(super) fn collection(&self, namespace: &str, name: &str, inside: &Inside) -> Vec<PathBuf> {
        let mut roots: Vec<PathBuf> = self.roots.collections.clone();
        roots.push(inside.playbook.join("collections"));
        roots.extend(inside.role.iter().chain([&inside.playbook]).filter_map(|here| around(here)).map(|(root, _)| root));
        roots.iter().map(|root| root.join(FOLDER).join(namespace).join(name)).collect()
    }

    /// The folders of the collections in which short names are looked for here, nearest first.
    pub(super) fn searched(&self, inside: &Inside) -> Vec<PathBuf> {
        let pairs = inside.collections.iter().filter_map(|name| name.split_once('.'));
        pairs.flat_map(|(namespace, name)| self.collection(namespace, name, inside)).collect()
    }
}
