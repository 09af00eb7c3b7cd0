//! One task on one host: loop, conditions, tries, and what becomes of the result.

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::Answered;
use super::event::{Event, Outcome, Status, TaskInfo};
use super::frame::Frame;
use super::play::{Host, PlayRun};
use crate::diag::Diagnostic;
use crate::playbook::Task;
use crate::template::{Var, condition, render};
use crate::value::{Map, Value};
use crate::vars::TaskScope;
use crate::yaml::Node;

pub(super) struct Attempt {
    pub play: Arc<PlayRun>,
    pub task: Arc<Task>,
    pub frame: Arc<Frame>,
    pub info: Arc<TaskInfo>,
    pub host: Host,
}

impl Attempt {
    /// Gives the task up when the run is asked to end, unless it is there to put things right.
    pub(super) async fn run_unless_stopped(&self) -> Outcome {
        if self.frame.shielded {
            return self.run().await;
        }
        tokio::select! {
            outcome = self.run() => outcome,
            () = self.play.run.stopping() => failed(Diagnostic::error("interrupted")),
        }
    }

    async fn run(&self) -> Outcome {
        let scope = self.play.scope(&self.host, &self.frame);
        let outcome = match self.items(&scope) {
            Ok(None) => self.once(&scope).await,
            Ok(Some((items, control))) => self.each(&scope, items, &control).await,
            Err(problem) => match self.frame.when(&scope) {
                // A loop over something that is missing where the task would be skipped anyway.
                Ok(Some(condition)) => skipped(&condition),
                _ => self.ignoring(failed(problem), &scope),
            },
        };
        if let Some(name) = &self.task.register {
            self.host.set(name.clone(), registered(&outcome.result));
        }
        outcome
    }

    /// The task once: condition, tries, changed_when, failed_when.
    pub(super) async fn once(&self, scope: &TaskScope) -> Outcome {
        let delegated = self.delegate(scope).map(|to| scope.delegated(&to));
        let scope = delegated.as_ref().unwrap_or(scope);
        match self.frame.when(scope) {
            Ok(None) => {}
            Ok(Some(condition)) => return skipped(&condition),
            Err(problem) => return self.ignoring(failed(problem), scope),
        }
        let outcome = match self.tries(scope).await {
            Ok(outcome) => outcome,
            Err(problem) => Outcome { delegated_to: self.delegate(scope).filter(|to| !self.is_own(to)), ..failed(problem) },
        };
        self.ignoring(outcome, scope)
    }

    /// The other host that the task works on; what is wrong with its name is said when it is needed.
    pub(super) fn delegate(&self, scope: &TaskScope) -> Option<String> {
        self.frame.delegate(scope).ok().flatten()
    }

    /// A host that does its own work is not named twice.
    pub(super) fn is_own(&self, delegate: &str) -> bool {
        *self.host.name == *delegate
    }

