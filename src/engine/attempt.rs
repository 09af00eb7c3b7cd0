//! One task on one host: loop, conditions, tries, and what becomes of the result.

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::Answered;
use super::event::{Event, Outcome, Status, TaskInfo};
use super::frame::Frame;
use super::play::{Host, PlayRun, var};
use super::task::shown_outcome;
use crate::diag::Diagnostic;
use crate::playbook::Task;
use crate::template::{self, Var, condition, render};
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

/// Names and options of `loop_control`.
pub(super) struct Control {
    pub var: Arc<str>,
    pub index: Option<Arc<str>>,
    pub label: Option<Node>,
    pub pause: f64,
    pub extended: bool,
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
                _ => failed(problem),
            },
        };
        if let Some(name) = &self.task.register {
            self.host.set(name.clone(), outcome.result.clone());
        }
        outcome
    }

    /// The items of the loop; none for a task without.
    pub(super) fn items(&self, scope: &TaskScope) -> Result<Option<(Vec<Value>, Control)>, Diagnostic> {
        let Some(repeat) = &self.task.repeat else { return Ok(None) };
        let control = control(self.task.loop_control.as_ref(), scope)?;
        let terms = match (&repeat.lookup, repeat.terms.as_str()) {
            // A bare name is a variable's, as older content has it.
            (Some(_), Some(name)) if !repeat.terms.has_template() && template::Scope::get(scope, name).is_some() => {
                template::evaluate(&repeat.terms, scope)?
            }
            _ => render(&repeat.terms, scope)?,
        };
        let items = match &repeat.lookup {
            None => match &terms {
                Value::List(items) | Value::Tuple(items) => items.to_vec(),
                Value::Object(object) => object.iter()?.unwrap_or_default(),
                other => {
                    return Err(repeat
                        .terms
                        .error("`loop` needs a list")
                        .label(format!("this is {}", type_of(other)))
                        .help("turn a dictionary into a list with `| dict2items`"));
                }
            },
            Some(lookup) => {
                let terms = match terms {
                    Value::List(items) | Value::Tuple(items) => items.to_vec(),
                    Value::Null => Vec::new(),
                    one => vec![one],
                };
                // Files of a task lie in a folder of their own kind.
                let folder = match self.task.action.short() {
                    "template" => "templates",
                    "include_vars" => "vars",
                    _ => "files",
                };
                let options = [("_subdir", Value::str(folder))];
                let options = if lookup.ends_with("first_found") { &options[..] } else { &[] };
                template::lookup(lookup, terms, options, scope).map_err(|d| d.or_at(Some(repeat.terms.span())))?
            }
        };
        Ok(Some((items.into_iter().filter(|i| !matches!(i, Value::Omit)).collect(), control)))
    }

    async fn each(&self, scope: &TaskScope, items: Vec<Value>, control: &Control) -> Outcome {
        let total = items.len();
        let mut results = Vec::with_capacity(total);
        let (mut status, mut diff, mut warnings, mut error) = (None, Vec::new(), Vec::new(), None);
        for (index, item) in items.iter().enumerate() {
            if index > 0 && control.pause > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(control.pause)).await;
            }
            let locals = item_vars(&items, index, control);
            let inner = scope.with(locals.clone());
            let mut outcome = self.once(&inner).await;
            let mut result = outcome.result.as_map().cloned().unwrap_or_default();
            for (name, value) in &locals {
                if let Var::Value(value) = value
                    && name.as_ref() != "ansible_loop"
                {
                    result.insert(Value::Str(name.clone()), value.clone());
                }
            }
            outcome.result = Value::Map(Arc::new(result));
            let label = control.label.as_ref().and_then(|l| render(l, &inner).ok()).unwrap_or_else(|| item.clone());
            outcome.item = Some(label);
            results.push(outcome.result.clone());
            status = Some(worse(status, outcome.status));
            diff.append(&mut outcome.diff.clone());
            warnings.append(&mut outcome.warnings.clone());
            error = error.or_else(|| outcome.error.clone());
            let shown = shown_outcome(&outcome, &self.info);
            self.play.run.emit(Event::Item { task: self.info.clone(), host: self.host.name.clone(), outcome: Box::new(shown) });
            if outcome.status == Status::Unreachable || self.play.run.stopped() {
                break;
            }
        }
        let status = status.unwrap_or(Status::Skipped);
        let changed = results.iter().any(|r| r.get("changed").is_some_and(Value::is_true));
        let mut result = Map::new();
        result.insert("results".into(), Value::list(results));
        result.insert("changed".into(), Value::Bool(changed));
        let msg = match status {
            Status::Failed | Status::Ignored => "One or more items failed",
            Status::Skipped if total == 0 => "No items in the list",
            Status::Skipped => "All items skipped",
            _ => "All items completed",
        };
        result.insert("msg".into(), Value::str(msg));
        if matches!(status, Status::Failed | Status::Ignored) {
            result.insert("failed".into(), Value::Bool(true));
        }
        if status == Status::Skipped {
            result.insert("skipped".into(), Value::Bool(true));
            if total == 0 {
                result.insert("skipped_reason".into(), Value::str("No items in the list"));
            }
        }
        let status = if status == Status::Ok && changed { Status::Changed } else { status };
        Outcome { status, result: Value::Map(Arc::new(result)), diff, warnings, item: None, error, delegated_to: None }
    }

    /// The task once: condition, tries, changed_when, failed_when.
    async fn once(&self, scope: &TaskScope) -> Outcome {
        match self.frame.when(scope) {
            Ok(None) => {}
            Ok(Some(condition)) => return skipped(&condition),
            Err(problem) => return self.ignoring(failed(problem), scope),
        }
        let outcome = match self.tries(scope).await {
            Ok(outcome) => outcome,
            Err(problem) => Outcome { delegated_to: self.frame.text("delegate_to", scope).ok().flatten(), ..failed(problem) },
        };
        self.ignoring(outcome, scope)
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
        let repeated = !self.task.until.is_empty() || self.task.retries.is_some();
        let retries = if repeated { number(&self.task.retries, 3.0)?.max(0.0) as u32 } else { 0 };
        let delay = number(&self.task.delay, 5.0)?.max(0.0);
        let mut attempt = 1;
        loop {
            let answered = self.dispatch(scope).await?;
            let mut outcome = self.judge(answered, scope)?;
            if !repeated {
                return Ok(outcome);
            }
            let mut result = outcome.result.as_map().cloned().unwrap_or_default();
            result.insert("attempts".into(), Value::Int(i64::from(attempt)));
            outcome.result = Value::Map(Arc::new(result));
            let with_result = self.with_result(scope, &outcome.result);
            let done = if self.task.until.is_empty() {
                outcome.status != Status::Failed
            } else {
                all_hold(&self.task.until, &with_result)?
            };
            if done || matches!(outcome.status, Status::Unreachable | Status::Skipped) || self.play.run.stopped() {
                return Ok(outcome);
            }
            if attempt > retries {
                let mut result = outcome.result.as_map().cloned().unwrap_or_default();
                // ansible-core counts the tries that were left to make: observed with 2.19.
                result.insert("attempts".into(), Value::Int(i64::from(retries)));
                result.insert("failed".into(), Value::Bool(true));
                outcome.result = Value::Map(Arc::new(result));
                outcome.status = Status::Failed;
                return Ok(outcome);
            }
            let left = retries - attempt + 1;
            self.play.run.emit(Event::Retrying { task: self.info.clone(), host: self.host.name.clone(), attempt, left });
            attempt += 1;
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// changed_when and failed_when decide over the module.
    fn judge(&self, answered: Answered, scope: &TaskScope) -> Result<Outcome, Diagnostic> {
        let Answered { mut result, diff, warnings, error, unreachable, delegated_to } = answered;
        if unreachable {
            result.insert("unreachable".into(), Value::Bool(true));
            let result = Value::Map(Arc::new(result));
            return Ok(Outcome { status: Status::Unreachable, result, diff, warnings, item: None, error, delegated_to });
        }
        let is = |result: &Map, key: &str| result.get(key).is_some_and(Value::is_true);
        let (mut failed, mut error) = (is(&result, "failed"), error);
        if !is(&result, "skipped") {
            if !self.task.changed_when.is_empty() {
                let changed = all_hold(&self.task.changed_when, &self.with_result(scope, &Value::Map(Arc::new(result.clone()))))?;
                result.insert("changed".into(), Value::Bool(changed));
            }
            if !self.task.failed_when.is_empty() {
                let now = all_hold(&self.task.failed_when, &self.with_result(scope, &Value::Map(Arc::new(result.clone()))))?;
                result.insert("failed_when_result".into(), Value::Bool(now));
                result.insert("failed".into(), Value::Bool(now));
                if !now {
                    error = None;
                }
                failed = now;
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
        Ok(Outcome { status, result: Value::Map(Arc::new(result)), diff, warnings, item: None, error, delegated_to })
    }

    fn with_result(&self, scope: &TaskScope, result: &Value) -> TaskScope {
        match &self.task.register {
            Some(name) => scope.with([(name.clone(), Var::Value(result.clone()))]),
            None => scope.clone(),
        }
    }

    fn ignoring(&self, outcome: Outcome, scope: &TaskScope) -> Outcome {
        let asked = |keyword: &str| self.frame.flag(keyword, scope).ok().flatten() == Some(true);
        let status = match outcome.status {
            Status::Failed if asked("ignore_errors") => Status::Ignored,
            Status::Unreachable if asked("ignore_unreachable") => Status::UnreachableIgnored,
            other => other,
        };
        Outcome { status, ..outcome }
    }
}

pub(super) fn control(node: Option<&Node>, scope: &TaskScope) -> Result<Control, Diagnostic> {
    let mut control = Control { var: "item".into(), index: None, label: None, pause: 0.0, extended: false };
    let Some(node) = node else { return Ok(control) };
    let entries = node.as_map().ok_or_else(|| node.error("`loop_control` must be a dictionary"))?;
    for (key, value) in entries {
        let name = key.scalar_text().unwrap_or_default();
        let text = || template::render_text(value, scope);
        match name.as_str() {
            "loop_var" => control.var = text()?.into(),
            "index_var" => control.index = Some(text()?.into()),
            "label" => control.label = Some(value.clone()),
            "pause" => control.pause = text()?.trim().parse().map_err(|_| value.error("`pause` must be a number of seconds"))?,
            "extended" => control.extended = render(value, scope)?.is_true(),
            "extended_allitems" | "break_when" => {}
            other => {
                let known = ["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];
                return Err(key.error(format!("`{other}` is not an option of loop_control")).suggest(other, known));
            }
        }
    }
    Ok(control)
}

/// The variables of one turn of a loop.
pub(super) fn item_vars(items: &[Value], index: usize, control: &Control) -> Vec<(Arc<str>, Var)> {
    let mut locals = vec![(control.var.clone(), Var::Value(items[index].clone())), var("ansible_loop_var", Value::Str(control.var.clone()))];
    if let Some(name) = &control.index {
        locals.push((name.clone(), Var::Value(Value::Int(index as i64))));
        locals.push(var("ansible_index_var", Value::Str(name.clone())));
    }
    if control.extended {
        let (at, total) = (index as i64, items.len() as i64);
        let mut map = Map::new();
        let mut add = |key: &str, value: Value| map.insert(key.into(), value);
        add("allitems", Value::list(items.to_vec()));
        add("index", Value::Int(at + 1));
        add("index0", Value::Int(at));
        add("first", Value::Bool(at == 0));
        add("last", Value::Bool(at + 1 == total));
        add("length", Value::Int(total));
        add("revindex", Value::Int(total - at));
        add("revindex0", Value::Int(total - at - 1));
        if index > 0 {
            add("previtem", items[index - 1].clone());
        }
        if let Some(next) = items.get(index + 1) {
            add("nextitem", next.clone());
        }
        locals.push(var("ansible_loop", Value::Map(Arc::new(map))));
    }
    locals
}

pub(super) fn all_hold(conditions: &[Node], scope: &TaskScope) -> Result<bool, Diagnostic> {
    for node in conditions {
        if !condition(node, scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn worse(before: Option<Status>, now: Status) -> Status {
    let rank = |status: Status| match status {
        Status::Unreachable => 6,
        Status::Failed => 5,
        Status::Ignored | Status::UnreachableIgnored => 4,
        Status::Changed => 3,
        Status::Ok => 2,
        Status::Skipped => 1,
    };
    match before {
        Some(before) if rank(before) >= rank(now) => before,
        _ => now,
    }
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

pub(super) fn failed(problem: Diagnostic) -> Outcome {
    let result = Value::map([
        ("changed".into(), Value::Bool(false)),
        ("failed".into(), Value::Bool(true)),
        ("msg".into(), Value::str(&problem.message)),
    ]);
    outcome(Status::Failed, result, Some(problem))
}

fn outcome(status: Status, result: Value, error: Option<Diagnostic>) -> Outcome {
    Outcome { status, result, diff: Vec::new(), warnings: Vec::new(), item: None, error, delegated_to: None }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "a dictionary",
        Value::Str(_) => "a string",
        Value::Null => "nothing",
        _ => "no list",
    }
}
