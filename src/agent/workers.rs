//! Threads for tasks: one that has done its task takes the next, so that a quick task costs no new thread.

use std::io;
use std::sync::mpsc::{SendError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Workers {
    idle: Mutex<Vec<SyncSender<Job>>>,
}

impl Workers {
    /// Has a thread do it: one that waits, or a new one. As many run at once as there are jobs.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn run(self: &Arc<Workers>, mut job: Job) -> io::Result<()> {
        let mut next = self.idle().pop();
        while let Some(worker) = next {
            match worker.send(job) {
                Ok(()) => return Ok(()),
                Err(SendError(back)) => job = back,
            }
            next = self.idle().pop();
        }
        let workers = self.clone();
        let work = move || workers.work(job);
        std::thread::Builder::new().name("task".into()).spawn(work)?;
        Ok(())
    }

    /// Never comes back: the threads end with the process.
    fn work(&self, first: Job) {
        let (send, jobs) = sync_channel::<Job>(1);
        first();
        self.idle().push(send.clone());
        while let Ok(job) = jobs.recv() {
            job();
            self.idle().push(send.clone());
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SyncSender<Job>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
