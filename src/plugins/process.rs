//! The one `python3` beside us: started when it is needed, asked by one thread at a time, ended with us.
//!
//! Messages are JSON, a line each. While it works on a question, Python may ask back (for a variable, a file): the answer is made in the
//! same thread, and may itself need Python, which is then within the first question.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value as Json, json};

use super::shim;
use crate::diag::Diagnostic;
use crate::template::waiting;

/// Each needs some of the stack.
const DEEPEST: usize = 10;

/// So much of what it says besides is kept, to be shown when it fails.
const KEPT: usize = 4000;

pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    said: Arc<Mutex<Vec<u8>>>,
}

enum Slot {
    Cold,
    Free(Box<Process>),
    Lent,
    /// It does not start, or ended; why.
    Gone(String),
}

static SLOT: Mutex<Slot> = Mutex::new(Slot::Cold);
static CHANGED: Condvar = Condvar::new();
/// Its process group, to be ended from elsewhere.
static GROUP: Mutex<Option<Pid>> = Mutex::new(None);

thread_local! {
    /// Held by this thread, which answers what Python asked.
    static HELD: RefCell<Option<Box<Process>>> = const { RefCell::new(None) };
    /// Questions within questions.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The process while one question is answered.
pub(super) struct Turn {
    process: Option<Box<Process>>,
    /// Whether it is within another question of this thread.
    within: bool,
    /// Why it has ended.
    ended: String,
}

/// Asks Python, after those who asked before.
///
/// # Errors
/// There is no Python, or it has ended.
pub(super) fn with(ask: impl FnOnce(&mut Turn) -> Result<Json, String>) -> Result<Json, String> {
    let held = HELD.with(|held| held.borrow_mut().take());
    let mut turn = match held {
        Some(process) => Turn { process: Some(process), within: true, ended: String::new() },
        None => Turn { process: Some(waiting(take)?), within: false, ended: String::new() },
    };
    waiting(|| ask(&mut turn))
}

fn take() -> Result<Box<Process>, String> {
    let mut slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match std::mem::replace(&mut *slot, Slot::Lent) {
            Slot::Lent => slot = CHANGED.wait(slot).unwrap_or_else(PoisonError::into_inner),
            Slot::Free(process) => return Ok(process),
            Slot::Gone(why) => {
                *slot = Slot::Gone(why.clone());
                return Err(why);
            }
            Slot::Cold => match start() {
                Ok(process) => return Ok(Box::new(process)),
                Err(why) => {
                    *slot = Slot::Gone(why.clone());
                    return Err(why);
                }
            },
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.within {
            HELD.with(|held| *held.borrow_mut() = self.process.take());
            return;
        }
        let mut slot = SLOT.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = match self.process.take() {
            Some(process) => Slot::Free(process),
            None => Slot::Gone(std::mem::take(&mut self.ended)),
        };
        CHANGED.notify_all();
    }
}

/// Ends it, in whatever it is.
pub(super) fn stop() {
    if let Some(group) = GROUP.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Already gone is as good.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

impl Turn {
    /// Sends a question; `answer` answers what is asked back.
    pub(super) fn ask(&mut self, question: &Json, answer: &mut dyn FnMut(&Json, &mut Turn) -> Json) -> Result<Json, String> {
        let mut message = question.clone();
        loop {
            let Some(process) = &mut self.process else { return Err(self.ended.clone()) };
            let reply = process.send(&message).and_then(|()| process.receive());
            let reply = match reply {
                Ok(reply) => reply,
                Err(error) => {
                    let said = process.last_words();
                    // It is not asked again: what it knew is lost.
                    self.process = None;
                    self.ended = format!("python3 has ended ({error}){said}");
                    return Err(self.ended.clone());
                }
            };
            if reply.get("ask").is_none() {
                return Ok(reply);
            }
            message = answer(&reply, self);
        }
    }

    /// Does something in which Python may be asked again.
    pub(super) fn within<T>(&mut self, work: impl FnOnce() -> Result<T, Diagnostic>) -> Result<T, Diagnostic> {
        if DEPTH.get() >= DEEPEST {
            return Err(Diagnostic::error("plugins and variables refer to each other without end"));
        }
        HELD.with(|held| *held.borrow_mut() = self.process.take());
        DEPTH.set(DEPTH.get() + 1);
        let done = work();
        DEPTH.set(DEPTH.get() - 1);
        self.process = HELD.with(|held| held.borrow_mut().take());
        done
    }
}

impl Process {
    fn send(&mut self, message: &Json) -> io::Result<()> {
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        self.input.write_all(&line)
    }

    fn receive(&mut self) -> io::Result<Json> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it said nothing more"));
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// How it ended, and what it said on standard error.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let code = self.child.wait().map(|status| status.to_string()).unwrap_or_default();
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        if text.trim().is_empty() { format!(": {code}") } else { format!(": {code}: {}", text.trim()) }
    }
}

/// The first `python3` of the PATH that works.
fn start() -> Result<Process, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut why = "there is none in the PATH".to_owned();
    let programs = std::env::split_paths(&path).map(|folder| folder.join("python3")).filter(|program| program.is_file());
    for program in programs.take(4).collect::<Vec<PathBuf>>() {
        match begin(&program) {
            Ok(process) => return Ok(process),
            Err(error) => why = format!("{}: {error}", program.display()),
        }
    }
    Err(why)
}

fn begin(program: &PathBuf) -> Result<Process, String> {
    // A group of its own: an interrupt at the terminal is ours to pass on.
    let mut child = Command::new(program)
        .args(["-c", shim::BOOT])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let (Some(input), Some(output), Some(mut errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err("it has no standard streams".into());
    };
    let said = Arc::new(Mutex::new(Vec::new()));
    let kept = said.clone();
    std::thread::spawn(move || {
        let mut some = [0; 1024];
        while let Ok(count @ 1..) = errors.read(&mut some) {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&some[..count]);
            let over = kept.len().saturating_sub(KEPT);
            kept.drain(..over);
        }
    });
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let mut process = Process { child, input, output: BufReader::new(output), said };
    let hello = process.send(&json!({"modules": shim::modules()})).and_then(|()| process.receive());
    if let Err(error) = hello {
        return Err(format!("it does not start ({error}){}", process.last_words()));
    }
    *GROUP.lock().unwrap_or_else(PoisonError::into_inner) = group;
    Ok(process)
}
