//! Asks hosts for their next tasks while they answer this one: where nothing changes, a play takes few round trips, not one a task.
//!
//! Nobody can tell it from asking in turn. Only modules are asked ahead that plan without a change, arguments are rendered anew in
//! the task's turn and must be the same, and what was foreseen is void as soon as anything of this play changes any host.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::attempt::Attempt;
use super::event::TaskInfo;
use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::target::TaskTarget;
use crate::playbook::{Step, Task};
use crate::remote::{self, Connection, Settings};
use crate::wire::{self, TaskResult};
use crate::{actions, modules};

/// Tasks asked ahead at once, at the most.
const MOST: usize = 32;

/// Tasks asked ahead before it is known how the play goes.
const FIRST: usize = 4;

/// What the hosts of a play were asked for ahead.
pub(super) struct Ahead {
    lanes: Mutex<HashMap<Arc<str>, Lane>>,
    /// Raised by every change on any host: what was foreseen before is void.
    epoch: AtomicU64,
    /// How many are asked ahead at once: more while it helps, few while things change.
    window: AtomicUsize,
}

impl Default for Ahead {
    fn default() -> Ahead {
        Ahead { lanes: Mutex::default(), epoch: AtomicU64::new(0), window: AtomicUsize::new(FIRST) }
    }
}

#[derive(Default)]
struct Lane {
    following: Option<Arc<Following>>,
    asked: VecDeque<Asked>,
}

/// The tasks behind the one that is under way.
struct Following {
    frame: Arc<Frame>,
    tasks: Vec<Arc<Task>>,
}

struct Asked {
    epoch: u64,
    settings: Settings,
    task: wire::Task,
    answer: remote::Ahead,
}

impl Ahead {
    /// The steps that come after the one that the hosts now do.
    pub(super) fn follow(&self, hosts: &[Host], frame: &Arc<Frame>, steps: &[Step]) {
        let tasks: Vec<Arc<Task>> =
            steps.iter().map_while(|step| if let Step::Task(task) = step { Some(task.clone()) } else { None }).take(2 * MOST).collect();
        let following = (!tasks.is_empty()).then(|| Arc::new(Following { frame: frame.clone(), tasks }));
        let mut lanes = self.lanes();
        for host in hosts {
            lanes.entry(host.name.clone()).or_default().following.clone_from(&following);
        }
    }

    /// The answer that was asked for ahead, if it still holds.
    pub(super) async fn take(&self, host: &str, settings: &Settings, task: &wire::Task) -> Option<TaskResult> {
        let mut asked = {
            let mut lanes = self.lanes();
            let lane = lanes.get_mut(host)?;
            let epoch = self.epoch.load(Ordering::SeqCst);
            let place = lane.asked.iter().position(|asked| asked.epoch == epoch && asked.settings == *settings && same(&asked.task, task));
            let Some(place) = place else {
                if !lane.asked.is_empty() {
                    lane.asked.clear();
                    self.window.store(1, Ordering::SeqCst);
                }
                return None;
            };
            lane.asked.drain(..place);
            let asked = lane.asked.pop_front()?;
            if lane.asked.is_empty() {
                let window = self.window.load(Ordering::SeqCst);
                self.window.store((window * 2).min(MOST), Ordering::SeqCst);
            }
            asked
        };
        let answer = asked.answer.answer().await;
        if answer.is_none() {
            // What comes after it must wait for its turn too.
            if let Some(lane) = self.lanes().get_mut(host) {
                lane.asked.clear();
            }
            self.window.store(1, Ordering::SeqCst);
        }
        // Something may have changed while the answer was awaited.
        answer.filter(|_| asked.epoch == self.epoch.load(Ordering::SeqCst))
    }

    /// Something changed on a host.
    pub(super) fn changed(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Arc<str>, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn same(a: &wire::Task, b: &wire::Task) -> bool {
    a.module == b.module
        && a.arguments == b.arguments
        && a.become_ == b.become_
        && a.environment == b.environment
        && (a.check, a.diff, a.no_log, a.timeout) == (b.check, b.diff, b.no_log, b.timeout)
}

/// What a task would ask of the host.
enum Guess {
    Ask(Settings, Box<wire::Task>),
    /// It is not for this host: its condition, or its tags.
    Skipped,
    /// It must wait for its turn, and so must all behind it.
    Unknown,
}

impl PlayRun {
    /// Asks for the tasks behind the one that `attempt` now does, on the same connection as the same user.
    pub(super) fn look_ahead(self: &Arc<Self>, attempt: &Attempt, connection: &dyn Connection, settings: &Settings, now: &wire::Task) {
        let host = &attempt.host;
        let Some(following) = self.ahead.lanes().get(&host.name).and_then(|lane| lane.following.clone()) else { return };
        let epoch = self.ahead.epoch.load(Ordering::SeqCst);
        let mut unknown: Vec<Arc<str>> = attempt.task.register.iter().cloned().collect();
        let mut asked = VecDeque::new();
        for task in &following.tasks {
            if asked.len() >= self.ahead.window.load(Ordering::SeqCst) {
                break;
            }
            match self.guess(task, &following.frame, host, &attempt.info, &unknown) {
                Guess::Unknown => break,
                Guess::Skipped => {}
                Guess::Ask(to, wanted) => {
                    if to != *settings || wanted.become_ != now.become_ {
                        break;
                    }
                    let Some(answer) = connection.ahead((*wanted).clone()) else { break };
                    asked.push_back(Asked { epoch, settings: to, task: *wanted, answer });
                }
            }
            unknown.extend(task.register.iter().cloned());
        }
        if let Some(lane) = self.ahead.lanes().get_mut(&host.name) {
            lane.asked = asked;
        }
    }

    fn guess(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, host: &Host, info: &Arc<TaskInfo>, unknown: &[Arc<str>]) -> Guess {
        let name = &task.action.name;
        let simple = task.action.foreign.is_none()
            && task.repeat.is_none()
            && task.until.is_empty()
            && task.retries.is_none()
            && task.asynchronous.is_none();
        let module = if simple && actions::find(name).is_none() { modules::find(name) } else { None };
        let Some(module) = module.filter(|module| !module.outward && module.free_form.is_none()) else { return Guess::Unknown };
        let here = frame.inner(&task.keywords, Some(&task.folder), false);
        if ["delegate_to", "run_once", "throttle", "debugger"].iter().any(|keyword| here.nearest(keyword).is_some()) {
            return Guess::Unknown;
        }
        if !here.handlers && !self.has_wanted_tags(&here) {
            return Guess::Skipped;
        }
        let (scope, guess) = self.scope(host, &here).guessing(unknown.to_vec());
        let when = here.when(&scope);
        if guess.failed() {
            return Guess::Unknown;
        }
        match when {
            Ok(None) => {}
            Ok(Some(_)) => return Guess::Skipped,
            Err(_) => return Guess::Unknown,
        }
        let no_log = self.hides(&here, &scope);
        let info = Arc::new(TaskInfo { no_log, ..(**info).clone() });
        let attempt = Attempt { play: self.clone(), task: task.clone(), frame: here, info, host: host.clone() };
        let asked = attempt.arguments(&scope, &[]).ok().and_then(|arguments| {
            let target = TaskTarget::prepare(&attempt, &scope, false).ok()?;
            Some(Guess::Ask(target.settings.clone(), Box::new(target.wire(module.name, arguments))))
        });
        asked.filter(|_| !guess.failed()).unwrap_or(Guess::Unknown)
    }
}
