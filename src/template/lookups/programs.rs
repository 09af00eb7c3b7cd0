//! What takes time: programs that lookups run, and answers from the network.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// Programs under way, each the leader of a process group.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Ends the programs that lookups have under way, with all that they started; later ones fail at once.
pub fn stop_lookups() {
    STOPPED.store(true, Ordering::SeqCst);
    crate::template::plugins::stop();
    for group in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        // Already gone is as good.
        let _ = kill_process_group(*group, Signal::TERM);
    }
}

/// Runs a program to its end, while other hosts go on.
///
/// # Errors
/// It cannot be started, or the run was stopped.
pub(super) fn output(command: &mut Command) -> io::Result<Output> {
    let interrupted = || io::Error::new(io::ErrorKind::Interrupted, "the run was interrupted");
    if STOPPED.load(Ordering::SeqCst) {
        return Err(interrupted());
    }
    // A group of its own: so all that it starts can be ended with it.
    let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).extend(group);
    let done = waiting(|| child.wait_with_output());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| Some(*known) != group);
    if STOPPED.load(Ordering::SeqCst) { Err(interrupted()) } else { done }
}

/// Does what waits for something outside, without keeping the thread from what others have to do.
pub(crate) fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let many =
        tokio::runtime::Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if many { tokio::task::block_in_place(wait) } else { wait() }
}
