//! The target side: serves the controller's requests, lets modules look, and carries out what they plan.
//!
//! - `serve`: frames in, frames out, a thread a task (`workers`), some before their turn (`ahead`); `task`: one of them. `relay`: the same as another user, by `escalate`. `armed`: undos for when the controller vanishes. `background`: jobs that outlive the channel.
//! - `apply`: a task from arguments to result. `change`, `write`, `wait`: one change each. `diff`: what changes would do, as text.
//! - `target`: what can be looked at and changed: `look` is the real host, `rooted` a folder that stands in for one.
//! - `tree`, `process`, `http`, `account`, `resolve`, `digest`, `scratch`, `stop`: the parts under these.
//!
//! It has no templates, no variables, no secrets beyond the task at hand. It never loads NSS: it is linked statically.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::plan::{Look as _, Request, Response};

mod account;
mod ahead;
pub mod apply;
mod armed;
mod background;
mod change;
mod diff;
mod digest;
mod environment;
mod escalate;
mod http;
mod look;
mod process;
mod relay;
mod resolve;
pub mod rooted;
mod scratch;
mod sentence;
mod serve;
mod stop;
mod target;
mod task;
mod tree;
mod unix_socket;
mod wait;
mod workers;
mod write;

pub use background::work;
pub(crate) use escalate::shown as becoming;
pub use serve::serve;
pub use stop::Stop;
pub use target::Target;
pub use tree::Tree;

/// Asks from this machine, by the same means; the body is read whole.
///
/// # Errors
/// There is no answer.
pub fn ask(request: &Request) -> io::Result<(Response, Vec<u8>)> {
    let host = look::Host::new(&BTreeMap::new(), Arc::new(Stop::new()), None);
    let answer = host.fetch(request)?;
    let body = std::fs::read(&answer.body)?;
    Ok((answer, body))
}
