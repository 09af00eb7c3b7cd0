//! `constructed` (docs.ansible.com, ansible.builtin.constructed): variables and groups of hosts that earlier sources named,
//! worked out from the variables that these hosts have.

mod keyed;

use std::sync::Arc;

use super::plugin::{Options, Variables, expression};
use super::settings::safe;
use super::{Inventory, UNGROUPED, files};
use crate::diag::{Diagnostic, Diagnostics};
use crate::template::{Var, VarMap, evaluate};
use crate::value::Value;
use crate::yaml::Node;

const OPTIONS: [&str; 7] = ["strict", "compose", "groups", "keyed_groups", "leading_separator", "use_vars_plugins", "use_extra_vars"];

/// A configuration, checked.
struct Constructed<'n> {
    /// Whether an expression that fails is an error; else it is passed over.
    strict: bool,
    compose: &'n [(Node, Node)],
    groups: &'n [(Node, Node)],
    keyed: Vec<keyed::Keyed>,
    /// Whether `group_vars` and `host_vars` are seen too.
    with_files: bool,
    with_extra: bool,
}

pub(super) fn read(inventory: &mut Inventory, node: &Node, problems: &mut Diagnostics) {
    let Some(configuration) = Constructed::new(inventory, node, problems) else { return };
    // Hosts do not see what is worked out for others.
    let seen = match inventory.settled_copy(configuration.with_files) {
        Ok(copy) => copy,
        Err(error) => return problems.push(error),
    };
    let hosts: Vec<Arc<str>> = inventory.hosts.keys().cloned().collect();
    for host in hosts {
        if let Err(error) = configuration.host(inventory, &seen, &host) {
            return problems.push(error);
        }
    }
}

impl<'n> Constructed<'n> {
    fn new(inventory: &Inventory, node: &'n Node, problems: &mut Diagnostics) -> Option<Constructed<'n>> {
        let options = Options::new(node, &OPTIONS, problems);
        let before = problems.0.len();
        let leading = problems.collect(options.flag("leading_separator", true));
        let keyed = problems.collect(options.list("keyed_groups")).unwrap_or_default();
        let keyed = keyed.iter().filter_map(|entry| keyed::Keyed::new(entry, leading.unwrap_or(true), problems)).collect();
        let configuration = Constructed {
            strict: problems.collect(options.flag("strict", false))?,
            compose: problems.collect(options.map("compose"))?,
            groups: problems.collect(options.map("groups"))?,
            keyed,
            with_files: problems.collect(options.flag("use_vars_plugins", false))?,
            with_extra: problems.collect(options.flag("use_extra_vars", inventory.settings.use_extra_vars))?,
        };
        (!problems.0[before..].iter().any(|problem| problem.level == crate::diag::Level::Error)).then_some(configuration)
    }

    fn host(&self, inventory: &mut Inventory, seen: &Inventory, host: &Arc<str>) -> Result<(), Diagnostic> {
        let mut levels = vec![seen.vars_of(host)];
        if self.with_extra {
            levels.insert(0, inventory.settings.extra.clone());
        }
        let mut scope = Variables::new(levels, &inventory.settings);
        scope.set("inventory_hostname", Value::Str(host.clone()));
        scope.set("inventory_hostname_short", Value::str(host.split('.').next().unwrap_or(host)));
        let groups = seen.groups_of(host).into_iter().filter(|group| **group != *UNGROUPED);
        scope.set("group_names", Value::list(groups.map(Value::Str)));
        if let Some(file) = seen.source_of(host) {
            let file = std::path::absolute(&file).unwrap_or(file);
            scope.set("inventory_file", Value::str(file.to_string_lossy()));
            scope.set("inventory_dir", Value::str(file.parent().unwrap_or(&file).to_string_lossy()));
        }
        let composed = self.compose(&scope, host)?;
        if let Some(known) = inventory.hosts.get_mut(host) {
            known.vars.extend(composed.iter().map(|(name, var)| (name.clone(), var.clone())));
        }
        scope.add(composed);
        for (name, condition) in self.groups {
            let holds = evaluate(condition, &scope).and_then(|value| match value {
                Value::Bool(flag) => Ok(flag),
                _ => Err(condition.error("this condition is neither true nor false").help("`| bool` makes it so")),
            });
            let name = name.scalar_text().unwrap_or_default();
            if self.forgive(holds, || format!("cannot say whether {host} is in the group `{name}`"))? == Some(true) {
                let group = inventory.ensure_group(&safe(&name));
                inventory.join(&group, host);
            }
        }
        for keyed in &self.keyed {
            let key = self.forgive(keyed.key(&scope), || format!("cannot make a group of {host}"))?;
            let Some(key) = key else { continue };
            let parent = keyed.parent(&scope);
            let Some(parent) = self.forgive(parent, || format!("cannot make the parent of a group of {host}"))? else { continue };
            for name in keyed.names(&key)? {
                let group = inventory.ensure_group(&safe(&name));
                inventory.join(&group, host);
                if let Some(parent) = &parent {
                    let parent = inventory.ensure_group(&safe(parent));
                    inventory.adopt(&parent, &group).map_err(|why| keyed.key.error(why))?;
                }
            }
        }
        Ok(())
    }

    fn compose(&self, scope: &Variables, host: &str) -> Result<VarMap, Diagnostic> {
        let mut composed = VarMap::new();
        for (name, node) in self.compose {
            let name = name.scalar_text().unwrap_or_default();
            let value = expression(node).and_then(|node| evaluate(node, scope));
            if let Some(value) = self.forgive(value, || format!("cannot work out `{name}` of {host}"))? {
                composed.insert(name.as_str().into(), Var::Value(value));
            }
        }
        Ok(composed)
    }

    fn forgive<T>(&self, result: Result<T, Diagnostic>, what: impl Fn() -> String) -> Result<Option<T>, Diagnostic> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.strict => Err(Diagnostic { message: format!("{}: {}", what(), error.message), ..error }),
            Err(_) => Ok(None),
        }
    }
}

impl Inventory {
    /// As it would be if there were no further sources; with or without files of variables.
    fn settled_copy(&self, with_files: bool) -> Result<Inventory, Diagnostic> {
        let mut copy =
            Inventory { groups: self.groups.clone(), hosts: self.hosts.clone(), settings: self.settings.clone(), ..Inventory::default() };
        copy.files = if with_files { self.files.clone() } else { files::VarsFiles::default() };
        copy.settle()?;
        Ok(copy)
    }
}
