//! `release_flip`: `current` points at the release, and the host knows the way back.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::account::Owner;
use super::layout::{self, Layout, Pending, Record, Stage, State};
use crate::arguments;
use crate::modules::Module;
use crate::plan::{Attributes, Change, Command, Failure, Look, Plan};

arguments! {
    /// Points `current` at a release in one step, and arms the host's own way back until release_finish.
    pub(crate) struct ReleaseFlip {
        /// The deploy folder.
        path: PathBuf,
        /// Name of the release.
        release: String,
        /// What restarts the services, each a line for sh or a list of words: run by the host itself on its own way back,
        /// should it lose the machine that deploys before release_finish.
        restart: Vec<Json> = Vec::new(),
    }
}

impl Module for ReleaseFlip {
    const NAME: &'static str = "release_flip";
    const EXAMPLES: &'static str = "\
- name: Point current at the release
  release_flip:
    path: /srv/searchapp
    release: '20261121101500'
    restart: [supervisorctl restart searchapp-web]
";
    const RETURNS: &'static str = "\
release: name of the release
revision: its SHA
previous: name of the release that release_restore goes back to; nothing where nothing ran
previous_revision: its SHA
";

    fn plan(self, target: &dyn Look) -> Result<Plan, Failure> {
        let layout = Layout::new(&self.path)?;
        layout::check_name(&self.release)?;
        let record = layout.record(target, &self.release)?;
        let record = match record {
            Some(record) if matches!(record.state, Stage::Prepared | Stage::Live) => record,
            Some(record) => {
                let what = format!("release {} is {}: prepare it again", self.release, record.state.word());
                return Err(Failure::argument("release", what));
            }
            None => {
                let what = format!("there is no release {} in {}: release_prepare makes it", self.release, layout.releases().display());
                return Err(Failure::argument("release", what));
            }
        };
        let restart = self.restart.iter().map(command).collect::<Result<Vec<_>, _>>()?;
        let state = layout.state(target)?;
        let before = layout.good(target, &state)?;
        let linked = layout.linked(target)?;
        let at_it = linked.as_ref() == Some(&self.release);
        let pending = state.pending.as_ref().is_some_and(|pending| pending.release == self.release);
        let proved = state.current.as_ref() == Some(&self.release) && state.pending.is_none();
        let owner = Owner::of_folder(target, &layout.releases())?.attributes;
        let plan = if at_it && proved {
            Plan::unchanged()
        } else if at_it && pending {
            // Flipped already, by this run or by one that was cut off: the way back must be armed in this agent too.
            let undo = way_back(target, &layout, &state, &record, before.as_deref(), restart, &owner)?;
            Plan { changed: Some(false), ..Plan::of(vec![Change::Arm { name: layout.undo_name(), undo }]) }
        } else {
            Plan::of(self.changes(target, &layout, &state, &record, before.clone(), restart, &owner)?)
        };
        let old = before.as_ref().map(|name| layout.revision(target, name)).transpose()?.flatten();
        Ok(plan.with("release", self.release).with("revision", record.revision).with("previous", before).with("previous_revision", old))
    }
}

impl ReleaseFlip {
    #[expect(clippy::too_many_arguments, reason = "all that was read, for one list of changes")]
    fn changes(
        &self,
        target: &dyn Look,
        layout: &Layout,
        state: &State,
        record: &Record,
        before: Option<String>,
        restart: Vec<Change>,
        owner: &Attributes,
    ) -> Result<Vec<Change>, Failure> {
        let pending = Pending { release: self.release.clone(), from: before.clone() };
        let flipped = State { pending: Some(pending), ..state.clone() };
        let more = json!({ "revision": record.revision, "from": before });
        let mut changes = layout.write_state(&flipped, owner);
        // The way back is armed before the step that it undoes.
        changes.push(Change::Arm {
            name: layout.undo_name(),
            undo: way_back(target, layout, state, record, before.as_deref(), restart, owner)?,
        });
        changes.push(layout.point(Some(&self.release)));
        changes.push(layout.log(target, "flipped", Some(&self.release), more, owner)?);
        Ok(changes)
    }
}

/// What the host does when it finds itself alone: back to what it ran, services restarted, the release marked as failed.
fn way_back(
    target: &dyn Look,
    layout: &Layout,
    state: &State,
    record: &Record,
    before: Option<&str>,
    restart: Vec<Change>,
    owner: &Attributes,
) -> Result<Vec<Change>, Failure> {
    let settled = State { pending: None, ..state.clone() };
    let mut undo = vec![layout.point(before)];
    undo.extend(layout.write_state(&settled, owner));
    if before != Some(record.release.as_str()) && record.live_at.is_none() {
        undo.extend(layout.write_record(&Record { state: Stage::Failed, ..record.clone() }, owner));
    }
    let why = json!({ "why": "the machine that deployed was lost", "flipped_to": record.release });
    undo.push(layout.log(target, "restored", before, why, owner)?);
    undo.extend(restart);
    Ok(undo)
}

fn command(line: &Json) -> Result<Change, Failure> {
    let words: Vec<String> = match line {
        Json::String(line) => vec!["/bin/sh".into(), "-c".into(), line.clone()],
        Json::Array(words) if !words.is_empty() => {
            words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned)).collect()
        }
        other => {
            let what =
                format!("`restart` holds {}: each must be a line for sh or a list of words", crate::modules::arguments::shown(other));
            return Err(Failure::argument("restart", what));
        }
    };
    // Nobody is there to hear of a failure, and the other services must be restarted all the same.
    Ok(Change::Run(Command { accept: Vec::new(), ..Command::new(words) }))
}
