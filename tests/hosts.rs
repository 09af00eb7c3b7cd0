//! The main job on real hosts: provision, deploy, roll back, and everything that can go wrong in between.
//!
//! Each test starts from whatever state the fleet is in: it provisions (a run that changes nothing is quick) and deploys a first
//! commit of its own. `tests/run` starts the hosts and the S3 server; by hand:
//!
//!     tests/hosts/hosts up web-1 web-2 worker-1 db-1 lb-1 && tests/hosts/s3 up
//!     cargo test --release --test hosts -- --ignored --test-threads 1

#[path = "hosts/fleet.rs"]
mod fleet;

use fleet::{Fleet, WEB, wait_until};

/// Provisioning twice changes nothing the second time; check mode before it changes nothing at all.
#[test]
#[ignore = "needs hosts in containers"]
fn a_second_provisioning_changes_nothing() {
    let fleet = Fleet::new();
    let again = fleet.provision(&[]);
    let recap: Vec<&str> = again.out.lines().skip_while(|l| !l.starts_with("PLAY RECAP")).filter(|l| l.contains("changed=")).collect();
    assert!(recap.len() >= 5 && recap.iter().all(|l| l.contains("changed=0 ") && l.contains("failed=0 ")), "{again}");
}

#[test]
#[ignore = "needs hosts in containers"]
fn deploys_a_commit_and_goes_back_by_sha() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    let second = fleet.commit("a second one", |settings| settings.to_owned() + "\n# second\n");
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(out.code, 0, "{out}");
    fleet.assert_serves(&second);
    assert!(fleet.page().contains(&second), "the page names the commit");
    let back = fleet.run(&["sandbox", &first, "web"]);
    assert_eq!(back.code, 0, "{back}");
    fleet.assert_serves(&first);
    // The release was still there: nothing is built, nothing is sent.
    assert!(!back.out.contains("npm"), "{back}");
    let forth = fleet.run(&["rollback", "sandbox", "web"]);
    assert_eq!(forth.code, 0, "{forth}");
    fleet.assert_serves(&second);
    let status = fleet.run(&["status", "sandbox", "web"]);
    assert!(status.code == 0 && WEB.iter().all(|host| status.out.contains(host)) && status.out.contains(&second[..7]), "{status}");
    let releases = fleet.run(&["releases", "sandbox", "web"]);
    assert!(releases.code == 0 && releases.out.contains(&first[..7]) && releases.out.contains(&second[..7]), "{releases}");
}

#[test]
#[ignore = "needs hosts in containers"]
fn the_same_commit_again_is_said_and_not_done() {
    let fleet = Fleet::new();
    let head = fleet.head();
    fleet.deployed(&head);
    let before = fleet.on("web-1", "ls /srv/searchapp/releases");
    let again = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(before, fleet.on("web-1", "ls /srv/searchapp/releases"), "{again}");
}

#[test]
#[ignore = "needs hosts in containers"]
fn check_mode_touches_nothing() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    let list = "cd /srv/searchapp && find . -not -path './shared/log*' -printf '%p %T@ %l\\n' | sort | sha256sum";
    let before: Vec<String> = WEB.iter().map(|host| fleet.on(host, list)).collect();
    fleet.commit("not to be seen", |settings| settings.to_owned() + "\n# unseen\n");
    let check = fleet.run(&["sandbox", "HEAD", "web", "--check", "--diff"]);
    assert_eq!(check.code, 0, "{check}");
    let after: Vec<String> = WEB.iter().map(|host| fleet.on(host, list)).collect();
    assert_eq!(before, after, "{check}");
    fleet.assert_serves(&first);
}

/// One host cannot prepare: nobody flips.
#[test]
#[ignore = "needs hosts in containers"]
fn a_host_that_cannot_prepare_stops_all_before_the_flip() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("bigger than the disk", |settings| settings.to_owned() + "\n# full\n");
    let _full = fleet.small_disk("web-2", "/srv/searchapp/releases");
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(out.code, 2, "{out}");
    assert!(out.all().contains("web-2"), "{out}");
    fleet.assert_serves(&first);
}

