//! Filters, tests and lookups of the user's own, in Python: where they lie, what they are called, and their runs.
//!
//! docs.ansible.com, "Developing plugins". They run in one `python3` beside us (`process`), which is started when a name is asked for
//! that one of them may have, and is given an `ansible` package of our own (`shim`). As Ansible's loaders these are the process's.

mod ask;
mod carry;
mod object;
mod process;
mod shim;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::diag::Diagnostic;
use crate::template::{self, Call, PluginKind as Kind};
use crate::value::Value;

#[cfg(test)]
pub(crate) use shim::SHARED;
pub(crate) use shim::module_util;

/// The folders of the settings, by kind.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    pub filters: Vec<PathBuf>,
    pub tests: Vec<PathBuf>,
    pub lookups: Vec<PathBuf>,
}

/// What a folder's files give: names, with the numbers by which Python knows them.
type Given = Arc<IndexMap<String, u64>>;

#[derive(Default)]
struct Known {
    /// Folders of plugins, nearest first: those of playbooks, of roles as they are read, of the settings.
    near: HashMap<Kind, Vec<PathBuf>>,
    roles: HashMap<Kind, Vec<PathBuf>>,
    set: HashMap<Kind, Vec<PathBuf>>,
    collections: Vec<PathBuf>,
    /// Files of folders that were looked into, with their texts until they are loaded.
    files: HashMap<(Kind, PathBuf), Arc<Vec<(PathBuf, String)>>>,
    given: HashMap<(Kind, PathBuf), Given>,
    /// Files that cannot be imported, and why.
    broken: Vec<(PathBuf, String)>,
    warnings: Vec<Diagnostic>,
    /// Why there is no Python.
    lacking: Option<String>,
}

#[derive(Default)]
struct Python {
    known: Mutex<Known>,
    /// Whether a folder holds files at all.
    any: AtomicBool,
}

static PYTHON: LazyLock<Python> = LazyLock::new(Python::default);

const KINDS: [Kind; 3] = [Kind::Filter, Kind::Test, Kind::Lookup];

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Filter => "filter",
        Kind::Test => "test",
        Kind::Lookup => "lookup",
    }
}

/// From now on templates find plugins, in the folders of the settings and in collections too.
pub fn look_in(folders: &Folders, collections: &[PathBuf]) {
    {
        let mut known = PYTHON.known();
        for (kind, listed) in [(Kind::Filter, &folders.filters), (Kind::Test, &folders.tests), (Kind::Lookup, &folders.lookups)] {
            known.set.insert(kind, listed.clone());
        }
        known.collections = collections.to_owned();
    }
    PYTHON.notice();
    template::use_plugins(&*PYTHON);
}

/// Those beside a playbook are there from now on.
pub fn of_playbook(folder: &Path) {
    PYTHON.add(folder, false);
}

/// Those of a role are there from now on.
pub fn of_role(folder: &Path) {
    PYTHON.add(folder, true);
}

/// What could not be loaded since it was last asked.
pub fn warnings() -> Vec<Diagnostic> {
    std::mem::take(&mut PYTHON.known().warnings)
}

