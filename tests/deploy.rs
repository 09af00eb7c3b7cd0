//! The commands `deploy`, `rollback`, `releases` and `status` on a fleet that is folders of this machine: the real engine, agent, git.

#[path = "deploy/fleet.rs"]
mod fleet;

use fleet::{Fleet, WEB, signal, wait_until};

fn two_commits() -> (Fleet, String, String) {
    let fleet = Fleet::new();
    fleet.write("frontend/main.js", "console.log(1)\n");
    let first = fleet.commit("app.txt", "one\n");
    fleet.ran(0, &["test", "HEAD", "web"]);
    let second = fleet.commit("app.txt", "two\n");
    (fleet, first, second)
}

#[test]
fn deploys_and_goes_back() {
    let (fleet, first, second) = two_commits();
    fleet.assert_runs(&first);
    let old = fleet.release("web-1").expect("a release");
    let out = fleet.ran(0, &["test", "HEAD", "web"]).out;
    fleet.assert_runs(&second);
    assert!(out.contains(&format!("web-1, web-2: {:.10} → {:.10}\n    + {:.10} app.txt is two (Anna)\n", first, second, second)), "{out}");
    assert!(out.ends_with(&format!("HOST   RUNS\nweb-1  {0:.10}  live, the process says so\nweb-2  {0:.10}  live, the process says so\n\ntest: {0:.10} (HEAD) “app.txt is two” is live on 2 hosts\n", second)), "{out}");

    // The release is still there: the very same folder, and nothing is built.
    let out = fleet.ran(0, &["rollback", "test", "web"]).out;
    assert_eq!(fleet.release("web-1").as_ref(), Some(&old));
    assert!(!out.contains("Check the commit out"), "{out}");
    // And the rollback can be undone, by SHA too.
    fleet.ran(0, &["rollback", "test", "web"]);
    fleet.assert_runs(&second);
    fleet.ran(0, &["test", &first[..9], "web"]);
    assert_eq!(fleet.release("web-2"), fleet.release("web-1"));
    fleet.assert_runs(&first);

    let status = fleet.ran(0, &["status", "test", "web"]).out;
    assert!(status.contains(&first[..10]) && status.contains("app.txt is one") && status.contains("anna"), "{status}");
    let releases = fleet.ran(0, &["releases", "test", "web"]).out;
    assert_eq!(releases.matches("live now").count(), 2, "{releases}");
    assert_eq!(releases.matches("was live").count(), 2, "{releases}");
}

#[test]
fn the_bundle_belongs_to_web_hosts_and_to_the_release() {
    let (fleet, _, _) = two_commits();
    let manifest = |host: &str| std::fs::read_to_string(fleet.path("srv").join(host).join("current/static/manifest.json")).ok();
    let first = manifest("web-1").expect("a manifest");
    fleet.commit("frontend/main.js", "console.log(2)\n");
    let out = fleet.ran(0, &["test", "HEAD", "worker"]).out;
    assert!(!out.contains("bundle") && manifest("worker-1").is_none(), "{out}");
    fleet.ran(0, &["test", "HEAD", "web,worker"]);
    assert_ne!(manifest("web-1").expect("a manifest"), first);
    fleet.ran(0, &["rollback", "test", "web"]);
    assert_eq!(manifest("web-2").expect("a manifest"), first);
}

#[test]
fn what_runs_already_is_left_alone() {
    let (fleet, first, _) = two_commits();
    let before = fleet.releases("web-1");
    let out = fleet.ran(0, &["test", &first, "web"]).out;
    assert!(out.contains("2 hosts already run") && fleet.releases("web-1") == before, "{out}");
    fleet.ran(0, &["test", &first, "web", "--force"]);
    assert_eq!(fleet.releases("web-1"), before);
}

#[test]
fn old_releases_go_and_come_back_by_sha() {
    let (fleet, first, _) = two_commits();
    for n in 0..3 {
        fleet.commit("app.txt", &format!("number {n}\n"));
        fleet.ran(0, &["test", "HEAD", "web"]);
    }
    assert_eq!(fleet.releases("web-1").len(), 2);
    let out = fleet.ran(0, &["rollback", "test", "web", &first]).out;
    assert!(out.contains("Check the commit out"), "{out}");
    fleet.assert_runs(&first);
}

#[test]
fn a_failed_build_changes_nothing() {
    let (fleet, first, _) = two_commits();
    fleet.commit("frontend/fail", "main.js:7: no such module\n");
    let out = fleet.ran(2, &["test", "HEAD", "web"]);
    assert!(out.err.contains("main.js:7: no such module") && out.out.contains("nothing has changed"), "{out}");
    fleet.assert_runs(&first);
    fleet.git(&["rm", "-q", "frontend/fail"]);
    let mended = fleet.commit("app.txt", "mended\n");
    fleet.ran(0, &["test", "HEAD", "web"]);
    fleet.assert_runs(&mended);
}

