//! The real host.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::armed;
use super::environment::{self, Environment};
use super::scratch::Scratch;
use super::stop::Stop;
use super::target::Target;
use super::tree::Tree;
use super::{account, digest, http, process, resolve, sentence};
use crate::plan::{Algorithm, Blob, Change, Command, Content, Group, Kind, Look, Meta, Output, Request, Response, User};

/// How a task reaches the controller while it runs.
pub(crate) trait Line: Send + Sync {
    /// Fetches a blob into this file.
    fn blob(&self, blob: &Blob, into: &mut File, stop: &Stop) -> io::Result<()>;
    fn progress(&self, message: &str, step: u64, of: u64);
}

/// The real host, as one task sees it.
pub(crate) struct Host {
    tree: Tree,
    environment: Environment,
    stop: Arc<Stop>,
    scratch: Scratch,
    line: Option<Box<dyn Line>>,
    /// Blobs that were fetched, by index.
    blobs: std::sync::Mutex<BTreeMap<u32, PathBuf>>,
}

impl Host {
    pub(crate) fn new(environment: &BTreeMap<String, String>, stop: Arc<Stop>, line: Option<Box<dyn Line>>) -> Host {
        Host {
            tree: Tree::real(),
            environment: environment::with(environment),
            stop,
            scratch: Scratch::default(),
            line,
            blobs: Default::default(),
        }
    }

    fn stdin(&self, command: &Command) -> io::Result<Option<Box<dyn Read + Send>>> {
        command.stdin.as_ref().map(|content| self.open(content)).transpose()
    }

    fn open(&self, content: &Content) -> io::Result<Box<dyn Read + Send>> {
        let path = match content {
            Content::Bytes(bytes) => return Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::File(path) => path.clone(),
            Content::Blob(blob) => self.blob(blob)?,
        };
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(sentence::error("read", &path, &error)),
        }
    }

    fn blob(&self, blob: &Blob) -> io::Result<PathBuf> {
        let mut blobs = self.blobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(path) = blobs.get(&blob.index) {
            return Ok(path.clone());
        }
        let line = self.line.as_ref().ok_or_else(|| io::Error::other("there is no controller to ask for content"))?;
        let (mut file, path) = self.scratch.file()?;
        line.blob(blob, &mut file, &self.stop)?;
        blobs.insert(blob.index, path.clone());
        Ok(path)
    }

    /// The file, then `getent`, whose output has the same form.
    fn account<T>(&self, file: &str, database: &str, name: &str, find: fn(&str, &str) -> Option<T>) -> io::Result<Option<T>> {
        let path = Path::new(file);
        let text = account::text(path).map_err(|error| sentence::error("read", path, &error))?;
        if let Some(found) = find(&text, name) {
            return Ok(Some(found));
        }
        if self.which("getent").is_none() {
            return Ok(None);
        }
        let answer = self.ask(&Command { accept: vec![0, 2], ..Command::new(["getent", database, name]) })?;
        Ok(find(&answer.text(), name))
    }
}

impl Look for Host {
    fn stat(&self, path: &Path, follow: bool) -> io::Result<Option<Meta>> {
        self.tree.stat(path, follow).map_err(|error| sentence::error("look at", path, &error))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = open_file(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| sentence::error("read", path, &error))?;
        Ok(Some(bytes))
    }

    fn digest(&self, path: &Path, algorithm: Algorithm) -> io::Result<Option<String>> {
        let Some(file) = open_file(path)? else {
            return Ok(None);
        };
        digest::of(file, algorithm).map(Some).map_err(|error| sentence::error("read", path, &error))
    }

