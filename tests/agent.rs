//! The agent as a process of its own: frames over pipes, as a controller speaks them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use deploy::plan::Blob;
use deploy::wire::{self, Become, FromAgent, Task, TaskResult, ToAgent};
use serde_json::{Value as Json, json};

struct Agent {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Agent {
    fn start() -> Agent {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_deploy")).arg("agent-serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let to = child.stdin.take();
        let mut from = BufReader::new(child.stdout.take().unwrap());
        assert!(matches!(wire::receive(&mut from).unwrap(), Some(FromAgent::Hello(_))));
        Agent { child, to, from }
    }

    fn send(&mut self, message: &ToAgent) {
        wire::send(self.to.as_mut().unwrap(), message).unwrap();
    }

    fn receive(&mut self) -> FromAgent {
        wire::receive(&mut self.from).unwrap().expect("the agent goes on")
    }

    fn done(&mut self) -> (u64, TaskResult, Json) {
        match self.receive() {
            FromAgent::Done { id, result } => {
                let values = serde_json::from_slice(&result.result).unwrap();
                (id, *result, values)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Closes its stdin, and waits.
    fn end(mut self) {
        drop(self.to.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn task(id: u64, module: &str, arguments: Json) -> Task {
    Task {
        id,
        module: module.into(),
        arguments: serde_json::to_vec(&arguments).unwrap(),
        become_: None,
        environment: BTreeMap::new(),
        check: false,
        diff: false,
        no_log: false,
        timeout: None,
        ahead: false,
        background: None,
    }
}

fn start(task: Task) -> ToAgent {
    ToAgent::Task(Box::new(task))
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A pipe that a shell command reads: it goes on when the test writes to it.
fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn tasks_run_side_by_side() {
    let folder = folder("agent-parallel");
    let gate = folder.join("gate");
    fifo(&gate);
    let mut agent = Agent::start();
    // The first can end only when the second has.
    agent.send(&start(task(1, "ansible.builtin.shell", json!({"_raw_params": format!("cat {}", gate.display())}))));
    agent.send(&start(task(2, "ansible.builtin.shell", json!({"_raw_params": format!("echo open > {}", gate.display())}))));
    let ids = [agent.done(), agent.done()].map(|(id, result, _)| (id, result.failed));
    assert!(ids.contains(&(1, false)) && ids.contains(&(2, false)), "{ids:?}");
    agent.end();
}

#[test]
fn a_cancel_ends_the_task_and_all_it_started() {
    let folder = folder("agent-cancel");
    let (ready, hold) = (folder.join("ready"), folder.join("hold"));
    fifo(&ready);
    fifo(&hold);
    let mut agent = Agent::start();
    let script = format!("cat {} & echo $! > {}; wait", hold.display(), ready.display());
    agent.send(&start(task(1, "ansible.builtin.shell", json!({ "_raw_params": script }))));
    let pid = std::fs::read_to_string(&ready).unwrap();
    agent.send(&ToAgent::Cancel { id: 1 });
    let (_, result, values) = agent.done();
    assert!(result.failed);
    assert_eq!(values["msg"], "the task was stopped by the controller");
    assert!(gone(pid.trim()));
    agent.end();
}

/// No process, or one that is only not yet reaped.
fn gone(pid: &str) -> bool {
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    (0..200).any(|_| {
        let ended = state().is_none_or(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
        if !ended {
            std::thread::yield_now();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        ended
    })
}

#[test]
fn the_end_of_its_stdin_ends_everything() {
    let folder = folder("agent-end");
    let (ready, hold) = (folder.join("ready"), folder.join("hold"));
    fifo(&ready);
    fifo(&hold);
    let mut agent = Agent::start();
    let script = format!("echo $$ > {}; exec cat {}", ready.display(), hold.display());
    agent.send(&start(task(1, "ansible.builtin.shell", json!({ "_raw_params": script }))));
    let pid = std::fs::read_to_string(&ready).unwrap();
    agent.end();
    assert!(gone(pid.trim()));
}

#[test]
fn a_large_blob_is_streamed() {
    let folder = folder("agent-blob");
    let dest = folder.join("large");
    let chunk = vec![7u8; 256 << 10];
    let chunks = 400;
    let sha1 = {
        use sha1::Digest;
        let mut hasher = sha1::Sha1::new();
        (0..chunks).for_each(|_| hasher.update(&chunk));
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let blob = Blob { index: 0, size: (chunk.len() * chunks) as u64, sha1 };
    let mut agent = Agent::start();
    let arguments = json!({"_blob": blob, "dest": dest});
    agent.send(&start(task(5, "ansible.builtin.copy", arguments)));
    match agent.receive() {
        FromAgent::Want { id: 5, blob: wanted } => assert_eq!(wanted, blob),
        other => panic!("{other:?}"),
    }
    for _ in 0..chunks {
        agent.send(&ToAgent::Chunk { id: 5, data: chunk.clone() });
    }
    agent.send(&ToAgent::Chunk { id: 5, data: Vec::new() });
    let (_, result, values) = agent.done();
    assert!(result.changed && !result.failed, "{values}");
    assert_eq!(std::fs::metadata(&dest).unwrap().len(), blob.size);
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.child.id())).unwrap();
    let peak: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 100 << 10, "it held {peak} kB");
    agent.end();
}

#[test]
fn a_blob_that_the_controller_cannot_give() {
    let dest = folder("agent-noblob").join("file");
    let mut agent = Agent::start();
    let blob = Blob { index: 0, size: 3, sha1: "a9993e364706816aba3e25717850c26c9cd0d89d".into() };
    agent.send(&start(task(1, "ansible.builtin.copy", json!({"_blob": blob, "dest": dest}))));
    assert!(matches!(agent.receive(), FromAgent::Want { .. }));
    agent.send(&ToAgent::NoBlob { id: 1, reason: "cannot read files/a: permission denied".into() });
    let (_, result, values) = agent.done();
    assert!(result.failed && !dest.exists());
    assert_eq!(values["msg"], "cannot read files/a: permission denied");
    agent.end();
}

#[test]
fn a_task_as_another_user() {
    if Command::new("id").arg("-u").output().unwrap().stdout != b"0\n" {
        return; // Only root becomes somebody without being asked.
    }
    let mut agent = Agent::start();
    let nobody = Become { method: "su".into(), user: "nobody".into(), flags: Vec::new(), executable: None, password: None };
    for id in 1..3 {
        let mut task = task(id, "ansible.builtin.command", json!({"_raw_params": "id -un"}));
        task.become_ = Some(nobody.clone());
        agent.send(&start(task));
        let (_, result, values) = agent.done();
        assert!(!result.failed && !result.unreachable, "{values}");
        assert_eq!(values["stdout"], "nobody");
    }
    // Who is that user already asks nobody.
    let mut own = task(3, "ansible.builtin.command", json!({"_raw_params": "id -un"}));
    own.become_ = Some(Become { user: "root".into(), method: "sudo".into(), executable: Some("/nowhere/sudo".into()), ..nobody.clone() });
    agent.send(&start(own));
    assert_eq!(agent.done().2["stdout"], "root");
    let mut task = task(4, "ansible.builtin.command", json!({"_raw_params": "id -un"}));
    task.become_ = Some(Become { user: "no-such-user".into(), ..nobody });
    agent.send(&start(task));
    let (_, result, values) = agent.done();
    assert!(result.failed && !result.unreachable, "{values}");
    assert_eq!(
        values["msg"],
        "cannot become no-such-user: there is no user no-such-user on the host: create it first, or correct `become_user`"
    );
    agent.end();
}

#[test]
fn an_armed_undo_is_carried_out_when_the_controller_vanishes() {
    let folder = folder("agent-armed");
    for release in ["releases/20260101000001", "releases/20260101000002"] {
        std::fs::create_dir_all(folder.join(release)).unwrap();
        let deploy = folder.join(release).join(".deploy");
        std::fs::create_dir_all(&deploy).unwrap();
        let name = release.trim_start_matches("releases/");
        let record =
            json!({"release": name, "revision": "1".repeat(40), "state": "prepared", "by": "a", "from": "b", "at": "2026-01-01T00:00:00Z"});
        std::fs::write(deploy.join("release.json"), record.to_string()).unwrap();
    }
    std::os::unix::fs::symlink("releases/20260101000001", folder.join("current")).unwrap();
    let mut agent = Agent::start();
    let restarted = folder.join("restarted");
    let arguments = json!({"path": folder, "release": "20260101000002", "restart": [["touch", restarted]]});
    agent.send(&start(task(1, "release_flip", arguments)));
    let (_, result, values) = agent.done();
    assert!(!result.failed, "{values}");
    let current = || std::fs::read_link(folder.join("current")).unwrap();
    assert!(current().ends_with("releases/20260101000002"), "{}", current().display());
    agent.to.as_mut().unwrap().flush().unwrap();
    agent.end();
    assert!(current().ends_with("releases/20260101000001"), "{}", current().display());
    assert!(restarted.exists());
}
