//! The lists of what can be had: how old they are, and `apt-get update`.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::command::quiet;
use crate::plan::{Change, Command, Failure, Look, Outcome, Plan, Until, Wait};

const LISTS: &str = "/var/lib/apt/lists";
/// Ubuntu's apt touches it after each update.
const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";

/// When the lists were last brought up to date; seconds since the epoch, 0 where never.
pub(in crate::modules) fn time(target: &dyn Look) -> i64 {
    let mtime = |path: &str| target.stat(Path::new(path), true).ok().flatten().map(|meta| meta.mtime as i64);
    mtime(STAMP).or_else(|| mtime(LISTS)).unwrap_or(0)
}

pub(super) fn is_older_than(target: &dyn Look, seconds: i64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    time(target) + seconds <= now
}

#[derive(Clone, Copy, Debug)]
pub(in crate::modules) struct Patience {
    pub(in crate::modules) retries: u32,
    /// Seconds; pauses double up to this.
    pub(in crate::modules) max_delay: f64,
}

type Then = Box<dyn FnOnce(&dyn Look, bool) -> Result<Plan, Failure> + Send>;

/// Updates, again and again where that fails, then plans on with whether there was anything new.
pub(in crate::modules) fn refresh(
    target: &dyn Look,
    patience: Patience,
    then: impl FnOnce(&dyn Look, bool) -> Result<Plan, Failure> + Send + 'static,
) -> Plan {
    attempt(patience, 1.0, time(target), Box::new(then))
}

fn attempt(patience: Patience, pause: f64, before: i64, then: Then) -> Plan {
    // A source that cannot be reached is an error, as in Ansible; apt-get alone only warns.
    let update = Command::new(["apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update"]);
    let update = Command { accept: Vec::new(), ..quiet(update) };
    Plan::of(vec![Change::Run(update)]).then(move |target, outcomes| {
        let Some(Outcome::Ran(output)) = outcomes.last() else { return Err(Failure::new("apt-get update was not run")) };
        if output.rc == 0 {
            let is_new = time(target) != before;
            return match renewed(target) {
                Some(plan) => Ok(plan.then(move |target, _| then(target, is_new))),
                None => then(target, is_new),
            };
        }
        if patience.retries <= 1 {
            let errors = output.errors();
            let why: Vec<&str> = errors.lines().filter(|line| line.starts_with("E:")).collect();
            let msg = format!("Failed to update apt cache: {}", if why.is_empty() { errors.trim().to_owned() } else { why.join("; ") });
            return Err(Failure::new(msg).with("rc", output.rc).with("stdout", output.text()).with("stderr", errors.clone()));
        }
        let delay = pause.min(patience.max_delay);
        let wait = Wait { until: Until::Elapsed, timeout: delay, delay: 0.0, sleep: delay, message: "apt-get update".into() };
        let less = Patience { retries: patience.retries - 1, ..patience };
        Ok(Plan::of(vec![Change::Wait(wait)]).then(move |_, _| Ok(attempt(less, pause * 2.0, before, then))))
    })
}

/// apt leaves the folder's time alone where nothing was new; the next `cache_valid_time` must see that it was asked.
fn renewed(target: &dyn Look) -> Option<Plan> {
    let has_stamp = target.stat(Path::new(STAMP), true).ok().flatten().is_some();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
    let touch = Change::Touch { path: PathBuf::from(LISTS), atime: None, mtime: Some(now) };
    (!has_stamp).then(|| Plan::of(vec![touch]))
}
