//! Lists of tasks, blocks and roles, run by a set of hosts together.
//!
//! Linear: all hosts do a task, then all do the next; those that failed wait for the end of the block and go to its rescue. That is
//! a recursion over the tree with a shrinking set of hosts. Free: the same recursion, once for each host.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::frame::Frame;
use super::play::{Host, PlayRun};
use super::run::Lost;
use crate::playbook::{Block, RoleUse, Step};

/// Where hosts are after some steps.
#[derive(Default)]
pub(super) struct Flow {
    pub alive: Vec<Host>,
    /// Failed, and not rescued yet.
    pub failed: Vec<Host>,
    /// Left the role (`meta: end_role`): they come back where the role ends.
    pub out_of_role: Vec<Host>,
    /// How many ended without failing (`meta: end_host`).
    pub left: usize,
}

impl Flow {
    pub(super) fn of(alive: Vec<Host>) -> Flow {
        Flow { alive, ..Flow::default() }
    }

    /// Goes on with what is alive after `next`, keeping the failures of both.
    pub(super) fn then(&mut self, next: Flow) {
        self.alive = next.alive;
        self.failed.extend(next.failed);
        self.out_of_role.extend(next.out_of_role);
        self.left += next.left;
    }

    /// Joins what ran side by side.
    pub(super) fn and(&mut self, other: Flow) {
        self.alive.extend(other.alive);
        self.failed.extend(other.failed);
        self.out_of_role.extend(other.out_of_role);
        self.left += other.left;
    }
}

/// A future of a recursion.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Flow> + Send + 'a>>;

impl PlayRun {
    pub(super) fn forks(&self) -> usize {
        if self.run.options.forks == 0 { usize::MAX >> 4 } else { self.run.options.forks }
    }

    /// Whether nothing more may start.
    pub(super) fn is_over(&self) -> bool {
        [&self.over, &self.batch_over].iter().any(|flag| flag.load(Ordering::SeqCst)) || self.run.is_aborted()
    }

    pub(super) fn list<'a>(self: &'a Arc<Self>, steps: &'a [Step], frame: Arc<Frame>, hosts: Vec<Host>) -> Running<'a> {
        Box::pin(async move {
            let mut flow = Flow::of(hosts);
            for (at, step) in steps.iter().enumerate() {
                if flow.alive.is_empty() || self.is_over() {
                    break;
                }
                let alive = std::mem::take(&mut flow.alive);
                if self.run.stopped() && !frame.shielded {
                    alive.iter().for_each(|host| self.fail(host));
                    flow.failed.extend(alive);
                    break;
                }
                self.ahead.follow(&alive, &frame, &steps[at + 1..]);
                let next = match step {
                    Step::Task(task) => self.task(task, &frame, alive).await,
                    Step::Block(block) => self.block(block, &frame, alive).await,
                    Step::Role(used) => self.role(used, frame.enter(used), alive).await,
                };
                flow.then(next);
            }
            flow
        })
    }

    async fn block(self: &Arc<Self>, block: &Arc<Block>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let outer = frame.inner(&block.keywords, block.folder.as_ref(), false);
        // What --tags leaves nothing of is not there.
        let rescues = self.any_wanted(&block.rescue, &outer);
        let inner = if rescues { frame.inner(&block.keywords, block.folder.as_ref(), true) } else { outer.clone() };
        let mut flow = self.list(&block.steps, inner, hosts).await;
        if rescues && !flow.failed.is_empty() {
            let failed = self.in_order(std::mem::take(&mut flow.failed));
            for host in &failed {
                self.run.keep(&host.name);
            }
            let rescued = self.list(&block.rescue, outer.shielded(), failed).await;
            flow.and(rescued);
            flow.alive = self.in_order(flow.alive);
        }
        if !block.always.is_empty() {
            // Hosts that failed run it too, and stay failed, unless it clears their errors.
            let mut failed = std::mem::take(&mut flow.failed);
            let alive = std::mem::take(&mut flow.alive);
            let all = self.in_order(alive.iter().chain(&failed).cloned().collect());
            let cleared = self.cleared.load(Ordering::SeqCst);
            let after = self.list(&block.always, outer.shielded(), all).await;
            if self.cleared.load(Ordering::SeqCst) > cleared {
                failed.clear();
            }
            let was_failed = |h: &Host| failed.iter().any(|f| f.name == h.name);
            flow.alive = after.alive.iter().filter(|h| !was_failed(h)).cloned().collect();
            flow.failed = after.failed.iter().filter(|h| !was_failed(h)).cloned().collect();
            failed.iter().for_each(|host| self.fail(host));
            flow.failed.extend(failed);
            flow.out_of_role.extend(after.out_of_role);
            flow.left += after.left;
        }
        flow
    }

