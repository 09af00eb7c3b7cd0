//! This machine: our own binary as agent, over pipes.

use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::OnceCell;

use super::channel::Channel;
use super::enter::Stderr;
use super::{Ahead, Answer, Connection, Supply, Unreachable};
use crate::bootstrap::SERVE;
use crate::plan::Output;
use crate::wire::{Task, TaskResult};

#[derive(Default)]
pub(super) struct Local {
    agent: OnceCell<Channel>,
}

impl Local {
    async fn agent(&self) -> Result<&Channel, Unreachable> {
        let start = async || -> Result<Channel, Unreachable> {
            let cannot = |why: &str| Unreachable(format!("cannot start an agent on this machine: {why}"));
            let own = std::env::current_exe().map_err(|error| cannot(&error.to_string()))?;
            // A group of its own: Ctrl-C in the terminal is ours to handle, and the end of its stdin tells it.
            let mut child = Command::new(own)
                .arg(SERVE)
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .map_err(|error| cannot(&error.to_string()))?;
            let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
                return Err(cannot("no pipes"));
            };
            let stderr = Stderr::of(stderr);
            let said = Box::new(move || {
                drop(child);
                stderr.said()
            });
            Channel::open(stdout, stdin, said).await.map_err(|why| cannot(&why))
        };
        self.agent.get_or_try_init(start).await
    }
}

impl Connection for Local {
    fn task<'a>(
        &'a self,
        task: Task,
        supplies: Vec<Supply>,
        progress: &'a (dyn Fn(&str, u64, u64) + Send + Sync),
    ) -> Answer<'a, TaskResult> {
        Box::pin(async move { self.agent().await?.task(task, &supplies, progress).await })
    }

    fn ahead(&self, task: Task) -> Option<Ahead> {
        self.agent.get()?.ahead(task)
    }

    fn raw<'a>(&'a self, command: &'a str) -> Answer<'a, Output> {
        Box::pin(async move {
            let start = super::now();
            let output = Command::new("/bin/sh").arg("-c").arg(command).stdin(Stdio::null()).kill_on_drop(true).output().await;
            let output = output.map_err(|error| Unreachable(format!("cannot run /bin/sh on this machine: {error}")))?;
            let signal = std::os::unix::process::ExitStatusExt::signal(&output.status).unwrap_or(0);
            let rc = output.status.code().unwrap_or(128 + signal);
            Ok(Output { rc, stdout: output.stdout, stderr: output.stderr, start, end: super::now() })
        })
    }

    fn is_lost(&self) -> bool {
        self.agent.get().is_some_and(Channel::is_lost)
    }
}
