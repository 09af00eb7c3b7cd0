//! `git`: a checkout at a version. `remote`: what the remote has. `checkout`: cloning, fetching, switching. `access`: how to
//! reach it.

mod access;
mod checkout;
mod remote;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Module;
use super::arguments::Rule;
use crate::arguments;
use crate::plan::{Change, Command, Diff, Failure, Look, Plan};
use access::Access;

arguments! {
    /// Has a checkout of a git repository at a version.
    pub(crate) struct Git {
        /// Address of the repository.
        repo: String ["name"],
        /// Folder of the checkout.
        dest: PathBuf,
        /// Branch, tag, full hash, or `HEAD` for the remote's own choice.
        version: String = "HEAD".into(),
        /// Name of the remote.
        remote: String = "origin".into(),
        /// Throw away local changes to tracked files.
        force: bool = false,
        /// Fetch what is new; `false` leaves a checkout that is there alone.
        update: bool = true,
        /// Clone where nothing is; `false` only tells what would be there.
        clone: bool = true,
        /// Only that many commits of history.
        depth: Option<u32>,
        /// A repository without a checkout.
        bare: bool = false,
        /// Have the submodules too.
        recursive: bool = true,
        /// Take the newest commits of the submodules' branches, not those that the repository names.
        track_submodules: bool = false,
        /// Clone only the history of one branch.
        single_branch: bool = false,
        /// One more reference to fetch, such as `+refs/pull/7/head:refs/heads/pull7`.
        refspec: Option<String>,
        /// A local repository to borrow objects from.
        reference: Option<String>,
        /// Folder for the repository's data, apart from the checkout.
        separate_git_dir: Option<PathBuf>,
        /// Accept whatever key the host shows. Prefer `accept_newhostkey`.
        accept_hostkey: bool = false,
        /// Accept the key of a host that is not known yet; a changed one is refused.
        accept_newhostkey: bool = false,
        /// Private key for ssh.
        key_file: Option<PathBuf>,
        /// More options for ssh.
        ssh_opts: Option<String>,
        /// The git to run.
        executable: Option<PathBuf>,
        /// Permission bits that new files do not get, such as `"0022"`.
        umask: Option<String>,
        /// Check the signature of the commit or tag.
        verify_commit: bool = false,
        /// Fingerprints of keys that may have signed; any known key when not given.
        gpg_allowlist: Vec<String> ["gpg_whitelist"] = Vec::new(),
        /// Also write an archive of the version, of the kind that its ending names: zip, tar, tar.gz, tgz.
        archive: Option<PathBuf>,
        /// What to put before each path in the archive.
        archive_prefix: Option<String>,
    }
}

impl Module for Git {
    const NAME: &'static str = "ansible.builtin.git";
    const RULES: &'static [Rule] = &[Rule::Exclusive(&["accept_hostkey", "accept_newhostkey"])];
    const OUTWARD: bool = true;
    const EXAMPLES: &'static str = r#"
- name: Have the sources at a tag
  ansible.builtin.git:
    repo: https://example.org/tools.git
    dest: /opt/tools
    version: v1.4

- name: Have the newest commit and no history
  ansible.builtin.git:
    repo: git@example.org:app.git
    dest: /srv/app
    version: main
    depth: 1
    key_file: /root/.ssh/deploy
    accept_newhostkey: true
"#;
    const RETURNS: &'static str = "before: the commit that was checked out, or null
after: the commit that is checked out now
remote_url_changed: whether the remote's address had to be changed";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let access = Access::new(&self, target)?;
        let Some(access) = access else {
            return Ok(Plan::missing(Failure::new("this host has no git: install it first")));
        };
        let folder = if self.bare { self.dest.clone() } else { self.dest.join(".git") };
        let head = if self.bare { folder.join("config") } else { folder };
        if target.stat(&head, true)?.is_none() {
            return self.fresh(access, target);
        }
        self.existing(access, target)
    }
}

impl Git {
    /// Nothing is there yet.
    fn fresh(self, access: Access, target: &dyn Look) -> Result<Plan, Failure> {
        if !self.clone {
            let after = remote::commit(&self, &access, target)?.map(|found| found.hash);
            return Ok(Plan::unchanged().with("before", json!(null)).with("after", json!(after)));
        }
        let is_in_the_way = target.stat(&self.dest, true)?.is_some() && !target.list(&self.dest).unwrap_or_default().is_empty();
        if is_in_the_way {
            let msg = format!("{} is there, is not empty and is no git checkout: remove it, or name another `dest`", self.dest.display());
            return Err(Failure::argument("dest", msg));
        }
        let found = remote::commit(&self, &access, target)?;
        let hash = found.as_ref().map(|found| found.hash.clone());
        let mut changes: Vec<Change> = Vec::new();
        if let Some(above) = self.dest.parent().filter(|above| !matches!(target.stat(above, true), Ok(Some(_)))) {
            changes.push(Change::Folder { path: above.to_owned(), attributes: Default::default() });
        }
        changes.extend(checkout::fresh(&self, &access, found.as_ref()));
        let mut plan = Plan::of(changes).with("before", json!(null)).with("after", json!(hash));
        plan.diff.push(difference("", hash.as_deref().unwrap_or(&self.version)));
        Ok(plan.then(move |target, _| self.finish(&access, None, target)))
    }

