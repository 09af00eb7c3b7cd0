//! Hosts and groups from their sources; patterns; variables of hosts.
//!
//! [`Inventory::load`] reads everything before a play runs, files of variables too, so that every mistake shows at once. While
//! plays run only [`Inventory::add_host`] and [`Inventory::add_to_group`] change it.

mod constructed;
mod files;
mod generator;
mod groups;
mod ini;
mod list;
mod listing;
mod literal;
mod load;
mod pattern;
mod plugin;
mod range;
mod script;
mod settings;
mod source;
mod toml;
mod words;
mod yaml;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::{IndexMap, IndexSet};

use crate::diag::{Diagnostic, Diagnostics};
use crate::template::{Var, VarMap, extend_merged};
use crate::value::Value;

pub use listing::Shown;
pub use settings::{GroupNames, Settings, Unmatched, Unparsed};

/// All hosts and groups of a run.
#[derive(Debug, Default)]
pub struct Inventory {
    groups: IndexMap<Arc<str>, Group>,
    hosts: IndexMap<Arc<str>, Host>,
    files: files::VarsFiles,
    /// What `-i` named.
    sources: Vec<String>,
    settings: Arc<Settings>,
    /// Names of groups with characters that names of variables may not have, as they were written.
    odd_names: IndexSet<String>,
    /// What [`Inventory::vars_of`] has made; emptied by every change.
    merged: Mutex<HashMap<Arc<str>, Arc<VarMap>>>,
    warnings: Mutex<Vec<Diagnostic>>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    /// Hosts named in the group itself.
    hosts: IndexSet<Arc<str>>,
    children: IndexSet<Arc<str>>,
    parents: IndexSet<Arc<str>>,
    vars: VarMap,
    /// `ansible_group_priority`; 1 where nothing says otherwise.
    priority: i64,
    /// Longest way down from `all`.
    depth: usize,
}

#[derive(Clone, Debug, Default)]
struct Host {
    /// Groups that name the host themselves.
    groups: IndexSet<Arc<str>>,
    vars: VarMap,
    source: Option<PathBuf>,
}

impl Inventory {
    /// Hosts of a pattern, in inventory order, within `limit`. What matches nothing is left out, with a warning, as in Ansible.
    ///
    /// # Errors
    /// A pattern that cannot be read: a bad regular expression, a missing `@file`.
    pub fn matching(&self, pattern: &str, limit: Option<&str>) -> Result<Vec<Arc<str>>, Diagnostic> {
        pattern::hosts(self, pattern, limit, self.settings.unmatched)
    }

    /// The same, but a name that matches nothing is an error with a suggestion: for what a user typed.
    pub fn matching_known(&self, pattern: &str, limit: Option<&str>) -> Result<Vec<Arc<str>>, Diagnostic> {
        pattern::hosts(self, pattern, limit, Unmatched::Refuse)
    }

    /// Levels 3 to 10 of docs.ansible.com "Understanding variable precedence", merged; cached. A host that the inventory does
    /// not have (localhost, `delegate_to`) gets what is true of `all`.
    pub fn vars_of(&self, host: &str) -> Arc<VarMap> {
        if let Some(known) = self.merged().get(host) {
            return known.clone();
        }
        let made = Arc::new(self.merge(host));
        self.merged().insert(host.into(), made.clone());
        made
    }

    /// Hosts of a pattern, as [`Inventory::matching`], without a word on what matches nothing.
    ///
    /// # Errors
    /// A pattern that cannot be read.
    pub fn meant(&self, pattern: &str, limit: Option<&str>) -> Result<Vec<Arc<str>>, Diagnostic> {
        pattern::hosts(self, pattern, limit, Unmatched::Ignore)
    }

