//! `package`: packages, by whichever package manager the host has. Here that is apt.

use super::apt::Apt;
use super::{Module, setup};
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Installs and removes packages with the host's own package manager. Takes the arguments of `apt` too.
    pub(crate) struct Package {
        /// The package manager to use: `auto` or `apt`.
        r#use: String = "auto".into(),
        /// Only for dnf: no effect.
        releasever: Option<String>,
        /// Only for dnf: no effect.
        enablerepo: Option<Vec<String>>,
        /// Only for dnf: no effect.
        disablerepo: Option<Vec<String>>,
        /// Only for dnf: no effect.
        disable_gpg_check: Option<bool>,
        /// Only for dnf: no effect.
        disable_plugin: Option<Vec<String>>,
        /// Only for zypper: no effect.
        oldpackage: Option<bool>,
    } + apt: Apt
}

impl Module for Package {
    const NAME: &'static str = "ansible.builtin.package";
    const EXAMPLES: &'static str = r#"
- name: Have two packages
  ansible.builtin.package:
    name: [rsync, curl]
    state: present
"#;
    const RETURNS: &'static str = "cache_updated: whether the lists of packages changed
cache_update_time: when they were updated, seconds since the epoch
stdout: what the package manager printed
stderr: what it printed as errors";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let manager = match self.r#use.trim_start_matches("ansible.builtin.").trim_start_matches("ansible.legacy.") {
            "auto" => setup::package_manager_name(target).unwrap_or("none that is known"),
            other => other,
        };
        if manager != "apt" {
            let msg = format!("the package manager of this host is {manager}; only apt is known here, `command` can run others");
            return Err(Failure::argument("name", msg));
        }
        self.apt.plan(target)
    }
}
