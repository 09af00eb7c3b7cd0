//! One batch of a play's hosts through its sections.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::event::Event;
use super::play::{Host, PlayRun, Strategy};
use super::steps::Flow;
use crate::diag::Diagnostics;
use crate::playbook::Step;

impl PlayRun {
    /// The answer is how many hosts are left.
    pub(super) async fn batch(self: &Arc<Self>, names: Vec<Arc<str>>) -> Result<usize, Diagnostics> {
        let run = &self.run;
        run.emit(Event::PlayStarted { name: self.vars.name.clone(), hosts: names.clone(), check: self.checks(&names) });
        let hosts: Vec<Host> = names.iter().map(|name| run.world.host(name)).collect();
        *self.vars.batch.write().unwrap_or_else(PoisonError::into_inner) = self.as_in_inventory(names);
        self.load_vars_files(&self.play, &hosts)?;
        if self.strategy == Strategy::Linear {
            let flow = self.sections(hosts).await?;
            return Ok(flow.alive.len() + flow.left);
        }
        let mut left = 0;
        let mut set = tokio::task::JoinSet::new();
        for host in hosts {
            let play = self.clone();
            let permit = if self.strategy == Strategy::HostPinned { self.gate.clone().acquire_owned().await.ok() } else { None };
            set.spawn(async move {
                let _permit = permit;
                play.sections(vec![host]).await
            });
        }
        while let Some(done) = set.join_next().await {
            let Ok(flow) = done else { continue };
            let flow = flow?;
            left += flow.alive.len() + flow.left;
        }
        Ok(left)
    }

    /// Whether the play as a whole only says what it would change.
    fn checks(&self, names: &[Arc<str>]) -> bool {
        let of_play = |name: &Arc<str>| self.frame.flag("check_mode", &self.scope(&self.run.world.host(name), &self.frame)).ok().flatten();
        names.first().and_then(of_play).unwrap_or(self.run.options.check)
    }

    /// Facts, then each section and the handlers that it notified.
    async fn sections(self: &Arc<Self>, hosts: Vec<Host>) -> Result<Flow, Diagnostics> {
        let play = self.play.clone();
        let mut flow = Flow::of(hosts);
        let (unknown, known) = self.gathers(&play, std::mem::take(&mut flow.alive))?;
        if !unknown.is_empty() {
            let task = Step::Task(Arc::new(super::gather::task(&play)));
            flow.then(self.list(&[task], self.frame.clone(), unknown).await);
        }
        let gathered = !flow.alive.is_empty();
        flow.alive.extend(known);
        flow.alive = self.in_order(flow.alive);
        if gathered {
            self.load_vars_files(&play, &flow.alive)?;
        }
        for section in [&[&play.pre_tasks][..], &[&play.roles, &play.tasks], &[&play.post_tasks]] {
            for steps in section {
                let alive = std::mem::take(&mut flow.alive);
                flow.then(self.list(steps, self.frame.clone(), alive).await);
            }
            if self.run.stopped() || self.is_over() || self.broken.load(Ordering::SeqCst) {
                break;
            }
            let mut ready = std::mem::take(&mut flow.alive);
            if self.force_handlers {
                ready.extend(flow.failed.iter().cloned());
            }
            let flushed = self.flush_handlers(self.in_order(ready)).await;
            let failed_before = std::mem::take(&mut flow.failed);
            flow.alive = flushed.alive.iter().filter(|h| !failed_before.iter().any(|f| f.name == h.name)).cloned().collect();
            flow.failed = failed_before;
            flow.failed.extend(flushed.failed);
        }
        Ok(flow)
    }
}