    fn existing(self, access: Access, target: &dyn Look) -> Result<Plan, Failure> {
        let before = remote::local(&access, &["rev-parse", self.here()], target)?;
        let mut plan = Plan::unchanged().with("before", json!(before)).with("after", json!(before));
        if !self.update {
            return Ok(plan);
        }
        let is_dirty = !self.bare
            && remote::local(&access, &["status", "--porcelain", "--untracked-files=no"], target)?.is_some_and(|text| !text.is_empty());
        if is_dirty && !self.force {
            let msg =
                format!("Local modifications exist in the destination: {} (force=no); `force: true` throws them away", self.dest.display());
            return Err(Failure::argument("dest", msg).with("before", json!(before)));
        }
        let url = remote::local(&access, &["config", "--get", &format!("remote.{}.url", self.remote)], target)?;
        let url_differs = url.as_deref() != Some(self.repo.as_str());
        plan = plan.with("remote_url_changed", url_differs);
        let found = remote::commit(&self, &access, target)?;
        let wanted = found.as_ref().map(|found| found.hash.clone());
        let is_there = wanted.is_some() && wanted == before;
        let has_old_submodules =
            self.recursive && !self.bare && is_there && remote::submodules_differ(&access, self.track_submodules, target)?;
        if is_there && !is_dirty && !url_differs && !has_old_submodules {
            self.verify(&access, target)?;
            let changes = self.archived(&access, target)?.into_iter().collect();
            return Ok(Plan { changes, ..plan });
        }
        plan = plan.with("after", json!(wanted));
        plan.diff.push(difference(before.as_deref().unwrap_or_default(), wanted.as_deref().unwrap_or(&self.version)));
        plan.changes = checkout::switch(&self, &access, found.as_ref(), url.is_some(), url_differs, is_dirty, is_there);
        let is_certain = is_dirty || url_differs || has_old_submodules;
        plan.changed = Some(is_certain || !is_there);
        Ok(plan.then(move |target, _| {
            let mut plan = self.finish(&access, before.clone(), target)?;
            if !is_certain && plan.result.get("after") == Some(&json!(before)) {
                plan.changed = Some(false);
            }
            Ok(plan)
        }))
    }

    /// Whatever comes after the switch, and what is there now.
    fn finish(&self, access: &Access, before: Option<String>, target: &dyn Look) -> Result<Plan, Failure> {
        let after = remote::local(access, &["rev-parse", self.here()], target)?;
        self.verify(access, target)?;
        let has_submodules = !self.bare && target.stat(&self.dest.join(".gitmodules"), true)?.is_some();
        let submodules = if has_submodules { checkout::submodules(self, access) } else { None };
        let changes = submodules.into_iter().chain(self.archived(access, target)?).collect();
        let plan = Plan { changes, changed: Some(true), ..Plan::unchanged() };
        Ok(plan.with("before", json!(before)).with("after", json!(after)))
    }

    /// Fails where the version is not signed as it should be.
    fn verify(&self, access: &Access, target: &dyn Look) -> Result<(), Failure> {
        if !self.verify_commit {
            return Ok(());
        }
        let tag = format!("refs/tags/{}", self.version);
        let is_tag = remote::local(access, &["cat-file", "-t", &tag], target)?.as_deref() == Some("tag");
        let words = if is_tag { ["verify-tag", "--raw", &self.version] } else { ["verify-commit", "--raw", "HEAD"] };
        let answer = target.ask(&Command { accept: Vec::new(), ..access.git_in(&words.map(str::to_owned)) })?;
        let said = answer.errors();
        // gnupg, doc/DETAILS: the fingerprint of the key, and last that of its primary key.
        let signer = |line: &str| {
            line.split_once(" VALIDSIG ").is_some_and(|(_, rest)| self.gpg_allowlist.iter().any(|key| rest.contains(key.as_str())))
        };
        let is_allowed = self.gpg_allowlist.is_empty() || said.lines().any(signer);
        if answer.rc == 0 && is_allowed {
            return Ok(());
        }
        let why = if answer.rc == 0 { "it is signed, but by no key of `gpg_allowlist`" } else { said.trim() };
        Err(Failure::argument("verify_commit", format!("cannot verify the signature of {}: {why}", self.version))
            .with("stderr", said.clone()))
    }

    fn archived(&self, access: &Access, target: &dyn Look) -> Result<Option<Change>, Failure> {
        let Some(path) = &self.archive else { return Ok(None) };
        let is_there = target.stat(path, true)?.is_some();
        if is_there && !self.force {
            return Ok(None);
        }
        let mut words = vec!["archive".to_owned(), "--output".into(), path.display().to_string()];
        words.extend(self.archive_prefix.iter().map(|prefix| format!("--prefix={prefix}")));
        words.push(if self.bare && self.version != "HEAD" { self.version.clone() } else { "HEAD".into() });
        Ok(Some(Change::Run(access.git_in(&words))))
    }

    /// Without a checkout the version itself is what is here.
    fn here(&self) -> &str {
        if self.bare { &self.version } else { "HEAD" }
    }

    fn dest(&self) -> &Path {
        &self.dest
    }
}

fn difference(before: &str, after: &str) -> Diff {
    let line = |hash: &str| if hash.is_empty() { String::new() } else { format!("{hash}\n") };
    Diff { before_header: "commit".into(), after_header: "commit".into(), before: line(before), after: line(after) }
}
