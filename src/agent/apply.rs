//! Takes a task from arguments to result: plan, then carry out or, in check mode, report; stage by stage.

use serde_json::{Map, Value as Json};

use super::target::Target;
use super::{change, diff};
use crate::modules::Entry;
use crate::plan::{Change, Failure, Outcome, Plan};
use crate::wire::TaskResult;

/// How a task is to be carried out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mode {
    /// Change nothing, report what would change.
    pub check: bool,
    /// Say what changes, as text.
    pub diff: bool,
}

/// Runs one task to its end. Every failure is in the result.
pub fn perform(module: &Entry, arguments: &Map<String, Json>, target: &dyn Target, mode: Mode) -> TaskResult {
    let mut task = Progress::default();
    let outcome = task.run(module, arguments, target, mode);
    let Progress { mut done, mut values, .. } = task;
    if let Err(failure) = outcome {
        done.failed = true;
        done.argument = failure.argument;
        values.extend(failure.result);
        values.insert("msg".into(), failure.msg.into());
    }
    done.result = to_bytes(&values);
    done
}

/// Plans a task before its turn; `None` where it would change something, fails, or must be told in its turn for another reason.
pub(crate) fn foresee(module: &Entry, arguments: &Map<String, Json>, target: &dyn Target, mode: Mode) -> Option<TaskResult> {
    if module.outward {
        return None;
    }
    let mut task = Progress::default();
    let mut plan = (module.plan)(arguments, target).ok()?;
    loop {
        if !plan.changes.is_empty() || plan.changed == Some(true) {
            return None;
        }
        match task.stage(plan, target, mode).ok()? {
            Some(next) => plan = next,
            None => break,
        }
    }
    task.done.result = to_bytes(&task.values);
    Some(task.done)
}

/// A result that says only why the task failed.
pub(crate) fn failed(msg: impl Into<String>) -> TaskResult {
    let values = Map::from_iter([("msg".to_owned(), Json::String(msg.into()))]);
    TaskResult { failed: true, result: to_bytes(&values), ..TaskResult::default() }
}

fn to_bytes(values: &Map<String, Json>) -> Vec<u8> {
    // A map of JSON values always has a text.
    serde_json::to_vec(values).unwrap_or_default()
}

#[derive(Default)]
struct Progress {
    done: TaskResult,
    values: Map<String, Json>,
    outcomes: Vec<Outcome>,
}

impl Progress {
    fn run(&mut self, module: &Entry, arguments: &Map<String, Json>, target: &dyn Target, mode: Mode) -> Result<(), Failure> {
        let mut plan = (module.plan)(arguments, target)?;
        while let Some(next) = self.stage(plan, target, mode)? {
            plan = next;
        }
        Ok(())
    }

    /// One stage; the plan of the next, if there is one.
    fn stage(&mut self, plan: Plan, target: &dyn Target, mode: Mode) -> Result<Option<Plan>, Failure> {
        self.values.extend(plan.result);
        self.done.warnings.extend(plan.warnings);
        let unforeseen = plan.unforeseeable.is_some();
        if let Some(reason) = plan.unforeseeable.filter(|_| mode.check) {
            self.done.changed |= plan.changed == Some(true);
            self.done.skipped = plan.changed != Some(true);
            self.values.insert("msg".into(), reason.into());
            return Ok(None);
        }
        if mode.diff {
            self.done.diff.extend(diff::of(&plan.changes, target));
            self.done.diff.extend(plan.diff);
        }
        if mode.check {
            self.done.changed = plan.changed.unwrap_or(self.done.changed || plan.changes.iter().any(counts));
            if !plan.changes.is_empty() {
                return Ok(None);
            }
        } else {
            for change in &plan.changes {
                let outcome = change::perform(change, target)?;
                if let Outcome::Backed(path) = &outcome {
                    self.values.insert("backup_file".into(), path.to_string_lossy().into());
                }
                self.outcomes.push(outcome);
                self.done.changed |= counts(change);
            }
            self.done.changed = plan.changed.filter(|changed| !(unforeseen && *changed)).unwrap_or(self.done.changed);
        }
        target.stop().check()?;
        plan.next.map(|next| next(target, &self.outcomes)).transpose()
    }
}

/// Whether doing this makes a task "changed" where its module does not say.
fn counts(change: &Change) -> bool {
    !matches!(change, Change::Wait(_) | Change::Arm { .. } | Change::Disarm { .. })
}
