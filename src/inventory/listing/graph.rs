//! `--graph`: the tree of groups and hosts.

use crate::inventory::{ALL, Inventory};
use crate::template::{Var, VarMap};
use crate::value::Value;

impl Inventory {
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
