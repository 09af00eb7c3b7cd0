//! One turn of a task on one host: arguments rendered, action or module chosen, run, and its effects taken over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map as JsonMap, Value as Json};

use super::attempt::Attempt;
use super::event::Event;
use super::play::Host;
use super::run::Added;
use super::target::TaskTarget;
use crate::actions::{self, Context, Effect};
use crate::diag::Diagnostic;
use crate::modules;
use crate::plan::{Diff, Failure};
use crate::template::{Scope, render};
use crate::value::{Map, Value};
use crate::vars::TaskScope;
use crate::wire::TaskResult;
use crate::yaml::Node;

/// From this many -v on, results tell what the module was told.
const INVOCATION: u8 = 3;

/// What a module or action answered.
pub(super) struct Answered {
    pub result: Map,
    pub diff: Vec<Diff>,
    pub warnings: Vec<String>,
    pub error: Option<Diagnostic>,
    pub unreachable: bool,
    pub delegated_to: Option<String>,
    /// What is in the result must not be shown.
    pub hidden: bool,
    /// Variables that the host gets if the task is not judged to have failed.
    pub variables: Vec<Effect>,
}

impl Attempt {
    /// # Errors
    /// A template in the task's arguments or keywords fails.
    pub(super) async fn dispatch(&self, scope: &TaskScope) -> Result<Answered, Diagnostic> {
        let name = &self.task.action.name;
        let action = if self.task.action.foreign.is_some() { Some(&actions::FOREIGN) } else { actions::find(name) };
        let full = action.map(|a| a.name).or_else(|| modules::find(name).map(|m| m.name)).unwrap_or(name);
        let arguments = self
            .arguments(scope, action.map_or(&[][..], |a| a.raw))
            .map_err(|problem| problem.during(&format!("Finalization of task args for '{full}' failed: ")))?;
        let target = TaskTarget::prepare(self, scope, action.is_some_and(|a| a.local))?;
        self.play.run.emit(Event::Working { task: self.info.clone(), host: self.host.name.clone(), becoming: target.becoming() });
        let told = arguments.clone();
        let refused = target.background.as_ref().and_then(|_| self.refused_in_background(action));
        let running = async {
            let answered = match refused {
                Some(refused) => refused,
                None => self.perform(action, arguments, &target, scope).await?,
            };
            match &target.background {
                Some(background) => self.follow(background, answered, scope).await,
                None => Ok(answered),
            }
        };
        let mut answered = self.in_time(&target, running).await?;
        answered.delegated_to = target.delegated_to.clone().filter(|to| !self.is_own(to));
        // Modules of the user's own tell it themselves: only they know what is secret.
        let shown = self.play.run.world.settings.verbosity >= INVOCATION;
        if self.task.action.foreign.is_some() && !shown {
            answered.result.shift_remove("invocation");
        } else if self.task.action.foreign.is_none() && shown && !answered.unreachable {
            answered.result.insert("invocation".into(), self.invocation(&told));
        }
        self.take_facts(&answered.result, scope);
        if target.diff && !answered.diff.is_empty() {
            let diffs = answered.diff.iter().map(diff_value);
            answered.result.insert("diff".into(), Value::list(diffs));
        }
        Ok(answered)
    }

    /// What the module was told, without secrets.
    fn invocation(&self, arguments: &JsonMap<String, Json>) -> Value {
        let name = &self.task.action.name;
        let known = actions::find(name).map(|a| a.arguments).or_else(|| modules::find(name).map(|m| m.arguments)).unwrap_or_default();
        let is_secret = |name: &str| known.iter().any(|a| a.secret && a.is(name));
        let shown = |(name, value): (&String, &Json)| {
            let value = if is_secret(name) { Value::str("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER") } else { Value::from_json(value) };
            (Value::str(name), value)
        };
        Value::map([(
            "module_args".into(),
            Value::map(arguments.iter().filter(|(name, _)| !name.starts_with('_') || *name == "_raw_params").map(shown)),
        )])
    }

