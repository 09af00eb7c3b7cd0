//! `hostname`: the host's name.

use std::path::PathBuf;

use serde_json::json;

use super::Module;
use crate::arguments;
use crate::plan::{Attributes, Change, Command, Content, Diff, Failure, Look, Plan};

arguments! {
    /// Sets the host's name, now and for the next boot. /etc/hosts is left alone.
    pub(crate) struct Hostname {
        /// The name.
        name: String,
        /// How to set it: `systemd` has hostnamed do it, `debian`, `alpine` and `generic` write /etc/hostname. Others are
        /// taken as `generic`. Found out when not given.
        r#use: Option<String>,
    }
}

impl Module for Hostname {
    const NAME: &'static str = "ansible.builtin.hostname";
    const EXAMPLES: &'static str = r#"
- name: Name the host as the inventory does
  ansible.builtin.hostname:
    name: web-1.example.org
"#;
    const RETURNS: &'static str = "name: the name
ansible_facts: the facts that change with it";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if self.name.is_empty() || self.name.len() > 64 || self.name.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(Failure::argument(
                "name",
                format!("{:?} is no name of a host: up to 64 letters, digits, dashes and dots", self.name),
            ));
        }
        let text = |path: &str| target.read(path.as_ref()).ok().flatten().map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        let now = text("/proc/sys/kernel/hostname").unwrap_or_default();
        let next = text("/etc/hostname").unwrap_or_default();
        let by_systemd = match self.r#use.as_deref() {
            Some(way) => way == "systemd",
            None => target.stat("/run/systemd/system".as_ref(), true)?.is_some() && target.which("hostnamectl").is_some(),
        };
        let mut changes = Vec::new();
        if by_systemd {
            if now != self.name {
                changes.push(Change::Run(Command::new(["hostnamectl", "--transient", "set-hostname", &self.name])));
            }
            if next != self.name {
                changes.push(Change::Run(Command::new(["hostnamectl", "--static", "set-hostname", &self.name])));
            }
        } else {
            if next != self.name {
                changes.push(Change::Write {
                    path: PathBuf::from("/etc/hostname"),
                    content: Content::Bytes(format!("{}\n", self.name).into_bytes()),
                    attributes: Attributes::default(),
                    backup: false,
                    validate: None,
                });
            }
            if now != self.name {
                changes.push(Change::Run(Command::new(["hostname", &self.name])));
            }
        }
        let (short, domain) = self.name.split_once('.').unwrap_or((&self.name, ""));
        let facts = json!({
            "ansible_hostname": short,
            "ansible_nodename": self.name,
            "ansible_fqdn": self.name,
            "ansible_domain": domain,
        });
        let mut plan = Plan::of(changes).with("name", self.name.clone()).with("ansible_facts", facts);
        if by_systemd && !plan.changes.is_empty() {
            let lines = |name: &str| format!("hostname = {name}\n");
            let before = if now == self.name { next } else { now };
            plan.diff.push(Diff {
                before_header: "hostname".into(),
                after_header: "hostname".into(),
                before: lines(&before),
                after: lines(&self.name),
            });
        }
        Ok(plan)
    }
}
