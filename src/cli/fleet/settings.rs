//! The inventory's variables that the commands themselves need, before a playbook runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::project::Project;
use crate::bucket;
use crate::diag::Diagnostic;
use crate::release::revision;
use crate::template::{Scope as _, Var, render};
use crate::vars::{TaskScope, World};

/// The hosts that run the application, and what holds for all of them.
pub(in crate::cli) struct Fleet {
    /// Those of the pattern that have a deploy folder, in the order of the inventory.
    pub(in crate::cli) hosts: Vec<Arc<str>>,
    /// Those of the pattern that have none.
    pub(in crate::cli) left_out: Vec<Arc<str>>,
    pub(in crate::cli) app: String,
    /// Absolute where it is set; `None`: the repository that holds the current folder.
    pub(in crate::cli) repository: Option<PathBuf>,
    /// Set where the hosts fetch from it.
    pub(in crate::cli) remote: Option<String>,
    pub(in crate::cli) bucket: Option<bucket::Settings>,
    /// The variable `deploy_confirm`.
    pub(in crate::cli) confirm: Option<bool>,
}

impl Fleet {
    /// # Errors
    /// The pattern names what is not there, no host of it runs the application, or a variable cannot be worked out.
    pub(in crate::cli) fn of(
        world: &Arc<World>,
        project: &Project,
        environment: &str,
        pattern: &str,
        limit: Option<&str>,
    ) -> Result<Fleet, Diagnostic> {
        check_names(world, environment, pattern)?;
        if let Some(limit) = limit {
            check_names(world, environment, limit)?;
        }
        let matching = world.read_inventory(|inventory| inventory.matching(pattern, limit))?;
        if matching.is_empty() {
            return Err(Diagnostic::error(format!("no host of {environment} is in `{pattern}`{}", within(limit))));
        }
        let has = |host: &Arc<str>| world.inventory_vars(host).contains_key("deploy_to") || world.extra.contains_key("deploy_to");
        let (hosts, left_out): (Vec<_>, Vec<_>) = matching.into_iter().partition(has);
        let Some(first) = hosts.first() else {
            return Err(Diagnostic::error(format!(
                "no host of `{pattern}` in {environment} runs the application: deploy_to is not set there"
            ))
            .help("set deploy_to in the group_vars of the group that runs it"));
        };
        let text = |host: &Arc<str>, name: &str| -> Result<Option<String>, Diagnostic> {
            Ok(variable(world, host, name)?
                .filter(|value| !value.is_null())
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        };
        let repository = text(first, "deploy_repository")?.filter(|path| !path.is_empty());
        for other in &hosts[1..] {
            if text(other, "deploy_repository")?.filter(|path| !path.is_empty()) != repository {
                return Err(Diagnostic::error(format!("{first} and {other} run different applications: deploy_repository differs"))
                    .help("deploy them one after the other"));
            }
        }
        let mut remote = None;
        for host in &hosts {
            if text(host, "deploy_transport")?.as_deref() == Some("fetch") {
                remote = text(host, "deploy_remote")?;
                if remote.is_none() {
                    return Err(Diagnostic::error(format!("deploy_transport of {host} is fetch, and deploy_remote is not set")));
                }
                break;
            }
        }
        Ok(Fleet {
            app: text(first, "deploy_app")?.unwrap_or_else(|| "app".into()),
            repository: repository.map(|path| absolute(&project.root, &path)),
            remote,
            bucket: bucket_of(world, &hosts)?,
            confirm: variable(world, first, "deploy_confirm")?.and_then(|value| value.as_bool()),
            hosts,
            left_out,
        })
    }

    /// Under which name the lease of the environment is kept.
    pub(in crate::cli) fn lease_name(&self, environment: &str) -> String {
        format!("{}-{environment}", self.app)
    }

    /// # Errors
    /// There is none.
    pub(in crate::cli) fn open_repository(&self) -> Result<git2::Repository, Diagnostic> {
        revision::open(self.repository.as_deref())
    }
}

/// The value of an inventory variable on a host, worked out; `None` where it is not set.
fn variable(world: &Arc<World>, host: &Arc<str>, name: &str) -> Result<Option<Json>, Diagnostic> {
    let scope = TaskScope::new(world, &Arc::default(), &world.host(host), &Arc::default());
    match scope.get(name) {
        None => Ok(None),
        Some(Var::Value(value)) => value.to_json().map(Some),
        Some(Var::Node(node)) => render(&node, &scope)?.to_json().map(Some),
    }
}

/// The bucket of the first host in the inventory that has one, so that whichever group is deployed, the environment has one lease.
fn bucket_of(world: &Arc<World>, chosen: &[Arc<str>]) -> Result<Option<bucket::Settings>, Diagnostic> {
    let all = world.read_inventory(|inventory| inventory.hosts_of("all"));
    for host in all.iter().chain(chosen) {
        if let Some(value) = variable(world, host, "deploy_bucket")?.filter(|value| !value.is_null()) {
            return bucket::Settings::decode(&value).map(Some).map_err(Diagnostic::error);
        }
    }
    Ok(None)
}

/// Refuses the first word of a pattern that is no group and no host.
fn check_names(world: &Arc<World>, environment: &str, pattern: &str) -> Result<(), Diagnostic> {
    let groups = world.read_inventory(|inventory| inventory.group_names());
    for word in pattern.split([',', ':']).map(|word| word.trim().trim_start_matches(['!', '&'])) {
        let name = word.split('[').next().unwrap_or(word);
        let wild = word.is_empty() || word.contains(['*', '?', '[', '~', '@']) || word.starts_with('~');
        let known = |name: &str| {
            name == "all" || groups.iter().any(|group| **group == *name) || world.read_inventory(|inventory| inventory.has_host(name))
        };
        if wild || known(word) || (!name.is_empty() && known(name)) {
            continue;
        }
        let hosts = world.read_inventory(|inventory| inventory.hosts_of("all"));
        let names = groups.iter().chain(&hosts).map(AsRef::as_ref);
        let shown: Vec<&str> = groups.iter().map(AsRef::as_ref).filter(|group| *group != "all" && *group != "ungrouped").collect();
        return Err(Diagnostic::error(format!("{environment} has no group and no host `{word}`"))
            .suggest(word, names)
            .help(format!("its groups: {}", shown.join(", "))));
    }
    Ok(())
}

fn within(limit: Option<&str>) -> String {
    limit.map(|limit| format!(" and in `{limit}`")).unwrap_or_default()
}

/// Relative paths count from the project; `~` is the user's home.
fn absolute(root: &Path, path: &str) -> PathBuf {
    let expanded = match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    };
    let full = root.join(expanded);
    std::path::absolute(&full).unwrap_or(full)
}