    /// Gives up what takes longer than the task's `timeout`. The host ends modules in time by itself: their answer is waited for.
    async fn in_time(
        &self,
        target: &TaskTarget<'_>,
        running: impl Future<Output = Result<Answered, Diagnostic>>,
    ) -> Result<Answered, Diagnostic> {
        let Some(seconds) = target.timeout else { return running.await };
        let (limit, grace) = (Duration::from_secs_f64(seconds), Duration::from_secs(2));
        let begun = Instant::now();
        let answered = tokio::time::timeout(limit + grace, running).await.ok().transpose()?;
        let failed = |answered: &Answered| answered.result.get("failed").is_some_and(Value::is_true);
        match answered {
            Some(answered) if begun.elapsed() < limit || !failed(&answered) => Ok(answered),
            _ => {
                let period = ("period".into(), if seconds.fract() == 0.0 { Value::Int(seconds as i64) } else { Value::Float(seconds) });
                let failure = Failure::new(format!("Timed out after {seconds} second(s)."));
                let mut answered = self.of_failure(failure);
                answered.result.insert("timedout".into(), Value::map([period]));
                Ok(answered)
            }
        }
    }

    async fn perform(
        &self,
        action: Option<&'static actions::Entry>,
        arguments: JsonMap<String, Json>,
        target: &TaskTarget<'_>,
        scope: &TaskScope,
    ) -> Result<Answered, Diagnostic> {
        let name = &self.task.action.name;
        let takes_text = match (action, modules::find(name)) {
            (Some(action), _) => action.free_form.is_some() || action.open,
            (None, module) => module.is_none_or(|module| module.free_form.is_some()),
        };
        if !takes_text && arguments.contains_key("_raw_params") {
            return Ok(self.of_failure(Failure::argument("_raw_params", format!("Action '{name}' does not support raw params."))));
        }
        // What a template gave could not be checked before.
        if self.task.action.rendered_arguments.is_some() {
            let rules = action.map(|a| a.rules).unwrap_or_default();
            if let Err(failure) = modules::arguments::check_rules(rules, &|name| arguments.get(name).cloned()) {
                return Ok(self.of_failure(failure));
            }
        }
        let Some(action) = action else {
            let Some(module) = modules::find(name) else {
                return Err(crate::playbook::no_module(&self.task.action));
            };
            let arguments = free_form(arguments, module.free_form);
            return Ok(match actions::Target::module(target, module.name, arguments, Vec::new()).await {
                Ok(result) => self.of_module(result),
                Err(unreachable) => self.of_failure(unreachable.into()),
            });
        };
        let written = self.written(action.raw, scope)?;
        let context = Context {
            scope,
            host: &self.host.name,
            target,
            check: target.check,
            diff: target.diff,
            verbosity: self.play.run.world.settings.verbosity,
            others: arguments.clone(),
            written: &written,
            foreign: self.task.action.foreign.as_deref(),
            ask: &self.play.run.ask,
        };
        let done = match (action.run)(arguments, context).await {
            Ok(done) => done,
            Err(failure) => return Ok(self.of_failure(failure)),
        };
        let mut answered = match done.module {
            Some(result) => self.of_module(result),
            None => empty(),
        };
        answered.result.extend(json_map(done.result));
        let mut changed = done.changed;
        for effect in done.effects {
            match effect {
                Effect::SetFacts { .. } | Effect::IncludeVars(_) => answered.variables.push(effect),
                effect => changed |= self.take_effect(effect, scope)?,
            }
        }
        if changed {
            answered.result.insert("changed".into(), Value::Bool(true));
        }
        if done.skipped {
            answered.result.insert("skipped".into(), Value::Bool(true));
        }
        if !done.warnings.is_empty() {
            answered.result.insert("warnings".into(), Value::list(done.warnings.iter().map(Value::str)));
        }
        answered.hidden |= done.hidden;
        answered.diff.extend(done.diff);
        answered.warnings.extend(done.warnings);
        Ok(answered)
    }

