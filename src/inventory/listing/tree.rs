//! The inventory as an inventory file: groups in groups for YAML, a table of groups for TOML. A host's variables stand where it
//! is named first.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Shown, toml};
use crate::diag::Diagnostic;
use crate::inventory::{ALL, Inventory, UNGROUPED};
use crate::template::{Encrypted, Var, VarMap, yaml_sorted};
use crate::value::{Map, Value};
use crate::yaml::{Kind, Node, Tag};

/// What was named already.
#[derive(Default)]
struct Seen {
    groups: HashSet<Arc<str>>,
    hosts: HashSet<Arc<str>>,
}

impl Inventory {
    /// A YAML inventory.
    pub fn to_yaml(&self, shown: &Shown) -> String {
        let all = self.group_tree(ALL, shown, &mut Seen::default());
        yaml_sorted(&if all.is_empty() { Value::map([]) } else { Value::map([(Value::str(ALL), dictionary(all))]) })
    }

    /// The variables of one host.
    pub fn host_yaml(&self, host: &str, shown: &Shown) -> String {
        yaml_sorted(&vars_value(&self.shown_vars(host, shown)))
    }

    /// A TOML inventory.
    ///
    /// # Errors
    /// A value that TOML does not have: nothing.
    pub fn to_toml(&self, shown: &Shown) -> Result<String, Diagnostic> {
        let (mut tables, mut seen) = (Map::new(), Seen::default());
        self.group_tables(ALL, shown, &mut seen, &mut tables);
        toml::dump(&tables)
    }

    /// The variables of one host.
    ///
    /// # Errors
    /// As [`Inventory::to_toml`].
    pub fn host_toml(&self, host: &str, shown: &Shown) -> Result<String, Diagnostic> {
        let vars = vars_value(&self.shown_vars(host, shown));
        toml::dump(vars.as_map().unwrap_or(&Map::new()))
    }

    /// What is in a group; empty where nothing is shown of it.
    fn group_tree(&self, name: &str, shown: &Shown, seen: &mut Seen) -> Map {
        let mut tree = Map::new();
        let Some(group) = self.groups.get(name) else { return tree };
        let mut children = Map::new();
        for child in &group.children {
            if seen.groups.contains(child) {
                children.insert(Value::Str(child.clone()), Value::map([]));
                continue;
            }
            let below = self.group_tree(child, shown, seen);
            if !below.is_empty() {
                children.insert(Value::Str(child.clone()), dictionary(below));
            }
            seen.groups.insert(child.clone());
        }
        let hosts = if name == ALL { Map::new() } else { self.hosts_tree(name, shown, seen) };
        let vars = if shown.export { vars_value(&self.own_vars(name)) } else { Value::map([]) };
        for (part, entries) in [("children", dictionary(children)), ("hosts", dictionary(hosts)), ("vars", vars)] {
            if entries.is_true() {
                tree.insert(Value::str(part), entries);
            }
        }
        tree
    }

    /// The tables of a group and of those below it.
    fn group_tables(&self, name: &str, shown: &Shown, seen: &mut Seen, tables: &mut Map) {
        let Some(group) = self.groups.get(name) else { return };
        if !seen.groups.insert(name.into()) {
            return;
        }
        // Groups below take the variables of hosts, but stand below.
        let mut lower = Map::new();
        for child in &group.children {
            self.group_tables(child, shown, seen, &mut lower);
        }
        let mut table = Map::new();
        let children: Vec<Value> = group.children.iter().filter(|child| ***child != *UNGROUPED).cloned().map(Value::Str).collect();
        if name != ALL && !children.is_empty() {
            table.insert(Value::str("children"), Value::list(children));
        }
        let hosts = if name == ALL { Map::new() } else { self.hosts_tree(name, shown, seen) };
        let vars = if shown.export { vars_value(&self.own_vars(name)) } else { Value::map([]) };
        for (part, entries) in [("hosts", dictionary(hosts)), ("vars", vars)] {
            if entries.is_true() {
                table.insert(Value::str(part), entries);
            }
        }
        if !table.is_empty() {
            tables.insert(Value::str(name), dictionary(table));
        }
        tables.extend(lower);
    }

    fn hosts_tree(&self, group: &str, shown: &Shown, seen: &mut Seen) -> Map {
        let Some(group) = self.groups.get(group) else { return Map::new() };
        let mut hosts = Map::new();
        for host in group.hosts.iter().filter(|host| shown.has(host)) {
            let first = seen.hosts.insert(host.clone());
            let vars = if first { vars_value(&self.shown_vars(host, shown)) } else { Value::map([]) };
            hosts.insert(Value::Str(host.clone()), vars);
        }
        hosts
    }
}

fn dictionary(map: Map) -> Value {
    Value::Map(Arc::new(map))
}

fn vars_value(vars: &VarMap) -> Value {
    let of = |var: &Var| match var {
        Var::Value(value) => value.clone(),
        Var::Node(node) => node_value(node),
    };
    Value::map(vars.iter().map(|(name, var)| (Value::Str(name.clone()), of(var))))
}

/// As written; encrypted text stays so.
fn node_value(node: &Node) -> Value {
    match node.kind() {
        Kind::Str(text) if node.tag() == Some(&Tag::Vault) => Value::Object(Arc::new(Encrypted(text.clone()))),
        Kind::List(items) => Value::list(items.iter().map(node_value)),
        Kind::Map(entries) => Value::map(entries.iter().map(|(key, value)| (Value::from_node(key), node_value(value)))),
        _ => Value::from_node(node),
    }
}
