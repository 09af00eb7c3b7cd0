//! Names that must be known before anything runs: of static imports, of roles.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Play;
use super::load::{Inside, Loader};
use crate::template::{Scope, SearchPath, Var, VarMap, render_text, var_map};
use crate::value::Value;
use crate::yaml::Node;

/// What such a name may use: extra variables, then those of the places around it, nearest first. No host is known.
struct Known<'a> {
    inside: &'a Inside,
    extra: &'a dyn Scope,
}

/// What belongs to a host.
const OF_HOSTS: &[&str] =
    &["inventory_hostname", "inventory_hostname_short", "ansible_facts", "group_names", "ansible_host", "inventory_file", "inventory_dir"];

impl Known<'_> {
    fn place(&self, name: &str) -> Option<Var> {
        let text = |path: &Path| Value::str(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy());
        let value = match name {
            "playbook_dir" => text(&self.inside.playbook),
            "role_path" => text(self.inside.role.as_deref()?),
            "role_name" | "ansible_role_name" => Value::str(self.inside.role.as_deref()?.file_name()?.to_string_lossy()),
            _ => return None,
        };
        Some(Var::Value(value))
    }
}

impl Scope for Known<'_> {
    fn get(&self, name: &str) -> Option<Var> {
        if OF_HOSTS.contains(&name) {
            return None;
        }
        let near = || self.inside.vars.iter().find_map(|vars| vars.get(name)).cloned();
        self.place(name).or_else(|| self.extra.get(name)).or_else(near)
    }

    fn names(&self) -> Vec<Arc<str>> {
        let mut names = self.extra.names();
        names.retain(|name| !OF_HOSTS.contains(&name.as_ref()));
        names.extend(self.inside.vars.iter().flat_map(|vars| vars.keys().cloned()));
        names
    }

    fn paths(&self) -> &SearchPath {
        self.extra.paths()
    }
}

impl Loader {
    /// Text that can be known before anything runs: constants, and templates over extra variables and those written around it.
    pub(super) fn constant(&self, node: &Node, inside: &Inside) -> Option<String> {
        if !node.has_template() {
            return node.scalar_text();
        }
        self.rendered.fetch_add(1, Ordering::Relaxed);
        render_text(node, &Known { inside, extra: self.constants.as_deref()? }).ok()
    }

    /// The variables of a play's `vars_files` that can be read before its hosts are known.
    pub fn vars_of_files(&self, play: &Play) -> VarMap {
        let place = Inside { folder: play.folder.clone(), playbook: play.folder.clone(), ..Inside::default() };
        let inside = play.vars_files.iter().fold(place, |inside, file| self.with_vars_file(inside, file));
        inside.vars.iter().rev().flat_map(|vars| vars.as_ref().clone()).collect()
    }

    /// The place with the variables of one of the play's `vars_files`, where that can be read already.
    pub(super) fn with_vars_file(&self, inside: Inside, file: &Node) -> Inside {
        let path = self.constant(file, &inside).map(|name| inside.playbook.join(name)).filter(|path| path.is_file());
        let vars: Option<VarMap> = path.and_then(|path| self.file(&path).and_then(|node| var_map(&node, "vars_files")).ok());
        vars.map_or(inside.clone(), |vars| inside.with(&vars))
    }
}
