//! A host over ssh.

use std::sync::Arc;
use std::time::Duration;

use openssh::{Session, Stdio};
use tokio::io::AsyncReadExt;
use tokio::sync::OnceCell;

use super::channel::Channel;
use super::enter::{self, Stderr};
use super::{Ahead, Answer, Connection, Settings, Supply, Unreachable, master, program};
use crate::plan::Output;
use crate::wire::{Task, TaskResult};

/// For a shell on a connection that is there. A found master whose network is gone is given up after [`FOUND`].
const SHELL: Duration = Duration::from_secs(30);
const FOUND: Duration = Duration::from_secs(5);

pub(super) struct Ssh {
    settings: Settings,
    keep: Duration,
    session: Arc<Session>,
    /// The session's master was there before us.
    found: bool,
    agent: OnceCell<Channel>,
}

impl Ssh {
    pub(super) async fn connect(settings: &Settings, keep: Duration) -> Result<Ssh, Unreachable> {
        let master = master::open(settings, keep).await.map_err(Unreachable)?;
        let session = Arc::new(Session::resume_mux(master.socket.into_boxed_path(), None));
        Ok(Ssh { settings: settings.clone(), keep, session, found: master.found, agent: OnceCell::new() })
    }

    async fn agent(&self) -> Result<&Channel, Unreachable> {
        self.agent.get_or_try_init(async || self.start().await.map_err(Unreachable)).await
    }

    async fn start(&self) -> Result<Channel, String> {
        let address = &self.settings.address;
        if self.found {
            // A first line that does not come, or a master that refuses: it is worth a new master, once.
            match tokio::time::timeout(FOUND, open(&self.session)).await {
                Ok(Ok(channel)) => return Ok(channel),
                Ok(Err(Failed::Host(why))) => return Err(format!("{address}: {why}")),
                Ok(Err(Failed::Master(_))) | Err(_) => {}
            }
            master::end(self.session.control_socket()).await;
            let master = master::open(&self.settings, self.keep).await?;
            debug_assert_eq!(master.socket, self.session.control_socket());
        }
        match tokio::time::timeout(SHELL, open(&self.session)).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(Failed::Host(why) | Failed::Master(why))) => Err(format!("{address}: {why}")),
            Err(_) => Err(format!(
                "{address}: the login works, but its shell did not start within {} seconds: is the host overloaded, or does its profile wait for something?",
                SHELL.as_secs()
            )),
        }
    }
}

enum Failed {
    /// The connection itself.
    Master(String),
    /// The host said why.
    Host(String),
}

async fn open(session: &Arc<Session>) -> Result<Channel, Failed> {
    let program = program::program().map_err(Failed::Host)?;
    let master = |error: openssh::Error| Failed::Master(words(&error));
    let mut command = session.clone().arc_raw_command(enter::command(program));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().await.map_err(master)?;
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) = (child.stdin().take(), child.stdout().take(), child.stderr().take()) else {
        return Err(Failed::Master("no pipes".into()));
    };
    let stderr = Stderr::of(stderr);
    enter::enter(program, &mut stdout, &mut stdin, &stderr).await.map_err(Failed::Host)?;
    let said = Box::new(move || {
        drop(child);
        stderr.said()
    });
    Channel::open(stdout, stdin, said).await.map_err(Failed::Host)
}

/// An error of the mux protocol with its causes.
fn words(error: &openssh::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    if text.contains("refused") {
        text += "; the host may allow too few sessions in one connection (MaxSessions in sshd_config)";
    }
    text
}

impl Connection for Ssh {
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

    fn raw<'a>(&'a self, line: &'a str) -> Answer<'a, Output> {
        Box::pin(async move {
            let lost = |why: String| Unreachable(format!("{}: {why}", self.settings.address));
            let start = super::now();
            let mut command = self.session.raw_command(line);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().await.map_err(|error| lost(words(&error)))?;
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            let (from, errors) = (child.stdout().take(), child.stderr().take());
            let (out, err) =
                tokio::join!(async { if let Some(mut from) = from { from.read_to_end(&mut stdout).await } else { Ok(0) } }, async {
                    if let Some(mut from) = errors { from.read_to_end(&mut stderr).await } else { Ok(0) }
                },);
            out.and(err).map_err(|error| lost(error.to_string()))?;
            let rc = match child.wait().await {
                Ok(status) => status.code().unwrap_or(255),
                // The crate reads 127 as an error of its own.
                Err(openssh::Error::Remote(error)) if error.kind() == std::io::ErrorKind::NotFound => 127,
                Err(openssh::Error::RemoteProcessTerminated) => {
                    return Err(lost("the connection was lost while the command ran".into()));
                }
                Err(error) => return Err(lost(words(&error))),
            };
            Ok(Output { rc, stdout, stderr, start, end: super::now() })
        })
    }

    fn is_lost(&self) -> bool {
        self.agent.get().is_some_and(Channel::is_lost)
    }
}
