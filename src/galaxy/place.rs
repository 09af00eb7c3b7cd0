//! Where roles and collections are on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::requirements::Kind;
use crate::diag::{Diagnostic, Source};
use crate::yaml::{self, Node};

/// A role or collection that is here.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    pub name: String,
    /// As it was asked for; none where nobody wrote it down.
    pub version: Option<String>,
    pub path: PathBuf,
}

/// What was taken, in a file within the role or collection; the first part is where ansible-galaxy has it.
const RECORD: &str = "meta/.galaxy_install_info";

/// All that is in a folder of roles, or in the `ansible_collections` of a folder.
pub fn installed(kind: Kind, folder: &Path) -> Vec<Installed> {
    let mut found = Vec::new();
    match kind {
        Kind::Role => {
            for path in
                folders(folder).filter(|path| ["tasks", "meta", "handlers", "defaults", "vars"].iter().any(|part| path.join(part).is_dir()))
            {
                found.push(Installed { name: last(&path), version: recorded(&path, "version"), path });
            }
        }
        Kind::Collection => {
            for namespace in folders(&folder.join("ansible_collections")).filter(|path| !last(path).ends_with(".info")) {
                for path in folders(&namespace) {
                    let version = Identity::of(&path).ok().and_then(|identity| identity.version);
                    found.push(Installed { name: format!("{}.{}", last(&namespace), last(&path)), version, path });
                }
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// # Errors
/// It is not there, or cannot be removed.
pub fn remove(kind: Kind, name: &str, folder: &Path) -> Result<PathBuf, Diagnostic> {
    let all = installed(kind, folder);
    let Some(one) = all.iter().find(|one| one.name == name) else {
        return Err(
            Diagnostic::error(format!("{name} is not in {}", folder.display())).suggest(name, all.iter().map(|one| one.name.as_str()))
        );
    };
    std::fs::remove_dir_all(&one.path).map_err(|error| Diagnostic::error(format!("cannot remove {}: {error}", one.path.display())))?;
    Ok(one.path.clone())
}

/// The folder that a role or collection goes to.
pub(super) fn of(kind: Kind, name: &str, folder: &Path) -> PathBuf {
    match kind {
        Kind::Role => folder.join(name),
        Kind::Collection => folder.join("ansible_collections").join(name.replacen('.', "/", 1)),
    }
}

/// What is recorded of a role or collection that is here: what it was pinned to, and what was asked for.
pub(super) fn recorded(path: &Path, key: &str) -> Option<String> {
    let node = read(&path.join(RECORD)).ok()??;
    node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty())
}

/// # Errors
/// The disk does not take it.
pub(super) fn record(path: &Path, version: Option<&str>, pin: Option<&str>) -> std::io::Result<()> {
    let file = path.join(RECORD);
    std::fs::create_dir_all(file.parent().unwrap_or(path))?;
    let now = jiff::Timestamp::now().strftime("%a %d %b %Y %H:%M:%S UTC");
    let quoted = |text: Option<&str>| serde_json::Value::from(text.unwrap_or_default()).to_string();
    std::fs::write(file, format!("install_date: {now}\nversion: {}\npin: {}\n", quoted(version), quoted(pin)))
}

/// What a collection says of itself.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// Names of other collections, with the versions that suit.
    pub(super) dependencies: Vec<(String, String)>,
}

impl Identity {
    /// From MANIFEST.json of a built collection, or galaxy.yml of its source.
    ///
    /// # Errors
    /// It has neither, or they do not say what it is called.
    pub(super) fn of(path: &Path) -> Result<Identity, Diagnostic> {
        let manifest = read(&path.join("MANIFEST.json"))?;
        let node = match manifest.as_ref().and_then(|node| node.get("collection_info").cloned()) {
            Some(node) => Some(node),
            None => read(&path.join("galaxy.yml"))?,
        };
        let none = || {
            Diagnostic::error("it is no collection: it has neither MANIFEST.json nor galaxy.yml")
                .help("of a repository with several collections, name the folder: `https://…/repository.git#/path/in/it`")
        };
        let node = node.ok_or_else(none)?;
        let text = |key: &str| node.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
        let (Some(namespace), Some(name)) = (text("namespace"), text("name")) else { return Err(none()) };
        let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain(&namespace) || !plain(&name) {
            return Err(node.error(format!("`{namespace}.{name}` is no name of a collection")));
        }
        let dependencies = node.get("dependencies").and_then(Node::as_map).unwrap_or_default();
        let dependencies = dependencies
            .iter()
            .filter_map(|(name, version)| Some((name.scalar_text()?, version.scalar_text().unwrap_or_default())))
            .collect();
        Ok(Identity { name: format!("{namespace}.{name}"), version: text("version"), dependencies })
    }
}

/// The document of a file; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Node>, Diagnostic> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let source = Arc::new(Source { path: path.to_owned(), text: text.into() });
    yaml::load(&source)?.single()
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| path.is_dir())
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
