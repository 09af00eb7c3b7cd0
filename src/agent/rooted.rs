//! A folder that stands in for a host's `/`, with recorded answers for what a folder cannot give: module tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::stop::Stop;
use super::target::Target;
use super::tree::Tree;
use super::{account, digest, look, sentence};
use crate::plan::{Algorithm, Change, Command, Content, Group, Kind, Look, Meta, Output, Request, Response, User};

/// Where scratch files lie in the stand-in.
pub const SCRATCH: &str = "/.scratch";

/// What the host would answer. The first entry that fits is taken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    pub uid: u32,
    pub env: BTreeMap<String, String>,
    /// Programs and where they lie. A program of a recorded command is also found, in /usr/bin.
    pub which: BTreeMap<String, PathBuf>,
    pub commands: Vec<Recorded>,
    pub requests: Vec<RecordedRequest>,
    /// Open ports, `host:port`.
    pub ports: Vec<String>,
}

/// A command and what it prints; `*` stands for any one argument.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recorded {
    pub argv: Vec<String>,
    /// Only with this on its stdin.
    pub stdin: Option<String>,
    /// It changes something: planning must not run it.
    pub changes: bool,
    /// Only after an entry with `sets` of this word was used; or only before.
    pub when: Option<String>,
    pub unless: Option<String>,
    pub sets: Option<String>,
    pub rc: i32,
    pub stdout: String,
    pub stderr: String,
    /// What running it does to the stand-in.
    pub writes: BTreeMap<PathBuf, String>,
    pub removes: Vec<PathBuf>,
    pub folders: Vec<PathBuf>,
    pub links: BTreeMap<PathBuf, PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordedRequest {
    /// Any, where it is left out.
    pub method: Option<String>,
    pub url: String,
    pub when: Option<String>,
    pub unless: Option<String>,
    pub sets: Option<String>,
    pub status: u16,
    pub reason: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// After redirects.
    pub final_url: Option<String>,
}

/// A stand-in host.
pub struct Rooted {
    tree: Tree,
    answers: Answers,
    /// Holds the blobs of the task, by index.
    blobs: PathBuf,
    stop: Stop,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    words: BTreeSet<String>,
    faults: Vec<String>,
    clock: Duration,
    scratch: u32,
    armed: BTreeSet<String>,
}

impl Rooted {
    pub fn new(root: PathBuf, answers: Answers, blobs: PathBuf) -> Rooted {
        Rooted { tree: Tree::rooted(root), answers, blobs, stop: Stop::new(), state: Mutex::default() }
    }

    /// What the module asked for that nothing was recorded for.
    pub fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Names of undos that are armed.
    pub fn armed(&self) -> Vec<String> {
        self.state().armed.iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, command: &Command, looking: bool) -> io::Result<Output> {
        let stdin = match &command.stdin {
            Some(content) => {
                let mut text = String::new();
                self.content(content)?.read_to_string(&mut text)?;
                Some(text)
            }
            None => None,
        };
        let fits = |recorded: &&Recorded, state: &State| {
            recorded.argv.len() == command.argv.len()
                && recorded.argv.iter().zip(&command.argv).all(|(r, c)| r == "*" || r == c)
                && (recorded.stdin.is_none() || recorded.stdin == stdin)
                && state.allows(recorded.when.as_ref(), recorded.unless.as_ref())
        };
        let mut state = self.state();
        let Some(recorded) = self.answers.commands.iter().find(|recorded| fits(recorded, &state)) else {
            let fault = format!("no answer is recorded for:\n  - argv: {}", serde_json::to_string(&command.argv)?);
            state.faults.push(fault.clone());
            return Err(io::Error::new(io::ErrorKind::NotFound, fault));
        };
        if recorded.changes && looking {
            state.faults.push(format!("a command that changes something was run while planning: {:?}", command.argv));
        }
        if !recorded.changes && !looking {
            state.faults.push(format!("recorded without `changes: true`, but run as a change: {:?}", command.argv));
        }
        state.words.extend(recorded.sets.clone());
        drop(state);
        self.effects(recorded)?;
        Ok(Output {
            rc: recorded.rc,
            stdout: recorded.stdout.clone().into_bytes(),
            stderr: recorded.stderr.clone().into_bytes(),
            ..Output::default()
        })
    }

    fn effects(&self, recorded: &Recorded) -> io::Result<()> {
        for path in &recorded.removes {
            match self.tree.remove(&self.tree.at(path, false)?) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for path in &recorded.folders {
            fs::create_dir_all(self.tree.at(path, true)?)?;
        }
        for (path, text) in &recorded.writes {
            fs::write(self.tree.at(path, true)?, text)?;
        }
        for (path, target) in &recorded.links {
            let at = self.tree.at(path, false)?;
            let _ = fs::remove_file(&at);
            std::os::unix::fs::symlink(target, at)?;
        }
        Ok(())
    }

    /// A new scratch file of the stand-in.
    fn keep(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let number = {
            let mut state = self.state();
            state.scratch += 1;
            state.scratch
        };
        let path = Path::new(SCRATCH).join(number.to_string());
        fs::create_dir_all(self.tree.at(Path::new(SCRATCH), true)?)?;
        fs::write(self.tree.at(&path, true)?, bytes)?;
        Ok(path)
    }

    fn account<T>(&self, file: &str, database: &str, name: &str, find: fn(&str, &str) -> Option<T>) -> io::Result<Option<T>> {
        let text = self.read(Path::new(file))?;
        let none = text.is_none();
        let text = text.map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned());
        if let Some(found) = find(&text, name) {
            return Ok(Some(found));
        }
        let argv = ["getent", database, name];
        if self.answers.commands.iter().any(|recorded| recorded.argv == argv) {
            return Ok(find(&self.answer(&Command::new(argv), true)?.text(), name));
        }
        // Every host has these.
        Ok(if none { find("root:x:0:0:root:/root:/bin/bash", name).or_else(|| find("root:x:0:", name)) } else { None })
    }
}