    async fn tries(&self, scope: &TaskScope) -> Result<Outcome, Diagnostic> {
        let number = |node: &Option<Node>, default: f64| -> Result<f64, Diagnostic> {
            let Some(node) = node else { return Ok(default) };
            match render(node, scope)? {
                Value::Int(n) => Ok(n as f64),
                Value::Float(n) => Ok(n),
                Value::Null | Value::Omit => Ok(default),
                other => other.to_string().trim().parse().map_err(|_| node.error("this must be a number").label(other.to_string())),
            }
        };
        let asked = !self.task.until.is_empty() || self.task.retries.is_some();
        let retries = if asked { number(&self.task.retries, 3.0)?.max(0.0) as u32 } else { 0 };
        let repeated = retries > 0;
        let delay = number(&self.task.delay, 5.0)?.max(0.0);
        let mut attempt = 1;
        loop {
            let mut answered = self.dispatch(scope).await?;
            if repeated {
                answered.result.insert("attempts".into(), Value::Int(i64::from(attempt)));
            }
            let variables = std::mem::take(&mut answered.variables);
            let mut outcome = self.judge(answered, scope);
            if outcome.status != Status::Failed {
                for effect in variables {
                    self.take_effect(effect, scope)?;
                }
            }
            if !repeated {
                return Ok(outcome);
            }
            let with_result = self.with_result(scope, &outcome.result);
            let done = if self.task.until.is_empty() {
                outcome.status != Status::Failed
            } else {
                match all_hold(&self.task.until, &with_result) {
                    Ok(holds) => holds,
                    Err(problem) => return Ok(failed(problem)),
                }
            };
            if done || matches!(outcome.status, Status::Unreachable | Status::Skipped) || self.play.run.stopped() {
                return Ok(outcome);
            }
            if attempt > retries {
                let mut result = outcome.result.as_map().cloned().unwrap_or_default();
                // ansible-core counts the tries that were left to make: observed with 2.19.
                result.insert("attempts".into(), Value::Int(i64::from(retries)));
                result.insert("failed".into(), Value::Bool(true));
                // What failed_when decided stays the word on the task; the result says that it gave up.
                if result.get("failed_when_result").is_none_or(Value::is_true) {
                    outcome.status = Status::Failed;
                }
                outcome.result = Value::Map(Arc::new(result));
                return Ok(outcome);
            }
            let left = retries - attempt + 1;
            self.play.run.emit(Event::Retrying { task: self.info.clone(), host: self.host.name.clone(), attempt, left });
            attempt += 1;
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// changed_when and failed_when decide over the module.
    fn judge(&self, answered: Answered, scope: &TaskScope) -> Outcome {
        let Answered { mut result, diff, warnings, error, unreachable, delegated_to, hidden, variables: _ } = answered;
        if unreachable {
            result.insert("unreachable".into(), Value::Bool(true));
            let result = Value::Map(Arc::new(result));
            return Outcome { status: Status::Unreachable, result, diff, warnings, item: None, error, delegated_to, hidden };
        }
        let is = |result: &Map, key: &str| result.get(key).is_some_and(Value::is_true);
        let (mut failed, mut error) = (is(&result, "failed"), error);
        if !is(&result, "skipped") {
            // A rule that cannot be decided fails the task; what the module answered is kept.
            let mut undecided = |result: &mut Map, name: &str, problem: Diagnostic| {
                result.insert(name.into(), Value::from(problem.in_result()));
                result.insert("failed".into(), Value::Bool(true));
                result.insert("msg".into(), Value::from(problem.in_result()));
                (failed, error) = (true, Some(problem));
            };
            let seen = |result: &Map| self.with_result(scope, &Value::Map(Arc::new(result.clone())));
            if !self.task.changed_when.is_empty() {
                match all_hold(&self.task.changed_when, &seen(&result)) {
                    Ok(changed) => drop(result.insert("changed".into(), Value::Bool(changed))),
                    Err(problem) => undecided(&mut result, "changed_when_result", problem),
                }
            }
            if !self.task.failed_when.is_empty() {
                match all_hold(&self.task.failed_when, &seen(&result)) {
                    Err(problem) => undecided(&mut result, "failed_when_result", problem),
                    Ok(now) => {
                        result.insert("failed_when_result".into(), Value::Bool(now));
                        result.insert("failed".into(), Value::Bool(now));
                        if !now {
                            if failed {
                                result.insert("failed_when_suppressed_exception".into(), Value::str("(traceback unavailable)"));
                            }
                            error = None;
                        }
                        failed = now;
                    }
                }
            }
        }
        let status = match () {
            () if failed => Status::Failed,
            () if is(&result, "skipped") => Status::Skipped,
            () if is(&result, "changed") => Status::Changed,
            () => Status::Ok,
        };
        result.entry("changed".into()).or_insert(Value::Bool(false));
        result.entry("failed".into()).or_insert(Value::Bool(failed));
        Outcome { status, result: Value::Map(Arc::new(result)), diff, warnings, item: None, error, delegated_to, hidden }
    }

    pub(super) fn with_result(&self, scope: &TaskScope, result: &Value) -> TaskScope {
        let facts = result.get("ansible_facts").and_then(Value::as_map).into_iter().flatten();
        let facts = facts.map(|(name, value)| (Arc::from(name.to_string()), Var::Value(value.clone())));
        scope.with(facts.chain(self.task.register.iter().map(|name| (name.clone(), Var::Value(result.clone())))))
    }

    pub(super) fn ignoring(&self, outcome: Outcome, scope: &TaskScope) -> Outcome {
        let asked = |keyword: &str| self.frame.flag(keyword, scope).ok().flatten() == Some(true);
        let status = match outcome.status {
            Status::Failed if asked("ignore_errors") => Status::Ignored,
            Status::Unreachable if asked("ignore_unreachable") => Status::UnreachableIgnored,
            other => other,
        };
        Outcome { status, ..outcome }
    }
}

pub(super) fn all_hold(conditions: &[Node], scope: &TaskScope) -> Result<bool, Diagnostic> {
    for node in conditions {
        if !condition(node, scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn skipped(condition: &Node) -> Outcome {
    let result = Value::map([
        ("changed".into(), Value::Bool(false)),
        ("skipped".into(), Value::Bool(true)),
        ("skip_reason".into(), Value::str("Conditional result was False")),
        ("false_condition".into(), Value::from_node(condition)),
    ]);
    outcome(Status::Skipped, result, None)
}

/// What `register` keeps says always whether something changed, and has a place for what broke.
pub(super) fn registered(result: &Value) -> Value {
    let mut map = result.as_map().cloned().unwrap_or_default();
    map.entry("changed".into()).or_insert(Value::Bool(false));
    if map.get("failed").is_some_and(Value::is_true) {
        map.entry("exception".into()).or_insert_with(|| Value::str("(traceback unavailable)"));
    }
    // So have the items of a loop.
    let failed = |item: &Value| item.get("failed").is_some_and(Value::is_true);
    if let Some(Value::List(items)) = map.get("results")
        && items.iter().any(failed)
    {
        let items: Vec<Value> = items.iter().map(|item| if failed(item) { registered(item) } else { item.clone() }).collect();
        map.insert("results".into(), Value::list(items));
    }
    Value::Map(Arc::new(map))
}

/// A task that never came to run.
pub(super) fn failed(problem: Diagnostic) -> Outcome {
    let msg = format!("Task failed: {}", problem.in_result());
    let result =
        Value::map([("changed".into(), Value::Bool(false)), ("failed".into(), Value::Bool(true)), ("msg".into(), Value::from(msg))]);
    outcome(Status::Failed, result, Some(problem))
}

fn outcome(status: Status, result: Value, error: Option<Diagnostic>) -> Outcome {
    Outcome { status, result, diff: Vec::new(), warnings: Vec::new(), item: None, error, delegated_to: None, hidden: false }
}
