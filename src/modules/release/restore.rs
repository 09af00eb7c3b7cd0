//! `release_restore`: back to what this host itself ran before the flip.

use std::path::PathBuf;

use serde_json::json;

use super::account::Owner;
use super::layout::{Layout, Record, Stage, State};
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Failure, Look, Plan};

arguments! {
    /// Points `current` back at what this host ran before a flip that was not finished; nothing to do where there was none.
    pub(crate) struct ReleaseRestore {
        /// The deploy folder.
        path: PathBuf,
    }
}

impl Module for ReleaseRestore {
    const NAME: &'static str = "release_restore";
    const EXAMPLES: &'static str = "\
- name: Point current at what this host ran before
  release_restore:
    path: /srv/searchapp
";
    const RETURNS: &'static str = "\
release: name of the release that `current` now points at; nothing where nothing ran before
revision: its SHA
failed_release: name of the release that was given up
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        let state = layout.state(target)?;
        let Some(pending) = state.pending.clone() else {
            let release = layout.linked(target)?;
            let revision = release.as_ref().map(|name| layout.revision(target, name)).transpose()?.flatten();
            return Ok(Plan::unchanged().with("release", release).with("revision", revision));
        };
        let owner = Owner::of_folder(target, &layout.releases())?.attributes;
        let back = pending.from.as_deref();
        if let Some(name) = back
            && target.stat(&layout.release(name), true)?.is_none()
        {
            return Err(Failure::new(format!("this host ran release {name} before, which is not there any more; deploy a commit to it")));
        }
        let mut changes = Vec::new();
        if layout.linked(target)?.as_deref() != back || (back.is_none() && target.stat(&layout.current(), false)?.is_some()) {
            changes.push(layout.point(back));
        }
        let failed = layout.record(target, &pending.release)?.filter(|_| back != Some(pending.release.as_str()));
        // A release that was live once stays one to go back to.
        if let Some(record) = failed.filter(|record| record.live_at.is_none()) {
            changes.extend(layout.write_record(&Record { state: Stage::Failed, ..record }, &owner));
        }
        changes.push(layout.log(target, "restored", back, json!({ "flipped_to": pending.release }), &owner)?);
        changes.extend(layout.write_state(&State { pending: None, ..state }, &owner));
        changes.push(Change::Disarm { name: layout.undo_name() });
        let revision = back.map(|name| layout.revision(target, name)).transpose()?.flatten();
        Ok(Plan::of(changes).with("release", pending.from).with("revision", revision).with("failed_release", pending.release))
    }
}
