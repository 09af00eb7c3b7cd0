//! `command`: a program with its arguments, no shell.

use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use super::running::Running;
use crate::arguments;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Runs a program with arguments, without a shell: no pipes, no redirections, no `&&`.
    pub(crate) struct Command {
        /// The program and its arguments on one line, split into words by the shell's rules of quoting.
        _raw_params: Option<String>,
        /// The same as a named argument.
        cmd: Option<String>,
        /// The program and its arguments as a list, nothing to quote.
        argv: Option<Vec<String>>,
        /// A file or pattern; if it is there, nothing is run.
        creates: Option<PathBuf>,
        /// A file or pattern; if it is not there, nothing is run.
        removes: Option<PathBuf>,
        /// Change to this folder first.
        chdir: Option<PathBuf>,
        /// What the program reads from its standard input.
        stdin: Option<String>,
        /// End that with a newline.
        stdin_add_newline: bool = true,
        /// Take the empty lines off the end of what was printed.
        strip_empty_ends: bool = true,
        /// Replace `$VARIABLES` and a leading `~` in each argument with what they are on the host.
        expand_argument_vars: bool = true,
        /// A shell is for the module `shell`; accepted, not used.
        executable: Option<PathBuf>,
        /// No longer has a meaning; accepted for old playbooks.
        warn: Option<bool>,
    }
}

impl Module for Command {
    const NAME: &'static str = "ansible.builtin.command";
    const FREE_FORM: Option<&'static str> = Some("_raw_params");
    const RULES: &'static [Rule] = &[Rule::OneOf(&["_raw_params", "cmd", "argv"]), Rule::Exclusive(&["_raw_params", "cmd", "argv"])];
    const EXAMPLES: &'static str = r#"
- name: Which kernel runs
  ansible.builtin.command: uname -r
  changed_when: false

- name: Make the database once
  ansible.builtin.command:
    cmd: /usr/bin/make_database.sh db_user db_name
    chdir: /srv/app
    creates: /srv/app/database

- name: A name with a blank in it
  ansible.builtin.command:
    argv:
      - /usr/bin/touch
      - /srv/app/a file
"#;
    const RETURNS: &'static str = "\
cmd: the words that were run
rc: exit code
stdout, stderr: what was printed
stdout_lines, stderr_lines: the same as lists of lines
start, end, delta: when it ran, and how long
msg: why it failed or was not run
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let mut argv = match (self.argv, self._raw_params.or(self.cmd)) {
            (Some(argv), _) => argv,
            (None, line) => {
                crate::words::split(&line.unwrap_or_default()).map_err(|why| Failure::argument("cmd", format!("the command line {why}")))?
            }
        };
        if argv.is_empty() {
            return Err(Failure::argument("cmd", "no command given"));
        }
        let shown = json!(argv);
        if self.expand_argument_vars {
            argv = argv.iter().map(|word| target.expand(word)).collect();
        }
        let running = Running {
            argv,
            shown,
            creates: self.creates,
            removes: self.removes,
            chdir: self.chdir,
            stdin: self.stdin,
            stdin_add_newline: self.stdin_add_newline,
            strip_empty_ends: self.strip_empty_ends,
        };
        let mut plan = running.plan(target)?;
        if let Some(shell) = self.executable {
            plan.warnings.push(format!(
                "the parameter 'executable' is no longer supported with the 'command' module, which uses no shell: not using '{}'",
                shell.display()
            ));
        }
        Ok(plan)
    }
}
