//! One task on a set of hosts: all at once, then what follows from the outcomes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::attempt::Attempt;
use super::event::{Counts, Event, Outcome, Status, TaskInfo};
use super::frame::{Frame, selected};
use super::play::{Host, PlayRun};
use super::run::Lost;
use super::steps::Flow;
use crate::diag::Diagnostic;
use crate::playbook::Task;
use crate::template::{render, render_text};
use crate::value::Value;

impl PlayRun {
    pub(super) async fn task(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let here = frame.inner(&task.keywords, Some(&task.folder), false);
        if !frame.handlers && !self.wanted(task, &here, &hosts) {
            return Flow::of(hosts);
        }
        match task.action.short() {
            "meta" => return self.meta(task, &here, hosts).await,
            "include_tasks" | "include" | "include_role" => return Box::pin(self.include(task, &here, hosts)).await,
            _ => {}
        }
        let info = self.info(task, &here, &hosts);
        self.run.emit(Event::TaskStarted(info.clone()));
        // add_host changes what all share: once is enough.
        let once = task.action.short() == "add_host"
            || hosts.first().is_some_and(|first| here.flag("run_once", &self.scope(first, &here)).ok().flatten() == Some(true));
        let working = if once { hosts[..1].to_vec() } else { hosts.clone() };
        let mut outcomes = self.attempt_all(task, &here, &info, working).await;
        if once {
            self.share_with_all(task, &hosts, &mut outcomes);
        }
        self.run.flush_warnings();
        self.settle(task, &here, &hosts, outcomes)
    }

    /// Whether `--tags`, `--skip-tags` and `--start-at-task` let it run.
    fn wanted(&self, task: &Task, frame: &Frame, hosts: &[Host]) -> bool {
        let options = &self.run.options;
        if !selected(&frame.tags(), &options.tags, &options.skip_tags) {
            return false;
        }
        if self.run.started.load(Ordering::SeqCst) {
            return true;
        }
        let name = self.task_name(task, frame, hosts);
        let reached = options.start_at_task.as_deref().is_some_and(|start| start == name || name.ends_with(&format!(" : {start}")));
        if reached {
            self.run.started.store(true, Ordering::SeqCst);
        }
        reached
    }

    fn task_name(&self, task: &Task, frame: &Frame, hosts: &[Host]) -> String {
        match (&task.name, hosts.first()) {
            (Some(node), Some(first)) => {
                let raw = || node.scalar_text().unwrap_or_default();
                if node.has_template() { render_text(node, &self.scope(first, frame)).unwrap_or_else(|_| raw()) } else { raw() }
            }
            _ => task.action.name.clone(),
        }
    }

    pub(super) fn info(&self, task: &Task, frame: &Frame, hosts: &[Host]) -> Arc<TaskInfo> {
        let no_log = hosts.first().is_some_and(|h| frame.flag("no_log", &self.scope(h, frame)).ok().flatten() == Some(true));
        Arc::new(TaskInfo {
            id: self.run.next_id(),
            name: self.task_name(task, frame, hosts),
            role: frame.role.as_ref().map(|r| r.name.clone()),
            action: task.action.name.clone(),
            arguments: if self.run.options.show_arguments && !no_log { written(task) } else { String::new() },
            handler: frame.handlers,
            span: task.span.clone(),
            no_log,
            run_once: frame.nearest("run_once").is_some(),
        })
    }

    /// Runs the task on each host, as many at once as forks and throttle allow; the outcomes are in the order of the hosts.
    async fn attempt_all(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, info: &Arc<TaskInfo>, hosts: Vec<Host>) -> Vec<(Host, Outcome)> {
        let throttle = hosts.first().and_then(|h| frame.nearest("throttle").and_then(|n| render(n, &self.scope(h, frame)).ok()));
        let limit = match throttle {
            Some(Value::Int(n)) if n > 0 => self.forks().min(n as usize),
            Some(Value::Str(text)) => text.parse().ok().filter(|n| *n > 0).unwrap_or(self.forks()),
            _ => self.forks(),
        };
        let mut waiting = hosts.iter().cloned().enumerate();
        let mut set = tokio::task::JoinSet::new();
        let mut done: Vec<Option<Outcome>> = hosts.iter().map(|_| None).collect();
        loop {
            while set.len() < limit
                && let Some((position, host)) = waiting.next()
            {
                let attempt = Attempt { play: self.clone(), task: task.clone(), frame: frame.clone(), info: info.clone(), host };
                set.spawn(async move { (position, attempt.run_unless_stopped().await) });
            }
            let Some(joined) = set.join_next().await else { break };
            let Ok((position, outcome)) = joined else { continue };
            let shown = shown_outcome(&outcome, info);
            self.run.emit(Event::Finished { task: info.clone(), host: hosts[position].name.clone(), outcome: Box::new(shown) });
            done[position] = Some(outcome);
        }
        hosts.into_iter().zip(done).filter_map(|(host, outcome)| outcome.map(|o| (host, o))).collect()
    }

