//! What happens while plays run. The engine prints nothing: it emits these, and `ui` or a command makes of them what it wants.

use std::sync::Arc;

use crate::diag::{Diagnostic, Span};
use crate::plan::Diff;
use crate::value::Value;

#[derive(Clone, Debug)]
pub enum Event {
    PlaybookStarted {
        path: String,
        plays: usize,
    },
    PlayStarted {
        name: String,
        hosts: Vec<Arc<str>>,
        check: bool,
    },
    /// No host matched: the play is skipped.
    NoHosts {
        name: String,
    },
    /// Too many hosts failed: the play is given up.
    NoHostsLeft,
    TaskStarted(Arc<TaskInfo>),
    /// A host works on the task: its conditions hold.
    Working {
        task: Arc<TaskInfo>,
        host: Arc<str>,
        /// The command that makes another user of us there.
        becoming: Option<String>,
    },
    /// One item of a loop is done on a host.
    Item {
        task: Arc<TaskInfo>,
        host: Arc<str>,
        outcome: Box<Outcome>,
    },
    /// The task is done on a host (after all items).
    Finished {
        task: Arc<TaskInfo>,
        host: Arc<str>,
        outcome: Box<Outcome>,
    },
    /// `until` does not hold yet.
    Retrying {
        task: Arc<TaskInfo>,
        host: Arc<str>,
        attempt: u32,
        left: u32,
    },
    /// How a task in the background stands.
    Polled {
        host: Arc<str>,
        job: String,
        state: Job,
    },
    /// What a `meta` task did.
    Meta {
        message: String,
    },
    /// A long task says where it stands; both numbers 0 where unknown.
    Progress {
        host: Arc<str>,
        message: String,
        step: u64,
        of: u64,
    },
    /// include_tasks or include_role took this in for these hosts.
    Included {
        task: Arc<TaskInfo>,
        what: String,
        hosts: Vec<Arc<str>>,
        label: Option<String>,
    },
    Warning(Diagnostic),
    /// All of the run's hosts, in the order met; figures of `set_stats` by host, those of the whole run under RUN.
    Ended {
        recap: Vec<(Arc<str>, Counts)>,
        stats: Vec<(String, Value)>,
    },
}

/// A task as it is shown.
#[derive(Clone, Debug)]
pub struct TaskInfo {
    /// Position among all tasks started in this run.
    pub id: u64,
    /// Rendered; the action's name where the task has none.
    pub name: String,
    pub role: Option<String>,
    /// As written: `apt`, `ansible.builtin.apt`.
    pub action: String,
    /// `name=value, …` as written, where Options ask for it.
    pub arguments: String,
    pub handler: bool,
    pub span: Span,
    /// Its arguments and results must not be shown.
    pub no_log: bool,
    /// It only says what it would change.
    pub check: bool,
    /// Warnings and errors of this task may show these arguments (-vvv).
    pub run_once: bool,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub status: Status,
    /// What would be registered, as a dictionary (`changed`, `failed`, `msg`, `rc`, …).
    pub result: Value,
    pub diff: Vec<Diff>,
    pub warnings: Vec<String>,
    /// The loop item as it is shown (`loop_control.label`), for [`Event::Item`].
    pub item: Option<Value>,
    /// Where in the playbook a failure is to be shown, and what to do.
    pub error: Option<Diagnostic>,
    /// The host that did the work, where it is another.
    pub delegated_to: Option<String>,
    /// What is in the result must not be shown, as with `no_log`.
    pub hidden: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    Changed,
    Skipped,
    Failed,
    /// Failed with `ignore_errors`.
    Ignored,
    Unreachable,
    /// Unreachable with `ignore_unreachable`.
    UnreachableIgnored,
}

/// A task in the background, when it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Waiting,
    Done,
    Failed,
}

/// The numbers of the recap line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub ok: u32,
    pub changed: u32,
    pub unreachable: u32,
    pub failed: u32,
    pub skipped: u32,
    pub rescued: u32,
    pub ignored: u32,
}

/// Where events go. Called from many tasks at once, in the order in which things happened per host.
pub trait Sink: Send + Sync {
    fn emit(&self, event: Event);
}

/// Drops everything.
pub struct Silent;

impl Sink for Silent {
    fn emit(&self, _: Event) {}
}

/// Hands every event to several.
pub struct Several(pub Vec<Arc<dyn Sink>>);

impl Sink for Several {
    fn emit(&self, event: Event) {
        for sink in &self.0 {
            sink.emit(event.clone());
        }
    }
}