impl State {
    fn allows(&self, when: Option<&String>, unless: Option<&String>) -> bool {
        when.is_none_or(|word| self.words.contains(word)) && unless.is_none_or(|word| !self.words.contains(word))
    }
}

impl Look for Rooted {
    fn stat(&self, path: &Path, follow: bool) -> io::Result<Option<Meta>> {
        self.tree.stat(path, follow)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match self.tree.stat(path, true)? {
            None => Ok(None),
            Some(meta) if meta.kind == Kind::File => fs::read(self.tree.at(path, true)?).map(Some),
            Some(_) => Err(io::Error::other(format!("cannot read {}: it is no regular file", path.display()))),
        }
    }

    fn digest(&self, path: &Path, algorithm: Algorithm) -> io::Result<Option<String>> {
        self.read(path)?.map(|bytes| digest::of(bytes.as_slice(), algorithm)).transpose()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let names = look::list(&self.tree.at(folder, true)?).map_err(|error| sentence::error("list", folder, &error))?;
        Ok(names.into_iter().filter(|name| Path::new("/").join(name) != Path::new(SCRATCH) || folder != Path::new("/")).collect())
    }

    fn ask(&self, command: &Command) -> io::Result<Output> {
        self.answer(command, true)
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        let recorded = || self.answers.commands.iter().any(|recorded| recorded.argv.first().is_some_and(|name| name == program));
        match self.answers.which.get(program) {
            Some(path) => Some(path.clone()),
            None if program.contains('/') => self.tree.stat(Path::new(program), true).ok().flatten().map(|_| program.into()),
            None => recorded().then(|| Path::new("/usr/bin").join(program)),
        }
    }

    fn env_names(&self) -> Vec<String> {
        self.answers.env.keys().cloned().collect()
    }

    fn env(&self, name: &str) -> Option<String> {
        self.answers.env.get(name).cloned().or_else(|| match name {
            "HOME" => Some("/root".into()),
            "PATH" => Some("/usr/sbin:/usr/bin:/sbin:/bin".into()),
            _ => None,
        })
    }

    fn user(&self, name: &str) -> io::Result<Option<User>> {
        self.account("/etc/passwd", "passwd", name, account::user_in)
    }

    fn group(&self, name: &str) -> io::Result<Option<Group>> {
        self.account("/etc/group", "group", name, account::group_in)
    }

    fn fetch(&self, request: &Request) -> io::Result<Response> {
        let mut state = self.state();
        let fits = |recorded: &&RecordedRequest| {
            recorded.url == request.url
                && recorded.method.as_ref().is_none_or(|method| *method == request.method)
                && state.allows(recorded.when.as_ref(), recorded.unless.as_ref())
        };
        let Some(recorded) = self.answers.requests.iter().find(fits) else {
            let fault = format!("no answer is recorded for:\n  - method: {}\n    url: {}", request.method, request.url);
            state.faults.push(fault.clone());
            return Err(io::Error::new(io::ErrorKind::NotFound, fault));
        };
        state.words.extend(recorded.sets.clone());
        drop(state);
        let body = self.keep(recorded.body.as_bytes())?;
        Ok(Response {
            status: if recorded.status == 0 { 200 } else { recorded.status },
            reason: if recorded.reason.is_empty() { "OK".into() } else { recorded.reason.clone() },
            headers: recorded.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            url: recorded.final_url.clone().unwrap_or_else(|| recorded.url.clone()),
            body,
        })
    }

    fn content(&self, content: &Content) -> io::Result<Box<dyn Read>> {
        let (path, at) = match content {
            Content::Bytes(bytes) => return Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::File(path) => (path.clone(), self.tree.at(path, true)?),
            Content::Blob(blob) => (PathBuf::from("blob"), self.blobs.join(blob.index.to_string())),
        };
        File::open(at).map(|file| Box::new(file) as Box<dyn Read>).map_err(|error| sentence::error("read", &path, &error))
    }

    fn scratch(&self, content: &Content) -> io::Result<PathBuf> {
        if let Content::File(path) = content {
            return Ok(path.clone());
        }
        let mut bytes = Vec::new();
        self.content(content)?.read_to_end(&mut bytes)?;
        self.keep(&bytes)
    }

    fn uid(&self) -> u32 {
        self.answers.uid
    }
}

impl Target for Rooted {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    fn umask(&self) -> u32 {
        0o022
    }

    fn run(&self, command: &Command) -> io::Result<Output> {
        self.answer(command, false)
    }

    fn send(&self, request: &Request) -> io::Result<Response> {
        self.fetch(request)
    }

    fn connect(&self, host: &str, port: u16, _timeout: Duration) -> io::Result<Box<dyn Read>> {
        if self.answers.ports.contains(&format!("{host}:{port}")) {
            return Ok(Box::new(io::empty()));
        }
        Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused"))
    }

    fn clock(&self) -> Duration {
        self.state().clock
    }

    /// Only the clock of the stand-in moves.
    fn sleep(&self, time: Duration) -> io::Result<()> {
        self.state().clock += time;
        Ok(())
    }

    fn progress(&self, _message: &str, _step: u64, _of: u64) {}

    fn arm(&self, name: &str, _undo: Vec<Change>) {
        self.state().armed.insert(name.to_owned());
    }

    fn disarm(&self, name: &str) {
        self.state().armed.remove(name);
    }
}
