//! The inventory in the shapes that ansible-inventory prints: a list of everything, one host, a tree.

use serde_json::{Map, Value as Json, json};

use super::files::Place;
use super::{ALL, Inventory};
use crate::template::{Var, VarMap};
use crate::value::Value;
use crate::yaml::{Kind, Node, Tag};

impl Inventory {
    /// Groups with their hosts and children, and the variables of every host that has any. Nothing is rendered.
    pub fn to_json(&self) -> Json {
        let mut hostvars = Map::new();
        for host in self.hosts_of(ALL) {
            let vars = self.host_json(&host);
            if vars.as_object().is_some_and(|vars| !vars.is_empty()) {
                hostvars.insert(host.to_string(), vars);
            }
        }
        let mut list = Map::new();
        list.insert("_meta".into(), json!({ "hostvars": hostvars, "profile": "inventory_legacy" }));
        for name in self.below(ALL) {
            let Some(group) = self.groups.get(&name) else { continue };
            let mut shown = Map::new();
            if *name != *ALL && !group.hosts.is_empty() {
                shown.insert("hosts".into(), group.hosts.iter().map(|host| host.to_string()).collect());
            }
            if !group.children.is_empty() {
                shown.insert("children".into(), group.children.iter().map(|child| child.to_string()).collect());
            }
            if !shown.is_empty() {
                list.insert(name.to_string(), Json::Object(shown));
            }
        }
        sorted(Json::Object(list))
    }

    /// The variables of one host, sorted by name.
    pub fn host_json(&self, host: &str) -> Json {
        let vars = self.vars_of(host);
        sorted(Json::Object(vars.iter().map(|(name, var)| (name.to_string(), var_json(var))).collect()))
    }

    /// The tree below a group, a line each; `with_vars` adds the variables of hosts (merged) and of groups (their own).
    pub fn graph(&self, group: &str, with_vars: bool) -> String {
        let mut lines = format!("@{group}:\n");
        self.graph_below(group, 1, with_vars, &mut lines);
        lines
    }

    fn graph_below(&self, name: &str, depth: usize, with_vars: bool, lines: &mut String) {
        let Some(group) = self.groups.get(name) else { return };
        let bar = "  |".repeat(depth);
        for child in &group.children {
            lines.push_str(&format!("{bar}--@{child}:\n"));
            self.graph_below(child, depth + 1, with_vars, lines);
        }
        if name != ALL {
            for host in &group.hosts {
                lines.push_str(&format!("{bar}--{host}\n"));
                if with_vars {
                    graph_vars(&self.vars_of(host), depth + 1, lines);
                }
            }
        }
        if with_vars {
            graph_vars(&self.own_vars(name), depth, lines);
        }
    }

    /// A group's own variables: from inventory files and `group_vars/`.
    fn own_vars(&self, name: &str) -> VarMap {
        let mut vars = VarMap::new();
        let Some(group) = self.groups.get(name) else { return vars };
        let files = [Place::Inventory, Place::Playbook].into_iter().flat_map(|place| self.files.of_group(place, name));
        for level in std::iter::once(&group.vars).chain(files) {
            vars.extend(level.iter().map(|(name, var)| (name.clone(), var.clone())));
        }
        if group.priority != 1 {
            vars.insert("ansible_group_priority".into(), Var::Value(Value::Int(group.priority)));
        }
        vars
    }
}

fn graph_vars(vars: &VarMap, depth: usize, lines: &mut String) {
    let bar = "  |".repeat(depth);
    let mut sorted: Vec<_> = vars.iter().collect();
    sorted.sort_by_key(|(name, _)| (*name).clone());
    for (name, var) in sorted {
        let value = match var {
            Var::Value(value) => value.clone(),
            Var::Node(node) => Value::from_node(node),
        };
        lines.push_str(&format!("{bar}--{{{name} = {value}}}\n"));
    }
}

fn var_json(var: &Var) -> Json {
    match var {
        Var::Node(node) => node_json(node),
        Var::Value(value) => value.to_json().unwrap_or(Json::Null),
    }
}

/// As written; an encrypted value stays encrypted.
fn node_json(node: &Node) -> Json {
    match node.kind() {
        Kind::Str(text) => match node.tag() {
            Some(Tag::Vault) => json!({ "__ansible_vault": text }),
            _ => Json::String(text.to_string()),
        },
        Kind::List(items) => Json::Array(items.iter().map(node_json).collect()),
        Kind::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key_text(key), node_json(value))).collect()),
        Kind::Null => Json::Null,
        Kind::Bool(flag) => Json::Bool(*flag),
        Kind::Int(number) => Json::from(*number),
        Kind::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
    }
}

/// A key as Python's json module writes it.
fn key_text(key: &Node) -> String {
    match key.kind() {
        Kind::Null => "null".into(),
        Kind::Bool(flag) => flag.to_string(),
        _ => key.scalar_text().unwrap_or_default(),
    }
}

fn sorted(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<(String, Json)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
