//! `group_vars/` and `host_vars/`, beside the inventory and beside the playbook (docs.ansible.com, "Organizing host and group
//! variables"): a file with the name of the group or host, with `.yml`, `.yaml`, `.json` or nothing after it, or a folder of such.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LOCAL, Settings};
use crate::diag::{Diagnostic, Source};
use crate::template::{Var, VarMap};
use crate::vault::{self, Decrypt};
use crate::yaml::{self, Kind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Inventory,
    Playbook,
}

const GROUPS: &str = "group_vars";
const HOSTS: &str = "host_vars";

/// What was read so far, by folder, kind and name.
#[derive(Clone, Default)]
pub(super) struct VarsFiles {
    inventory: Vec<PathBuf>,
    playbook: Vec<PathBuf>,
    settings: Arc<Settings>,
    read: HashMap<PathBuf, Folder>,
    /// Why files of a group or a host cannot be opened: an error for who needs them, not for others.
    locked: HashMap<(&'static str, Arc<str>), Diagnostic>,
}

/// One folder's `group_vars/` and `host_vars/`; none for a name that has no file there.
#[derive(Clone, Default)]
struct Folder {
    groups: HashMap<Arc<str>, Option<VarMap>>,
    hosts: HashMap<Arc<str>, Option<VarMap>>,
}

impl fmt::Debug for VarsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VarsFiles").field("inventory", &self.inventory).field("playbook", &self.playbook).finish_non_exhaustive()
    }
}

impl VarsFiles {
    pub(super) fn new(settings: Arc<Settings>) -> VarsFiles {
        let here = |folder: &PathBuf| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.clone() };
        VarsFiles { playbook: settings.playbook_folders.iter().map(here).collect(), settings, ..VarsFiles::default() }
    }

    pub(super) fn add_inventory_folder(&mut self, folder: PathBuf) {
        if !self.inventory.contains(&folder) {
            self.inventory.push(folder);
        }
    }

    /// Why files of a group cannot be opened.
    pub(super) fn locked_group(&self, name: &Arc<str>) -> Option<&Diagnostic> {
        self.locked.get(&(GROUPS, name.clone()))
    }

    /// Why files of a host cannot be opened.
    pub(super) fn locked_host(&self, name: &str) -> Option<&Diagnostic> {
        self.locked.get(&(HOSTS, name.into()))
    }

    /// In the order given, weakest first.
    pub(super) fn folders(&self, place: Place) -> &[PathBuf] {
        match place {
            Place::Inventory => &self.inventory,
            Place::Playbook => &self.playbook,
        }
    }

    pub(super) fn group_in(&self, folder: &Path, name: &str) -> Option<&VarMap> {
        self.read.get(folder)?.groups.get(name)?.as_ref()
    }

    pub(super) fn of_group<'a>(&'a self, place: Place, name: &'a str) -> impl Iterator<Item = &'a VarMap> {
        self.folders(place).iter().filter_map(move |folder| self.group_in(folder, name))
    }

    pub(super) fn of_host<'a>(&'a self, place: Place, name: &'a str) -> impl Iterator<Item = &'a VarMap> {
        self.folders(place).iter().filter_map(move |folder| self.read.get(folder)?.hosts.get(name)?.as_ref())
    }

    /// Reads what belongs to these names and was not read yet. Returns warnings.
    pub(super) fn read_for(&mut self, groups: &[Arc<str>], hosts: &[Arc<str>]) -> Result<Vec<Diagnostic>, Diagnostic> {
        let mut warnings = Vec::new();
        let mut read = std::mem::take(&mut self.read);
        let local: Vec<Arc<str>> = LOCAL.iter().map(|name| Arc::from(*name)).collect();
        let bases: Vec<PathBuf> = self.inventory.iter().chain(&self.playbook).cloned().collect();
        for base in bases {
            let folder = read.entry(base.clone()).or_default();
            let known = [(GROUPS, groups, &mut folder.groups), (HOSTS, hosts, &mut folder.hosts)];
            for (kind, names, known) in known {
                let place = base.join(kind);
                let exists = place.is_dir();
                let also: &[Arc<str>] = if kind == HOSTS { &local } else { &[] };
                for name in names.iter().chain(also) {
                    if known.contains_key(name) {
                        continue;
                    }
                    let vars = match exists.then(|| self.named(&place, name, &mut warnings)) {
                        None => None,
                        Some(Ok(vars)) => vars,
                        Some(Err(error)) if vault::is_vault_error(&error) => {
                            self.locked.insert((kind, name.clone()), error);
                            None
                        }
                        Some(Err(error)) => return Err(error),
                    };
                    known.insert(name.clone(), vars);
                }
            }
        }
        self.read = read;
        Ok(warnings)
    }

    fn named(&self, folder: &Path, name: &str, warnings: &mut Vec<Diagnostic>) -> Result<Option<VarMap>, Diagnostic> {
        if name.contains('/') || name.starts_with('.') {
            return Ok(None);
        }
        // The first that is there counts, and a folder before a file.
        let Some(found) = std::iter::once("")
            .chain(self.settings.extensions.iter().map(String::as_str))
            .map(|end| folder.join(format!("{name}{end}")))
            .find(|p| p.exists())
        else {
            return Ok(None);
        };
        let mut files = Vec::new();
        if found.is_dir() {
            self.files_below(&found, 0, &mut files)?;
        } else {
            files.push(found);
        }
        let mut vars = VarMap::new();
        for file in files {
            vars.extend(read_vars(&file, self.settings.decrypt.as_deref(), warnings)?);
        }
        Ok(Some(vars))
    }

    /// All files of a folder of variables, sorted, without hidden and backup files; of its folders too.
    fn files_below(&self, folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Diagnostic> {
        let failed = |error: std::io::Error| Diagnostic::error(format!("cannot read {}: {error}", folder.display()));
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).map_err(failed)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(failed)?;
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy()));
            // A link may lead back up; nobody nests variables this deep.
            if path.is_dir() {
                if extension.is_none() && depth < 16 {
                    self.files_below(&path, depth + 1, files)?;
                }
            } else if extension.is_none_or(|e| self.settings.extensions.contains(&e)) {
                files.push(path);
            }
        }
        Ok(())
    }
}

