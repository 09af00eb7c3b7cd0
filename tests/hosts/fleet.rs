//! The sandbox's hosts and a repository of the demo application, for the tests.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const WEB: [&str; 2] = ["web-1", "web-2"];

/// The module that uWSGI loads: what is written here breaks the application or does not.
const WSGI: &str = "searchapp/wsgi.py";

pub(crate) struct Fleet {
    root: PathBuf,
    app: tempfile::TempDir,
    /// A project of its own, where the sandbox's inventory does not do.
    project: Option<tempfile::TempDir>,
}

/// What a command did.
pub(crate) struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub(crate) fn all(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n── out\n{}\n── err\n{}", self.code, self.out, self.err)
    }
}

/// The application's entry as it is in the demo.
pub(crate) fn wsgi() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/app").join(WSGI)).expect("the demo has it")
}

/// Asks until it holds; fails after so many seconds.
#[track_caller]
pub(crate) fn wait_until(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < end, "waited {seconds} s in vain until {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Fleet {
    /// Hosts provisioned, and a fresh repository with one commit.
    #[track_caller]
    pub(crate) fn new() -> Fleet {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let app = tempfile::tempdir().expect("a temporary folder");
        let fleet = Fleet { root, app, project: None };
        fleet.provision(&[]);
        fleet.shell("cp -r demo/app/. \"$APP\" && rm -rf \"$APP/frontend/node_modules\" \"$APP/frontend/dist\"");
        fleet.git(&["init", "-q", "-b", "main"]);
        fleet.git(&["config", "user.name", "Test"]);
        fleet.git(&["config", "user.email", "test@search.example"]);
        fleet.git(&["add", "-A"]);
        // Each test's history is its own: no two have a commit in common.
        let unique = format!("begin {:?}", std::time::SystemTime::now());
        fleet.git(&["commit", "-q", "-m", &unique]);
        fleet
    }

    /// The same hosts, with other settings of the application: `change` gets the text of group_vars/app.yml.
    #[track_caller]
    pub(crate) fn with_settings(change: impl FnOnce(&str) -> String) -> Fleet {
        let mut fleet = Fleet::new();
        let project = tempfile::tempdir().expect("a temporary folder");
        let inventory = project.path().join("inventories/sandbox");
        std::fs::create_dir_all(project.path().join("inventories")).expect("a folder");
        for shared in ["playbooks", "roles", ".sandbox"] {
            std::os::unix::fs::symlink(fleet.root.join(shared), project.path().join(shared)).expect("a link");
        }
        let copied = Command::new("cp").arg("-r").arg(fleet.root.join("inventories/sandbox")).arg(&inventory).status();
        assert!(copied.is_ok_and(|status| status.success()), "the inventory is copied");
        let settings = inventory.join("group_vars/app.yml");
        let text = std::fs::read_to_string(&settings).expect("the settings are there");
        std::fs::write(&settings, change(&text)).expect("the settings can be written");
        fleet.project = Some(project);
        fleet
    }

    /// Provisions as site.yml says; nothing may fail.
    #[track_caller]
    pub(crate) fn provision(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["playbook", "playbooks/site.yml", "-i", "inventories/sandbox"];
        arguments.extend(more);
        let site = self.run(&arguments);
        assert_eq!(site.code, 0, "{site}");
        site
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let done = self.command(arguments).output().expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy"));
        let folder = self.project.as_ref().map_or(self.root.as_path(), |project| project.path());
        command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1");
        if matches!(arguments[0], "sandbox" | "rollback" | "status" | "releases") {
            command.arg("-e").arg(format!("deploy_repository={}", self.app.path().display()));
        }
        command
    }

    pub(crate) fn signal(&self, child: &Child, name: &str) {
        let done = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
        assert!(done.is_ok_and(|s| s.success()), "the signal is sent");
    }

    /// Changes the application's entry and commits; the answer is the full SHA.
    pub(crate) fn commit(&self, message: &str, change: impl FnOnce(&str) -> String) -> String {
        let path = self.app.path().join(WSGI);
        let text = std::fs::read_to_string(&path).expect("the entry is there");
        std::fs::write(&path, change(&text)).expect("the entry can be written");
        self.git(&["commit", "-q", "-a", "-m", message]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Deploys HEAD, which is `revision`, and proves it.
    #[track_caller]
    pub(crate) fn deployed(&self, revision: &str) {
        let out = self.run(&["sandbox", "HEAD", "web"]);
        assert_eq!(out.code, 0, "{out}");
        self.assert_serves(revision);
    }

    #[track_caller]
    pub(crate) fn assert_serves(&self, revision: &str) {
        for host in WEB {
            assert_eq!(self.serves(host).as_deref(), Some(revision), "{host} serves another commit");
        }
    }

    /// Which commit the process on a host says it runs.
    pub(crate) fn serves(&self, host: &str) -> Option<String> {
        let number = host.rsplit('-').next()?;
        let done = Command::new("curl")
            .args(["-sf", "--noproxy", "*", "--max-time", "5", &format!("http://10.87.77.1{number}:8000/revision")])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let sha = text.split(|c: char| !c.is_ascii_hexdigit()).find(|word| word.len() == 40)?;
        Some(sha.to_owned())
    }

    /// The page as the load balancer serves it.
    pub(crate) fn page(&self) -> String {
        self.get("/")
    }

    /// What the load balancer serves under a path.
    pub(crate) fn get(&self, path: &str) -> String {
        let url = format!("http://10.87.77.61{path}");
        let done = Command::new("curl").args(["-sf", "--noproxy", "*", "--max-time", "10", &url]).output().expect("curl runs");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// The address of the repository for hosts, from a git server of this machine that lives as long as the answer.
    pub(crate) fn git_server(&self) -> (GitServer, String) {
        let parent = self.app.path().parent().expect("a folder");
        // Not through `git`, whose child would outlive it.
        let mut server = Command::new(Path::new(&self.git(&["--exec-path"])).join("git-daemon"));
        server
            .arg("--reuseaddr")
            .arg("--export-all")
            .arg("--listen=10.87.77.1")
            .arg("--port=9418")
            .arg(format!("--base-path={}", parent.display()));
        let child = server
            .arg(self.app.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("git daemon starts");
        let server = GitServer(child);
        wait_until("the git server listens", 10, || std::net::TcpStream::connect("10.87.77.1:9418").is_ok());
        let name = self.app.path().file_name().expect("a name").to_string_lossy().into_owned();
        (server, format!("git://10.87.77.1/{name}/.git"))
    }

    /// Where the keys and the known hosts of the sandbox are.
    #[allow(dead_code, reason = "not every test program that holds this file asks")]
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join(".sandbox")
    }

    /// What a command prints on a host, as root.
    pub(crate) fn on(&self, host: &str, command: &str) -> String {
        let done =
            Command::new(self.root.join("tests/hosts/hosts")).args(["exec", host, "sh", "-c", command]).output().expect("hosts runs");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// A folder on a disk with next to no room left, until it is dropped.
    pub(crate) fn small_disk(&self, host: &'static str, folder: &'static str) -> Undo<'_> {
        self.hosts(&["small-disk", host, folder, "64k"]);
        Undo { fleet: self, command: vec!["small-disk", host, folder, "off"] }
    }

    /// A host without power, until it is dropped.
    pub(crate) fn dead(&self, host: &'static str) -> Undo<'_> {
        self.hosts(&["kill", host]);
        Undo { fleet: self, command: vec!["start", host] }
    }

    fn hosts(&self, arguments: &[&str]) {
        let done = Command::new(self.root.join("tests/hosts/hosts")).args(arguments).output().expect("hosts runs");
        assert!(done.status.success(), "hosts {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let done = Command::new("git").arg("-C").arg(self.app.path()).args(arguments).output().expect("git runs");
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    fn shell(&self, command: &str) {
        let done = Command::new("sh").args(["-ec", command]).current_dir(&self.root).env("APP", self.app.path()).status();
        assert!(done.is_ok_and(|s| s.success()), "{command}");
    }
}

/// A server that ends with the test.
pub(crate) struct GitServer(Child);

impl Drop for GitServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Takes a fault back.
pub(crate) struct Undo<'a> {
    fleet: &'a Fleet,
    command: Vec<&'static str>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // One failure is enough to report.
            let _ = Command::new(self.fleet.root.join("tests/hosts/hosts")).args(&self.command).status();
        } else {
            self.fleet.hosts(&self.command);
        }
    }
}
