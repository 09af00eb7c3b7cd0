//! `release_info`: what is on the host, read only.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::layout::{Layout, Stage};
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Failure, Look, Plan};

arguments! {
    /// Reads which releases are on a host and which one runs.
    pub(crate) struct ReleaseInfo {
        /// The deploy folder.
        path: PathBuf,
    }
}

impl Module for ReleaseInfo {
    const NAME: &'static str = "release_info";
    const EXAMPLES: &'static str = "\
- name: Read what is deployed
  release_info:
    path: /srv/searchapp
  register: release_info
";
    const RETURNS: &'static str = "\
releases: 'the releases, newest first: release, revision, state (preparing, prepared, live, failed), by, from, at, live_at'
current: name of the release that `current` points at; nothing where nothing runs
current_revision: its SHA
proved: whether it was proved to run, or was flipped to and never finished
previous: names of what to go back to, newest first
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        let state = layout.state(target)?;
        let mut records = layout.records(target)?;
        records.reverse();
        let releases: Vec<Json> = records
            .iter()
            .map(|record| {
                json!({
                    "release": record.release, "revision": record.revision, "state": record.state.word(),
                    "by": record.by, "from": record.from, "at": record.at, "live_at": record.live_at,
                })
            })
            .collect();
        let current = layout.linked(target)?;
        let revision = current.as_ref().map(|name| layout.revision(target, name)).transpose()?.flatten();
        let proved = current.is_some() && state.current == current && state.pending.is_none();
        let there = |name: &&String| records.iter().any(|record| record.release == **name && record.state == Stage::Live);
        let previous: Vec<String> = state.previous.iter().filter(there).cloned().collect();
        Ok(Plan::unchanged()
            .with("releases", releases)
            .with("current", current)
            .with("current_revision", revision)
            .with("proved", proved)
            .with("previous", previous))
    }
}
