//! Real git repositories in temporary folders, made by the system's git.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Work {
    pub folder: tempfile::TempDir,
}

impl Work {
    pub(crate) fn new() -> Work {
        let work = Work { folder: tempfile::tempdir().expect("a temporary folder") };
        work.git(&["init", "-q", "-b", "main"]);
        work
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Work {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file in the folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    /// Commits all that is there; the answer is the full SHA.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn open(&self) -> git2::Repository {
        deploy::release::revision::open(Some(self.path())).expect("a repository")
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Anna").env(format!("GIT_{who}_EMAIL"), "anna@search.example");
    }
    let done = command.output().expect("git runs");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// All files of a folder with their content, links as `-> target`, executables marked.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = Vec::new();
    let mut rest: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(path) = rest.pop() {
        for entry in std::fs::read_dir(&path).expect("a folder") {
            let entry = entry.expect("an entry");
            let (path, kind) = (entry.path(), entry.file_type().expect("its kind"));
            let name = path.strip_prefix(folder).expect("below it").display().to_string();
            if kind.is_dir() {
                rest.push(path);
            } else if kind.is_symlink() {
                found.push((name, format!("-> {}", std::fs::read_link(path).expect("a link").display())));
            } else {
                let mark = if entry.metadata().expect("meta").permissions().mode() & 0o100 != 0 { "x " } else { "" };
                found.push((name, format!("{mark}{}", std::fs::read_to_string(path).expect("a text"))));
            }
        }
    }
    found.sort();
    found
}
