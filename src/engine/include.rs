//! include_tasks and include_role: resolved while the play runs, host by host; hosts that take in the same go on together.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::attempt::{Attempt, failed, registered, skipped};
use super::event::{Event, Outcome, Status, TaskInfo};
use super::frame::Frame;
use super::play::{Host, PlayRun, dependencies};
use super::repeat::item_vars;
use super::steps::Flow;
use super::task::shown_outcome;
use crate::diag::{Diagnostic, Diagnostics, Level};
use crate::playbook::{self, From, Inside, Keywords, RoleUse, Step, Task, VarMap, Way, collections};
use crate::template::{Var, render, render_text};
use crate::value::{Map, Value};
use crate::vars::TaskScope;
use crate::yaml::Node;

/// What one host (one turn of its loop) takes in.
struct Wanted {
    what: What,
    params: VarMap,
    label: Option<Value>,
}

#[derive(Clone, PartialEq)]
enum What {
    Tasks(String),
    Role { name: String, from: From, public: bool, allow_duplicates: bool, validate: bool },
}

/// What is included, read.
struct Taken {
    /// The file or role, as it is shown.
    shown: String,
    steps: Vec<Step>,
    frame: Arc<Frame>,
}

impl PlayRun {
    pub(super) async fn include(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let info = self.info(task, frame, &hosts);
        if !self.steps_into(&info).await {
            return Flow::of(hosts);
        }
        self.announce_task(&info);
        let mut groups: Vec<(Wanted, Vec<Host>)> = Vec::new();
        let mut flow = Flow::default();
        let once = hosts.first().is_some_and(|first| frame.flag("run_once", &self.scope(first, frame)).ok().flatten() == Some(true));
        let (hosts, others) = hosts.split_at(if once { 1 } else { hosts.len() });
        for host in hosts {
            let attempt = Attempt { play: self.clone(), task: task.clone(), frame: frame.clone(), info: info.clone(), host: host.clone() };
            match attempt.wanted() {
                Ok(Ok(wanted)) => {
                    flow.alive.push(host.clone());
                    // The n-th inclusion of each host goes with the same one of the others.
                    let mut from = 0;
                    for one in wanted {
                        let same = |(other, at): &(Wanted, Vec<Host>)| {
                            other.what == one.what
                                && format!("{:?}", other.params) == format!("{:?}", one.params)
                                && at.last().is_none_or(|h| h.name != host.name)
                        };
                        match groups.iter().skip(from).position(same) {
                            Some(at) => {
                                groups[from + at].1.push(host.clone());
                                from += at + 1;
                            }
                            None => {
                                groups.push((one, vec![host.clone()]));
                                from = groups.len();
                            }
                        }
                    }
                }
                Ok(Err(outcome)) => {
                    self.run.count(&host.name, |c| c.skipped += 1);
                    if let Some(name) = &task.register {
                        host.set(name.clone(), outcome.result.clone());
                    }
                    self.run.emit(Event::Finished { task: info.clone(), host: host.name.clone(), outcome: Box::new(outcome) });
                    flow.alive.push(host.clone());
                }
                Err(problem) => {
                    let outcome = attempt.ignoring(failed(problem), &self.scope(host, frame));
                    if let Some(name) = &task.register {
                        host.set(name.clone(), registered(&outcome.result));
                    }
                    let shown = Box::new(shown_outcome(&outcome, &info));
                    self.run.emit(Event::Finished { task: info.clone(), host: host.name.clone(), outcome: shown });
                    flow.and(self.settle(task, frame, std::slice::from_ref(host), vec![(host.clone(), outcome)], false));
                }
            }
        }
        let mut found = Vec::new();
        for (wanted, members) in groups {
            match self.read(task, frame, &wanted, &members) {
                Ok(taken) => {
                    self.announce(&info, taken.shown.clone(), &wanted, &members);
                    found.push((taken, members));
                }
                Err(problems) if problems.0.iter().any(|problem| problem.level == Level::Error && !problem.of_hosts) => {
                    self.run.abort(problems);
                    return Flow::default();
                }
                Err(problems) => {
                    let mut all = problems.0.into_iter();
                    let first = all.next().unwrap_or_else(|| Diagnostic::error("what is included has errors"));
                    all.for_each(|more| self.run.emit(Event::Warning(more)));
                    for host in &members {
                        self.include_failed(&info, frame, &wanted, host, first.clone(), &mut flow);
                    }
                }
            }
        }
        if !flow.failed.is_empty() {
            self.after_failures(frame, &mut flow, false);
        }
        for (taken, members) in found {
            if self.is_over() {
                break;
            }
            // Only those that an earlier inclusion left alive.
            let (ready, rest): (Vec<Host>, Vec<Host>) =
                std::mem::take(&mut flow.alive).into_iter().partition(|h| members.iter().any(|m| m.name == h.name));
            let ran = self.list(&taken.steps, taken.frame.clone(), ready).await;
            flow.then(ran);
            flow.alive.extend(rest);
            flow.alive = self.in_order(flow.alive);
        }
        self.run.flush_warnings();
        flow.alive.extend(others.iter().cloned());
        flow.alive = self.in_order(flow.alive);
        flow
    }

