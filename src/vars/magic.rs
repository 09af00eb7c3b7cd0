//! Magic variables: what Ansible sets itself (docs.ansible.com, "Special Variables").

use std::sync::{Arc, PoisonError, RwLock};

use super::TaskScope;
use super::hostvars::{AllVars, HostVars};
use crate::template::Var;
use crate::value::Value;

/// All of them, for `varnames` and suggestions.
pub(super) const NAMES: &[&str] = &[
    "ansible_check_mode",
    "ansible_config_file",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_facts",
    "ansible_forks",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_parent_role_names",
    "ansible_parent_role_paths",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_name",
    "ansible_play_role_names",
    "ansible_playbook_python",
    "ansible_role_name",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_search_path",
    "ansible_skip_tags",
    "ansible_verbosity",
    "ansible_version",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "omit",
    "play_hosts",
    "playbook_dir",
    "role_name",
    "role_names",
    "role_path",
    "vars",
    "environment",
    "ansible_managed",
];

/// The Ansible whose language this is.
const VERSION: (i64, i64, i64) = (2, 19, 14);

/// Python is not needed here; what asks for one gets the system's.
const PYTHON: &str = "/usr/bin/python3";

/// The same as text.
pub const ANSIBLE_VERSION: &str = "2.19.14";

/// Whether it tells of the play and its tasks, not of a host.
pub(super) fn of_play(name: &str) -> bool {
    matches!(name, "play_hosts" | "role_name" | "role_names" | "role_path" | "environment" | "ansible_search_path")
        || name.starts_with("ansible_play_")
        || name.starts_with("ansible_role_")
        || name == "ansible_parent_role_names"
}

pub(super) fn get(scope: &TaskScope, name: &str) -> Option<Value> {
    if scope.apart && of_play(name) {
        return None;
    }
    let settings = &scope.world.settings;
    let host = &scope.host.name;
    let role = scope.chain.role.as_deref();
    Some(match name {
        "inventory_hostname" => Value::Str(host.clone()),
        "inventory_hostname_short" => Value::str(host.split('.').next().unwrap_or(host)),
        "omit" => Value::Omit,
        "ansible_facts" => Value::Map(scope.facts()),
        "hostvars" => Value::Object(Arc::new(HostVars { scope: scope.clone() })),
        "vars" => Value::Object(Arc::new(AllVars { scope: scope.clone() })),
        "groups" => scope.world.groups(),
        "group_names" => list(scope.world.read_inventory(|inventory| inventory.groups_of(host))),
        "ansible_play_hosts" | "play_hosts" => there(scope, &scope.play.all_hosts),
        "ansible_play_batch" => there(scope, &scope.play.batch.read().unwrap_or_else(PoisonError::into_inner)),
        "ansible_play_hosts_all" => list(scope.play.all_hosts.clone()),
        "ansible_play_name" => Value::str(&scope.play.name),
        "playbook_dir" => path(&scope.play.folder),
        "role_path" => path(&role?.path),
        "role_name" => Value::str(role?.name.rsplit('.').next()?),
        "ansible_role_name" => Value::str(&role?.name),
        "ansible_parent_role_names" => texts(Some(&role?.parents).filter(|parents| !parents.is_empty())?),
        "ansible_parent_role_paths" => {
            let paths = Some(&role?.parent_paths).filter(|paths| !paths.is_empty())?;
            Value::list(paths.iter().map(|folder| path(folder)))
        }
        "role_names" | "ansible_play_role_names" => texts(&known(&scope.play.role_names)),
        "ansible_dependent_role_names" => texts(&known(&scope.play.dependent_role_names)),
        "ansible_role_names" => {
            let mut all = known(&scope.play.role_names);
            let more: Vec<String> = known(&scope.play.dependent_role_names).into_iter().filter(|name| !all.contains(name)).collect();
            all.extend(more);
            texts(&all)
        }
        "ansible_check_mode" => Value::Bool(settings.check),
        "ansible_diff_mode" => Value::Bool(settings.diff),
        "ansible_verbosity" => Value::Int(i64::from(settings.verbosity)),
        "ansible_forks" => Value::Int(settings.forks as i64),
        "ansible_limit" => Value::str(settings.limit.as_ref()?),
        "ansible_run_tags" if settings.tags.is_empty() => Value::list([Value::str("all")]),
        "ansible_run_tags" => texts(&settings.tags),
        "ansible_skip_tags" => texts(&settings.skip_tags),
        "ansible_inventory_sources" => Value::list(settings.inventory_sources.iter().map(|p| path(p))),
        "ansible_config_file" => path(settings.config_file.as_ref()?),
        "ansible_search_path" => Value::list(scope.chain.paths.folders.iter().map(|p| path(p))),
        "inventory_file" => path(&scope.world.read_inventory(|inventory| inventory.source_of(host))?),
        "inventory_dir" => path(scope.world.read_inventory(|inventory| inventory.source_of(host))?.parent()?),
        "ansible_playbook_python" => Value::str(PYTHON),
        "ansible_version" => {
            let (major, minor, revision) = VERSION;
            let full = Value::str(ANSIBLE_VERSION);
            let key = Value::str;
            Value::map([
                (key("full"), full.clone()),
                (key("string"), full),
                (key("major"), Value::Int(major)),
                (key("minor"), Value::Int(minor)),
                (key("revision"), Value::Int(revision)),
            ])
        }
        _ => return None,
    })
}

/// Names that have a value only where nobody sets them.
pub(super) fn fallback(scope: &TaskScope, name: &str) -> Option<Var> {
    let implicit = || scope.is_implicit_localhost();
    // `hostvars` has of the others what was set.
    let always = matches!(name, "ansible_managed" | "ansible_connection" | "ansible_python_interpreter");
    if scope.apart && !(always && (name == "ansible_managed" || implicit())) {
        return None;
    }
    let text = match name {
        "ansible_managed" => scope.world.settings.managed.as_deref().unwrap_or("Ansible managed"),
        "ansible_connection" if implicit() => "local",
        "ansible_connection" => "ssh",
        "ansible_python_interpreter" if implicit() => PYTHON,
        "environment" => return Some(Var::Value(Value::list([]))),
        // The address is the name where none is given.
        "ansible_host" => return Some(Var::Value(Value::Str(scope.host.name.clone()))),
        _ => return None,
    };
    Some(Var::Value(Value::str(text)))
}

fn known(names: &RwLock<Vec<String>>) -> Vec<String> {
    names.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn list(names: Vec<Arc<str>>) -> Value {
    Value::list(names.into_iter().map(Value::Str))
}

fn texts(names: &[String]) -> Value {
    Value::list(names.iter().map(Value::str))
}

fn there(scope: &TaskScope, names: &[Arc<str>]) -> Value {
    let gone = scope.play.gone.read().unwrap_or_else(PoisonError::into_inner);
    list(names.iter().filter(|name| !gone.contains(*name)).cloned().collect())
}

fn path(path: &std::path::Path) -> Value {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Value::str(absolute.to_string_lossy().trim_end_matches("/."))
}
