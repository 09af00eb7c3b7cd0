//! `shell`: a line for a shell.

use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use super::running::Running;
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Runs a line, or several, in a shell: pipes, redirections, variables and all.
    pub(crate) struct Shell {
        /// What the shell is to run.
        _raw_params: Option<String>,
        /// The same as a named argument.
        cmd: Option<String>,
        /// A file or pattern; if it is there, nothing is run.
        creates: Option<PathBuf>,
        /// A file or pattern; if it is not there, nothing is run.
        removes: Option<PathBuf>,
        /// Change to this folder first.
        chdir: Option<PathBuf>,
        /// The shell; /bin/sh if left out.
        executable: Option<PathBuf>,
        /// What the shell reads from its standard input.
        stdin: Option<String>,
        /// End that with a newline.
        stdin_add_newline: bool = true,
        /// Take the empty lines off the end of what was printed.
        strip_empty_ends: bool = true,
        /// No longer has a meaning; accepted for old playbooks.
        warn: Option<bool>,
    }
}

impl Module for Shell {
    const NAME: &'static str = "ansible.builtin.shell";
    const FREE_FORM: Option<&'static str> = Some("_raw_params");
    const RULES: &'static [Rule] = &[Rule::OneOf(&["_raw_params", "cmd"]), Rule::Exclusive(&["_raw_params", "cmd"])];
    const EXAMPLES: &'static str = r#"
- name: How many workers run
  ansible.builtin.shell: set -o pipefail; ps ax | grep -c '[c]elery'
  args:
    executable: /bin/bash
  changed_when: false

- name: A dump that is made once
  ansible.builtin.shell:
    cmd: pg_dump app | gzip > /srv/backup/app.gz
    creates: /srv/backup/app.gz
"#;
    const RETURNS: &'static str = "\
cmd: what was run
rc: exit code
stdout, stderr: what was printed
stdout_lines, stderr_lines: the same as lists of lines
start, end, delta: when it ran, and how long
msg: why it failed or was not run
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let line = self._raw_params.or(self.cmd).unwrap_or_default();
        if line.trim().is_empty() {
            return Err(Failure::argument("cmd", "no command given"));
        }
        let shell = self.executable.unwrap_or_else(|| "/bin/sh".into());
        let running = Running {
            argv: vec![shell.to_string_lossy().into_owned(), "-c".into(), line.clone()],
            shown: json!(line),
            creates: self.creates,
            removes: self.removes,
            chdir: self.chdir,
            stdin: self.stdin,
            stdin_add_newline: self.stdin_add_newline,
            strip_empty_ends: self.strip_empty_ends,
        };
        running.plan(target)
    }
}