/// One file of variables, opened if it is encrypted as a whole.
pub(super) fn read_vars(path: &Path, decrypt: Option<&Decrypt>, warnings: &mut Vec<Diagnostic>) -> Result<VarMap, Diagnostic> {
    let source = yaml::read(path)?;
    let loaded = if source.text.starts_with("$ANSIBLE_VAULT;") {
        let Some(decrypt) = decrypt else {
            return Err(crate::vault::locked(&path.display().to_string()));
        };
        let text = decrypt(&source.text).map_err(|d| Diagnostic { message: format!("{}: {}", path.display(), d.message), ..d })?;
        yaml::load_secret(&Arc::new(Source { path: source.path.clone(), text: text.into() }))?
    } else {
        yaml::load(&source)?
    };
    warnings.extend(loaded.warnings.iter().cloned());
    let Some(node) = loaded.single()? else { return Ok(VarMap::new()) };
    match node.kind() {
        Kind::Null => Ok(VarMap::new()),
        Kind::Map(entries) => entries
            .iter()
            .map(|(key, value)| match key.as_str() {
                Some(name) => Ok((Arc::from(name), Var::Node(value.clone()))),
                None => Err(key.error(format!("the name of a variable must be a string, this is {}", key.kind_name())).help("quote it")),
            })
            .collect(),
        _ => Err(node
            .error(format!("a file of variables must hold a dictionary, this is {}", node.kind_name()))
            .help("write `name: value`, one variable a line")),
    }
}
