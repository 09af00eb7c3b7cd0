//! `release_finish`: the release is proved; it is what to come back to.

use std::path::PathBuf;

use serde_json::json;

use super::account::Owner;
use super::layout::{self, Layout, Record, Stage, State};
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Change, Failure, Look, Plan};

arguments! {
    /// Records the release as live and takes the host's own way back away.
    pub(crate) struct ReleaseFinish {
        /// The deploy folder.
        path: PathBuf,
        /// Name of the release.
        release: String,
    }
}

impl Module for ReleaseFinish {
    const NAME: &'static str = "release_finish";
    const EXAMPLES: &'static str = "\
- name: Record the release as live
  release_finish:
    path: /srv/searchapp
    release: '20261121101500'
";
    const RETURNS: &'static str = "\
release: name of the release
revision: its SHA
previous: name of the release before it
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        layout::check_name(&self.release)?;
        let record = layout
            .record(target, &self.release)?
            .ok_or_else(|| Failure::argument("release", format!("there is no release {}", self.release)))?;
        let state = layout.state(target)?;
        let done = |plan: Plan, state: &State| {
            plan.with("release", record.release.clone())
                .with("revision", record.revision.clone())
                .with("previous", state.previous.first().cloned())
        };
        if state.current.as_ref() == Some(&self.release) && state.pending.is_none() {
            return Ok(done(Plan::unchanged(), &state));
        }
        let linked = layout.linked(target)?;
        // In check mode the flip has not happened, and an unfinished plan says so without failing.
        if linked.as_ref() != Some(&self.release) && state.pending.is_some() {
            let at = linked.unwrap_or_else(|| "nothing".into());
            return Err(Failure::argument("release", format!("`current` points at {at}, not at release {}", self.release)));
        }
        let owner = Owner::of_folder(target, &layout.releases())?.attributes;
        let new = after(&state, &self.release);
        let live = Record { state: Stage::Live, live_at: Some(layout::now(target)), ..record.clone() };
        let mut changes = layout.write_record(&live, &owner);
        changes.extend(layout.write_state(&new, &owner));
        changes.push(layout.log(
            target,
            "verified",
            Some(&self.release),
            json!({ "revision": record.revision, "by": record.by }),
            &owner,
        )?);
        // Last: until here the host goes back by itself.
        changes.push(Change::Disarm { name: layout.undo_name() });
        Ok(done(Plan::of(changes), &new))
    }
}

/// What is recorded once `release` is proved. `previous` is what ran before, newest first, each release once: going back from
/// one to the other and back again is always one step.
fn after(state: &State, release: &str) -> State {
    let previous = state.current.iter().chain(&state.previous).filter(|name| *name != release).cloned().collect();
    State { current: Some(release.to_owned()), previous, pending: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previous_is_what_ran_before() {
        let state = |current: &str, previous: &[&str]| State {
            current: Some(current.into()),
            previous: previous.iter().map(|&s| s.into()).collect(),
            pending: None,
        };
        assert_eq!(after(&State::default(), "1"), state("1", &[]));
        assert_eq!(after(&state("2", &["1"]), "3"), state("3", &["2", "1"]));
        assert_eq!(after(&state("3", &["2", "1"]), "2"), state("2", &["3", "1"]));
        assert_eq!(after(&state("2", &["3", "1"]), "3"), state("3", &["2", "1"]));
    }
}
