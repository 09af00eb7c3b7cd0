//! Runs a command in a process group of its own and collects what it prints.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::environment::{self, Environment};
use super::stop::{GRACE, Stop};
use crate::plan::{Command, Output};

/// Of each of stdout and stderr; what a command prints beyond is dropped.
const MOST_KEPT: usize = 64 << 20;
/// How long a stop or a limit may go unnoticed.
const TICK: Duration = Duration::from_millis(250);
/// A background process may hold the pipes open: how long to wait for more once the command itself has ended.
const AFTERMATH: Duration = Duration::from_millis(100);

/// Runs to the end. Fails where it cannot be started, was stopped, or took too long; any exit code is fine.
pub(crate) fn run(command: &Command, stdin: Option<Box<dyn Read + Send>>, environment: &Environment, stop: &Stop) -> io::Result<Output> {
    stop.check()?;
    let mut all = environment.clone();
    all.extend(command.env.iter().map(|(name, value)| (name.into(), value.into())));
    let start = now();
    let mut child = start_process(command, &all, stdin.is_some())?;
    if let (Some(mut from), Some(mut to)) = (stdin, child.stdin.take()) {
        // A thread, as the command may print before it has read all. It need not be joined: a broken pipe ends it.
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to).and_then(|_| to.flush());
        });
    }
    let (status, stdout, stderr) = collect(&mut child, stop)?;
    let rc = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(Output { rc, stdout, stderr, start, end: now() })
}

pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn start_process(command: &Command, environment: &Environment, piped: bool) -> io::Result<Child> {
    let Some(name) = command.argv.first() else {
        return Err(io::Error::other("there is no command to run"));
    };
    if let Some(cwd) = &command.cwd {
        match std::fs::metadata(cwd) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => {
                return Err(io::Error::other(format!("cannot run {name} in {}: it is not a folder", cwd.display())));
            }
            Err(error) => return Err(super::sentence::error("change into", cwd, &error)),
        }
    }
    let program =
        if name.contains('/') { name.into() } else { environment::which(environment, name).ok_or_else(|| not_found(name, environment))? };
    let mut process = match command.umask {
        // A umask belongs to a whole process, and this one has many threads: a shell sets it for the command alone.
        Some(umask) => {
            let mut shell = Process::new("/bin/sh");
            shell.arg("-c").arg(format!("umask {umask:04o} && exec \"$@\"")).arg("sh").arg(&program);
            shell
        }
        None => {
            let mut process = Process::new(&program);
            process.arg0(name);
            process
        }
    };
    process.args(&command.argv[1..]).env_clear().envs(environment).process_group(0);
    process.stdin(if piped { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(cwd) = &command.cwd {
        process.current_dir(cwd);
    }
    spawn(&mut process).map_err(|error| match error.raw_os_error() {
        Some(7) => io::Error::other(format!("cannot run {name}: its arguments and environment are too long for the system")),
        Some(8) => io::Error::other(format!("cannot run {name}: it is no program for this system (a script without a #! line?)")),
        _ => super::sentence::error("run", Path::new(&program), &error),
    })
}

/// A script that was just written is busy as long as the fork of another thread holds it open: until that one's own exec.
fn spawn(process: &mut Process) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        match process.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 100 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

fn not_found(name: &str, environment: &Environment) -> io::Error {
    let path = environment.get(std::ffi::OsStr::new("PATH")).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    io::Error::new(io::ErrorKind::NotFound, format!("there is no program `{name}` on this host (looked in {path})"))
}

/// Both streams to their ends, then the exit status.
fn collect(child: &mut Child, stop: &Stop) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process id"))?;
    stop.enter(pid);
    // Linux 5.3 and later; before, the tick finds the end.
    let mut pidfd = pidfd_open(pid, PidfdFlags::empty()).ok();
    let mut streams = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
    let mut kept = [Vec::new(), Vec::new()];
    let mut ended: Option<Option<ExitStatus>> = None;
    let mut stopped: Option<(io::Error, Instant)> = None;
    loop {
        let wait = match (ended.is_some(), pidfd.is_some()) {
            (true, _) => AFTERMATH,
            (false, true) => stop.left().map_or(TICK, |left| left.clamp(Duration::from_millis(1), TICK)),
            (false, false) => Duration::from_millis(10),
        };
        let ready = wait_for(&streams, pidfd.as_ref(), wait)?;
        for (i, stream) in streams.iter_mut().enumerate() {
            if ready[i] && !read_some(stream, &mut kept[i])? {
                *stream = None;
            }
        }
        if ended.is_none() {
            if ready[2] {
                ended = Some(None);
                pidfd = None;
            } else if pidfd.is_none()
                && let Some(status) = child.try_wait()?
            {
                ended = Some(Some(status));
            }
        }
        let quiet = !ready[0] && !ready[1];
        if ended.is_some() && (streams.iter().all(Option::is_none) || quiet) {
            break;
        }
        match (&stopped, stop.check()) {
            (None, Err(error)) => {
                let _ = kill_process_group(pid, Signal::TERM);
                stopped = Some((error, Instant::now()));
            }
            (Some((_, since)), _) if since.elapsed() > GRACE => {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            _ => {}
        }
    }
    if stopped.is_some() {
        // What it started and left behind goes too.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    stop.leave(pid);
    let status = match ended {
        Some(Some(status)) => status,
        _ => child.wait()?,
    };
    // A command that was stopped fails with the reason, whatever it made of the signal.
    if let Some((error, _)) = stopped {
        return Err(error);
    }
    stop.check().or_else(|error| if stop.is_cancelled() { Err(error) } else { Ok(()) })?;
    let [stdout, stderr] = kept;
    Ok((status, stdout, stderr))
}

fn wait_for(streams: &[Option<OwnedFd>; 2], pidfd: Option<&OwnedFd>, wait: Duration) -> io::Result<[bool; 3]> {
    let all = [streams[0].as_ref(), streams[1].as_ref(), pidfd];
    let mut fds: Vec<PollFd<'_>> = all.iter().flatten().map(|fd| PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)).collect();
    let wait = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: wait.subsec_nanos().into() };
    match poll(&mut fds, Some(&wait)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ready = [false; 3];
    let mut results = fds.iter();
    for (i, fd) in all.iter().enumerate() {
        if fd.is_some() {
            ready[i] = results.next().is_some_and(|fd| !fd.revents().is_empty());
        }
    }
    Ok(ready)
}

/// False at the end of the stream.
fn read_some(stream: &Option<OwnedFd>, kept: &mut Vec<u8>) -> io::Result<bool> {
    let Some(fd) = stream else { return Ok(false) };
    let mut buffer = [0; 64 << 10];
    match rustix::io::read(fd, &mut buffer) {
        Ok(0) => Ok(false),
        Ok(n) => {
            let room = MOST_KEPT.saturating_sub(kept.len());
            kept.extend_from_slice(&buffer[..n.min(room)]);
            Ok(true)
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        Command::new(["/bin/sh", "-c", script])
    }

    fn environment() -> Environment {
        environment::with(&Default::default())
    }

    #[test]
    fn both_streams_and_the_code() {
        let mut command = sh("cat; echo err >&2; umask; exit 3");
        command.umask = Some(0o027);
        let output = run(&command, Some(Box::new("in\n".as_bytes())), &environment(), &Stop::new()).unwrap();
        assert_eq!((output.rc, output.text().as_str(), output.errors().as_str()), (3, "in\n0027\n", "err\n"));
    }

    #[test]
    fn a_signal_is_a_code() {
        assert_eq!(run(&sh("kill -9 $$"), None, &environment(), &Stop::new()).unwrap().rc, 137);
    }

    #[test]
    fn a_process_in_the_background_is_not_waited_for() {
        let output = run(&sh("sleep 60 & echo $!"), None, &environment(), &Stop::new()).unwrap();
        let pid = Pid::from_raw(output.text().trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }

    #[test]
    fn a_limit_ends_it() {
        let error = run(&sh("sleep 60"), None, &environment(), &Stop::after(Some(0.05))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = run(&Command::new(["no-such-program"]), None, &environment(), &Stop::new()).unwrap_err();
        assert!(error.to_string().starts_with("there is no program `no-such-program` on this host (looked in "));
    }
}
