//! `setup`: facts about the target; one file per family of facts.
//!
//! All is read from /proc, /sys and /etc. Four small programs are asked at most (`date`, `ip`, `stat`, `python3`), so that
//! gathering takes a few milliseconds.

mod distribution;
mod hardware;
mod identity;
mod local;
mod mounts;
mod network;
mod security;
mod system;
mod time;
mod virtualization;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::Module;
use super::glob::Glob;
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

pub(super) use distribution::package_manager_name;
pub(super) use system::service_manager;

/// The day of a moment in UTC, as `2026-11-21`.
pub(super) fn day(epoch: i64) -> String {
    time::utc(epoch).0
}

arguments! {
    /// Collects facts about the target: system, network, hardware, users, and what /etc/ansible/facts.d adds.
    pub(crate) struct Setup {
        /// Which families of facts to collect: `all`, `min`, `hardware`, `network`, `virtual`, or the name of a single
        /// fact or family; `!NAME` leaves one out. The minimal set always comes along unless `!min` is given. Everything
        /// when not given. `facter` and `ohai` are accepted and give nothing.
        gather_subset: Vec<String> = Vec::new(),
        /// Seconds that slow facts may take. Has no effect here: no fact waits for anything slow.
        gather_timeout: i64 = 10,
        /// Return only facts whose name matches one of these shell patterns, with or without `ansible_` before it.
        filter: Vec<String> = Vec::new(),
        /// Of `gather_facts`: whether its modules run side by side. Has no effect here: it is one.
        parallel: Option<bool>,
        /// Folder of `*.fact` files: JSON, INI, or programs that print one of these; they become `ansible_local`.
        fact_path: PathBuf = PathBuf::from("/etc/ansible/facts.d"),
    }
}

type Facts = Map<String, Json>;

/// Facts that are found together.
struct Family {
    name: &'static str,
    /// Other names by which a user may ask for it.
    facts: &'static [&'static str],
    /// Part of which larger set: `min`, `hardware`, `network`, `virtual`; empty for none.
    set: &'static str,
    gather: fn(&dyn Look, &Setup) -> Facts,
}

#[rustfmt::skip]
const FAMILIES: &[Family] = &[
    Family { name: "platform", set: "min", facts: &["architecture", "kernel", "kernel_version", "machine", "machine_id", "system"], gather: |t, _| system::platform(t) },
    Family { name: "distribution", set: "min", facts: &["distribution_major_version", "distribution_release", "distribution_version", "os_family"], gather: |t, _| distribution::gather(t) },
    Family { name: "lsb", set: "min", facts: &[], gather: |t, _| distribution::lsb(t) },
    Family { name: "python", set: "min", facts: &["python_version"], gather: |t, _| system::python(t) },
    Family { name: "service_mgr", set: "min", facts: &[], gather: |t, _| system::service_mgr(t) },
    Family { name: "systemd", set: "min", facts: &[], gather: |t, _| system::systemd(t) },
    Family { name: "pkg_mgr", set: "min", facts: &[], gather: |t, _| distribution::package_manager(t) },
    Family { name: "cmdline", set: "min", facts: &[], gather: |t, _| system::cmdline(t) },
    Family { name: "fips", set: "min", facts: &[], gather: |t, _| system::fips(t) },
    Family { name: "date_time", set: "min", facts: &[], gather: |t, _| time::gather(t) },
    Family { name: "user", set: "min", facts: &["effective_group_ids", "effective_user_id", "real_user_id", "user_dir", "user_gecos", "user_gid", "user_id", "user_shell", "user_uid"], gather: |t, _| identity::user(t) },
    Family { name: "env", set: "min", facts: &[], gather: |t, _| identity::environment(t) },
    Family { name: "ssh_pub_keys", set: "min", facts: &["ssh_host_key_dsa_public", "ssh_host_key_ecdsa_public", "ssh_host_key_ed25519_public", "ssh_host_key_rsa_public", "ssh_host_pub_keys"], gather: |t, _| identity::host_keys(t) },
    Family { name: "selinux", set: "min", facts: &[], gather: |t, _| security::selinux(t) },
    Family { name: "apparmor", set: "min", facts: &[], gather: |t, _| security::apparmor(t) },
    Family { name: "caps", set: "min", facts: &["system_capabilities", "system_capabilities_enforced"], gather: |t, _| security::capabilities(t) },
    Family { name: "dns", set: "min", facts: &[], gather: |t, _| network::dns(t) },
    Family { name: "local", set: "min", facts: &[], gather: |t, s| local::gather(t, &s.fact_path) },
    Family { name: "chroot", set: "", facts: &["is_chroot"], gather: |t, _| system::chroot(t) },
    Family { name: "loadavg", set: "", facts: &[], gather: |t, _| system::load(t) },
    Family { name: "hardware", set: "hardware", facts: &["processor", "processor_cores", "processor_count"], gather: |t, _| hardware::gather(t) },
    Family { name: "devices", set: "hardware", facts: &[], gather: |t, _| hardware::devices(t) },
    Family { name: "mounts", set: "hardware", facts: &[], gather: |t, _| mounts::gather(t) },
    Family { name: "network", set: "network", facts: &["interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"], gather: |t, _| network::gather(t) },
    Family { name: "iscsi", set: "", facts: &["nvme", "fibre_channel_wwn"], gather: |t, _| hardware::storage_names(t) },
    Family { name: "virtual", set: "virtual", facts: &["virtualization_role", "virtualization_tech_guest", "virtualization_tech_host", "virtualization_type"], gather: |t, _| virtualization::gather(t) },
    Family { name: "facter", set: "", facts: &[], gather: |_, _| Facts::new() },
    Family { name: "ohai", set: "", facts: &[], gather: |_, _| Facts::new() },
];

