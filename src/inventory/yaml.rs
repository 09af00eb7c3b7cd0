//! YAML inventories (docs.ansible.com, ansible.builtin.yaml): groups at the top, each with `hosts`, `children`, `vars`.

use std::path::Path;
use std::sync::Arc;

use super::{Inventory, range};
use crate::diag::{Diagnostic, Diagnostics};
use crate::yaml::{Kind, Node};

const PARTS: [&str; 3] = ["vars", "children", "hosts"];

/// Adds what the node says. All mistakes that can be found are in `problems`.
pub(super) fn read(inventory: &mut Inventory, node: &Node, source: &Path, problems: &mut Diagnostics) {
    let Some(groups) = node.as_map() else {
        problems.push(
            node.error(format!("an inventory must be a dictionary of groups, this is {}", node.kind_name()))
                .help("begin with `all:` and put `hosts:` or `children:` below it"),
        );
        return;
    };
    if let Some(plugin) = node.get("plugin") {
        let error = plugin.error("this is the configuration of an inventory plugin, no inventory");
        return problems.push(error.help("enable_plugins of ansible.cfg leaves out `auto` and this plugin"));
    }
    let mut reader = Reader { inventory, source, problems };
    for (name, data) in groups {
        reader.group(name, data, 0);
    }
}

struct Reader<'r> {
    inventory: &'r mut Inventory,
    source: &'r Path,
    problems: &'r mut Diagnostics,
}

impl Reader<'_> {
    fn group(&mut self, name: &Node, data: &Node, depth: usize) -> Option<Arc<str>> {
        let Some(text) = name.as_str().filter(|text| !text.is_empty()) else {
            self.problems.push(name.error(format!("the name of a group must be a string, this is {}", name.kind_name())).help("quote it"));
            return None;
        };
        let group = self.inventory.ensure_group(text);
        match data.kind() {
            Kind::Null => {}
            Kind::Map(parts) => {
                for (key, part) in parts {
                    self.part(&group, key, part, depth);
                }
            }
            _ => self.problems.push(
                data.error(format!(
                    "the group `{text}` must be a dictionary with `hosts`, `children` or `vars`, this is {}",
                    data.kind_name()
                ))
                .help(format!("write `{text}:` and below it `hosts:`, and below that each host with a `:` after its name")),
            ),
        }
        Some(group)
    }

    fn part(&mut self, group: &Arc<str>, key: &Node, part: &Node, depth: usize) {
        let name = key.scalar_text().unwrap_or_default();
        if !PARTS.contains(&name.as_str()) {
            let mut warning = Diagnostic::warning(format!("`{name}` is nothing that a group has; it is skipped")).at(key.span());
            warning = warning.suggest(&name, PARTS).help("a group has `hosts`, `children` and `vars`; variables belong under `vars`");
            self.problems.push(warning);
            return;
        }
        let one = (part.clone(), Node::new(Kind::Null, part.span().clone()));
        let entries: &[(Node, Node)] = match part.kind() {
            Kind::Null => &[],
            Kind::Map(entries) => entries,
            // A single name without its colon.
            Kind::Str(text) if name != "vars" && !text.is_empty() => std::slice::from_ref(&one),
            _ => {
                let mut error = part.error(format!("`{name}` of the group `{group}` must be a dictionary, this is {}", part.kind_name()));
                if part.as_list().is_some() && name != "vars" {
                    error = error.help("write each name on its own line with a `:` after it and no `-` before it");
                }
                self.problems.push(error);
                return;
            }
        };
        for (key, value) in entries {
            match name.as_str() {
                "vars" => self.variable(group, key, value),
                "children" => self.child(group, key, value, depth),
                _ => self.hosts(group, key, value),
            }
        }
    }

    fn variable(&mut self, group: &Arc<str>, key: &Node, value: &Node) {
        match key.scalar_text() {
            Some(name) => {
                if let Err(error) = self.inventory.set_group_var(group, &name, value.clone()) {
                    self.problems.push(error);
                }
            }
            None => self.problems.push(key.error("the name of a variable must be a string")),
        }
    }

    fn child(&mut self, group: &Arc<str>, key: &Node, value: &Node, depth: usize) {
        if let Some(child) = self.group(key, value, depth + 1)
            && let Err(reason) = self.inventory.adopt(group, &child)
        {
            self.problems.push(key.error(reason));
        }
    }

    fn hosts(&mut self, group: &Arc<str>, key: &Node, value: &Node) {
        // A number may not be what was written: 0123, 1_000.
        let Some(text) = key.as_str().filter(|text| !text.is_empty()) else {
            let shown = key.scalar_text().unwrap_or_default();
            self.problems.push(key.error(format!("Host pattern {shown} must be a string, this is {}", key.kind_name())).help("quote it"));
            return;
        };
        let (names, port) = match range::expand(text) {
            Ok(found) => found,
            Err(reason) => return self.problems.push(key.error(reason)),
        };
        let vars = match value.kind() {
            Kind::Null => &[][..],
            Kind::Map(vars) => vars,
            _ => {
                let error =
                    value.error(format!("the host `{text}` must have a dictionary of variables or nothing, this is {}", value.kind_name()));
                return self.problems.push(error.help(format!("write `{text}:` and below it `name: value`")));
            }
        };
        for name in names {
            let host = self.inventory.ensure_host(&name, Some(self.source));
            self.inventory.join(group, &host);
            if let Some(port) = port {
                self.inventory.set_host_var(&host, "ansible_port", Node::new(Kind::Int(i64::from(port)), key.span().clone()));
            }
            for (key, value) in vars {
                match key.scalar_text() {
                    Some(name) => self.inventory.set_host_var(&host, &name, value.clone()),
                    None => self.problems.push(key.error("the name of a variable must be a string")),
                }
            }
        }
    }
}