    /// Whether the tags let any of the steps run.
    fn any_wanted(&self, steps: &[Step], frame: &Arc<Frame>) -> bool {
        steps.iter().any(|step| match step {
            Step::Task(task) => task.action.short() == "meta" || self.has_wanted_tags(&frame.inner(&task.keywords, None, false)),
            Step::Block(block) => {
                let inner = frame.inner(&block.keywords, None, false);
                [&block.steps, &block.rescue, &block.always].iter().any(|part| self.any_wanted(part, &inner))
            }
            Step::Role(used) => self.any_wanted(&used.role.tasks, &frame.enter(used)),
        })
    }

    /// Hosts in the order of the play, whatever way they came back together.
    pub(super) fn in_order(&self, mut hosts: Vec<Host>) -> Vec<Host> {
        hosts.sort_by_cached_key(|host| self.order.iter().position(|name| *name == host.name));
        hosts
    }

    /// A role's dependencies, then its tasks; hosts that had it already with the same parameters pass by.
    async fn role(self: &Arc<Self>, used: &Arc<RoleUse>, inner: Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let mut flow = Flow::of(hosts);
        for dependency in &used.role.dependencies {
            let alive = std::mem::take(&mut flow.alive);
            flow.then(Box::pin(self.role(dependency, inner.enter_dependency(dependency), alive)).await);
        }
        let keywords = &used.keywords;
        let key = format!(
            "{}\0{:?}\0{:?}\0{:?}\0{:?}",
            used.role.path.display(),
            used.role.tasks.as_ptr(),
            (&used.params, &keywords.vars),
            keywords.when,
            keywords.tags
        );
        let had = || self.had.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (again, new) = std::mem::take(&mut flow.alive)
            .into_iter()
            .partition(|h| !used.allow_duplicates && had().contains(&(h.name.clone(), key.clone())));
        flow.then(self.role_tasks(used, &inner, new).await);
        flow.alive.extend(std::mem::take(&mut flow.out_of_role));
        let was_busy = |host: &&Host| {
            let place = inner.role.as_ref().map_or(0, |role| Arc::as_ptr(role) as usize);
            self.busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&(host.name.clone(), place))
        };
        let done: Vec<Arc<str>> = flow.alive.iter().filter(was_busy).map(|host| host.name.clone()).collect();
        had().extend(done.into_iter().map(|host| (host, key.clone())));
        flow.alive.extend::<Vec<Host>>(again);
        flow.alive = self.in_order(flow.alive);
        flow
    }

    async fn role_tasks(self: &Arc<Self>, used: &Arc<RoleUse>, frame: &Arc<Frame>, hosts: Vec<Host>) -> Flow {
        let mut flow = Flow::of(hosts);
        if let Some(check) = super::specs::task(used) {
            let alive = std::mem::take(&mut flow.alive);
            flow.then(self.list(&[Step::Task(Arc::new(check))], frame.clone(), alive).await);
        }
        let alive = std::mem::take(&mut flow.alive);
        flow.then(self.list(&used.role.tasks, frame.clone(), alive).await);
        flow
    }

    /// Marks a host as failed for the run; a rescue takes it back.
    pub(super) fn fail(&self, host: &Host) {
        self.run.lose(&host.name, Lost::Failed);
    }
}
