//! `service`: services, whoever runs them. Here that is systemd.

use super::systemd::{Scope, State, Systemd};
use super::{Module, setup};
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Starts, stops and enables services.
    pub(crate) struct Service {
        /// The service.
        name: String,
        /// `started` and `stopped` act only where needed; `restarted` and `reloaded` always, and start what is down.
        state: Option<State>,
        /// Start it at boot.
        enabled: Option<bool>,
        /// Have systemd read its files anew, before all else.
        daemon_reload: bool ["daemon-reload"] = false,
        /// Have systemd restart itself, before all else.
        daemon_reexec: bool ["daemon-reexec"] = false,
        /// Make starting it impossible.
        masked: Option<bool>,
        /// Whose systemd, as for `systemd_service`.
        scope: Scope = Scope::System,
        /// Do not wait until it is done.
        no_block: bool = false,
        /// Replace links that are in the way when enabling.
        force: Option<bool>,
        /// The service manager to speak to: `auto` or `systemd`.
        r#use: String = "auto".into(),
        /// More words for a SysV script. No effect under systemd.
        arguments: Option<String> ["args"],
        /// Text to look for in the list of processes. No effect: systemd knows the state of its services.
        pattern: Option<String>,
        /// Run level of OpenRC. No effect under systemd.
        runlevel: String = "default".into(),
        /// Seconds between stop and start when restarting. No effect under systemd, which waits for the stop itself.
        sleep: Option<i64>,
    }
}

impl Module for Service {
    const NAME: &'static str = "ansible.builtin.service";
    const EXAMPLES: &'static str = r#"
- name: Run it, now and after a boot
  ansible.builtin.service:
    name: nginx
    state: started
    enabled: true

- name: Take over new settings
  ansible.builtin.service:
    name: nginx
    state: reloaded
"#;
    const RETURNS: &'static str = "name: the service as given
state: what it does now
enabled: whether it starts at boot, where that was asked for
status: what `systemctl show` says of it";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let manager = match self.r#use.trim_start_matches("ansible.builtin.").trim_start_matches("ansible.legacy.") {
            "auto" => setup::service_manager(target),
            "systemd" | "systemd_service" => "systemd".into(),
            other => other.to_owned(),
        };
        // Without a running init (a chroot) services can still be enabled.
        if manager != "systemd" && target.which("systemctl").is_none() {
            let msg = format!("services of this host are run by {manager}; only systemd is known here");
            return Ok(Plan::missing(Failure::argument("name", msg)));
        }
        Systemd {
            state: self.state,
            enabled: self.enabled,
            masked: self.masked,
            daemon_reload: self.daemon_reload,
            daemon_reexec: self.daemon_reexec,
            scope: self.scope,
            no_block: self.no_block,
            force: self.force,
            ..Systemd::of_service(self.name)
        }
        .plan(target)
    }
}