    pub(super) fn of_module(&self, answer: TaskResult) -> Answered {
        let mut result = match serde_json::from_slice::<JsonMap<String, Json>>(&answer.result) {
            Ok(map) => json_map(map),
            Err(_) => Map::new(),
        };
        result.insert("changed".into(), Value::Bool(answer.changed));
        if answer.failed {
            result.insert("failed".into(), Value::Bool(true));
        }
        if answer.skipped {
            result.insert("skipped".into(), Value::Bool(true));
        }
        if !answer.warnings.is_empty() {
            result.insert("warnings".into(), Value::list(answer.warnings.iter().map(Value::str)));
        }
        let failed = result.get("failed").is_some_and(Value::is_true);
        let error = failed.then(|| self.error_at(&result, answer.argument.as_deref()).during("Module failed: "));
        let (diff, warnings, unreachable) = (answer.diff, answer.warnings, answer.unreachable);
        Answered { result, diff, warnings, error, unreachable, delegated_to: None, hidden: false, variables: Vec::new() }
    }

    pub(super) fn of_failure(&self, failure: Failure) -> Answered {
        let mut result = json_map(failure.result);
        let unreachable = result.get("unreachable").is_some_and(Value::is_true);
        if !failure.msg.is_empty() {
            result.insert("msg".into(), Value::str(&failure.msg));
        }
        result.insert("changed".into(), Value::Bool(false));
        result.insert("failed".into(), Value::Bool(!unreachable));
        let error = self.error_at(&result, failure.argument.as_deref());
        // What was wrong with an argument kept it from running at all.
        let ran = !unreachable && (failure.argument.is_none() || result.get("assertion").is_some());
        let error = Some(if ran { error.during("Action failed: ") } else { error });
        Answered { result, error, unreachable, ..empty() }
    }

    /// Points at the argument that a failure is about, or at the module's name.
    fn error_at(&self, result: &Map, argument: Option<&str>) -> Diagnostic {
        let msg = result.get("msg").map(ToString::to_string).filter(|m| !m.is_empty()).unwrap_or_else(|| "the task failed".into());
        let action = &self.task.action;
        let node = argument.and_then(|name| {
            let known = modules::find(&action.name).map(|m| m.arguments).or_else(|| actions::find(&action.name).map(|a| a.arguments));
            let names = known.and_then(|k| k.iter().find(|a| a.is(name)));
            action.arguments.iter().find(|(k, _)| k == name || names.is_some_and(|a| a.is(k))).map(|(_, v)| v)
        });
        Diagnostic::error(msg).at(node.map_or(&action.name_span, Node::span))
    }

    /// `ansible_facts` of a result become the host's, or the delegated host's with `delegate_facts`.
    fn take_facts(&self, result: &Map, scope: &TaskScope) {
        let Some(facts) = result.get("ansible_facts").and_then(Value::as_map) else { return };
        if self.task.action.short() == "set_fact" || self.task.action.short() == "include_vars" {
            return;
        }
        self.learner(scope).add_facts(facts.iter().map(|(k, v)| (Arc::from(k.to_string()), v.clone())));
    }

    /// The host whose facts the task tells: with `delegate_facts` the other one.
    fn learner(&self, scope: &TaskScope) -> Host {
        let delegated = self.frame.flag("delegate_facts", scope).ok().flatten() == Some(true);
        match self.delegate(scope) {
            Some(other) if delegated => self.play.run.world.host(&other),
            _ => self.host.clone(),
        }
    }

