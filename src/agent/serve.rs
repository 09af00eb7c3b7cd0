//! Answers the controller: frames on stdin, frames on stdout, a thread for each task.
//!
//! When stdin ends, the controller is gone: what runs is stopped, armed undos are carried out, nothing stays behind.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::ahead::Ahead;
use super::apply;
use super::look::Line;
use super::relay::{End, Relay};
use super::stop::{GRACE, Stop};
use super::task::{Answering, Piece, foresee, perform};
use super::workers::Workers;
use super::{account, armed, scratch};
use crate::wire::{self, Become, FromAgent, Hello, Task, TaskResult, ToAgent};

/// With an undo armed, a controller that is silent for so long counts as gone: it sends [`ToAgent::Ping`] far more often.
const SILENCE: Duration = Duration::from_secs(60);

/// How often the end looks whether all tasks have ended.
const TICK: Duration = Duration::from_millis(250);

/// Serves until stdin ends. The answer is the process's exit code.
pub fn serve() -> ExitCode {
    let (stdin, stdout) = match (own(rustix::stdio::stdin()), own(rustix::stdio::stdout())) {
        (Ok(stdin), Ok(stdout)) => (stdin, stdout),
        _ => return ExitCode::FAILURE,
    };
    let hello = hello();
    let server = Arc::new(Server {
        user: hello.user.clone(),
        out: Mutex::new(stdout),
        tasks: Mutex::default(),
        ended: Condvar::new(),
        relays: Mutex::default(),
        workers: Arc::default(),
        ahead: Ahead::default(),
    });
    if watch_signals(&server).is_err() {
        return ExitCode::FAILURE;
    }
    server.send(&FromAgent::Hello(hello));
    let code = match listen(stdin, &server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    };
    server.end();
    code
}

/// What is shared between the reader, the tasks and the relays.
pub(crate) struct Server {
    /// Who it runs as.
    user: String,
    out: Mutex<File>,
    tasks: Mutex<HashMap<u64, Route>>,
    ended: Condvar,
    relays: Mutex<HashMap<Become, Arc<Relay>>>,
    workers: Arc<Workers>,
    ahead: Ahead,
}

/// Where frames about a task go.
pub(crate) enum Route {
    Here { stop: Arc<Stop>, chunks: Option<SyncSender<Piece>> },
    Relay(Arc<Relay>),
}

impl Server {
    /// A controller that is gone is noticed by the reader, not here.
    pub(crate) fn send(&self, message: &FromAgent) {
        if let Ok(frame) = wire::frame(message) {
            self.send_frame(&frame);
        }
    }

