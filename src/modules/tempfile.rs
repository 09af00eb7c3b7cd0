//! `tempfile`: a new file or folder under a name nobody else has.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use serde_json::json;

use super::Module;
use super::attributes::facts;
use crate::plan::{Attributes, Change, Content, Failure, Kind, Look, Plan};
use crate::{arguments, choices};

choices! {
    /// What to make.
    pub(crate) enum State {
        File = "file",
        Directory = "directory",
    }
}

arguments! {
    /// Makes an empty file or folder under a new name, for its owner only. Whoever makes it removes it, with `file`.
    pub(crate) struct Tempfile {
        /// A file or a folder.
        state: State = State::File,
        /// In which folder; the host's own for such things if left out.
        path: Option<PathBuf>,
        /// What the name begins with.
        prefix: String = "ansible.".to_owned(),
        /// What the name ends with.
        suffix: String = String::new(),
    }
}

impl Module for Tempfile {
    const NAME: &'static str = "ansible.builtin.tempfile";
    const EXAMPLES: &'static str = r#"
- name: A folder to build in
  ansible.builtin.tempfile:
    state: directory
    suffix: build
  register: build

- name: Gone again
  ansible.builtin.file:
    path: "{{ build.path }}"
    state: absent
"#;
    const RETURNS: &'static str = "\
path: what was made
mode, owner, group, uid, gid, size, state: of it
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        for (argument, part) in [("prefix", &self.prefix), ("suffix", &self.suffix)] {
            if part.contains('/') {
                return Err(Failure::argument(argument, format!("{argument} must be a valid file name component, got '{part}'")));
            }
        }
        let folder = self
            .path
            .or_else(|| ["TMPDIR", "TEMP", "TMP"].iter().find_map(|name| target.env(name)).map(PathBuf::from))
            .unwrap_or_else(|| "/tmp".into());
        if target.stat(&folder, true)?.is_none_or(|meta| meta.kind != Kind::Folder) {
            return Err(Failure::argument("path", format!("{} is no folder", folder.display())));
        }
        let mut path;
        loop {
            path = folder.join(format!("{}{}{}", self.prefix, eight_letters(), self.suffix));
            if target.stat(&path, false)?.is_none() {
                break;
            }
        }
        let mode = |mode| Attributes { mode: Some(mode), ..Attributes::default() };
        let change = match self.state {
            State::Directory => Change::Folder { path: path.clone(), attributes: mode(0o700) },
            State::File => Change::Write {
                path: path.clone(),
                content: Content::Bytes(Vec::new()),
                attributes: mode(0o600),
                backup: false,
                validate: None,
            },
        };
        let plan = Plan::of(vec![change]).with("path", json!(path));
        Ok(plan.then(move |target, _| Ok(Plan { result: facts(target, &path), ..Plan::default() })))
    }
}

/// The standard library seeds its hashers from the system's randomness.
fn eight_letters() -> String {
    let mut number = RandomState::new().hash_one(std::process::id());
    let mut letters = String::new();
    for _ in 0..8 {
        letters.push(char::from(b"abcdefghijklmnopqrstuvwxyz012345"[(number % 32) as usize]));
        number /= 32;
    }
    letters
}
