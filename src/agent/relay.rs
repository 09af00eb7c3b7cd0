//! The same agent as another user: a child under sudo or su that lives as long as the connection, and gets its tasks' frames.

use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::serve::Server;
use super::{digest, escalate, scratch};
use crate::bootstrap::{self, MARK, Said, Sent, Why};
use crate::plan::Algorithm;
use crate::wire::{self, Become, FromAgent, ToAgent};

/// sudo that has not let us through after so long (a hanging directory service) never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Kept of what sudo and the child say on stderr.
const MOST_SAID: usize = 8 << 10;

pub(crate) struct Relay {
    state: Mutex<State>,
}

enum State {
    /// Frames wait for the child.
    Starting(Vec<Vec<u8>>),
    Up(ChildStdin),
    Down(End),
}

/// Why there is no child any more.
#[derive(Clone, Default)]
pub(crate) struct End {
    pub(crate) why: String,
    /// sudo or su said no: the host is there, and the task has failed.
    pub(crate) refused: bool,
}

impl From<String> for End {
    fn from(why: String) -> End {
        End { why, refused: false }
    }
}

impl Relay {
    /// At once; the child is started by a thread.
    pub(crate) fn start(who: Become, server: Arc<Server>) -> Arc<Relay> {
        let relay = Arc::new(Relay { state: Mutex::new(State::Starting(Vec::new())) });
        let of_thread = relay.clone();
        std::thread::spawn(move || {
            let end = match of_thread.run(&who, &server) {
                Ok(()) => format!("the agent of {} on the host has ended", who.user).into(),
                Err(end) => end,
            };
            *of_thread.state() = State::Down(end.clone());
            server.relay_ended(&of_thread, &end);
        });
        relay
    }

    pub(crate) fn forward(self: &Arc<Relay>, message: &ToAgent, server: &Server) {
        let Ok(frame) = wire::frame(message) else {
            return;
        };
        let mut state = self.state();
        let end = match &mut *state {
            State::Starting(frames) => return frames.push(frame),
            State::Up(stdin) => match stdin.write_all(&frame) {
                Ok(()) => return,
                // The reader of its stdout finds out more.
                Err(_) => return,
            },
            State::Down(end) => end.clone(),
        };
        drop(state);
        server.relay_ended(self, &end);
    }

    /// Closes the child's stdin: it stops what runs, carries out its undos and ends.
    pub(crate) fn close(&self) {
        *self.state() = State::Down("the controller is gone".to_owned().into());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, who: &Become, server: &Arc<Server>) -> Result<(), End> {
        let own = std::env::current_exe().map_err(|error| format!("cannot find the agent itself: {error}"))?;
        if (who.user == "root" || open_to_all(&own))
            && let Some(script) = own.to_str().and_then(bootstrap::own)
        {
            match self.child(who, &script, None, server) {
                Err(Lost::Own) => {}
                Err(Lost::For(end)) => return Err(end),
                Ok(()) => return Ok(()),
            }
        }
        let cannot = |error: io::Error| format!("cannot read the agent itself: {error}");
        let program = std::fs::read(own).map_err(cannot)?;
        let hash = digest::of(program.as_slice(), Algorithm::Sha256).map_err(cannot)?;
        let script = bootstrap::script(&hash, program.len(), Sent::Plain);
        match self.child(who, &script, Some(program), server) {
            Err(Lost::For(end)) => Err(end),
            Err(Lost::Own) | Ok(()) => Ok(()),
        }
    }

