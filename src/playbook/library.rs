//! Modules of the user's own: in `library/` beside the playbook or in a role, in the folders of the setting, in collections.
//!
//! docs.ansible.com, "Adding modules and plugins locally".

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::check::known_action;
use super::elsewhere::collection_of;
use super::load::{Inside, Loader};
use super::{Action, Keywords};
use crate::diag::Diagnostic;
use crate::yaml::{self, Node};

/// A module that is a file of the user's.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    pub path: PathBuf,
    /// Where `module_utils` of its own may be, nearest first.
    pub utils: Vec<PathBuf>,
}

/// Endings of files beside modules that are none.
const IGNORED: &[&str] = &["pyc", "pyo", "swp", "bak", "rpm", "md", "txt", "rst", "yaml", "yml", "ini", "orig"];

/// As many times may a module have moved from one collection to another.
const MOVES: usize = 8;

impl Loader {
    /// The file of a module of this name, where the user has one: it wins over ours of the same short name.
    pub(super) fn foreign(&self, name: &str, inside: &Inside) -> Option<Arc<Foreign>> {
        match name.split('.').collect::<Vec<_>>()[..] {
            _ if name.contains('/') => return None,
            [_] => {}
            ["ansible", "builtin", ..] => return None,
            ["ansible", "legacy", module] => return self.foreign(module, inside),
            [_, _, _, ..] => return self.of_collection(name, inside),
            _ => return None,
        }
        if let Some(found) = self.searched(inside).iter().find_map(|collection| self.foreign_in(collection, name)) {
            return Some(found);
        }
        let mut folders: Vec<(PathBuf, PathBuf)> = Vec::new();
        let near = |folder: &Path| (folder.join("library"), folder.join("module_utils"));
        folders.push(near(&inside.playbook));
        // A role's modules are there for all that comes after it, and win over those of later roles.
        folders
            .extend(self.roles.lock().ok().into_iter().flat_map(|roles| roles.values().map(|role| near(&role.path)).collect::<Vec<_>>()));
        folders.extend(inside.role.as_deref().map(near));
        let listed = folders.iter().map(|(library, _)| library).chain(&self.roots.library);
        let Some(path) = listed.into_iter().find_map(|library| self.modules_in(library).get(name).cloned()) else {
            // A short name from the time before collections leads to the one that took the module over.
            if known_action(name) {
                return None;
            }
            let collection = collection_of(name).filter(|collection| *collection != "ansible.builtin")?;
            return self.of_collection(&format!("{collection}.{name}"), inside);
        };
        let utils = folders.into_iter().map(|(_, utils)| utils).filter(|utils| utils.is_dir()).collect();
        Some(Arc::new(Foreign { path, utils }))
    }

    /// Plugins beside a playbook and of the roles that its plays list are there for all of it, whatever comes first.
    pub(super) fn notice_plugins(&self, plays: &[Node], folder: &Path) {
        crate::plugins::of_playbook(folder);
        let mut seen = HashSet::new();
        for play in plays {
            let collections = super::collections::searched_in(play.get("collections"), folder);
            let inside = Inside { folder: folder.to_owned(), playbook: folder.to_owned(), collections, ..Inside::default() };
            self.notice_roles(play.get("roles"), &inside, &mut seen);
        }
    }

    fn notice_roles(&self, listed: Option<&Node>, inside: &Inside, seen: &mut HashSet<PathBuf>) {
        for entry in listed.map(super::list_or_one).unwrap_or_default() {
            let name = entry.get("role").or_else(|| entry.get("name")).unwrap_or(&entry);
            let Some(path) = name.as_str().and_then(|name| self.find_role(name, inside).ok()).filter(|path| seen.insert(path.clone()))
            else {
                continue;
            };
            crate::plugins::of_role(&path);
            // What is wrong with it is told when the role is read.
            let meta = ["yml", "yaml"].map(|ending| path.join("meta/main").with_extension(ending)).into_iter().find(|file| file.is_file());
            if let Some(meta) = meta.and_then(|file| yaml::load(&yaml::read(&file).ok()?).ok()?.single().ok()?) {
                let inner = Inside { role: Some(path), ..inside.clone() };
                self.notice_roles(meta.get("dependencies"), &inner, seen);
            }
        }
    }

    /// Remembers which modules the `module_defaults` of a play, block or task give arguments to.
    pub fn note_defaults(&self, keywords: &Keywords) {
        let written = keywords.module_defaults.as_ref().and_then(Node::as_map).unwrap_or_default();
        let names = written.iter().filter_map(|(key, _)| key.scalar_text());
        let short =
            names.map(|name| if name.starts_with("group/") { "group/".into() } else { name.rsplit('.').next().unwrap_or(&name).into() });
        self.defaulted.lock().unwrap_or_else(PoisonError::into_inner).extend(short);
    }

