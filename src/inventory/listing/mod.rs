//! The inventory in the shapes that ansible-inventory prints: a list of everything, one host, a tree; as JSON, YAML, TOML.

mod graph;
mod toml;
mod tree;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::files::Place;
use super::{ALL, Inventory};
use crate::template::{Var, VarMap};
use crate::value::Value;
use crate::yaml::{Kind, Node, Tag};

/// What is shown of an inventory.
#[derive(Debug, Default)]
pub struct Shown {
    /// Variables where they are set, on groups too, not what comes to hold for each host.
    pub export: bool,
    /// Only these hosts.
    pub only: Option<HashSet<Arc<str>>>,
}

impl Shown {
    fn has(&self, host: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(host))
    }
}

impl Inventory {
    /// Groups with their hosts and children, and the variables of every host that has any. Nothing is rendered.
    pub fn to_json(&self, shown: &Shown) -> Json {
        let mut hostvars = Map::new();
        for host in self.hosts_of(ALL).into_iter().filter(|host| shown.has(host)) {
            let vars = self.shown_vars(&host, shown);
            if !vars.is_empty() {
                hostvars.insert(host.to_string(), vars_json(&vars, true));
            }
        }
        let mut list = Map::new();
        list.insert("_meta".into(), json!({ "hostvars": hostvars, "profile": "inventory_legacy" }));
        for name in self.below(ALL) {
            let Some(group) = self.groups.get(&name) else { continue };
            let mut parts = Map::new();
            let hosts: Vec<Json> = group.hosts.iter().filter(|host| shown.has(host)).map(|host| Json::from(host.to_string())).collect();
            if *name != *ALL && !hosts.is_empty() {
                parts.insert("hosts".into(), hosts.into());
            }
            if !group.children.is_empty() {
                parts.insert("children".into(), group.children.iter().map(|child| child.to_string()).collect());
            }
            let vars = if shown.export { self.own_vars(&name) } else { VarMap::new() };
            if !vars.is_empty() {
                parts.insert("vars".into(), vars_json(&vars, true));
            }
            if !parts.is_empty() {
                list.insert(name.to_string(), Json::Object(parts));
            }
        }
        sorted(Json::Object(list))
    }

    /// The variables of one host, sorted by name.
    pub fn host_json(&self, host: &str, shown: &Shown) -> Json {
        sorted(vars_json(&self.shown_vars(host, shown), false))
    }

    /// What is shown as the variables of a host. This machine is known without an inventory.
    fn shown_vars(&self, host: &str, shown: &Shown) -> VarMap {
        let mut vars = VarMap::new();
        if self.is_implicit(host) {
            let implicit = [("ansible_connection", "local"), ("ansible_python_interpreter", "/usr/bin/python3")];
            vars.extend(
                implicit.map(|(name, value)| (name.into(), Var::Node(Node::string(value, &crate::yaml::nowhere("localhost", value))))),
            );
        }
        let mut take = |level: &VarMap| vars.extend(level.iter().map(|(name, var)| (name.clone(), var.clone())));
        if !shown.export {
            take(&self.vars_of(host));
            return vars;
        }
        self.hosts.get(host).into_iter().for_each(|host| take(&host.vars));
        for place in [Place::Inventory, Place::Playbook] {
            self.files.of_host(place, host).for_each(&mut take);
        }
        vars
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

/// `marked`: text that is no template says so.
fn vars_json(vars: &VarMap, marked: bool) -> Json {
    let of = |var: &Var| match var {
        Var::Node(node) => node_json(node, marked),
        Var::Value(value) => value_json(value, marked),
    };
    Json::Object(vars.iter().map(|(name, var)| (name.to_string(), of(var))).collect())
}

/// Values were made, not written: none of their text is a template.
fn value_json(value: &Value, marked: bool) -> Json {
    match value {
        Value::Str(text) if marked => json!({ "__ansible_unsafe": text }),
        Value::List(items) | Value::Tuple(items) => items.iter().map(|item| value_json(item, marked)).collect(),
        Value::Map(map) => Json::Object(map.iter().map(|(key, value)| (key.to_string(), value_json(value, marked))).collect()),
        other => other.to_json().unwrap_or(Json::Null),
    }
}

/// As written; an encrypted value stays encrypted.
fn node_json(node: &Node, marked: bool) -> Json {
    let marked_below = marked && node.tag() != Some(&Tag::Unsafe);
    match node.kind() {
        Kind::Str(text) => match node.tag() {
            Some(Tag::Vault) => json!({ "__ansible_vault": text }),
            Some(Tag::Unsafe) if marked => json!({ "__ansible_unsafe": text }),
            _ => Json::String(text.to_string()),
        },
        Kind::List(_) | Kind::Map(_) if marked && !marked_below => value_json(&Value::from_node(node), true),
        Kind::List(items) => Json::Array(items.iter().map(|item| node_json(item, marked)).collect()),
        Kind::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key_text(key), node_json(value, marked))).collect()),
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
