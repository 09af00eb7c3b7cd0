//! What all plays of a run share: the inventory, what was learnt of each host, extra variables, settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::{Decrypt, FactCache, HostState, VarMap};
use crate::diag::Diagnostic;
use crate::inventory::Inventory;
use crate::value::{Map, Value};

/// Settings of the run that variables show.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub check: bool,
    pub diff: bool,
    pub verbosity: u8,
    pub forks: usize,
    pub limit: Option<String>,
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    pub inventory_sources: Vec<PathBuf>,
    pub config_file: Option<PathBuf>,
    /// Conditions must be booleans.
    pub strict_conditions: bool,
    pub untrusted: Untrusted,
    /// Dictionaries of several levels are merged, all the way down.
    pub merge_hashes: bool,
    /// Facts are in `ansible_facts` only.
    pub facts_apart: bool,
    /// `ansible_managed`.
    pub managed: Option<String>,
}

/// What becomes of a template that stands where templates are not rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Untrusted {
    #[default]
    Ignore,
    Warn,
    Refuse,
}

pub struct World {
    pub inventory: RwLock<Inventory>,
    /// `-e`, highest of all.
    pub extra: Arc<VarMap>,
    pub settings: Settings,
    pub decrypt: Option<Arc<Decrypt>>,
    cache: Option<Arc<FactCache>>,
    hosts: RwLock<HashMap<Arc<str>, Arc<HostState>>>,
    groups: Mutex<Option<Value>>,
    warnings: Mutex<Vec<Diagnostic>>,
}

impl World {
    pub fn new(inventory: Inventory, extra: VarMap, settings: Settings, decrypt: Option<Arc<Decrypt>>) -> World {
        World {
            inventory: RwLock::new(inventory),
            extra: Arc::new(extra),
            settings,
            decrypt,
            cache: None,
            hosts: RwLock::default(),
            groups: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// Keeps facts between runs; `flush`: forgets first what is kept.
    #[must_use]
    pub fn keeping_facts(mut self, cache: FactCache, flush: bool) -> World {
        if flush {
            let hosts = self.read_inventory(|inventory| inventory.hosts_of("all"));
            hosts.iter().map(AsRef::as_ref).chain(["localhost"]).for_each(|host| cache.forget(host));
        }
        self.cache = Some(Arc::new(cache));
        self
    }

    /// What is known of a host; also of one that the inventory does not have (delegate_to).
    pub fn host(&self, name: &str) -> Arc<HostState> {
        if let Some(known) = self.hosts.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.hosts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.clone())
            .or_insert_with(|| Arc::new(HostState::remembered(name, self.cache.clone())))
            .clone()
    }

    /// Inventory variables of a host, levels 3 to 10 merged.
    pub fn inventory_vars(&self, host: &str) -> Arc<VarMap> {
        self.read_inventory(|inventory| inventory.vars_of(host))
    }

    pub fn read_inventory<T>(&self, read: impl FnOnce(&Inventory) -> T) -> T {
        read(&self.inventory.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the inventory while plays run (add_host, group_by).
    pub fn change_inventory<T>(&self, change: impl FnOnce(&mut Inventory) -> T) -> T {
        let result = change(&mut self.inventory.write().unwrap_or_else(PoisonError::into_inner));
        *self.groups.lock().unwrap_or_else(PoisonError::into_inner) = None;
        result
    }

    /// The magic variable `groups`.
    pub fn groups(&self) -> Value {
        let mut cached = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        cached
            .get_or_insert_with(|| {
                let map: Map = self.read_inventory(|inventory| {
                    let names = |hosts: Vec<Arc<str>>| Value::list(hosts.into_iter().map(Value::Str));
                    inventory.group_names().into_iter().map(|g| (Value::Str(g.clone()), names(inventory.hosts_of(&g)))).collect()
                });
                Value::Map(Arc::new(map))
            })
            .clone()
    }

    /// A warning that came up while rendering; the engine emits them.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// What came up since the last call, patterns of hosts that match nothing too.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        let mut all = self.read_inventory(Inventory::take_warnings);
        all.extend(self.cache.iter().flat_map(|cache| cache.take_problems()));
        all.append(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        all
    }
}