impl Python {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, folder: &Path, role: bool) {
        let mut known = self.known();
        for kind in KINDS {
            let path = folder.join(format!("{}_plugins", word(kind)));
            let near = known.near.get(&kind).is_some_and(|near| near.contains(&path));
            let listed = if role { known.roles.entry(kind) } else { known.near.entry(kind) }.or_default();
            if !near && !listed.contains(&path) && path.is_dir() {
                listed.push(path);
            }
        }
        // Beside a playbook, and around what lies in a collection itself.
        let above = folder.ancestors().find(|above| above.ends_with("ansible_collections")).and_then(Path::parent).map(Path::to_owned);
        for root in above.into_iter().chain([folder.join("collections")]) {
            if !known.collections.contains(&root) && root.join("ansible_collections").is_dir() {
                known.collections.push(root);
            }
        }
        drop(known);
        self.notice();
    }

    /// Sees whether there are files in the folders.
    fn notice(&self) {
        let any = KINDS.iter().any(|kind| self.folders(*kind).iter().any(|folder| !self.files(*kind, folder).is_empty()));
        self.any.store(any, Ordering::Relaxed);
    }

    /// Folders outside collections, those that win first.
    fn folders(&self, kind: Kind) -> Vec<PathBuf> {
        let known = self.known();
        [&known.near, &known.roles, &known.set].into_iter().filter_map(|all| all.get(&kind)).flatten().cloned().collect()
    }

    /// The files of a folder, read once.
    fn files(&self, kind: Kind, folder: &Path) -> Arc<Vec<(PathBuf, String)>> {
        let key = (kind, folder.to_owned());
        if let Some(found) = self.known().files.get(&key) {
            return found.clone();
        }
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| {
            path.extension().is_some_and(|ending| ending == "py")
                && !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']))
        });
        paths.sort();
        let read = |path: PathBuf| {
            let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
            (path, text)
        };
        let found = Arc::new(paths.into_iter().map(read).collect::<Vec<_>>());
        self.known().files.insert(key, found.clone());
        found
    }

    /// The number of a plugin.
    fn find(&self, kind: Kind, name: &str, ours: bool) -> Option<u64> {
        let short = match name.split('.').collect::<Vec<_>>()[..] {
            ["ansible", "builtin", ..] => return None,
            ["ansible", "legacy", short] => short,
            // A collection's own plugin does not win over ours: that is the same one.
            [_, _, ..] if ours => return None,
            [namespace, collection, ref parts @ ..] if !parts.is_empty() => {
                let below = Path::new("ansible_collections").join(namespace).join(collection).join("plugins").join(word(kind));
                let (last, folders) = parts.split_last()?;
                let below = folders.iter().fold(below, |path, part| path.join(part));
                let roots = self.known().collections.clone();
                return roots.iter().find_map(|root| self.in_folder(kind, &root.join(&below), last, Some(&below)));
            }
            [short] => short,
            _ => return None,
        };
        self.folders(kind)
            .iter()
            .filter(|folder| !ours || self.may_give(kind, folder, short))
            .find_map(|folder| self.in_folder(kind, folder, short, None))
    }

    /// Whether a folder's files say this name at all: most folders have nothing in ours' place, and Python need not be asked.
    fn may_give(&self, kind: Kind, folder: &Path, name: &str) -> bool {
        let said = |text: &str| ['\'', '"', ' ', '(', ','].iter().any(|before| text.contains(&format!("{before}{name}")));
        self.files(kind, folder).iter().any(|(path, text)| if kind == Kind::Lookup { stem(path) == name } else { said(text) })
    }

    fn in_folder(&self, kind: Kind, folder: &Path, name: &str, collection: Option<&Path>) -> Option<u64> {
        let files = self.files(kind, folder);
        if files.is_empty() || kind == Kind::Lookup && !files.iter().any(|(path, _)| stem(path) == name) {
            return None;
        }
        // Lookups are called as their files are, and are loaded one by one.
        let key = (kind, if kind == Kind::Lookup { folder.join(name) } else { folder.to_owned() });
        if let Some(given) = self.known().given.get(&key) {
            return given.get(name).copied();
        }
        let wanted = files.iter().filter(|(path, _)| kind != Kind::Lookup || stem(path) == name);
        // As Python imports it: `ansible_collections.NAMESPACE.NAME.plugins.…`.
        let dotted = collection.map(|below| below.to_string_lossy().replace('/', "."));
        let paths: Vec<String> = wanted.map(|(path, _)| absolute(path)).collect();
        let given = Arc::new(self.load(kind, &paths, dotted.as_deref()));
        self.known().given.insert(key, given.clone());
        given.get(name).copied()
    }

    /// Has Python load files.
    fn load(&self, kind: Kind, files: &[String], dotted: Option<&str>) -> IndexMap<String, u64> {
        let roots: Vec<String> = self.known().collections.iter().map(|root| absolute(&root.join("ansible_collections"))).collect();
        let message = json!({"do": "load", "kind": word(kind), "files": files, "dotted": dotted, "roots": roots});
        let answer = process::with(|python| python.ask(&message, &mut |_, _| Json::Null));
        let mut known = self.known();
        let answer = match answer {
            Ok(answer) => answer,
            Err(lacking) => {
                known.lacking.get_or_insert(lacking);
                return IndexMap::new();
            }
        };
        for broken in answer["ok"]["broken"].as_array().into_iter().flatten() {
            let (path, why) = (PathBuf::from(broken[0].as_str().unwrap_or_default()), broken[1].as_str().unwrap_or_default().to_owned());
            let shown = shown(&path);
            let warning = Diagnostic::warning(format!("Skipping {} plugins of {}: {why}", word(kind), shown.display()));
            known.warnings.push(warning);
            known.broken.push((path, why));
        }
        let names = answer["ok"]["names"].as_object().into_iter().flatten();
        names.filter_map(|(name, number)| Some((name.clone(), number.as_u64()?))).collect()
    }
}

