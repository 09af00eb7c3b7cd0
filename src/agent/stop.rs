//! What can end a task early: a cancel from the controller, or its time limit. Its processes then go, with all they started.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// After SIGTERM, before SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub struct Stop {
    cancelled: AtomicBool,
    deadline: Option<Instant>,
    /// Process groups under way. A process is reaped only after it was taken off, so that a number is never stale.
    groups: Mutex<Vec<Pid>>,
    woken: Condvar,
}

impl Stop {
    /// Never by itself; only by [`Stop::cancel`].
    pub fn new() -> Stop {
        Stop::default()
    }

    /// `seconds` from now on at most.
    pub fn after(seconds: Option<f64>) -> Stop {
        let limit = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
        Stop { deadline: limit.and_then(|limit| Instant::now().checked_add(limit)), ..Stop::default() }
    }

    /// Ends what is under way: SIGTERM now, SIGKILL after [`GRACE`] by who waits for the process.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups.iter() {
            // Already gone is as good.
            let _ = kill_process_group(*group, Signal::TERM);
        }
        self.woken.notify_all();
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// An error where the task must not go on.
    pub fn check(&self) -> io::Result<()> {
        if self.is_cancelled() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the task was stopped by the controller"));
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the task took longer than its `timeout` allows"));
        }
        Ok(())
    }

    /// Time left, where there is a limit.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Sleeps, but not past a cancel or the limit.
    pub fn sleep(&self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + self.left().map_or(time, |left| left.min(time));
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.is_cancelled() {
            let now = Instant::now();
            if now >= end {
                break;
            }
            (groups, _) = self.woken.wait_timeout(groups, end - now).unwrap_or_else(PoisonError::into_inner);
        }
        drop(groups);
        self.check()
    }

    pub(crate) fn enter(&self, group: Pid) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).push(group);
        if self.is_cancelled() {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }

    pub(crate) fn leave(&self, group: Pid) {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).retain(|g| *g != group);
    }
}
