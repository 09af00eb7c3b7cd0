//! `release_virtualenv`: Python dependencies, once for each lock file.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::account::Owner;
use super::layout::{self, Layout};
use super::prepare::check_release_path;
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Command, Failure, Kind, Look, Outcome, Output, Plan};

/// Written last, so that what lacks it was interrupted and does not count.
const COMPLETE: &str = ".deploy-complete";

arguments! {
    /// Makes the virtual environment of a lock file, unless one is here that another release with the same lock uses.
    pub(crate) struct ReleaseVirtualenv {
        /// The deploy folder.
        path: PathBuf,
        /// The release's folder, which gets a link `.venv`.
        release_path: PathBuf,
        /// The lock file within the release, as pip reads it; hashes in it are enforced.
        lock: String,
        /// Python that makes the environment.
        python: String = "python3".to_owned(),
    }
}

impl Module for ReleaseVirtualenv {
    const NAME: &'static str = "release_virtualenv";
    const EXAMPLES: &'static str = "\
- name: Make the virtual environment, once for each lock file
  release_virtualenv:
    path: /srv/searchapp
    release_path: /srv/searchapp/releases/20261121101500
    lock: requirements.txt
";
    const RETURNS: &'static str = "\
venv: folder of the virtual environment
built: whether it was made now
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        check_release_path(&layout, &self.release_path)?;
        let lock = self.release_path.join(layout::check_inside("lock", &self.lock)?);
        let Some(text) = target.read(&lock)? else {
            return Err(Failure::argument(
                "lock",
                format!("the commit has no {}; set deploy_python_lock to its lock file, or to '' for no virtual environment", self.lock),
            ));
        };
        let owner = Owner::of_folder(target, &self.release_path)?;
        let python = target.which(&self.python).ok_or_else(|| {
            Failure::argument(
                "python",
                format!(
                    "`{}` is not on this host: install it (on Debian: apt install python3 python3-venv), or set deploy_python",
                    self.python
                ),
            )
        })?;
        let python = python.to_string_lossy().into_owned();
        let kind = target
            .ask(&owner.command([python.as_str(), "-c", "import sys; print(sys.implementation.cache_tag, sys.platform)"], &layout.root))?;
        if kind.rc != 0 {
            return Err(Failure::argument("python", format!("`{}` does not start: {}", self.python, kind.errors().trim())));
        }

        // An environment made by another Python is another one: the interpreter is part of the key.
        let mut key = Sha256::new();
        key.update(&text);
        key.update(b"\0");
        key.update(kind.text().trim());
        let key: String = key.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        let venv = layout.venvs().join(&key);
        let link = link(target, &self.release_path, &key)?;

        if target.stat(&venv.join(COMPLETE), true)?.is_some() {
            return Ok(Plan::of(link.into_iter().collect()).with("venv", json!(venv)).with("built", false));
        }
        self.build(target, &layout, &owner, &python, &venv, link)
    }
}

impl ReleaseVirtualenv {
    /// At its final path, for an environment cannot be moved (docs.python.org/3/library/venv.html).
    fn build(
        self,
        target: &dyn Look,
        layout: &Layout,
        owner: &Owner,
        python: &str,
        venv: &Path,
        link: Option<Change>,
    ) -> Result<Plan, Failure> {
        let attributes = layout::folder(&owner.attributes);
        let mut changes = Vec::new();
        if target.stat(&layout.venvs(), true)?.is_none() {
            changes.push(Change::Folder { path: layout.venvs(), attributes });
        }
        if target.stat(venv, false)?.is_some() {
            changes.push(Change::Remove { path: venv.to_owned() });
        }
        let any = |command: Command| Change::Run(Command { accept: Vec::new(), ..command });
        let at = venv.to_string_lossy().into_owned();
        let pip = venv.join("bin/python").to_string_lossy().into_owned();
        changes.push(any(owner.command([python, "-m", "venv", &at], &layout.root)));
        let install = owner.command(
            [&pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement", &self.lock],
            // Paths in a lock file are relative to the project.
            &self.release_path,
        );
        let marker = layout::write(venv.join(COMPLETE), format!("{}\n", self.lock), &owner.attributes);
        let lock = self.lock;
        let last: Vec<Change> = std::iter::once(marker).chain(link).collect();
        let finish = |plan: Plan, venv: &Path| plan.with("venv", json!(venv)).with("built", true);
        let (at_end, venv) = (venv.to_owned(), venv.to_owned());
        Ok(finish(Plan::of(changes), &venv).then(move |_, outcomes| {
            check(outcomes, "the virtual environment cannot be made", "on Debian the package python3-venv is needed")?;
            Ok(Plan::of(vec![any(install)]).then(move |_, outcomes| {
                check(outcomes, &format!("pip cannot install {lock}"), "the whole log is in `stderr`")?;
                Ok(finish(Plan::of(last), &at_end))
            }))
        }))
    }
}

/// Fails with the end of what the last command printed.
fn check(outcomes: &[Outcome], what: &str, help: &str) -> Result<(), Failure> {
    let Some(output) = outcomes.iter().rev().find_map(|outcome| if let Outcome::Ran(output) = outcome { Some(output) } else { None })
    else {
        return Ok(());
    };
    if output.rc == 0 {
        return Ok(());
    }
    let failure = Failure::new(format!("{what}: {}; {help}", last_line(output)));
    Err(failure.with("rc", output.rc).with("stdout", output.text()).with("stderr", output.errors()))
}

fn last_line(output: &Output) -> String {
    let said = output.errors() + "\n" + &output.text();
    let errors = said.lines().rfind(|line| line.to_uppercase().starts_with("ERROR")).map(str::to_owned);
    errors
        .or_else(|| said.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned))
        .unwrap_or_else(|| format!("exit code {}", output.rc))
}

/// The link `.venv`, where it does not stand already.
fn link(target: &dyn Look, release: &Path, key: &str) -> Result<Option<Change>, Failure> {
    let path = release.join(".venv");
    let to = Path::new("../../venvs").join(key);
    match target.stat(&path, false)? {
        Some(meta) if meta.kind == Kind::Link && meta.target.as_ref() == Some(&to) => Ok(None),
        Some(meta) if meta.kind == Kind::Folder => Err(Failure::new("the commit has a folder .venv: take it out of the repository")),
        _ => Ok(Some(Change::Link { path, target: to })),
    }
}