    fn announce(&self, info: &Arc<TaskInfo>, what: String, wanted: &Wanted, members: &[Host]) {
        for host in members {
            self.run.count(&host.name, |c| c.ok += 1);
        }
        let hidden = info.no_log.then(|| "(censored due to no_log)".to_owned());
        let label = hidden.or_else(|| wanted.label.as_ref().map(ToString::to_string));
        self.run.emit(Event::Included { task: info.clone(), what, hosts: members.iter().map(|h| h.name.clone()).collect(), label });
    }

    /// A failed include is counted as a failure, rescued or not, as ansible-core has it.
    fn include_failed(&self, info: &Arc<TaskInfo>, frame: &Frame, wanted: &Wanted, host: &Host, problem: Diagnostic, flow: &mut Flow) {
        let reason = Value::str(problem.in_result());
        let mut outcome = failed(problem);
        let mut result = outcome.result.as_map().cloned().unwrap_or_default();
        result.shift_remove(&Value::str("msg"));
        result.insert("reason".into(), reason);
        if let What::Tasks(file) = &wanted.what {
            result.insert("include".into(), Value::str(file));
        }
        outcome.result = Value::Map(Arc::new(result));
        if !frame.rescuable {
            self.gone([host]);
        }
        self.run.count(&host.name, |c| c.failed += 1);
        host.set("ansible_failed_result".into(), outcome.result.clone());
        self.run.emit(Event::Finished { task: info.clone(), host: host.name.clone(), outcome: Box::new(outcome) });
        self.fail(host);
        flow.alive.retain(|alive| alive.name != host.name);
        flow.failed.push(host.clone());
    }

    /// Finds and reads what is included. Handlers and public variables of a role are there from now on.
    fn read(&self, task: &Task, frame: &Arc<Frame>, wanted: &Wanted, hosts: &[Host]) -> Result<Taken, Diagnostics> {
        let inside = inside(task, frame, self.run.loader.lenient);
        let mut problems = Diagnostics::default();
        let apply = apply_keywords(task, &mut problems);
        self.run.loader.note_defaults(&apply);
        let place = ["file", "_raw_params", "name", "role"].iter().find_map(|key| task.action.get(key)).map(Node::span);
        match &wanted.what {
            What::Tasks(file) => {
                let path: PathBuf = self.run.loader.find_tasks(file, &inside).map_err(|d| d.or_at(place))?;
                let (steps, inner) = self.run.loader.tasks_file(&path, &inside, &mut problems);
                if problems.has_errors() {
                    return Err(problems);
                }
                let shown = std::path::absolute(&path).unwrap_or(path).display().to_string();
                let here = frame.included(Arc::new(apply), wanted.params.clone(), inner.folder, false);
                self.add_handlers(&steps, &here, hosts);
                Ok(Taken { shown, steps, frame: here })
            }
            What::Role { name, from, public, allow_duplicates, validate } => {
                let role = self.run.loader.role(name, from, &inside).map_err(|mut all| {
                    all.0 = all.0.into_iter().map(|d| d.or_at(place)).collect();
                    all
                })?;
                if problems.has_errors() {
                    return Err(problems);
                }
                let mut dependent = Vec::new();
                dependencies(&role, &mut dependent);
                self.vars.took_in(&role.name, dependent);
                if *public {
                    self.publish(&role);
                }
                let mut params = task.keywords.vars.clone();
                params.extend(wanted.params.clone());
                let outer = frame.included(Arc::new(Keywords::default()), wanted.params.clone(), role.path.join("tasks"), true);
                let used = Arc::new(RoleUse {
                    role,
                    params,
                    keywords: Arc::new(apply),
                    public: *public,
                    allow_duplicates: *allow_duplicates,
                    validate: *validate,
                    way: Way::Include,
                });
                let steps = vec![Step::Role(used)];
                self.add_handlers(&steps, &outer, hosts);
                Ok(Taken { shown: name.clone(), steps, frame: outer })
            }
        }
    }

