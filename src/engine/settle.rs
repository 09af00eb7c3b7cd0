//! What follows from a task's outcomes: counts, notifications, and which hosts go on.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::event::{Counts, Event, Outcome, Status};
use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::run::Lost;
use super::steps::Flow;
use crate::diag::Diagnostic;
use crate::playbook::{Task, list_or_one};
use crate::template::{Var, render};
use crate::value::{Map, Value};
use crate::yaml::Node;

impl PlayRun {
    /// Counts, notifies, and sorts the hosts. `once`: the outcome of one host holds for all.
    pub(super) fn settle(&self, task: &Task, frame: &Frame, hosts: &[Host], outcomes: Vec<(Host, Outcome)>, once: bool) -> Flow {
        let mut flow = Flow::default();
        let mut lost: Vec<Arc<str>> = Vec::new();
        for (host, outcome) in outcomes {
            self.run.count(&host.name, |counts| count(counts, &outcome, frame.rescuable));
            if let Some(role) = frame
                .role
                .as_ref()
                .filter(|_| !matches!(outcome.status, Status::Skipped | Status::Unreachable | Status::UnreachableIgnored))
            {
                self.busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert((host.name.clone(), Arc::as_ptr(role) as usize));
            }
            let problem = match outcome.status {
                Status::Changed => self.notify(frame, &host).err(),
                _ => None,
            };
            if let Some(problem) = problem {
                if self.run.options.lenient_handlers {
                    self.run.emit(Event::Warning(Diagnostic { level: crate::diag::Level::Warning, ..problem }));
                    continue;
                }
                self.run.emit(Event::Warning(problem));
                self.run.give_up();
                lost.push(host.name.clone());
                self.fail(&host);
                flow.failed.push(host);
                continue;
            }
            match outcome.status {
                Status::Failed => {
                    self.remember_failure(task, frame, &host, outcome.result);
                    lost.push(host.name.clone());
                    self.fail(&host);
                    flow.failed.push(host);
                }
                Status::Unreachable => {
                    lost.push(host.name.clone());
                    self.run.lose(&host.name, Lost::Unreachable);
                }
                _ => {}
            }
        }
        flow.alive = hosts.iter().filter(|h| !lost.contains(&h.name)).cloned().collect();
        if !lost.is_empty() {
            self.gone(hosts.iter().filter(|host| lost.contains(&host.name) && !(frame.rescuable && self.run.has_failed(&host.name))));
            self.after_failures(frame, &mut flow, once);
        }
        flow
    }

    /// What a `rescue` may ask: `ansible_failed_result` and `ansible_failed_task`.
    pub(super) fn remember_failure(&self, task: &Task, frame: &Frame, host: &Host, result: Value) {
        host.set("ansible_failed_result".into(), result);
        let hidden = self.hides(frame, &self.scope(host, frame));
        let written = |nodes: &[Node]| Value::list(nodes.iter().map(Value::from_node));
        let mut map = Map::new();
        let mut add = |name: &str, value: Value| map.insert(name.into(), value);
        add("name", Value::str(task.name.as_ref().map(|_| self.task_name(task, frame, std::slice::from_ref(host))).unwrap_or_default()));
        add("action", Value::str(&task.action.name));
        let arguments = task.action.arguments.iter().filter(|_| !hidden).map(|(name, node)| (Value::str(name), Value::from_node(node)));
        add("args", Value::map(arguments));
        let vars = task.keywords.vars.iter().filter(|_| !hidden).map(|(name, var)| match var {
            Var::Value(value) => (Value::Str(name.clone()), value.clone()),
            Var::Node(node) => (Value::Str(name.clone()), Value::from_node(node)),
        });
        add("vars", Value::map(vars));
        add("tags", Value::list(frame.tags().into_iter().map(Value::str)));
        add("when", written(&task.keywords.when));
        add("loop", task.repeat.as_ref().map_or(Value::Null, |repeat| Value::from_node(&repeat.terms)));
        add("register", task.register.clone().map_or(Value::Null, Value::Str));
        add("notify", frame.nearest("notify").map_or(Value::Null, Value::from_node));
        add("delegate_to", task.keywords.get("delegate_to").map_or(Value::Null, Value::from_node));
        host.set("ansible_failed_task".into(), Value::Map(Arc::new(map)));
    }

    /// `run_once`, `any_errors_fatal` and `max_fail_percentage`: the others fail with those that did.
    pub(super) fn after_failures(&self, frame: &Frame, flow: &mut Flow, once: bool) {
        let Some(first) = flow.alive.first().or(flow.failed.first()) else { return };
        let of_play = || self.run.options.any_errors_fatal;
        if once {
            // There was one failure, of one host; the others are out without a rescue, as ansible-core has it.
            self.gone(&flow.alive);
            flow.alive.drain(..).for_each(|host| self.fail(&host));
        } else if frame.flag("any_errors_fatal", &self.scope(first, frame)).ok().flatten().unwrap_or_else(of_play) {
            self.fail_with_them(frame, flow);
        } else if !frame.rescuable && self.too_many_failed() {
            self.run.emit(Event::NoHostsLeft);
            self.broken.store(true, Ordering::SeqCst);
            self.fail_with_them(frame, flow);
        }
    }

    fn fail_with_them(&self, frame: &Frame, flow: &mut Flow) {
        if !frame.rescuable {
            self.gone(&flow.alive);
        }
        let how = if flow.failed.is_empty() { Lost::Unreachable } else { Lost::Failed };
        for host in std::mem::take(&mut flow.alive) {
            self.run.lose(&host.name, how);
            flow.failed.push(host);
        }
    }

    /// More of the batch than `max_fail_percentage` allows.
    fn too_many_failed(&self) -> bool {
        let Some(most) = self.max_fail else { return false };
        let batch = self.vars.batch.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let gone = batch.iter().filter(|host| self.run.has_failed(host)).count();
        gone as f64 / batch.len().max(1) as f64 * 100.0 > most
    }

    fn notify(&self, frame: &Frame, host: &Host) -> Result<(), Diagnostic> {
        for node in frame.nearest("notify").map(list_or_one).unwrap_or_default() {
            let names = match render(&node, &self.scope(host, frame))? {
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

fn count(counts: &mut Counts, outcome: &Outcome, rescuable: bool) {
    match outcome.status {
        Status::Ok => counts.ok += 1,
        Status::Changed => {
            counts.ok += 1;
            counts.changed += 1;
        }
        Status::Skipped => counts.skipped += 1,
        Status::Failed if rescuable => counts.rescued += 1,
        Status::Failed => counts.failed += 1,
        Status::Ignored | Status::UnreachableIgnored => {
            counts.ok += 1;
            counts.ignored += 1;
            counts.changed += u32::from(outcome.result.get("changed").is_some_and(Value::is_true));
        }
        Status::Unreachable => counts.unreachable += 1,
    }
}
