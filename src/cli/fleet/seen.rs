//! What happened while a deploy ran, host by host, from the events of the run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Event, Outcome, Sink, Status, TaskInfo};

/// One host's part in the run.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Seen {
    /// `current` was pointed at the new release.
    pub(in crate::cli) flipped: bool,
    /// The commit that the running process last said it runs.
    pub(in crate::cli) answered: Option<String>,
    /// What went wrong after `current` was pointed back: the old release may not run.
    pub(in crate::cli) unwell: Option<String>,
    pub(in crate::cli) restored: bool,
    /// The first thing that failed, as a sentence: where the deploy went wrong.
    pub(in crate::cli) failure: Option<String>,
    pub(in crate::cli) unreachable: bool,
}

#[derive(Default)]
pub(in crate::cli) struct Watch {
    hosts: Mutex<BTreeMap<Arc<str>, Seen>>,
}

impl Watch {
    pub(in crate::cli) fn of(&self, host: &str) -> Seen {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned().unwrap_or_default()
    }
}

impl Sink for Watch {
    fn emit(&self, event: Event) {
        if let Event::Finished { task, host, outcome } = event {
            self.hosts.lock().unwrap_or_else(PoisonError::into_inner).entry(host).or_default().note(&task, &outcome);
        }
    }
}

impl Seen {
    fn note(&mut self, task: &TaskInfo, outcome: &Outcome) {
        let text = |key: &str| outcome.result.get(key).and_then(|value| value.as_str().map(str::to_owned));
        let done = matches!(outcome.status, Status::Ok | Status::Changed);
        match (task.action.rsplit('.').next().unwrap_or_default(), done) {
            ("release_flip", true) => self.flipped |= outcome.status == Status::Changed,
            ("release_restore", true) => self.restored |= outcome.status == Status::Changed,
            ("release_verify", true) => self.answered = text("revision"),
            _ => {}
        }
        if matches!(outcome.status, Status::Failed | Status::Unreachable) {
            self.unreachable |= outcome.status == Status::Unreachable;
            let why = text("msg").or_else(|| outcome.error.as_ref().map(|error| error.message.clone()));
            let why = format!("{}: {}", task.name, why.unwrap_or_else(|| "it failed".into()));
            // The way back ends with a `fail` that says the deploy failed; any other failure on it is one of the way back.
            if self.restored && task.action.rsplit('.').next() != Some("fail") {
                self.unwell.get_or_insert_with(|| why.clone());
            }
            self.failure.get_or_insert(why);
        }
    }
}
