//! What a module reads of the target while it plans, and what it is told.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a module may do to the target while it plans: read. A folder can stand in for `/` (tests).
pub trait Look {
    /// `None` where nothing is at `path`. `follow`: of the link's target.
    fn stat(&self, path: &Path, follow: bool) -> io::Result<Option<Meta>>;
    /// `None` where no file is at `path`.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;
    /// Lower-case hex; `None` where no file is at `path`. Streams.
    fn digest(&self, path: &Path, algorithm: Algorithm) -> io::Result<Option<String>>;
    /// The file system's flags of a file or folder (FS_IOC_GETFLAGS); `None` where only `lsattr` could tell.
    fn flags(&self, path: &Path) -> io::Result<Option<u32>> {
        let _ = path;
        Ok(None)
    }
    /// Names in a folder, sorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Runs a command that changes nothing, for what it prints. Not found or not startable is an error.
    fn ask(&self, command: &Command) -> io::Result<Output>;
    /// Finds a program as a login shell's PATH would, sbin folders included.
    fn which(&self, program: &str) -> Option<PathBuf>;
    /// One variable of the agent's environment.
    fn env(&self, name: &str) -> Option<String>;
    /// The names of all its variables.
    fn env_names(&self) -> Vec<String>;
    /// From /etc/passwd, then `getent` (static glibc must not touch NSS). By name or by number in digits.
    fn user(&self, name: &str) -> io::Result<Option<User>>;
    fn group(&self, name: &str) -> io::Result<Option<Group>>;
    /// An HTTP request that changes nothing (GET, HEAD), body into a scratch file that goes with the task.
    fn fetch(&self, request: &Request) -> io::Result<Response>;
    /// The bytes of content that came with the task, from the controller, as a file to read.
    fn content(&self, content: &Content) -> io::Result<Box<dyn io::Read>>;
    /// The same bytes as a file on the target, in the task's scratch folder; a [`Content::File`] is its own path.
    fn scratch(&self, content: &Content) -> io::Result<PathBuf>;
    /// The user that the task runs as.
    fn uid(&self) -> u32;

    /// Expands `$VARIABLES`, then `~` or `~user` at the start, as Python's `expandvars` and `expanduser` do; unknown names stay.
    fn expand(&self, path: &str) -> String {
        let path = expand_variables(path, &|name| self.env(name));
        let Some(rest) = path.strip_prefix('~') else { return path };
        let (name, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let home = match name {
            "" => self.env("HOME").map(PathBuf::from).or_else(|| Some(self.user(&self.uid().to_string()).ok()??.home)),
            name => self.user(name).ok().flatten().map(|user| user.home),
        };
        match home {
            Some(home) => format!("{}{below}", home.display().to_string().trim_end_matches('/')),
            None => path,
        }
    }
}

/// Replaces `$NAME` and `${NAME}`; what has no value stays as it is.
pub fn expand_variables(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, used) = match after.strip_prefix('{').and_then(|inner| inner.find('}').map(|end| &inner[..end])) {
            Some(name) => (name, name.len() + 2),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match value(name).filter(|_| !name.is_empty()) {
            Some(found) => out.push_str(&found),
            None => out.push_str(&rest[at..=at + used]),
        }
        rest = &after[used..];
    }
    out + rest
}

/// Facts about a path, as lstat(2) or stat(2) gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub kind: Kind,
    /// Permission bits, 12 of them.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    /// Seconds since the epoch, with fraction.
    pub mtime: f64,
    pub atime: f64,
    pub ctime: f64,
    pub inode: u64,
    pub device: u64,
    pub links: u64,
    /// What a device file stands for.
    pub rdev: u64,
    /// Units of 512 bytes.
    pub blocks: u64,
    /// Bytes that the file system likes to read at once.
    pub block_size: u64,
    /// Where a link points, as written.
    pub target: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    Fifo,
    Socket,
    Char,
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub comment: String,
    pub home: PathBuf,
    pub shell: PathBuf,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    pub gid: u32,
    pub members: Vec<String>,
}

/// Bytes to be written or fed to a command.
#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    /// Stays on the controller until the applier needs it: an index into the task's blobs.
    Blob(Blob),
    /// A file on the target.
    File(PathBuf),
}

/// Something the controller holds and streams on demand (a file to copy, a pack of git objects).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Position in the task's list of blobs.
    pub index: u32,
    pub size: u64,
    /// SHA-1, as Ansible's `checksum` is; lower-case hex.
    pub sha1: String,
}

/// A command to run: no shell unless `argv` names one.
#[derive(Clone, Debug, Default)]
pub struct Command {
    pub argv: Vec<String>,
    pub cwd: Option<PathBuf>,
    /// Added to the task's environment.
    pub env: BTreeMap<String, String>,
    pub stdin: Option<Content>,
    pub umask: Option<u32>,
    /// Exit codes that are no failure; empty means any.
    pub accept: Vec<i32>,
    /// What to show in place of the arguments where they hold a secret.
    pub shown_as: Option<String>,
}

impl Command {
    /// `accept` starts as [0].
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Command {
        Command { argv: argv.into_iter().map(Into::into).collect(), accept: vec![0], ..Command::default() }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Exit code; 128 + signal where a signal ended it.
    pub rc: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Seconds since the epoch.
    pub start: f64,
    pub end: f64,
}

impl Output {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    pub user: Option<(String, String)>,
    pub validate_certs: bool,
    /// 0 follows none.
    pub redirects: u32,
    /// Seconds for the whole request.
    pub timeout: f64,
    pub unix_socket: Option<PathBuf>,
    pub ca_path: Option<PathBuf>,
    pub client_cert: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// After redirects.
    pub url: String,
    /// Scratch file with the body; removed with the task.
    pub body: PathBuf,
}
