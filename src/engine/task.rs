//! One task on a set of hosts: all at once, then what follows from the outcomes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::attempt::Attempt;
use indexmap::IndexMap;
use tokio::sync::Semaphore;

use super::event::{Event, Outcome, TaskInfo};
use super::frame::{Frame, selected};
use super::play::{Apart, Host, PlayRun, Strategy};
use super::steps::Flow;
use crate::diag::Diagnostic;
use crate::modules::glob::Glob;
use crate::playbook::{Step, Task};
use crate::template::{Scope, render, render_text};
use crate::value::{Map, Value};
use crate::vars::TaskScope;
use crate::yaml::Node;

impl PlayRun {
    pub(super) async fn task(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let here = frame.inner(&task.keywords, Some(&task.folder), false);
        if !frame.handlers && !self.wanted(task, &here, &hosts) {
            return Flow::of(hosts);
        }
        if task.action.name.contains("{{") {
            return Box::pin(self.by_rendered_name(task, frame, &here, hosts)).await;
        }
        match task.action.short() {
            "meta" => return self.meta(task, &here, hosts).await,
            "include_tasks" | "include" | "include_role" => return Box::pin(self.include(task, &here, hosts)).await,
            _ => {}
        }
        let info = self.info(task, &here, &hosts);
        if !self.steps_into(&info).await {
            return Flow::of(hosts);
        }
        self.announce_task(&info);
        let once = hosts.first().is_some_and(|first| here.flag("run_once", &self.scope(first, &here)).ok().flatten() == Some(true));
        // add_host changes what all share, pause holds up all: one host is enough, and the result is its own.
        let alone = once || (self.strategy == Strategy::Linear && matches!(task.action.short(), "add_host" | "pause"));
        let working = if alone { hosts[..1].to_vec() } else { hosts.clone() };
        let outcomes = self.attempt_all(task, &here, &info, working).await;
        if once {
            self.share_with_all(task, &here, &outcomes);
        }
        self.run.flush_warnings();
        self.settle(task, &here, &hosts, outcomes, once)
    }

    /// A task whose module a template names: hosts with the same module do it together.
    async fn by_rendered_name(self: &Arc<Self>, task: &Arc<Task>, frame: &Arc<Frame>, here: &Frame, hosts: Vec<Host>) -> Flow {
        let node = Node::string(&task.action.name, &task.action.name_span);
        let mut groups: IndexMap<String, Vec<Host>> = IndexMap::new();
        for host in hosts {
            // One that cannot be rendered is no module's name: that is then the error.
            let name = render_text(&node, &self.scope(&host, here)).unwrap_or_else(|problem| problem.message);
            groups.entry(name).or_default().push(host);
        }
        let mut flow = Flow::default();
        for (name, hosts) in groups {
            let mut named = (**task).clone();
            named.action.name = name;
            flow.and(self.task(&Arc::new(named), frame, hosts).await);
        }
        flow.alive = self.in_order(flow.alive);
        flow
    }

    /// Whether `--tags`, `--skip-tags` and `--start-at-task` let it run.
    fn wanted(&self, task: &Task, frame: &Frame, hosts: &[Host]) -> bool {
        if !self.has_wanted_tags(frame) {
            return false;
        }
        if self.run.started.load(Ordering::SeqCst) {
            return true;
        }
        if task.span.start == self.play.span.start && Arc::ptr_eq(&task.span.source, &self.play.span.source) {
            // Facts are gathered in the play that the start lies in.
            return [&self.play.pre_tasks, &self.play.roles, &self.play.tasks, &self.play.post_tasks]
                .into_iter()
                .any(|steps| self.holds_start(steps, None, frame, hosts));
        }
        let reached = self.is_start(task, frame.role.as_ref().map(|role| role.name.as_str()), frame, hosts);
        if reached {
            self.run.started.store(true, Ordering::SeqCst);
        }
        reached
    }

    fn is_start(&self, task: &Task, role: Option<&str>, frame: &Frame, hosts: &[Host]) -> bool {
        let Some(start) = self.run.options.start_at_task.as_deref() else { return false };
        let name = self.task_name(task, frame, hosts);
        let full = role.map_or_else(|| name.clone(), |role| format!("{role} : {name}"));
        [&name, &full].iter().any(|n| n.as_str() == start || Glob::new(start).is_ok_and(|glob| glob.fits(n)))
    }

    fn holds_start(&self, steps: &[Step], role: Option<&str>, frame: &Frame, hosts: &[Host]) -> bool {
        steps.iter().any(|step| match step {
            Step::Task(task) => self.is_start(task, role, frame, hosts),
            Step::Block(block) => [&block.steps, &block.rescue, &block.always].iter().any(|s| self.holds_start(s, role, frame, hosts)),
            Step::Role(used) => {
                let needed = used.role.dependencies.iter().cloned().map(Step::Role).collect::<Vec<_>>();
                self.holds_start(&needed, role, frame, hosts) || self.holds_start(&used.role.tasks, Some(&used.role.name), frame, hosts)
            }
        })
    }

