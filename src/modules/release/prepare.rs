//! `release_prepare`: the commit's files in a release of their own, beside what runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::account::Owner;
use super::layout::{self, Layout, Record, Stage, State};
use crate::modules::Module;
use crate::plan::{Blob, Change, Command, Content, Failure, Kind, Look, Outcome, Plan};
use crate::{arguments, choices};

choices! {
    /// How the commit gets here.
    pub(crate) enum Transport { Push = "push", Fetch = "fetch" }
}

arguments! {
    /// Checks a commit out into a release of its own, or finds the release of it that was live before.
    pub(crate) struct ReleasePrepare {
        /// The deploy folder; `releases/`, `repo/` and the rest are made in it.
        path: PathBuf,
        /// Name of the release: the UTC time as YYYYMMDDHHMMSS, the same on every host.
        release: String,
        /// Full SHA of the commit.
        revision: String,
        /// `push` sends the missing objects through our connection, `fetch` lets the host fetch `remote`.
        transport: Transport = Transport::Push,
        /// Address that the host fetches from.
        remote: Option<String>,
        /// Who owns what is made. Without it, the owner of the deploy folder, else the user that the task runs as.
        owner: Option<String>,
        /// Who deploys; written down.
        by: Option<String>,
        /// The machine that deploys; written down.
        from: Option<String>,
        /// The missing objects, packed by the controller.
        _pack: Option<Blob>,
    }
}

impl Module for ReleasePrepare {
    const NAME: &'static str = "release_prepare";
    const RULES: &'static [crate::modules::arguments::Rule] = &[crate::modules::arguments::Rule::If("transport", "fetch", &["remote"])];
    const EXAMPLES: &'static str = "\
- name: Check the commit out into a release of its own
  release_prepare:
    path: /srv/searchapp
    release: '20261121101500'
    revision: 83a2f0f1d2f7c3a1b2e4d5c6b7a8990011223344
    owner: searchapp
  register: release_prepared
";
    const RETURNS: &'static str = "\
release: name of the release, an older one where that is reused
release_path: its folder
revision: the full SHA
reused: whether a release of this commit that was live before is still here, with nothing made again
current_revision: SHA that the host runs, proved; nothing where nothing runs
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        layout::check_name(&self.release)?;
        if !matches!(self.revision.len(), 40 | 64) || !self.revision.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Failure::argument("revision", format!("`revision` must be a full SHA, not {:?}", self.revision)));
        }
        let state = layout.state(target)?;
        let records = layout.records(target)?;
        let mut result = self.result(target, &layout, &state)?;

        if let Some(found) = reusable(&records, &state, &self.revision) {
            result.insert("release".into(), found.into());
            result.insert("release_path".into(), json!(layout.release(found)));
            result.insert("reused".into(), true.into());
            return Ok(Plan { result, ..Plan::default() });
        }
        match records.iter().find(|record| record.release == self.release) {
            Some(record) if record.state == Stage::Prepared && record.revision == self.revision => {
                return Ok(Plan { result, ..Plan::default() });
            }
            Some(record) if record.state == Stage::Live || record.revision != self.revision => {
                let what = format!("release {} is there already, of commit {:.12}", self.release, record.revision);
                return Err(Failure::argument("release", what));
            }
            _ => {}
        }

        let git = target.which("git").ok_or_else(|| {
            Failure::new("git is not installed on this host: install it there (on Debian: apt install git), for example in the role that provisions the application")
        })?;
        let git = Git {
            program: git.to_string_lossy().into_owned(),
            repo: layout.repo(),
            owner: self.owner(target, &layout)?,
            cwd: layout.root.clone(),
        };
        let there = target.stat(&layout.repo().join("HEAD"), true)?.is_some();
        let has = there && git.has(target, &self.revision)?;
        if !has && self.transport == Transport::Push && self._pack.is_none() {
            let tips = if there { git.tips(target)? } else { Vec::new() };
            result.insert("wants".into(), json!({ "tips": tips }));
            return Ok(Plan { result, ..Plan::default() });
        }

        let mut changes = self.begin(target, &layout, &state, &records, &git)?;
        if !there {
            changes.push(git.run(["init", "--bare", "--quiet"], Vec::new()));
        }
        if has {
            changes.extend(self.check_out(target, &layout, &git)?);
            return Ok(Plan { changes, result, ..Plan::default() });
        }
        if let Some(pack) = &self._pack {
            changes.push(git.receive(pack));
            changes.push(git.shallow(target, &self.revision)?);
            changes.extend(self.check_out(target, &layout, &git)?);
            return Ok(Plan { changes, result, ..Plan::default() });
        }
        let remote = self.remote.clone().unwrap_or_default();
        let before = changes.len();
        changes.push(Change::Run(git.fetch(&remote)));
        let plan = Plan { changes, result: result.clone(), ..Plan::default() };
        Ok(plan.then(move |target, outcomes| {
            if let Some(Outcome::Ran(output)) = outcomes.get(before).or(outcomes.last())
                && output.rc != 0
            {
                let said = without_passwords(&output.errors());
                return Err(Failure::new(format!("this host cannot fetch {}: {}", without_passwords(&remote), said.trim())));
            }
            if !git.has(target, &self.revision)? {
                return Err(Failure::new(format!(
                    "commit {:.12} is not on {}: push it there first, or use deploy_transport: push, which needs no remote",
                    self.revision,
                    without_passwords(&remote)
                )));
            }
            let changes = self.check_out(target, &layout, &git)?;
            Ok(Plan { changes, result, ..Plan::default() })
        }))
    }
}

