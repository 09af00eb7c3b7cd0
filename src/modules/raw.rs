//! `raw` as a module. The engine sends it over the bare connection where there is no agent; here it goes through one.

use serde_json::json;

use super::Module;
use super::running::lines;
use crate::arguments;
use crate::plan::{Change, Command, Failure, Look, Outcome, Plan};

arguments! {
    /// Runs a line in the user's shell on a host that nothing else works on yet: no agent, no checks, no expansion.
    pub(crate) struct Raw {
        /// What the shell is to run.
        _raw_params: String,
        /// The shell; /bin/sh if left out.
        executable: Option<String>,
    }
}

impl Module for Raw {
    const NAME: &'static str = "ansible.builtin.raw";
    const FREE_FORM: Option<&'static str> = Some("_raw_params");
    const EXAMPLES: &'static str = "
- name: A first look at a bare host
  ansible.builtin.raw: cat /etc/os-release
";
    const RETURNS: &'static str = "\
rc: exit code
stdout, stderr: what was printed, as it is
stdout_lines, stderr_lines: the same as lists of lines
";

    fn plan(self, _: &dyn Look) -> Result<Plan, Failure> {
        let shell = self.executable.unwrap_or_else(|| "/bin/sh".into());
        let command = Command { accept: Vec::new(), ..Command::new([shell, "-c".into(), self._raw_params]) };
        let mut plan = Plan::of(vec![Change::Run(command)]);
        plan.unforeseeable = Some("raw commands are not run in check mode".into());
        Ok(plan.then(|_, outcomes| {
            let Some(Outcome::Ran(output)) = outcomes.last() else { return Ok(Plan::unchanged()) };
            let (stdout, stderr) = (output.text(), output.errors());
            let plan = Plan::unchanged()
                .with("rc", output.rc)
                .with("stdout_lines", json!(lines(&stdout)))
                .with("stderr_lines", json!(lines(&stderr)))
                .with("stdout", stdout)
                .with("stderr", stderr);
            if output.rc == 0 {
                return Ok(plan);
            }
            Err(Failure { msg: "non-zero return code".into(), argument: None, result: plan.result })
        }))
    }
}