    pub(super) fn has_wanted_tags(&self, frame: &Frame) -> bool {
        let options = &self.run.options;
        let tags = frame.tags();
        let Some(host) = self.order.first().filter(|_| tags.iter().any(|tag| tag.contains("{{"))) else {
            return selected(&tags, &options.tags, &options.skip_tags);
        };
        let all = rendered_tags(tags, &self.scope(&self.run.world.host(host), frame));
        selected(&all.iter().map(String::as_str).collect::<Vec<_>>(), &options.tags, &options.skip_tags)
    }

    pub(super) fn task_name(&self, task: &Task, frame: &Frame, hosts: &[Host]) -> String {
        match (&task.name, hosts.first()) {
            (None, _) if task.action.short() == "include_role" => {
                let role = task.action.get("name").or_else(|| task.action.get("role")).and_then(Node::scalar_text);
                format!("{} : {}", task.action.name, role.unwrap_or_default())
            }
            (Some(node), Some(first)) => {
                let raw = || node.scalar_text().unwrap_or_default();
                if node.is_null() || node.as_str() == Some("") {
                    return task.action.name.clone();
                }
                if !node.has_template() {
                    return raw();
                }
                let scope = self.scope(first, frame);
                render_text(node, &scope).unwrap_or_else(|_| with_faults(node, &raw(), &scope))
            }
            _ => task.action.name.clone(),
        }
    }

    /// `no_log`, or what is set for tasks without.
    pub(super) fn hides(&self, frame: &Frame, scope: &TaskScope) -> bool {
        frame.flag("no_log", scope).ok().flatten().unwrap_or(self.run.options.no_log)
    }

    pub(super) fn info(&self, task: &Arc<Task>, frame: &Frame, hosts: &[Host]) -> Arc<TaskInfo> {
        let no_log = hosts.first().is_some_and(|host| self.hides(frame, &self.scope(host, frame)));
        Arc::new(TaskInfo {
            id: self.apart(task, frame, hosts).map_or_else(|| self.run.next_id(), |(id, _)| id),
            name: self.task_name(task, frame, hosts),
            role: frame.role.as_ref().map(|r| r.name.clone()).filter(|_| task.action.short() != "include_role"),
            action: task.action.name.clone(),
            arguments: if self.run.options.show_arguments && !no_log { written(task) } else { String::new() },
            handler: frame.handlers,
            span: task.span.clone(),
            no_log,
            check: hosts
                .first()
                .and_then(|host| frame.flag("check_mode", &self.scope(host, frame)).ok()?)
                .unwrap_or(self.run.options.check),
            run_once: frame.nearest("run_once").is_some(),
        })
    }

    /// Where each host goes on by itself, the outcomes say that a task is under way.
    pub(super) fn announce_task(&self, info: &Arc<TaskInfo>) {
        if self.strategy == Strategy::Linear {
            self.run.emit(Event::TaskStarted(info.clone()));
        }
    }

    /// The number and the throttle of a task that each host comes to in its own time.
    fn apart(&self, task: &Arc<Task>, frame: &Frame, hosts: &[Host]) -> Option<(u64, Option<Arc<Semaphore>>)> {
        if self.strategy == Strategy::Linear {
            return None;
        }
        let key = Arc::as_ptr(task) as usize;
        let mut apart = self.apart.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let new = || Apart {
            _task: task.clone(),
            id: self.run.next_id(),
            throttle: self.throttle(frame, hosts).ok().flatten().map(|limit| Arc::new(Semaphore::new(limit))),
        };
        let known = apart.entry(key).or_insert_with(new);
        Some((known.id, known.throttle.clone()))
    }

    fn throttle(&self, frame: &Frame, hosts: &[Host]) -> Result<Option<usize>, Diagnostic> {
        let (Some(node), Some(first)) = (frame.nearest("throttle"), hosts.first()) else { return Ok(None) };
        let wrong = |why: String| node.error(format!("Failed to convert the throttle value to an integer: {why}"));
        let value = render(node, &self.scope(first, frame)).map_err(|problem| wrong(problem.message.replace('`', "'")))?;
        let limit: i64 =
            value.to_string().trim().parse().map_err(|_| wrong(format!("invalid literal for int() with base 10: '{value}'")))?;
        Ok(usize::try_from(limit).ok().filter(|limit| *limit > 0))
    }

