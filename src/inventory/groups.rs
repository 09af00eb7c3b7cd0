//! The graph of groups: who is in whom, in which order.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexSet;

use super::settings::safe;
use super::{ALL, Group, GroupNames, Host, Inventory, UNGROUPED};
use crate::diag::Diagnostic;
use crate::template::{Var, VarMap, merged};
use crate::yaml::{Kind, Node};

impl Inventory {
    /// Makes the group where it is missing, under the name that the settings allow.
    pub(super) fn ensure_group(&mut self, name: &str) -> Arc<str> {
        let replaced = self.settings.group_names.replaced(name);
        if safe(name) != name {
            self.odd_names.insert(name.to_owned());
        }
        let name = replaced.as_deref().unwrap_or(name);
        if let Some((known, _)) = self.groups.get_key_value(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.groups.insert(name.clone(), Group { priority: 1, ..Group::default() });
        name
    }

    /// Whether there is a group of a name that somebody wrote.
    pub(super) fn knows_group(&self, name: &str) -> bool {
        self.groups.contains_key(self.settings.group_names.replaced(name).as_deref().unwrap_or(name))
    }

    /// Says that names of groups have characters that templates cannot write as `groups.NAME`.
    pub(super) fn warn_of_group_names(&mut self) {
        let names = std::mem::take(&mut self.odd_names).into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let what = match self.settings.group_names {
            GroupNames::Warn => "not replaced",
            GroupNames::Replace => "automatically replaced",
            GroupNames::Ignore | GroupNames::ReplaceSilently => return,
        };
        if !names.is_empty() {
            let joined = if what.starts_with("not") { "but" } else { "and" };
            let warning = Diagnostic::warning(format!("Invalid characters were found in group names {joined} {what}: {names}"));
            self.warn(warning.help(
                "names of groups should be of letters, digits and `_`; force_valid_group_names of ansible.cfg says what happens to others",
            ));
        }
    }

    /// Makes the host where it is missing; `source` is the file that names it.
    pub(super) fn ensure_host(&mut self, name: &str, source: Option<&Path>) -> Arc<str> {
        if let Some((known, _)) = self.hosts.get_key_value(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.hosts.insert(name.clone(), Host { source: source.map(Path::to_owned), ..Host::default() });
        name
    }

    /// Whether the host was not in the group.
    pub(super) fn join(&mut self, group: &Arc<str>, host: &Arc<str>) -> bool {
        let (Some(members), Some(member)) = (self.groups.get_mut(group), self.hosts.get_mut(host)) else { return false };
        member.groups.insert(group.clone());
        members.hosts.insert(host.clone())
    }

    /// Puts one group into another, and says whether it was not there; the error says why that cannot be.
    pub(super) fn adopt(&mut self, parent: &Arc<str>, child: &Arc<str>) -> Result<bool, String> {
        if parent == child {
            return Err(format!("the group `{child}` cannot be in itself"));
        }
        if self.below(child).contains(parent) {
            return Err(format!("`{child}` cannot be in `{parent}`, which is in `{child}`: a circle of groups"));
        }
        let mut new = false;
        if let Some(group) = self.groups.get_mut(parent) {
            new = group.children.insert(child.clone());
        }
        if let Some(group) = self.groups.get_mut(child) {
            group.parents.insert(parent.clone());
        }
        Ok(new)
    }

    /// A variable of a group from an inventory file. `ansible_group_priority` is a setting of the group, no variable.
    pub(super) fn set_group_var(&mut self, group: &Arc<str>, key: &str, value: Node) -> Result<(), Diagnostic> {
        let Some(group) = self.groups.get_mut(group) else { return Ok(()) };
        if key == "ansible_group_priority" {
            let number = match value.kind() {
                Kind::Int(number) => Some(*number),
                Kind::Str(text) => text.trim().parse().ok(),
                _ => None,
            };
            group.priority = number
                .ok_or_else(|| value.error(format!("`ansible_group_priority` must be a whole number, this is {}", value.kind_name())))?;
        } else {
            put(&mut group.vars, key, value, self.settings.merge_hashes);
        }
        Ok(())
    }

    pub(super) fn set_host_var(&mut self, host: &Arc<str>, key: &str, value: Node) {
        if let Some(host) = self.hosts.get_mut(host) {
            put(&mut host.vars, key, value, self.settings.merge_hashes);
        }
    }

    /// After every change: `all` above every group, `ungrouped` for who is in none, depths, files of variables of new names.
    pub(super) fn settle(&mut self) -> Result<(), Diagnostic> {
        let all = self.ensure_group(ALL);
        let ungrouped = self.ensure_group(UNGROUPED);
        let orphans: Vec<Arc<str>> =
            self.groups.iter().filter(|(name, group)| **name != all && group.parents.is_empty()).map(|(name, _)| name.clone()).collect();
        for orphan in orphans {
            self.adopt(&all, &orphan).map_err(Diagnostic::error)?;
        }
        let hosts: Vec<Arc<str>> = self.hosts.keys().cloned().collect();
        for host in &hosts {
            let grouped = self.hosts[host].groups.iter().any(|group| *group != all && *group != ungrouped);
            if grouped {
                self.groups[UNGROUPED].hosts.shift_remove(host);
                self.hosts[host].groups.shift_remove(UNGROUPED);
            } else {
                self.join(&ungrouped, host);
            }
        }
        self.measure_depths();
        self.merged().clear();
        self.read_vars_files()
    }

    fn read_vars_files(&mut self) -> Result<(), Diagnostic> {
        let groups: Vec<Arc<str>> = self.groups.keys().cloned().collect();
        let hosts: Vec<Arc<str>> = self.hosts.keys().cloned().collect();
        let warnings = self.files.read_for(&groups, &hosts)?;
        warnings.into_iter().for_each(|warning| self.warn(warning));
        Ok(())
    }

    fn measure_depths(&mut self) {
        for group in self.groups.values_mut() {
            group.depth = 0;
        }
        // Without circles, no way is longer than there are groups.
        let mut level: Vec<Arc<str>> = vec![ALL.into()];
        for depth in 1..=self.groups.len() {
            let below: IndexSet<Arc<str>> =
                level.iter().filter_map(|name| self.groups.get(name)).flat_map(|group| group.children.iter().cloned()).collect();
            if below.is_empty() {
                break;
            }
            for name in &below {
                if let Some(group) = self.groups.get_mut(name) {
                    group.depth = depth;
                }
            }
            level = below.into_iter().collect();
        }
    }

    /// The group and all groups in it, level by level.
    pub(super) fn below(&self, group: &str) -> IndexSet<Arc<str>> {
        let mut found = IndexSet::new();
        if let Some((name, _)) = self.groups.get_key_value(group) {
            found.insert(name.clone());
        }
        let mut at = 0;
        while let Some(name) = found.get_index(at).cloned() {
            if let Some(group) = self.groups.get(&name) {
                found.extend(group.children.iter().cloned());
            }
            at += 1;
        }
        found
    }

    /// All groups that the host is in, also through others, with `all`.
    pub(super) fn groups_above(&self, host: &str) -> Vec<Arc<str>> {
        let mut seen: HashSet<Arc<str>> = HashSet::new();
        let mut open: Vec<Arc<str>> = self.hosts.get(host).map(|host| host.groups.iter().cloned().collect()).unwrap_or_default();
        let mut found = Vec::new();
        while let Some(name) = open.pop() {
            if seen.insert(name.clone()) {
                if let Some(group) = self.groups.get(&name) {
                    open.extend(group.parents.iter().cloned());
                }
                found.push(name);
            }
        }
        found
    }

    /// The host's groups without `all`, the weakest first: by depth, then `ansible_group_priority`, then name.
    pub(super) fn in_order_of_precedence(&self, host: &str) -> Vec<Arc<str>> {
        let mut names = self.groups_above(host);
        names.retain(|name| **name != *ALL);
        names.sort_by_cached_key(|name| {
            let group = &self.groups[name];
            (group.depth, group.priority, name.clone())
        });
        names
    }
}

/// A variable that another source may have set before.
fn put(vars: &mut VarMap, key: &str, value: Node, merge: bool) {
    let value = Var::Node(value);
    let value = match vars.get(key) {
        Some(under) if merge => merged(under, value),
        _ => value,
    };
    vars.insert(key.into(), value);
}