    /// `run_once`: the first host's outcome is everybody's.
    fn share_with_all(&self, task: &Task, hosts: &[Host], outcomes: &mut Vec<(Host, Outcome)>) {
        let Some((first, outcome)) = outcomes.first().cloned() else { return };
        for host in hosts.iter().filter(|h| h.name != first.name) {
            if let Some(name) = &task.register {
                host.set(name.clone(), outcome.result.clone());
            }
            if let Some(facts) = outcome.result.get("ansible_facts").and_then(Value::as_map) {
                let set_fact = task.action.short() == "set_fact";
                for (key, value) in facts {
                    let key: Arc<str> = key.to_string().into();
                    if set_fact { host.set(key, value.clone()) } else { host.add_facts([(key, value.clone())]) }
                }
            }
            if matches!(outcome.status, Status::Failed | Status::Unreachable) {
                outcomes.push((host.clone(), Outcome { status: Status::Failed, ..outcome.clone() }));
            }
        }
    }

    /// Counts, notifies, and sorts the hosts.
    fn settle(&self, task: &Task, frame: &Frame, hosts: &[Host], outcomes: Vec<(Host, Outcome)>) -> Flow {
        let mut flow = Flow::default();
        let mut unreachable = 0;
        let mut lost: Vec<Arc<str>> = Vec::new();
        for (host, outcome) in outcomes {
            self.run.count(&host.name, |counts| count(counts, outcome.status, frame.rescuable));
            let problem = match outcome.status {
                Status::Changed => self.notify(task, frame, &host).err(),
                _ => None,
            };
            if let Some(problem) = problem {
                self.run.emit(Event::Warning(Diagnostic { level: crate::diag::Level::Error, ..problem }));
                lost.push(host.name.clone());
                self.fail(&host);
                flow.failed.push(host);
                continue;
            }
            match outcome.status {
                Status::Failed => {
                    host.set("ansible_failed_result".into(), outcome.result);
                    let name = Value::str(task.name.as_ref().and_then(crate::yaml::Node::scalar_text).unwrap_or_default());
                    host.set("ansible_failed_task".into(), Value::map([("name".into(), name), ("action".into(), Value::str(&task.action.name))]));
                    lost.push(host.name.clone());
                    self.fail(&host);
                    flow.failed.push(host);
                }
                Status::Unreachable => {
                    lost.push(host.name.clone());
                    self.run.lose(&host.name, Lost::Unreachable);
                    unreachable += 1;
                }
                _ => {}
            }
        }
        flow.alive = hosts.iter().filter(|h| !lost.contains(&h.name)).cloned().collect();
        if !lost.is_empty() {
            self.after_failures(frame, &mut flow, unreachable);
            let mut alive = self.vars.alive.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            alive.retain(|name| !lost.contains(name));
        }
        flow
    }

    /// `any_errors_fatal` and `max_fail_percentage`: the others fail with those that did.
    fn after_failures(&self, frame: &Frame, flow: &mut Flow, unreachable: usize) {
        let Some(first) = flow.alive.first().or(flow.failed.first()) else { return };
        let fatal = frame.flag("any_errors_fatal", &self.scope(first, frame)).ok().flatten() == Some(true);
        let size = self.batch_size.load(Ordering::SeqCst).max(1) as f64;
        let alive_now = self.vars.alive.read().unwrap_or_else(std::sync::PoisonError::into_inner).len() as f64;
        let gone = (flow.failed.len() + unreachable) as f64 + (size - alive_now).max(0.0);
        let too_many = self.max_fail.is_some_and(|percent| gone / size * 100.0 > percent);
        if fatal || too_many {
            for host in std::mem::take(&mut flow.alive) {
                self.fail(&host);
                flow.failed.push(host);
            }
        }
    }

    fn notify(&self, task: &Task, frame: &Frame, host: &Host) -> Result<(), Diagnostic> {
        for node in &task.notify {
            let names = match render(node, &self.scope(host, frame))? {
                Value::List(names) => names.iter().map(ToString::to_string).collect(),
                Value::Omit | Value::Null => Vec::new(),
                name => vec![name.to_string()],
            };
            for name in names {
                self.handlers.notify(&host.name, &name).map_err(|d| d.or_at(Some(node.span())))?;
            }
        }
        Ok(())
    }
}

/// The arguments of a task as its heading shows them.
fn written(task: &Task) -> String {
    let pair = |(name, node): &(String, crate::yaml::Node)| format!("{name}={}", Value::from_node(node));
    task.action.arguments.iter().map(pair).collect::<Vec<_>>().join(", ")
}

fn count(counts: &mut Counts, status: Status, rescuable: bool) {
    match status {
        Status::Ok => counts.ok += 1,
        Status::Changed => {
            counts.ok += 1;
            counts.changed += 1;
        }
        Status::Skipped => counts.skipped += 1,
        Status::Failed if rescuable => counts.rescued += 1,
        Status::Failed => counts.failed += 1,
        Status::Ignored => {
            counts.ok += 1;
            counts.ignored += 1;
        }
        Status::Unreachable => counts.unreachable += 1,
        Status::UnreachableIgnored => {
            counts.skipped += 1;
            counts.ignored += 1;
        }
    }
}

/// What may be shown of an outcome: with `no_log` only that it happened.
pub(super) fn shown_outcome(outcome: &Outcome, info: &TaskInfo) -> Outcome {
    if !info.no_log {
        return outcome.clone();
    }
    let text = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
    let changed = outcome.result.get("changed").cloned().unwrap_or(Value::Bool(false));
    Outcome {
        result: Value::map([("censored".into(), Value::str(text)), ("changed".into(), changed)]),
        diff: Vec::new(),
        warnings: Vec::new(),
        item: None,
        error: None,
        ..outcome.clone()
    }
}
