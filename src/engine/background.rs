//! Tasks with `async`: started in the background of the host, and looked at every `poll` seconds; not at all with `poll: 0`.

use std::time::{Duration, Instant};

use serde_json::{Map as JsonMap, Value as Json};

use super::attempt::Attempt;
use super::dispatch::Answered;
use super::event::{Event, Job};
use super::target::TaskTarget;
use crate::actions::{self, Target as _};
use crate::diag::Diagnostic;
use crate::plan::Failure;
use crate::template::render;
use crate::value::Value;
use crate::vars::TaskScope;
use crate::wire::Background;
use crate::yaml::Node;

const STATUS: &str = "ansible.builtin.async_status";

/// Where Ansible keeps what jobs came to.
const FOLDER: &str = "~/.ansible_async";

/// Longer than a job may take, for it to say that it was stopped.
const GRACE: f64 = 5.0;

impl Attempt {
    /// How the task is to be done in the background, where it is.
    ///
    /// # Errors
    /// A template fails, or what should be a number is none.
    pub(super) fn background(&self, scope: &TaskScope) -> Result<Option<Background>, Diagnostic> {
        let limit = seconds(self.task.asynchronous.as_ref(), scope)?.filter(|limit| *limit > 0.0);
        let folder = super::target::variable(scope, &["ansible_async_dir"])?.unwrap_or_else(|| FOLDER.to_owned());
        Ok(limit.map(|limit| Background { limit, folder }))
    }

    /// Some actions are more than one module: they cannot be left to the host.
    pub(super) fn refused_in_background(&self, action: Option<&actions::Entry>) -> Option<Answered> {
        let refused = action.is_some_and(|action| !std::ptr::eq(action, &raw const actions::FOREIGN));
        refused.then(|| self.of_failure(Failure::new(format!("This action ({}) does not support async.", self.task.action.short()))))
    }

    /// Looks at the job that `started` tells of until it is done.
    ///
    /// # Errors
    /// A template fails.
    pub(super) async fn follow(&self, background: &Background, started: Answered, scope: &TaskScope) -> Result<Answered, Diagnostic> {
        let poll = seconds(self.task.poll.as_ref(), scope)?.unwrap_or(self.play.run.options.poll_interval);
        let job = started.result.get("ansible_job_id").map(ToString::to_string);
        let (Some(job), true) = (job, poll > 0.0) else { return Ok(started) };
        let mut target = TaskTarget::prepare(self, scope, false)?;
        target.background = None;
        let ask = |mode: &str| {
            let arguments = [("jid", job.as_str()), ("mode", mode), ("_folder", background.folder.as_str())];
            target.module(STATUS, JsonMap::from_iter(arguments.map(|(name, value)| (name.to_owned(), Json::from(value)))), Vec::new())
        };
        let begun = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs_f64(poll)).await;
            // A host that cannot be reached now may be reached before the time is up.
            let answered = ask("status").await.ok().map(|answer| self.of_module(answer));
            let is = |key: &str| answered.as_ref().and_then(|answered| answered.result.get(key)).is_some_and(Value::is_true);
            let state = match (is("finished"), is("failed")) {
                (false, _) => Job::Waiting,
                (true, false) => Job::Done,
                (true, true) => Job::Failed,
            };
            self.play.run.emit(Event::Polled { host: self.host.name.clone(), job: job.clone(), state });
            match answered {
                Some(answered) if state != Job::Waiting => {
                    let _ = ask("cleanup").await;
                    return Ok(answered);
                }
                _ if begun.elapsed().as_secs_f64() > background.limit + poll + GRACE => {
                    let why = format!("async task did not complete within the requested time - {}s", background.limit);
                    return Ok(self.of_failure(Failure::new(why).with("ansible_job_id", job)));
                }
                _ => {}
            }
        }
    }
}

fn seconds(node: Option<&Node>, scope: &TaskScope) -> Result<Option<f64>, Diagnostic> {
    let Some(node) = node else { return Ok(None) };
    match render(node, scope)? {
        Value::Int(n) => Ok(Some(n as f64)),
        Value::Float(n) => Ok(Some(n)),
        Value::Null | Value::Omit => Ok(None),
        other => {
            other.to_string().trim().parse().map(Some).map_err(|_| node.error("this must be a number of seconds").label(other.to_string()))
        }
    }
}