impl ReleasePrepare {
    fn owner(&self, target: &dyn Look, layout: &Layout) -> Result<Owner, Failure> {
        match &self.owner {
            Some(name) => Owner::named(target, "owner", name),
            None if target.stat(&layout.root, true)?.is_some() => Owner::of_folder(target, &layout.root),
            None => Owner::named(target, "owner", &target.uid().to_string()),
        }
    }

    fn result(&self, target: &dyn Look, layout: &Layout, state: &State) -> Result<Map<String, Json>, Failure> {
        // Only what was proved counts as running: a flip that nobody finished must be done again.
        let proved = state.current.as_ref().filter(|_| state.pending.is_none());
        let linked = layout.linked(target)?;
        let running = proved.filter(|name| linked.as_ref() == Some(name));
        let current = running.map(|name| layout.revision(target, name)).transpose()?.flatten();
        let Json::Object(map) = json!({
            "release": self.release,
            "release_path": layout.release(&self.release),
            "revision": self.revision,
            "reused": false,
            "current_revision": current,
        }) else {
            return Ok(Map::new());
        };
        Ok(map)
    }

    /// Folders, room (what failed or was interrupted goes), and the record that says 'being filled'.
    fn begin(&self, target: &dyn Look, layout: &Layout, state: &State, records: &[Record], git: &Git) -> Result<Vec<Change>, Failure> {
        let attributes = layout::folder(&git.owner.attributes);
        let mut changes = Vec::new();
        for folder in [layout.root.clone(), layout.releases(), layout.shared(), layout.repo(), layout.root.join(".deploy")] {
            match target.stat(&folder, true)? {
                Some(meta) if meta.kind == Kind::Folder => {}
                Some(_) => return Err(Failure::new(format!("{} is there and is no folder", folder.display()))),
                None => changes.push(Change::Folder { path: folder, attributes: attributes.clone() }),
            }
        }
        let linked = layout.linked(target)?;
        let kept = |name: &String| Some(name) == linked.as_ref() || Some(name) == state.current.as_ref();
        let left_over = records.iter().filter(|record| record.state != Stage::Live && !kept(&record.release));
        changes.extend(left_over.map(|record| Change::Remove { path: layout.release(&record.release) }));
        changes.push(Change::Folder { path: layout.release(&self.release), attributes });
        changes.extend(layout.write_record(&self.record(target, Stage::Preparing), &git.owner.attributes));
        Ok(changes)
    }

    fn check_out(&self, target: &dyn Look, layout: &Layout, git: &Git) -> Result<Vec<Change>, Failure> {
        let folder = layout.release(&self.release);
        let index = layout.repo().join(format!("index-{}", self.release));
        let env = vec![("GIT_INDEX_FILE", index.to_string_lossy().into_owned()), ("GIT_WORK_TREE", folder.to_string_lossy().into_owned())];
        let name = format!("refs/deploy/{}", self.release);
        let mut changes = vec![
            // The reference keeps the objects until release_prune takes it away.
            git.run(["update-ref", &name, &self.revision], Vec::new()),
            // Files of the commit and nothing else: no hooks, no HEAD, no export-ignore as `git archive` would have.
            git.run(["read-tree", "--reset", "-u", &self.revision], env),
            Change::Remove { path: index },
            layout::write(folder.join("REVISION"), format!("{}\n", self.revision), &git.owner.attributes),
        ];
        changes.extend(layout.write_record(&self.record(target, Stage::Prepared), &git.owner.attributes));
        Ok(changes)
    }