    /// Whether all variables of these hosts could be read. Files that no password opens are an error only for who needs them.
    ///
    /// # Errors
    /// Each file that could not be opened.
    pub fn readable<'h>(&self, hosts: impl IntoIterator<Item = &'h Arc<str>>) -> Result<(), Diagnostics> {
        let mut wrong = IndexMap::new();
        for host in hosts {
            let all: Arc<str> = ALL.into();
            let groups = self.groups_above(host);
            let locked = groups
                .iter()
                .chain(std::iter::once(&all))
                .filter_map(|group| self.files.locked_group(group))
                .chain(self.files.locked_host(host));
            wrong.extend(locked.map(|error| (error.to_string(), error.clone())));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Diagnostics(wrong.into_values().collect())) }
    }

    /// This machine under a name that no source has: known without one, and never reached but locally.
    pub fn is_implicit(&self, host: &str) -> bool {
        LOCAL.contains(&host) && !self.has_host(host)
    }

    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.contains_key(host)
    }

    pub fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// With `all` and `ungrouped`.
    pub fn group_names(&self) -> Vec<Arc<str>> {
        self.groups.keys().cloned().collect()
    }

    /// Also of groups below it, level by level.
    pub fn hosts_of(&self, group: &str) -> Vec<Arc<str>> {
        let mut found = IndexSet::new();
        for name in self.below(group) {
            if let Some(group) = self.groups.get(&name) {
                found.extend(group.hosts.iter().cloned());
            }
        }
        found.into_iter().collect()
    }

    /// Sorted, without `all`: the magic variable `group_names`.
    pub fn groups_of(&self, host: &str) -> Vec<Arc<str>> {
        let mut names = self.groups_above(host);
        names.retain(|name| **name != *ALL);
        names.sort();
        names
    }

    /// The file that first names the host.
    pub fn source_of(&self, host: &str) -> Option<PathBuf> {
        self.hosts.get(host)?.source.clone()
    }

    /// What came up since the last call: patterns that match nothing.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a host while plays run, or gives one more groups and variables. A port in the name (`host:22`) becomes `ansible_port`.
    /// The answer is whether anything changed.
    ///
    /// # Errors
    /// A file in group_vars/ or host_vars/ of a new group or host that cannot be read; a name that is none.
    pub fn add_host(&mut self, name: &str, groups: &[String], vars: Vec<(Arc<str>, Value)>) -> Result<bool, Diagnostic> {
        let (names, port) = range::expand(name).map_err(Diagnostic::error)?;
        let mut changed = false;
        for name in names {
            let is_new = !self.has_host(&name);
            changed |= is_new;
            let host = self.ensure_host(&name, None);
            // What was added stands before what groups bring.
            if is_new {
                self.join(&ALL.into(), &host);
            }
            for group in groups {
                let group = self.ensure_group(group);
                changed |= self.join(&group, &host);
            }
            let port = port.map(|port| ("ansible_port".into(), Value::Int(i64::from(port))));
            let Some(found) = self.hosts.get_mut(&host) else { continue };
            for (key, value) in port.into_iter().chain(vars.iter().cloned()) {
                let same = matches!(found.vars.get(&key), Some(Var::Value(known)) if *known == value);
                changed |= !same;
                found.vars.insert(key, Var::Value(value));
            }
        }
        if changed {
            self.settle()?;
        }
        Ok(changed)
    }

    /// group_by: makes the group and its parents where they are missing. The answer is whether anything changed.
    ///
    /// # Errors
    /// A circle of groups; a file in group_vars/ of a new group that cannot be read.
    pub fn add_to_group(&mut self, group: &str, parents: &[String], host: &str) -> Result<bool, Diagnostic> {
        let mut changed = !self.knows_group(group);
        let group = self.ensure_group(group);
        for parent in parents {
            let parent = self.ensure_group(parent);
            changed |= self.adopt(&parent, &group).map_err(Diagnostic::error)?;
        }
        if let Some((host, _)) = self.hosts.get_key_value(host) {
            let host = host.clone();
            changed |= self.join(&group, &host);
        }
        if changed {
            self.settle()?;
        }
        Ok(changed)
    }

    fn merge(&self, host: &str) -> VarMap {
        let mut vars = VarMap::new();
        let mut take = |level: Option<&VarMap>| {
            let Some(level) = level else { return };
            if self.settings.merge_hashes {
                extend_merged(&mut vars, level);
            } else {
                vars.extend(level.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        };
        let groups = self.in_order_of_precedence(host);
        take(self.groups.get(ALL).map(|group| &group.vars));
        groups.iter().for_each(|name| take(self.groups.get(name).map(|group| &group.vars)));
        for place in [files::Place::Inventory, files::Place::Playbook] {
            self.files.of_group(place, ALL).for_each(|level| take(Some(level)));
        }
        for place in [files::Place::Inventory, files::Place::Playbook] {
            for folder in self.files.folders(place) {
                groups.iter().for_each(|name| take(self.files.group_in(folder, name)));
            }
        }
        take(self.hosts.get(host).map(|host| &host.vars));
        for place in [files::Place::Inventory, files::Place::Playbook] {
            self.files.of_host(place, host).for_each(|level| take(Some(level)));
        }
        vars
    }

    fn merged(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Arc<VarMap>>> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }
}

/// The group of every host.
const ALL: &str = "all";
/// The group of hosts that are in no other.
const UNGROUPED: &str = "ungrouped";
/// Names of this machine, known where no inventory has them.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[cfg(test)]
mod tests;
