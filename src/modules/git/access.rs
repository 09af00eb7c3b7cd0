//! How git is called: which program, which folder, which key for ssh.

use std::path::PathBuf;

use super::Git;
use crate::plan::{Command, Failure, Look};

pub(super) struct Access {
    program: String,
    dest: PathBuf,
    ssh: Option<String>,
    umask: Option<u32>,
}

impl Access {
    /// `None` where there is no git.
    pub(super) fn new(options: &Git, target: &dyn Look) -> Result<Option<Access>, Failure> {
        let umask = options.umask.as_ref().map(|text| {
            u32::from_str_radix(text.trim_start_matches("0o"), 8)
                .map_err(|_| Failure::argument("umask", format!("`umask` must be octal digits such as \"0022\", not {text:?}")))
        });
        let umask = umask.transpose()?;
        let Some(program) = options.executable.clone().or_else(|| target.which("git")) else { return Ok(None) };
        if let Some(key) = &options.key_file
            && target.stat(key, true)?.is_none()
        {
            return Err(Failure::argument("key_file", format!("there is no key {} on this host", key.display())));
        }
        Ok(Some(Access { program: program.display().to_string(), dest: options.dest().to_owned(), ssh: ssh(options), umask }))
    }

    /// git anywhere.
    pub(super) fn git(&self, words: &[String]) -> Command {
        self.wrap(Command::new(std::iter::once(self.program.clone()).chain(words.iter().cloned())))
    }

    /// git in the checkout.
    pub(super) fn git_in(&self, words: &[String]) -> Command {
        Command { cwd: Some(self.dest.clone()), ..self.git(words) }
    }

    pub(super) fn wrap(&self, mut command: Command) -> Command {
        command.umask = self.umask;
        // A question would wait for ever.
        command.env.insert("GIT_TERMINAL_PROMPT".into(), "0".into());
        command.env.insert("LC_ALL".into(), "C.UTF-8".into());
        if let Some(ssh) = &self.ssh {
            command.env.insert("GIT_SSH_COMMAND".into(), ssh.clone());
        }
        command
    }
}

fn ssh(options: &Git) -> Option<String> {
    let mut words = vec!["ssh".to_owned(), "-o BatchMode=yes".into()];
    if let Some(key) = &options.key_file {
        words.push(format!("-i '{}' -o IdentitiesOnly=yes", key.display().to_string().replace('\'', r"'\''")));
    }
    if options.accept_hostkey {
        words.push("-o StrictHostKeyChecking=no".into());
    } else if options.accept_newhostkey {
        words.push("-o StrictHostKeyChecking=accept-new".into());
    }
    words.extend(options.ssh_opts.clone());
    Some(words.join(" "))
}