impl template::Plugins for Python {
    fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    fn has(&self, kind: Kind, name: &str, ours: bool) -> bool {
        self.find(kind, name, ours).is_some()
    }

    fn names(&self, kind: Kind) -> Vec<String> {
        let known = self.known();
        let mut all = Vec::new();
        for ((_, folder), given) in known.given.iter().filter(|((of, _), _)| *of == kind) {
            all.extend(
                given.keys().map(|name| collection_of(folder).map_or_else(|| name.clone(), |collection| format!("{collection}.{name}"))),
            );
        }
        all.sort();
        all
    }

    fn excuse(&self, kind: Kind, name: &str) -> Option<String> {
        let known = self.known();
        if let Some(why) = &known.lacking {
            return Some(format!("plugins in Python need `python3` on this machine: {why}"));
        }
        // A file that says the name may have been to give it.
        let file = known.broken.iter().find(|(path, _)| {
            let short = name.rsplit('.').next().unwrap_or(name);
            stem(path) == short || kind != Kind::Lookup && fs::read_to_string(path).is_ok_and(|text| text.contains(short))
        })?;
        Some(format!("{} may give it, and cannot be imported: {}", shown(&file.0).display(), file.1))
    }

    fn run(&self, call: &Call<'_>) -> Result<Value, Diagnostic> {
        for warning in warnings() {
            call.scope.warn(warning);
        }
        let Some(number) = self.find(call.kind, call.name, false) else {
            return Err(Diagnostic::error(format!("there is no {} `{}`", word(call.kind), call.name)));
        };
        let carried = |values: &[Value]| values.iter().map(carry::out).collect::<Result<Vec<_>, _>>();
        let keywords = call.keywords.iter().map(|(name, value)| Ok((name.to_string(), carry::out(value)?)));
        let keywords = keywords.collect::<Result<serde_json::Map<_, _>, Diagnostic>>()?;
        let message = json!({
            "do": word(call.kind), "number": number, "name": call.name, "arguments": carried(&call.arguments)?, "keywords": keywords,
        });
        let failed = |text: String| Diagnostic::error(format!("`{}`: {text}", call.name));
        let answer = process::with(|python| python.ask(&message, &mut |asked, python| ask::answer(asked, call.scope, python)));
        carry::result(&answer.map_err(failed)?, &failed)
    }

    fn stop(&self) {
        process::stop();
    }
}

/// A path as messages show it: relative to the working folder where it is below it.
fn shown(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// NAMESPACE.NAME of the collection that a folder of plugins lies in.
fn collection_of(folder: &Path) -> Option<String> {
    let below = folder.ancestors().find(|above| above.ends_with("plugins"))?.parent()?;
    below.parent()?.parent()?.ends_with("ansible_collections").then_some(())?;
    Some(format!("{}.{}", below.parent()?.file_name()?.to_string_lossy(), below.file_name()?.to_string_lossy()))
}