    /// The handlers of roles that came in, those of their own imports and dependencies too.
    fn add_handlers(&self, steps: &[Step], frame: &Arc<Frame>, hosts: &[Host]) {
        let Some(first) = hosts.first() else { return };
        let mut roles = IndexMap::new();
        playbook::role::roles_in(steps, &mut roles);
        for used in roles.values() {
            self.handlers.add_role(used, frame, &self.scope(first, frame));
        }
    }

    fn publish(&self, role: &playbook::Role) {
        let add = |lock: &std::sync::RwLock<Arc<VarMap>>, vars: &VarMap| {
            let mut map = lock.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::make_mut(&mut map).extend(vars.clone());
        };
        add(&self.vars.role_defaults, &role.defaults);
        add(&self.vars.role_vars, &role.vars);
    }
}

impl Attempt {
    /// What this host takes in, or the outcome of a condition that does not hold.
    fn wanted(&self) -> Result<Result<Vec<Wanted>, Outcome>, Diagnostic> {
        let scope = self.play.scope(&self.host, &self.frame);
        let items = match self.items(&scope) {
            Ok(items) => items,
            // A loop over something that is missing where the task would be skipped anyway.
            Err(problem) => return self.frame.when(&scope)?.map(|condition| Err(skipped(&condition))).ok_or(problem),
        };
        let Some((items, control)) = items else {
            if let Some(condition) = self.frame.when(&scope)? {
                return Ok(Err(skipped(&condition)));
            }
            let one = self.one(&scope, VarMap::new(), None)?;
            let mut result = self.told(&one, &scope);
            result.insert("changed".into(), Value::Bool(false));
            self.register(result);
            return Ok(Ok(vec![one]));
        };
        let (mut all, mut results) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let locals = item_vars(&items, index, &control);
            let inner = scope.with(locals.clone());
            let label = control.label.as_ref().map(|l| render(l, &inner)).transpose()?.unwrap_or_else(|| item.clone());
            match self.frame.when(&inner)? {
                None => {
                    let one = self.one(&inner, locals.iter().cloned().collect(), Some(label))?;
                    results.push(of_item(self.told(&one, &inner), &locals));
                    all.push(one);
                }
                Some(condition) => {
                    let outcome = Box::new(Outcome { item: Some(label), ..skipped(&condition) });
                    results.push(of_item(outcome.result.as_map().cloned().unwrap_or_default(), &locals));
                    self.play.run.emit(Event::Item { task: self.info.clone(), host: self.host.name.clone(), outcome });
                }
            }
        }
        let is_skipped = all.is_empty();
        let mut result: Map = [("changed".into(), Value::Bool(false)), ("skipped".into(), Value::Bool(is_skipped))].into_iter().collect();
        if items.is_empty() {
            result.insert("skipped_reason".into(), Value::str("No items in the list"));
        } else {
            result.insert("msg".into(), Value::str(if is_skipped { "All items skipped" } else { "All items completed" }));
        }
        result.insert("results".into(), Value::list(results));
        self.register(result.clone());
        if is_skipped {
            let result = Value::Map(Arc::new(result));
            return Ok(Err(Outcome {
                status: Status::Skipped,
                result,
                diff: Vec::new(),
                warnings: Vec::new(),
                item: None,
                error: None,
                delegated_to: None,
                hidden: false,
            }));
        }
        Ok(Ok(all))
    }

    fn register(&self, result: Map) {
        if let Some(name) = &self.task.register {
            self.host.set(name.clone(), Value::Map(Arc::new(result)));
        }
    }

    /// What `register` keeps of an include: what was asked for.
    fn told(&self, wanted: &Wanted, scope: &TaskScope) -> Map {
        let mut result = Map::new();
        if self.task.register.is_none() {
            return result;
        }
        let is_file = |name: &str| matches!(name, "file" | "_raw_params");
        if let What::Tasks(file) = &wanted.what {
            result.insert("include".into(), Value::str(file));
        }
        let mut arguments = Map::new();
        for (name, node) in self.task.action.arguments.iter().filter(|(name, _)| !is_file(name)) {
            arguments.insert(Value::str(name), render(node, scope).unwrap_or_else(|_| Value::from_node(node)));
        }
        result.insert("include_args".into(), Value::Map(Arc::new(arguments)));
        result
    }

    fn one(&self, scope: &TaskScope, mut params: VarMap, label: Option<Value>) -> Result<Wanted, Diagnostic> {
        let action = &self.task.action;
        let text = |name: &str| action.get(name).map(|n| render_text(n, scope)).transpose().map(|t| t.filter(|t| !t.is_empty()));
        let flag = |name: &str| action.get(name).map(|n| render(n, scope)).transpose().map(|v| v.is_some_and(|v| truth(&v)));
        let needs = |what: &str| Diagnostic::error(format!("`{}` needs {what}", action.name)).at(&action.name_span);
        let what = if action.short() == "include_role" {
            let name = text("name")?.or(text("role")?).ok_or_else(|| needs("`name`"))?;
            let from = From {
                tasks: text("tasks_from")?,
                vars: text("vars_from")?,
                defaults: text("defaults_from")?,
                handlers: text("handlers_from")?,
            };
            let or = |name: &str, default: bool| if action.get(name).is_none() { Ok(default) } else { flag(name) };
            let public = or("public", !self.play.run.loader.private_roles.unwrap_or(true))?;
            What::Role { name, from, public, allow_duplicates: or("allow_duplicates", true)?, validate: or("rolespec_validate", true)? }
        } else {
            let file = text("file")?.or(text("_raw_params")?).ok_or_else(|| needs("a file"))?;
            // Older content: `include: file.yml name=value`.
            let mut words = file.split_whitespace();
            let first = words.next().unwrap_or_default().to_owned();
            for (key, value) in words.filter_map(|w| w.split_once('=')) {
                params.insert(key.into(), Var::Value(Value::str(value)));
            }
            if action.short() == "include" {
                for (key, node) in action.arguments.iter().filter(|(k, _)| !matches!(k.as_str(), "file" | "_raw_params" | "apply" | "name"))
                {
                    params.insert(key.as_str().into(), Var::Value(render(node, scope)?));
                }
            }
            What::Tasks(first)
        };
        Ok(Wanted { what, params, label })
    }
}