    /// Runs the task on each host, as many at once as forks and throttle allow; the outcomes are in the order of the hosts.
    async fn attempt_all(
        self: &Arc<Self>,
        task: &Arc<Task>,
        frame: &Arc<Frame>,
        info: &Arc<TaskInfo>,
        hosts: Vec<Host>,
    ) -> Vec<(Host, Outcome)> {
        let limit = match self.throttle(frame, &hosts) {
            Ok(limit) => limit.map_or(self.forks(), |limit| limit.min(self.forks())),
            Err(problem) => {
                self.run.emit(Event::Warning(problem));
                self.run.give_up();
                return Vec::new();
            }
        };
        let throttle = self.apart(task, frame, &hosts).and_then(|(_, throttle)| throttle);
        let mut waiting = hosts.iter().cloned().enumerate();
        let mut set = tokio::task::JoinSet::new();
        let mut done: Vec<Option<Outcome>> = hosts.iter().map(|_| None).collect();
        loop {
            while set.len() < limit
                && let Some((position, host)) = waiting.next()
            {
                let attempt = Attempt { play: self.clone(), task: task.clone(), frame: frame.clone(), info: info.clone(), host };
                let gates = [throttle.clone(), (self.strategy == Strategy::Free).then(|| self.gate.clone())];
                set.spawn(async move {
                    let mut permits = Vec::new();
                    for gate in gates.into_iter().flatten() {
                        permits.extend(gate.acquire_owned().await.ok());
                    }
                    (position, attempt.run_unless_stopped().await)
                });
            }
            let Some(joined) = set.join_next().await else { break };
            let Ok((position, outcome)) = joined else { continue };
            let shown = shown_outcome(&outcome, info);
            self.run.emit(Event::Finished { task: info.clone(), host: hosts[position].name.clone(), outcome: Box::new(shown) });
            done[position] = Some(outcome);
        }
        hosts.into_iter().zip(done).filter_map(|(host, outcome)| outcome.map(|o| (host, o))).collect()
    }

    /// `run_once`: the first host's outcome is everybody's in the batch, wherever the others are.
    fn share_with_all(&self, task: &Task, frame: &Frame, outcomes: &[(Host, Outcome)]) {
        let Some((first, outcome)) = outcomes.first().cloned() else { return };
        // Facts of a delegate are its own.
        let others = frame.flag("delegate_facts", &self.scope(&first, frame)).ok().flatten() == Some(true);
        let batch = self.vars.batch.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        for host in batch.iter().filter(|name| **name != first.name).map(|name| self.run.world.host(name)) {
            if let Some(name) = &task.register {
                host.set(name.clone(), outcome.result.clone());
            }
            if let Some(facts) = outcome.result.get("ansible_facts").and_then(Value::as_map).filter(|_| !others) {
                let set_fact = task.action.short() == "set_fact";
                for (key, value) in facts {
                    let key: Arc<str> = key.to_string().into();
                    if set_fact { host.set(key, value.clone()) } else { host.add_facts([(key, value.clone())]) }
                }
            }
        }
    }
}

/// Tags of which some are templates, as they come out.
pub fn rendered_tags<'a>(tags: impl IntoIterator<Item = &'a str>, scope: &dyn Scope) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for tag in tags {
        if !tag.contains("{{") {
            all.push(tag.to_owned());
            continue;
        }
        match render(&Node::string(tag, &crate::yaml::nowhere("tags", tag)), scope) {
            Ok(Value::List(items)) => all.extend(items.iter().map(ToString::to_string)),
            Ok(text) => all.extend(text.to_string().split(',').map(|tag| tag.trim().to_owned())),
            Err(_) => all.push(tag.to_owned()),
        }
    }
    all
}

/// The arguments of a task as its heading shows them.
fn written(task: &Task) -> String {
    let pair = |(name, node): &(String, Node)| format!("{name}={}", Value::from_node(node));
    task.action.arguments.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// A name of which some expressions fail: those say so in their place.
fn with_faults(node: &Node, text: &str, scope: &TaskScope) -> String {
    let (mut shown, mut rest, mut faults) = (String::new(), text, 0);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, after)) = after.split_once("}}") else { break };
        shown.push_str(before);
        match render_text(&Node::string(&format!("{{{{{inner}}}}}"), node.span()), scope) {
            Ok(text) => shown.push_str(&text),
            Err(problem) => {
                faults += 1;
                shown.push_str(&format!("<< error {faults} - {} >>", problem.message.replace('`', "'")));
            }
        }
        rest = after;
    }
    shown + rest
}

/// What may be shown of an outcome: with `no_log` only that it happened.
pub(super) fn shown_outcome(outcome: &Outcome, info: &TaskInfo) -> Outcome {
    if !info.no_log && !outcome.hidden {
        return outcome.clone();
    }
    let text = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";
    let changed = outcome.result.get("changed").cloned().unwrap_or(Value::Bool(false));
    let mut result: Map = [("censored".into(), Value::str(text)), ("changed".into(), changed)].into_iter().collect();
    if let Some(attempts) = outcome.result.get("attempts") {
        result.insert("attempts".into(), attempts.clone());
    }
    // A loop is still known as one.
    if outcome.result.get("results").is_some() {
        result.insert("results".into(), Value::list([]));
    }
    Outcome {
        result: Value::Map(Arc::new(result)),
        diff: Vec::new(),
        warnings: Vec::new(),
        item: outcome.item.as_ref().map(|_| Value::str("(censored due to no_log)")),
        error: None,
        ..outcome.clone()
    }
}
