//! Connections to hosts: ssh and local. Puts the agent there and speaks `wire` with it.
//!
//! - `ssh`: a host over ssh. `master`: its ssh process, which outlives us for a while; `sockets`: where such are found again.
//! - `local`: this machine. `enter`: the conversation that puts an agent in place; `program`: the agents that this build holds.
//! - `channel`: an agent that is there: many tasks at once. `trouble`: what ssh says, as a sentence with the remedy.
//! - `hidden`: what our own binary does when it is started as an agent, or by ssh to ask for a password.

mod channel;
mod enter;
mod hidden;
mod local;
mod master;
mod program;
mod sockets;
mod ssh;
mod trouble;

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

pub use channel::Ahead;
pub use hidden::hidden;

use crate::plan::{Blob, Output};
use crate::wire::{Task, TaskResult};

/// How a host is reached; hosts with equal settings share a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// This machine: no ssh.
    pub local: bool,
    /// Address or name for ssh (an alias of the user's own ssh configuration too).
    pub address: String,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub private_key: Option<PathBuf>,
    pub password: Option<Password>,
    /// More options of ssh, split as a shell would (`ansible_ssh_args`, `ansible_ssh_common_args`, `ansible_ssh_extra_args`).
    pub arguments: Vec<String>,
    /// `None`: as the user's own configuration says.
    pub host_key_checking: Option<bool>,
    /// Seconds to connect; 0 is 10.
    pub timeout: u32,
}

/// Never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// A host that is connected.
pub trait Connection: Send + Sync {
    /// Runs a module through the agent. Ids are the connection's business: `task.id` is overwritten.
    fn task<'a>(
        &'a self,
        task: Task,
        supplies: Vec<Supply>,
        progress: &'a (dyn Fn(&str, u64, u64) + Send + Sync),
    ) -> Answer<'a, TaskResult>;
    /// Asks for a module that may change nothing before its turn, where that costs no waiting.
    fn ahead(&self, task: Task) -> Option<Ahead>;
    /// Runs a command by the bare connection, without agent: for `raw`.
    fn raw<'a>(&'a self, command: &'a str) -> Answer<'a, Output>;
    /// Nothing can be done with it any more: its agent has ended, or the network.
    fn is_lost(&self) -> bool {
        false
    }
}

/// How long the ssh connection of a host stays open after the last command, where nothing else is said.
pub const KEPT: Duration = Duration::from_secs(600);

/// All connections of a run, made when first needed, each once.
pub struct Connections {
    keep: Duration,
    open: Mutex<HashMap<Settings, Arc<OnceCell<Arc<dyn Connection>>>>>,
}

impl Default for Connections {
    fn default() -> Connections {
        Connections::keeping(KEPT)
    }
}

impl Connections {
    /// ssh connections stay open for `keep` after their last use, for the next command; zero: not at all.
    pub fn keeping(keep: Duration) -> Connections {
        Connections { keep, open: Mutex::default() }
    }

    /// The connection of a host, made if there is none or the one there was is lost.
    ///
    /// # Errors
    /// The host cannot be reached. The next call tries again.
    pub async fn get(&self, settings: &Settings) -> Result<Arc<dyn Connection>, Unreachable> {
        let cell = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.get(settings).and_then(|cell| cell.get()).is_some_and(|connection| connection.is_lost()) {
                open.remove(settings);
            }
            open.entry(settings.clone()).or_default().clone()
        };
        let connect = async || {
            let connection: Arc<dyn Connection> =
                if settings.local { Arc::new(local::Local::default()) } else { Arc::new(ssh::Ssh::connect(settings, self.keep).await?) };
            Ok(connection)
        };
        cell.get_or_try_init(connect).await.cloned()
    }

    /// Closes a connection, its ssh master too: the next use connects anew (`meta: reset_connection`).
    pub async fn reset(&self, settings: &Settings) {
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(settings);
        drop(known);
        if !settings.local {
            master::close(settings, self.keep).await;
        }
    }
}

/// A future of dealings with a host; the error says why the host cannot be reached.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unreachable>> + Send + 'a>>;

/// The host cannot be reached: a sentence with the remedy.
#[derive(Clone, Debug)]
pub struct Unreachable(pub String);

/// Bytes that a module may ask for while it runs: `Content::Blob` with the same index.
#[derive(Clone, Debug)]
pub enum Supply {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Supply {
    /// What the module is told of it; reads the whole content once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn blob(&self, index: u32) -> std::io::Result<Blob> {
        use sha1::{Digest as _, Sha1};
        let mut digest = Sha1::new();
        let size = match self {
            Supply::Memory(bytes) => {
                digest.update(bytes);
                bytes.len() as u64
            }
            Supply::File(path) => {
                let mut file = std::fs::File::open(path)?;
                let mut buffer = vec![0; 64 << 10];
                let mut size = 0;
                loop {
                    let n = std::io::Read::read(&mut file, &mut buffer)?;
                    if n == 0 {
                        break size;
                    }
                    digest.update(&buffer[..n]);
                    size += n as u64;
                }
            }
        };
        let sha1 = digest.finalize().iter().map(|b| format!("{b:02x}")).collect();
        Ok(Blob { index, size, sha1 })
    }
}

/// Seconds since the epoch.
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
