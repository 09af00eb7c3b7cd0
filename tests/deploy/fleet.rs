//! Two web hosts and a worker that are folders of this machine, an application's repository, and what the processes would answer.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const WEB: [&str; 2] = ["web-1", "web-2"];

pub(crate) struct Fleet {
    root: tempfile::TempDir,
    /// What a host's process answers, whatever `current` says.
    stuck: Arc<Mutex<BTreeMap<String, String>>>,
}

pub(crate) struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}\n── out\n{}\n── err\n{}", self.code, self.out, self.err)
    }
}

/// What the bundler of the tests does: names carry the content's hash. WAIT names a file that it waits for.
const BUILD: &str = r#"while [ -e "$WAIT" ]; do sleep 0.05; done; mkdir -p dist/.vite dist/assets; h=$(sha256sum main.js | cut -c1-9);
  cp main.js dist/assets/main-x$h.js; echo "{\"main.js\": {\"file\": \"assets/main-x$h.js\"}}" > dist/.vite/manifest.json; cat fail 2>/dev/null && exit 3; true"#;

impl Fleet {
    pub(crate) fn new() -> Fleet {
        let root = tempfile::tempdir().expect("a folder");
        let stuck = Arc::new(Mutex::new(BTreeMap::new()));
        let fleet = Fleet { root, stuck };
        let port = fleet.answer();
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = fleet.path("project");
        std::fs::create_dir_all(project.join("inventories/test")).expect("a folder");
        for name in ["playbooks", "roles"] {
            std::os::unix::fs::symlink(source.join(name), project.join(name)).expect("a link");
        }
        let user = Command::new("id").arg("-un").output().expect("id runs");
        let hosts = serde_json::json!({"all": {
            "children": {
                "web": {"hosts": {"web-1": {}, "web-2": {}}, "vars": {"deploy_serves_web": true}},
                "worker": {"hosts": {"worker-1": {}}},
                "db": {"hosts": {"db-1": {"deploy_to": null}}},
            },
            "vars": {
                "ansible_connection": "local", "ansible_become": false,
                "deploy_app": "demo", "deploy_repository": fleet.path("app"), "deploy_to": format!("{}/{{{{ inventory_hostname }}}}", fleet.path("srv").display()),
                "deploy_user": String::from_utf8_lossy(&user.stdout).trim(), "deploy_keep": 2,
                "deploy_bundle_build": BUILD, "deploy_bundle_dir": "frontend", "deploy_bundle_output": "frontend/dist",
                "deploy_bundle_environment": {"WAIT": fleet.path("wait")},
                "deploy_verify_url": format!("http://127.0.0.1:{port}/{{{{ inventory_hostname }}}}"), "deploy_verify_timeout": 3,
            },
        }});
        std::fs::write(project.join("inventories/test/hosts.json"), hosts.to_string()).expect("an inventory");
        std::fs::create_dir_all(fleet.path("app")).expect("a folder");
        fleet.git(&["init", "-q", "-b", "main"]);
        fleet.git(&["config", "user.name", "Anna"]);
        fleet.git(&["config", "user.email", "anna@search.example"]);
        fleet
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file of the application and commits; the answer is the full SHA.
    pub(crate) fn commit(&self, name: &str, text: &str) -> String {
        self.write(name, text);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", &format!("{name} is {}", text.trim())]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path("app").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let done = Command::new("git").arg("-C").arg(self.path("app")).args(arguments).output().expect("git runs");
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let done = self.command(arguments).output().expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(&self.root.path().display().to_string(), "ROOT");
        Ran { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Runs and wants this exit code.
    pub(crate) fn ran(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {ran}");
        ran
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    /// No environment but what is named here.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deploy"));
        command.current_dir(self.path("project")).args(arguments).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.root.path()).env("USER", "anna");
        command
    }

    /// What `current` of a host leads to: its SHA.
    pub(crate) fn current(&self, host: &str) -> Option<String> {
        std::fs::read_to_string(self.path("srv").join(host).join("current/REVISION")).ok().map(|text| text.trim().to_owned())
    }

    pub(crate) fn release(&self, host: &str) -> Option<PathBuf> {
        std::fs::read_link(self.path("srv").join(host).join("current")).ok()
    }

    pub(crate) fn releases(&self, host: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("srv").join(host).join("releases")).expect("releases");
        let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn assert_runs(&self, revision: &str) {
        for host in WEB {
            assert_eq!(self.current(host).as_deref(), Some(revision), "{host}");
        }
    }

    /// From now on the process of this host answers so; `None`: what `current` says.
    pub(crate) fn stick(&self, host: &str, answer: Option<&str>) {
        let mut stuck = self.stuck.lock().expect("lock");
        match answer {
            Some(answer) => stuck.insert(host.to_owned(), answer.to_owned()),
            None => stuck.remove(host),
        };
    }

    /// Answers `GET /host` with the SHA that the host's process runs.
    fn answer(&self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (srv, stuck) = (self.path("srv"), self.stuck.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut first = String::new();
                let _ = reader.read_line(&mut first);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                    line.clear();
                }
                let host = first.split_whitespace().nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
                let stuck = stuck.lock().expect("lock").get(&host).cloned();
                let body = stuck.or_else(|| std::fs::read_to_string(srv.join(&host).join("current/REVISION")).ok()).unwrap_or_default();
                let _ = write!(reader.into_inner(), "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            }
        });
        port
    }
}

/// Asks until it holds; fails after a minute.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(done.is_ok_and(|status| status.success()), "the signal is sent");
}
