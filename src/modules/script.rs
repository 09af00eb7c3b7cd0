//! `script`: runs a script of the controller on the host. The controller's action sends it as `_blob`.

use std::path::PathBuf;

use serde_json::json;

use super::arguments::Rule;
use super::running::lines;
use super::{Module, glob};
use crate::arguments;
use crate::plan::{Attributes, Blob, Change, Command, Content, Failure, Look, Outcome, Plan};

arguments! {
    /// Brings a script from the controller to the host and runs it there, in a shell.
    pub(crate) struct Script {
        /// The script's path on the controller, and its arguments.
        _raw_params: Option<String>,
        /// The same as a named argument.
        cmd: Option<String>,
        /// A file or pattern; if it is there, nothing is run.
        creates: Option<PathBuf>,
        /// A file or pattern; if it is not there, nothing is run.
        removes: Option<PathBuf>,
        /// Change to this folder first.
        chdir: Option<PathBuf>,
        /// What runs the script; left out, its first line says.
        executable: Option<String>,
        /// Decrypt a script of ansible-vault on the controller.
        decrypt: bool = true,
        /// Set by the controller: the script.
        _blob: Option<Blob>,
    }
}

impl Module for Script {
    const NAME: &'static str = "ansible.builtin.script";
    const FREE_FORM: Option<&'static str> = Some("_raw_params");
    const RULES: &'static [Rule] = &[Rule::OneOf(&["_raw_params", "cmd"]), Rule::Exclusive(&["_raw_params", "cmd"])];
    const EXAMPLES: &'static str = r#"
- name: A script of the role, with an argument
  ansible.builtin.script: make_tables.sh --quiet
  args:
    creates: /srv/app/tables
"#;
    const RETURNS: &'static str = "\
rc: exit code
stdout, stderr: what was printed
stdout_lines, stderr_lines: the same as lists of lines
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let at = |path: &PathBuf| self.chdir.as_ref().map_or_else(|| path.clone(), |folder| folder.join(path));
        let spared = |msg: String| Ok(Plan::unchanged().with("msg", msg).with("skipped", true));
        if let Some(path) = self.creates.as_ref().filter(|path| glob::first(target, &at(path)).is_some()) {
            return spared(format!("{} exists, matching creates option", path.display()));
        }
        if let Some(path) = self.removes.as_ref().filter(|path| glob::first(target, &at(path)).is_none()) {
            return spared(format!("{} does not exist, matching removes option", path.display()));
        }
        let foreseen = self.creates.is_some() || self.removes.is_some();
        let line = self._raw_params.or(self.cmd).unwrap_or_default();
        let words = crate::words::split(&line).map_err(|why| Failure::argument("cmd", format!("the command line {why}")))?;
        let Some((_, arguments)) = words.split_first() else {
            return Err(Failure::argument("cmd", "no script given"));
        };
        let Some(blob) = self._blob else {
            return Err(Failure::argument("cmd", "the controller did not send the script"));
        };
        let path = target.scratch(&Content::Blob(blob))?;
        let mut argv = match &self.executable {
            Some(program) => crate::words::split(program).map_err(|why| Failure::argument("executable", format!("`executable` {why}")))?,
            None => Vec::new(),
        };
        argv.push(path.to_string_lossy().into_owned());
        argv.extend(arguments.iter().cloned());
        let mode = Attributes { mode: Some(0o700), ..Attributes::default() };
        let command = Command { accept: Vec::new(), cwd: self.chdir, shown_as: Some(line), ..Command::new(argv) };
        let mut plan = Plan::of(vec![Change::Own { path, attributes: mode, follow: false }, Change::Run(command)]);
        plan.unforeseeable = (!foreseen).then(|| "scripts are not run in check mode".to_owned());
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