impl Module for Setup {
    const NAME: &'static str = "ansible.builtin.setup";
    const ALIASES: &'static [&'static str] = &["ansible.builtin.gather_facts"];
    const EXAMPLES: &'static str = r#"
- name: Collect everything
  ansible.builtin.setup:

- name: Only the minimal set and the network
  ansible.builtin.setup:
    gather_subset: ["!all", network]

- name: Only what names the system
  ansible.builtin.setup:
    filter: ansible_distribution*
"#;
    const RETURNS: &'static str = "ansible_facts: the facts, each name with `ansible_` before it";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut facts = Facts::new();
        for family in chosen(&self.gather_subset)? {
            facts.extend((family.gather)(target, &self));
        }
        let mut named: Facts = facts.into_iter().map(|(name, value)| (format!("ansible_{name}"), value)).collect();
        let subset = if self.gather_subset.is_empty() { vec!["all".to_owned()] } else { self.gather_subset.clone() };
        named.insert("gather_subset".into(), json!(subset));
        named.insert("module_setup".into(), json!(true));
        let patterns =
            self.filter.iter().filter(|p| !p.is_empty() && *p != "*").map(|p| Glob::new(p).map_err(|why| Failure::argument("filter", why)));
        let patterns: Vec<Glob> = patterns.collect::<Result<_, _>>()?;
        if !patterns.is_empty() {
            named.retain(|name, _| {
                let bare = name.strip_prefix("ansible_");
                patterns.iter().any(|p| p.fits(name) || bare.is_some_and(|bare| p.fits(bare)))
            });
        }
        Ok(Plan::unchanged().with("ansible_facts", named))
    }
}

/// The families that a `gather_subset` asks for, as ansible-core 2.19 takes it: `!NAME` takes away from `all` only, the
/// minimal set needs `!min` to go, and what is asked for by its own name stays.
fn chosen(subset: &[String]) -> Result<Vec<&'static Family>, Failure> {
    let (mut added, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    let items: Vec<&str> = subset.iter().map(|item| item.trim()).filter(|item| !item.is_empty()).collect();
    for item in &items {
        let (negative, name) = item.strip_prefix('!').map_or((false, *item), |name| (true, name.trim()));
        let is_meant = |f: &&Family| name == "all" || name == f.set || name == f.name || f.facts.contains(&name);
        let mut members = FAMILIES.iter().filter(is_meant).map(|f| f.name).peekable();
        if members.peek().is_none() {
            let mut known: Vec<&str> = FAMILIES.iter().flat_map(|f| f.facts.iter().copied().chain([f.name])).collect();
            known.extend(["all", "min"]);
            known.sort_unstable();
            let msg = format!("unknown gather_subset `{name}`; known are {}", known.join(", "));
            return Err(Failure::argument("gather_subset", msg));
        }
        match (negative, name) {
            (true, _) => left_out.extend(members),
            (false, "all") => {}
            (false, _) => added.extend(members),
        }
    }
    let all = items.is_empty() || items.contains(&"all");
    let minimal = !items.contains(&"!min");
    let is_wanted = |f: &&Family| f.set == "min" && minimal || added.contains(f.name) || all && !left_out.contains(f.name);
    Ok(FAMILIES.iter().filter(is_wanted).collect())
}

/// A file's text without the white space around it; `None` where it is missing, unreadable or empty.
fn text(target: &dyn Look, path: impl AsRef<Path>) -> Option<String> {
    let bytes = target.read(path.as_ref()).ok().flatten()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}

fn exists(target: &dyn Look, path: impl AsRef<Path>) -> bool {
    target.stat(path.as_ref(), true).is_ok_and(|meta| meta.is_some())
}

fn names(target: &dyn Look, folder: impl AsRef<Path>) -> Vec<String> {
    target.list(folder.as_ref()).unwrap_or_default()
}

/// Where a link points, as written.
fn link(target: &dyn Look, path: impl AsRef<Path>) -> Option<String> {
    let meta = target.stat(path.as_ref(), false).ok().flatten()?;
    meta.target.map(|to| to.display().to_string())
}