    /// One life of a child.
    fn child(&self, who: &Become, script: &str, program: Option<Vec<u8>>, server: &Arc<Server>) -> Result<(), Lost> {
        let prompt = format!("[deploy {:08x}] password: ", scratch::seed());
        let refused = |why: String| Lost::For(End { why, refused: true });
        let argv = escalate::command(who, &prompt, script).map_err(refused)?;
        let mut child = Command::new(&argv[0])
            .args(&argv[1..])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| refused(escalate::not_started(who, &argv[0], &error)))?;
        let outcome = self.converse(&mut child, who, &prompt, program, server);
        if !matches!(outcome, Err(Lost::Own)) {
            // Dropping its stdin ends it, should it still be there.
            *self.state() = State::Down(End::default());
        }
        drop(child.stdin.take());
        let _ = child.wait();
        outcome
    }

    fn converse(&self, child: &mut Child, who: &Become, prompt: &str, program: Option<Vec<u8>>, server: &Arc<Server>) -> Result<(), Lost> {
        let (Some(stdin), Some(mut stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err("the child's pipes are missing".to_owned().into());
        };
        let stdin = Arc::new(Mutex::new(Some(stdin)));
        let heard = Arc::new(Hearing::new(who, prompt));
        let listener = heard.listen(stderr, stdin.clone());
        let failed = |why: String| {
            // Its last words matter; a process that holds stderr open does not.
            let limit = std::time::Instant::now() + Duration::from_millis(200);
            while !listener.is_finished() && std::time::Instant::now() < limit {
                std::thread::sleep(Duration::from_millis(5));
            }
            escalate::refused(who, &heard.said(), &why)
        };
        let watch = Watchdog::start(child.id());
        let inside = self.get_in(&mut stdout, &stdin, program.as_deref());
        let in_time = watch.stop();
        match inside {
            Ok(true) => {}
            Ok(false) => return Err(Lost::Own),
            Err(why) => return Err(Lost::For(End { why: failed(why), refused: in_time })),
        }
        match wire::receive::<FromAgent>(&mut stdout) {
            Ok(Some(FromAgent::Hello(_))) => {}
            _ => return Err(failed("the agent did not start".into()).into()),
        }
        self.up(&stdin)?;
        let mut stdout = io::BufReader::with_capacity(64 << 10, stdout);
        while let Some(message) = wire::receive::<FromAgent>(&mut stdout).map_err(|error| Lost::from(failed(error.to_string())))? {
            match message {
                FromAgent::Done { id, result } => server.done(id, *result),
                FromAgent::Later { id } => server.later(&[id]),
                other => server.send(&other),
            }
        }
        let said = heard.said();
        if said.trim().is_empty() {
            return Ok(());
        }
        Err(format!("the agent of {} on the host has ended: {}", who.user, said.trim()).into())
    }

    /// Reads lines until the agent is there, and sends it where it is needed. False: our own program cannot be used.
    fn get_in(&self, stdout: &mut impl Read, stdin: &Mutex<Option<ChildStdin>>, program: Option<&[u8]>) -> Result<bool, String> {
        let ended = || "it ended before the agent started".to_owned();
        loop {
            match bootstrap::read(&line(stdout).map_err(|_| ended())?) {
                None => {}
                Some(Said::Have) => return Ok(true),
                Some(Said::Fail { why: Why::Own, .. }) => return Ok(false),
                Some(Said::Fail { why, .. }) => return Err(why.to_string()),
                Some(Said::Need { .. }) => {
                    let mut stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner);
                    // Where this fails, the script says why on its stdout.
                    let _ = stdin.as_mut().zip(program).map(|(stdin, program)| stdin.write_all(program));
                }
            }
        }
    }

    /// Sends what has waited, and lets frames through.
    fn up(&self, stdin: &Mutex<Option<ChildStdin>>) -> Result<(), String> {
        let stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut stdin = stdin.ok_or_else(|| "the child's stdin is closed".to_owned())?;
        let mut state = self.state();
        match &*state {
            State::Starting(frames) => {
                for frame in frames {
                    stdin.write_all(frame).map_err(|error| format!("the agent does not listen: {error}"))?;
                }
            }
            // Closed meanwhile.
            State::Up(_) | State::Down(_) => return Err("the controller is gone".into()),
        }
        *state = State::Up(stdin);
        Ok(())
    }
}

/// Why there is no child.
enum Lost {
    /// It cannot use our own program; there is another way.
    Own,
    For(End),
}

impl From<String> for Lost {
    fn from(why: String) -> Lost {
        Lost::For(why.into())
    }
}

/// Whether any user can run this program.
fn open_to_all(program: &Path) -> bool {
    let others = |path: &Path, bits: u32| std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & bits == bits);
    others(program, 0o005) && program.ancestors().skip(1).all(|folder| others(folder, 0o001))
}

/// One line, byte by byte: what follows it belongs to the agent. Fails at the end, and on what is no line.
fn line(from: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    loop {
        from.read_exact(&mut byte)?;
        if byte[0] == b'\n' {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        if bytes.len() > 64 << 10 {
            return Err(io::Error::other(format!("no line of {MARK}")));
        }
        bytes.push(byte[0]);
    }
}

/// What sudo says, and the answer to its prompt.
struct Hearing {
    prompt: String,
    any_prompt: bool,
    password: Option<String>,
    said: Mutex<Vec<u8>>,
}

impl Hearing {
    fn new(who: &Become, prompt: &str) -> Hearing {
        Hearing { prompt: prompt.to_owned(), any_prompt: who.method == "su", password: who.password.clone(), said: Mutex::default() }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).replace(&self.prompt, "")
    }

    fn listen(
        self: &Arc<Hearing>,
        mut stderr: impl Read + Send + 'static,
        stdin: Arc<Mutex<Option<ChildStdin>>>,
    ) -> std::thread::JoinHandle<()> {
        let this = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            let mut prompts = 0;
            while let Ok(n @ 1..) = stderr.read(&mut buffer) {
                let text = {
                    let mut said = this.said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.extend_from_slice(&buffer[..n]);
                    let excess = said.len().saturating_sub(MOST_SAID);
                    said.drain(..excess);
                    String::from_utf8_lossy(&said).into_owned()
                };
                let asked = text.matches(&this.prompt).count() + usize::from(this.any_prompt && text.trim_end().ends_with(':'));
                if asked > prompts {
                    prompts = asked;
                    let mut stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner);
                    match (&this.password, stdin.as_mut(), prompts) {
                        (Some(password), Some(to), 1) => {
                            let _ = to.write_all(format!("{password}\n").as_bytes()).and_then(|()| to.flush());
                        }
                        // Asked again: the password was wrong. The end of its input makes sudo give up.
                        _ => *stdin = None,
                    }
                }
            }
        })
    }
}

/// Ends a child that does not let us in.
struct Watchdog(std::sync::mpsc::Sender<()>);

impl Watchdog {
    fn start(pid: u32) -> Watchdog {
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
            if let (Err(std::sync::mpsc::RecvTimeoutError::Timeout), Some(pid)) = (receive.recv_timeout(PATIENCE), pid) {
                let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
            }
        });
        Watchdog(send)
    }

    /// Whether it had nothing to do.
    fn stop(self) -> bool {
        self.0.send(()).is_ok()
    }
}
