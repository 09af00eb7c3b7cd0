//! `deploy galaxy`, with real repositories and tarballs in folders of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Place {
    folder: tempfile::TempDir,
}

struct Ran {
    code: i32,
    all: String,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().expect("a folder") }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> &Place {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
        self
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    /// Commits all that is in a folder; the answer is the SHA.
    fn commit(&self, folder: &str, message: &str) -> String {
        let git = |arguments: &[&str]| {
            let done = Command::new("git")
                .arg("-C")
                .arg(self.at(folder))
                .args(["-c", "user.name=t", "-c", "user.email=t@localhost"])
                .args(arguments)
                .output()
                .expect("git runs");
            assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
            String::from_utf8_lossy(&done.stdout).trim().to_owned()
        };
        if !self.at(folder).join(".git").exists() {
            git(&["init", "-q", "-b", "main"]);
        }
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", message]);
        git(&["tag", "-f", message]);
        git(&["rev-parse", "HEAD"])
    }

    fn tar(&self, folder: &str, file: &str) {
        let done = Command::new("tar").arg("-C").arg(self.folder.path()).arg("-czf").arg(self.at(file)).arg(folder).status();
        assert!(done.is_ok_and(|status| status.success()), "tar runs");
    }

    fn galaxy(&self, arguments: &[&str]) -> Ran {
        let done = Command::new(env!("CARGO_BIN_EXE_deploy"))
            .current_dir(self.folder.path())
            .arg("galaxy")
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("NO_COLOR", "1")
            .env_remove("ANSIBLE_CONFIG")
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: done.status.code().unwrap_or(-1), all: text(&done.stdout) + &text(&done.stderr) }
    }

    #[track_caller]
    fn installs(&self, arguments: &[&str]) -> String {
        let ran = self.galaxy(arguments);
        assert_eq!(ran.code, 0, "{}", ran.all);
        ran.all
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], words: &[&str]) {
        let ran = self.galaxy(arguments);
        assert_eq!(ran.code, 1, "{}", ran.all);
        for word in words {
            assert!(ran.all.contains(word), "`{word}` is not in {}", ran.all);
        }
    }
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[test]
fn the_lock_file_gives_the_next_machine_the_same() {
    let place = Place::new();
    place.write("nginx/tasks/main.yml", "- debug: {msg: one}\n");
    let first = place.commit("nginx", "v1");
    place.write("requirements.yml", &format!("roles:\n  - src: {}\n    scm: git\n    name: web\n", place.at("nginx").display()));
    let said = place.installs(&["install", "-r", "requirements.yml", "-p", "roles"]);
    assert!(said.contains("web") && said.contains(&first[..10]), "{said}");
    assert!(place.read("requirements.lock.yml").contains(&first));
    assert!(!exists(&place.at("roles/web/.git")));

    place.write("nginx/tasks/main.yml", "- debug: {msg: two}\n");
    let second = place.commit("nginx", "v2");
    // Another machine, the same lock file.
    fs::remove_dir_all(place.at("roles")).expect("removed");
    place.installs(&["install", "-r", "requirements.yml", "-p", "roles"]);
    assert!(place.read("roles/web/tasks/main.yml").contains("one"));
    assert!(place.installs(&["install", "-r", "requirements.yml", "-p", "roles"]).contains("already installed"));
    place.installs(&["install", "-r", "requirements.yml", "-p", "roles", "--upgrade"]);
    assert!(place.read("roles/web/tasks/main.yml").contains("two"));
    assert!(place.read("requirements.lock.yml").contains(&second));
}

#[test]
fn a_version_is_a_tag_a_branch_or_a_commit() {
    let place = Place::new();
    place.write("r/tasks/main.yml", "- debug: {msg: one}\n");
    let first = place.commit("r", "v1");
    place.write("r/tasks/main.yml", "- debug: {msg: two}\n");
    place.commit("r", "v2");
    let url = format!("git+file://{}", place.at("r").display());
    for (version, text) in [("v1", "one"), ("main", "two"), (&first[..12], "one")] {
        place.installs(&["role", "install", &format!("{url},{version},mine"), "-p", "roles", "--force"]);
        assert!(place.read("roles/mine/tasks/main.yml").contains(text), "{version}");
    }
    place.refuses(&["role", "install", &format!("{url},v9"), "-p", "roles", "--force"], &["no branch, tag or commit v9"]);
}