/// The new code does not start: every host goes back to what it ran, and says so.
#[test]
#[ignore = "needs hosts in containers"]
fn code_that_does_not_start_sends_the_fleet_back() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    let broken = fleet.commit("broken", |_| "raise RuntimeError('this release cannot start')\n".to_owned());
    let out = fleet.run(&["sandbox", "HEAD", "web", "-e", "deploy_verify_timeout=10", "-e", "deploy_migrate="]);
    assert_eq!(out.code, 3, "{out}");
    fleet.assert_serves(&first);
    assert!(out.all().contains(&first[..7]), "the last lines say what runs: {out}");
    for host in WEB {
        assert!(!fleet.on(host, "readlink /srv/searchapp/current").contains(&broken));
    }
    // What failed is no release to come back to.
    let next = fleet.commit("mended", |_| fleet::wsgi());
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(out.code, 0, "{out}");
    fleet.assert_serves(&next);
    let back = fleet.run(&["rollback", "sandbox", "web"]);
    assert_eq!(back.code, 0, "{back}");
    fleet.assert_serves(&first);
}

/// The controller is killed between flip and proof: the hosts go back by themselves.
#[test]
#[ignore = "needs hosts in containers"]
fn a_killed_controller_leaves_nothing_in_between() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("never proved", |_| "raise RuntimeError('never answers')\n".to_owned());
    let mut child = fleet.start(&["sandbox", "HEAD", "web", "-e", "deploy_verify_timeout=120", "-e", "deploy_migrate="]);
    let current = |host: &str| fleet.on(host, "readlink /srv/searchapp/current");
    let before: Vec<String> = WEB.iter().map(|host| current(host)).collect();
    wait_until("both hosts have flipped", 120, || WEB.iter().zip(&before).all(|(host, old)| current(host) != *old));
    child.kill().expect("the controller can be killed");
    let _ = child.wait();
    wait_until("both hosts are back", 60, || WEB.iter().zip(&before).all(|(host, old)| current(host) == *old));
    wait_until("both serve the first commit", 60, || WEB.iter().all(|host| fleet.serves(host).as_deref() == Some(first.as_str())));
    // And nothing is locked.
    let next = fleet.commit("after the kill", |_| fleet::wsgi());
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(out.code, 0, "{out}");
    fleet.assert_serves(&next);
}

/// The controller is killed while supervisor waits for a process that is slow to stop: a restart in between must not leave it stopped.
#[test]
#[ignore = "needs hosts in containers"]
fn a_kill_while_a_service_stops_leaves_none_stopped() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("never proved", |_| "raise RuntimeError('never answers')\n".to_owned());
    // A process that is paused does not hear SIGTERM: supervisor sends SIGKILL after `stopwaitsecs`.
    fleet.on("web-1", "kill -STOP $(supervisorctl pid searchapp-web)");
    let mut child = fleet.start(&["sandbox", "HEAD", "web", "-e", "deploy_verify_timeout=120", "-e", "deploy_migrate="]);
    wait_until("the service is stopping", 120, || fleet.on("web-1", "supervisorctl status searchapp-web").contains("STOPPING"));
    child.kill().expect("the controller can be killed");
    let _ = child.wait();
    // The workers of a paused uWSGI go on answering, so supervisor is asked as well.
    wait_until("supervisor runs it again", 90, || fleet.on("web-1", "supervisorctl status searchapp-web").contains("RUNNING"));
    wait_until("both serve the first commit", 60, || WEB.iter().all(|host| fleet.serves(host).as_deref() == Some(first.as_str())));
}

/// Ctrl-C before the flip: nothing changed, nothing locked.
#[test]
#[ignore = "needs hosts in containers"]
fn an_interrupt_stops_cleanly() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("interrupted", |_| "raise RuntimeError('never answers')\n".to_owned());
    let before: Vec<String> = WEB.iter().map(|host| fleet.on(host, "readlink /srv/searchapp/current")).collect();
    let mut child = fleet.start(&["sandbox", "HEAD", "web", "-e", "deploy_verify_timeout=120", "-e", "deploy_migrate="]);
    wait_until("both hosts have flipped", 120, || {
        WEB.iter().zip(&before).all(|(host, old)| fleet.on(host, "readlink /srv/searchapp/current") != *old)
    });
    fleet.signal(&child, "INT");
    let code = child.wait().expect("it ends").code();
    assert_eq!(code, Some(130));
    fleet.assert_serves(&first);
    let next = fleet.commit("after the interrupt", |_| fleet::wsgi());
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert_eq!(out.code, 0, "{out}");
    fleet.assert_serves(&next);
}