    /// Whether it changed the inventory.
    pub(super) fn take_effect(&self, effect: Effect, scope: &TaskScope) -> Result<bool, Diagnostic> {
        match effect {
            Effect::SetFacts { values, written, cacheable, facts } => {
                let to = self.learner(scope);
                if facts || cacheable {
                    to.add_facts(values.clone());
                }
                if !facts {
                    for (name, value) in values {
                        to.set(name, value);
                    }
                    for (name, node) in written {
                        to.set_written(name, node);
                    }
                }
            }
            Effect::IncludeVars(vars) => self.learner(scope).include(vars),
            Effect::AddHost { name, groups, vars } => {
                return self.play.run.add(Added::Host { name, groups, vars });
            }
            Effect::Stats { values, per_host, aggregate } => {
                let of = per_host.then(|| self.host.name.clone());
                self.play.run.stats.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(of, values, aggregate);
            }
            Effect::AddToGroup { group, parents } => {
                let host = self.host.name.clone();
                return self.play.run.add(Added::ToGroup { group, parents, host });
            }
        }
        Ok(false)
    }

    /// The environment of the task, all levels merged.
    ///
    /// # Errors
    /// A template fails, or a level is no dictionary.
    pub(super) fn environment(&self, scope: &dyn Scope) -> Result<BTreeMap<String, String>, Diagnostic> {
        let mut all = BTreeMap::new();
        for node in self.frame.environment() {
            let rendered = match node.as_map() {
                Some(entries) if matches!(self.task.action.short(), "setup" | "gather_facts") => without_own_facts(entries, scope)?,
                _ => render(node, scope).map_err(|problem| problem.during("Error processing keyword 'environment': "))?,
            };
            match rendered {
                Value::Map(map) => {
                    all.extend(map.iter().filter(|(_, v)| !matches!(v, Value::Omit)).map(|(k, v)| (k.to_string(), v.to_string())))
                }
                Value::Null | Value::Omit => {}
                Value::Str(text) if text.is_empty() => {}
                Value::List(items) if items.is_empty() => {}
                other => {
                    let warning = Diagnostic::warning(format!("could not parse environment value, skipping: {other}"));
                    self.play.run.emit(Event::Warning(warning.at(node.span())));
                }
            }
        }
        Ok(all)
    }

    /// A long task's word on where it stands.
    pub(super) fn progress(&self, message: &str, step: u64, of: u64) {
        let message = if self.info.no_log { String::new() } else { message.to_owned() };
        self.play.run.emit(Event::Progress { host: self.host.name.clone(), message, step, of });
    }
}

/// The environment of a task that learns the facts: what needs them is left out, as long as they are not there.
fn without_own_facts(entries: &[(Node, Node)], scope: &dyn Scope) -> Result<Value, Diagnostic> {
    let mut all = Map::new();
    for (key, value) in entries {
        match render(value, scope) {
            Ok(rendered) => drop(all.insert(render(key, scope)?, rendered)),
            Err(_) if value.as_str().is_some_and(|text| text.contains("ansible_env")) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Value::Map(Arc::new(all)))
}

/// Free text goes to the argument that takes it.
fn free_form(mut arguments: JsonMap<String, Json>, name: Option<&str>) -> JsonMap<String, Json> {
    if let Some(name) = name
        && name != "_raw_params"
        && let Some(text) = arguments.remove("_raw_params")
    {
        arguments.insert(name.to_owned(), text);
    }
    arguments
}

fn empty() -> Answered {
    Answered {
        result: Map::new(),
        diff: Vec::new(),
        warnings: Vec::new(),
        error: None,
        unreachable: false,
        delegated_to: None,
        hidden: false,
        variables: Vec::new(),
    }
}

fn json_map(map: JsonMap<String, Json>) -> Map {
    map.iter().map(|(k, v)| (Value::str(k), Value::from_json(v))).collect()
}

fn diff_value(diff: &Diff) -> Value {
    Value::map([
        ("before_header".into(), Value::str(&diff.before_header)),
        ("after_header".into(), Value::str(&diff.after_header)),
        ("before".into(), Value::str(&diff.before)),
        ("after".into(), Value::str(&diff.after)),
    ])
}
