//! What the applier needs of a target beyond looking: its tree, and running and sending what changes something.

use std::io::{self, Read};
use std::time::Duration;

use super::stop::Stop;
use super::tree::Tree;
use crate::plan::{Command, Look, Output, Request, Response};

/// A target that can be changed: the real host ([`Host`](super::look::Host)) or a stand-in ([`Rooted`](super::rooted::Rooted)).
pub trait Target: Look {
    fn tree(&self) -> &Tree;
    fn stop(&self) -> &Stop;
    /// Permission bits that new files do not get.
    fn umask(&self) -> u32;
    /// Runs a command that may change something; any exit code is fine.
    fn run(&self, command: &Command) -> io::Result<Output>;
    /// A request that may change something.
    fn send(&self, request: &Request) -> io::Result<Response>;
    /// Opens a TCP connection, to read what the other end says within `timeout`.
    fn connect(&self, host: &str, port: u16, timeout: Duration) -> io::Result<Box<dyn Read>>;
    /// Time since some moment in the past.
    fn clock(&self) -> Duration;
    fn sleep(&self, time: Duration) -> io::Result<()>;
    /// Tells the controller where a long task stands.
    fn progress(&self, message: &str, step: u64, of: u64);
    /// Keeps what the agent does by itself should the controller vanish; see [`Change::Arm`](crate::plan::Change::Arm).
    fn arm(&self, name: &str, undo: Vec<crate::plan::Change>);
    fn disarm(&self, name: &str);
}