/// The result of one turn of a loop, with the loop's variables.
fn of_item(mut result: Map, locals: &[(Arc<str>, Var)]) -> Value {
    for (name, value) in locals {
        if let Var::Value(value) = value {
            result.insert(Value::Str(name.clone()), value.clone());
        }
    }
    Value::Map(Arc::new(result))
}

/// Where the files that an include names are looked for.
fn inside(task: &Task, frame: &Frame, lenient: bool) -> Inside {
    Inside {
        folder: if task.folder.as_os_str().is_empty() { frame.folder.clone() } else { task.folder.clone() },
        playbook: frame.playbook.clone(),
        role: frame.role.as_ref().map(|r| r.path.clone()),
        handlers: frame.handlers,
        taken_in: true,
        // A mistake in a task comes in its turn, for the tasks before it are done by then.
        borne: lenient,
        collections: match (&frame.role, frame.nearest("collections")) {
            (Some(role), _) => role.collections.clone(),
            (None, node) => collections::searched_in(node, &frame.playbook),
        },
        ..Inside::default()
    }
}

/// `apply:`: keywords for all that is included.
fn apply_keywords(task: &Task, problems: &mut Diagnostics) -> Keywords {
    let mut keywords = Keywords::default();
    if let Some(apply) = task.action.get("apply") {
        for (key, value) in apply.as_map().unwrap_or_default() {
            let name = key.scalar_text().unwrap_or_default();
            if !keywords.take(&name, value, problems) {
                problems.push(key.error(format!("`{name}` cannot be applied")));
            }
        }
    }
    keywords
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Str(text) => matches!(text.to_lowercase().as_str(), "yes" | "true" | "on" | "1" | "y" | "t"),
        other => other.is_true(),
    }
}
