//! Loops: `loop`, `with_…` and `loop_control`.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, all_hold, failed};
use super::event::{Event, Outcome, Status};
use super::play::var;
use super::task::shown_outcome;
use crate::diag::Diagnostic;
use crate::playbook::{Task, list_or_one};
use crate::template::{self, Var, render};
use crate::value::{Map, Value};
use crate::vars::TaskScope;
use crate::yaml::Node;

/// Names and options of `loop_control`.
pub(super) struct Control {
    pub var: Arc<str>,
    pub index: Option<Arc<str>>,
    pub label: Option<Node>,
    pub pause: f64,
    pub extended: bool,
    /// With `extended`: all items in `ansible_loop.allitems`.
    pub all_items: bool,
    /// Ends the loop after an item for which all hold.
    pub break_when: Vec<Node>,
}

impl Attempt {
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

    pub(super) async fn each(&self, scope: &TaskScope, items: Vec<Value>, control: &Control) -> Outcome {
        let total = items.len();
        let mut results = Vec::with_capacity(total);
        let (mut status, mut diff, mut warnings, mut error, mut hidden) = (None, Vec::new(), Vec::new(), None, false);
        let (mut ended, mut known) = (Ok(false), scope.clone());
        let written = self.written_items(&items, scope).unwrap_or_default();
        if template::Scope::get(scope, &control.var).is_some() {
            scope.world.warn(collision(&self.task, &control.var));
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 && control.pause > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(control.pause)).await;
            }
            let locals = item_vars(&items, index, control);
            // Facts that one turn sets are there in the next.
            if results.last().is_some_and(|last: &Value| last.get("ansible_facts").is_some()) {
                known = self.play.scope(&self.host, &self.frame);
            }
            let mut seen = locals.clone();
            // What was written may name a variable for `debug`.
            if let Some(node) = written.get(index) {
                seen[0].1 = Var::Node(node.clone());
            }
            let inner = known.with(seen);
            let mut outcome = self.once(&inner).await;
            let mut result = outcome.result.as_map().cloned().unwrap_or_default();
            for (name, value) in &locals {
                if let Var::Value(value) = value {
                    result.insert(Value::Str(name.clone()), value.clone());
                }
            }
            // What the turn registered can be in its label.
            let seen = self.with_result(&inner, &outcome.result);
            outcome.item = Some(match control.label.as_ref().map(|label| render(label, &seen)) {
                None => item.clone(),
                Some(Ok(label)) => label,
                Some(Err(problem)) => {
                    let msg = format!("Failed to template loop_control.label: {}", problem.in_result());
                    result.insert("failed".into(), Value::Bool(true));
                    result.insert("msg".into(), Value::from(msg));
                    outcome = self.ignoring(Outcome { status: Status::Failed, error: Some(problem), ..outcome }, scope);
                    item.clone()
                }
            });
            outcome.result = Value::Map(Arc::new(result));
            results.push(outcome.result.clone());
            ended = self.is_broken_off(control, &inner, &outcome.result);
            status = Some(worse(status, outcome.status));
            diff.append(&mut outcome.diff.clone());
            warnings.append(&mut outcome.warnings.clone());
            error = error.or_else(|| outcome.error.clone());
            hidden |= outcome.hidden;
            let shown = shown_outcome(&outcome, &self.info);
            self.play.run.emit(Event::Item { task: self.info.clone(), host: self.host.name.clone(), outcome: Box::new(shown) });
            if outcome.status == Status::Unreachable || self.play.run.stopped() || !matches!(ended, Ok(false)) {
                break;
            }
        }
        if let Err(problem) = ended {
            return self.ignoring(failed(problem), scope);
        }
        let status = status.unwrap_or(Status::Skipped);
        let changed = results.iter().any(|r| r.get("changed").is_some_and(Value::is_true));
        let mut result = Map::new();
        result.insert("results".into(), Value::list(results));
        result.insert("changed".into(), Value::Bool(changed));
        let msg = match status {
            Status::Failed | Status::Ignored => "One or more items failed",
            Status::Skipped => "All items skipped",
            _ => "All items completed",
        };
        if total > 0 {
            result.insert("msg".into(), Value::str(msg));
        }
        if matches!(status, Status::Failed | Status::Ignored) {
            result.insert("failed".into(), Value::Bool(true));
        }
        result.insert("skipped".into(), Value::Bool(status == Status::Skipped));
        if total == 0 {
            result.insert("skipped_reason".into(), Value::str("No items in the list"));
        }
        let status = if status == Status::Ok && changed { Status::Changed } else { status };
        Outcome { status, result: Value::Map(Arc::new(result)), diff, warnings, item: None, error, delegated_to: None, hidden }
    }

    /// The items with what of them was written, for actions that evaluate their arguments themselves.
    fn written_items(&self, items: &[Value], scope: &TaskScope) -> Option<Vec<Node>> {
        let evaluates = crate::actions::find(&self.task.action.name).is_some_and(|action| !action.raw.is_empty());
        let repeat =
            self.task.repeat.as_ref().filter(|repeat| evaluates && matches!(repeat.lookup.as_deref(), None | Some("items" | "list")))?;
        let node = template::written(&repeat.terms, scope)?;
        let nodes = node.as_list().filter(|nodes| nodes.len() == items.len())?;
        Some(nodes.iter().zip(items).map(|(node, item)| template::as_written(node, item, scope)).collect())
    }

    /// Whether `break_when` holds; it sees the item and what was registered of it.
    fn is_broken_off(&self, control: &Control, scope: &TaskScope, result: &Value) -> Result<bool, Diagnostic> {
        Ok(!control.break_when.is_empty() && all_hold(&control.break_when, &self.with_result(scope, result))?)
    }
}

/// A loop in a loop with the same variable.
fn collision(task: &Task, var: &str) -> Diagnostic {
    let name = task.name.as_ref().and_then(Node::scalar_text).unwrap_or_else(|| task.action.name.clone());
    Diagnostic::warning(format!("task `{name}`: the loop variable '{var}' is already in use"))
        .at(task.loop_control.as_ref().map_or(&task.span, Node::span))
        .help("give the loop another one with `loop_control: {loop_var: …}`")
}

pub(super) fn control(node: Option<&Node>, scope: &TaskScope) -> Result<Control, Diagnostic> {
    let mut control =
        Control { var: "item".into(), index: None, label: None, pause: 0.0, extended: false, all_items: true, break_when: Vec::new() };
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
            "extended_allitems" => control.all_items = render(value, scope)?.is_true(),
            "break_when" => control.break_when = list_or_one(value),
            // The loader refuses what is no option.
            _ => {}
        }
    }
    Ok(control)
}

/// The variables of one turn of a loop.
pub(super) fn item_vars(items: &[Value], index: usize, control: &Control) -> Vec<(Arc<str>, Var)> {
    let mut locals =
        vec![(control.var.clone(), Var::Value(items[index].clone())), var("ansible_loop_var", Value::Str(control.var.clone()))];
    if let Some(name) = &control.index {
        locals.push((name.clone(), Var::Value(Value::Int(index as i64))));
        locals.push(var("ansible_index_var", Value::Str(name.clone())));
    }
    if control.extended {
        let (at, total) = (index as i64, items.len() as i64);
        let mut map = Map::new();
        let mut add = |key: &str, value: Value| map.insert(key.into(), value);
        if control.all_items {
            add("allitems", Value::list(items.to_vec()));
        }
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

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "a dictionary",
        Value::Str(_) => "a string",
        Value::Null => "nothing",
        _ => "no list",
    }
}
