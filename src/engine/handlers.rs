//! Handlers: collected per play, notified per host, run when a section ends or `meta: flush_handlers` says so.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::steps::Flow;
use crate::diag::Diagnostic;
use crate::playbook::{Play, RoleUse, Step, Task, role};
use crate::template::render_text;
use crate::vars::TaskScope;
use crate::yaml::Node;

/// A handler and where it stands.
#[derive(Clone)]
pub(super) struct Handler {
    pub task: Arc<Task>,
    pub frame: Arc<Frame>,
    /// `name`, `role : name`.
    names: Vec<String>,
    listen: Vec<String>,
    /// Those that were written side by side have the same number.
    group: usize,
}

/// The handlers of a play, in the order in which they run.
#[derive(Default)]
pub(super) struct Handlers {
    list: Mutex<Vec<Handler>>,
    /// Host and position in the list.
    notified: Mutex<HashSet<(Arc<str>, usize)>>,
}

/// Those of the play's roles, then the play's own: docs.ansible.com, "Handlers".
pub(super) fn collect_handlers(play: &Play, frame: &Arc<Frame>, scope: &TaskScope) -> Result<Handlers, Diagnostic> {
    let handlers = Handlers::default();
    for steps in [&play.roles, &play.pre_tasks, &play.tasks, &play.post_tasks] {
        let mut roles = indexmap::IndexMap::new();
        role::roles_in(steps, &mut roles);
        for used in roles.values() {
            handlers.add_role(used, frame, scope);
        }
    }
    handlers.add_steps(&play.handlers, &frame.for_handlers(), scope);
    Ok(handlers)
}

impl Handlers {
    /// A role's handlers; twice the same role adds them once.
    pub(super) fn add_role(&self, used: &Arc<RoleUse>, frame: &Arc<Frame>, scope: &TaskScope) {
        if !used.role.handlers.is_empty() {
            self.add_steps(&used.role.handlers, &frame.enter(used).for_handlers(), scope);
        }
    }

    fn add_steps(&self, steps: &[Step], frame: &Arc<Frame>, scope: &TaskScope) {
        let next = || self.list.lock().unwrap_or_else(PoisonError::into_inner).last().map_or(0, |last| last.group + 1);
        let mut group = next();
        for step in steps {
            match step {
                Step::Task(task) => {
                    self.add(task, frame, scope, group);
                    continue;
                }
                Step::Block(block) => self.add_steps(&block.steps, &frame.inner(&block.keywords, block.folder.as_ref(), false), scope),
                Step::Role(used) => self.add_steps(&used.role.tasks, &frame.enter(used), scope),
            }
            group = next();
        }
    }

    fn add(&self, task: &Arc<Task>, frame: &Arc<Frame>, scope: &TaskScope, group: usize) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        // The same role taken in several times, by several ways, has its handlers once.
        let same = |a: &crate::diag::Span, b: &crate::diag::Span| a.source.path == b.source.path && a.start == b.start;
        if list.iter().any(|known| same(&known.task.span, &task.span)) {
            return;
        }
        let text = |node: &Node| render_text(node, scope).unwrap_or_else(|_| node.scalar_text().unwrap_or_default());
        let name = task.name.as_ref().map_or_else(|| task.action.name.clone(), text);
        if let Some(problem) = task.name.as_ref().filter(|node| node.has_template()).and_then(|node| render_text(node, scope).err()) {
            let why = format!(
                "Handler '{name}' is unusable because it has no listen topics and the name could not be templated: {}",
                problem.message
            );
            scope.world.warn(Diagnostic { level: crate::diag::Level::Warning, message: why, ..problem });
        }
        // One without a name is reached by what it listens to.
        let mut names: Vec<String> = task.name.is_some().then_some(name).into_iter().collect();
        // Topics are constants: a template in one is never asked for.
        let mut listen: Vec<String> = task.listen.iter().filter_map(Node::scalar_text).collect();
        if let Some(role) = &frame.role {
            // A role of a collection goes by its short name too.
            let roles = [role.name.as_str(), role.name.rsplit('.').next().unwrap_or_default()];
            for known in [&mut names, &mut listen] {
                let with_role: Vec<String> = known.iter().flat_map(|name| roles.map(|role| format!("{role} : {name}"))).collect();
                known.extend(with_role);
            }
        }
        list.push(Handler { task: task.clone(), frame: frame.clone(), names, listen, group });
    }

    /// Notifies by name or by topic.
    ///
    /// # Errors
    /// No handler has the name: the message suggests a near one.
    pub(super) fn notify(&self, host: &Arc<str>, name: &str) -> Result<(), Diagnostic> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        // Of several with one name the first one counts of those that were taken in last; a topic reaches all that listen.
        let has_name = |h: &Handler| h.names.iter().any(|n| n == name);
        let last = list.iter().rfind(|h| has_name(h)).map(|h| h.group);
        let named = list.iter().position(|h| Some(h.group) == last && has_name(h));
        let mut listening: Vec<usize> = (0..list.len()).filter(|i| list[*i].listen.iter().any(|l| l == name)).collect();
        listening.sort_by_key(|i| std::cmp::Reverse(list[*i].group));
        let mut seen: Vec<&String> = Vec::new();
        // Of those, one of a name.
        listening.retain(|i| {
            let own = list[*i].names.first();
            let is_new = own.is_none_or(|own| !seen.contains(&own));
            seen.extend(own);
            is_new
        });
        let found: Vec<usize> = named.into_iter().chain(listening).collect();
        if found.is_empty() {
            let known = list.iter().flat_map(|h| h.names.iter().take(1).chain(&h.listen)).map(String::as_str);
            let why =
                format!("The requested handler '{name}' was not found in either the main handlers list nor in the listening handlers list");
            return Err(Diagnostic::error(why).suggest(name, known));
        }
        let mut notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        notified.extend(found.into_iter().map(|i| (host.clone(), i)));
        Ok(())
    }

    fn get(&self, at: usize) -> Option<Handler> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }

    fn take(&self, at: usize, host: &Arc<str>) -> bool {
        self.notified.lock().unwrap_or_else(PoisonError::into_inner).remove(&(host.clone(), at))
    }

    /// The host is to have no more handlers.
    fn forget(&self, host: &str) {
        self.notified.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| of.as_ref() != host);
    }

    fn waiting(&self) -> bool {
        !self.notified.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl PlayRun {
    /// Runs the notified handlers, in the order of their definition.
    pub(super) async fn flush_handlers(self: &Arc<Self>, hosts: Vec<Host>) -> Flow {
        let mut flow = Flow::of(hosts);
        let mut at = 0;
        while self.handlers.waiting() && !self.run.stopped() && !self.is_over() {
            let Some(handler) = self.handlers.get(at) else { break };
            let notified: Vec<Host> = flow.alive.iter().filter(|h| self.handlers.take(at, &h.name)).cloned().collect();
            at += 1;
            if notified.is_empty() {
                continue;
            }
            let ran = Box::pin(self.task(&handler.task, &handler.frame, notified.clone())).await;
            flow.alive.retain(|h| !notified.iter().any(|n| n.name == h.name) || ran.alive.iter().any(|a| a.name == h.name));
            ran.failed.iter().for_each(|host| self.handlers.forget(&host.name));
            flow.failed.extend(ran.failed);
            flow.left += ran.left;
        }
        flow.alive = self.in_order(flow.alive);
        flow
    }
}