    fn record(&self, target: &dyn Look, state: Stage) -> Record {
        Record {
            release: self.release.clone(),
            revision: self.revision.clone(),
            state,
            by: self.by.clone().unwrap_or_default(),
            from: self.from.clone().unwrap_or_default(),
            at: layout::now(target),
            live_at: None,
        }
    }
}

/// The release of this commit that was live last, if one is still here.
fn reusable<'a>(records: &'a [Record], state: &State, revision: &str) -> Option<&'a str> {
    let live = records.iter().filter(|record| record.state == Stage::Live && record.revision == revision);
    let rank = |record: &&Record| (state.current.as_ref() == Some(&record.release), record.live_at.clone(), record.release.clone());
    live.max_by_key(rank).map(|record| record.release.as_str())
}

/// The git of the host, on the bare repository of the deploy folder.
struct Git {
    program: String,
    repo: PathBuf,
    owner: Owner,
    cwd: PathBuf,
}

impl Git {
    fn command(&self, words: &[&str]) -> Command {
        let dir = format!("--git-dir={}", self.repo.display());
        let all = [self.program.as_str(), &dir].into_iter().chain(words.iter().copied());
        self.owner.command(all, &self.cwd)
    }

    fn run<const N: usize>(&self, words: [&str; N], env: Vec<(&str, String)>) -> Change {
        let mut command = self.command(&words);
        command.env.extend(env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>());
        Change::Run(command)
    }

    fn has(&self, target: &dyn Look, revision: &str) -> Result<bool, Failure> {
        let commit = format!("{revision}^{{commit}}");
        Ok(target.ask(&Command { accept: Vec::new(), ..self.command(&["cat-file", "-e", &commit]) })?.rc == 0)
    }

    /// Commits that are here whole, newest first: what the controller need not send again.
    fn tips(&self, target: &dyn Look) -> Result<Vec<String>, Failure> {
        let words = ["for-each-ref", "--sort=-committerdate", "--count=8", "--format=%(objectname)"];
        let output = target.ask(&Command { accept: Vec::new(), ..self.command(&words) })?;
        Ok(if output.rc == 0 { output.text().lines().map(str::to_owned).collect() } else { Vec::new() })
    }

    fn receive(&self, pack: &Blob) -> Change {
        Change::Run(Command { stdin: Some(Content::Blob(pack.clone())), ..self.command(&["index-pack", "--stdin", "--fix-thin"]) })
    }

    /// A pushed commit comes without its parents: git must know that, or `git gc` stumbles (git-scm.com/docs/shallow).
    fn shallow(&self, target: &dyn Look, revision: &str) -> Result<Change, Failure> {
        let path = self.repo.join("shallow");
        let old = target.read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let mut lines: Vec<&str> = old.lines().chain([revision]).collect();
        lines.sort_unstable();
        lines.dedup();
        Ok(layout::write(path, lines.join("\n") + "\n", &self.owner.attributes))
    }

    /// The remote's address goes by the environment: it may hold a password, and arguments are seen by every user of the host.
    fn fetch(&self, remote: &str) -> Command {
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let mut command = self.command(&["fetch", "--quiet", "--no-tags", "--prune", "mirror", refs[0], refs[1]]);
        command.accept = Vec::new();
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "remote.mirror.url"),
            ("GIT_CONFIG_VALUE_0", remote),
            ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        ] {
            command.env.insert(name.into(), value.into());
        }
        command
    }
}

/// Addresses without what stands before the @.
fn without_passwords(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        clean.push_str(head);
        let end = tail.find(|c: char| c == '/' || c == '\'' || c.is_whitespace()).unwrap_or(tail.len());
        let host = tail[..end].rfind('@').map_or(0, |at| at + 1);
        rest = &tail[host..];
    }
    clean + rest
}

/// Whether the path lies in the release; used by the other modules of this folder.
pub(super) fn check_release_path(layout: &Layout, release_path: &Path) -> Result<(), Failure> {
    if release_path.parent() == Some(&layout.releases()) {
        return Ok(());
    }
    let want = layout.releases();
    Err(Failure::argument("release_path", format!("{} is no release of {}", release_path.display(), want.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_show() {
        assert_eq!(without_passwords("fatal: 'https://me:pw@git.example/a.git/': no"), "fatal: 'https://git.example/a.git/': no");
        assert_eq!(without_passwords("git@github.com:a/b.git"), "git@github.com:a/b.git");
    }
}