/// A host that cannot be reached: said with its name, and nobody flips.
#[test]
#[ignore = "needs hosts in containers"]
fn an_unreachable_host_stops_the_deploy() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("unreachable", |settings| settings.to_owned() + "\n# unreachable\n");
    let dead = fleet.dead("web-2");
    let out = fleet.run(&["sandbox", "HEAD", "web"]);
    assert!(matches!(out.code, 2 | 4), "{out}");
    assert!(out.all().contains("web-2"), "{out}");
    assert_eq!(fleet.serves("web-1").as_deref(), Some(first.as_str()), "{out}");
    drop(dead);
    wait_until("web-2 serves again", 60, || fleet.serves("web-2").as_deref() == Some(first.as_str()));
}

/// Two deploys of one environment: the second is told who is at it.
#[test]
#[ignore = "needs hosts in containers"]
fn a_second_deploy_waits_for_nobody() {
    let fleet = Fleet::new();
    let first = fleet.head();
    fleet.deployed(&first);
    fleet.commit("slow", |_| "raise RuntimeError('never answers')\n".to_owned());
    let before = fleet.on("web-1", "readlink /srv/searchapp/current");
    let mut child = fleet.start(&["sandbox", "HEAD", "web", "-e", "deploy_verify_timeout=60", "-e", "deploy_migrate="]);
    wait_until("the first one has flipped", 120, || fleet.on("web-1", "readlink /srv/searchapp/current") != before);
    let out = fleet.run(&["sandbox", &first, "web", "--force"]);
    assert_eq!(out.code, 6, "{out}");
    fleet.signal(&child, "TERM");
    let _ = child.wait();
    fleet.assert_serves(&first);
}

/// Hosts that fetch from a git server themselves, and a folder of the load balancer in place of the bucket.
#[test]
#[ignore = "needs hosts in containers"]
fn hosts_fetch_and_the_load_balancer_serves_the_bundle() {
    let with_folder = |text: &str| {
        let (before, rest) = text.split_once("deploy_bucket:\n").expect("the sandbox has a bucket");
        let after = rest.lines().skip_while(|line| line.starts_with("  ")).map(|line| format!("{line}\n")).collect::<String>();
        format!("{before}{after}").replace("deploy_transport: push", "deploy_transport: fetch")
    };
    let fleet = Fleet::with_settings(with_folder);
    let (_server, remote) = fleet.git_server();
    fleet.provision(&["-l", "lb", "-e", "nginx_bundle_upstream="]);
    let from = format!("deploy_remote={remote}");
    let first = fleet.head();
    let out = fleet.run(&["sandbox", "HEAD", "web", "-e", &from]);
    assert_eq!(out.code, 0, "{out}");
    fleet.assert_serves(&first);
    let page = fleet.page();
    let bundle = page
        .split("src=\"")
        .find_map(|part| part.split('"').next().filter(|src| src.contains("/assets/")))
        .expect("the page loads a bundle");
    let served = fleet.get(bundle);
    assert!(served.contains("ships, tide"), "{bundle}: {served}");
    // A commit that the git server does not have is refused before anything starts.
    let local = fleet.commit("not pushed", |settings| settings.to_owned() + "\n# local\n");
    fleet.git(&["branch", "kept", &local]);
    fleet.git(&["reset", "-q", "--hard", &first]);
    fleet.git(&["branch", "-q", "-D", "kept"]);
    let refused = fleet.run(&["sandbox", &local, "web", "-e", &from]);
    assert!(matches!(refused.code, 1 | 2), "{refused}");
    fleet.assert_serves(&first);
    // Leave the load balancer as the other tests expect it.
    Fleet::new();
}