    /// Whether a task of this module may get arguments from `module_defaults`.
    pub(super) fn has_defaults(&self, short: &str) -> bool {
        let known = self.defaulted.lock().unwrap_or_else(PoisonError::into_inner);
        // These take the defaults of the module that they end in too.
        let other = matches!(short, "service" | "package") && !known.is_empty();
        other || known.contains(short) || known.contains("group/")
    }

    /// NAMESPACE.COLLECTION.MODULE, with folders before the module's name; where the collection gave it away, the one that has it now.
    fn of_collection(&self, name: &str, inside: &Inside) -> Option<Arc<Foreign>> {
        let mut name = name.to_owned();
        for _ in 0..MOVES {
            let (namespace, rest) = name.split_once('.')?;
            let (collection, module) = rest.split_once('.')?;
            let folders = self.collection(namespace, collection, inside);
            if let Some(found) = folders.iter().find_map(|folder| self.foreign_in(folder, module)) {
                return Some(found);
            }
            name = folders.iter().find_map(|folder| self.moved(folder, module))?;
        }
        None
    }

    /// A module of a collection.
    fn foreign_in(&self, collection: &Path, module: &str) -> Option<Arc<Foreign>> {
        let plugins = collection.join("plugins");
        let (folders, module) = module.rsplit_once('.').unwrap_or(("", module));
        let path = self.modules_in(&plugins.join("modules").join(folders.replace('.', "/"))).get(module)?.clone();
        Some(Arc::new(Foreign { path, utils: vec![plugins.join("module_utils")] }))
    }

    /// The action plugin of this name, which Ansible runs in its controller, and we do not: what is to be said of that.
    pub(super) fn action_plugin(&self, action: &Action, inside: &Inside) -> Option<Diagnostic> {
        let short = action.name.strip_prefix("ansible.legacy.").unwrap_or(&action.name);
        let mut folders: Vec<PathBuf> = Vec::new();
        if let [namespace, collection, _, ..] = short.split('.').collect::<Vec<_>>()[..] {
            folders.extend(self.collection(namespace, collection, inside).iter().map(|folder| folder.join("plugins/action")));
        } else {
            folders.extend(action.foreign.iter().filter_map(|module| Some(module.path.parent()?.with_file_name("action"))));
            folders.extend(inside.role.iter().chain([&inside.playbook]).map(|folder| folder.join("action_plugins")));
            folders.extend(self.roots.actions.iter().cloned());
        }
        let name = short.rsplit('.').next().unwrap_or(short);
        let path = folders.iter().find_map(|folder| self.modules_in(folder).get(name).cloned())?;
        // Of many that are all in the plugin the module holds only documentation.
        let works = |module: &Arc<Foreign>| {
            let text = std::fs::read_to_string(&module.path).unwrap_or_default();
            ["AnsibleModule", "__main__", "main()"].iter().any(|word| text.contains(word))
        };
        let shown = crate::template::normal(&super::load::shown(&path));
        let problem = if action.foreign.as_ref().map_or(known_action(&action.name), works) {
            Diagnostic::warning(format!("`{}` runs without its action plugin", action.name))
        } else {
            Diagnostic::error(format!("`{}` is an action plugin, and those are not run", action.name))
        };
        Some(problem.at(&action.name_span).help(format!("{} is Python that runs in Ansible's controller", shown.display())))
    }

    /// Where a collection's `meta/runtime.yml` leads from this name: docs.ansible.com, "Collection structure".
    fn moved(&self, collection: &Path, module: &str) -> Option<String> {
        let file = collection.join("meta/runtime.yml");
        let mut known = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let routing = known
            .entry(file)
            .or_insert_with_key(|file| yaml::load(&yaml::read(file).ok()?).ok()?.single().ok()??.get("plugin_routing").cloned())
            .as_ref()?;
        ["modules", "action"].iter().find_map(|kind| routing.get(kind)?.get(module)?.get("redirect")?.scalar_text())
    }

    /// Each folder is read once.
    fn modules_in(&self, folder: &Path) -> Listing {
        let mut known = self.libraries.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(folder.to_owned()).or_insert_with(|| list(folder)).clone()
    }
}

/// Names of modules in a folder, with their files.
pub(super) type Listing = Arc<HashMap<String, PathBuf>>;

fn list(folder: &Path) -> Listing {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    // Of several with one name Python's counts.
    entries.sort_by_key(|path| (path.extension().is_none_or(|ending| ending != "py"), path.clone()));
    let mut all = HashMap::new();
    for path in entries {
        let ending = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !IGNORED.contains(&ending.as_str()) && name != "__init__" && path.is_file() {
            all.entry(name).or_insert(path);
        }
    }
    Arc::new(all)
}