    pub(crate) fn send_frame(&self, frame: &[u8]) {
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).write_all(frame);
    }

    /// The task's answer; nothing more is to come for it.
    pub(crate) fn done(&self, id: u64, result: TaskResult) {
        if self.forget(id) {
            self.send(&FromAgent::Done { id, result: Box::new(result) });
        }
    }

    /// False where it was forgotten before.
    pub(crate) fn forget(&self, id: u64) -> bool {
        let known = self.tasks().remove(&id).is_some();
        self.ended.notify_all();
        known
    }

    /// A relay has ended: what it had under way fails, and the next task starts another.
    pub(crate) fn relay_ended(&self, relay: &Arc<Relay>, end: &End) {
        self.relays.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, known| !Arc::ptr_eq(known, relay));
        let of_relay = |route: &Route| matches!(route, Route::Relay(known) if Arc::ptr_eq(known, relay));
        let lost: Vec<u64> = self.tasks().iter().filter(|(_, route)| of_relay(route)).map(|(id, _)| *id).collect();
        for id in lost {
            self.done(id, TaskResult { unreachable: !end.refused, failed: end.refused, ..apply::failed(end.why.as_str()) });
        }
    }

    pub(crate) fn tasks(&self) -> MutexGuard<'_, HashMap<u64, Route>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Server>, mut task: Task) {
        let id = task.id;
        // Who is that user already needs no sudo, and often has none (docs.ansible.com, BECOME_ALLOW_SAME_USER).
        if let Some(who) = task.become_.take().filter(|who| who.user != self.user) {
            let mut relays = self.relays.lock().unwrap_or_else(PoisonError::into_inner);
            let relay = relays.entry(who).or_insert_with_key(|who| Relay::start(who.clone(), self.clone())).clone();
            drop(relays);
            self.tasks().insert(id, Route::Relay(relay.clone()));
            return relay.forward(&ToAgent::Task(Box::new(task)), self);
        }
        let stop = Arc::new(Stop::after(task.timeout));
        self.tasks().insert(id, Route::Here { stop: stop.clone(), chunks: None });
        if task.ahead {
            if self.ahead.add(task) {
                let server = self.clone();
                let started = self.workers.run(Box::new(move || server.look_ahead()));
                // What is not looked at ahead is answered when the next turn comes.
                let _ = started;
            } else {
                self.later(&[id]);
            }
            return;
        }
        self.later(&self.ahead.begins());
        let server = self.clone();
        let started = self.workers.run(Box::new(move || {
            let result = server.guarded(&task, |line| perform(&task, stop, line));
            let late = server.ahead.ended(&result);
            server.done(id, result);
            server.later(&late);
            server.look_ahead();
        }));
        if let Err(error) = started {
            let result = apply::failed(format!("cannot start another thread on the host: {error}"));
            self.ahead.ended(&result);
            self.done(id, result);
        }
    }

    /// Plans what was asked for ahead, as far as it can be now.
    fn look_ahead(self: &Arc<Server>) {
        while let Some(task) = self.ahead.next() {
            let id = task.id;
            let mut seen = None;
            let stop = Arc::new(Stop::after(task.timeout));
            self.guarded(&task, |line| {
                seen = foresee(&task, stop, line);
                TaskResult::default()
            });
            let late = self.ahead.planned(seen.is_some());
            match seen {
                Some(result) => self.done(id, result),
                None => self.later(&[id]),
            }
            self.later(&late);
        }
    }

    /// These must wait for their turn.
    pub(crate) fn later(&self, ids: &[u64]) {
        for id in ids {
            if self.forget(*id) {
                self.send(&FromAgent::Later { id: *id });
            }
        }
    }

    /// Does something for a task; a fault of ours fails the task alone.
    fn guarded(self: &Arc<Server>, task: &Task, run: impl FnOnce(Box<dyn Line>) -> TaskResult) -> TaskResult {
        let line = Box::new(Answering { id: task.id, server: self.clone() });
        let run = std::panic::AssertUnwindSafe(|| run(line));
        std::panic::catch_unwind(run).unwrap_or_else(|_| {
            apply::failed(format!("the module {} broke down; this is a fault of deploy, please report it", task.module))
        })
    }

    fn pass(self: &Arc<Server>, id: u64, message: ToAgent) {
        let mut tasks = self.tasks();
        let chunks = match tasks.get_mut(&id) {
            None => return,
            Some(Route::Relay(relay)) => {
                let relay = relay.clone();
                drop(tasks);
                return relay.forward(&message, self);
            }
            Some(Route::Here { stop, chunks }) => {
                if matches!(message, ToAgent::Cancel { .. }) {
                    return stop.cancel();
                }
                chunks.clone()
            }
        };
        drop(tasks);
        let piece = match message {
            ToAgent::Chunk { data, .. } => Piece::Chunk(data),
            ToAgent::NoBlob { reason, .. } => Piece::None(reason),
            ToAgent::Task(_) | ToAgent::Cancel { .. } | ToAgent::Ping => return,
        };
        // A task that no longer listens was stopped. Waiting here holds the controller back, so that memory stays small.
        let _ = chunks.map(|chunks| chunks.send(piece));
    }

    /// The controller is gone. Idempotent.
    fn end(&self) {
        let relays = std::mem::take(&mut *self.relays.lock().unwrap_or_else(PoisonError::into_inner));
        for relay in relays.values() {
            relay.close();
        }
        let mut tasks = self.tasks();
        tasks.retain(|_, route| matches!(route, Route::Here { .. }));
        for route in tasks.values() {
            if let Route::Here { stop, .. } = route {
                stop.cancel();
            }
        }
        // Undos come after what they undo has stopped.
        let limit = Instant::now() + GRACE + Duration::from_secs(2);
        while !tasks.is_empty() && Instant::now() < limit {
            (tasks, _) = self.ended.wait_timeout(tasks, TICK).unwrap_or_else(PoisonError::into_inner);
        }
        drop(tasks);
        armed::carry_out();
        scratch::clear();
    }
}

fn own(fd: impl AsFd) -> io::Result<File> {
    Ok(File::from(fd.as_fd().try_clone_to_owned()?))
}

fn listen(stdin: File, server: &Arc<Server>) -> io::Result<()> {
    let mut from = BufReader::with_capacity(256 << 10, stdin);
    loop {
        while from.buffer().is_empty() && !readable(from.get_ref(), SILENCE)? {
            if armed::is_any() {
                return Ok(());
            }
        }
        match wire::receive(&mut from)? {
            None => return Ok(()),
            Some(ToAgent::Task(task)) => server.start(*task),
            Some(ToAgent::Ping) => {
                let relays: Vec<_> = server.relays.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
                for relay in relays {
                    relay.forward(&ToAgent::Ping, server);
                }
            }
            Some(message @ (ToAgent::Chunk { id, .. } | ToAgent::NoBlob { id, .. } | ToAgent::Cancel { id })) => {
                server.pass(id, message);
            }
        }
    }
}

fn readable(file: &File, wait: Duration) -> io::Result<bool> {
    let wait = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: 0 };
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&wait)) {
        Ok(n) => Ok(n > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A hangup is nothing to us: stdin tells when to end. Asked to terminate, we end as if it had.
fn watch_signals(server: &Arc<Server>) -> io::Result<()> {
    signal_hook::flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
    let (mut asked, notify) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, notify.try_clone()?)?;
    }
    let server = server.clone();
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        if asked.read_exact(&mut [0]).is_ok() {
            server.end();
            #[expect(clippy::exit, reason = "the main thread is blocked in a read")]
            std::process::exit(143);
        }
    })?;
    Ok(())
}

fn hello() -> Hello {
    let system = rustix::system::uname();
    let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
    let uid = rustix::process::geteuid().as_raw();
    Hello {
        user: account::name_of(uid).unwrap_or_else(|| uid.to_string()),
        uid,
        hostname: text(system.nodename()),
        machine: text(system.machine()),
    }
}