#[test]
fn one_host_that_does_not_prove_it_sends_all_back() {
    let (fleet, first, second) = two_commits();
    fleet.stick("web-2", Some(&first));
    let out = fleet.ran(3, &["test", "HEAD", "web"]);
    assert!(out.err.contains("web-2") && out.out.contains("every host is back on what it ran before"), "{out}");
    assert!(
        out.out.contains(&format!("web-1  {first:.10}  back on what it ran before\nweb-2  {first:.10}  back on what it ran before\n")),
        "{out}"
    );
    fleet.assert_runs(&first);
    // What failed is nothing to go back to, and is gone with the next deploy.
    fleet.stick("web-2", None);
    fleet.ran(0, &["test", "HEAD", "web"]);
    fleet.assert_runs(&second);
    fleet.ran(0, &["rollback", "test", "web"]);
    fleet.assert_runs(&first);
    assert_eq!(fleet.releases("web-1").len(), 2);
}

#[test]
fn a_first_deploy_that_fails_leaves_nothing_running() {
    let fleet = Fleet::new();
    fleet.write("frontend/main.js", "console.log(1)\n");
    fleet.commit("app.txt", "one\n");
    fleet.stick("web-1", Some("something else"));
    let out = fleet.ran(3, &["test", "HEAD", "web"]);
    assert!(out.out.contains("nothing runs, as before"), "{out}");
    assert!(WEB.iter().all(|host| fleet.release(host).is_none()));
}

#[test]
fn check_mode_touches_nothing() {
    let (fleet, first, second) = two_commits();
    let list =
        || (fleet.releases("web-1"), fleet.release("web-1"), std::fs::read_to_string(fleet.path("srv/web-1/deploy.log")).expect("a log"));
    let before = list();
    let out = fleet.ran(0, &["test", "HEAD", "web", "--check", "--diff"]);
    assert!(out.out.contains("nothing was changed"), "{out}");
    assert_eq!(list(), before, "{out}");
    fleet.ran(0, &["test", &second, "web"]);
    fleet.ran(0, &["test", &first, "web", "--check"]);
    fleet.assert_runs(&second);
}

#[test]
fn an_interrupt_before_the_flip_changes_nothing_and_locks_nothing() {
    let (fleet, first, second) = two_commits();
    fleet.commit("frontend/main.js", "console.log(2)\n");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        std::fs::write(fleet.path("wait"), "").expect("a file");
        let mut child = fleet.start(&["test", "HEAD", "web"]);
        let held = || fleet.run(&["test", &second, "worker"]);
        wait_until("the first deploy holds the environment", || {
            fleet.run(&["status", "test", "web"]).out.contains("being deployed: `deploy test HEAD web` by anna@")
        });
        let out = held();
        assert!(out.code == 6 && out.err.contains("by anna@"), "{out}");
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(code));
        fleet.assert_runs(&first);
        std::fs::remove_file(fleet.path("wait")).expect("removed");
        assert!(!fleet.run(&["status", "test", "web"]).out.contains("being deployed"));
    }
    fleet.ran(0, &["test", "HEAD", "web"]);
}

#[test]
fn an_interrupt_after_the_flip_goes_back() {
    let (fleet, first, second) = two_commits();
    fleet.stick("web-1", Some(&first));
    let mut child = fleet.start(&["test", "HEAD", "web", "-e", "deploy_verify_timeout=60"]);
    wait_until("both have flipped", || WEB.iter().all(|host| fleet.current(host).as_ref() == Some(&second)));
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    fleet.assert_runs(&first);
}

#[test]
fn hosts_go_back_by_themselves_when_the_controller_is_killed() {
    let (fleet, first, second) = two_commits();
    fleet.stick("web-1", Some(&first));
    let mut child = fleet.start(&["test", "HEAD", "web", "-e", "deploy_verify_timeout=60"]);
    wait_until("both have flipped", || WEB.iter().all(|host| fleet.current(host).as_ref() == Some(&second)));
    child.kill().expect("killed");
    let _ = child.wait();
    wait_until("both are back", || WEB.iter().all(|host| fleet.current(host).as_ref() == Some(&first)));
    fleet.stick("web-1", None);
    fleet.ran(0, &["test", "HEAD", "web"]);
    fleet.assert_runs(&second);
}

#[test]
fn bad_words_have_one_clear_answer() {
    let (fleet, _, _) = two_commits();
    fleet.write("app.txt", "dirty\n");
    for (words, want) in [
        (vec!["test", "HAED", "web"], "error: there is no commit, branch or tag `HAED` in ROOT/app/\n  = help: did you mean `HEAD`?\n"),
        (
            vec!["tset", "HEAD", "web"],
            "error: there is no environment `tset`\n  = help: did you mean `test`?\n  = help: environments are the folders of ./inventories: test\n",
        ),
        (vec!["test", "HEAD", "wbe"], "error: test has no group and no host `wbe`\n  = help: did you mean `web`?\n  = help: its groups: "),
        (vec!["test", "HEAD", "web", "-l", "web-9"], "error: no group and no host is named `web-9`"),
        (vec!["rollback", "test", "web", "-3"], "error: no host has anything to go back to by -3\n"),
        (vec!["rollback", "test", "web", "20200101000000"], "error: no host has a release 20200101000000\n"),
        (vec!["test", "HEAD", "web", "--project", "/nowhere"], "error: there is no folder inventories in /nowhere\n"),
    ] {
        let out = fleet.ran(1, &words);
        assert!(out.err.contains(want), "{words:?}: {out}");
    }
    let out = fleet.ran(0, &["test", "HEAD", "web"]);
    assert!(out.err.contains("warning: not committed, so not deployed: app.txt\n"), "{out}");
}
