//! `release_prune`: room for the next ones.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::account::Owner;
use super::layout::{Layout, Record, Stage, State};
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Command, Content, Failure, Kind, Look, Plan};

arguments! {
    /// Removes old releases, what failed, and virtual environments that no release uses any more.
    pub(crate) struct ReleasePrune {
        /// The deploy folder.
        path: PathBuf,
        /// How many releases that were live are kept, the current one among them.
        keep: u32 = 5,
    }
}

impl Module for ReleasePrune {
    const NAME: &'static str = "release_prune";
    const EXAMPLES: &'static str = "\
- name: Remove old releases
  release_prune:
    path: /srv/searchapp
    keep: 5
";
    const RETURNS: &'static str = "\
removed: names of the releases that were removed
kept: names of those that stay, newest first
venvs_removed: names of the virtual environments that were removed
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        if self.keep == 0 {
            return Err(Failure::argument("keep", "`keep` must be at least 1: what runs is always kept"));
        }
        let layout = Layout::new(&self.path)?;
        let state = layout.state(target)?;
        let records = layout.records(target)?;
        let linked = layout.linked(target)?;
        let kept = kept(&records, &state, linked.as_deref(), self.keep as usize);
        let gone: Vec<&str> = records.iter().map(|record| record.release.as_str()).filter(|name| !kept.contains(name)).collect();

        let mut changes: Vec<Change> = gone.iter().map(|name| Change::Remove { path: layout.release(name) }).collect();
        let venvs = unused_venvs(target, &layout, &gone)?;
        changes.extend(venvs.iter().map(|name| Change::Remove { path: layout.venvs().join(name) }));
        let previous: Vec<String> = state.previous.iter().filter(|name| !gone.contains(&name.as_str())).cloned().collect();
        if previous != state.previous {
            let owner = Owner::of_folder(target, &layout.releases())?.attributes;
            changes.extend(layout.write_state(&State { previous, ..state.clone() }, &owner));
        }
        if !gone.is_empty() {
            changes.extend(forget_objects(target, &layout, &gone)?);
        }
        Ok(Plan::of(changes).with("removed", gone).with("kept", kept).with("venvs_removed", venvs))
    }
}

/// The newest that were live, by when they were, and what runs, was recorded or is being proved, whatever its place.
fn kept<'a>(records: &'a [Record], state: &State, linked: Option<&str>, keep: usize) -> Vec<&'a str> {
    let must = |name: &str| {
        let pending = state.pending.as_ref();
        let either = |p: &super::layout::Pending| p.release == name || p.from.as_deref() == Some(name);
        linked == Some(name) || state.current.as_deref() == Some(name) || pending.is_some_and(either)
    };
    let mut live: Vec<&Record> = records.iter().filter(|record| record.state == Stage::Live || must(&record.release)).collect();
    live.sort_by_key(|record| std::cmp::Reverse((must(&record.release), record.live_at.clone(), record.release.clone())));
    let at_least = live.iter().filter(|record| must(&record.release)).count();
    live.iter().take(keep.max(at_least)).map(|record| record.release.as_str()).collect()
}

/// Environments by reference: those that no release that stays links to.
fn unused_venvs(target: &dyn Look, layout: &Layout, gone: &[&str]) -> Result<Vec<String>, Failure> {
    let mut used = BTreeSet::new();
    for name in layout.names(target, &layout.releases())? {
        if gone.contains(&name.as_str()) {
            continue;
        }
        let link = target.stat(&layout.release(&name).join(".venv"), false)?;
        if let Some(to) = link.filter(|meta| meta.kind == Kind::Link).and_then(|meta| meta.target) {
            used.extend(to.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    let ours = |name: &String| name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(layout.names(target, &layout.venvs())?.into_iter().filter(|name| ours(name) && !used.contains(name)).collect())
}

/// The references that kept the removed releases' objects; git itself collects them when there are enough.
fn forget_objects(target: &dyn Look, layout: &Layout, gone: &[&str]) -> Result<Vec<Change>, Failure> {
    let repo = layout.repo();
    let (Some(git), true) = (target.which("git"), target.stat(&repo.join("HEAD"), true)?.is_some()) else {
        return Ok(Vec::new());
    };
    let owner = Owner::of_folder(target, &repo)?;
    let dir = format!("--git-dir={}", repo.display());
    let git = |words: &[&str]| {
        let all = [git.to_string_lossy().into_owned(), dir.clone()].into_iter().chain(words.iter().map(|&word| word.to_owned()));
        owner.command(all, &layout.root)
    };
    let lines: String = gone.iter().map(|name| format!("delete refs/deploy/{name}\n")).collect();
    let forget = Command { stdin: Some(Content::Bytes(lines.into_bytes())), ..git(&["update-ref", "--stdin"]) };
    let collect = Command { accept: Vec::new(), ..git(&["-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"]) };
    Ok(vec![Change::Run(forget), Change::Run(collect)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(release: &str, state: Stage, live_at: Option<&str>) -> Record {
        Record {
            release: release.into(),
            revision: String::new(),
            state,
            by: String::new(),
            from: String::new(),
            at: String::new(),
            live_at: live_at.map(Into::into),
        }
    }

    #[test]
    fn what_was_live_last_stays_whatever_its_name() {
        let records = [
            record("20260101000000", Stage::Live, Some("2026-05-01T00:00:00Z")),
            record("20260201000000", Stage::Live, Some("2026-02-01T00:00:00Z")),
            record("20260301000000", Stage::Live, Some("2026-03-01T00:00:00Z")),
            record("20260401000000", Stage::Failed, None),
            record("20260501000000", Stage::Prepared, None),
        ];
        let state = State { current: Some("20260101000000".into()), ..State::default() };
        assert_eq!(kept(&records, &state, Some("20260101000000"), 2), ["20260101000000", "20260301000000"]);
        // Never what runs, even where an older one is current and one only is to stay.
        assert_eq!(kept(&records, &state, Some("20260201000000"), 1), ["20260101000000", "20260201000000"]);
    }
}
