//! `service_facts`: services and their states, as facts.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Module;
use crate::arguments;
use crate::plan::{Command, Failure, Look, Plan};

arguments! {
    /// Reads the states of all services of systemd into the fact `services`.
    pub(crate) struct ServiceFacts {}
}

impl Module for ServiceFacts {
    const NAME: &'static str = "ansible.builtin.service_facts";
    const EXAMPLES: &'static str = r#"
- name: Learn which services there are
  ansible.builtin.service_facts:
"#;
    const RETURNS: &'static str = "ansible_facts: services: by name, with `.service`: name, state, status, source";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if target.which("systemctl").is_none() {
            return Err(Failure::new("this host has no systemctl: only services of systemd are known here"));
        }
        let ask = |words: &[&str]| -> Result<String, Failure> {
            let argv = ["systemctl"].iter().chain(words).chain(&["--no-pager", "--no-legend", "--type=service"]).map(|w| (*w).to_owned());
            Ok(target.ask(&Command { accept: Vec::new(), ..Command::new(argv) })?.text())
        };
        let mut services: BTreeMap<String, Json> = BTreeMap::new();
        for line in ask(&["list-units", "--all", "--plain"])?.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, load, active, sub, ..] = words[..] else { continue };
            let state = match (load, active, sub) {
                ("not-found", _, _) => "stopped",
                (_, "failed", _) => "failed",
                (_, "active", "running") => "running",
                (_, "active", "exited") => "stopped",
                (_, "inactive", _) => "stopped",
                _ => "unknown",
            };
            let status = if load == "not-found" { "not-found" } else { "unknown" };
            services.insert(name.to_owned(), json!({ "name": name, "state": state, "status": status, "source": "systemd" }));
        }
        for line in ask(&["list-unit-files"])?.lines() {
            let mut words = line.split_whitespace();
            let (Some(name), Some(status)) = (words.next(), words.next()) else { continue };
            // Templates (`getty@.service`) are listed too, as Ansible does.
            match services.get_mut(name) {
                Some(service) => service["status"] = json!(status),
                None => {
                    let state = if name.ends_with("@.service") { "unknown" } else { "inactive" };
                    services.insert(name.to_owned(), json!({ "name": name, "state": state, "status": status, "source": "systemd" }));
                }
            }
        }
        Ok(Plan::unchanged().with("ansible_facts", json!({ "services": services })))
    }
}
