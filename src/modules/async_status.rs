//! `async_status`: how a task in the background stands.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::Module;
use crate::plan::{Change, Failure, Look, Plan};
use crate::{arguments, choices};

choices! {
    /// What to do.
    pub(crate) enum Mode {
        Status = "status",
        Cleanup = "cleanup",
    }
}

arguments! {
    /// Says how a task that was started with `async` stands, or removes the record of it.
    pub(crate) struct AsyncStatus {
        /// The job, as `ansible_job_id` of the started task says.
        jid: String,
        /// Look, or remove the record.
        mode: Mode = Mode::Status,
        /// Where the records are.
        _folder: Option<String>,
    }
}

impl Module for AsyncStatus {
    const NAME: &'static str = "ansible.builtin.async_status";
    const EXAMPLES: &'static str = r#"
- name: Upgrade, and do not wait
  ansible.builtin.command: apt-get -y dist-upgrade
  async: 3600
  poll: 0
  register: upgrade

- name: Wait for the end
  ansible.builtin.async_status:
    jid: "{{ upgrade.ansible_job_id }}"
  register: job
  until: job is finished
  retries: 60
  delay: 60
"#;
    const RETURNS: &'static str = "\
ansible_job_id: the job
started, finished: how far it is
results_file: the record on the host
and, when it is finished, all that its module returned
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let folder = self._folder.or_else(|| target.env("ANSIBLE_ASYNC_DIR")).unwrap_or_else(|| "~/.ansible_async".to_owned());
        if self.jid.contains('/') {
            return Err(Failure::argument("jid", "a job's id has no slash"));
        }
        let path = Path::new(&target.expand(&folder)).join(&self.jid);
        let base = base(&self.jid, &path);
        let Some(bytes) = target.read(&path)? else {
            let failure = Failure::argument("jid", "could not find job").with("started", true).with("finished", true);
            return Err(base.into_iter().fold(failure, |failure, (name, value)| failure.with(&name, value)));
        };
        if self.mode == Mode::Cleanup {
            let mut plan = Plan::of(vec![Change::Remove { path: path.clone() }])
                .with("erased", json!(path))
                .with("started", false)
                .with("finished", false);
            plan.result.extend(base.into_iter().filter(|(name, _)| name != "results_file"));
            plan.changed = Some(false);
            return Ok(plan);
        }
        let found: Map<String, Json> = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::argument("jid", format!("the record of the job, {}, cannot be read: {error}", path.display())))?;
        let mut plan = Plan::unchanged();
        plan.changed = Some(found.get("changed").and_then(Json::as_bool).unwrap_or(false));
        plan.result = base;
        plan.result.extend(found.into_iter().filter(|(name, _)| name != "changed"));
        Ok(plan)
    }
}

/// What is there whatever the job did.
fn base(jid: &str, path: &Path) -> Map<String, Json> {
    let empty = ["stdout", "stderr"].into_iter().flat_map(|name| [(name.to_owned(), Json::from("")), (format!("{name}_lines"), json!([]))]);
    let known = [("ansible_job_id".to_owned(), Json::from(jid)), ("results_file".to_owned(), json!(path))];
    known.into_iter().chain(empty).collect()
}