    fn flags(&self, path: &Path) -> io::Result<Option<u32>> {
        use rustix::fs::{Mode, OFlags, ioctl_getflags, open};
        // A pipe must not wait for its other end.
        let file = open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Some(ioctl_getflags(file)?.bits()))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        list(folder).map_err(|error| sentence::error("list", folder, &error))
    }

    fn ask(&self, command: &Command) -> io::Result<Output> {
        let mut command = command.clone();
        // What modules read must be in the words that they know, whatever the host's language.
        for (name, value) in [("LC_ALL", "C.UTF-8"), ("LANGUAGE", "")] {
            command.env.entry(name.into()).or_insert_with(|| value.into());
        }
        process::run(&command, self.stdin(&command)?, &self.environment, &self.stop)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        environment::which(&self.environment, program)
    }

    fn env_names(&self) -> Vec<String> {
        self.environment.keys().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.environment.get(OsStr::new(name)).map(|value| value.to_string_lossy().into_owned())
    }

    fn user(&self, name: &str) -> io::Result<Option<User>> {
        self.account("/etc/passwd", "passwd", name, account::user_in)
    }

    fn group(&self, name: &str) -> io::Result<Option<Group>> {
        self.account("/etc/group", "group", name, account::group_in)
    }

    fn fetch(&self, request: &Request) -> io::Result<Response> {
        let (file, path) = self.scratch.file()?;
        http::request(request, file, path, self, &self.stop)
    }

    fn content(&self, content: &Content) -> io::Result<Box<dyn Read>> {
        self.open(content).map(|reader| reader as Box<dyn Read>)
    }

    fn scratch(&self, content: &Content) -> io::Result<PathBuf> {
        match content {
            Content::File(path) => Ok(path.clone()),
            Content::Blob(blob) => self.blob(blob),
            Content::Bytes(bytes) => {
                let (mut file, path) = self.scratch.file()?;
                file.write_all(bytes).map_err(|error| sentence::error("write", &path, &error))?;
                Ok(path)
            }
        }
    }

    fn uid(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }
}

impl Target for Host {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    fn umask(&self) -> u32 {
        umask()
    }

    fn run(&self, command: &Command) -> io::Result<Output> {
        process::run(command, self.stdin(command)?, &self.environment, &self.stop)
    }

    fn send(&self, request: &Request) -> io::Result<Response> {
        self.fetch(request)
    }

    fn connect(&self, host: &str, port: u16, timeout: Duration) -> io::Result<Box<dyn Read>> {
        let mut last = io::Error::other(format!("{host} has no address"));
        for address in resolve::addresses(host, port, self)? {
            match TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
                    return Ok(Box::new(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn clock(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, time: Duration) -> io::Result<()> {
        self.stop.sleep(time)
    }

    fn progress(&self, message: &str, step: u64, of: u64) {
        if let Some(line) = &self.line {
            line.progress(message, step, of);
        }
    }

    fn arm(&self, name: &str, undo: Vec<Change>) {
        armed::arm(name, undo);
    }

    fn disarm(&self, name: &str) {
        armed::disarm(name);
    }
}

/// Names in a folder, sorted.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// `None` where nothing is; an error where it is something else than a file (opening a pipe would hang).
fn open_file(path: &Path) -> io::Result<Option<File>> {
    let not_there = |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            Err(io::Error::new(io::ErrorKind::IsADirectory, format!("cannot read {}: it is a folder", path.display())))
        }
        Ok(meta) if !meta.is_file() => Err(io::Error::other(format!("cannot read {}: it is no regular file", path.display()))),
        Ok(_) => File::open(path).map(Some).map_err(|error| sentence::error("read", path, &error)),
        Err(error) if not_there(&error) => Ok(None),
        Err(error) => Err(sentence::error("read", path, &error)),
    }
}

/// The process's umask, from /proc (setting it to read it would race between threads; Linux 4.7 and later).
fn umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        line.and_then(|text| u32::from_str_radix(text.trim(), 8).ok()).unwrap_or(0o022)
    })
}

/// Kinds as users read them in results and diffs.
pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Folder => "directory",
        Kind::Link => "link",
        Kind::Fifo => "fifo",
        Kind::Socket => "socket",
        Kind::Char => "character device",
        Kind::Block => "block device",
    }
}