#[test]
fn a_tarball_that_was_changed_is_refused() {
    let place = Place::new();
    place.write("r-1.0/tasks/main.yml", "- debug: {msg: one}\n");
    place.tar("r-1.0", "r.tar.gz");
    place.write("requirements.yml", &format!("- src: {}\n  name: r\n", place.at("r.tar.gz").display()));
    place.installs(&["install", "-r", "requirements.yml", "-p", "roles"]);
    assert!(place.read("roles/r/tasks/main.yml").contains("one"));
    place.write("r-1.0/tasks/main.yml", "- debug: {msg: evil}\n");
    place.tar("r-1.0", "r.tar.gz");
    fs::remove_dir_all(place.at("roles")).expect("removed");
    place.refuses(&["install", "-r", "requirements.yml", "-p", "roles"], &["SHA-256", "lock file", "--upgrade"]);
    assert!(!exists(&place.at("roles/r")));
}

#[test]
fn collections_go_where_playbooks_find_them() {
    let place = Place::new();
    place.write("all/web/galaxy.yml", "namespace: acme\nname: web\nversion: 1.2.3\ndependencies: {community.general: '>=1'}\n");
    place.write("all/web/roles/site/tasks/main.yml", "- debug: {msg: hi}\n");
    place.commit("all", "v1");
    let src = format!("{}#/web", place.at("all").display());
    place.write("requirements.yml", &format!("collections:\n  - name: {src}\n    type: git\n    version: main\n"));
    let said = place.installs(&["collection", "install", "-r", "requirements.yml", "-p", "collections"]);
    assert!(said.contains("acme.web") && said.contains("community.general"), "{said}");
    let list = place.installs(&["collection", "list", "-p", "collections"]);
    assert!(list.contains("acme.web, 1.2.3"), "{list}");
    let again = place.installs(&["collection", "install", "-r", "requirements.yml", "-p", "collections"]);
    assert!(again.contains("is already installed"), "{again}");
    place.write("play.yml", "- hosts: localhost\n  gather_facts: false\n  roles: [acme.web.site]\n");
    let ran = Command::new(env!("CARGO_BIN_EXE_deploy"))
        .current_dir(place.folder.path())
        .args(["playbook", "play.yml"])
        .output()
        .expect("the binary runs");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("\"msg\": \"hi\""), "{ran:?}");
}

#[test]
fn dependencies_come_too() {
    let place = Place::new();
    place.write("base/tasks/main.yml", "- debug:\n");
    place.commit("base", "v1");
    place.write("app/tasks/main.yml", "- debug:\n");
    place.write("app/meta/main.yml", &format!("dependencies:\n  - src: {}\n    scm: git\n    name: base\n", place.at("base").display()));
    place.commit("app", "v1");
    let src = format!("git+{}", place.at("app").display());
    place.installs(&["role", "install", &src, "-p", "roles"]);
    assert!(exists(&place.at("roles/base/tasks/main.yml")));
    place.installs(&["role", "install", &src, "-p", "other", "--no-deps"]);
    assert!(!exists(&place.at("other/base")));
    place.installs(&["role", "remove", "app", "-p", "roles"]);
    assert!(!exists(&place.at("roles/app")));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let place = Place::new();
    place.write("requirements.yml", "roles:\n  - name: geerlingguy.nginx\n  - srv: x\n");
    place.refuses(&["install", "-r", "requirements.yml"], &["requirements.yml:3:5", "`srv`", "did you mean `src`?"]);
    place.write("requirements.yml", "roles:\n  - name: geerlingguy.nginx\n");
    place.refuses(&["install", "-r", "requirements.yml"], &["requirements.yml:2:5", "Galaxy", "`src:"]);
    place.write("requirements.yml", "roles:\n  - src: file:///nowhere/at/all\n    scm: git\n");
    place.refuses(&["install", "-r", "requirements.yml"], &["requirements.yml:2:5", "/nowhere/at/all"]);
    place.refuses(&["install"], &["nothing to install is named"]);
}
