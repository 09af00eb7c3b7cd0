//! Hosts that cannot be worked on: each is named, with what to do about it. As tests/hosts.rs, on the hosts of the sandbox.

#[path = "hosts/fleet.rs"]
#[expect(dead_code, reason = "these tests deploy nothing")]
mod fleet;

use fleet::{Fleet, Ran};

/// One module on one host, with more options.
fn on(fleet: &Fleet, host: &str, module: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["run", "-i", "inventories/sandbox", host, "-m", module];
    arguments.extend(more);
    fleet.run(&arguments)
}

#[track_caller]
fn assert_says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{ran}");
    for word in words {
        assert!(ran.all().contains(word), "`{word}` is not in: {ran}");
    }
}

#[test]
#[ignore = "needs hosts in containers"]
fn a_wrong_host_key_is_refused() {
    let fleet = Fleet::new();
    let known = tempfile::NamedTempFile::new().expect("a file");
    let all = std::fs::read_to_string(fleet.state().join("known_hosts")).expect("the sandbox has known hosts");
    let key = |name: &str| {
        all.lines().find(|line| line.starts_with(&format!("{name},"))).expect("a key").split_once(' ').expect("a key").1.to_owned()
    };
    std::fs::write(known.path(), format!("10.87.77.12 {}\n", key("web-1"))).expect("it can be written");
    let ssh = format!(
        "ansible_ssh_common_args=\"-F {} -o UserKnownHostsFile={}\"",
        fleet.state().join("ssh_config").display(),
        known.path().display()
    );
    let ran = on(&fleet, "web-2", "ping", &["-e", &ssh]);
    assert_says(&ran, 4, &["web-2", "not the one on record", "ssh-keygen -R"]);
}

#[test]
#[ignore = "needs hosts in containers"]
fn sudo_that_wants_a_password_is_told_and_given_it() {
    let fleet = Fleet::new();
    let asker = ["-b", "-e", "ansible_user=asker", "-a", "id -un"];
    let without = on(&fleet, "web-1", "command", &asker);
    assert_says(&without, 2, &["web-1", "password", "--ask-become-pass"]);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "wrong\n").expect("it can be written");
    let path = file.path().display().to_string();
    let with = |more: &str| {
        let mut all = asker.to_vec();
        all.extend(["--become-password-file", more]);
        on(&fleet, "web-1", "command", &all)
    };
    assert_says(&with(&path), 2, &["web-1", "password"]);
    std::fs::write(file.path(), "asker-password\n").expect("it can be written");
    let right = with(&path);
    assert_says(&right, 0, &["root"]);
    assert!(!right.all().contains("asker-password"), "{right}");
    let never = on(&fleet, "web-1", "command", &["-b", "-e", "ansible_user=nosudo", "-a", "id -un"]);
    assert_says(&never, 2, &["web-1", "sudo"]);
}

/// A host that says of itself that it is another machine: no agent fits it, and `raw` works all the same.
#[test]
#[ignore = "needs hosts in containers"]
fn another_processor_is_told() {
    let fleet = Fleet::new();
    let install = "printf '#!/bin/sh\\n[ \"$1\" = -m ] && echo riscv64 || /usr/bin/uname \"$@\"\\n' >/usr/local/bin/uname; chmod 755 /usr/local/bin/uname; rm -rf /home/deploy/.cache/deploy";
    fleet.on("web-2", install);
    let ran = on(&fleet, "web-2", "ping", &[]);
    let raw = on(&fleet, "web-2", "raw", &["-a", "uname -m"]);
    fleet.on("web-2", "rm /usr/local/bin/uname");
    assert_says(&ran, 4, &["web-2", "riscv64", "raw"]);
    assert_says(&raw, 0, &["riscv64"]);
}
