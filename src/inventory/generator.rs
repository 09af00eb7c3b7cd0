//! `generator` (docs.ansible.com, ansible.builtin.generator): hosts and groups for every combination of the values in `layers`.

use std::path::Path;
use std::sync::Arc;

use super::Inventory;
use super::plugin::{Options, Variables};
use crate::diag::{Diagnostic, Diagnostics};
use crate::template::{Var, VarMap, render, render_text};
use crate::value::Value;
use crate::yaml::Node;

/// More hosts than this are a mistake in the layers.
const MOST: usize = 100_000;

pub(super) fn read(inventory: &mut Inventory, node: &Node, source: &Path, problems: &mut Diagnostics) {
    let options = Options::new(node, &["hosts", "layers"], problems);
    let Some(layers) = problems.collect(layers(&options)) else { return };
    let Some(template) = options.get("hosts") else {
        return problems.push(node.error("`hosts` is missing").help("give it a `name`, a template of the layers, and `parents`"));
    };
    for values in combinations(&layers) {
        let scope = Variables::new(vec![Arc::new(values)], &inventory.settings);
        if let Err(error) = host(inventory, template, &scope, source) {
            return problems.push(error);
        }
    }
}

/// Names and values of the layers.
fn layers(options: &Options<'_>) -> Result<Vec<(Arc<str>, Vec<Node>)>, Diagnostic> {
    let mut layers: Vec<(Arc<str>, Vec<Node>)> = Vec::new();
    let mut count = 1usize;
    for (name, values) in options.map("layers")? {
        let values = values.as_list().map_or_else(|| vec![values.clone()], <[Node]>::to_vec);
        count = count.saturating_mul(values.len());
        if count > MOST {
            return Err(name.error(format!("the layers stand for more than {MOST} hosts")));
        }
        layers.push((name.scalar_text().unwrap_or_default().into(), values));
    }
    Ok(layers)
}

/// Every way to take one value of each layer; the last layer changes first.
fn combinations(layers: &[(Arc<str>, Vec<Node>)]) -> Vec<VarMap> {
    let mut all = vec![VarMap::new()];
    for (name, values) in layers {
        let with = |map: &VarMap, value: &Node| {
            let mut map = map.clone();
            map.insert(name.clone(), Var::Node(value.clone()));
            map
        };
        all = all.iter().flat_map(|map| values.iter().map(move |value| with(map, value))).collect();
    }
    all
}

fn host(inventory: &mut Inventory, template: &Node, scope: &Variables, source: &Path) -> Result<(), Diagnostic> {
    let name = template
        .get("name")
        .ok_or_else(|| template.error("`hosts` has no `name`").help("write a template of the layers: `name: \"{{ app }}_{{ env }}\"`"))?;
    let name = render_text(name, scope)?;
    let host = inventory.ensure_host(&name, Some(source));
    for parent in parents(template)? {
        let group = group(inventory, parent, &name, scope)?;
        inventory.join(&group, &host);
    }
    Ok(())
}

/// A group with its variables and the groups above it.
fn group(inventory: &mut Inventory, node: &Node, child: &str, scope: &Variables) -> Result<Arc<str>, Diagnostic> {
    let name = node
        .get("name")
        .ok_or_else(|| node.error(format!("Element {child} has a parent with no name.")).help("give every entry of `parents` a `name`"))?;
    let name = render_text(name, scope)?;
    let group = inventory.ensure_group(&name);
    for (key, value) in node.get("vars").and_then(Node::as_map).unwrap_or_default() {
        let key = key.scalar_text().unwrap_or_default();
        // What is in lists and dictionaries is rendered where it is used.
        match value.as_str() {
            Some(_) => inventory.give_group_var(&group, &key, render(value, scope)?),
            None => inventory.set_group_var(&group, &key, value.clone())?,
        }
    }
    for parent in parents(node)? {
        let above = self::group(inventory, parent, &name, scope)?;
        inventory.adopt(&above, &group).map_err(|why| parent.error(why))?;
    }
    Ok(group)
}

fn parents(node: &Node) -> Result<&[Node], Diagnostic> {
    match node.get("parents").filter(|parents| !parents.is_null()) {
        None => Ok(&[]),
        Some(parents) => {
            parents.as_list().ok_or_else(|| parents.error(format!("`parents` must be a list, this is {}", parents.kind_name())))
        }
    }
}

impl Inventory {
    fn give_group_var(&mut self, group: &Arc<str>, key: &str, value: Value) {
        if let Some(group) = self.groups.get_mut(group) {
            group.vars.insert(key.into(), Var::Value(value));
        }
    }
}
